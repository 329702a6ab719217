"""A server under comparison, and what a request needs of it: tokens in every state."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import jwt

KEY = "a signing key that both servers share, for tests only, and long enough for HS512"
PASSWORD = "correct-horse-7-battery"
# Every name is one of an e-mail address at this domain too.
DOMAIN = "acme.test"
USERS = ("ada", "bob", "idle", "gone")


@dataclass(frozen=True)
class Request:
    """What goes over the wire, byte by byte: no header is added but Host and Content-Length."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What came back; header names are in lower case, repeated ones joined."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class People(Protocol):
    """What a server's administrator does with users, by user name."""

    def create(self, name: str) -> None: ...
    def deactivate(self, name: str) -> None: ...
    def delete(self, name: str) -> None: ...


@dataclass
class Side:
    """One of the two servers, which share a signing key."""

    name: str
    base: str
    people: People
    first: dict[str, dict[str, str]] = field(default_factory=dict)

    def send(self, request: Request) -> Answer:
        url = urlsplit(self.base)
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=20)
        connection.putrequest(request.method, url.path + request.path, skip_accept_encoding=True)
        headers = dict(request.headers)
        if request.body or request.method in {"POST", "PUT", "PATCH"}:
            headers.setdefault("Content-Length", str(len(request.body)))
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(request.body or None)
        got = connection.getresponse()
        found: dict[str, str] = {}
        for name, value in got.getheaders():
            found[name.lower()] = f"{found[name.lower()]}, {value}" if name.lower() in found else value
        answer = Answer(got.status, got.reason, found, got.read())
        connection.close()
        return answer

    def post(self, path: str, **body: object) -> dict[str, str]:
        """A call that prepares a case, and must succeed."""
        request = Request("POST", path, {"Content-Type": "application/json"}, json.dumps(body).encode())
        answer = self.send(request)
        assert answer.status == 200, f"{self.name}: {path} said {answer.status} {answer.body!r}"
        said: dict[str, str] = answer.json()
        return said

    def prepare(self) -> None:
        """Everybody is there; who is to lose an account comes in first."""
        for name in USERS:
            self.people.create(name)
        for name in USERS:
            self.first[name] = self.pair(name) | {"sliding": self.slide(name)}
        self.people.deactivate("idle")
        self.people.delete("gone")

    def pair(self, name: str = "ada") -> dict[str, str]:
        return self.post("/api/token/", username=name, password=PASSWORD)

    def slide(self, name: str = "ada") -> str:
        return self.post("/api/token/sliding/", username=name, password=PASSWORD)["token"]

    def access(self) -> str:
        return self.first["ada"]["access"]

    def sliding(self) -> str:
        return self.first["ada"]["sliding"]

    def refresh(self) -> str:
        return self.pair()["refresh"]

    def used(self) -> str:
        """A refresh token that was rotated."""
        refresh = self.refresh()
        self.post("/api/token/refresh/", refresh=refresh)
        return refresh

    def blacklisted(self) -> str:
        refresh = self.refresh()
        self.post("/api/token/blacklist/", refresh=refresh)
        return refresh

    def orphan(self) -> str:
        """An access token whose refresh token was blacklisted."""
        pair = self.pair()
        self.post("/api/token/blacklist/", refresh=pair["refresh"])
        return pair["access"]

    def token(self, kind: str) -> str:
        """One to be spoilt: nobody takes it any more then, so it is always the same."""
        return self.first["ada"][kind]

    def forge(
        self, token: str, change: Mapping[str, Any], *, key: str = KEY, alg: str = "HS256", kid: str | None = None
    ) -> str:
        """The token again with other claims (None: without), signed with the shared key or another one."""
        claims = jwt.decode(token, options={"verify_signature": False}) | {**change}
        left = {name: value for name, value in claims.items() if value is not None}
        header = jwt.get_unverified_header(token) | ({"kid": kid} if kid else {})
        return jwt.encode(left, key, alg, headers={name: value for name, value in header.items() if name != "alg"})

    def expired(self, kind: str) -> str:
        return self.forge(self.token(kind), {"exp": int(time.time()) - 60})


def tampered(token: str) -> str:
    """With one character of the signature changed."""
    middle = len(token) - 20
    return token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
