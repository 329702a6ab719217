"""What a front end of SimpleJWT asks of any server that speaks its protocol, and what a signature costs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial

import jwt

from bench.load import PASSWORD, USERS, Visitor, always, connected, rate, request
from bench.rounds import Series, in_turn
from vestibule.adapters.signing import JoseKeys
from vestibule.adapters.system import SystemEntropy

BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Accept": "application/json, text/plain, */*",
    "Origin": "http://localhost:5173",
}
CHECK = "session check (GET api/profile/)"
REFRESH = "refresh (POST api/token/refresh/)"
SIGN_IN = "sign-in (POST api/token/)"
ASKED = (CHECK, REFRESH, SIGN_IN)
CLAIMS: dict[str, object] = {
    "token_type": "access",
    "exp": 4_102_444_800,
    "iat": 1_795_250_307,
    "jti": "2f6def92cf5b4930a55fe8dbcb3ccab4",
    "user_id": "01a1fd3e38dd610ff56870b2",
    "username": "grace",
    "sub": "01a1fd3e38dd610ff56870b2",
    "iss": "https://auth.acme.test",
    "sid": "01a1fd3e38dd610ff56870b3",
}
SHARED_KEY = "a shared key of no use to anybody, and long enough"
SECONDS = 1.0


class Chain:
    """A tab: refreshes with the newest token that it has."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token

    def __call__(self, answer: bytes) -> bytes:
        if answer:
            self._token = json.loads(answer)["refresh"]
        return request(f"{self._url}/api/token/refresh/", BROWSER, {"refresh": self._token})


async def visitors_of(url: str) -> dict[str, list[Visitor]]:
    """Who visits a server, by what they ask: browsers, each with a connection, a user and tokens of its own."""
    entries = [request(f"{url}/api/token/", BROWSER, {"username": user, "password": PASSWORD}) for user in USERS]
    async with connected(url) as connection:
        pairs = [json.loads((await connection.ask(entry)).body) for entry in entries]
    bearers = [BROWSER | {"Authorization": f"Bearer {pair['access']}"} for pair in pairs]
    return {
        CHECK: [always(request(f"{url}/api/profile/", bearer)) for bearer in bearers],
        REFRESH: [Chain(url, pair["refresh"]) for pair in pairs],
        SIGN_IN: [always(entry) for entry in entries],
    }


async def compare(what: str, *urls: str) -> list[Series]:
    """The rates of servers at one thing, in turn."""
    return await in_turn([partial(rate, url, (await visitors_of(url))[what]) for url in urls])


async def signatures() -> dict[str, tuple[float, float]]:
    """Tokens per second on one core with nothing around them: our ES256, and the HS256 of the peer."""
    key, _ = await JoseKeys(SystemEntropy()).generate("ES256")
    header: dict[str, object] = {"typ": "JWT", "kid": "01a1fd3e38dd610ff56870b4"}
    own, other = key.sign(header, CLAIMS), jwt.encode(CLAIMS, SHARED_KEY, "HS256")
    return {
        "tokens signed (ES256)": (
            _per_second(lambda: key.sign(header, CLAIMS)),
            _per_second(lambda: jwt.encode(CLAIMS, SHARED_KEY, "HS256")),
        ),
        "tokens verified (ES256)": (
            _per_second(lambda: key.verify(own)),
            _per_second(lambda: jwt.decode(other, SHARED_KEY, ["HS256"])),
        ),
    }


def _per_second(work: Callable[[], object]) -> float:
    began, done = time.perf_counter(), 0
    while time.perf_counter() < began + SECONDS:
        work()
        done += 1
    return done / (time.perf_counter() - began)
