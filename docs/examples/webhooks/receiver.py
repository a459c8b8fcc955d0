"""A webhook receiver with the standard library alone: PORT and WEBHOOK_KEY are its environment."""

import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAX_BODY = 80 * 1024 * 1024  # a document of 50 MB in base64, and the rest
KEYS = os.environ["WEBHOOK_KEY"].split()


def sign(key: bytes, *data: bytes) -> str:
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for part in data:
        mac.update(part)
    return base64.b64encode(mac.digest()).decode()


def signed(headers, body: bytes) -> bool:
    """The Standard Webhooks headers, which cover the body."""
    message_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not at.isdigit() or abs(time.time() - int(at)) > 300:
        return False
    got = headers.get("webhook-signature", "").split()
    for key in KEYS:
        want = "v1," + sign(base64.b64decode(key), f"{message_id}.{at}.".encode(), body)
        if any(hmac.compare_digest(g.encode(), want.encode()) for g in got):
            return True
    return False


def documented(event: dict) -> bool:
    """The signature in the body. Who has checked the headers need not."""
    s = event["EventSignature"]
    return any(
        hmac.compare_digest(s["Signature"].encode(), sign(key.encode(), s["SignedData"].encode()).encode()) for key in KEYS
    )


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        size = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(size) if size <= MAX_BODY else b""
        ok = signed(self.headers, body)
        if ok:
            event = json.loads(body)
            ok = documented(event)
        if ok:
            # Put it into a queue here, unless its Id is there already.
            data = event["EventData"]
            document = base64.b64decode(data.get("SignedDocument", ""))
            print(event["Id"], data["EventType"], data["ProcessKey"], len(document), flush=True)
        self.send_response(200 if ok else 401)
        self.end_headers()

    def log_message(self, *args):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Receiver).serve_forever()
