"""Texts the owner that the nightly backup is done."""

import os
import sys
import time

import requests

sid = os.environ.get("TWILIO_ACCOUNT_SID", "AC0123456789abcdef0123456789abcdef")
token = os.environ.get("TWILIO_AUTH_TOKEN", "secret")
message = {
    "From": os.environ.get("TWILIO_NUMBER", "+15555550123"),
    "To": os.environ.get("OWNER", "+15558675310"),
    "Body": "The backup is done.",
}

while True:
    answer = requests.post(f"https://api.twilio.com/2010-04-01/Accounts/{sid}/Messages.json", data=message, auth=(sid, token), timeout=10)
    if answer.status_code == 201:
        print("sent", answer.json()["sid"])
        break
    if answer.status_code != 429:
        sys.exit(answer.text)
    time.sleep(int(answer.headers.get("Retry-After", 1)) + 0.1)
