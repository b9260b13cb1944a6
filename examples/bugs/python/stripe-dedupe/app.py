"""Credits prepaid cards. Stripe may send an event twice; a card is credited once."""

import os
import sqlite3
import threading

import stripe
from flask import Flask, request

stripe.api_key = os.environ.get("STRIPE_SECRET_KEY", "sk_test_123456789")
app = Flask(__name__)
db = sqlite3.connect(":memory:", check_same_thread=False)
db.execute("CREATE TABLE events (id TEXT PRIMARY KEY)")
db.execute("CREATE TABLE credits (card TEXT, cents INTEGER)")
lock = threading.Lock()


@app.post("/hooks")
def hooks():
    try:
        event = stripe.Webhook.construct_event(request.get_data(), request.headers.get("Stripe-Signature", ""), os.environ["STRIPE_WEBHOOK_SECRET"])
    except (ValueError, stripe.error.SignatureVerificationError) as error:
        return {"error": str(error)}, 400
    with lock, db:
        new = db.execute("INSERT OR IGNORE INTO events VALUES (?)", (event["id"],)).rowcount
        if new and event["type"] == "payment_intent.succeeded":
            intent = event["data"]["object"]
            db.execute("INSERT INTO credits VALUES (?, ?)", (intent["id"], intent["amount_received"]))
    return {"received": True}


@app.get("/credits")
def credits():
    with lock:
        return dict(db.execute("SELECT card, sum(cents) FROM credits GROUP BY card").fetchall())


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", 3000)))
