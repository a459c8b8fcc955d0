package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"golang.org/x/image/font/gofont/goregular"
)

// The network that DevTools calls Fast 3G: the throughputs in bytes a second, latency in ms.
const (
	slowDown    = 1.6e6 / 8 * .9
	slowUp      = .75e6 / 8 * .9
	slowLatency = 150 * 3.75
	slowCPU     = 4
)

// notePaint notes when the image that matters has been drawn: the first page of the document, or the floor.
const notePaint = `document.addEventListener("load", (e) => {
	if (!e.target.matches?.("#p1 img, #floor")) return;
	requestAnimationFrame(() => setTimeout(() => { window.painted ??= performance.now(); }));
}, true)`

// onSlowPhone is a phone's window on a processor four times slower, behind Fast 3G.
func onSlowPhone(b *testing.B) *chromium {
	b.Helper()
	c := newChromium(b)
	c.window(390, 844)
	for _, err := range []error{
		callErr(chromedp.Call(c.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: notePaint})),
		callErr(chromedp.Call(c.ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: slowCPU})),
		callErr(chromedp.Call(c.ctx, network.Enable, network.EnableParams{})),
		callErr(chromedp.Call(c.ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})),
		callErr(chromedp.Call(c.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{Latency: slowLatency, DownloadThroughput: slowDown, UploadThroughput: slowUp}},
		})),
	} {
		if err != nil {
			b.Fatal(err)
		}
	}
	return c
}

func callErr[T any](_ T, err error) error { return err }

// visited is what a visit cost until the image that matters was there.
type visited struct {
	Ms       float64 // from the beginning of the navigation to the frame after the image came
	Requests int
	Wire     int // bytes of HTML, CSS, JavaScript and SVG as they came
	Own      int // and when they were unpacked
	Image    int
	Pages    int // images of pages that were asked for
	URL      string
}

func (b *chromium) visit(url string) visited {
	b.t.Helper()
	b.do(chromedp.Navigate("about:blank"))
	b.do(chromedp.Navigate(url))
	b.until(`window.painted > 0`)
	return eval[visited](b, `(() => {
		const all = performance.getEntriesByType("resource"), img = document.querySelector("#p1 img, #floor");
		const image = all.find((e) => e.name === img.currentSrc);
		const own = [performance.getEntriesByType("navigation")[0], ...all.filter((e) => /\.(css|js|svg)$/.test(e.name))];
		const sum = (key) => own.reduce((n, e) => n + e[key], 0);
		return {
			Ms: painted, Requests: 1 + all.filter((e) => e.startTime < painted).length, Wire: sum("encodedBodySize"), Own: sum("decodedBodySize"),
			Image: image.decodedBodySize, Pages: all.filter((e) => e.name.includes("/page/")).length, URL: img.currentSrc,
		};
	})()`)
}

// BenchmarkFirstPage is the time until the first page of a document of 100 pages can be read on a slow phone: a new process each
// time, so no page has been drawn yet, and nothing is in the browser's cache. Floor: a bare page that shows the same image, on the same
// phone, from a server that does nothing else. What our own HTML, CSS and JavaScript weigh has an aim of 100 kB.
func BenchmarkFirstPage(b *testing.B) {
	r, c := newRig(b, "sqlite"), onSlowPhone(b)
	pdf := hundredPages(b)
	var image []byte
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if req.URL.Path == "/" {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, `<!doctype html><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><img id="floor" src="/page.png" width="390" alt="">`)
			return
		}
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(image)
	}))
	b.Cleanup(bare.Close)
	var work, floor []float64
	var last visited
	for b.Loop() {
		last = c.visit(r.linkTo(r.create(pdf, in("En", byMail("Björn Þór Ómarsson", "bjorn@nordurljos.example"))), 0))
		work = append(work, last.Ms)
		if image == nil {
			image = c.fetch(last.URL)
		}
		floor = append(floor, c.visit(bare.URL).Ms)
	}
	slices.Sort(work)
	slices.Sort(floor)
	middle := func(all []float64) float64 { return all[len(all)/2] }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(middle(work), "ms")
	b.ReportMetric(middle(floor), "floor-ms")
	b.ReportMetric(middle(work)/middle(floor), "x-floor")
	b.ReportMetric(float64(last.Requests), "requests")
	b.ReportMetric(float64(last.Pages), "page-images")
	b.ReportMetric(float64(last.Own)/1000, "own-kB")
	b.ReportMetric(float64(last.Wire)/1000, "own-wire-kB")
	b.ReportMetric(float64(last.Image)/1000, "image-kB")
}

// fetch gets a file of the page that stands.
func (b *chromium) fetch(url string) []byte {
	b.t.Helper()
	text := eval[string](b, fmt.Sprintf(`fetch(%q).then((a) => a.blob()).then((blob) => new Promise((r) => {
		const f = new FileReader();
		f.onload = () => r(f.result.split(",")[1]);
		f.readAsDataURL(blob);
	}))`, url))
	body, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		b.t.Fatal(err)
	}
	return body
}

// hundredPages is a document of 100 full pages.
func hundredPages(tb testing.TB) []byte {
	tb.Helper()
	p := fpdf.New("P", "mm", "A4", "")
	p.AddUTF8FontFromBytes("go", "", goregular.TTF)
	p.SetMargins(25, 25, 25)
	p.SetFont("go", "", 10.5)
	for n := range 100 {
		p.AddPage()
		for k := range 9 {
			p.MultiCell(0, 5.6, fmt.Sprintf("%d.%d %s", n+1, k+1, strings.Repeat("Verkkaupi greiðir fast gjald fyrir hverja skoðun samkvæmt töflunni. ", 5)), "", "J", false)
			p.Ln(3)
		}
	}
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}
