// Signs a PDF with LibPDF, as the documents that our verification must judge right: node sign.mjs IN.pdf KEY.p12 OUT.pdf
import { readFile, writeFile } from "node:fs/promises";
import { webcrypto } from "node:crypto";
import { P12Signer, PDF } from "@libpdf/core";

// LibPDF takes it from the global scope, where Node 18, which is Debian 12's, does not have it yet.
globalThis.crypto ??= webcrypto;

const [source, key, target] = process.argv.slice(2);
const signer = await P12Signer.create(await readFile(key), "x");
const pdf = await PDF.load(await readFile(source));
const { bytes } = await pdf.sign({ signer, reason: "A sample", fieldName: "Sample" });
await writeFile(target, bytes);
