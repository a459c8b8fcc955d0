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

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (e) => {
    const button = form.querySelector(".btn");
    if (button.hasAttribute("aria-disabled")) return e.preventDefault();
    button.setAttribute("aria-disabled", "true");
    button.dataset.words = button.textContent;
    button.textContent = button.dataset.busy;
  });
}

// Coming back with the browser's arrow finds the form as it was before it was sent.
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll(".btn[data-words]")) {
    button.removeAttribute("aria-disabled");
    button.textContent = button.dataset.words;
  }
});

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
