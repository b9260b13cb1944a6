"""Calls every typed method of stripe-python with ids of nobody, and prints what
each asks for and how it is answered, in lines of JSON. TestRoundTrips runs it."""

import inspect
import json
import os
import urllib.parse

import stripe
from stripe.http_client import new_default_http_client

NOBODY = os.environ["NOBODY"]
BASE = os.environ["STRIPE_URL"]

stripe.api_key = "sk_test_e2e123456789"
stripe.api_version = os.environ["STRIPE_VERSION"]
stripe.client_id = NOBODY
stripe.max_network_retries = 0

SENT = []
CLIENT = new_default_http_client(verify_ssl_certs=False)


def noting(send):
    """Sends to the mirror what is for the hosts of files and OAuth too."""

    def noted(method, url, *args, **options):
        path = urllib.parse.urlsplit(url)[2:]
        answer = send(method, BASE + urllib.parse.urlunsplit(("", "") + path), *args, **options)
        body = answer[0] if isinstance(answer[0], (str, bytes)) else answer[0].read()
        error = json.loads(body).get("error", {})
        SENT.append({"verb": method.upper(), "path": path[0], "status": answer[1], "code": error.get("code", "")})
        return (body, *answer[1:])

    return noted


CLIENT.request_with_retries = noting(CLIENT.request_with_retries)
CLIENT.request_stream_with_retries = noting(CLIENT.request_stream_with_retries)
stripe.default_http_client = CLIENT

# What all objects have: no methods of a resource.
COMMON = set(dir(stripe.api_resources.abstract.APIResource)) - {"retrieve"}
# Page by page, or under another name, what another method asks for; helpers.
SAME = {"auto_paging_iter", "search_auto_paging_iter", "save", "construct_from", "create_from_params"}

# What classes inherit although Stripe has no such path.
INHERITED = {
    "Account.modify", "AccountLink.retrieve", "EphemeralKey.retrieve", "SetupAttempt.retrieve",
    "CustomerCashBalanceTransaction.list", "CustomerCashBalanceTransaction.retrieve", "UsageRecord.retrieve",
    "apps.Secret.retrieve", "billing_portal.Session.retrieve", "terminal.ConnectionToken.retrieve",
}


def classes(module, path):
    for name, value in sorted(vars(module).items()):
        if inspect.isclass(value) and issubclass(value, stripe.api_resources.abstract.APIResource) and hasattr(value, "OBJECT_NAME"):
            yield path + name, value
        elif inspect.ismodule(value) and value.__name__.startswith("stripe.api_resources.") and not path and hasattr(value, "__path__") and name != "abstract":
            yield from classes(value, name + ".")


def ask(resource, method):
    """Calls a method with as many ids as it needs until it asks for something; some
    are of an object alone."""
    SENT.clear()
    fault = None
    owners = dict.fromkeys(("account", "customer", "fee", "transfer"), NOBODY)
    one = resource.construct_from({"id": NOBODY, "object": resource.OBJECT_NAME, **owners}, stripe.api_key)
    needed = {"stripe_version": stripe.api_version, "subscription_item": NOBODY}  # by ephemeral keys, by usage records
    for of, ids, params in ((one, 0, {}), (resource, 0, {}), (resource, 1, {}), (resource, 2, {}), (resource, 0, needed)):
        try:
            getattr(of, method)(*[NOBODY] * ids, **params)
        except NotImplementedError:
            return None  # it points to another method
        except (TypeError, ValueError, AttributeError, stripe.error.StripeError) as e:
            fault = e
        if SENT:
            return SENT[0]
    raise SystemExit("%s.%s asked for nothing: %r" % (resource.__name__, method, fault))


for name, resource in classes(stripe, ""):
    for method in sorted(set(dir(resource)) - COMMON - SAME):
        run = getattr(resource, method)
        if callable(run) and not method.startswith("_") and not method.endswith(("_request", "_url")) and not inspect.isclass(run):
            asked = name + "." + method not in INHERITED and ask(resource, method)
            if asked:
                print(json.dumps({"resource": name, "method": method, **asked}))
