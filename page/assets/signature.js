// Drawing a signature with a finger, a pen or the mouse. The strokes are kept, so that they are drawn anew in any size
// and sent as one image; nothing is sent before the form is. Typing a name needs none of this.
const form = document.querySelector("form.mark");
const canvas = document.getElementById("pad");
const say = document.getElementById("say");
const hand = document.getElementById("kind-draw");
const strokes = []; // lists of [x, y, pressure], x and y as parts of the pad's width
const ink = "#17202e";
const thick = 0.0065; // of the width

const pen = (context, width, height) => {
  context.clearRect(0, 0, width, height);
  context.strokeStyle = context.fillStyle = ink;
  context.lineCap = context.lineJoin = "round";
  for (const points of strokes) draw(context, points, width);
};

// A line goes through the middles between the points, bent towards the points: that is how a hand moves.
function draw(context, points, width) {
  const at = (p) => [p[0] * width, p[1] * width];
  if (points.length === 1) {
    context.beginPath();
    context.arc(...at(points[0]), thick * width * 0.8, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  let from = at(points[0]);
  for (let i = 1; i < points.length; i++) {
    const here = at(points[i - 1]);
    const next = at(points[i]);
    const to = i === points.length - 1 ? next : [(here[0] + next[0]) / 2, (here[1] + next[1]) / 2];
    context.lineWidth = thick * width * (0.6 + 0.8 * points[i][2]);
    context.beginPath();
    context.moveTo(...from);
    context.quadraticCurveTo(...here, ...to);
    context.stroke();
    from = to;
  }
}

function paint() {
  const { clientWidth: w, clientHeight: h } = canvas;
  if (w === 0) return;
  const dots = Math.min(devicePixelRatio || 1, 3);
  canvas.width = Math.round(w * dots);
  canvas.height = Math.round(h * dots);
  pen(canvas.getContext("2d"), canvas.width, canvas.height);
}

function image() {
  const out = document.createElement("canvas");
  // Less when the drawing is heavy: the server takes only so many bytes.
  for (let width = 1200; width >= 300; width /= 2) {
    out.width = width;
    out.height = Math.round(width * canvas.clientHeight / canvas.clientWidth);
    pen(out.getContext("2d"), out.width, out.height);
    const url = out.toDataURL("image/png");
    if (url.length * 0.75 < Number(form.dataset.bytes)) return url;
  }
  return "";
}

function tell(words) {
  say.textContent = words;
  say.hidden = words === "";
}

let stroke = null;
const point = (e) => {
  const r = canvas.getBoundingClientRect();
  return [(e.clientX - r.left) / r.width, (e.clientY - r.top) / r.width, e.pointerType === "pen" ? e.pressure : 0.5];
};
canvas.addEventListener("pointerdown", (e) => {
  if (stroke || e.button !== 0) return;
  e.preventDefault();
  canvas.setPointerCapture(e.pointerId);
  strokes.push(stroke = [point(e)]);
  stroke.pointer = e.pointerId;
  tell("");
  form.classList.add("drawn");
  paint();
});
canvas.addEventListener("pointermove", (e) => {
  if (stroke?.pointer !== e.pointerId) return;
  const all = e.getCoalescedEvents?.() ?? [];
  stroke.push(...(all.length > 0 ? all : [e]).map(point));
  paint();
});
for (const type of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(type, (e) => { if (stroke?.pointer === e.pointerId) stroke = null; });
}
form.querySelector(".wipe").addEventListener("click", () => {
  strokes.length = 0;
  form.classList.remove("drawn");
  paint();
});
form.addEventListener("change", () => {
  tell("");
  paint();
});
new ResizeObserver(paint).observe(canvas);

// Before the module that sends a form only once (code.js) hears of it.
form.addEventListener("submit", (e) => {
  if (!hand.checked) return;
  const url = strokes.length > 0 ? image() : "";
  if (url) {
    form.elements.image.value = url;
    return;
  }
  e.preventDefault();
  e.stopImmediatePropagation();
  tell(strokes.length > 0 ? say.dataset.bad : say.dataset.empty);
}, { capture: true });

// A finger draws more easily than it types.
if (matchMedia("(pointer: coarse)").matches && say.hidden) hand.checked = true;
paint();
