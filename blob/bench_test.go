package blob_test

import (
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/innsigli/innsigli/blob"
)

const benchSize = 50 << 20

// zeros is a document that needs no memory of its own, so that only the sealing is measured.
type zeros struct{ left int }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), z.left)
	clear(p[:n])
	z.left -= n
	return n, nil
}

// peakHeap reports how far the heap grew while do ran, sampled every millisecond.
func peakHeap(b *testing.B, do func()) {
	b.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // so that garbage does not pass for memory in use
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, peak := m.HeapAlloc, m.HeapAlloc
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
		}
	}()
	do()
	close(stop)
	<-stopped
	b.ReportMetric(float64(peak-before)/(1<<20), "peak-MB")
}

func benchFolder(b *testing.B) *blob.FolderStore {
	b.Helper()
	f, err := blob.Folder(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = f.Close() })
	return f
}

func BenchmarkSeal50MB(b *testing.B) {
	s, key := benchFolder(b), blob.NewKey()
	b.SetBytes(benchSize)
	peakHeap(b, func() {
		for b.Loop() {
			done, err := blob.Seal(b.Context(), s, key, &zeros{left: benchSize})
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Delete(b.Context(), done.ID); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSeal100kB(b *testing.B) {
	s, key := benchFolder(b), blob.NewKey()
	b.SetBytes(100_000)
	for b.Loop() {
		if _, err := blob.Seal(b.Context(), s, key, &zeros{left: 100_000}); err != nil {
			b.Fatal(err)
		}
	}
}

func benchDoc(b *testing.B, run func(d *blob.Doc)) {
	b.Helper()
	s, key := benchFolder(b), blob.NewKey()
	done, err := blob.Seal(b.Context(), s, key, &zeros{left: benchSize})
	if err != nil {
		b.Fatal(err)
	}
	d, err := blob.OpenSealed(b.Context(), s, done.ID, key)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close() })
	peakHeap(b, func() { run(d) })
}

func BenchmarkReadWhole50MB(b *testing.B) {
	benchDoc(b, func(d *blob.Doc) {
		b.SetBytes(benchSize)
		for b.Loop() {
			if _, err := io.Copy(io.Discard, io.NewSectionReader(d, 0, d.Size())); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkReadHere is a parser at work: short reads that stay near each other.
func BenchmarkReadHere(b *testing.B) {
	benchDoc(b, func(d *blob.Doc) {
		random, buf := rand.New(rand.NewPCG(1, 2)), make([]byte, 512)
		for b.Loop() {
			if _, err := d.ReadAt(buf, 10<<20+random.Int64N(256<<10)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkReadAnywhere is the worst case: nearly every short read decrypts a chunk.
func BenchmarkReadAnywhere(b *testing.B) {
	benchDoc(b, func(d *blob.Doc) {
		random, buf := rand.New(rand.NewPCG(1, 2)), make([]byte, 512)
		for b.Loop() {
			if _, err := d.ReadAt(buf, random.Int64N(benchSize-512)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
