package paper

import "testing"

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if !New().faces.bold.has('Þ') {
			b.Fatal("no letters")
		}
	}
}

func BenchmarkMark(b *testing.B) {
	p, m := New(), marks()["reason"]
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		pdf, _, _, err := p.Mark(m)
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
		pdf, err := p.Evidence(e)
		if err != nil {
			b.Fatal(err)
		}
		size = len(pdf)
	}
	b.ReportMetric(float64(size), "bytes")
}
