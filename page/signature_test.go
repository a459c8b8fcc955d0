package page

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/innsigli/innsigli"
)

func TestTheSignatureIsKeptBeforeACodeIsSent(t *testing.T) {
	drawing := "data:image/png;base64," + base64.StdEncoding.EncodeToString(drawn(t, 1, 240))
	for name, tt := range map[string]struct {
		form   url.Values
		status int
		want   string // what is kept, or said
	}{
		"typed":               {url.Values{"kind": {"type"}, "typed": {" Björn E. "}}, 303, "typed  Björn E. "},
		"drawn":               {url.Values{"kind": {"draw"}, "image": {drawing}}, 303, "drawn"},
		"name only":           {url.Values{"kind": {"plain"}}, 303, "plain"},
		"nothing said":        {url.Values{}, 303, "plain"},
		"nothing drawn":       {url.Values{"kind": {"draw"}}, 400, "draw your signature first"},
		"no picture":          {url.Values{"kind": {"draw"}, "image": {"data:image/png;base64,AAAA"}}, 400, "could not be taken"},
		"no base64":           {url.Values{"kind": {"draw"}, "image": {"<svg onload=alert(1)>"}}, 400, "could not be taken"},
		"letters of no font":  {url.Values{"kind": {"type"}, "typed": {"山田"}}, 400, "cannot write these letters"},
		"markup comes back":   {url.Values{"kind": {"type"}, "typed": {`"><script>alert(1)</script>山`}}, 400, "cannot write these letters"},
		"more than a drawing": {url.Values{"kind": {"draw"}, "image": {strings.Repeat("A", maxSignatureForm)}}, 413, "<h1>"},
	} {
		f := newFake(t)
		h := served(t, f, nil)
		w := ask(t, h, http.MethodPost, f.put(process("sp01", innsigli.Started))+"/signature?lng=en", tt.form.Encode())
		got, _ := f.marked()
		_, asked := f.counts()
		if w.Code != tt.status || (tt.status == 303) != (asked == 1) || tt.status == 303 && got != tt.want ||
			tt.status != 303 && !strings.Contains(w.Body.String(), tt.want) || strings.Contains(w.Body.String(), "<script>alert") {
			t.Errorf("%s: status %d, kept %q, %d codes sent", name, w.Code, got, asked)
		}
		if to := w.Header().Get("Location"); tt.status == 303 && (!strings.Contains(to, "/code?") || !strings.Contains(to, "lng=en")) {
			t.Errorf("%s: leads to %q", name, to)
		}
	}
}

func TestOnlyWhoMaySignIsAskedForASignature(t *testing.T) {
	f := newFake(t)
	h := served(t, f, nil)
	second := process("sp02", innsigli.Started)
	second.Process.InOrder, second.Process.Signees[0].SignedAt = true, time.Time{}
	for _, v := range []innsigli.View{process("sp01", innsigli.Canceled), second, process("sp03", innsigli.Completed)} {
		link := f.put(v)
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if w := ask(t, h, method, link+"/signature", ""); w.Code != http.StatusSeeOther || w.Header().Get("Location") != link {
				t.Errorf("%s %s: status %d", method, v.Process.State, w.Code)
			}
		}
	}
	if got, _ := f.marked(); got != "" {
		t.Errorf("kept %q", got)
	}
}

func TestASignatureIsDrawnWithThePointer(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	link := start(t, f) + f.put(process("sp01", innsigli.Started))
	for _, width := range []int64{320, 1280} {
		b.window(width, 844, "light")
		b.do(chromedp.Navigate(link+"/signature"), chromedp.Click(chromedp.CSS("#kind-draw")), chromedp.WaitVisible(chromedp.CSS("#pad")))
		b.do(chromedp.Click(chromedp.CSS(".mark .btn")))
		b.until(`document.getElementById("say").textContent === "Please draw your signature first, or choose another way."`)
		type box struct{ X, Y, W, H float64 }
		p := eval[box](b, `(() => { const r = document.getElementById("pad").getBoundingClientRect(); return { X: r.x, Y: r.y, W: r.width, H: r.height }; })()`)
		at := func(typ input.DispatchMouseEventType, x, y float64) {
			t.Helper()
			b.do(chromedp.MouseEvent(typ, p.X+x*p.W, p.Y+y*p.H, chromedp.ButtonLeft, held))
		}
		at(chromedp.MousePressed, .2, .6)
		for i := range 20 {
			at(chromedp.MouseMoved, .2+.03*float64(i), .6-.3*float64(i%2))
		}
		at(chromedp.MouseReleased, .8, .6)
		b.until(`document.getElementById("say").hidden`)
		b.shot("drawn")
		b.do(chromedp.Click(chromedp.CSS(".mark .btn")))
		b.until(`location.pathname.endsWith("/code")`)
		kind, img := f.marked()
		got, err := png.Decode(bytes.NewReader(img))
		if err != nil || kind != "drawn" {
			t.Fatalf("%s: %v", kind, err)
		}
		dark, top, foot := 0, got.Bounds().Dy(), 0
		for y := range got.Bounds().Dy() {
			for x := range got.Bounds().Dx() {
				if _, _, _, a := got.At(x, y).RGBA(); a > 0x8000 {
					dark++
					top, foot = min(top, y), max(foot, y)
				}
			}
		}
		if all := got.Bounds().Dx() * got.Bounds().Dy(); got.Bounds().Dx() != 1200 || dark < all/100 || dark > all/5 {
			t.Errorf("%d px: %v with %d dark pixels", width, got.Bounds(), dark)
		}
		if h := got.Bounds().Dy(); top < h/4 || top > h/2 || foot > h*2/3 || foot < h/2 {
			t.Errorf("%d px: drawn between %d and %d of %d", width, top, foot, h)
		}
	}
}

// held says that the button is down while the pointer moves.
func held(p *input.DispatchMouseEventParams) { p.Buttons = 1 }
