"""What a case is, and the words in which the tables of cases are written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.clients.simplejwt.sides import PASSWORD, Request, Side

ROUTES = "/api/"
TOKEN = "/api/token/"
REFRESH = "/api/token/refresh/"
VERIFY = "/api/token/verify/"
BLACKLIST = "/api/token/blacklist/"
SLIDING = "/api/token/sliding/"
SLIDING_REFRESH = "/api/token/sliding/refresh/"
PROFILE = "/api/profile/"

GOOD = {"username": "ada", "password": PASSWORD}
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ORIGIN = {"Origin": "http://localhost:3000"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}


@dataclass(frozen=True)
class Case:
    """One request with its name, `group: what`."""

    name: str
    method: str
    path: str
    body: Any = b""
    headers: Mapping[str, str] | Callable[[Side], Mapping[str, str]] = field(default_factory=dict)

    def request(self, side: Side) -> Request:
        """For one server: with its own tokens."""
        headers = self.headers(side) if callable(self.headers) else self.headers
        body = self.body(side) if callable(self.body) else self.body
        return Request(self.method, self.path, headers, body if isinstance(body, bytes) else json.dumps(body).encode())


def post(name: str, path: str, body: Any, headers: Mapping[str, str] = JSON) -> Case:
    return Case(name, "POST", path, body, headers)


def bearer(name: str, token: Callable[[Side], str], path: str = PROFILE) -> Case:
    return Case(name, "GET", path, headers=lambda side: {"Authorization": f"Bearer {token(side)}"})


def authorized(name: str, value: str, path: str = PROFILE) -> Case:
    return Case(name, "GET", path, headers={"Authorization": value})


def multipart(**fields: str) -> bytes:
    parts = (f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items())
    return "".join((*parts, "--b--\r\n")).encode()


MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}

# An endpoint, the one field that it takes, and the kind of token it wants there.
TOKEN_FIELDS = (
    ("refresh", REFRESH, "refresh", "refresh"),
    ("verify", VERIFY, "token", "access"),
    ("blacklist", BLACKLIST, "refresh", "refresh"),
    ("sliding refresh", SLIDING_REFRESH, "token", "sliding"),
)
CREDENTIALS = (("token", TOKEN), ("sliding", SLIDING))
ENDPOINTS = (ROUTES, TOKEN, REFRESH, VERIFY, BLACKLIST, SLIDING, SLIDING_REFRESH, PROFILE)
