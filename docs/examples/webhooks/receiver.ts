// A webhook receiver for Node, without packages: PORT and WEBHOOK_KEY are its environment.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";

interface InnsigliEvent {
  Id: string;
  EventData: { ProcessKey: string; EventType: number; SignedDocument?: string };
  EventSignature: { Signature: string; SignedData: string };
}

const maxBody = 80 * 1024 * 1024; // a document of 50 MB in base64, and the rest
const keys = (process.env.WEBHOOK_KEY ?? "").split(" ");

function equal(a: string, b: string): boolean {
  const x = Buffer.from(a), y = Buffer.from(b);
  return x.length === y.length && timingSafeEqual(x, y);
}

// The Standard Webhooks headers, which cover the body.
function signed(headers: IncomingHttpHeaders, body: Buffer): boolean {
  const id = String(headers["webhook-id"]), at = String(headers["webhook-timestamp"]);
  if (!(Math.abs(Date.now() / 1000 - Number(at)) <= 300)) return false;
  const got = String(headers["webhook-signature"]).split(" ");
  return keys.some((key) => {
    const mac = createHmac("sha256", Buffer.from(key, "base64")).update(`${id}.${at}.`).update(body);
    const want = "v1," + mac.digest("base64");
    return got.some((g) => equal(g, want));
  });
}

// The signature in the body. Who has checked the headers need not. TimeStamp has more digits than a number here can hold,
// which is what SignedData is for.
function documented(e: InnsigliEvent): boolean {
  const { Signature, SignedData } = e.EventSignature;
  return keys.some((key) => equal(Signature, createHmac("sha256", key).update(SignedData).digest("base64")));
}

createServer((req, res) => {
  const parts: Buffer[] = [];
  let size = 0;
  req.on("data", (part: Buffer) => {
    if ((size += part.length) > maxBody) req.destroy();
    parts.push(part);
  });
  req.on("end", () => {
    const body = Buffer.concat(parts);
    let ok = false;
    try {
      if (signed(req.headers, body)) {
        const e = JSON.parse(body.toString("utf8")) as InnsigliEvent;
        if ((ok = documented(e))) {
          // Put it into a queue here, unless its Id is there already.
          const size = Buffer.from(e.EventData.SignedDocument ?? "", "base64").length;
          console.log(e.Id, e.EventData.EventType, e.EventData.ProcessKey, size);
        }
      }
    } catch {
      ok = false;
    }
    res.writeHead(ok ? 200 : 401).end();
  });
}).listen(Number(process.env.PORT), "127.0.0.1");
