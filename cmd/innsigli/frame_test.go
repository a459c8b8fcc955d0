package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/innsigli/innsigli/innsiglitest"
)

// portalPage shows a link in a frame, and beside it a page of the same site that tries an ordinary cookie.
const portalPage = `<!doctype html><html lang="en"><title>Portal</title><link rel="icon" href="data:,">
<script>window.heard = []; addEventListener("message", (e) => heard.push({ origin: e.origin, ...e.data }));</script>
<iframe title="Signing" style="width:900px;height:760px;border:0" src="https://sign.test%s?iframe=true"></iframe>
<iframe title="Probe" src="https://sign.test/probe"></iframe>`

// twoSites are a portal and the server, each with TLS and a name of its own, for a browser that blocks the cookies of third
// parties.
func twoSites(t *testing.T, r *rig, link string) *chromium {
	t.Helper()
	server, err := url.Parse(r.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(server)
	sign := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/probe":
			http.SetCookie(w, &http.Cookie{Name: "ordinary", Value: "1", Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode})
			http.Redirect(w, req, "/probe/told", http.StatusSeeOther)
		case "/probe/told":
			_, err := req.Cookie("ordinary")
			_, _ = fmt.Fprintf(w, "<!doctype html><title>Probe</title><body>%v", err == nil)
		default:
			proxy.ServeHTTP(w, req)
		}
	}))
	t.Cleanup(sign.Close)
	portal := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, portalPage, link)
	}))
	t.Cleanup(portal.Close)
	profile := filepath.Join(t.TempDir(), "profile")
	if err := os.MkdirAll(filepath.Join(profile, "Default"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(profile, "Default", "Preferences"), []byte(`{"profile":{"block_third_party_cookies":true,"cookie_controls_mode":1}}`))
	at := func(s *httptest.Server) string { return strings.TrimPrefix(s.URL, "https://") }
	return newChromium(t,
		chromedp.UserDataDir(profile), chromedp.Flag("ignore-certificate-errors", true),
		chromedp.Flag("host-resolver-rules", "MAP sign.test:443 "+at(sign)+", MAP portal.test:443 "+at(portal)))
}

// TestAProofIsKeptInAFrameOfAnotherSite: the browser blocks cookies of third parties, and still the document is shown in the
// frame after its code, is signed, and the portal hears of it. Outside of that frame nothing was proved.
func TestAProofIsKeptInAFrameOfAnotherSite(t *testing.T) {
	r, _ := newLocal(t, "sqlite", seams{}, func(s *settings) { s.PublicURL = "https://sign.test" })
	const ann = "ann@frame.example"
	if a := r.ask("PUT", "/management/company", "own", map[string]any{"origins": []string{"https://portal.test"}}); a.status != http.StatusOK {
		t.Fatalf("origins: %d %s", a.status, a.body)
	}
	body := r.bodyOf(innsiglitest.PDF(t, 1, "in a frame"), byMail("Ann", ann))
	body["requiresAuth"] = true
	var p process
	r.ask("POST", "/management/signing", "own", body).json(t, &p)
	r.settled()
	link := "/s/" + p.Key + "/" + p.Signees[0].Key
	b := twoSites(t, r, link)
	b.open("https://portal.test/")
	b.inFrame("/probe").until(`document.body.innerText === "false"`)

	frame, sent := b.inFrame("/s/"), r.mailsTo(ann)
	frame.heading("Show that it is you")
	frame.do(chromedp.Click(chromedp.CSS(".card .btn")), chromedp.WaitVisible(chromedp.CSS("#code")))
	frame.do(chromedp.SendKeys(chromedp.CSS("#code"), r.entryCode(ann, sent)), chromedp.Click(chromedp.CSS(".card .btn")))
	frame.until(`document.querySelector("#p1 .paper.ready svg text") !== null`)

	frame.do(chromedp.Click(chromedp.CSS(".acts .btn")), chromedp.WaitVisible(chromedp.CSS(".mark .btn")),
		chromedp.Click(chromedp.CSS(".mark .btn")), chromedp.WaitVisible(chromedp.CSS("form[action*=sign] #code")))
	frame.do(chromedp.SendKeys(chromedp.CSS("#code"), r.codeTo(p, 0)), chromedp.Click(chromedp.CSS("form[action*=sign] .btn")))
	b.until(`heard.length >= 2`)
	want := fmt.Sprintf(`document_signed %[1]s true https://sign.test, signing_completed %[1]s false https://sign.test`, p.Key)
	if got := eval[string](b, `heard.map((m) => [m.type, m.processKey, m.signedDocument !== undefined, m.origin].join(" ")).join(", ")`); got != want {
		t.Errorf("heard %s, want %s", got, want)
	}
	b.open("https://sign.test" + link)
	b.heading("Show that it is you")
}
