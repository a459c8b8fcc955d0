package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/lang"
)

// portal is a site of the company on another origin that shows links with embed.js and keeps what it is told.
func portal(t *testing.T, r *rig) func(link string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Portal</title><link rel="icon" href="data:,">
<body style="margin:0"><script type="module" src="%[1]s/embed.js"></script><script>
window.heard = [];
for (const t of ["document_signed", "signing_completed", "already_signed", "process_not_found", "process_expired", "process_canceled", "error"])
  document.addEventListener(t, (e) => heard.push([e.detail.type, e.detail.processKey, e.detail.signeeKey].join(" ")));
</script><innsigli-signing src="%[1]s%[2]s" height="780"></innsigli-signing>`, r.url, req.URL.Path)
	}))
	t.Cleanup(s.Close)
	origin := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	if a := r.ask("PUT", "/management/company", "own", map[string]any{"origins": []string{origin}}); a.status != http.StatusOK {
		t.Fatalf("origins: %d %s", a.status, a.body)
	}
	return func(link string) string { return origin + strings.TrimPrefix(link, r.url) }
}

// TestASequenceAndADeclineInAFrame plays them on a site of another origin: two documents in German on a phone, signed
// with a drawn signature and one code; and a decline in French at a desk. The site hears of each step.
func TestASequenceAndADeclineInAFrame(t *testing.T) {
	b, r := newChromium(t), newRig(t, "sqlite")
	at := portal(t, r)
	greta := in("De", byMail("Greta Müller", "greta@frame.example"))
	body := r.sequenceOf(part{"Mietvertrag", []who{greta}}, part{"Hausordnung", []who{greta}})
	all, _ := body["createSigningProcesses"].([]map[string]any)
	all[0]["pdfDocument"] = base64.StdEncoding.EncodeToString(contractPDF(t))
	var q sequence
	if a := r.ask("POST", "/management/signing/sequential", "own", body); a.status != http.StatusOK {
		t.Fatalf("create: %d %s", a.status, a.body)
	} else {
		a.json(t, &q)
	}
	signsAll(b, r, q, at(q.Signees[0].URL))

	luc := in("Fr", byMail("Luc Moreau", "luc@frame.example"))
	p := r.createNamed(contractPDF(t), "bail.pdf", luc)
	declinesInFrench(b, r, p, at(p.Signees[0].URL))
}

func signsAll(b *chromium, r *rig, q sequence, site string) {
	b.t.Helper()
	de := lang.For("de")
	b.window(390, 844)
	b.open(site)
	f := b.inFrame("/s/pg")
	f.heading(de.T("page.all.title"))
	f.until(fmt.Sprintf(`document.getElementById("far").innerText === %q`, de.T("page.all.progress", "n", 0, "of", 2)))
	b.snapHere("frame-documents-de")
	f.do(chromedp.Click(chromedp.CSS(".acts .btn")), chromedp.WaitVisible(chromedp.CSS("#kind-draw")),
		chromedp.Click(chromedp.CSS("#kind-draw")), chromedp.WaitVisible(chromedp.CSS("#pad")))
	f.draws()
	b.snapHere("frame-drawn-de")
	f.do(chromedp.Click(chromedp.CSS(".mark .btn")), chromedp.WaitVisible(chromedp.CSS("form[action*=sign] #code")))
	code := codeOf(r.mailTo("greta@frame.example", func(m innsiglitest.Mail) bool { return codeOf(m) != "" }))
	f.do(chromedp.SendKeys(chromedp.CSS("#code"), code), chromedp.Click(chromedp.CSS("form[action*=sign] .btn")))
	f.heading(de.T("page.completed.title"))
	b.snapHere("frame-completed-de")
	one, two := q.SigningProcesses[0], q.SigningProcesses[1]
	b.hears("document_signed "+one.Key+" "+one.Signees[0].Key, "document_signed "+two.Key+" "+two.Signees[0].Key, "signing_completed "+two.Key+" "+two.Signees[0].Key)
	for _, p := range q.SigningProcesses {
		s := evidenceIn(b.t, r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body).Signees[0]
		if s.Act != "drawn" || s.Consent == nil || s.Consent.Language != "de" {
			b.t.Errorf("%s was signed so: %s, %+v", p.PdfFileName, s.Act, s.Consent)
		}
	}
}

func declinesInFrench(b *chromium, r *rig, p process, site string) {
	b.t.Helper()
	fr := lang.For("fr")
	b.window(1280, 800)
	b.open(site)
	f := b.inFrame(p.Key)
	f.until(`document.querySelector("#p1 .paper.ready") !== null`)
	f.do(chromedp.Click(chromedp.CSS(`.panel a[href*="/decline"]`)))
	f.heading(fr.T("page.decline.title"))
	f.do(chromedp.SendKeys(chromedp.CSS("#reason"), "trop <b>cher</b>"))
	b.snapHere("frame-decline-fr")
	f.do(chromedp.Click(chromedp.CSS("form .btn")))
	f.heading(fr.T("page.declined.title"))
	f.until(nothingOfIt)
	b.snapHere("frame-declined-fr")
	b.hears("process_canceled " + p.Key + " " + p.Signees[0].Key)
	if got := r.signeeOf(p, 0); got.DeclineReason != "trop <b>cher</b>" {
		b.t.Errorf("declined so: %+v", got)
	}
}

// hears waits until the site was told so much, and holds it against what it should be.
func (b *chromium) hears(want ...string) {
	b.t.Helper()
	b.until(fmt.Sprintf(`heard.length >= %d`, len(want)))
	if got := eval[string](b, `heard.join("\n")`); got != strings.Join(want, "\n") {
		b.t.Errorf("the site heard\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// draws a line up and down across the pad.
func (b *chromium) draws() {
	b.t.Helper()
	type box struct{ X, Y, W, H float64 }
	p := eval[box](b, `(() => { const r = document.getElementById("pad").getBoundingClientRect(); return { X: r.x, Y: r.y, W: r.width, H: r.height }; })()`)
	at := func(kind input.DispatchMouseEventType, x, y float64) {
		b.do(chromedp.MouseEvent(kind, p.X+x*p.W, p.Y+y*p.H, chromedp.ButtonLeft, func(e *input.DispatchMouseEventParams) { e.Buttons = 1 }))
	}
	at(chromedp.MousePressed, .2, .6)
	for i := range 12 {
		at(chromedp.MouseMoved, .2+.05*float64(i), .6-.3*float64(i%2))
	}
	at(chromedp.MouseReleased, .8, .6)
}
