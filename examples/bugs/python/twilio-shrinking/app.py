"""Asks patients by text message to come in."""

import base64
import os
import time
import urllib.error
import urllib.parse
import urllib.request

from flask import Flask, request

SID = os.environ.get("TWILIO_ACCOUNT_SID", "AC0123456789abcdef0123456789abcdef")
TOKEN = os.environ.get("TWILIO_AUTH_TOKEN", "secret")
NUMBER = os.environ.get("TWILIO_NUMBER", "+15555550123")
PAUSES = [1, 0.5, 0.25, 0.125]  # seconds

app = Flask(__name__)


def create(to, body):
    form = urllib.parse.urlencode({"From": NUMBER, "To": to, "Body": body}).encode()
    credentials = base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
    message = urllib.request.Request(f"https://api.twilio.com/2010-04-01/Accounts/{SID}/Messages.json", form, {"Authorization": f"Basic {credentials}"})
    with urllib.request.urlopen(message) as response:
        return response.read()


@app.post("/send")
def send():
    for pause in [*PAUSES, None]:
        try:
            return create(request.form["to"], request.form.get("body", "The doctor sees you now.")), 201
        except urllib.error.HTTPError as error:
            if error.code != 429 or pause is None:
                return error.read(), 502
        time.sleep(pause)


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", 3000)))
