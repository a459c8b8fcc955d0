// Tells the server which pages were in front of the person and for how long, for the evidence. It is told every 15 seconds,
// and when the page is left. A page counts as seen when a good part of it stood in the window for a second. Without this
// module everything works, and the evidence says less.
const url = document.querySelector("main[data-seen]")?.dataset.seen;
const sheets = [...document.querySelectorAll(".sheet")];
const every = 15;
const inView = new Map(); // since when
const told = new Set();
const news = new Set();
let seconds = 0;
let last = performance.now();
let over = !url;

const watching = new IntersectionObserver((entries) => {
  for (const { target, intersectionRect: r, rootBounds } of entries) {
    const n = Number(target.dataset.n);
    const whole = target.getBoundingClientRect().height;
    const most = Math.min(whole, rootBounds?.height ?? innerHeight);
    if (r.height === 0 || r.height < most / 2) inView.delete(n);
    else if (!inView.has(n)) inView.set(n, performance.now());
  }
}, { threshold: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1] });

function count() {
  const now = performance.now();
  const passed = (now - last) / 1000;
  last = now;
  // A machine that slept was in front of nobody.
  if (document.visibilityState !== "visible" || passed > 5 || inView.size === 0) return;
  seconds += passed;
  for (const [n, since] of inView) {
    if (now - since >= 1000 && !told.has(n)) news.add(n);
  }
}

async function tell(leaving) {
  const whole = Math.round(seconds);
  if (over || (whole < 1 && news.size === 0)) return;
  const pages = [...news].slice(0, 500);
  const body = JSON.stringify({ pages, seconds: whole });
  seconds -= whole;
  for (const n of pages) {
    told.add(n);
    news.delete(n);
  }
  if (leaving) {
    navigator.sendBeacon(url, new Blob([body], { type: "application/json" }));
    return;
  }
  try {
    const answer = await fetch(url, {
      method: "POST", body, keepalive: true, cache: "no-store", credentials: "omit", headers: { "content-type": "application/json" },
    });
    if (answer.status === 404 || answer.status === 410 || answer.status === 400) over = true;
  } catch {
    // What was told in vain is lost: it is no proof anyway.
  }
}

if (!over) {
  for (const sheet of sheets) watching.observe(sheet);
  let ticks = 0;
  setInterval(() => {
    count();
    ticks += 1;
    if (ticks % every === 0) tell(false);
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") {
      // The second that has begun was still seen.
      seconds += Math.min(1, (performance.now() - last) / 1000) * (inView.size > 0 ? 1 : 0);
      tell(true);
    }
    last = performance.now();
  });
}
