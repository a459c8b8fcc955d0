package render

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"github.com/tetratelabs/wazero/experimental"
	"golang.org/x/sys/unix"
)

const (
	addressSpace = 2560 << 20 // a Go program with PDFium does not start under 1.5 GB of addresses
	cpuSeconds   = 1200       // of a whole life; a single request is ended by the server's deadline long before
)

// selfPath is this very program, also when the file it was started from has been replaced by an update.
func selfPath() (string, error) { return "/proc/self/exe", nil }

// childAttributes: a child ends with the server even when that is killed, and a ^C at the terminal is the server's to
// answer. The kernel means the thread that started the child; Go ends threads only for goroutines that end locked to
// them, and an idle child lost that way is replaced.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// resident is the resident memory of a process in bytes, 0 when unknown (proc(5), statm: second field, in pages).
func resident(pid int) int64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// limitProcess is called in a child before anything else: from here on the kernel ends what grows beyond measure.
func limitProcess() error {
	limits := map[int]uint64{unix.RLIMIT_CPU: cpuSeconds, unix.RLIMIT_CORE: 0, unix.RLIMIT_NOFILE: 64}
	if !raceEnabled { // the race detector alone reserves terabytes of addresses
		limits[unix.RLIMIT_AS] = addressSpace
	}
	return setLimits(limits)
}

// lockProcess is called in a child when it is ready: from here on it can open no file and no socket and write to no
// file. Its pipes stay.
func lockProcess() error {
	return setLimits(map[int]uint64{unix.RLIMIT_NOFILE: 0, unix.RLIMIT_FSIZE: 0})
}

func setLimits(limits map[int]uint64) error {
	for what, n := range limits {
		if err := unix.Setrlimit(what, &unix.Rlimit{Cur: n, Max: n}); err != nil {
			return fmt.Errorf("limit %d: %w", what, err)
		}
	}
	return nil
}

// withMemory has WebAssembly memories made by mmap: growing copies nothing (append would hold old and new at once), and
// the end of a document gives its pages back to the kernel at once, which is also how they are wiped.
func withMemory(ctx context.Context) context.Context {
	return experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(func(_, most uint64) experimental.LinearMemory {
		whole, err := unix.Mmap(-1, 0, int(most), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE) //nolint:gosec // at most wasmPages
		if err != nil {
			whole = nil
		}
		return &mapped{whole}
	}))
}

// take gives memory for a document outside the Go heap, so that release gives it back at once, wiped.
func take(n int64) (memory []byte, release func(), err error) {
	memory, err = unix.Mmap(-1, 0, int(n), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil, fmt.Errorf("memory for a document: %w", err)
	}
	return memory, func() { _ = unix.Munmap(memory) }, nil
}

type mapped struct{ whole []byte }

// Reallocate gives the first size bytes; they never move.
func (m *mapped) Reallocate(size uint64) []byte {
	if size > uint64(len(m.whole)) {
		return nil
	}
	return m.whole[:size:size]
}

// Free gives all of it back.
func (m *mapped) Free() {
	_ = unix.Munmap(m.whole)
	m.whole = nil
}
