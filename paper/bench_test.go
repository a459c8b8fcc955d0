package paper

import (
	"testing"

	"github.com/innsigli/innsigli"
)

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if !New().faces.bold.has('Þ') {
			b.Fatal("no letters")
		}
	}
}

// BenchmarkSealOfTwo and OfEighty draw what one seal needs. When each mark was a PDF of its own (17 ms, 11 MB of memory and
// 24 kB each beside an evidence of 22 ms, 17 MB and 53 kB), two took 56 ms, 39 MB and 101 kB, eighty 1.4 s, 880 MB and
// 2 MB. In one file they take 20 MB and 54 kB, and 114 MB and 96 kB.
func BenchmarkSealOfTwo(b *testing.B) { benchSeal(b, 2, innsigli.MarkFull) }

func BenchmarkSealOfEighty(b *testing.B) { benchSeal(b, 80, innsigli.MarkLine) }

func benchSeal(b *testing.B, n int, style innsigli.MarkStyle) {
	b.Helper()
	p, list := New(), make([]innsigli.Mark, n)
	for i := range list {
		list[i] = marks()["reason"]
		list[i].Style = style
	}
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		pdf, err := p.Draw(list, three())
		if err != nil {
			b.Fatal(err)
		}
		size = len(pdf)
	}
	b.ReportMetric(float64(size), "bytes")
}

func BenchmarkEvidenceOfThree(b *testing.B) { benchEvidence(b, false) }

func BenchmarkEvidenceOfHundred(b *testing.B) { benchEvidence(b, true) }

func benchEvidence(b *testing.B, large bool) {
	b.Helper()
	p, e := New(), three()
	if large {
		e = stress()
	}
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		pdf, err := p.Draw(nil, e)
		if err != nil {
			b.Fatal(err)
		}
		size = len(pdf)
	}
	b.ReportMetric(float64(size), "bytes")
}
