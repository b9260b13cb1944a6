"""Sells one thing: a payment intent to pay it with, and a webhook that says when it is paid."""

import os

import stripe
from flask import Flask, jsonify, request

stripe.api_key = os.environ.get("STRIPE_SECRET_KEY", "sk_test_123456789")
app = Flask(__name__)
orders = {}  # status by payment intent


@app.post("/orders")
def order():
    intent = stripe.PaymentIntent.create(amount=2000, currency="usd", payment_method_types=["card"], idempotency_key=request.form["cart"])
    orders.setdefault(intent.id, "waiting")
    return {"order": intent.id, "client_secret": intent.client_secret}, 201


@app.post("/webhooks")
def webhook():
    try:
        event = stripe.Webhook.construct_event(request.data, request.headers["Stripe-Signature"], os.environ["STRIPE_WEBHOOK_SECRET"])
    except (ValueError, KeyError, stripe.error.SignatureVerificationError) as error:
        return str(error), 400
    intent = event["data"]["object"]
    if event["type"] == "payment_intent.succeeded":
        orders[intent["id"]] = "paid"
    elif event["type"] == "payment_intent.payment_failed":
        orders[intent["id"]] = "declined: " + intent["last_payment_error"]["message"]
    return "", 204


@app.get("/orders")
def show():
    return jsonify(orders)


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", 8080)))
