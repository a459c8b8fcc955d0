package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/innsigli/innsigli/blob"
	"github.com/innsigli/innsigli/innsiglitest"
)

// These benchmarks run the program as it is shipped, as a process of its own, and ask it over HTTP. What they print is
// compared with a floor that is measured in turn with it: the least that the same disk and the same processor can take
// for the same work. The ratio "x-floor" says something on a busy machine too; docs/benchmarks.md tells what each floor is.

// timed is how long do takes.
func timed(do func()) time.Duration {
	begun := time.Now()
	do()
	return time.Since(begun)
}

// many calls do for 0 to n-1 from so many callers at once, and says how long it took.
func many(callers, n int, do func(i int)) time.Duration {
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	return timed(func() {
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for i := range next {
					do(i)
				}
			})
		}
		wg.Wait()
	})
}

// race is what was measured in turn: the server's work and its floor.
type race struct {
	n           int // pieces of work
	work, floor time.Duration
}

// report prints pieces a second and how many times longer than its floor the work took; ns/op, which would be of both
// together, is left out.
func (r race) report(b *testing.B, unit string) {
	b.Helper()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(r.n)/r.work.Seconds(), unit)
	b.ReportMetric(float64(r.n)/r.floor.Seconds(), "floor-"+unit)
	b.ReportMetric(r.work.Seconds()/r.floor.Seconds(), "x-floor")
}

// megabytes prints bytes.
func megabytes(b *testing.B, n int64, unit string) {
	b.Helper()
	b.ReportMetric(float64(n)/(1<<20), unit)
}

// BenchmarkStart is the time from exec to the first 200 of /readyz, of which the middle one and the worst are printed,
// and the memory two seconds later. Floor: the same program run to its end as `innsigli version`. Aims: under 500 ms
// and 60 MB.
func BenchmarkStart(b *testing.B) {
	b.Run("fresh", func(b *testing.B) { benchStart(b, true) })
	b.Run("existing", func(b *testing.B) { benchStart(b, false) })
}

func benchStart(b *testing.B, fresh bool) {
	b.Helper()
	r := prepareRig(b, "sqlite")
	b.Cleanup(func() { r.stop() })
	if !fresh {
		r.start()
	}
	var took, floor []time.Duration
	for b.Loop() {
		b.StopTimer()
		r.stop()
		if fresh {
			r.data = newData(b)
		}
		floor = append(floor, timed(func() {
			if err := r.command("version").Run(); err != nil {
				b.Fatal(err)
			}
		}))
		b.StartTimer()
		took = append(took, timed(r.start))
	}
	time.Sleep(2 * time.Second) // what is measured is what it has when nothing happens
	m := r.memory()
	slices.Sort(took)
	slices.Sort(floor)
	ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ms(took[len(took)/2]), "ms")
	b.ReportMetric(ms(took[len(took)-1]), "worst-ms")
	b.ReportMetric(ms(floor[len(floor)/2]), "floor-ms")
	b.ReportMetric(ms(took[len(took)/2])/ms(floor[len(floor)/2]), "x-floor")
	megabytes(b, m.resident, "idle-MB")
	megabytes(b, m.peak, "peak-MB")
	megabytes(b, m.anonymous, "idle-anon-MB")
}

// BenchmarkCreate100kB and BenchmarkCreate50MB upload a document. Floor: the same base64 decoded, hashed with SHA-256,
// written to the same disk and synced. growth-MB is the peak of the server's memory over what it had before, the worst
// of all rounds, the first of a fresh server included. Aim: 32 for one upload of 50 MB.
func BenchmarkCreate100kB(b *testing.B) { benchCreate(b, 100_000, 1, 32) }

func BenchmarkCreate50MB(b *testing.B) {
	for _, n := range []int{1, 4} {
		b.Run(fmt.Sprintf("uploads=%d", n), func(b *testing.B) { benchCreate(b, big, n, n) })
	}
}

func benchCreate(b *testing.B, size, callers, round int) {
	b.Helper()
	r := newRig(b, "sqlite")
	pdf := innsiglitest.BigPDF(b, size)
	body, text, dir := r.request(pdf), base64.StdEncoding.EncodeToString(pdf), b.TempDir()
	var sum race
	var grown int64
	for b.Loop() {
		b.StopTimer()
		sum.floor += many(callers, round, func(i int) { takeAndKeep(b, text, filepath.Join(dir, fmt.Sprint(i))) })
		b.StartTimer()
		grown = max(grown, r.growth(func() {
			sum.work += many(callers, round, func(int) { r.upload(body) })
		}))
		sum.n += round
	}
	sum.report(b, "creates/s")
	b.ReportMetric(float64(sum.n*len(pdf))/1e6/sum.work.Seconds(), "MB/s")
	megabytes(b, grown, "growth-MB")
}

// takeAndKeep is the floor of an upload.
func takeAndKeep(tb testing.TB, text, file string) {
	tb.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		tb.Error(err)
		return
	}
	_ = sha256.Sum256(raw)
	keep(tb, raw, file)
}

// keep writes a file so that it outlives a loss of power.
func keep(tb testing.TB, raw []byte, file string) {
	tb.Helper()
	f, err := os.Create(file)
	if err != nil {
		tb.Error(err)
		return
	}
	_, err = f.Write(raw)
	if err == nil {
		err = f.Sync()
	}
	if err2 := f.Close(); err != nil || err2 != nil {
		tb.Error(err, err2)
	}
}

// BenchmarkDownload50MB reads a document of 50 MB. Floor: the same bytes decrypted from the same kind of file, in
// process, into nothing.
func BenchmarkDownload50MB(b *testing.B) {
	r := newRig(b, "sqlite")
	pdf := innsiglitest.BigPDF(b, big)
	p := r.upload(r.request(pdf))
	if b.Failed() {
		return
	}
	plain := sealedAway(b, pdf)
	var sum race
	var grown int64
	for b.Loop() {
		sum.floor += timed(func() {
			if n, err := io.Copy(io.Discard, io.NewSectionReader(plain, 0, plain.Size())); err != nil || n != int64(len(pdf)) {
				b.Fatal(n, err)
			}
		})
		grown = max(grown, r.growth(func() { sum.work += timed(func() { r.download(p) }) }))
		sum.n++
	}
	mb := float64(len(pdf)) / 1e6
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(mb*float64(sum.n)/sum.work.Seconds(), "MB/s")
	b.ReportMetric(mb*float64(sum.n)/sum.floor.Seconds(), "floor-MB/s")
	b.ReportMetric(sum.work.Seconds()/sum.floor.Seconds(), "x-floor")
	megabytes(b, grown, "growth-MB")
}

// sealedAway is a document as the server keeps it.
func sealedAway(b *testing.B, pdf []byte) *blob.Doc {
	b.Helper()
	store, err := blob.Folder(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	key := blob.NewKey()
	w, err := blob.NewSealer(b.Context(), store, key)
	if err != nil {
		b.Fatal(err)
	}
	defer w.Abort()
	if _, err := w.Write(pdf); err != nil {
		b.Fatal(err)
	}
	done, err := w.Commit(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	d, err := blob.OpenSealed(b.Context(), store, done.ID, key)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close() })
	return d
}
