package page

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
)

// host is a site that shows signing pages in a frame, on another origin and another site than ours.
func host(t *testing.T, sign, link, attributes string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Portal</title><link rel="icon" href="data:,"><body style="margin:0">
<script type="module" src="%s/embed.js"></script>
<script>
window.heard = [];
window.raw = [];
addEventListener("message", (e) => raw.push(e.origin + " " + e.data?.type));
for (const t of ["document_signed", "signing_completed", "already_signed", "process_not_found", "process_expired", "process_canceled", "error"])
  document.addEventListener(t, (e) => heard.push(e.detail));
</script>
<innsigli-signing src="%s%s" height="800" %s></innsigli-signing>`, sign, sign, link, attributes)
	}))
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
}

// inFrame is the same browser looking into the frame of the page.
func (b *browser) inFrame() *browser {
	b.t.Helper()
	b.until(`document.querySelector("iframe") !== null`)
	for range 200 {
		all, err := chromedp.Targets(b.ctx)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, i := range all {
			if i.Type == "iframe" {
				ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(i.TargetID))
				b.t.Cleanup(cancel)
				// As for the first tab: it ends with the context of its first run.
				if err := chromedp.Do(ctx); err != nil {
					b.t.Fatal(err)
				}
				return &browser{t: b.t, ctx: ctx, shots: b.shots}
			}
		}
		b.do(chromedp.Sleep(30_000_000))
	}
	b.t.Fatal("there is no frame")
	return nil
}

type heard struct {
	Type           string
	ProcessKey     string
	SigneeKey      string
	SignedDocument *struct{ Content, Digest, FileName string }
}

func (b *browser) heard(n int) []heard {
	b.t.Helper()
	b.until(fmt.Sprintf(`heard.length >= %d`, n))
	var out []heard
	if err := json.Unmarshal([]byte(eval[string](b, `JSON.stringify(heard)`)), &out); err != nil {
		b.t.Fatal(err)
	}
	return out
}

func TestTheSignedDocumentGoesAlongWhenItIsThere(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	sign := start(t, f)
	portal := host(t, sign, "/s/sp01/si01/done?signed", "")
	v := process("sp01", innsigli.Sealing)
	v.Company.Origins = innsigli.Origins(portal)
	f.put(v)
	b.do(chromedp.Navigate(portal))
	b.inFrame().until(`document.querySelector(".progress") !== null`)
	f.change("sp01", func(v *innsigli.View) {
		v.Process.State, v.Process.EndedAt = innsigli.Completed, noon
		v.Process.Sealed = innsigli.Document{Pages: 3, SHA256: "5ea1"}
	})
	got := b.heard(2)
	if d := got[0].SignedDocument; d == nil || d.Content != base64.StdEncoding.EncodeToString([]byte("%PDF")) || d.Digest != "5ea1" || d.FileName != "Service agreement.pdf" {
		t.Errorf("%+v", got[0])
	}
	if got[1].Type != "signing_completed" || got[1].SignedDocument != nil {
		t.Errorf("%+v", got[1])
	}
}

func TestEveryEndIsToldToTheSiteAroundIt(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	sign := start(t, f)
	signed := process("sp02", innsigli.Started)
	signed.Process.Signees[1].SignedAt, signed.You.SignedAt = noon, noon
	for name, tt := range map[string]struct {
		view innsigli.View
		want string
	}{
		"canceled": {process("sp03", innsigli.Canceled), "process_canceled"},
		"declined": {process("sp04", innsigli.Declined), "process_canceled"},
		"expired":  {process("sp05", innsigli.Expired), "process_expired"},
		"signed":   {signed, "already_signed"},
		"all done": {process("sp06", innsigli.Completed), "already_signed"},
	} {
		portal := host(t, sign, linkOf(tt.view.Process.Key, "si01"), "")
		tt.view.Company.Origins = innsigli.Origins(portal)
		f.put(tt.view)
		b.do(chromedp.Navigate(portal))
		if got := b.heard(1); len(got) != 1 || got[0] != (heard{Type: tt.want, ProcessKey: string(tt.view.Process.Key), SigneeKey: "si01"}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// A link that is no company's: it is told to a site that some company has registered.
	for link, want := range map[string]heard{
		"/s/spff/siff":    {Type: "process_not_found", ProcessKey: "spff", SigneeKey: "siff"},
		"/s/pgff/gsff":    {Type: "process_not_found", ProcessKey: "pgff", SigneeKey: "gsff"},
		"/s/spff/cut-off": {Type: "process_not_found"},
	} {
		portal := host(t, sign, link, "")
		f.mu.Lock()
		f.sites = []string{"https://elsewhere.example", portal}
		f.mu.Unlock()
		b.do(chromedp.Navigate(portal))
		if got := b.heard(1); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %+v", link, got)
		}
		b.inFrame().until(`document.querySelector("h1").textContent === "There is nothing at this address"`)
	}
	// While the page is open.
	portal := host(t, sign, "/s/sp01/si01", "")
	v := process("sp01", innsigli.Started)
	v.Company.Origins = innsigli.Origins(portal)
	f.put(v)
	b.do(chromedp.Navigate(portal))
	in := b.inFrame()
	in.until(`document.querySelector(".paper.ready") !== null`)
	f.change("sp01", func(v *innsigli.View) { v.Process.State, v.Process.EndedAt = innsigli.Canceled, noon })
	if got := b.heard(1); got[0].Type != "process_canceled" {
		t.Errorf("%+v", got)
	}
}

// TestAStrangersFrameShowsAndHearsNothing: clickjacking, and a parent that only listens.
func TestAStrangersFrameShowsAndHearsNothing(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	sign := start(t, f)
	for name, origins := range map[string]innsigli.Origins{"none": "", "another": "https://portal.example.com", "another port": "http://localhost:1"} {
		v := process("sp01", innsigli.Canceled)
		v.Company.Origins = origins
		f.put(v)
		b.do(chromedp.Navigate(host(t, sign, "/s/sp01/si01", "")))
		b.until(`document.querySelector("iframe") !== null`)
		b.inFrame().until(`location.protocol === "chrome-error:"`)
		if raw := eval[int](b, `raw.length`); raw != 0 {
			t.Errorf("%s: heard %d messages", name, raw)
		}
	}
	b.do(chromedp.Navigate(host(t, sign, "/s/spff/siff", "")))
	b.inFrame().until(`location.protocol === "chrome-error:"`)
	if raw := eval[int](b, `raw.length`); raw != 0 {
		t.Errorf("an unknown link: heard %d messages", raw)
	}
	b.mu.Lock() // the browser says that it refused the frame
	b.messages = slices.DeleteFunc(b.messages, func(m string) bool { return strings.Contains(m, "frame-ancestors") || strings.Contains(m, "Framing") })
	b.mu.Unlock()
}

func TestOnlyRegisteredOriginsStandInThePolicy(t *testing.T) {
	f := newFake(t)
	h := served(t, f, nil)
	v := process("sp01", innsigli.Started)
	v.Company.Origins, v.Process.AllowReassign = "https://a.is http://localhost:3000", true
	link := f.put(v)
	want := strings.Replace(csp, "frame-ancestors 'none'", "frame-ancestors https://a.is http://localhost:3000", 1)
	for _, path := range []string{link, link + "/signature", link + "/code", link + "/decline", link + "/reassign", link + "/not-me", link + "/text/1"} {
		w := ask(t, h, http.MethodGet, path, "")
		if got := w.Header().Get("Content-Security-Policy"); got != want {
			t.Errorf("%s: %s", path, got)
		}
		if strings.Contains(w.Body.String(), "'*'") || len(w.Header().Values("Set-Cookie")) > 0 {
			t.Errorf("%s: any origin, or a cookie", path)
		}
	}
	for _, path := range []string{"/", "/s/sp01/siff", VerifyPath, link + "/state", link + "/page/1.png"} {
		if got := ask(t, h, http.MethodGet, path, "").Header().Get("Content-Security-Policy"); got != csp {
			t.Errorf("%s: %s", path, got)
		}
	}
	w := ask(t, h, http.MethodGet, EmbedPath, "")
	if w.Code != 200 || w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Cross-Origin-Resource-Policy") != "cross-origin" {
		t.Errorf("embed.js: %d %v", w.Code, w.Header())
	}
}

// TestAnUnknownLinkNamesOnlyTheSiteThatAsks: who has registered what is nobody's business.
func TestAnUnknownLinkNamesOnlyTheSiteThatAsks(t *testing.T) {
	f := newFake(t)
	f.sites = []string{"https://a.is", "https://b.is"}
	h := served(t, f, nil)
	for _, tt := range []struct{ path, referer, dest, want string }{
		{"/s/spff/siff", "https://a.is/deal/17?x", "iframe", "https://a.is"},
		{"/s/pgff/gsff", "https://B.is/", "iframe", "https://b.is"},
		{"/s/spff/siff", "https://a.is/", "", "https://a.is"}, // a browser that does not say
		{"/s/spff/siff", "https://a.is/", "document", ""},
		{"/s/spff/siff", "https://evil.example/", "iframe", ""},
		{"/s/spff/siff", "https://a.is.evil.example/", "iframe", ""},
		{"/s/spff/siff", "", "iframe", ""},
		{"/s/spff/siff", "a.is", "iframe", ""},
		{"/nothing", "https://a.is/", "iframe", ""},
		{"/unsubscribe/spff/aa", "https://a.is/", "iframe", ""},
	} {
		w := ask(t, h, http.MethodGet, tt.path, "", "Referer", tt.referer, "Sec-Fetch-Dest", tt.dest)
		want := csp
		if tt.want != "" {
			want = strings.Replace(csp, "frame-ancestors 'none'", "frame-ancestors "+tt.want, 1)
		}
		said := strings.Contains(w.Body.String(), "process_not_found")
		if got := w.Header().Get("Content-Security-Policy"); got != want || said != (tt.want != "") {
			t.Errorf("%+v: %s", tt, got)
		}
		for _, site := range f.sites {
			if site != tt.want && strings.Contains(w.Body.String(), site) {
				t.Errorf("%+v names %s", tt, site)
			}
		}
	}
	refused := 0
	for range 2 * framedBurst { // whoever asks about many sites learns of none
		w := ask(t, h, http.MethodGet, "/s/spff/siff", "", "Referer", "https://a.is/")
		if !strings.Contains(w.Header().Get("Content-Security-Policy"), "a.is") {
			refused++
		}
	}
	if refused < framedBurst {
		t.Errorf("%d of %d were not told", refused, 2*framedBurst)
	}
}

// TestAPageHearsNothing: whatever the site around it says, registered or not, does not do anything.
func TestAPageHearsNothing(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	v := process("sp01", innsigli.Started)
	portal := host(t, start(t, f), "/s/sp01/si01/code", "")
	v.Company.Origins = innsigli.Origins(portal)
	f.put(v)
	b.do(chromedp.Navigate(portal))
	in := b.inFrame()
	in.until(`document.querySelector("form .btn") !== null && document.readyState === "complete"`)
	in.until(`(window.before = document.body.innerHTML) !== ""`)
	eval[bool](b, `(() => {
		const w = document.querySelector("iframe").contentWindow;
		for (const m of ["sign", { type: "sign" }, { type: "document_signed" }, { type: "process_canceled", processKey: "sp01" }, { action: "submit" }, null])
			w.postMessage(m, "*");
		return true;
	})()`)
	b.do(chromedp.Sleep(300 * time.Millisecond))
	in.until(`document.body.innerHTML === window.before`)
	if reach := eval[string](b, `(() => { try { return document.querySelector("iframe").contentWindow.document.title } catch (e) { return e.name } })()`); reach != "SecurityError" {
		t.Errorf("the site around reads %q", reach)
	}
	if _, asked := f.counts(); asked != 0 {
		t.Errorf("%d codes were asked for", asked)
	}
}

// TestOptionsOfAFrameGoAlong: in a frame there is no cookie to remember them.
func TestOptionsOfAFrameGoAlong(t *testing.T) {
	f := newFake(t)
	h := served(t, f, nil)
	v := process("sp01", innsigli.Started)
	v.Process.AllowReassign = true
	link := f.put(v)
	const options = "?IFRAME=true&skipgreeting=TRUE&showEndScreen=false&hideSignDocumentHeaderText=true&lng=IS&evil=%22%3E"
	for _, path := range []string{link, link + "/signature", link + "/code", link + "/decline", link + "/reassign"} {
		body := ask(t, h, http.MethodGet, path+options, "").Body.String()
		const kept = "hideSignDocumentHeaderText=true&amp;iframe=true&amp;lng=is&amp;showEndScreen=false&amp;skipGreeting=true"
		if !strings.Contains(body, kept) || strings.Contains(body, "evil") {
			t.Errorf("%s does not lead on with its options", path)
		}
	}
	w := ask(t, h, http.MethodPost, link+"/code"+options, "")
	if to := w.Header().Get("Location"); !strings.Contains(to, "iframe=true") || strings.Contains(to, "evil") {
		t.Errorf("after the form: %s", to)
	}
}

func TestASignatureInAFrameIsToldToTheSiteAroundIt(t *testing.T) {
	for _, attributes := range []string{"", `lng="is" no-end-screen`} {
		b, f := newBrowser(t), newFake(t)
		b.window(1000, 820, "light")
		sign := start(t, f)
		v := process("sp01", innsigli.Started)
		f.put(v)
		ch, err := f.RequestCode(t.Context(), innsigli.CodeRequest{Process: "sp01", Signee: "si01"})
		if err != nil {
			t.Fatal(err)
		}
		portal := host(t, sign, "/s/sp01/si01/code?token="+string(ch.Token)+"&before=0", attributes)
		f.change("sp01", func(v *innsigli.View) { v.Company.Origins = innsigli.Origins("https://elsewhere.example " + portal) })
		b.do(chromedp.Navigate(portal))
		b.inFrame().until(`document.getElementById("code") !== null && document.readyState === "complete" && ` +
			`(document.getElementById("code").value = "` + rightCode + `", document.querySelector("form[action*=sign] .btn").click(), true)`)
		want := []heard{{Type: "document_signed", ProcessKey: "sp01", SigneeKey: "si01"}, {Type: "signing_completed", ProcessKey: "sp01", SigneeKey: "si01"}}
		if diff := cmp.Diff(want, b.heard(2)); diff != "" {
			t.Errorf("%s\n%s", attributes, diff)
		}
		if raw := eval[string](b, `[...new Set(raw.map((r) => r.split(" ")[0]))].join(" ")`); raw != sign {
			t.Errorf("messages from %q", raw)
		}
	}
}
