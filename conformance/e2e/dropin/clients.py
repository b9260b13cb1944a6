"""An application's calls of its vendors, which does not know Mirra: clients.py NAME
makes one object and prints its id."""
import asyncio
import http.client
import json
import ssl
import subprocess
import sys
import urllib.request

KEY = "sk_test_dropin1234567890"
HEADERS = {"Authorization": "Bearer " + KEY, "Content-Type": "application/x-www-form-urlencoded"}
URL = "https://api.stripe.com/v1/customers"


def by_http_client():
    c = http.client.HTTPSConnection("api.stripe.com")
    c.request("POST", "/v1/customers", "name=http.client", HEADERS)
    return json.load(c.getresponse())["id"]


def by_urllib():
    return json.load(urllib.request.urlopen(urllib.request.Request(URL, b"name=urllib", HEADERS)))["id"]


def by_requests():
    import requests

    return requests.post(URL, "name=requests", headers=HEADERS).json()["id"]


def by_requests_session():
    import requests

    s = requests.Session()
    s.trust_env = False
    return s.post(URL, "name=requests", headers=HEADERS, verify="/etc/ssl/certs/ca-certificates.crt").json()["id"]


def by_urllib3():
    import urllib3

    return json.loads(urllib3.PoolManager().request("POST", URL, body="name=urllib3", headers=HEADERS).data)["id"]


def by_stripe():
    import stripe

    stripe.api_key = KEY
    return stripe.Customer.create(name="stripe").id


def by_asyncio():
    async def ask():
        context = ssl.create_default_context()
        r, w = await asyncio.open_connection("api.stripe.com", 443, ssl=context)
        w.write(("POST /v1/customers HTTP/1.1\r\nHost: api.stripe.com\r\nAuthorization: Bearer %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n" % KEY).encode())
        return await r.read()

    return json.loads(asyncio.run(ask()).partition(b"\r\n\r\n")[2])["id"]


def by_httpx():
    import httpx

    return httpx.post(URL, content="name=httpx", headers=HEADERS).json()["id"]


async def ask_aiohttp():
    import aiohttp

    async with aiohttp.ClientSession() as s, s.post(URL, data="name=aiohttp", headers=HEADERS) as answer:
        return json.loads(await answer.text())["id"]


def by_aiohttp():
    return asyncio.run(ask_aiohttp())


def by_uvloop():
    import uvloop

    uvloop.install()
    return asyncio.run(ask_aiohttp())


def by_uvloop_alone():
    import uvloop

    uvloop.install()
    return by_asyncio()


def by_smtplib():
    import email.message
    import smtplib

    mail = email.message.EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "onboarding@resend.dev", "delivered@resend.dev", "hello"
    mail.set_content("hello")
    with smtplib.SMTP_SSL("smtp.resend.com", 465, context=ssl.create_default_context()) as s:
        s.login("resend", "re_e2e_123456789")
        s.mail("onboarding@resend.dev")
        s.rcpt("delivered@resend.dev")
        return s.data(mail.as_bytes())[1].decode().rpartition(" ")[2]


def by_child():
    return subprocess.run([sys.executable, __file__, "http.client"], check=True, capture_output=True, text=True).stdout.strip()


CLIENTS = {
    "http.client": by_http_client, "urllib": by_urllib, "requests": by_requests, "requests without its environment": by_requests_session,
    "urllib3": by_urllib3, "stripe": by_stripe, "asyncio": by_asyncio, "httpx": by_httpx, "aiohttp": by_aiohttp,
    "aiohttp on uvloop": by_uvloop, "uvloop": by_uvloop_alone, "smtplib": by_smtplib, "a child process": by_child,
}
print(CLIENTS[sys.argv[1]]())
