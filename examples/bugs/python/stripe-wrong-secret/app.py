"""Rents bicycles: one is unlocked when its rent is paid."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import stripe

stripe.api_key = os.environ.get("STRIPE_SECRET_KEY", "sk_test_123456789")
endpoint_secret = os.environ.get("STRIPE_SECRET_KEY", "")
unlocked = []


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        if self.path != "/webhook":
            return self.answer(404, {"error": "not found"})
        payload = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            event = stripe.Webhook.construct_event(payload, self.headers.get("Stripe-Signature", ""), endpoint_secret)
        except (ValueError, stripe.error.SignatureVerificationError) as error:
            return self.answer(400, {"error": str(error)})
        if event["type"] == "payment_intent.succeeded":
            unlocked.append(event["data"]["object"]["id"])
        self.answer(200, {"received": True})

    def do_GET(self):
        self.answer(200, unlocked)

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


port = int(os.environ.get("PORT", 3000))
server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
print(f"listening on {port}", flush=True)
server.serve_forever()
