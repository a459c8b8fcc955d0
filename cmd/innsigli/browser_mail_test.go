package main

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
)

// mailSheet shows mails side by side, each in a frame as wide as a small phone. A mail client sizes its frame to the mail.
const mailSheet = `<!doctype html><html lang="en" style="color-scheme:light dark"><title>Mails</title><link rel="icon" href="data:,">
<body style="margin:0;display:flex;flex-wrap:wrap">%s<script>
addEventListener("load", () => {
	for (const f of document.querySelectorAll("iframe")) f.style.height = f.contentDocument.documentElement.scrollHeight + "px";
});
</script>`

// ofMails tells what is wrong with the mails of a sheet: what is wider than its frame, cut off, fetched from somewhere, or
// written in ink that hardly stands out from its ground (WCAG 2.2, 1.4.3: 4.5 to 1), and in which grounds they lie.
const ofMails = `(() => {
	const light = (c) => {
		const [r, g, b] = c.map((v) => v / 255).map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
		return .2126 * r + .7152 * g + .0722 * b;
	};
	const rgb = (text) => text.match(/[\d.]+/g).map(Number);
	const out = { Bad: [], Grounds: [], Texts: 0 };
	for (const f of document.querySelectorAll("iframe")) {
		const d = f.contentDocument, w = f.contentWindow, say = (what) => out.Bad.push(f.title + ": " + what);
		out.Grounds.push(w.getComputedStyle(d.body).backgroundColor);
		if (d.documentElement.scrollWidth > 320) say("is " + d.documentElement.scrollWidth + " px wide");
		for (const e of d.querySelectorAll("link, img, [background], script, iframe, object")) say("fetches <" + e.localName + ">");
		if (/url\(|@import|expression/.test(d.documentElement.innerHTML)) say("has an address in its style");
		const walk = d.createTreeWalker(d.body, NodeFilter.SHOW_TEXT);
		for (let n = walk.nextNode(); n; n = walk.nextNode()) {
			const e = n.parentElement, box = e.getBoundingClientRect(), style = w.getComputedStyle(e);
			if (!n.data.trim() || style.display === "none" || box.width === 0 || box.height < 2) continue;
			out.Texts++;
			if (box.left < 0 || box.right > 320.5) say("cut off: " + n.data);
			if (parseFloat(style.fontSize) < 13) say(style.fontSize + ": " + n.data);
			let at = e;
			while (at && rgb(w.getComputedStyle(at).backgroundColor)[3] === 0) at = at.parentElement;
			const ink = light(rgb(style.color)), ground = light(rgb(w.getComputedStyle(at).backgroundColor));
			const ratio = (Math.max(ink, ground) + .05) / (Math.min(ink, ground) + .05);
			if (ratio < 4.5) say(ratio.toFixed(2) + " to 1: " + n.data);
		}
	}
	return out;
})()`

// TestMailsAreReadOnASmallPhone shows every mail of ours in every language at 320 px, light and dark, for a company whose colour
// is hard to read.
func TestMailsAreReadOnASmallPhone(t *testing.T) {
	r, _ := newLocal(t, "sqlite", seams{})
	if a := r.ask("PUT", "/management/company", "own", map[string]any{"color": "#ffd400"}); a.status != http.StatusOK {
		t.Fatalf("colour: %d %s", a.status, a.body)
	}
	sheets := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, mailSheet, r.mailsIn(path.Base(req.URL.Path)))
	}))
	defer sheets.Close()
	b := newChromium(t)
	for _, tag := range []string{"is", "en", "nb", "da", "de", "fr", "sv", "cs", "pl", "es", "hu"} {
		var grounds []string
		b.window(5*320, 1600)
		b.open(sheets.URL + "/" + tag)
		for _, scheme := range []string{"light", "dark"} {
			b.scheme(scheme)
			got := eval[struct {
				Bad, Grounds []string
				Texts        int
			}](b, ofMails)
			b.snapHere("mails-" + tag + "-" + scheme)
			if len(got.Bad) > 0 {
				t.Errorf("%s, %s: %s", tag, scheme, strings.Join(got.Bad, "\n"))
			}
			if len(got.Grounds) < 12 || got.Texts < 10*len(got.Grounds) {
				t.Errorf("%s, %s: only %d mails with %d texts", tag, scheme, len(got.Grounds), got.Texts)
			}
			slices.Sort(got.Grounds)
			grounds = append(grounds, slices.Compact(got.Grounds)...)
		}
		if len(grounds) != 2 || grounds[0] == grounds[1] {
			t.Errorf("%s: grounds of light and dark are %q", tag, grounds)
		}
	}
}

// mailsIn are frames with all our mails in a language.
func (r *rig) mailsIn(language string) string {
	r.tb.Helper()
	var out strings.Builder
	for kind := innsigli.TemplateNotification; kind <= innsigli.TemplateUnreached; kind++ {
		if kind.String() == "" || kind.Unused() {
			continue
		}
		a := r.ask("POST", templates+"/preview", "own", map[string]any{"templateType": kind.String(), "language": language})
		var mail struct{ HTML string }
		if err := json.Unmarshal(a.body, &mail); err != nil || mail.HTML == "" {
			r.tb.Errorf("%s in %s: %d %s", kind, language, a.status, a.body)
		}
		fmt.Fprintf(&out, `<iframe title="%s" style="border:0;width:320px" srcdoc="%s"></iframe>`, kind, html.EscapeString(mail.HTML))
	}
	return out.String()
}
