// Comfort for the code: only its digits stay in the field, a form is not sent twice, and sending again waits with a
// count-down. Without this module everything works, only plainer.
const field = document.getElementById("code");
if (field) {
  const tidy = () => {
    const digits = field.value.replace(/\D/g, "").slice(0, 6);
    if (digits !== field.value) field.value = digits;
  };
  field.addEventListener("input", tidy);
  field.addEventListener("paste", (e) => {
    const digits = (e.clipboardData?.getData("text") ?? "").replace(/\D/g, "").slice(0, 6);
    if (!digits) return;
    e.preventDefault();
    field.value = digits;
  });
}

// Whether the server is there. A form that is sent to nobody takes what was entered or drawn with it.
async function reachable() {
  try {
    const answer = await fetch(location.href, { method: "HEAD", cache: "no-store", credentials: "same-origin", redirect: "manual" });
    return answer.status < 500;
  } catch {
    return false;
  }
}

function ready(button) {
  button.removeAttribute("aria-disabled");
  button.textContent = button.dataset.words;
}

for (const form of document.querySelectorAll("form[data-once]")) {
  const button = form.querySelector(".btn");
  const unsent = document.createElement("p");
  unsent.className = "say";
  unsent.setAttribute("role", "alert");
  let sure = false;
  form.addEventListener("submit", async (e) => {
    if (sure) return;
    e.preventDefault();
    if (button.hasAttribute("aria-disabled")) return;
    button.setAttribute("aria-disabled", "true");
    button.dataset.words = button.textContent;
    button.textContent = button.dataset.busy;
    unsent.remove();
    if (await reachable()) {
      sure = true;
      return form.requestSubmit(e.submitter);
    }
    ready(button);
    unsent.textContent = document.getElementById("offline").dataset.unsent;
    button.before(unsent);
  });
  addEventListener("pageshow", () => { sure = false; });
}

// Coming back with the browser's arrow finds the form as it was before it was sent.
addEventListener("pageshow", () => document.querySelectorAll(".btn[data-words]").forEach(ready));

const again = document.querySelector("form.again");
if (again) {
  const buttons = [...again.querySelectorAll("button")];
  const [button] = buttons;
  const words = button.textContent;
  const until = performance.now() + Number(again.dataset.wait) * 1000;
  const tick = () => {
    const left = Math.ceil((until - performance.now()) / 1000);
    if (left <= 0) {
      buttons.forEach((b) => b.removeAttribute("aria-disabled"));
      button.textContent = words;
      return;
    }
    buttons.forEach((b) => b.setAttribute("aria-disabled", "true"));
    button.textContent = again.dataset.text.replace("{n}", left);
    setTimeout(tick, 250);
  };
  again.addEventListener("submit", (e) => {
    if (button.hasAttribute("aria-disabled")) e.preventDefault();
    else buttons.forEach((b) => b.setAttribute("aria-disabled", "true"));
  });
  tick();
}
