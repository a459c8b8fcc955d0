package page

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/innsigli/innsigli"
)

func TestAReaderFindsWordsWithoutTheirAccents(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	link := start(t, f) + f.put(process("sp01", innsigli.Started))
	for _, width := range []int64{390, 1280} {
		b.window(width, 800, "light")
		b.do(chromedp.Navigate(link), chromedp.WaitReady(chromedp.CSS("#p1 svg text")))
		b.do(chromedp.Click(chromedp.CSS("[data-find]")))
		b.until(`document.activeElement === document.querySelector("#find input")`)
		b.do(chromedp.KeyEvent("NORDURLAND"), chromedp.KeyEvent(kb.Enter)) // ð is a letter of its own: not found
		b.until(`document.querySelector(".hits").textContent === "Not found"`)
		b.do(chromedp.SetValue(chromedp.CSS("#find input"), "EYJAFJÖRÐUR  AND"), chromedp.KeyEvent(kb.Enter))
		b.until(`document.querySelector(".hits").textContent === "1 of 2"`)
		b.until(`document.querySelectorAll("#p1 .hit.now").length === 2`) // it goes over the end of a line
		b.do(chromedp.KeyEvent(kb.Enter))
		b.until(`document.querySelector(".hits").textContent === "2 of 2" && document.querySelectorAll("#p2 .hit.now").length === 2`)
		b.until(`(() => { const r = document.querySelector(".hit.now").getBoundingClientRect(); return r.top > 0 && r.bottom < innerHeight; })()`)
		got := eval[float64](b, `(() => {
			const hit = document.querySelector("#p2 .hit.now").getBoundingClientRect(), p = document.querySelector("#p2 .paper").getBoundingClientRect();
			return (hit.x - p.x) * 595.28 / p.width;
		})()`)
		if want := contract(2)[3].X; off(got, want) > 2 { // where the second line begins
			t.Errorf("%d px: the place is marked at %.1f, want %.1f", width, got, want)
		}
		b.shot(fmt.Sprintf("find-%d", width))
		b.do(chromedp.KeyEvent(kb.Escape))
		b.until(`document.querySelectorAll(".hit").length === 0 && document.activeElement.dataset.find === ""`)
	}
}

func TestPagesAreAsSharpAsTheyAreLookedAt(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	link := start(t, f) + f.put(process("sp01", innsigli.Started))
	b.window(1280, 800, "light")
	b.do(chromedp.Navigate(link), chromedp.WaitVisible(chromedp.CSS("#p1 .paper.ready")))
	b.until(`new URL(document.querySelector("#p1 img").currentSrc).search === "?w=800"`)
	for range 4 {
		b.do(chromedp.Click(chromedp.CSS(`[data-zoom="1"]`)))
	}
	b.until(`document.querySelector(".much").textContent === "300 %" && new URL(document.querySelector("#p1 img").currentSrc).search === "?w=2400"`)
	b.until(`document.querySelector("#p1").clientWidth > 2000 && document.documentElement.scrollWidth <= innerWidth`)
	if got := eval[string](b, `document.querySelector('[data-zoom="1"]').getAttribute("aria-disabled")`); got != "true" {
		t.Error("there is more to enlarge")
	}
	b.shot("zoomed")
	// Another page and a phone's window.
	b.do(chromedp.Click(chromedp.CSS(`[data-thumbs]`)), chromedp.WaitVisible(chromedp.CSS("#thumbs li:nth-child(3)")))
	b.until(`[...document.querySelectorAll("#thumbs img")].every((i) => i.complete && i.currentSrc.endsWith("?w=240"))`)
	b.shot("thumbs")
	b.do(chromedp.Click(chromedp.CSS("#thumbs li:nth-child(3) a")))
	b.until(`document.querySelector(".tools .at").textContent === "Page 3 of 3" && !document.querySelector("#thumbs").open && document.activeElement.id === "p3"`)
}

// TestALongDocumentCostsLittle holds the page of a hundred pages to what a slow phone can take, and to asking for no
// page that nobody looks at.
func TestALongDocumentCostsLittle(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	f.long = 100
	link := start(t, f) + f.put(process("sp01", innsigli.Started))
	b.window(390, 844, "light")
	b.do(chromedp.Navigate(link), chromedp.WaitVisible(chromedp.CSS("#p1 .paper.ready")))
	b.until(`document.querySelectorAll(".sheet").length === 100 && document.querySelector("#p1 svg text") !== null`)
	type cost struct{ Images, Texts, Own, Wire int }
	got := eval[cost](b, `(() => {
		const all = performance.getEntriesByType("resource"), is = (s) => all.filter((r) => r.name.includes(s));
		const own = [performance.getEntriesByType("navigation")[0], ...is("/assets/")];
		return { Images: is(".png").length, Texts: is("/text/").length, Own: own.reduce((n, r) => n + r.decodedBodySize, 0), Wire: own.reduce((n, r) => n + r.encodedBodySize, 0) };
	})()`)
	if got.Images > 12 || got.Texts > 5 {
		t.Errorf("%d images and %d texts were asked for", got.Images, got.Texts)
	}
	if got.Own > 150_000 { // a hundred pages, each with its words for those who cannot see them
		t.Errorf("%d bytes of our own", got.Own)
	}
	if got.Wire > 40_000 {
		t.Errorf("%d bytes of our own on the wire", got.Wire)
	}
}
