package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"

	"github.com/innsigli/innsigli/innsiglitest"
)

// chromium is a browser with one tab, for one test. What its console says fails the test: a violation of the content
// policy, an exception, a warning.
type chromium struct {
	t             testing.TB
	ctx           context.Context //nolint:containedctx // chromedp keeps its tab in a context
	width, height int64

	mu       sync.Mutex
	messages []string
}

func newChromium(tb testing.TB, more ...chromedp.ExecAllocatorOption) *chromium {
	tb.Helper()
	innsiglitest.NeedTool(tb, "chromium", "chromium")
	path, err := exec.LookPath("chromium")
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(tb.Context(), 10*time.Minute)
	tb.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, append([]chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
	}, more...)...)
	tb.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	tb.Cleanup(closeTab)
	b := &chromium{t: tb, ctx: ctx}
	b.begin()
	tb.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, m := range b.messages {
			tb.Errorf("console: %s", m)
		}
	})
	b.window(1280, 800)
	return b
}

// begin makes the tab and listens to its console.
func (b *chromium) begin() {
	b.t.Helper()
	// The first run makes the tab, which ends with the context it is given: not with that of a single step.
	if err := chromedp.Do(b.ctx); err != nil {
		b.t.Fatal(err)
	}
	console := chromedp.Console(b.ctx)
	go func() {
		for m, err := range console {
			if err != nil {
				return
			}
			b.note(m)
		}
	}()
}

// note keeps what the console says. That a sad page comes with a status of 4xx or 5xx is no complaint about the page.
func (b *chromium) note(m chromedp.ConsoleMessage) {
	if m.Source == "network" && strings.Contains(m.Text, "the server responded with a status of") {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages = append(b.messages, m.String()+" "+m.URL)
}

// inTab is the same browser looking at another tab that the page has opened.
func (b *chromium) inTab(opened target.ID) *chromium {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(opened))
	b.t.Cleanup(cancel)
	other := &chromium{t: b.t, ctx: ctx, width: b.width, height: b.height}
	other.begin()
	return other
}

// inFrame is the same browser looking into a frame of the page that shows another site.
func (b *chromium) inFrame(part string) *chromium {
	b.t.Helper()
	for end := innsiglitest.Now().Add(patience); innsiglitest.Now().Before(end); time.Sleep(25 * time.Millisecond) {
		all, err := chromedp.Targets(b.ctx)
		if err != nil {
			b.failed("%v", err)
		}
		for _, i := range all {
			if i.Type == "iframe" && strings.Contains(i.URL, part) {
				return b.inTab(i.TargetID)
			}
		}
	}
	b.failed("there is no frame of %s", part)
	return nil
}

func (b *chromium) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.failed("%v", err)
	}
}

// open follows an address and waits until the page stands.
func (b *chromium) open(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
}

func eval[T any](b *chromium, js string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		b.failed("%s: %v", js, err)
	}
	return v
}

// until waits for a condition in the page, asked again and again, and gives the time it took.
func (b *chromium) until(js string) time.Duration {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for start := innsiglitest.Now(); ; {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](js))
		if err == nil && ok {
			return innsiglitest.Now().Sub(start)
		}
		if ctx.Err() != nil {
			b.failed("never became true: %s (%v)", js, err)
		}
		_ = chromedp.Do(ctx, chromedp.Sleep(25*time.Millisecond))
	}
}

// heading waits for a page by the beginning of its first heading.
func (b *chromium) heading(text string) {
	b.t.Helper()
	b.until(fmt.Sprintf(`document.querySelector("h1")?.innerText.startsWith(%q) === true`, text))
}

// failed ends the test, with what the page said.
func (b *chromium) failed(format string, a ...any) {
	b.t.Helper()
	text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.pathname + "\n" + document.body.innerText`))
	if shots := os.Getenv("INNSIGLI_SCREENSHOTS"); shots != "" {
		b.capture(filepath.Join(shots, "failed.png"))
	}
	b.t.Fatalf(format+"\nthe page: %s", append(a, text)...)
}

// press types keys.
func (b *chromium) press(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// tabTo presses the tabulator until the element with the words has the focus, and sees to it that the focus shows.
func (b *chromium) tabTo(words string) {
	b.t.Helper()
	for range 40 {
		b.press(kb.Tab)
		if eval[string](b, `document.activeElement.textContent.trim()`) != words {
			continue
		}
		if eval[string](b, `getComputedStyle(document.activeElement).outlineStyle`) != "solid" {
			b.t.Errorf("focus on %q cannot be seen", words)
		}
		return
	}
	b.failed("%q cannot be reached with the keyboard", words)
}

// window sets the size of the window.
func (b *chromium) window(width, height int64) {
	b.t.Helper()
	b.width, b.height = width, height
	b.do(chromedp.EmulateViewport(width, height))
}

// snap keeps pictures of the page in both widths and both colours, when INNSIGLI_SCREENSHOTS names a folder for them.
func (b *chromium) snap(name string) {
	b.t.Helper()
	shots := os.Getenv("INNSIGLI_SCREENSHOTS")
	if shots == "" {
		return
	}
	b.front()
	for _, width := range []int64{1280, 390} {
		for _, scheme := range []string{"light", "dark"} {
			b.scheme(scheme)
			b.do(chromedp.EmulateViewport(width, map[int64]int64{1280: 800, 390: 844}[width]))
			b.until(`document.readyState === "complete" && [...document.images].every((i) => i.complete || i.getBoundingClientRect().top > innerHeight * 2)`)
			b.capture(filepath.Join(shots, fmt.Sprintf("%s-%d-%s.png", name, width, scheme)))
		}
	}
	b.scheme("light")
	b.window(b.width, b.height)
}

// snapHere keeps a picture of the window as it is, when INNSIGLI_SCREENSHOTS names a folder.
func (b *chromium) snapHere(name string) {
	b.t.Helper()
	if shots := os.Getenv("INNSIGLI_SCREENSHOTS"); shots != "" {
		b.capture(filepath.Join(shots, name+".png"))
	}
}

// front puts the tab before the others: one that lies behind draws nothing, and a page in it asks for nothing.
func (b *chromium) front() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, page.BringToFront, cdp.Empty{}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *chromium) scheme(name string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: name},
			{Name: "prefers-reduced-motion", Value: "reduce"}, // no colour half way to the other
		},
	}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *chromium) capture(file string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Logf("screenshot: %v", err)
		return
	}
	writeFile(b.t, file, png)
}

// secret is a word of the contract that no page says by itself.
const secret = "Hvalfjarðarsveit"

// contractPDF is a document as people send them: three pages with headings, justified paragraphs, a table and a list,
// in English and Icelandic, with embedded fonts and compressed.
func contractPDF(tb testing.TB) []byte {
	tb.Helper()
	p := fpdf.New("P", "mm", "A4", "")
	p.AddUTF8FontFromBytes("go", "", goregular.TTF)
	p.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	p.SetMargins(25, 25, 25)
	p.SetTitle("Þjónustusamningur", true)
	p.SetFooterFunc(func() {
		p.SetY(-18)
		p.SetFont("go", "", 8)
		p.CellFormat(0, 5, fmt.Sprintf("Þjónustusamningur 2026-114, %d / 3", p.PageNo()), "", 0, "C", false, 0, "")
	})
	title := func(size float64, text string) {
		p.SetFont("go", "B", size)
		p.MultiCell(0, size/2, text, "", "L", false)
		p.Ln(3)
		p.SetFont("go", "", 10.5)
	}
	say := func(text string) {
		p.MultiCell(0, 5.6, text, "", "J", false)
		p.Ln(3)
	}
	p.AddPage()
	title(20, "Service agreement")
	say("This agreement is made between Norðurljós ehf., kt. 590196-2019, Borgartún 26, 105 Reykjavík (hereafter the supplier), " +
		"and Þórdís Ægisdóttir, Kirkjubraut 8, 301 " + secret + " (hereafter the client), on the maintenance of heating and " +
		"ventilation in the client's premises.")
	title(13, "1. What is to be done")
	say("The supplier inspects all equipment twice a year, in April and in October, cleans or replaces filters, measures " +
		"the flow of air in every room and hands over a report within ten working days. Faults that are found are put " +
		"right without delay when that costs less than 50,000 krónur; otherwise the client is asked first.")
	title(13, "2. Verð og greiðslur")
	say("Verkkaupi greiðir fast gjald fyrir hverja skoðun samkvæmt töflunni hér að neðan. Önnur vinna er unnin í tímavinnu " +
		"og reikningur sendur mánaðarlega eftir á. Eindagi er þrjátíu dögum eftir útgáfu reiknings. Fjárhæðir eru án " +
		"virðisaukaskatts og breytast með vísitölu neysluverðs 1. janúar ár hvert.")
	for i, row := range [][3]string{
		{"Þáttur", "Fjöldi á ári", "Verð, kr."},
		{"Skoðun loftræsingar", "2", "84.500"},
		{"Síuskipti, öll hús", "2", "46.200"},
		{"Útkall utan dagvinnu", "eftir þörfum", "28.900"},
	} {
		p.SetFont("go", map[bool]string{true: "B"}[i == 0], 10)
		p.SetFillColor(238, 240, 244)
		for c, width := range []float64{90, 35, 35} {
			p.CellFormat(width, 8, " "+row[c]+" ", "1", 0, map[bool]string{true: "L", false: "R"}[c == 0], i == 0, 0, "")
		}
		p.Ln(8)
	}
	p.AddPage()
	title(13, "3. Duties of the client")
	for n := range 4 {
		say(fmt.Sprintf("3.%d The client sees to it that the supplier can reach all equipment on the days agreed on, that the "+
			"rooms are heated, and that nothing is stored in front of the units. If a visit fails because of the client, half "+
			"of the fee is due. Tilkynna skal breytingar á húsnæði með minnst 14 daga fyrirvara.", n+1))
	}
	p.AddPage()
	title(13, "4. Term and end")
	say("The agreement begins on 1 January 2027 and holds for three years. After that it goes on year by year unless one side " +
		"ends it with three months' notice. Rísi mál vegna samningsins skal reka það fyrir Héraðsdómi Reykjavíkur.")
	title(13, "Undirskriftir")
	say("Undirritað rafrænt af báðum aðilum.")
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}
