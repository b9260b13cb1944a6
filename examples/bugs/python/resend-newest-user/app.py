"""Keeps the users of a photo album in SQLite."""

import json
import os
import sqlite3
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

KEY = os.environ.get("RESEND_API_KEY", "re_123456789")
db = sqlite3.connect(":memory:", check_same_thread=False)
db.row_factory = sqlite3.Row
db.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE, status TEXT DEFAULT 'active')")
lock = threading.RLock()


def query(sql, *values):
    with lock, db:
        return [dict(row) for row in db.execute(sql, values)]


def signup(body):
    email = urllib.parse.parse_qs(body.decode())["email"][0]
    query("INSERT OR IGNORE INTO users (email) VALUES (?)", email)
    [user] = query("SELECT * FROM users WHERE email = ?", email)
    if user["status"] != "active":
        return 409, {"error": "mail to you came back"}
    answer = requests.post("https://api.resend.com/emails", json={"from": "Album <album@mail.acme.com>", "to": email, "subject": "Your album", "html": "<p>It is empty.</p>"}, headers={"Authorization": f"Bearer {KEY}"}, timeout=10)
    return (201, user) if answer.ok else (502, answer.json())


def webhook(body):
    if json.loads(body)["type"] == "email.bounced":
        query("UPDATE users SET status = 'bounced' WHERE id = (SELECT max(id) FROM users WHERE status = 'active')")
    return 200, {}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        route = {"/users": signup, "/webhook": webhook}.get(self.path)
        self.answer(*(route(body) if route else (404, {})))

    def do_GET(self):
        if self.path == "/users":
            return self.answer(200, query("SELECT email, status FROM users ORDER BY id"))
        self.answer(404, {})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", 3000))), Handler)
print("listening on", server.server_port, flush=True)
server.serve_forever()
