// Dropping a file on the page is the same as choosing it and pressing the button. Without this module the form works as it is.
const form = document.getElementById("drop");
const input = document.getElementById("file");
const button = form.querySelector("button");
const words = button.textContent;

for (const type of ["dragenter", "dragover"]) {
  document.addEventListener(type, (e) => {
    e.preventDefault();
    form.classList.add("over");
  });
}
document.addEventListener("dragleave", (e) => {
  if (e.relatedTarget === null) form.classList.remove("over");
});
document.addEventListener("drop", (e) => {
  e.preventDefault();
  form.classList.remove("over");
  if (e.dataTransfer.files.length === 0) return;
  input.files = e.dataTransfer.files;
  form.requestSubmit();
});

form.addEventListener("submit", (e) => {
  if (button.hasAttribute("aria-disabled")) return e.preventDefault();
  button.setAttribute("aria-disabled", "true");
  button.textContent = button.dataset.busy;
});
// Coming back to the page shows it as it was left, the button too.
addEventListener("pageshow", () => {
  button.removeAttribute("aria-disabled");
  button.textContent = words;
});
