// Tells the site whose frame this page stands in what has happened, and nobody but the origins that the company has
// registered: a message goes to an exact origin, and a browser hands it to no other (docs/embedding.md).
const patience = 5000;
let told = false;

async function signedDocument({ url, digest, fileName }) {
  const answer = await fetch(url, { cache: "no-store", credentials: "same-origin" });
  if (!answer.ok) return undefined;
  const bytes = new Uint8Array(await answer.arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return { content: btoa(text), digest, fileName };
}

async function tell() {
  const { news, origins } = document.body.dataset;
  if (told || !news) return;
  told = true;
  for (const { file, ...message } of JSON.parse(news)) {
    const content = file && await signedDocument(file).catch(() => undefined);
    if (content) message.signedDocument = content;
    for (const origin of origins.split(" ")) {
      // Where the browser says whose frame it is, others are not even tried.
      if (location.ancestorOrigins?.length > 0 && location.ancestorOrigins[0] !== origin) continue;
      parent.postMessage(message, origin);
    }
  }
  // A reload is no second signature.
  const here = new URL(location);
  if (here.searchParams.has("signed")) {
    here.searchParams.delete("signed");
    history.replaceState(null, "", here);
  }
}

// While the seal is being made the page says something new when it is done (watch.js); then the document goes along.
function soon() {
  clearTimeout(timer);
  if (parent !== window) timer = setTimeout(tell, document.body.dataset.wait === undefined ? 0 : patience);
}

let timer = 0;
soon();
document.addEventListener("renewed", soon);
