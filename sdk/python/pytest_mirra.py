"""Runs tests against mirrors of the APIs that they call.

The fixture mirra leads this process, and what it starts, to a session of Mirra: SDKs
keep calling https://api.stripe.com. Each worker of pytest-xdist has a session of its
own, which is reset for each test. It needs the program mirra, on PATH or named by
MIRRA_BINARY, and nothing beside pytest.
"""

import datetime
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

# What the command of a session does: say what its environment is, and last until this
# process closes its input or ends.
_HOLD = "import json, os, sys; sys.stdout.write(json.dumps(dict(os.environ)) + '\\n'); sys.stdout.flush(); sys.stdin.read()"


# The snapshot of what a test finds.
_FOUND = "found-by-test"


class MirraError(Exception):
    """What went wrong and what to do next."""

    def __init__(self, message, hint=""):
        super().__init__(message + ("\nhint: " + hint if hint else ""))


class Webhook:
    """One attempt to deliver an event: mirror, type, url, attempt from 1, status that the
    application answered (0 without an answer), headers by lower-case name, body as text."""

    def __init__(self, entry):
        sent = entry.get("request") or {}
        self.mirror, self.type, self.url = entry.get("mirror"), entry.get("event"), entry.get("path")
        self.attempt, self.status = entry.get("attempt"), entry.get("status", 0)
        self.headers = {name.lower(): value for name, value in sent.get("headers", [])}
        self.body = sent.get("body", "")

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return "<Webhook %s %s to %s, answered %s>" % (self.mirror, self.type, self.url, self.status)


class Session:
    """The fixture mirra: a session's state, webhooks, clock and faults."""

    def __init__(self, env):
        self.env = env
        self.id = env["MIRRA_SESSION"]
        self._seen = 0  # number of the last entry of the trace before this test
        self._spent = False  # changed in what a snapshot has not

    def url(self, mirror):
        """The base URL of a mirror, for clients that take one."""
        name = "MIRRA_%s_URL" % mirror.upper().replace("-", "_")
        if name not in self.env:
            raise MirraError("the session has no mirror %r" % mirror, "name it: @pytest.mark.mirra(%r)" % mirror)
        return self.env[name]

    def state(self, mirror, entity):
        """A mirror's objects of an entity, as the vendor prints them."""
        return self._call("GET", "/state/" + urllib.parse.quote(mirror, safe=""), query={"entity": entity})[entity]

    def wait_for_webhook(self, type=None, match=None, timeout=10):
        """The first attempt of an event type that match accepts, which was made since the
        test started or comes within timeout seconds."""
        deadline, others, cursor = time.monotonic() + timeout, [], self._seen
        while True:
            for entry in self._entries("/webhooks", cursor):
                cursor, webhook = entry["seq"], Webhook(entry)
                if type in (None, webhook.type) and (match is None or match(webhook)):
                    return webhook
                others.append(repr(webhook))
            if time.monotonic() > deadline:
                came = "those that came:\n  " + "\n  ".join(others) if others else "no webhooks at all; is an endpoint registered with the mirror?"
                raise MirraError("no %s webhook within %s s, %s" % (type or "such", timeout, came))
            time.sleep(0.01)

    def trace(self, **query):
        """What happened in this test, with bodies: trace(mirror="stripe", method="POST")."""
        return list(self._entries("/trace", self._seen, dict(query, bodies="true")))

    def advance(self, by):
        """Moves the clock on by "31d" or a timedelta, and returns when all that fell due
        has happened."""
        if isinstance(by, datetime.timedelta):
            by = "%ds" % by.total_seconds()
        return self._move(advance=by)

    def freeze(self):
        return self._move(freeze=True)

    def resume(self):
        return self._move(resume=True)

    def fault(self, **rule):
        """Makes requests or webhooks go wrong until the test ends: fault(method="POST",
        error="rate-limit", count=2)."""
        return self._call("POST", "/faults", rule)

    def clear_faults(self):
        self._call("DELETE", "/faults")

    def simulate(self, event, mirror="", **args):
        """Causes a vendor event with all that follows."""
        self._call("POST", "/simulate", {"event": event, "mirror": mirror, "args": args})

    def reset(self):
        """Takes the session back to how the test found it, its clock and seeds included."""
        self.restore(_FOUND)

    def snapshot(self, name):
        self._call("POST", "/snapshot", {"name": name})

    def restore(self, name):
        self._call("POST", "/restore", {"name": name})

    def forward(self, mirror, *urls):
        """Sends every webhook of a mirror to URLs, without an endpoint registered there."""
        self._spent = True
        self._call("PUT", "/webhooks/forwards", {"mirror": mirror, "urls": list(urls)})

    def _begin(self):
        """Forgets what was before."""
        for entry in self._entries("/trace", self._seen):
            self._seen = entry["seq"]

    def _move(self, **move):
        return self._call("POST", "/clock", move)

    def _entries(self, path, cursor, query=None):
        while cursor is not None:
            page = self._call("GET", path, query=dict(query or {}, cursor=str(cursor)) if cursor else query)
            yield from page["entries"]
            cursor = page.get("nextCursor")

    def _call(self, method, path, body=None, query=None):
        url = "%s/v1/sessions/%s%s" % (self.env["MIRRA_URL"], self.id, path)
        if query:
            url += "?" + urllib.parse.urlencode(query)
        headers = {"Authorization": "Bearer " + self.env["MIRRA_TOKEN"]}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), headers, method=method)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
                text = answer.read()
        except urllib.error.HTTPError as e:
            text = e.read().decode(errors="replace")
            try:
                fault = json.loads(text)["error"]
            except (ValueError, KeyError, TypeError):
                fault = {"message": "the server answers %s: %.200s" % (e.code, text)}
            if fault.get("code") == "mirra.session.not_found":
                fault = {"message": fault["message"] + ": it has ended", "hint": "a session ends by `mirra down`, and when its server does"}
            raise MirraError("%s %s: %s" % (method, path, fault["message"]), fault.get("hint", "")) from None
        except OSError as e:
            raise MirraError("the server at %s does not answer: %s" % (self.env["MIRRA_URL"], e), "mirra doctor looks what is wrong") from None
        return json.loads(text) if text else None


class _Worker:
    """The session of this process: one at a time, so that no connection that is kept
    leads to that of another test."""

    def __init__(self, folder):
        self.folder, self.wanted, self.session = folder, None, None
        self.process, self.log = None, None

    def take(self, mirrors, seeds, egress):
        """The session for a test, in the state that it starts with."""
        given = os.environ.get("MIRRA_SESSION")
        if given and not os.environ.get("PYTEST_XDIST_WORKER") and self.process is None:
            return self._attach(mirrors, seeds)
        wanted = json.dumps([mirrors, seeds, egress], sort_keys=True)
        if self.session is not None and (self.wanted != wanted or self.session._spent):
            self.end()
        if self.session is None:
            self._start(mirrors, seeds, egress)
            self.wanted = wanted
            self.session.snapshot(_FOUND)
        else:
            try:
                self.session.clear_faults()
                self.session.reset()
            except MirraError:
                self.end()  # the next test gets another
                raise
        self.session._begin()
        return self.session

    def _attach(self, mirrors, seeds):
        """`mirra exec` and `mirra run` say which session it is; its state is theirs."""
        if self.session is None:
            self.session = Session(dict(os.environ) if "MIRRA_DOMAINS" in os.environ else self._environment())
        if seeds:
            raise MirraError("the test has seeds, and MIRRA_SESSION names a session that has its own state", "unset MIRRA_SESSION")
        for mirror in mirrors:
            self.session.url(mirror.partition("@")[0])
        self.session.snapshot(_FOUND)
        self.session._begin()
        return self.session

    def _environment(self):
        """What `mirra exec` would have set."""
        done = subprocess.run([self._program(), "env", "--json"], capture_output=True, cwd=self.folder)
        if done.returncode != 0:
            raise MirraError("session %s, which MIRRA_SESSION names: %s" % (os.environ["MIRRA_SESSION"], done.stderr.decode(errors="replace").strip()))
        return json.loads(done.stdout)

    def _program(self):
        program = os.environ.get("MIRRA_BINARY") or "mirra"
        path = shutil.which(program)
        if path is None:
            what = "there is no program mirra on PATH" if program == "mirra" else "MIRRA_BINARY names %s, which cannot be run" % program
            raise MirraError(what, "install it (npm install --global @mirrahq/cli), or name it: MIRRA_BINARY=/path/to/mirra pytest")
        return path

    def _start(self, mirrors, seeds, egress):
        command = [self._program(), "up", "--new", "--quiet", "--persistent=false", "--name=", "--limits", "off"]
        if mirrors:
            command += ["--mirrors", ",".join(mirrors)]
        if not egress:
            command.append("--no-egress")
        self.log = tempfile.TemporaryFile()
        with tempfile.TemporaryDirectory() as folder:
            for mirror, seed in sorted(seeds.items()):
                if isinstance(seed, dict):
                    document = os.path.join(folder, mirror + ".json")
                    with open(document, "w") as f:
                        json.dump(seed, f)
                    command += ["--seed-file", "%s:%s" % (mirror, document)]
                    continue
                for fixture in [seed] if isinstance(seed, str) else seed:
                    command += ["--seed", "%s:%s" % (mirror, fixture)]
            command += ["--", sys.executable, "-S", "-E", "-c", _HOLD]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, cwd=self.folder, start_new_session=True)
            line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.log.seek(0)
            said = self.log.read().decode(errors="replace").strip()
            self.end()
            raise MirraError("no session for the test: %s" % said)
        env = json.loads(line)
        self.session = Session({name: value for name, value in env.items() if os.environ.get(name) != value or name.startswith("MIRRA_")})

    def end(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait()
            self.log.close()
        self.process, self.session, self.wanted = None, None, None


def _lead():
    """Loads the hook of `mirra exec` into this process, and makes it follow the
    environment."""
    hook = sys.modules.get("mirra_dropin")
    if hook is None:
        path = os.path.join(os.environ["PYTHONPATH"].split(os.pathsep)[0], "sitecustomize.py")
        spec = importlib.util.spec_from_file_location("mirra_dropin", path)
        hook = importlib.util.module_from_spec(spec)
        sys.modules["mirra_dropin"] = hook
        spec.loader.exec_module(hook)
    hook.lead()


def pytest_addoption(parser):
    parser.getgroup("mirra").addoption("--mirra", metavar="MIRRORS", help="lead all tests to mirrors, stripe,twilio@2010-04; tests need not ask for the fixture mirra")
    parser.addini("mirra", "mirrors of all tests, as --mirra", type="args")


def pytest_configure(config):
    config.addinivalue_line(
        "markers",
        "mirra(*mirrors, seeds={}, egress=False): mirrors of a test, else those of --mirra, else those that mirra.yaml or the project's dependencies name; "
        "what they start with, by mirror: a fixture's name, several, or a state; whether hosts without a mirror are reached",
    )


@pytest.fixture(scope="session")
def _mirra_worker(request):
    worker = _Worker(str(request.config.rootpath))
    yield worker
    worker.end()


def _split(items):
    return [m.strip() for item in items for m in item.split(",") if m.strip()]


def _everywhere(config):
    option = config.getoption("--mirra")
    return _split([option] if option else config.getini("mirra"))


@pytest.fixture
def mirra(request, _mirra_worker):
    """A session of Mirra, reset for this test; the vendors' own hosts lead to it."""
    marker = request.node.get_closest_marker("mirra")
    args, options = (marker.args, dict(marker.kwargs)) if marker else ((), {})
    seeds, egress = options.pop("seeds", {}), options.pop("egress", False)
    if options:
        pytest.fail("mirra: the marker has no %s; it takes mirrors, seeds and egress" % ", ".join(sorted(options)), pytrace=False)
    try:
        session = _mirra_worker.take(_split(args) or _everywhere(request.config), seeds, egress)
    except MirraError as e:
        pytest.fail("mirra: %s" % e, pytrace=False)
    before = {name: os.environ.get(name) for name in session.env}
    os.environ.update(session.env)
    try:
        _lead()
        yield session
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        sys.modules["mirra_dropin"].lead()


@pytest.fixture(autouse=True)
def _mirra_everywhere(request):
    if request.node.get_closest_marker("mirra") or _everywhere(request.config):
        request.getfixturevalue("mirra")
