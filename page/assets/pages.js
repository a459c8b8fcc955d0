// Comfort for reading: the words of a page as selectable text over its image, fetched when the page comes near; images
// as sharp as they are looked at; a pager, zoom, thumbnails and search; and a word in place of an image that did not
// come. Everything stays in this page's memory and goes with it.
const svgNS = "http://www.w3.org/2000/svg";
const pages = document.querySelector(".pages");
const list = pages.querySelector(".sheets");
const sheets = [...list.querySelectorAll(".sheet")];
const tools = pages.querySelector(".tools");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const gentle = () => (calm.matches ? "auto" : "smooth");
const widths = pages.dataset.widths.split(" ").map(Number);
const imageOf = (n, w) => pages.dataset.image.replace("{n}", n).replace("{w}", w);
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, k) => values[k]);

function attributes(element, values) {
  for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
  return element;
}

// Text over the image

const texts = new Map(); // page number → promise of its runs
const runsOf = new Map(); // page number → text elements, by the number of their run

function textOf(n) {
  if (!texts.has(n)) {
    const { href } = sheets[n - 1].querySelector("figcaption a");
    const asked = fetch(href, { headers: { accept: "application/json" }, cache: "no-store", credentials: "same-origin" })
      .then((a) => (a.ok ? a.json() : Promise.reject(new Error(String(a.status)))))
      .then((a) => a.spans);
    asked.catch(() => texts.delete(n)); // the next who wants it may try again
    texts.set(n, asked);
  }
  return texts.get(n);
}

// Each run of text is stretched to the width it has in the document. A baseline lies about a fifth above the lower edge
// of a line, whatever the font.
function layer(n, spans) {
  if (runsOf.has(n)) return;
  const paper = sheets[n - 1].querySelector(".paper");
  const svg = attributes(document.createElementNS(svgNS, "svg"), {
    viewBox: `0 0 ${paper.dataset.w} ${paper.dataset.h}`, preserveAspectRatio: "none",
    role: "group", "aria-label": fill(pages.dataset.layer, { n }),
  });
  const runs = [];
  const elements = [];
  spans.forEach(({ t, x, y, w, h }, i) => {
    if (!(w > 0 && h > 0)) return;
    const text = attributes(document.createElementNS(svgNS, "text"), { x, y: y + h * 0.8, "font-size": h * 0.84 });
    text.textContent = t;
    svg.append(text);
    elements[i] = text;
    runs.push({ text, w, size: Math.round(h * 4), gaps: t.split(" ").length - 1 });
  });
  paper.append(svg);
  stretch(runs);
  runsOf.set(n, elements);
}

// Justified lines are wide by their spaces, not by their letters. How wide the letters of a size are is seen in its
// narrowest line; what a line has beyond that goes to its spaces, so that each word lies over its own image. Of a few
// words nothing can be learned: some letters are narrow in one font and wide in another.
function stretch(runs) {
  const some = 5;
  const letters = new Map();
  for (const run of runs) {
    run.own = run.text.getComputedTextLength();
    const ratio = run.w / run.own;
    if (run.gaps >= some && !(letters.get(run.size) < ratio)) letters.set(run.size, ratio);
  }
  for (const { text, w, own, size, gaps } of runs) {
    const spare = gaps >= some ? w / letters.get(size) - own : 0;
    if (spare > 0) text.setAttribute("word-spacing", spare / gaps);
    attributes(text, { textLength: w, lengthAdjust: "spacingAndGlyphs" });
  }
}

async function words(n) {
  try {
    layer(n, await textOf(n));
  } catch {
    // The page can still be read; only selecting is missing.
  }
}

// Images

function settle(paper) {
  const img = paper.querySelector("img");
  const ready = () => paper.classList.add("ready");
  const failed = () => {
    if (paper.classList.contains("failed")) return;
    paper.classList.add("failed");
    const p = document.createElement("p");
    p.className = "trouble";
    p.textContent = pages.dataset.failed;
    paper.append(p);
  };
  if (img.complete && img.naturalWidth > 0) return ready();
  img.addEventListener("load", ready);
  img.addEventListener("error", failed);
}

// An image is asked for in the width it is seen in: the window's, times the zoom of this page, times that of two fingers.
// The browser takes the dots of the screen into account and keeps what it has when a smaller one would do.
function sharpen(sheet) {
  const img = sheet.querySelector("img");
  const seen = Math.ceil(sheet.clientWidth * (visualViewport?.scale ?? 1));
  if (seen === 0 || img.sizes === `${seen}px`) return;
  img.sizes = `${seen}px`;
  if (!img.srcset) img.srcset = widths.slice(1).map((w) => `${imageOf(sheet.dataset.n, w)} ${w}w`).join(", ");
}

const nearby = new Set();
const near = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) {
    if (!isIntersecting) {
      nearby.delete(target);
      continue;
    }
    nearby.add(target);
    sharpen(target);
    words(Number(target.dataset.n));
  }
}, { rootMargin: "50% 0px" });

for (const sheet of sheets) {
  settle(sheet.querySelector(".paper"));
  near.observe(sheet);
}
let later = 0;
const resharpen = () => {
  clearTimeout(later);
  later = setTimeout(() => nearby.forEach(sharpen), 200);
};
addEventListener("resize", resharpen);
visualViewport?.addEventListener("resize", resharpen);

// Where the reader is: the last page whose top is in the upper half of the window.

function current() {
  let at = 0;
  sheets.forEach((s, i) => { if (s.getBoundingClientRect().top < innerHeight / 2) at = i; });
  return at;
}

const label = tools.querySelector(".at");
function tell() {
  if (!label) return;
  const at = current();
  const text = fill(pages.dataset.page, { n: at + 1 });
  if (label.textContent !== text) {
    // Whoever turns pages with the buttons is told where they are; whoever reads on hears it from the page itself.
    label.ariaLive = tools.contains(document.activeElement) ? "polite" : "off";
    label.textContent = text;
  }
  for (const b of tools.querySelectorAll("[data-by]")) disable(b, !sheets[at + Number(b.dataset.by)]);
}

function disable(button, is) {
  if (is) button.setAttribute("aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
}

let due = false;
addEventListener("scroll", () => {
  if (due) return;
  due = true;
  requestAnimationFrame(() => { due = false; tell(); });
}, { passive: true });

// Zoom

const steps = [100, 125, 150, 200, 300];
const much = tools.querySelector(".much");
let zoom = 0;
function setZoom(to) {
  zoom = Math.max(0, Math.min(steps.length - 1, to));
  const sheet = sheets[current()];
  const before = sheet.getBoundingClientRect();
  const along = (innerHeight / 2 - before.top) / before.height;
  pages.style.setProperty("--zoom", steps[zoom] / 100);
  const after = sheet.getBoundingClientRect();
  scrollBy({ top: after.top + along * after.height - innerHeight / 2, behavior: "instant" });
  list.scrollLeft = (list.scrollWidth - list.clientWidth) / 2;
  // What scrolls sideways must be reachable for the keyboard.
  if (list.scrollWidth > list.clientWidth) attributes(list, { tabindex: 0, role: "group", "aria-label": pages.ariaLabel });
  else ["tabindex", "role", "aria-label"].forEach((a) => list.removeAttribute(a));
  showZoom();
  resharpen();
}
function showZoom() {
  much.textContent = fill(much.dataset.text, { n: steps[zoom] });
  for (const b of tools.querySelectorAll("[data-zoom]")) disable(b, steps[zoom + Number(b.dataset.zoom)] === undefined);
}

// Thumbnails are made when they are first looked at.

const thumbs = document.getElementById("thumbs");
function showThumbs() {
  const all = thumbs.querySelector("ol");
  if (!all.childElementCount) {
    for (const sheet of sheets) {
      const { n } = sheet.dataset;
      const { width, height } = sheet.querySelector("img");
      const img = attributes(document.createElement("img"), { width: 240, height: Math.round(240 * height / width), alt: "", loading: "lazy" });
      img.src = imageOf(n, widths[0]);
      const a = attributes(document.createElement("a"), { href: `#p${n}` });
      a.append(img, fill(pages.dataset.page, { n }));
      const li = document.createElement("li");
      li.append(a);
      all.append(li);
    }
  }
  const at = current();
  all.querySelectorAll("a").forEach((a, i) => (i === at ? a.setAttribute("aria-current", "page") : a.removeAttribute("aria-current")));
  thumbs.showModal();
  all.children[at].firstChild.focus();
}
thumbs?.addEventListener("click", (e) => {
  const a = e.target.closest("a");
  if (!a) return;
  e.preventDefault();
  thumbs.close();
  // The focus goes along: with the next tabulator the keyboard is on the page that was chosen, not on the first one.
  const sheet = attributes(document.querySelector(a.hash), { tabindex: -1 });
  sheet.focus({ preventScroll: true });
  sheet.scrollIntoView({ behavior: gentle(), block: "start" });
});

// Search

const find = document.getElementById("find");
const field = find.querySelector("input");
const opener = tools.querySelector("[data-find]");
const told = find.querySelector(".hits");
let hits = []; // { n, parts: [{ run, from, to }] }, in the order of the document
let at = -1;
let asked = "";
let search = 0; // number of the search that is under way

// Letters are compared without their accents and case: who cannot type ð or ő shall find too.
const folded = (s) => s.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

function placesIn(spans, wanted) {
  let text = "";
  const from = []; // of each letter of text: the run and the place in it
  spans.forEach(({ t }, run) => {
    if (text && !text.endsWith(" ")) {
      text += " ";
      from.push(null);
    }
    let i = 0;
    for (const letter of t) {
      for (const f of folded(letter)) {
        text += f;
        for (let k = 0; k < f.length; k++) from.push({ run, i, end: i + letter.length });
      }
      i += letter.length;
    }
  });
  const out = [];
  for (let i = text.indexOf(wanted); i >= 0 && out.length < 1000; i = text.indexOf(wanted, i + wanted.length)) {
    const parts = [];
    for (const place of from.slice(i, i + wanted.length)) {
      if (!place) continue;
      const last = parts.at(-1);
      if (last?.run === place.run) last.to = place.end;
      else parts.push({ run: place.run, from: place.i, to: place.end });
    }
    out.push(parts);
  }
  return out;
}

function paint(n) {
  const elements = runsOf.get(n);
  if (!elements) return;
  const svg = sheets[n - 1].querySelector("svg");
  svg.querySelectorAll(".hit").forEach((r) => r.remove());
  hits.forEach((hit, i) => {
    if (hit.n !== n) return;
    for (const { run, from, to } of hit.parts) {
      const text = elements[run];
      if (!text) continue;
      const size = Number(text.getAttribute("font-size"));
      const x = text.getStartPositionOfChar(from).x;
      svg.prepend(attributes(document.createElementNS(svgNS, "rect"), {
        class: i === at ? "hit now" : "hit", x, y: text.getAttribute("y") - size * 0.95,
        width: Math.max(1, text.getEndPositionOfChar(to - 1).x - x), height: size * 1.2,
      }));
    }
  });
}

async function go(to) {
  find.classList.add("some");
  const before = hits[at];
  at = (to + hits.length) % hits.length;
  const hit = hits[at];
  told.textContent = fill(find.dataset.at, { n: at + 1, of: hits.length });
  layer(hit.n, await textOf(hit.n));
  if (before) paint(before.n);
  paint(hit.n);
  sheets[hit.n - 1].querySelector(".hit.now")?.scrollIntoView({ behavior: gentle(), block: "center", inline: "center" });
}

function clear() {
  search++;
  const touched = new Set(hits.map((h) => h.n));
  hits = [];
  at = -1;
  asked = "";
  touched.forEach(paint);
  told.textContent = "";
}

async function look(wanted) {
  clear();
  asked = wanted;
  if (!wanted) return;
  const mine = search;
  const first = current() + 1;
  for (let n = 1; n <= sheets.length; n++) {
    if (at < 0) told.textContent = sheets.length > 5 ? fill(find.dataset.busy, { n, of: sheets.length }) : "";
    const spans = await textOf(n).catch(() => []);
    if (mine !== search) return;
    hits.push(...placesIn(spans, wanted).map((parts) => ({ n, parts })));
    paint(n);
    // The first place at or behind where the reader is.
    const here = at < 0 ? hits.findIndex((h) => h.n >= first) : -1;
    if (here >= 0) await go(here);
    else if (at >= 0) told.textContent = fill(find.dataset.at, { n: at + 1, of: hits.length });
  }
  if (at < 0 && hits.length > 0) await go(0);
  if (hits.length > 0) return;
  told.textContent = find.dataset.none;
  if (!field.matches(":focus")) field.focus(); // the buttons go: there is nothing to go to
  find.classList.remove("some");
}

function next(by) {
  const wanted = folded(field.value.trim().replace(/\s+/g, " "));
  if (wanted !== asked) look(wanted);
  else if (hits.length > 0) go(at + by);
}

function openFind(open) {
  find.hidden = !open;
  opener.setAttribute("aria-expanded", String(open));
  if (open) return field.focus();
  clear();
  opener.focus();
}

find.addEventListener("submit", (e) => {
  e.preventDefault();
  next(1);
});
find.addEventListener("keydown", (e) => { if (e.key === "Escape") openFind(false); });

tools.addEventListener("click", (e) => {
  const { by, zoom: step, hit, find: opens, thumbs: all } = e.target.closest("button")?.dataset ?? {};
  if (by) sheets[current() + Number(by)]?.scrollIntoView({ behavior: gentle(), block: "start" });
  if (step) setZoom(zoom + Number(step));
  if (all !== undefined) showThumbs();
  if (opens !== undefined) openFind(find.hidden);
  if (hit === "0") openFind(false);
  else if (hit) next(Number(hit));
});

// What was taken away leaves nothing behind in here either (watch.js).
document.addEventListener("gone", () => {
  near.disconnect();
  search++;
  hits = [];
  texts.clear();
  runsOf.clear();
});

tools.classList.add("on");
tell();
showZoom();
