# Leads connections to the vendors' hosts to a session of Mirra. Python imports it
# before the application; http.client, urllib3, requests, aiohttp and httpx all ask
# socket.getaddrinfo. A process that runs already loads it as mirra_dropin, by its path,
# and calls lead whenever its session changes.
import os
import socket
import ssl
import sys

_folder = os.path.dirname(os.path.abspath(__file__))


def lead():
    """Takes over what the environment says of the session; without one, nothing is led."""
    global _domains, _pass, _no_egress, _door, _port
    _domains = [d for d in os.environ.get("MIRRA_DOMAINS", "").split(",") if d]
    _pass = [e for e in os.environ.get("MIRRA_PASS_THROUGH", "").split(",") if e]
    _no_egress = os.environ.get("MIRRA_EGRESS") == "no"
    _door, _, _port = os.environ.get("MIRRA_DOOR", "").rpartition(":")


lead()
sys.modules["mirra_dropin"] = sys.modules[__name__]


def _plain(name):
    if isinstance(name, (bytes, bytearray)):
        name = bytes(name).decode("ascii", "replace")
    return name.lower().rstrip(".") if isinstance(name, str) else ""


def _claimed(name):
    name = _plain(name)
    return any(name == d or name.endswith("." + d) for d in _domains) and not _passes(name)


def _passes(name):
    """Tells whether a name is passed on to its vendor."""
    return any(name == e or e.startswith("*") and name.endswith(e[1:]) for e in _pass) and "!" + name not in _pass


def _local(name):
    name = _plain(name)
    return name in ("", "localhost", "::1", "0.0.0.0", "::") or name.endswith(".localhost") or name.startswith(("127.", "::ffff:127."))


def _refuse(host, port):
    """Raises what keeps a connection on this machine, and lets the proxy count it."""
    if _claimed(host):
        raise ConnectionRefusedError("mirra: %s:%s is not mirrored, and never called for real: mirrors answer on ports 443 and 80, mail relays on 465 and 2465" % (_plain(host), port))
    import base64
    import urllib.parse

    proxy = urllib.parse.urlsplit(os.environ["MIRRA_PROXY"])
    try:
        told = socket.socket()
        told.settimeout(5)
        _connect(told, (proxy.hostname, proxy.port))
        user = base64.b64encode((proxy.username + ":x").encode()).decode()
        told.sendall(("CONNECT %s:%s HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic %s\r\n\r\n" % (_plain(host), port, user)).encode())
        told.recv(1)
        told.close()
    except OSError:
        pass  # the refusal counts, not the list
    raise ConnectionRefusedError("mirra: %s:%s belongs to no mirror, and the session was started with --no-egress" % (_plain(host), port))


_getaddrinfo = socket.getaddrinfo
_gethostbyname = socket.gethostbyname
_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex
_ports = (80, 443, 465, 2465)
_named = ("80", "443", "465", "2465", "http", "https", "smtps", b"http", b"https", b"smtps", 0, None)


def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
    if _claimed(host):
        if port not in _ports and port not in _named:
            _refuse(host, port)
        return _getaddrinfo(_door, int(_port), socket.AF_INET, type, proto, 0)
    if _no_egress and not _local(host):
        _refuse(host, port)
    return _getaddrinfo(host, port, family, type, proto, flags)


def gethostbyname(host):
    return _door if _claimed(host) else _gethostbyname(host)


def _redirect(address):
    if not isinstance(address, tuple) or len(address) < 2:
        return address  # a Unix socket
    host, port = address[:2]
    if _claimed(host):
        if port not in _ports:
            _refuse(host, port)
        return (_door, int(_port))
    if _no_egress and not _local(host):
        _refuse(host, port)
    return address


def connect(self, address):
    return _connect(self, _redirect(address))


def connect_ex(self, address):
    return _connect_ex(self, _redirect(address))


socket.getaddrinfo = getaddrinfo
socket.gethostbyname = gethostbyname
socket.socket.connect = connect
socket.socket.connect_ex = connect_ex

# Who brings certificates of its own gets one more.
_load = ssl.SSLContext.load_verify_locations


def _trusting(original):
    def loading(self, *args, **kwargs):
        result = original(self, *args, **kwargs)
        try:
            _load(self, cafile=os.environ.get("MIRRA_CA_FILE"))
        except (OSError, TypeError):
            pass  # the session has ended: its door leads nowhere, and nothing goes elsewhere
        return result

    return loading


for _name in ("load_verify_locations", "load_default_certs", "set_default_verify_paths"):
    setattr(ssl.SSLContext, _name, _trusting(getattr(ssl.SSLContext, _name)))


class _Uvloop:
    """Waits for uvloop, which looks names up by itself."""

    def find_spec(self, name, path=None, target=None):
        if name != "uvloop":
            return None
        from importlib.util import find_spec

        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec and spec.loader:
            load = spec.loader.exec_module

            def exec_module(module):
                load(module)
                _lead(module.Loop)

            spec.loader.exec_module = exec_module
        return spec


def _lead(loop):
    look_up, create = loop.getaddrinfo, loop.create_connection

    async def getaddrinfo(self, host, port, **kwargs):
        if _claimed(host):
            return socket.getaddrinfo(host, port, **kwargs)  # an address: it does not wait
        if _no_egress and not _local(host):
            _refuse(host, port)
        return await look_up(self, host, port, **kwargs)

    async def create_connection(self, factory, host=None, port=None, **kwargs):
        if host is not None:
            if kwargs.get("ssl") and kwargs.get("server_hostname") is None:
                kwargs["server_hostname"] = host
            host, port = _redirect((host, port))
        return await create(self, factory, host, port, **kwargs)

    loop.getaddrinfo, loop.create_connection = getaddrinfo, create_connection


sys.meta_path.insert(0, _Uvloop())


def _chain():
    """Runs the sitecustomize that this one stands before."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    spec = PathFinder.find_spec("sitecustomize", [p for p in sys.path if os.path.abspath(p or ".") != _folder])
    if spec and spec.loader:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if __name__ == "sitecustomize":
    _chain()
