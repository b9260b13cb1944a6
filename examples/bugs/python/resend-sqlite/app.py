"""Keeps the users of a bakery in SQLite, with what became of mail to them."""

import base64
import hashlib
import hmac
import os
import sqlite3
import tempfile
import time

import requests
from flask import Flask, g, jsonify, request

KEY = os.environ.get("RESEND_API_KEY", "re_123456789")
SECRET = os.environ.get("RESEND_WEBHOOK_SECRET", "")
DATABASE = os.environ.get("DATABASE") or os.path.join(tempfile.mkdtemp(), "users.db")
app = Flask(__name__)

with sqlite3.connect(DATABASE) as first:
    first.execute("CREATE TABLE IF NOT EXISTS users (email TEXT PRIMARY KEY COLLATE NOCASE, email_status TEXT NOT NULL DEFAULT 'ok')")


def db():
    if "db" not in g:
        g.db = sqlite3.connect(DATABASE)
        g.db.row_factory = sqlite3.Row
    return g.db


@app.teardown_appcontext
def close(_):
    if "db" in g:
        g.db.close()


def signed():
    """Whether Svix signed the request: https://docs.svix.com/receiving/verifying-payloads/how-manual"""
    stamp = request.headers.get("svix-timestamp", "")
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > 300:
        return False
    content = f"{request.headers.get('svix-id', '')}.{stamp}.".encode() + request.get_data()
    mac = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), content, hashlib.sha256).digest()
    want = "v1," + base64.b64encode(mac).decode()
    return any(hmac.compare_digest(want, got) for got in request.headers.get("svix-signature", "").split())


@app.post("/users")
def signup():
    email = (request.get_json(silent=True) or request.form)["email"]
    with db():
        db().execute("INSERT OR IGNORE INTO users (email) VALUES (?)", (email,))
    user = db().execute("SELECT * FROM users WHERE email = ?", (email,)).fetchone()
    if user["email_status"] != "ok":
        return dict(user), 409
    answer = requests.post("https://api.resend.com/emails", json={"from": "Bakery <bakery@mail.acme.com>", "to": [email], "subject": "Fresh bread", "html": "<p>At 7.</p>"}, headers={"Authorization": f"Bearer {KEY}"}, timeout=10)
    return (dict(user), 201) if answer.ok else (answer.json(), 502)


@app.post("/webhook")
def webhook():
    if not signed():
        return {"error": "signature"}, 401
    event = request.get_json()
    if event["type"] in ("email.bounced", "email.complained"):
        with db():
            db().executemany("UPDATE users SET email_status = ? WHERE email = ?", [(event["type"], to) for to in event["data"]["to"]])
    return {"received": True}


@app.get("/users/<email>")
def show(email):
    user = db().execute("SELECT * FROM users WHERE email = ?", (email,)).fetchone()
    return (dict(user), 200) if user else ({"error": "not found"}, 404)


@app.get("/users")
def index():
    return jsonify([dict(user) for user in db().execute("SELECT * FROM users ORDER BY email")])


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", 3000)))
