"""Tokens that somebody else made: with the app's own key, so that nothing but what a test changes is wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc.jws import JWSRegistry

from tests.protocols.simplejwt.calls import (
    BLACKLIST,
    NO_USER_OF_TOKEN,
    PROFILE,
    REFRESH,
    SLIDING_REFRESH,
    VERIFY,
    client,
    pair,
)
from tests.world import World
from vestibule.adapters.signing import JoseKey
from vestibule.core.tokens.keys import _place
from vestibule.core.tokens.model import SigningKey
from vestibule.kernel.entropy import text_of
from vestibule.kernel.jwt import read_jwt

SPENT = {"non_field_errors": ["Token is blacklisted"]}
"""What the model says of a session that is not, where tokens are only looked at."""
POSTED = ((REFRESH, "refresh"), (VERIFY, "token"), (BLACKLIST, "refresh"), (SLIDING_REFRESH, "token"))
"""Where tokens come in a body."""
GONE = object()
"""In place of a value: the member is left out."""


def written(value: Any) -> bytes:
    """JSON of a value; text and bytes are taken to be JSON, or worse, already."""
    if isinstance(value, bytes):
        return value
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "surrogatepass")


def changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**base, **changes}.items() if value is not GONE}


def signed(algorithm: str, key: Any, header: Any, claims: Any) -> str:
    """Signed whatever the header says; `key` is one of the library's."""
    text = f"{text_of(written(header))}.{text_of(written(claims))}"
    return f"{text}.{text_of(JWSRegistry.algorithms[algorithm].sign(text.encode(), key))}"


@dataclass
class Forger:
    """Somebody with the app's key and a token of Ada's."""

    world: World
    genuine: str
    key: JoseKey
    row: SigningKey

    @classmethod
    async def of(cls, world: World, kind: str = "access") -> Forger:
        genuine = (await pair(world))[kind]
        kid, key = await world.house.signing_keys.current(world.app, world.app.policy.ALGORITHM)
        rows = await world.house.signing_keys.all(world.app)
        assert isinstance(key, JoseKey)
        return cls(world, genuine, key, next(row for row in rows if row.id == kid))

    @property
    def header(self) -> dict[str, Any]:
        return dict(self._read.header)

    @property
    def claims(self) -> dict[str, Any]:
        return dict(self._read.claims)

    @property
    def _read(self):
        jwt = read_jwt(self.genuine)
        assert jwt is not None
        return jwt

    @property
    def private(self) -> str:
        """The private part of the key, as text."""
        return self.world.house.keys.unseal(self.world.app.id, _place(self.row.id), self.row.sealed).decode()

    def token(self, header: Any = None, claims: Any = None) -> str:
        """The genuine token with other members (dicts), or with other JSON (text), well signed."""
        header = changed(self.header, header or {}) if not isinstance(header, str | bytes) else header
        claims = changed(self.claims, claims or {}) if not isinstance(claims, str | bytes) else claims
        return signed(self.key.algorithm, self.key._key, header, claims)

    async def opens(self, token: str) -> bool:
        """Whether the token opens Ada's profile; a refusal is a proper 401 and nothing else."""
        async with client(self.world) as http:
            answer = await http.get(PROFILE, headers={"Authorization": f"Bearer {token}"})
        assert_refused(answer)
        return answer.status_code == 200

    async def is_taken_anywhere(self, token: str) -> bool:
        """Whether any endpoint takes the token; it is sent to all of them."""
        async with client(self.world) as http:
            answers = [await http.post(path, json={field: token}) for path, field in POSTED]
        for answer in answers:
            assert_refused(answer)
        return await self.opens(token) or any(answer.status_code == 200 for answer in answers)


def assert_refused(answer: httpx.Response) -> None:
    """It is either taken, or refused in the words of the protocol."""
    body = answer.json()
    if answer.status_code == 401:
        assert body.get("code") in {"token_not_valid", "user_not_found"} or body == NO_USER_OF_TOKEN, answer.text
        assert answer.headers["www-authenticate"] == 'Bearer realm="api"'
    elif answer.status_code != 200:
        assert (answer.status_code, body) == (400, SPENT), answer.text
