package page

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/innsigli/innsigli"
)

// stop is where the keyboard stands after a tabulator.
type stop struct {
	What  string
	Place int    // in the order of the document, -1 outside of the page
	Wrong string // what is wrong with how it shows
}

// whereAmI tells what has the focus, and what is wrong with how it shows: no outline (WCAG 2.2 2.4.7), or all of it outside of the
// window or under something that stands there fixed (2.4.11).
const whereAmI = `(async () => {
	await new Promise((r) => requestAnimationFrame(() => setTimeout(r)));
	const e = document.activeElement, all = [...document.querySelectorAll("*")];
	if (e === document.body) return JSON.stringify({ What: "", Place: -1, Wrong: "" });
	const shown = e.matches(".kinds input") ? e.nextElementSibling : e, style = getComputedStyle(shown), r = e.getBoundingClientRect();
	const wrong = [];
	// In a frame it is the frame's own page that shows it.
	if (e.localName !== "iframe" && (style.outlineStyle !== "solid" || parseFloat(style.outlineWidth) < 2)) wrong.push("has no outline");
	const seen = [.1, .3, .5, .7, .9].some((k) => [.2, .5, .8].some((l) => {
		const at = document.elementFromPoint(r.x + k * r.width, r.y + l * r.height);
		return at && (e.contains(at) || at.contains(e) && at !== document.documentElement && at !== document.body);
	}));
	if (!seen) wrong.push("is hidden: " + Math.round(r.top) + " to " + Math.round(r.bottom));
	const name = e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.[0]?.textContent.trim() || e.name || e.id;
	return JSON.stringify({ What: e.localName + " " + name, Place: all.indexOf(e), Wrong: wrong.join(", ") });
})()`

func (b *browser) tab() stop {
	b.t.Helper()
	b.do(chromedp.KeyEvent(kb.Tab))
	return b.here()
}

func (b *browser) here() stop {
	b.t.Helper()
	var s stop
	if err := json.Unmarshal([]byte(eval[string](b, whereAmI)), &s); err != nil {
		b.t.Fatal(err)
	}
	return s
}

// TestTheKeyboardComesToEverythingInOrder walks with the tabulator through pages of every kind: everything that can be operated is
// come to, once, in the order in which it stands in the document, seen, and the walk ends outside of the page.
func TestTheKeyboardComesToEverythingInOrder(t *testing.T) {
	b, stage := newBrowser(t), newStage(t)
	walked := []string{"sign", "sign-found", "signature", "code-wrong", "decline", "all", "completed", "verify-altered-details", "outbox-mail", "home"}
	for _, width := range []int64{390, 1280} {
		b.window(width, 700, "light")
		for _, s := range stage.scenes {
			if !slices.Contains(walked, s.name) {
				continue
			}
			stage.play(b, s, "en")
			name := fmt.Sprintf("%s at %d px", s.name, width)
			want := eval[int](b, `(() => {
				document.querySelector(".skip").focus();
				const all = [...document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), textarea, iframe")];
				return all.filter((e) => e.checkVisibility({ visibilityProperty: true }) && !(e.type === "radio" && !e.checked)).length;
			})()`)
			var walk []string
			first := b.here()
			for at, last := first, -1; at.Place >= 0 && len(walk) < 80; at = b.tab() {
				if len(walk) > 0 && at.Place == first.Place {
					break // Chromium without a window begins anew
				}
				if at.Wrong != "" && len(walk) > 0 { // a machine put it on the first one
					t.Errorf("%s: %q %s", name, at.What, at.Wrong)
				}
				if at.Place < last {
					t.Errorf("%s: %q is come to out of order", name, at.What)
				}
				last = at.Place
				walk = append(walk, at.What)
			}
			if len(walk) != want {
				t.Errorf("%s: came to %d of %d: %q", name, len(walk), want, walk)
			}
		}
	}
}

// TestTheFirstStopLeadsPastTheHead is about the link that only the keyboard comes to.
func TestTheFirstStopLeadsPastTheHead(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	b.window(390, 844, "light")
	b.do(chromedp.Navigate(start(t, f) + f.put(process("sp01", innsigli.Started))))
	if at := b.tab(); at.What != "a Skip to the content" || at.Wrong != "" {
		t.Errorf("first comes %+v", at)
	}
	b.do(chromedp.KeyEvent(kb.Enter))
	if at := b.tab(); at.What != "a Sign" || at.Wrong != "" {
		t.Errorf("past the head comes %+v", at)
	}
}

// TestADialogKeepsTheKeyboardAndGivesItBack is about the overview of all pages.
func TestADialogKeepsTheKeyboardAndGivesItBack(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	b.window(1280, 800, "light")
	b.do(chromedp.Navigate(start(t, f)+f.put(process("sp01", innsigli.Started))), chromedp.WaitVisible(chromedp.CSS(".tools.on")))
	opened := func() {
		t.Helper()
		b.do(chromedp.Focus(chromedp.CSS("[data-thumbs]")), chromedp.KeyEvent(kb.Enter))
		b.until(`document.getElementById("thumbs").open && document.activeElement.matches("#thumbs a[aria-current]")`)
	}
	opened()
	for range 9 {
		if at := b.tab(); at.Place >= 0 && !eval[bool](b, `document.activeElement.closest("#thumbs") !== null`) {
			t.Errorf("the keyboard leaves the dialog for %q", at.What)
		}
	}
	b.do(chromedp.KeyEvent(kb.Escape))
	b.until(`!document.getElementById("thumbs").open && document.activeElement.matches("[data-thumbs]")`)
	opened()
	b.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter)) // the second page
	b.until(`!document.getElementById("thumbs").open && document.activeElement.id === "p2"`)
	if at := b.tab(); at.What != "a Read as text" {
		t.Errorf("after the page that was chosen comes %q", at.What)
	}
}

// TestAPersonDeclinesAndDrawsNothingWithTheKeyboard: who cannot draw is told how else, and a reason is given without the mouse.
func TestAPersonDeclinesAndDrawsNothingWithTheKeyboard(t *testing.T) {
	b, f := newBrowser(t), newFake(t)
	link := start(t, f) + f.put(process("sp01", innsigli.Started))
	b.window(390, 844, "light")
	b.do(chromedp.Navigate(link + "/signature"))
	b.until(`document.readyState === "complete"`)
	b.do(chromedp.Focus(chromedp.CSS("#kind-type")), chromedp.KeyEvent(kb.ArrowLeft))
	b.until(`document.getElementById("kind-draw").checked`)
	b.tabTo("Send the code")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`document.querySelector("[role=alert]").checkVisibility() && document.querySelector("[role=alert]").textContent.includes("choose another way")`)
	b.do(chromedp.Navigate(link))
	b.tabTo("Decline to sign")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`location.pathname.endsWith("/decline") && document.readyState === "complete"`)
	b.do(chromedp.Focus(chromedp.CSS("#reason")), chromedp.KeyEvent("The price is wrong."))
	b.tabTo("Decline for good")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`document.querySelector("h1").textContent === "You declined to sign"`)
}

// media sets what the person's system asks for.
func (b *browser) media(name, value string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: name, Value: value}},
	}); err != nil {
		b.t.Fatal(err)
	}
}

// TestPagesKeepStillAndTheirLines: nothing moves where the system asks for that, and where the system chooses all colours what was
// told by a ground alone has a line, paper stays paper, and the unseen words over the images stay unseen.
func TestPagesKeepStillAndTheirLines(t *testing.T) {
	b, stage := newBrowser(t), newStage(t)
	b.window(390, 844, "light")
	for _, s := range stage.scenes {
		if !slices.Contains([]string{"sign", "signature", "signature-draw", "done-sealing", "all", "all-sealing", "sign-overview"}, s.name) {
			continue
		}
		b.media("prefers-reduced-motion", "reduce")
		stage.play(b, s, "en")
		if n := eval[int](b, `document.getAnimations().length`); n > 0 {
			t.Errorf("%s: %d things move", s.name, n)
		}
		b.media("forced-colors", "active")
		if strings.HasPrefix(s.name, "sign") && !strings.HasPrefix(s.name, "signature") {
			b.until(`document.querySelector("#p1 svg text") !== null`)
		}
		for _, wrong := range eval[[]string](b, `(() => {
			const bad = [], white = "rgb(255, 255, 255)";
			const look = (css, is, what) => document.querySelectorAll(css).forEach((e) => { if (e.checkVisibility() && !is(getComputedStyle(e))) bad.push(css + ": " + what); });
			look(".btn:not(.more .btn), .tag", (s) => s.borderTopStyle === "solid", "no line around it");
			look(".kinds input:checked + span", (s) => s.outlineStyle === "solid", "does not show that it is chosen");
			look(".pad, .paper", (s) => s.backgroundColor === white, "is not white");
			look(".paper svg text", (s) => s.fill === "rgba(0, 0, 0, 0)", "is seen twice");
			return bad;
		})()`) {
			t.Errorf("%s: %s", s.name, wrong)
		}
		b.shot("forced-" + s.name)
	}
}
