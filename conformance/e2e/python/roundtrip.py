"""Takes the resources of ../roundtrip/resources.json through their lives with
stripe-python: what was sent comes back, and stays. TestRoundTrips runs it."""

import io
import itertools
import json
import os
import re
import unittest

import stripe

with open(os.environ["ROWS"]) as f:
    TABLE = json.load(f)
SDK = os.environ["SDK"]
UNIQUE = itertools.count()

stripe.api_key = "sk_test_e2e123456789"
stripe.api_base = os.environ["STRIPE_URL"]
stripe.upload_api_base = os.environ["STRIPE_FILES_URL"]
stripe.api_version = os.environ["STRIPE_VERSION"]
stripe.max_network_retries = 0


# NAMES are methods that this SDK calls otherwise than stripe-node.
NAMES = {
    "update": "modify", "del": "delete", "search": "search_auto_paging_iter",
    "retrieveCurrent": "retrieve", "retrieveUpcoming": "upcoming",
}


def snake(name):
    return re.sub(r"([A-Z])", r"_\1", name).lower().lstrip("_")


def method(row, name):
    """Finds a resource's method, None if the SDK has none: billingPortal.sessions
    is billing_portal.Session, and its parts' methods are create_person,
    list_persons, modify_person."""
    *modules, plural = row["name"].split(".")
    resource = stripe
    for module in modules:
        resource = getattr(resource, snake(module), None)
    singular = plural if plural == "balance" else re.sub("ie$", "y", plural[:-1])
    resource = getattr(resource, singular[0].upper() + singular[1:], None)
    name = NAMES.get(name, snake(name))
    if "part" in row:
        plural = re.sub("ys$", "ies", snake(row["part"]) + "s")
        name += "_" + (plural if name == "list" else snake(row["part"]))
    return getattr(resource, name, None)


def call(row, name, /, *ids, **params):
    run = method(row, name)
    assert run, "stripe has no %s of %s %s" % (name, row["name"], row.get("part", ""))
    if "forVersion" in row and name == "create":
        params["stripe_version"] = stripe.api_version
    return run(*ids, **params)


def resolve(value, known):
    """Replaces references: {unique}, {upload}, {create.x} of the row's own
    parameters, else the id of a new object of that row or given."""
    if isinstance(value, list):
        return [resolve(v, known) for v in value]
    if isinstance(value, dict):
        return {k: resolve(v, known) for k, v in value.items()}
    found = isinstance(value, str) and re.fullmatch(r"\{([\w.]+)\}(.*)", value)
    if not found:
        return value
    name, rest = found.groups()
    if name == "unique":
        return "p%dn%d%s" % (os.getpid(), next(UNIQUE), rest)
    if name == "upload":
        file = io.BytesIO(b"\x89PNG\r\n\x1a\n")
        file.name = "receipt.png"
        return file
    if name not in known or TABLE["given"].get(name, {}).get("fresh"):
        known[name] = make(name)
    return known[name]


def make(name):
    given = TABLE["given"].get(name, {"of": name})
    row = next(r for r in TABLE["rows"] if r["name"] == given["of"] and "part" not in r and "create" in r)
    made = call(row, "create", **resolve(given.get("create", row["create"]), {}))
    if "then" in given:
        made = call(row, given["then"], made.id)
    return made[given.get("member", "id")]


def same(sent, got, without, path=""):
    """Says where an answer does not have what was sent."""
    if path in without:
        return []
    if isinstance(sent, dict):
        if not isinstance(got, dict):
            return ["%s: %r" % (path, got)]
        return [f for k, v in sent.items() for f in same(v, got.get(k), without, (path + "." + k).lstrip("."))]
    if isinstance(sent, list):
        got = got["data"] if isinstance(got, dict) else got
        if not isinstance(got, list) or len(got) != len(sent):
            return ["%s: sent %r, got %r" % (path, sent, got)]
        return [f for s, g in zip(sent, got) for f in same(s, g, without, path)]
    if isinstance(sent, str) and isinstance(got, dict):
        got = got["id"]
    return [] if sent == got and isinstance(sent, bool) == isinstance(got, bool) else ["%s: sent %r, got %r" % (path, sent, got)]


def plain(made, without=()):
    return {k: v for k, v in made.to_dict_recursive().items() if k not in without}


class RoundTrip(unittest.TestCase):
    maxDiff = None

    def __init__(self, row):
        super().__init__()
        self.row, self.known = row, {}
        self.limit = {} if "unpaged" in row else {"limit": 1}

    def __str__(self):
        return " ".join([self.row["name"], self.row.get("part", "")])

    def holds(self, got, *sent):
        self.assertIsInstance(got, stripe.stripe_object.StripeObject)
        without = self.row.get("input", [])
        self.assertEqual([f for s in sent for f in same(s, got, without)], [], got)

    def create(self):
        self.params = resolve(self.row["create"], self.known)
        made = call(self.row, "create", *self.parents, **self.params)
        self.holds(made, self.params, self.row.get("expect", {}))
        return made

    def retrieve(self):
        return call(self.row, "retrieve", *self.parents, self.made.id)

    def kept(self):
        if not self.row.get("noRetrieve"):
            self.assertEqual(plain(self.retrieve()), plain(self.made, self.row.get("new", ())))

    def change(self, name, sent, then=None):
        sent = resolve(sent, self.known)
        self.made = call(self.row, name, *self.parents, self.made.id, **sent)
        self.holds(self.made, sent if then is None else then)
        self.kept()

    def pages(self):
        """Goes through what is listed one by one, each on a page of its own."""
        own = {"create." + k: v for k, v in self.params.items()}
        filters = resolve(self.row.get("list", {}), {**self.known, **own})
        return call(self.row, "list", *self.parents, **self.limit, **filters).auto_paging_iter()

    def find(self, pages):
        found = next((o for o in pages if o.id == self.made.id), None)
        self.assertIsNotNone(found, "%s is not there" % self.made.id)
        self.assertEqual(plain(found), plain(self.made, self.row.get("new", ())))

    def obtain(self):
        """Takes what is given, or the second of what is listed, or the only one."""
        if "id" in self.row:
            return call(self.row, "retrieve", *self.parents, resolve(self.row["id"], self.known))
        listed = list(itertools.islice(self.pages(), 2))
        self.assertTrue(listed, "the list is empty")
        return listed[-1]

    def runTest(self):
        row = self.row
        steps = row.get("steps", [])
        if any(SDK.startswith(name) for name in row.get("absent", [])):
            first = "create" if "create" in row else "list" if "noRetrieve" in row else "retrieve"
            self.assertIsNone(method(row, first), "the row says that this SDK does not have it")
            return
        for need in row.get("needs", []):
            resolve(need, self.known)
        self.params = {}
        self.parents = list(resolve(row.get("parent", {}), self.known).values())
        if "create" in row:
            self.made = self.create()
            self.kept()
        elif "id" in row or "expect" in row:
            self.made = self.obtain()
            self.holds(self.made, row["expect"])
            self.kept()
        if "update" in row:
            self.change("update", row["update"])
        if method(row, "list") and ("create" in row or "id" in row) and not any(s["do"] == "list" for s in steps):
            if "create" in row:
                self.create()  # so that the first is on the second page
            self.find(self.pages())
        for step in steps:
            self.step(step["do"], step)
        if row.get("gone") == "deleted":
            self.holds(self.retrieve(), {"id": self.made.id, "deleted": True})
        elif "gone" in row:
            self.fails(row["gone"], "retrieve", False)

    def step(self, name, step):
        params = resolve(step.get("params", {}), self.known)
        if any(SDK.startswith(name) for name in step.get("absent", [])):
            self.assertIsNone(method(self.row, name), "the row says that this SDK does not have it")
        elif "fails" in step:
            self.fails(step["fails"], name, "alone" in step or name == "list", **params)
        elif step.get("alone"):
            self.holds(call(self.row, name, **params), step["then"])
        elif step.get("apart"):
            self.holds(call(self.row, name, *self.parents, self.made.id, **params), step["then"])
        elif name == "create":
            self.made = self.create()
        elif name == "list":
            self.find(self.pages())
        elif name == "search":
            self.find(call(self.row, name, limit=1, **params))
        elif name == "del":
            self.holds(call(self.row, "del", *self.parents, self.made.id), step.get("then", {"id": self.made.id, "deleted": True}))
        else:
            self.change(name, step.get("params", {}), step.get("then"))

    def fails(self, status, name, alone, /, **params):
        with self.assertRaises(stripe.error.StripeError) as raised:
            call(self.row, name, *self.parents, *([] if alone else [self.made.id]), **params)
        self.assertEqual(raised.exception.http_status, status)


if __name__ == "__main__":
    suite = unittest.TestSuite(RoundTrip(row) for row in TABLE["rows"])
    result = unittest.TextTestRunner().run(suite)
    raise SystemExit(not (result.testsRun and result.wasSuccessful()))
