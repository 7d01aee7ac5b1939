"""Handles each event once and in order; what was not delivered is read from the API."""

import base64
import json
import os
import time
from hmac import compare_digest, digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from urllib.request import Request, urlopen

SECRET = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
FEED = f"{os.environ['API_URL']}/api/v1/events?type={os.environ.get('EVENT_TYPE', '*')}&after="
KEY, LAST, arrived = {"Authorization": f"Bearer {os.environ['API_KEY']}"}, Path(os.environ["LAST_FILE"]), SimpleQueue()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        id_, at, given = (self.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
        mac = b"v1," + base64.b64encode(digest(SECRET, f"{id_}.{at}.".encode() + body, "sha256"))
        genuine = any(compare_digest(mac, one.encode()) for one in given.split()) and abs(time.time() - int(at)) <= 300
        self.send_response(204 if genuine else 401)
        self.end_headers()
        if genuine:
            arrived.put(json.loads(body))


Thread(target=ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Receiver).serve_forever, daemon=True).start()
last, event = int(LAST.read_text()) if LAST.exists() else 0, {"sequence": 0}
while True:
    try:
        page = [event]
        if event["sequence"] != last + 1:
            with urlopen(Request(f"{FEED}{last}", None, KEY), timeout=30) as answer:
                page = json.load(answer)
        for one in page:
            print(one["sequence"], one["type"], flush=True)  # your work
            LAST.with_suffix(".new").write_text(str(last := one["sequence"]))
            LAST.with_suffix(".new").replace(LAST)
        event = arrived.get() if page in ([], [event]) else event
    except OSError as error:
        print("tried again in 2 seconds:", error, flush=True)
        time.sleep(2)
