package page

import (
	"encoding/json"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/innsigli/innsigli/lang"
)

// TestStorybook draws every page in every state, in every language, both widths and both colours, into the folder that
// INNSIGLI_STORYBOOK names (make storybook), with index.html to look through them, and holds all languages to what
// TestPagesFitAPhoneAndADesk holds some to. INNSIGLI_LANGUAGES are those to draw, all if left out; INNSIGLI_STORY is how the
// names of the scenes begin.
func TestStorybook(t *testing.T) {
	dir := os.Getenv("INNSIGLI_STORYBOOK")
	if dir == "" {
		t.Skip("no folder for the pictures: make storybook")
	}
	tags := lang.Tags()
	if only := os.Getenv("INNSIGLI_LANGUAGES"); only != "" {
		tags = strings.Fields(only)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	looks := []look{{width: 390, height: 844, scheme: "light"}, {width: 390, height: 844, scheme: "dark"}, {width: 1280, height: 800, scheme: "light"}, {width: 1280, height: 800, scheme: "dark"}}
	var names []string
	for _, s := range scenes(newFake(t)) {
		names = append(names, s.name)
	}
	contact := template.Must(template.New("").Parse(contactSheet))
	for _, file := range append([]string{"index"}, tags...) {
		w, err := os.Create(filepath.Join(dir, file+".html"))
		if err == nil {
			err = contact.Execute(w, map[string]any{"File": file, "Tags": tags, "Names": names, "Looks": looks})
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = w.Close()
	}
	for _, tag := range tags {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			b, stage := newBrowser(t), newStage(t)
			for _, s := range stage.scenes {
				b.window(looks[0].width, looks[0].height, looks[0].scheme)
				stage.play(b, s, tag)
				b.measure(tag+"/"+s.name, s.act == "")
				for _, l := range looks {
					b.window(l.width, l.height, l.scheme)
					b.lookForWraps(fmt.Sprintf("%s/%s at %d px", tag, s.name, l.width), false)
					b.picture(filepath.Join(dir, l.File(s.name, tag)))
				}
			}
		})
	}
}

// File is what the picture of a scene is called.
func (l look) File(name, tag string) string {
	return fmt.Sprintf("%s-%s-%d-%s.png", name, tag, l.width, l.scheme)
}

// settled is a promise that every picture is there, also below the window, and that no colour is on its way to another.
const settled = `(async () => {
	for (const i of document.images) i.loading = "eager";
	await Promise.all([...document.images].map((i) => i.decode().catch(() => {})));
	const moves = document.getAnimations().filter((a) => a.effect.getComputedTiming().endTime !== Infinity);
	await Promise.all(moves.map((a) => a.finished.catch(() => {})));
	return true;
})()`

// picture keeps what stands on the page, as far as it goes down.
func (b *browser) picture(file string) {
	b.t.Helper()
	eval[bool](b, settled)
	size := eval[[]float64](b, `[document.documentElement.clientWidth, Math.min(2400, document.querySelector("dialog[open]") ? innerHeight : document.documentElement.scrollHeight)]`)
	whole := true
	got, err := chromedp.Call(b.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
		CaptureBeyondViewport: &whole, OptimizeForSpeed: &whole, Clip: &page.Viewport{Width: size[0], Height: size[1], Scale: 1},
	})
	if err == nil {
		err = os.WriteFile(file, got.Data, 0o600)
	}
	if err != nil {
		b.t.Error(err)
	}
}

// wraps lists words that are cut off, and labels that take more lines than they have room for.
const wraps = `(spaced) => {
	const bad = [];
	const lines = (e) => {
		const r = document.createRange();
		r.selectNodeContents(e);
		let last = -9;
		return [...r.getClientRects()].sort((a, b) => a.bottom - b.bottom).filter((l) => { const is = l.bottom - last > 8; last = l.bottom; return is; }).length;
	};
	for (const e of document.querySelectorAll("body *")) {
		const style = getComputedStyle(e);
		if (e.clientWidth === 0 || e.closest(".letters, .sheets, .progress .line, .skip, .hidden, svg, canvas, iframe, textarea, input") || style.overflowX === "visible") continue;
		if (e.scrollWidth > e.clientWidth + 1) bad.push("cut off: " + e.outerHTML.slice(0, 100));
	}
	if (!spaced) for (const [what, most] of [[".tag", 1], [".btn", 2], [".kinds span", 2], [".link", 1], ["summary", 1]]) {
		for (const e of document.querySelectorAll(what)) if (e.offsetWidth > 0 && lines(e) > most) bad.push(lines(e) + " lines: " + e.textContent.trim());
	}
	return JSON.stringify(bad);
}`

// lookForWraps asks for them. Where the text has much room, lines are not counted.
func (b *browser) lookForWraps(name string, spaced bool) {
	b.t.Helper()
	var bad []string
	if err := json.Unmarshal([]byte(eval[string](b, fmt.Sprintf("(%s)(%t)", wraps, spaced))), &bad); err != nil {
		b.t.Fatal(err)
	}
	for _, s := range bad {
		b.t.Errorf("%s: %s", name, s)
	}
}

const contactSheet = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Innsigli: every page in every state</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 16px; background: #ddd; }
nav a { margin-right: 12px; }
section { display: grid; grid-template-columns: 300px 300px 600px 600px; gap: 12px; align-items: start; }
h2 { grid-column: 1 / -1; margin: 24px 0 0; font-size: 15px; }
img { width: 100%; min-height: 120px; background: #fff; }
</style>
<h1>{{.File}}</h1>
<nav>{{range .Tags}}<a href="{{.}}.html">{{.}}</a>{{end}}</nav>
{{if eq .File "index"}}<p>Each language is a page: 390 and 1280 px, light and dark.</p><ul>{{range .Names}}<li>{{.}}</li>{{end}}</ul>
{{else}}<section>{{range $name := .Names}}<h2 id="{{$name}}">{{$name}}</h2>{{range $.Looks}}<a href="{{.File $name $.File}}"><img src="{{.File $name $.File}}" alt="" loading="lazy"></a>{{end}}{{end}}</section>{{end}}
</html>
`
