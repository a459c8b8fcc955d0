package render

import (
	"fmt"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"

	"github.com/innsigli/innsigli/innsiglitest/handmade"
)

// contract is a document of dense text, as contracts are.
func contract(tb testing.TB, pages int) []byte {
	tb.Helper()
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetFont("Times", "", 11)
	for n := range pages {
		pdf.AddPage()
		for i := range 50 {
			pdf.Text(20, 20+5*float64(i), fmt.Sprintf("%d.%d The party of the first part shall notify the party of the second part without delay.", n+1, i+1))
		}
	}
	return finish(tb, pdf)
}

// BenchmarkFirstPage measures what a signee waits for: the first page of a document of 100, with the compilation cache
// filled. Cold starts the child; warm has one that held another document; open has one that holds this document.
func BenchmarkFirstPage(b *testing.B) {
	pdf := contract(b, 100)
	b.Run("cold", func(b *testing.B) {
		warm(b, renderer(b, "render-child"))
		for b.Loop() {
			r := renderer(b, "render-child")
			draw(b, r, source("a", pdf), 1)
			r.Close()
		}
	})
	b.Run("warm", func(b *testing.B) {
		r := renderer(b, "render-child", func(c *Config) { c.MaxChildren = 1; c.Recycle = 1 << 30 })
		warm(b, r)
		n := 0
		for b.Loop() {
			n++
			draw(b, r, source(fmt.Sprint(n), pdf), 1)
		}
		reportResident(b, r)
	})
	b.Run("open", func(b *testing.B) {
		r := renderer(b, "render-child", func(c *Config) { c.MaxChildren = 1 })
		src := source("a", pdf)
		draw(b, r, src, 100)
		for b.Loop() {
			r.mu.Lock()
			r.cache.drop(func(t ticket) bool { return t.page == 1 })
			r.mu.Unlock()
			draw(b, r, src, 1)
		}
	})
	b.Run("text", func(b *testing.B) {
		r := renderer(b, "render-child", func(c *Config) { c.MaxChildren = 1 })
		src := source("a", pdf)
		draw(b, r, src, 100)
		for b.Loop() {
			r.mu.Lock()
			r.cache.drop(func(t ticket) bool { return t.page == 1 })
			r.mu.Unlock()
			if _, err := r.Text(b.Context(), src, 1); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("kept", func(b *testing.B) {
		r := renderer(b, "render-child")
		src := source("a", pdf)
		draw(b, r, src, 1)
		for b.Loop() {
			draw(b, r, src, 1)
		}
	})
}

// BenchmarkLargeDocument opens 50 MB and draws a page of it.
func BenchmarkLargeDocument(b *testing.B) {
	pdf := handmade.Page("/MediaBox[0 0 595 842]", "", "0 0 100 100 re f", handmade.Stream("", strings.Repeat("x", 50<<20)))
	r := renderer(b, "render-child", func(c *Config) { c.MaxChildren = 1; c.Recycle = 1 << 30 })
	warm(b, r)
	n := 0
	for b.Loop() {
		n++
		draw(b, r, source(fmt.Sprint(n), pdf), 1)
	}
	reportResident(b, r)
}

// reportResident reports the memory of the one child.
func reportResident(b *testing.B, r *Renderer) {
	b.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.children {
		b.ReportMetric(float64(resident(c.cmd.Process.Pid)>>20), "MB-resident")
	}
}

func warm(b *testing.B, r *Renderer) {
	b.Helper()
	draw(b, r, source("warm", written(b, "one")), 1)
}

func draw(b *testing.B, r *Renderer, src Source, page int) {
	b.Helper()
	body, err := r.Image(b.Context(), src, page, 1200)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(body)), "B-png")
}
