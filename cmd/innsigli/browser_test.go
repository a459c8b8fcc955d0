package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/lang"
)

// The tests below are people at a browser: real Chromium, the real server, real PDFium, and mails through a real SMTP
// server. What each page does by itself is tested in package page; here it is the whole way.

var signingLink = regexp.MustCompile(`https?://[^\s"<>]+/s/sp[0-9a-f]+/si[0-9a-f]+`)

// linkTo reads a person's link in the mail that invites them to a process.
func (r *rig) linkTo(p process, n int) string {
	r.tb.Helper()
	m := r.mailTo(p.Signees[n].Email, func(m innsiglitest.Mail) bool {
		return strings.Contains(m.Text, p.Key) && signingLink.MatchString(m.Text)
	})
	return signingLink.FindString(m.Text)
}

// codeTo reads the code in the newest mail that brings one.
func (r *rig) codeTo(p process, n int) string {
	r.tb.Helper()
	m := r.mailTo(p.Signees[n].Email, func(m innsiglitest.Mail) bool { return codeOf(m) != "" && !r.used(codeOf(m)) })
	usedCodes.Store(r.url+codeOf(m), true)
	return codeOf(m)
}

// wrongOf is a code that is not the one.
func wrongOf(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func in(language string, w who) who {
	w["language"] = language
	return w
}

func (r *rig) createNamed(pdf []byte, file string, people ...who) process {
	r.tb.Helper()
	body := r.bodyOf(pdf, people...)
	body["pdfFileName"] = file
	a := r.ask("POST", "/management/signing", "own", body)
	if a.status != http.StatusOK {
		r.tb.Fatalf("create: %d %s", a.status, a.body)
	}
	var p process
	a.json(r.tb, &p)
	return p
}

func TestTwoPeopleSignInABrowser(t *testing.T) {
	b, r := newChromium(t), newRig(t, "sqlite")
	bjorn, thordis := byMail("Björn Þór Ómarsson", "bjorn@nordurljos.example"), byMail("Þórdís Ægisdóttir", "thordis@example.com")
	bjorn["reason"] = "Managing director of Norðurljós ehf."
	p := r.createNamed(contractPDF(t), "Þjónustusamningur 2026-114.pdf", in("En", bjorn), in("Is", thordis))

	b.open(r.linkTo(p, 0))
	b.until(`document.querySelector("#p1 .paper.ready svg text") !== null`)
	b.lightPage()
	for _, width := range []int64{1280, 390} {
		b.window(width, 844)
		b.wordsLieOverInk()
	}
	b.window(1280, 800)
	b.snap("1-sign")
	b.lastPage()
	b.snap("2-sign-last-page")
	b.open(r.linkTo(p, 0))
	b.byKeyboard(r, p, 0)
	b.heading("Thank you, Björn")
	b.snap("5-done")

	b.window(390, 844)
	b.open(r.linkTo(p, 1))
	b.heading("Þjónustusamningur 2026-114")
	b.until(`document.querySelector("#p1 .paper.ready") !== null`)
	b.snap("6-sign-is")
	b.do(chromedp.Click(chromedp.CSS(".acts .btn")), chromedp.WaitVisible(chromedp.CSS(".mark .btn")),
		chromedp.Click(chromedp.CSS(".mark .btn")), chromedp.WaitVisible(chromedp.CSS("#code")))
	b.snap("7-code-is")
	b.do(chromedp.SendKeys(chromedp.CSS("#code"), r.codeTo(p, 1)), chromedp.Click(chromedp.CSS("form[action*=sign] .btn")))
	b.until(`document.querySelector("h1").innerText === "Allir hafa undirritað" || document.querySelector(".progress") !== null`)
	b.heading("Allir hafa undirritað")
	b.snap("8-completed-is")
	sealed := b.download(".more .btn")
	b.checkSealed(sealed)
	b.do(chromedp.Click(chromedp.CSS(".more .btn.plain")), chromedp.WaitVisible(chromedp.CSS("#p1 .paper.ready")))
	if got := eval[int](b, `document.querySelectorAll(".sheet").length`); got < 4 {
		t.Errorf("the sealed document has %d pages on the screen, want its 3 and the evidence", got)
	}
	b.snap("9-read-sealed")
	b.lastPage()
	b.snap("9-read-sealed-evidence")
}

// lastPage scrolls to the end and waits for its image.
func (b *chromium) lastPage() {
	b.t.Helper()
	b.do(chromedp.ScrollIntoView(chromedp.CSS(".sheet:last-of-type img")))
	b.until(`document.querySelector(".sheet:last-of-type .paper.ready") !== null && [...document.images].every((i) => i.complete)`)
}

// byKeyboard signs without the mouse, with a wrong code first.
func (b *chromium) byKeyboard(r *rig, p process, n int) {
	b.t.Helper()
	b.tabTo("Sign")
	b.press(kb.Enter)
	b.until(`location.pathname.endsWith("/signature") && document.readyState === "complete"`)
	b.tabTo("Send the code")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`location.pathname.endsWith("/code") && document.activeElement.id === "code"`)
	code := r.codeTo(p, n)
	b.snap("3-code")
	b.press(wrongOf(code))
	b.press(kb.Enter)
	b.until(`document.querySelector("[role=alert]")?.textContent.includes("4 more times") === true && document.activeElement.id === "code"`)
	b.snap("4-code-wrong")
	b.press(code[:3] + " " + code[3:])
	b.press(kb.Enter)
	b.until(`location.pathname.endsWith("/done")`)
}

// download clicks on a link to a file and gives the file.
func (b *chromium) download(selector string) []byte {
	b.t.Helper()
	dir := b.t.TempDir()
	if _, err := chromedp.CallBrowser(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir,
	}); err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.Click(chromedp.CSS(selector)))
	var names []string
	for end := innsiglitest.Now().Add(patience); innsiglitest.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		names, _ = filepath.Glob(filepath.Join(dir, "*.pdf"))
		if len(names) != 1 {
			continue
		}
		pdf, err := os.ReadFile(names[0])
		if err == nil && bytes.HasSuffix(bytes.TrimSpace(pdf), []byte("%%EOF")) {
			if got := filepath.Base(names[0]); got != "Þjónustusamningur 2026-114.pdf" {
				b.t.Errorf("the download is called %q", got)
			}
			return pdf
		}
	}
	b.failed("no download: %q", names)
	return nil
}

// checkSealed looks at the downloaded document, and keeps it beside the pictures.
func (b *chromium) checkSealed(pdf []byte) {
	b.t.Helper()
	if !bytes.Contains(pdf, []byte("ETSI.CAdES.detached")) {
		b.t.Error("the document that everyone has signed carries no seal")
	}
	for i, tag := range []string{"en", "is"} {
		want := innsigli.Consent{Text: lang.For(tag).T("page.code.consent"), Language: tag}
		s := evidenceIn(b.t, pdf).Signees[i]
		if c := s.Consent; c == nil || c.Text != want.Text || c.Language != tag || c.Version != want.Version() || s.Act != "typed" {
			b.t.Errorf("number %d agreed to %+v, %s", i+1, c, s.Act)
		}
	}
	if shots := os.Getenv("INNSIGLI_SCREENSHOTS"); shots != "" {
		file := filepath.Join(shots, "sealed.pdf")
		writeFile(b.t, file, pdf)
		if out, err := exec.Command("pdftoppm", "-png", "-r", "70", file, filepath.Join(shots, "sealed")).CombinedOutput(); err != nil {
			b.t.Logf("pdftoppm: %v: %s", err, out)
		}
	}
}

// nothingOfIt says that the page shows nothing of the document: no image of a page, no word of it.
var nothingOfIt = fmt.Sprintf(`document.querySelectorAll("img[src*='/page/'], .paper, svg text").length === 0 && !document.documentElement.outerHTML.includes(%q)`, secret)

func TestAnOpenPageLosesACanceledDocument(t *testing.T) {
	b, r := newChromium(t), newRig(t, "sqlite")
	p := r.createNamed(contractPDF(t), "samningur.pdf", in("En", byMail("Björn Þór Ómarsson", "bjorn@nordurljos.example")))
	link := r.linkTo(p, 0)
	b.open(link)
	b.until(`document.querySelector("#p1 .paper.ready svg text") !== null`)
	b.open(link + "/text/1")
	b.until(fmt.Sprintf(`document.querySelector("main").innerText.includes(%q)`, secret))
	b.snap("text")
	b.open(link + "?lng=en")
	b.until(`document.querySelector("#p1 .paper.ready svg text") !== null`)
	if got := r.cancel(p.Key); got != http.StatusNoContent {
		t.Fatalf("cancel: %d", got)
	}
	if took := b.until(nothingOfIt + ` && document.querySelector("h1").innerText.startsWith("You don’t have to sign")`); took > 3*time.Second {
		t.Errorf("the page said so after %v, want 3 s at most", took)
	}
	b.until(`document.querySelector(".tag.stop") !== null`)
	b.snap("canceled")
	gone := func(how string) {
		t.Helper()
		b.until(`document.readyState === "complete"`)
		if !eval[bool](b, nothingOfIt) {
			t.Errorf("%s: something of the document is there again", how)
		}
	}
	b.do(chromedp.Reload())
	gone("reload")
	for range 2 {
		b.do(chromedp.NavigateBack())
		b.until(nothingOfIt + ` && document.querySelector("h1").innerText.startsWith("You don’t have to sign")`)
		gone("back")
	}
	for _, path := range []string{"/text/1", "?read", "/code"} {
		b.open(link + path)
		gone(path)
	}
	if got := eval[string](b, fmt.Sprintf(`fetch(%q).then(async (a) => a.status + " " + (await a.blob()).size)`, link+"/page/1.png?w=800")); got != "410 0" {
		t.Errorf("image: %s", got)
	}
}

func TestSadPagesOfTheRealServer(t *testing.T) {
	c := &clock{}
	r, _ := newLocal(t, "sqlite", seams{now: c.now})
	b := newChromium(t)
	hostile := byMail(`<b>Jón</b> & "Dóra"`, "jon@example.com")
	hostile["reason"] = `"><script>alert(1)</script>`
	p := r.createNamed(contractPDF(t), "<i>Verk & מסמך.pdf",
		in("En", hostile), in("En", byMail("مريم \u200fأحمد", "maryam@example.com")))
	b.open(r.linkTo(p, 0))
	b.until(`document.querySelector("#p1 .paper.ready") !== null`)
	if got := eval[string](b, `document.querySelector("h1").innerText + "|" + document.querySelector(".people").innerText + "|" + document.querySelector(".reason").innerText`); !strings.Contains(got, `<i>Verk & מסמך`) || !strings.Contains(got, `<b>Jón</b> & "Dóra"`) || !strings.Contains(got, "مريم") || !strings.Contains(got, "alert(1)") {
		t.Errorf("names are not shown as they are: %q", got)
	}
	b.snap("hostile")
	b.do(chromedp.Click(chromedp.CSS(".acts .btn")), chromedp.WaitVisible(chromedp.CSS(".mark .btn")),
		chromedp.Click(chromedp.CSS(".mark .btn")), chromedp.WaitVisible(chromedp.CSS("#code")))
	wrong := wrongOf(r.codeTo(p, 0))
	for left := 4; left >= 0; left-- {
		b.do(chromedp.SendKeys(chromedp.CSS("#code"), wrong), chromedp.Click(chromedp.CSS("form[action*=sign] .btn")))
		if left > 0 {
			b.until(fmt.Sprintf(`performance.getEntriesByType("navigation")[0].name.includes("said=wrong") && /%s/.test(document.querySelector("[role=alert]")?.innerText)`,
				map[bool]string{true: fmt.Sprintf("%d more", left), false: "once more"}[left > 1]))
		}
	}
	b.heading("That code can no longer be used")
	b.snap("code-late")

	for name, path := range map[string]string{
		"not-found": "/s/sp" + strings.Repeat("0", 32) + "/si" + strings.Repeat("0", 32), "cut-off": strings.TrimPrefix(r.linkTo(p, 0), r.url)[:20] + "/si12",
	} {
		b.open(r.url + path)
		b.heading("There is nothing at this address")
		b.snap(name)
	}
	b.open(r.url + "/")
	b.snap("home")

	b.open(r.linkTo(p, 1))
	b.until(`document.querySelector("#p1 .paper.ready") !== null`)
	c.add(31 * 24 * time.Hour)
	b.heading("The time to sign this is over")
	b.until(nothingOfIt + ` && document.querySelector(".tag.stop") !== null`)
	b.snap("expired")
}

func TestTheOutboxInABrowser(t *testing.T) {
	r, _ := newLocal(t, "sqlite", seams{}, func(s *settings) { s.SMTP, s.SMS = "", "" })
	b := newChromium(t)
	b.open(r.url + "/dev/outbox")
	b.snap("outbox-empty")
	person := in("Is", byMail("Þórdís Ægisdóttir", "thordis@example.com"))
	person["phoneNumber"] = "+354 555 0000"
	r.createNamed(contractPDF(t), "Þjónustusamningur.pdf", person)
	r.settled()
	b.open(r.url + "/")
	b.snap("home-outbox")
	b.open(r.url + "/dev/outbox")
	b.do(chromedp.Click(chromedp.CSS(".letters a")), chromedp.WaitVisible(chromedp.CSS("iframe.mail")))
	b.snap("outbox-mail")

	tab := b.followFrame()
	tab.heading("Þjónustusamningur")
	tab.until(`document.querySelector("#p1 .paper.ready") !== null`)
	tab.do(chromedp.Click(chromedp.CSS(".acts .btn")), chromedp.WaitVisible(chromedp.CSS(".mark .btn")),
		chromedp.Click(chromedp.CSS(".mark .btn")), chromedp.WaitVisible(chromedp.CSS("#code")))
	r.settled()
	b.front()
	b.open(r.url + "/dev/outbox")
	b.until(`document.querySelectorAll(".letters a").length === 2`)
	b.snap("outbox")
	b.do(chromedp.Click(chromedp.CSS(".letters a")), chromedp.WaitVisible(chromedp.CSS("pre.sms")))
	b.snap("outbox-sms")
	code := sixDigits.FindString(eval[string](b, `document.querySelector("pre.sms").innerText`))
	tab.front()
	tab.do(chromedp.SendKeys(chromedp.CSS("#code"), code), chromedp.Click(chromedp.CSS("form[action*=sign] .btn")))
	tab.heading("Allir hafa undirritað")
	b.front()
	r.settled()
	b.open(r.url + "/dev/outbox")
	b.until(`document.querySelectorAll(".letters a").length === 4`)
	b.do(chromedp.Click(chromedp.CSS(".letters a")), chromedp.WaitVisible(chromedp.CSS("iframe.mail")))
	b.snap("outbox-mail-files")
}

// followFrame opens the link of the mail in the page's frame. The frame is another origin to its page, so its link is
// reached as a person would who has no mouse.
func (b *chromium) followFrame() *chromium {
	b.t.Helper()
	opened := chromedp.WaitNewTarget(b.ctx, func(i *target.Info) bool { return i.Type == "page" })
	for range 40 {
		if eval[string](b, `document.activeElement.localName`) == "iframe" {
			break
		}
		b.press(kb.Tab)
	}
	b.press(kb.Enter)
	select {
	case id := <-opened:
		return b.inTab(id)
	case <-time.After(patience):
		b.failed("the link in the mail opens nothing")
		return nil
	}
}

// stumbling is a store that for a while does not say whether a process's key exists: as when whoever asked has gone.
type stumbling struct {
	innsigli.Store
	now *atomic.Bool
}

func (s stumbling) Key(ctx context.Context, p innsigli.ProcessKey) (innsigli.WrappedKey, error) {
	if s.now.Load() {
		return innsigli.WrappedKey{}, context.Canceled
	}
	return s.Store.Key(ctx, p)
}

func TestAReaderWhoLeavesTakesNoPagesFromTheOthers(t *testing.T) {
	var now atomic.Bool
	r, _ := newLocal(t, "sqlite", seams{store: func(s innsigli.Store) innsigli.Store { return stumbling{s, &now} }})
	p := r.create(innsiglitest.PDF(t, 1, secret), byMail("Ann", "ann@example.com"))
	image := "/s/" + p.Key + "/" + p.Signees[0].Key + "/page/1.png?w=480"
	for _, leaves := range []bool{false, true, false} {
		now.Store(leaves)
		if got := r.ask("GET", image, "", nil).status; got != http.StatusOK && !leaves {
			t.Errorf("status %d, want 200", got)
		}
	}
}
