package page

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/innsigli/innsigli"
)

// patience is how long a test waits for what has to come. A machine with more to do than it can takes long, and a test that
// passes never waits for the end of it.
const patience = 2 * time.Minute

// browser is a Chromium for one test.
type browser struct {
	t     *testing.T
	ctx   context.Context //nolint:containedctx // chromedp keeps its browser in a context
	shots string

	mu       sync.Mutex
	messages []string
}

// newBrowser starts Chromium. Without one the test is skipped on a developer's machine and fails in CI.
func newBrowser(t *testing.T, options ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		needed(t, "chromium")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(
		ctx,
		append([]chromedp.ExecAllocatorOption{
			chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
			chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		}, options...)...,
	)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	b := &browser{t: t, ctx: ctx, shots: os.Getenv("INNSIGLI_SCREENSHOTS")}
	// The first run makes the tab, which ends with the context it is given: not with that of a single step.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	console := chromedp.Console(ctx)
	go func() {
		for m, err := range console {
			if err != nil {
				return
			}
			b.note(m)
		}
	}()
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, m := range b.messages {
			t.Errorf("console: %s", m)
		}
	})
	return b
}

// needed ends a test that lacks an outside program.
func needed(t *testing.T, debianPackage string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("Debian package %s is missing", debianPackage)
	}
	t.Skipf("SKIPPED, nothing was tested: Debian package %s is missing", debianPackage)
}

// note keeps what the console says. That a sad page comes with a status of 4xx or 5xx is no complaint about the page.
func (b *browser) note(m chromedp.ConsoleMessage) {
	if m.Source == "network" && (strings.Contains(m.Text, "the server responded with a status of") || strings.Contains(m.Text, "ERR_CACHE_MISS")) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages = append(b.messages, m.String()+" "+m.URL)
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.shot("failed")
		b.t.Fatal(err)
	}
}

func eval[T any](b *browser, js string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", js, err)
	}
	return v
}

// until waits for a condition in the page, asked again and again.
func (b *browser) until(js string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](js))
		if err == nil && ok {
			return
		}
		if ctx.Err() != nil {
			b.shot("failed")
			b.t.Fatalf("never became true: %s (%v)", js, err)
		}
		if err := chromedp.Do(ctx, chromedp.Sleep(30*time.Millisecond)); err != nil && ctx.Err() == nil {
			b.t.Fatal(err)
		}
	}
}

// window sets the size of the window and the colours of the person's system.
func (b *browser) window(width, height int64, scheme string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}); err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(width, height))
}

// shot keeps what the window shows, when a folder for it is named.
func (b *browser) shot(name string) {
	b.t.Helper()
	if b.shots == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Logf("screenshot %s: %v", name, err)
		return
	}
	if err := os.WriteFile(filepath.Join(b.shots, name+".png"), png, 0o600); err != nil {
		b.t.Error(err)
	}
}

// start serves a fake and gives its address.
func start(t *testing.T, f *fake) string {
	t.Helper()
	s := httptest.NewServer(served(t, f, someLetters()))
	t.Cleanup(s.Close)
	return s.URL
}

// TestThePageTellsWhatWasInFrontOfThePerson: the first page at once, the last one when it was scrolled to, told at the latest
// when the page is left.
func TestThePageTellsWhatWasInFrontOfThePerson(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	f.long = 9
	v := process("sp01", innsigli.Started)
	v.Process.Document.Pages = 9
	link := start(t, f) + f.put(v)
	b.window(1280, 800, "light")
	b.do(chromedp.Navigate(link))
	const some = `performance.now() - (window.begun ??= performance.now()) > 2500`
	b.until(some)
	b.until(`(document.getElementById("p9").scrollIntoView({ behavior: "instant" }), delete window.begun)`)
	b.until(some)
	b.do(chromedp.Navigate("about:blank"))
	pages, seconds := map[int]bool{}, 0
	for !pages[1] || !pages[9] {
		select {
		case r := <-f.read:
			seconds += r.Seconds
			for _, n := range r.Pages {
				pages[n] = true
			}
		case <-b.ctx.Done():
			t.Fatalf("told of %v in %d s", pages, seconds)
		}
	}
	if pages[5] || seconds < 2 || seconds > 60 {
		t.Errorf("told of %v in %d s", pages, seconds)
	}
}

func TestAPersonSignsWithTheKeyboardAlone(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	link := start(t, f) + f.put(process("sp01", innsigli.Started))
	b.window(1280, 800, "light")
	b.do(chromedp.Navigate(link))
	b.tabTo("Sign")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`location.pathname.endsWith("/signature") && document.getElementById("kind-type").checked`)
	b.tabTo("Send the code")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`location.pathname.endsWith("/code") && document.activeElement.id === "code"`)
	b.do(chromedp.KeyEvent("00 00-00"))
	b.until(`document.getElementById("code").value === "000000"`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`document.querySelector("[role=alert]")?.textContent.includes("4 more times") && document.activeElement.id === "code"`)
	b.do(chromedp.KeyEvent(rightCode), chromedp.KeyEvent(kb.Enter))
	b.until(`location.pathname.endsWith("/done") && document.querySelector("h1").textContent.includes("Thank you, Björn")`)
	// Others sign and the seal is made while the page is open.
	f.change("sp01", func(v *innsigli.View) {
		v.Process.Signees[2].SignedAt = noon
		v.Process.State = innsigli.Sealing
	})
	b.until(`document.querySelector(".progress") !== null`)
	f.change("sp01", func(v *innsigli.View) { v.Process.State, v.Process.EndedAt = innsigli.Completed, noon })
	b.until(`document.querySelector("a[download]")?.textContent === "Download the signed document"`)
	if saw, _ := f.counts(); saw != 1 {
		t.Errorf("the document was noted as seen %d times, want once", saw)
	}
}

// tabTo presses the tabulator until the element with the words has the focus, and sees to it that the focus shows.
func (b *browser) tabTo(words string) {
	b.t.Helper()
	for range 40 {
		b.do(chromedp.KeyEvent(kb.Tab))
		if eval[string](b, `document.activeElement.textContent.trim()`) != words {
			continue
		}
		if eval[string](b, `getComputedStyle(document.activeElement).outlineStyle`) != "solid" {
			b.t.Errorf("focus on %q cannot be seen", words)
		}
		return
	}
	b.t.Fatalf("%q cannot be reached with the keyboard", words)
}

func TestAPersonSignsWithoutJavaScript(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	link := start(t, f) + f.put(process("sp01", innsigli.Started))
	b.window(390, 844, "light")
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.do(
		// Reads: the pages are there, their words on pages of their own, and the document to take along.
		chromedp.Navigate(link), chromedp.WaitVisible(chromedp.CSS("#p1 img")), chromedp.WaitReady(chromedp.CSS("#p3 img")),
		chromedp.WaitVisible(chromedp.CSS(".panel a[download]")),
		chromedp.Click(chromedp.CSS("#p1 figcaption a")), chromedp.WaitVisible(chromedp.CSS("main p")), chromedp.WaitNotPresent(chromedp.CSS("#p1")),
		chromedp.Navigate(link), chromedp.Click(chromedp.CSS(".acts .btn")),
		chromedp.WaitVisible(chromedp.CSS("#typed")), chromedp.Click(chromedp.CSS(".mark .btn")),
		chromedp.WaitVisible(chromedp.CSS("#code")), chromedp.SendKeys(chromedp.CSS("#code"), "000 000"),
		chromedp.Click(chromedp.CSS("form[action*=sign] .btn")), chromedp.WaitVisible(chromedp.CSS("#say")),
		chromedp.Click(chromedp.CSS(".again .link[value=call]")), chromedp.WaitNotPresent(chromedp.CSS("#say")),
		chromedp.SendKeys(chromedp.CSS("#code"), "418 302"), chromedp.Click(chromedp.CSS("form[action*=sign] .btn")),
		chromedp.WaitVisible(chromedp.CSS(".people")),
	)
	v, err := f.Look(t.Context(), "sp01", "si01", nil)
	if _, asked := f.counts(); err != nil || !v.You.Signed() || asked != 2 {
		t.Errorf("signed: %v, codes asked for: %d (%v)", v.You.Signed(), asked, err)
	}
}

func TestACancelTakesTheDocumentAwayFromAnOpenPage(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	link := start(t, f) + f.put(process("sp01", innsigli.Started))
	b.window(1280, 800, "light")
	b.do(chromedp.Navigate(link), chromedp.WaitVisible(chromedp.CSS(".paper.ready")))
	f.change("sp01", func(v *innsigli.View) { v.Process.State, v.Process.EndedAt = innsigli.Canceled, noon })
	b.until(`document.querySelectorAll(".paper, .paper img").length === 0`)
	b.until(`document.querySelector(".tag.stop") !== null && document.querySelector("h1").textContent.startsWith("You don’t have to sign")`)
}

func TestTheWordsLieOverTheImageAndCanBeSelected(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	link := start(t, f) + f.put(process("sp01", innsigli.Started))
	for _, width := range []int64{390, 1280} {
		b.window(width, 844, "light")
		b.do(chromedp.Navigate(link), chromedp.WaitReady(chromedp.CSS("#p1 svg text")))
		want := contract(1)
		type box struct{ X, Y, W, H float64 }
		got := eval[[]box](b, `(() => {
			const p = document.querySelector("#p1 .paper").getBoundingClientRect(), k = 595.28 / p.width;
			return [...document.querySelectorAll("#p1 svg text")].map((t) => {
				const r = t.getBoundingClientRect();
				return { X: (r.x - p.x) * k, Y: (r.y - p.y) * k, W: r.width * k, H: r.height * k };
			});
		})()`)
		if len(got) != len(want) {
			t.Fatalf("%d px: %d runs of text, want %d", width, len(got), len(want))
		}
		for i, g := range got {
			w := want[i]
			if off(g.X, w.X) > 1.5 || off(g.W, w.W) > 3 || off(g.Y+g.H/2, w.Y+w.H/2) > w.H/3 {
				t.Errorf("%d px: %q lies at %+v, want %+v", width, w.Text, g, w)
			}
		}
		text := eval[string](b, `(() => {
			getSelection().selectAllChildren(document.querySelector("#p1 svg"));
			return getSelection().toString();
		})()`)
		if !strings.Contains(text, "hereafter the client") {
			t.Errorf("%d px: selected %q", width, text)
		}
	}
	b.shot("selected")
}

func off(a, b float64) float64 { return max(a-b, b-a) }

// looks are the windows and colours in which every page is looked at, and in which language. The last two are a desk's window
// enlarged twice (WCAG 2.2 1.4.4) and the narrowest that has to do (1.4.10), there with room between lines, words and letters (1.4.12).
func looks() []look {
	return []look{
		{1280, 800, "dark", "is", true, false},
		{390, 844, "light", "en", true, false},
		{640, 400, "light", "hu", false, false},
		{320, 568, "dark", "de", false, true},
	}
}

type look struct {
	width, height int64
	scheme, tag   string
	judged        bool // by axe-core too, which takes most of the time
	spaced        bool
}

// space gives the text as much room as WCAG 2.2 1.4.12 wants it to bear.
func (b *browser) space() {
	b.t.Helper()
	eval[bool](b, `(() => {
		const s = new CSSStyleSheet();
		s.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; } p { margin-bottom: 2em !important; }");
		return document.adoptedStyleSheets.push(s) > 0;
	})()`)
}

// TestPagesFitAPhoneAndADesk looks at every page in every state: nothing scrolls sideways, nothing to touch is smaller than 48 px
// (24 inside a sentence, WCAG 2.2 2.5.8), everything has a name, nothing jumps, and axe-core finds nothing.
func TestPagesFitAPhoneAndADesk(t *testing.T) {
	b, stage := newBrowser(t), newStage(t)
	judge := b.judge()
	for _, l := range looks() {
		b.window(l.width, l.height, l.scheme)
		for _, s := range stage.scenes {
			stage.play(b, s, l.tag)
			if l.spaced {
				b.space()
			}
			name := fmt.Sprintf("%s-%d-%s-%s", s.name, l.width, l.scheme, l.tag)
			b.measure(name, s.act == "" && !l.spaced)
			b.lookForWraps(name, l.spaced)
			if judge && l.judged {
				b.holdAgainstWCAG(name, s.act != "")
			}
			b.shot(name)
		}
	}
}

// measure is run in the page and lists what is wrong with it.
const measure = `(async () => {
	const bad = [];
	let shift = 0;
	new PerformanceObserver((l) => l.getEntries().forEach((e) => { shift += e.value; })).observe({ type: "layout-shift", buffered: true });
	await new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(r))));
	const root = document.documentElement;
	if (root.scrollWidth > innerWidth) {
		const wide = [...document.querySelectorAll("body *")].find((e) => e.getBoundingClientRect().right > innerWidth + 1);
		bad.push("scrolls sideways: " + root.scrollWidth + " because of " + wide?.outerHTML.slice(0, 80));
	}
	for (const e of document.querySelectorAll("a, button, summary, input:not([type=hidden])")) {
		const r = e.getBoundingClientRect();
		if (r.width === 0 || e.matches(".skip") || e.closest("details:not([open]) > :not(summary)")) continue;
		const inline = getComputedStyle(e).display === "inline";
		if (r.height < (inline ? 24 : 48)) bad.push("too small to touch (" + Math.round(r.height) + "): " + e.outerHTML.slice(0, 80));
		const name = e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.[0]?.textContent;
		if (!name) bad.push("has no name: " + e.outerHTML.slice(0, 80));
	}
	for (const i of document.images) if (!i.hasAttribute("alt")) bad.push("image without alt");
	const levels = [...document.querySelectorAll("h1, h2, h3")].map((h) => Number(h.localName[1]));
	levels.forEach((l, i) => { if (i > 0 && l > levels[i - 1] + 1) bad.push("heading skips a level"); });
	if (shift > 0.02) bad.push("jumps: " + shift);
	if (parseFloat(getComputedStyle(document.body).fontSize) < 16) bad.push("small type");
	return JSON.stringify(bad);
})()`

func (b *browser) measure(name string, still bool) {
	b.t.Helper()
	var bad []string
	if err := json.Unmarshal([]byte(eval[string](b, measure)), &bad); err != nil {
		b.t.Fatal(err)
	}
	for _, s := range slices.Compact(bad) {
		if !still && strings.HasPrefix(s, "jumps") { // what somebody opens may push the rest aside
			continue
		}
		b.t.Errorf("%s: %s", name, s)
	}
}
