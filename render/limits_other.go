//go:build !linux

package render

import (
	"context"
	"os"
	"syscall"
)

// Elsewhere than on Linux a child is limited by the deadline and by the size of its WebAssembly memory only.

func selfPath() (string, error) { return os.Executable() }

func childAttributes() *syscall.SysProcAttr { return nil }

func resident(int) int64 { return 0 }

func limitProcess() error { return nil }

func lockProcess() error { return nil }

func take(n int64) (memory []byte, release func(), err error) {
	memory = make([]byte, n)
	return memory, func() { clear(memory) }, nil
}

func withMemory(ctx context.Context) context.Context { return ctx }
