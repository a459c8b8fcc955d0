// <innsigli-signing src="https://sign.example.com/s/sp…/si…"> shows a signing page in a frame of your site and turns its
// messages into events of the element: document_signed, signing_completed, already_signed, process_not_found,
// process_expired, process_canceled, error. Each carries the message as event.detail. Attributes: src, lng,
// skip-greeting, hide-header, no-end-screen, and height in pixels. Your origin must be registered with the company.
const types = new Set([
  "document_signed", "signing_completed", "already_signed", "process_not_found", "process_expired", "process_canceled", "error",
]);

class InnsigliSigning extends HTMLElement {
  static observedAttributes = ["src", "lng"];

  #frame = null;

  #shown = false;

  #heard = (e) => {
    if (e.source !== this.#frame?.contentWindow || e.origin !== new URL(this.#frame.src).origin) return;
    if (!types.has(e.data?.type)) return;
    this.dispatchEvent(new CustomEvent(e.data.type, { detail: e.data, bubbles: true, composed: true }));
  };

  connectedCallback() {
    addEventListener("message", this.#heard);
    this.#shown = true;
    this.#show();
  }

  disconnectedCallback() {
    removeEventListener("message", this.#heard);
    this.#shown = false;
    this.#frame?.remove();
    this.#frame = null;
  }

  attributeChangedCallback(_name, before, now) {
    // An element that is only being made shows its frame once, when it is connected.
    if (this.#shown && before !== now) this.#show();
  }

  #show() {
    const src = this.getAttribute("src");
    this.#frame?.remove();
    this.#frame = null;
    if (!src) return;
    const url = new URL(src, location.href);
    if (url.protocol !== "https:" && url.protocol !== "http:") return;
    url.searchParams.set("iframe", "true");
    if (this.getAttribute("lng")) url.searchParams.set("lng", this.getAttribute("lng"));
    if (this.hasAttribute("skip-greeting")) url.searchParams.set("skipGreeting", "true");
    if (this.hasAttribute("hide-header")) url.searchParams.set("hideSignDocumentHeaderText", "true");
    if (this.hasAttribute("no-end-screen")) url.searchParams.set("showEndScreen", "false");
    const frame = document.createElement("iframe");
    frame.src = url.href;
    frame.title = this.getAttribute("title") ?? "Signing";
    // Our origin and nothing more: it is how an unknown link knows whom it may tell so.
    frame.referrerPolicy = "strict-origin";
    frame.style.cssText = "display:block;width:100%;border:0";
    frame.style.height = `${Number(this.getAttribute("height")) || 900}px`;
    this.#frame = frame;
    this.append(frame);
  }
}

if (!customElements.get("innsigli-signing")) customElements.define("innsigli-signing", InnsigliSigning);
