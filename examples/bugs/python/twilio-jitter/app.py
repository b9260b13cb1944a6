"""Texts pupils that a lesson is cancelled."""

import os
import random
import time

import requests
from flask import Flask, jsonify, request

SID = os.environ.get("TWILIO_ACCOUNT_SID", "AC0123456789abcdef0123456789abcdef")
TOKEN = os.environ.get("TWILIO_AUTH_TOKEN", "secret")
NUMBER = os.environ.get("TWILIO_NUMBER", "+15555550123")
MAX_RETRIES = 4

app = Flask(__name__)
session = requests.Session()
session.auth = (SID, TOKEN)


def send(to, body):
    for retry in range(MAX_RETRIES + 1):
        answer = session.post(f"https://api.twilio.com/2010-04-01/Accounts/{SID}/Messages.json", data={"From": NUMBER, "To": to, "Body": body}, timeout=10)
        if answer.status_code != 429 or retry == MAX_RETRIES:
            return answer
        asked = float(answer.headers.get("Retry-After", 0))
        time.sleep(max(asked, 2**retry) * random.uniform(1.05, 1.2))


@app.post("/notify")
def notify():
    answer = send(request.form["to"], request.form.get("body", "No lesson today."))
    return jsonify(answer.json()), 202 if answer.ok else 502


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", 3000)), threaded=True)
