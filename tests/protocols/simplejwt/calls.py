"""The wire as the tests of this protocol see it."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from tests.world import ORIGIN, PASSWORD, World
from vestibule.core.accounts.model import Person
from vestibule.core.admin.users import NewUser
from vestibule.kernel.secret import Secret

TOKEN = "/api/token/"
REFRESH = "/api/token/refresh/"
VERIFY = "/api/token/verify/"
BLACKLIST = "/api/token/blacklist/"
SLIDING = "/api/token/sliding/"
SLIDING_REFRESH = "/api/token/sliding/refresh/"
PROFILE = "/api/profile/"
CREDENTIALS = (TOKEN, SLIDING)
TOKEN_FIELDS = ((REFRESH, "refresh"), (VERIFY, "token"), (BLACKLIST, "refresh"), (SLIDING_REFRESH, "token"))

ADA = {"username": "ada", "password": PASSWORD}
NO_USER = {"detail": "No active account found with the given credentials"}
NO_USER_OF_TOKEN = {"detail": "No active account found for the given token."}
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MINUTE_MS = 60_000


async def create(world: World, name: str = "ada", **values: object) -> Person:
    """A user with a user name and an address."""
    new = NewUser(f"{name}@acme.test", Secret(PASSWORD), {"first_name": "A", "last_name": "B", **values}, name)
    return await world.house.user_admin.create(world.app, new, ORIGIN)


async def send(world: World, method: str, path: str, *, mount: bool = True, **request: Any) -> httpx.Response:
    """One request, below the address of the app or at the root."""
    async with client(world, mount=mount) as http:
        return await http.request(method, path, **request)


async def post(world: World, path: str, **body: object) -> httpx.Response:
    return await send(world, "POST", path, json=body)


async def pair(world: World, name: str = "ada", headers: dict[str, str] | None = None) -> dict[str, str]:
    """Both tokens of a new sign-in."""
    body = {"username": name, "password": PASSWORD}
    response = await send(world, "POST", TOKEN, json=body, headers=headers or {})
    assert response.status_code == 200, response.text
    return response.json()


async def profile(world: World, token: str) -> httpx.Response:
    return await send(world, "GET", PROFILE, headers={"Authorization": f"Bearer {token}"})


def client(world: World, *, mount: bool = True, **headers: str) -> httpx.AsyncClient:
    """A front end: it has no keys, only tokens."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(world.running.asgi, client=("203.0.113.9", 4711)),
        base_url=f"http://localhost/e:{world.app.id}" if mount else "http://localhost",
        headers={"User-Agent": "Firefox/145", **headers},
    )


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def not_valid(message: str, code: str = "token_not_valid") -> dict[str, str]:
    """The body of a refused token."""
    return {"detail": message, "code": code}


def not_for_any_type(message: str, class_: str = "AccessToken", type_: str = "access") -> dict[str, object]:
    """The body of a refused token that came in the header."""
    messages = [{"token_class": class_, "token_type": type_, "message": message}]
    return {"detail": "Given token not valid for any token type", "code": "token_not_valid", "messages": messages}


async def set_policy(world: World, **fields: object) -> None:
    for name, value in fields.items():
        world.app = await world.house.apps.set_policy(world.app, name, value, ORIGIN)


class DpopKey:
    """The key of a client that proves possession. Source: RFC 9449 section 4.2."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.made = 0

    def proof(self, world: World, url: str, method: str = "POST") -> dict[str, str]:
        numbers = self.key.public_key().public_numbers()
        jwk = {"kty": "EC", "crv": "P-256", "x": _b64(numbers.x), "y": _b64(numbers.y)}
        self.made += 1
        said = {"htm": method, "htu": url, "iat": world.clock.now_ms() // 1000, "jti": f"proof {self.made}"}
        return {"DPoP": jwt.encode(said, self.key, "ES256", headers={"typ": "dpop+jwt", "jwk": jwk})}


def _b64(number: int) -> str:
    return urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()
