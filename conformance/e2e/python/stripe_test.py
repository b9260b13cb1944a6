"""Drives a mirror with stripe-python, as an application does: only the base URL
and the version are set. TestStripePython runs it."""

import http.server
import json
import os
import queue
import threading
import unittest

import stripe

stripe.api_key = "sk_test_e2e123456789"
stripe.api_base = os.environ["STRIPE_URL"]
stripe.api_version = os.environ["STRIPE_VERSION"]
stripe.max_network_retries = 0


class Errors(unittest.TestCase):
    def test_card_error(self):
        with self.assertRaises(stripe.error.CardError) as raised:
            stripe.PaymentIntent.create(
                amount=1000, currency="usd", payment_method_types=["card"],
                payment_method="pm_card_visa_chargeDeclined", confirm=True,
            )
        e = raised.exception
        self.assertEqual((e.http_status, e.code, e.user_message), (402, "card_declined", "Your card was declined."))
        self.assertEqual(e.error.decline_code, "generic_decline")
        self.assertEqual(e.error.payment_intent.status, "requires_payment_method")

    def test_invalid_request_error(self):
        with self.assertRaises(stripe.error.InvalidRequestError) as raised:
            stripe.Customer.retrieve("cus_nobody")
        e = raised.exception
        self.assertEqual((e.http_status, e.code, e.param), (404, "resource_missing", "id"))
        self.assertRegex(e.request_id, "^req_")

    def test_not_mirrored(self):
        with self.assertRaises(stripe.error.APIError) as raised:
            stripe.terminal.ConnectionToken.create()
        self.assertEqual((raised.exception.http_status, raised.exception.error.code), (501, "mirra_not_mirrored"))

    def test_idempotency_error(self):
        made = stripe.Customer.create(email="a@example.com", idempotency_key="order-1")
        again = stripe.Customer.create(email="a@example.com", idempotency_key="order-1")
        self.assertEqual(again.id, made.id)
        self.assertEqual(again.last_response.headers["Idempotent-Replayed"], "true")
        with self.assertRaises(stripe.error.IdempotencyError):
            stripe.Customer.create(email="b@example.com", idempotency_key="order-1")

    def test_authentication_error(self):
        with self.assertRaises(stripe.error.AuthenticationError) as raised:
            stripe.Balance.retrieve(api_key="sk_test_x")
        self.assertEqual(raised.exception.http_status, 401)

    def test_rate_limit_error(self):
        # The session's only request for coupons meets a fault.
        with self.assertRaises(stripe.error.RateLimitError) as raised:
            stripe.Coupon.list()
        self.assertEqual(raised.exception.http_status, 429)
        self.assertEqual(stripe.Coupon.list().data, [])


class Lists(unittest.TestCase):
    def test_auto_paging(self):
        made = [stripe.Customer.create(email="page@example.com").id for _ in range(23)]
        pages = stripe.Customer.list(email="page@example.com", limit=5)
        self.assertEqual([c.id for c in pages.auto_paging_iter()], made[::-1])


class Webhooks(unittest.TestCase):
    def test_construct_event(self):
        came = queue.Queue()

        class Hook(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                came.put((self.rfile.read(int(self.headers["Content-Length"])), self.headers["Stripe-Signature"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = "http://127.0.0.1:%d/hook" % server.server_port
            secret = stripe.WebhookEndpoint.create(url=url, enabled_events=["product.created"]).secret
            product = stripe.Product.create(name="Ride")
            body, signature = came.get(timeout=20)
            server.shutdown()
        event = stripe.Webhook.construct_event(body, signature, secret)
        self.assertEqual((event.type, event.data.object.id), ("product.created", product.id))
        self.assertEqual(json.loads(body)["api_version"], stripe.api_version)
        for payload, key in ((body.replace(b"Ride", b"Rude"), secret), (body, "whsec_wrong")):
            with self.assertRaises(stripe.error.SignatureVerificationError):
                stripe.Webhook.construct_event(payload, signature, key)


if __name__ == "__main__":
    unittest.main()
