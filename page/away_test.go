package page

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/innsigli/innsigli"
)

// TestWhatWasDrawnOutlivesTheServer: a form that is sent while the server is away stays as it is, and is sent when it is back.
func TestWhatWasDrawnOutlivesTheServer(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	inner := served(t, f, nil)
	var away atomic.Int32 // 0: there; 1: gone; else what a proxy answers in its place
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch status := away.Load(); status {
		case 0:
			inner.ServeHTTP(w, r)
		case 1:
			panic(http.ErrAbortHandler)
		default:
			w.WriteHeader(int(status))
		}
	}))
	t.Cleanup(server.Close)
	link := server.URL + f.put(process("sp01", innsigli.Started))
	b.window(390, 844, "light")
	b.do(chromedp.Navigate(link+"/signature"), chromedp.Click(chromedp.CSS("#kind-draw")), chromedp.WaitVisible(chromedp.CSS("#pad")))
	b.until(`(document.getElementById("pad").dispatchEvent(new PointerEvent("pointerdown", { clientX: 150, clientY: 320, button: 0, pointerId: 1, isPrimary: true })), ` +
		`document.querySelector("form.drawn") !== null)`)
	for _, status := range []int32{1, http.StatusBadGateway} {
		away.Store(status)
		b.do(chromedp.Click(chromedp.CSS(".mark .btn")))
		b.until(`document.querySelector(".btn")?.previousElementSibling.textContent.startsWith("The server cannot be reached right now. Nothing was sent")`)
		b.until(`document.querySelector(".mark .btn[aria-disabled]") === null && document.querySelector("form.drawn") !== null`)
	}
	b.shot("away")
	away.Store(0)
	b.do(chromedp.Click(chromedp.CSS(".mark .btn")))
	b.until(`location.pathname.endsWith("/code")`)
	if kind, img := f.marked(); kind != "drawn" || len(img) == 0 {
		t.Errorf("kept %q, %d bytes", kind, len(img))
	}
	b.mu.Lock() // the browser says that it could not load something
	b.messages = nil
	b.mu.Unlock()
}

// TestTheSealedDocumentIsOfferedAsSoonAsItIsThere: in the page that waits for it, which is not loaded again; and after a reload.
func TestTheSealedDocumentIsOfferedAsSoonAsItIsThere(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	v := process("sp01", innsigli.Sealing)
	link := start(t, f) + f.put(v)
	b.window(390, 844, "light")
	b.do(chromedp.Navigate(link + "/done?signed"))
	b.until(`document.querySelector(".progress") !== null && (window.same = true)`)
	b.do(chromedp.Focus(chromedp.CSS(".more .btn")))
	f.change("sp01", func(v *innsigli.View) {
		v.Process.State, v.Process.EndedAt = innsigli.Completed, noon
		v.Process.Sealed = innsigli.Document{Pages: 3, SHA256: "5ea1"}
	})
	const offered = `document.querySelector(".more .btn[download]")?.textContent === "Download the signed document" && document.title === "Everyone has signed"`
	b.until(offered + ` && window.same === true && document.querySelector(".progress") === null`)
	b.until(`document.activeElement.localName === "h1" && [...document.querySelectorAll("[role=status]")].some((e) => e.textContent === "Everyone has signed")`)
	b.shot("offered")
	b.do(chromedp.Reload())
	b.until(offered + ` && window.same === undefined`)

	// What was renewed can still be taken away.
	link = strings.TrimSuffix(link, string(v.Process.Key)+"/si01") + "sp02/si01"
	waiting := process("sp02", innsigli.Started)
	waiting.Process.Signees[1].SignedAt, waiting.You.SignedAt = noon, noon
	f.put(waiting)
	b.do(chromedp.Navigate(link + "/done"))
	b.until(`document.querySelectorAll(".tag.ok").length === 3 && (window.same = document.querySelector("main")) !== null`)
	f.change("sp02", func(v *innsigli.View) { v.Process.State = innsigli.Sealing; v.Process.Signees[2].SignedAt = noon })
	b.until(`document.querySelectorAll(".tag.ok").length === 4 && window.same === document.querySelector("main")`)
	f.change("sp02", func(v *innsigli.View) { v.Process.State, v.Process.EndedAt = innsigli.Canceled, noon })
	b.until(`document.querySelector(".tag.stop") !== null`)
}
