// Comfort for reading: the words of a page as selectable text over its image, fetched when the page comes near; a pager;
// and a word in place of an image that did not come. Nothing here writes inline style: the policy forbids it.
const svgNS = "http://www.w3.org/2000/svg";
const sheets = [...document.querySelectorAll(".sheet")];

function attributes(element, list) {
  for (const [name, value] of Object.entries(list)) element.setAttribute(name, value);
  return element;
}

// Each run of text is stretched to the width it has in the document. A baseline lies about a fifth above the lower edge
// of a line, whatever the font.
function layer(paper, spans, width, height) {
  const svg = attributes(document.createElementNS(svgNS, "svg"), {
    viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true",
  });
  const runs = [];
  for (const { t, x, y, w, h } of spans) {
    if (!(w > 0 && h > 0)) continue;
    const text = attributes(document.createElementNS(svgNS, "text"), { x, y: y + h * 0.8, "font-size": h * 0.84 });
    text.textContent = t;
    svg.append(text);
    runs.push({ text, w, size: Math.round(h * 4), gaps: t.split(" ").length - 1 });
  }
  paper.append(svg);
  stretch(runs);
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

async function words(paper) {
  const { w, h, text } = paper.dataset;
  try {
    const answer = await fetch(text, { headers: { accept: "application/json" }, cache: "no-store", credentials: "omit" });
    if (!answer.ok) return;
    const { spans } = await answer.json();
    layer(paper, spans, w, h);
  } catch {
    // The page can still be read; only selecting is missing.
  }
}

function settle(paper) {
  const img = paper.querySelector("img");
  const ready = () => paper.classList.add("ready");
  const failed = () => {
    if (paper.classList.contains("failed")) return;
    paper.classList.add("failed");
    const p = document.createElement("p");
    p.className = "trouble";
    p.textContent = paper.dataset.failed;
    paper.append(p);
  };
  if (img.complete && img.naturalWidth > 0) return ready();
  img.addEventListener("load", ready);
  img.addEventListener("error", failed);
}

const near = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    words(target);
  }
}, { rootMargin: "50% 0px" });

for (const sheet of sheets) {
  const paper = sheet.querySelector(".paper");
  settle(paper);
  near.observe(paper);
}

// The page under the reader's eye is the last one whose top is in the upper half of the window.
const pager = document.querySelector(".pager");
function current() {
  let at = 0;
  sheets.forEach((s, i) => { if (s.getBoundingClientRect().top < innerHeight / 2) at = i; });
  return at;
}
function tell() {
  const at = current();
  const text = pager.dataset.text.replace("{n}", at + 1);
  const label = pager.querySelector(".at");
  if (label.textContent !== text) label.textContent = text;
  for (const b of pager.querySelectorAll("button")) {
    const to = at + Number(b.dataset.by);
    if (to < 0 || to >= sheets.length) b.setAttribute("aria-disabled", "true");
    else b.removeAttribute("aria-disabled");
  }
}
if (pager && sheets.length > 1) {
  pager.classList.add("on");
  pager.addEventListener("click", (e) => {
    const by = e.target.closest("button")?.dataset.by;
    sheets[current() + Number(by)]?.scrollIntoView({ behavior: "smooth", block: "start" });
  });
  let due = false;
  addEventListener("scroll", () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; tell(); });
  }, { passive: true });
  tell();
}
