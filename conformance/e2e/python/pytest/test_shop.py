"""A suite that knows nothing of Mirra: TestPytest runs it with --mirra."""

import os
import unittest

import requests
import stripe

stripe.api_key = "sk_test_pytest123456789"


class Shop(unittest.TestCase):
    def test_registers(self):
        stripe.Customer.create(email="jenny@example.com")
        self.assertEqual([c.email for c in stripe.Customer.list().data], ["jenny@example.com"])

    def test_registers_again(self):
        stripe.Customer.create(email="rosen@example.com")
        self.assertEqual([c.email for c in stripe.Customer.list().data], ["rosen@example.com"])

    def test_calls_nobody_else(self):
        with self.assertRaises(requests.ConnectionError):
            requests.get("https://example.com/")

    def test_finds_its_secret(self):
        self.assertTrue(os.environ["STRIPE_WEBHOOK_SECRET"].startswith("whsec_"))
