"""An issuer that the test commands: keys, tokens and a revocation feed, served on loopback, by a clock that is moved."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

APP = "/e:0123456789abcdef01234567"
API_KEY = "ak_0123456789abcdef01234567_" + "k" * 43
START = 1_795_264_320.0
SID, SUB = "5" * 24, "a" * 24
WINDOW = 310


class Clock:
    def __init__(self):
        self.at = START

    def __call__(self):
        return self.at

    def tick(self, seconds):
        self.at += seconds


@cache
def make_key(algorithm, name):
    """A private key and the JWK of its public half; made once, RSA takes its time."""
    key: ECKey | OKPKey | RSAKey
    if algorithm.startswith("ES"):
        key = ECKey.generate_key({"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[algorithm])
    elif algorithm == "EdDSA":
        key = OKPKey.generate_key("Ed25519")
    else:
        key = RSAKey.generate_key(2048)
    return key, {**key.as_dict(private=False), "kid": name, "alg": algorithm, "use": "sig"}


def encoded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(header, claims, key):
    """A compact JWS of whatever is given, good or not."""
    body = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    signed = f"{encoded(json.dumps(header).encode())}.{encoded(body)}"
    signature = JWSRegistry.algorithms[header["alg"]].sign(signed.encode(), key)
    return f"{signed}.{encoded(signature)}"


def until(condition, seconds=5.0):
    """Wait for what another thread or process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def masked(text):
    """What stands for an id in the feed, for the holder of the API key."""
    return hmac.new(API_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


class Issuer:
    """Everything about it is an attribute that a test may set."""

    url: str

    def __init__(self):
        self.clock = Clock()
        self.algorithm = "ES256"
        self.signer = "k1"
        self.published = ["k1"]
        self.asked: Counter[str] = Counter()
        self.does_stream = True
        self.is_down = False
        self.is_mute = False
        """Takes questions and says nothing on streams."""
        self.jwks = None
        """Bytes to send in place of the keys."""
        self.answer = None
        """(status, headers, body) in place of every answer."""
        self.epoch, self.cursor = "e1", 0
        self.log = []
        self.piece = 1_000
        """Entries in a frame at most."""
        self.forge = lambda header, claims: (header, claims, None)
        """What is done to frames before they are signed; the last is a foreign key."""
        self.spoken = 0
        self.open_streams = 0
        self.news = threading.Condition()
        self.is_closed = False

    # --- what the issuer does

    def token(self, header=None, key=None, **claims):
        whole = {
            "token_type": "access",
            "iss": self.url,
            "sub": SUB,
            "sid": SID,
            "user_id": SUB,
            "username": "ada",
            "roles": ["editor"],
            "jti": "0" * 32,
            "iat": int(self.clock()),
            "exp": int(self.clock()) + 300,
            **claims,
        }
        named = {"alg": self.algorithm, "typ": "JWT", "kid": self.signer, **(header or {})}
        signer = key or make_key(self.algorithm, self.signer)[0]
        return sign(
            {name: value for name, value in named.items() if value is not ...},
            {name: value for name, value in whole.items() if value is not ...},
            signer,
        )

    def tell(self, **entry):
        """Add an entry to the feed; ids are given plain."""
        for kind in ("session", "user"):
            if kind in entry:
                entry[kind] = masked(f"{kind}:{entry[kind]}")
        with self.news:
            self.cursor += 1
            self.log.append((self.cursor, {"at": int(self.clock()), **entry}))
            self.spoken += 1
            self.news.notify_all()

    def beat(self):
        """Say on the streams that nothing happened."""
        with self.news:
            self.spoken += 1
            self.news.notify_all()

    def restore(self, epoch, cursor=0):
        """A new life of the feed, from a backup."""
        with self.news:
            self.epoch, self.cursor, self.log = epoch, cursor, []

    def forget_log(self):
        """Entries before now are not there any more: whoever comes with an older position has a gap."""
        self.log = []

    # --- what it answers

    def frame(self, since):
        """The signed frame after a position, where it ends, and whether it was cut."""
        epoch, _, cursor = since.rpartition("-")
        oldest = self.log[0][0] - 1 if self.log else self.cursor
        follows = epoch == self.epoch and oldest <= int(cursor) <= self.cursor
        told = [(at, entry) for at, entry in self.log if not follows or at > int(cursor)]
        is_cut = len(told) > self.piece
        told = told[: self.piece]
        end = told[-1][0] if is_cut else self.cursor
        claims = {
            "iss": self.url,
            "iat": self.clock(),
            "reader": masked("reader"),
            "epoch": self.epoch,
            "cursor": end,
            "snapshot": not follows,
            "more": is_cut,
            "window": WINDOW,
            "entries": [entry for _, entry in told],
        }
        header = {"alg": self.algorithm, "kid": self.signer, "typ": "revocations+jwt"}
        header, claims, key = self.forge(header, claims)
        return sign(header, claims, key or make_key(self.algorithm, self.signer)[0]), f"{self.epoch}-{end}", is_cut

    @property
    def position(self):
        return f"{self.epoch}-{self.cursor}"

    def keys(self):
        if self.jwks is not None:
            return self.jwks
        return json.dumps({"keys": [make_key(self.algorithm, name)[1] for name in self.published]}).encode()


@contextmanager
def running():
    """An issuer that answers."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            with suppress(OSError):
                answer(issuer, self)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    issuer.url = f"http://127.0.0.1:{server.server_port}{APP}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        issuer.is_closed = True
        issuer.beat()
        server.shutdown()
        server.server_close()
        thread.join()


def answer(issuer, request):
    parts = urlsplit(request.path)
    name = parts.path.removeprefix(f"{APP}/.well-known/")
    issuer.asked[name] += 1
    since = parse_qs(parts.query).get("since", [""])[0]
    if issuer.answer is not None:
        send(request, *issuer.answer)
    elif issuer.is_down:
        send(request, 503, {}, b"down")
    elif name == "jwks.json":
        send(request, 200, {"Content-Type": "application/json"}, issuer.keys())
    elif name != "revocations":
        send(request, 404, {}, b"")
    elif request.headers["Authorization"] != API_KEY:
        send(request, 401, {}, b"")
    elif issuer.does_stream and request.headers["Accept"] == "text/event-stream":
        stream(issuer, request, since)
    else:
        issuer.asked["poll"] += 1
        if request.headers["If-None-Match"] == f'"{issuer.position}"':
            issuer.asked["304"] += 1
            send(request, 304, {"ETag": f'"{issuer.position}"'}, b"")
        else:
            send(request, 200, {"Content-Type": "application/jwt"}, issuer.frame(since)[0].encode())


def send(request, status, headers, body):
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    if status != 304:
        request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def stream(issuer, request, since):
    request.send_response(200)
    request.send_header("Content-Type", "text/event-stream")
    request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    issuer.open_streams += 1
    try:
        while not issuer.is_closed and not issuer.is_down:
            with issuer.news:
                spoken, is_cut = issuer.spoken, False
                if not issuer.is_mute:
                    jws, since, is_cut = issuer.frame(since)
                    text = f": hello\nevent: revocations\nid: {since}\ndata: {jws}\n\n".encode()
                    request.wfile.write(f"{len(text):x}\r\n".encode() + text + b"\r\n")
                while not is_cut and issuer.spoken == spoken and not issuer.is_closed and not issuer.is_down:
                    issuer.news.wait(0.05)
    finally:
        issuer.open_streams -= 1
        request.close_connection = True
