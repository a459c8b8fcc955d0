// Asks the server whether what this page shows is still so: every two seconds while it is seen, and when it comes back
// out of the browser's memory, unseen until the server has said so. A document that may no longer be read is taken away before
// anything else happens.
const body = document.body;
let { watch: url, state, signed, home } = body.dataset;
const ended = ["Canceled", "Declined", "Expired"];
const offline = document.getElementById("offline");
const main = document.getElementById("main");
const every = 2000;
let timer = 0;
let over = false;
let left = 0; // how often the page was left: an answer from before says nothing of now

function leave(why) {
  over = true;
  const words = main.dataset;
  for (const img of main.querySelectorAll("img")) {
    img.removeAttribute("srcset");
    img.removeAttribute("src");
  }
  main.replaceChildren();
  document.dispatchEvent(new Event("gone"));
  if (words.goneWhy) {
    const card = document.createElement("div");
    card.className = "card";
    card.setAttribute("role", "alert");
    const title = document.createElement("h1");
    title.textContent = why === "Expired" ? words.goneExpired : words.goneCanceled;
    const text = document.createElement("p");
    text.textContent = words.goneWhy;
    card.append(title, text);
    main.className = "one";
    main.append(card);
  }
  location.replace(home);
}

// Puts what the page now says in the place of what it said, so that nothing blinks and nobody loses their place. A page
// that needs other modules is loaded whole.
async function renew() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store", credentials: "same-origin" });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = fresh.getElementById("main");
  const known = new Set([...document.scripts].map((s) => s.getAttribute("src")));
  if (!answer.ok || answer.redirected || !now || [...fresh.scripts].some((s) => !known.has(s.getAttribute("src")))) {
    over = true;
    return location.reload();
  }
  const within = main.contains(document.activeElement);
  document.title = fresh.title;
  for (const [to, from] of [[body, fresh.body], [main, now]]) {
    for (const name of to.getAttributeNames()) to.removeAttribute(name);
    for (const { name, value } of from.attributes) to.setAttribute(name, value);
  }
  main.replaceChildren(...now.childNodes);
  ({ watch: url, state, signed, home } = body.dataset);
  over = !url;
  const title = main.querySelector("h1");
  if (within && title) {
    title.tabIndex = -1;
    title.focus();
  }
  said.textContent = title?.textContent ?? "";
  document.dispatchEvent(new Event("renewed"));
}

// What a screen reader says when the page has changed.
const said = document.createElement("p");
said.className = "hidden";
said.setAttribute("role", "status");
body.append(said);

async function ask() {
  if (over || document.visibilityState === "hidden") return;
  const then = left;
  let answer;
  try {
    answer = await fetch(url, { headers: { accept: "application/json" }, cache: "no-store", credentials: "omit" });
  } catch {
    if (!over) offline.hidden = false;
    return;
  }
  if (left !== then) return;
  offline.hidden = answer.status < 500;
  if (over || answer.status >= 500) return;
  if (answer.status === 404 || answer.status === 410) return leave("Canceled");
  if (!answer.ok) return;
  const now = await answer.json();
  if (left !== then) return;
  if (ended.includes(now.state)) return leave(now.state);
  main.classList.remove("asleep");
  if (body.hasAttribute("data-reload") && (now.state !== state || String(now.signed) !== signed)) {
    // Else the next turn tries again.
    await renew().catch(() => { offline.hidden = false; });
  }
}

async function turn() {
  clearTimeout(timer);
  const then = left;
  await ask();
  if (!over && left === then) timer = setTimeout(turn, every);
}

turn();
addEventListener("pageshow", (e) => {
  if (!e.persisted || !url) return;
  over = false;
  turn();
});
addEventListener("pagehide", (e) => {
  clearTimeout(timer);
  left++;
  main.classList.toggle("asleep", e.persisted);
});
addEventListener("online", turn);
document.addEventListener("visibilitychange", turn);
