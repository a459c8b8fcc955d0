package render

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"go.uber.org/goleak"
)

var (
	cacheDir string    // shared by all tests, so that PDFium is compiled once
	primed   sync.Once // by the first test that draws
)

// TestMain is the test binary's main, and that of its children: the first argument says what kind.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 {
		switch os.Args[1] {
		case "render-child":
			os.Exit(ChildMain(os.Args[2], os.Stdin, os.Stdout))
		case "hanging-child", "hostile-child", "curious-child", "growing-child", "broken-child":
			os.Exit(fakeChild(os.Args[1], os.Stdin, os.Stdout))
		}
	}
	dir, err := os.MkdirTemp("", "render-cache-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	cacheDir = dir
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// fakeChild takes documents like a child and then misbehaves in the way its kind says.
func fakeChild(kind string, in io.Reader, out io.Writer) int {
	if kind == "broken-child" {
		return 3
	}
	if writeFrame(out, opHello, greeting{wireVersion}, 0) != nil {
		return 1
	}
	for {
		f, err := readFrame(in)
		if err != nil {
			return 0
		}
		if _, err := io.CopyN(io.Discard, in, f.size); err != nil {
			return 0
		}
		if f.op == opOpen {
			_ = writeFrame(out, opResult, struct{}{}, 0)
			continue
		}
		switch kind {
		case "hanging-child":
			select {}
		case "hostile-child": // promises a body of 2^63 bytes
			_, _ = out.Write([]byte{opResult, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF})
			select {}
		case "growing-child":
			var kept [][]byte
			for {
				kept = append(kept, bytes.Repeat([]byte{1}, 16<<20))
				_, _ = io.Discard.Write(kept[0]) // so that the collector must keep it
				time.Sleep(5 * time.Millisecond)
			}
		case "curious-child": // as many pages as there are variables in its environment, and one
			body := []byte(`[{"W":1,"H":1}`)
			for range os.Environ() {
				body = append(body, `,{"W":1,"H":1}`...)
			}
			body = append(body, ']')
			_ = writeFrame(out, opResult, struct{}{}, int64(len(body)))
			_, _ = out.Write(body)
		}
	}
}

// renderer makes a Renderer whose children are of a kind, and closes it with the test.
func renderer(tb testing.TB, kind string, adapt ...func(*Config)) *Renderer {
	tb.Helper()
	cfg := Config{Command: []string{os.Args[0], kind}, CacheDir: cacheDir, Deadline: 10 * time.Second, Log: slog.New(slog.NewTextHandler(tb.Output(), nil))}
	if raceEnabled {
		cfg.Deadline, cfg.MaxResident = 30*time.Second, 1<<30 // shadow memory counts too
	}
	for _, a := range adapt {
		a(&cfg)
	}
	r, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(r.Close)
	if kind == "render-child" {
		primed.Do(func() {
			if err := r.Prime(tb.Context()); err != nil {
				tb.Fatal(err)
			}
		})
	}
	return r
}

// source serves bytes as a document of a group.
func source(group string, pdf []byte) Source {
	return Source{
		Key: fmt.Sprintf("%s-%d", group, len(pdf)), Group: group, Size: int64(len(pdf)),
		Open: func(context.Context) (io.ReaderAt, io.Closer, error) { return bytes.NewReader(pdf), nil, nil },
	}
}

// written is a PDF of A4 pages, each with one line at 50 mm, 60 mm.
func written(tb testing.TB, lines ...string) []byte {
	tb.Helper()
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetFont("Helvetica", "", 20)
	for _, line := range lines {
		pdf.AddPage()
		pdf.Text(50, 60, line)
	}
	return finish(tb, pdf)
}

func finish(tb testing.TB, pdf *fpdf.Fpdf) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}
