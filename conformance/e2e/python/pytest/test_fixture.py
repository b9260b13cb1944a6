"""What the fixture mirra does, with stripe-python as an application has it."""

import datetime
import http.server
import os
import subprocess
import sys
import threading
import urllib.request

import pytest
import pytest_mirra
import stripe

stripe.api_key = "sk_test_pytest123456789"
stripe.max_network_retries = 0


def emails(mirra):
    return sorted(c["email"] for c in mirra.state("stripe", "customers"))


@pytest.mark.mirra("stripe")
@pytest.mark.parametrize("n", range(24))
def test_workers_do_not_mix(mirra, n):
    mine = ["%s-%d-%d@example.com" % (os.environ["PYTEST_XDIST_WORKER"], n, i) for i in range(4)]
    for email in mine:
        stripe.Customer.create(email=email)
    assert emails(mirra) == mine
    assert sorted(c.email for c in stripe.Customer.list().data) == mine


@pytest.mark.mirra("stripe")
def test_steers(mirra):
    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    mirra.forward("stripe", "http://127.0.0.1:%d/hook" % server.server_port)
    stripe.Customer.create(email="jenny@example.com")
    made = stripe.Customer.create(email="rosen@example.com")
    webhook = mirra.wait_for_webhook("customer.created", lambda w: w.json()["data"]["object"]["id"] == made.id)
    assert webhook.status == 204
    assert webhook.mirror == "stripe"
    stripe.Webhook.construct_event(webhook.body, webhook.headers["stripe-signature"], os.environ["STRIPE_WEBHOOK_SECRET"])
    server.shutdown()
    server.server_close()

    mirra.fault(path="/v1/customers", error="rate-limit", count=1)
    with pytest.raises(stripe.error.RateLimitError):
        stripe.Customer.list()
    assert len(stripe.Customer.list().data) == 2

    mirra.freeze()
    before = mirra.advance("1d")["clock"]["now"]
    after = mirra.advance(datetime.timedelta(days=1))["clock"]["now"]
    assert before[:10] < after[:10]
    mirra.resume()

    mirra.snapshot("two")
    stripe.Customer.delete(made.id)
    mirra.restore("two")
    assert len(emails(mirra)) == 2
    mirra.reset()
    assert emails(mirra) == []
    assert mirra.advance("1s")["clock"]["now"][:10] < before[:10]
    mirra.simulate("invoice.payment_failed")
    posts = mirra.trace(type="traffic.request_completed", method="POST")
    assert [e["path"] for e in posts] == ["/v1/customers", "/v1/customers"]
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(mirra.url("stripe") + "/v1/customers")


@pytest.mark.mirra("stripe")
def test_fault_is_left(mirra):
    mirra.fault(error="rate-limit")


@pytest.mark.mirra("stripe")
def test_no_fault_is_found(mirra):
    assert stripe.Customer.list().data == []
    assert mirra.trace(type="session.lifecycle") == []


@pytest.mark.mirra("stripe", seeds={"stripe": {"customers": [{"id": "cus_seeded", "email": "seeded@example.com"}]}})
@pytest.mark.parametrize("n", range(2))
def test_seed(mirra, n):
    assert emails(mirra) == ["seeded@example.com"]
    # The SDK's connection, if it was kept, is not that of a session before.
    assert stripe.Customer.retrieve("cus_seeded").email == "seeded@example.com"
    stripe.Customer.delete("cus_seeded")


@pytest.mark.mirra("stripe,resend", seeds={"resend": ["transactional-busy"]})
def test_fixtures(mirra):
    assert len(mirra.state("resend", "emails")) >= 100
    made = subprocess.run([sys.executable, "-c", "import stripe; stripe.api_key = 'sk_test_123456789'; print(stripe.Customer.create(email='child@example.com').id)"], stdout=subprocess.PIPE, check=True)
    assert mirra.state("stripe", "customers")[0]["id"] == made.stdout.decode().strip()


def test_without_mirra_nothing_is_led():
    assert "MIRRA_SESSION" not in os.environ
    assert sys.modules.get("mirra_dropin") is None or sys.modules["mirra_dropin"]._domains == []


@pytest.mark.mirra("stripe")
def test_errors(mirra):
    for call, text in (
        (lambda: mirra.url("twilio"), "no mirror 'twilio'"),
        (lambda: mirra.simulate("what.ever"), "what.ever"),
        (lambda: mirra.restore("what"), 'no snapshot "what"'),
        (lambda: mirra.fault(error="what"), "it has"),
        (lambda: mirra.wait_for_webhook("customer.created", timeout=0), "is an endpoint registered"),
    ):
        with pytest.raises(pytest_mirra.MirraError, match=text):
            call()
