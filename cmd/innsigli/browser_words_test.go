package main

import "strings"

// lightPage measures what the reading page costs until the first page of the document stands there.
func (b *chromium) lightPage() {
	b.t.Helper()
	got := eval[struct {
		Before int // requests that ended before the first page's image did
		Own    int // bytes of HTML, CSS and JavaScript
		Image  int
		Ms     int
	}](b, `(() => {
		const all = performance.getEntriesByType("resource"), nav = performance.getEntriesByType("navigation")[0];
		const image = all.find((e) => e.name.includes("/page/1.png"));
		const own = [nav, ...all.filter((e) => /\.(css|js|svg)$/.test(e.name))];
		return {
			Before: 1 + all.filter((e) => e.startTime < image.responseEnd).length,
			Own: own.reduce((sum, e) => sum + e.decodedBodySize, 0), Image: image.decodedBodySize, Ms: Math.round(image.responseEnd),
		};
	})()`)
	b.t.Logf("first page after %d ms and at most %d requests; own HTML, CSS and JavaScript %d bytes, the image %d bytes", got.Ms, got.Before, got.Own, got.Image)
	if got.Before > 12 {
		b.t.Errorf("%d requests until the first page is there, want 12 at most", got.Before)
	}
	if got.Own == 0 || got.Own > 100_000 {
		b.t.Errorf("own HTML, CSS and JavaScript are %d bytes, want less than 100,000", got.Own)
	}
}

// overInk compares the text layer with the image under it, in points of the document. Ink is what is darker than half
// grey. Bare are words without any ink inside of their rectangle. Missed are words that a touch in
// their middle does not find. Off is how far the ends of a run are from the ends of
// its ink. Drift is how far a word begins from where its ink begins, in lines where the words can be told apart in the
// image; that tells how well a selection that is dragged over some words shows those words.
const overInk = `(async () => {
	const img = document.querySelector("#p1 img");
	let paper;
	document.querySelector("#p1").scrollIntoView({ behavior: "instant" });
	paper = img.getBoundingClientRect();
	const drawn = await createImageBitmap(await (await fetch(img.currentSrc)).blob());
	const c = new OffscreenCanvas(drawn.width, drawn.height), g = c.getContext("2d", { willReadFrequently: true });
	g.drawImage(drawn, 0, 0);
	const px = c.width / paper.width, pt = 595.28 / paper.width;
	// Columns with ink in a rectangle of the window, as places in the window.
	const ink = (x, y, w, h) => {
		const X = Math.max(0, Math.floor((x - paper.x) * px)), Y = Math.max(0, Math.floor((y - paper.y) * px));
		const W = Math.ceil(w * px), H = Math.ceil(h * px), d = g.getImageData(X, Y, W, H).data, at = [];
		for (let i = 0; i < W; i++) {
			for (let j = 0; j < H; j++) {
				const k = 4 * (j * W + i);
				if (d[k] + d[k + 1] + d[k + 2] < 3 * 170) { at.push(paper.x + (X + i) / px); break; }
			}
		}
		return at;
	};
	const out = { Words: 0, Bare: [], Touched: 0, Missed: [], Off: 0, Where: "", Compared: 0, Drift: 0, Word: "" };
	for (const t of document.querySelectorAll("#p1 svg text")) {
		const r = t.getBoundingClientRect(), all = ink(r.x - 3 / pt, r.y + r.height * .1, r.width + 6 / pt, r.height * .8), space = r.height * .24;
		const starts = all.filter((at, i) => i === 0 || at - all[i - 1] > space), words = [];
		const ends = Math.max(Math.abs(all[0] - r.x), Math.abs(all.at(-1) - r.right)) * pt;
		if (all.length && ends > out.Off) { out.Off = ends; out.Where = t.textContent; }
		const text = t.textContent, m = t.getScreenCTM();
		for (const { 0: word, index } of text.matchAll(/\S+/g)) {
			const x = m.e + m.a * t.getStartPositionOfChar(index).x, end = m.e + m.a * t.getEndPositionOfChar(index + word.length - 1).x;
			words.push(x);
			if (ink(x, r.y, end - x, r.height).length === 0) out.Bare.push(word);
			const hit = document.caretPositionFromPoint((x + end) / 2, r.y + r.height / 2);
			if (r.bottom > (document.querySelector(".acts").getBoundingClientRect().top || innerHeight) || hit === null) continue;
			out.Touched++;
			if (hit.offsetNode !== t.firstChild || hit.offset < index || hit.offset > index + word.length) out.Missed.push(word);
		}
		out.Words += words.length;
		if (words.length !== starts.length) continue;
		out.Compared += words.length;
		words.forEach((x, i) => {
			const drift = Math.abs(x - starts[i]) * pt;
			if (drift > out.Drift) { out.Drift = drift; out.Word = text.split(/\s+/)[i] + " in " + text; }
		});
	}
	return out;
})()`

func (b *chromium) wordsLieOverInk() {
	b.t.Helper()
	b.until(`document.querySelector("#p1 img").complete`)
	got := eval[struct {
		Words, Compared, Touched int
		Bare, Missed             []string
		Off, Drift               float64
		Where, Word              string
	}](b, overInk)
	b.t.Logf("%d px: %d words; ends of runs at most %.1f pt from their ink (%q); beginnings of %d words at most %.1f pt (%q)",
		b.width, got.Words, got.Off, got.Where, got.Compared, got.Drift, got.Word)
	if got.Words < 150 || got.Compared < got.Words/3 {
		b.t.Errorf("%d px: only %d words, %d of them compared", b.width, got.Words, got.Compared)
	}
	if len(got.Bare) > 0 {
		b.t.Errorf("%d px: words that lie over nothing: %q", b.width, got.Bare)
	}
	if got.Touched < 50 || len(got.Missed) > 0 {
		b.t.Errorf("%d px: of %d words touched, these were missed: %q", b.width, got.Touched, got.Missed)
	}
	if got.Off > 3 {
		b.t.Errorf("%d px: %q ends %.1f points from its ink", b.width, got.Where, got.Off)
	}
	if got.Drift > 4 {
		b.t.Errorf("%d px: %q begins %.1f points from its ink", b.width, got.Word, got.Drift)
	}
	text := eval[string](b, `(() => {
		getSelection().selectAllChildren(document.querySelector("#p1 svg"));
		const text = getSelection().toString();
		getSelection().removeAllRanges();
		return text;
	})()`)
	for _, want := range []string{secret, "Þórdís Ægisdóttir", "Skoðun loftræsingar", "84.500"} {
		if !strings.Contains(text, want) {
			b.t.Errorf("%d px: %q cannot be selected", b.width, want)
		}
	}
}
