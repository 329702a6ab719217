"""Issuing and reading signed tokens. Says what a token says, not whether its session still lives."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeGuard

from vestibule.core.accounts.model import Person
from vestibule.core.apps.model import App
from vestibule.core.store import Store
from vestibule.core.tokens.claims import subject_claims
from vestibule.core.tokens.keys import SigningKeys
from vestibule.core.tokens.model import ALGORITHMS, SHARED, Claims, TokenType
from vestibule.kernel.clock import SECOND_MS, Clock
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.ids import SessionId, UserId, is_id
from vestibule.kernel.jwt import MAX_BYTES, Jwt, read_jwt
from vestibule.kernel.keys import KeyRing

_JTI = re.compile(r"([0-9a-f]{8})[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What makes one token of a session differ from the others."""

    type: TokenType
    session_id: SessionId
    generation: int
    issued_at_s: int
    expires_at_s: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """Signed tokens of all apps.

    Source: RFC 7519, RFC 8725.
    """

    store: Store
    clock: Clock
    ring: KeyRing
    keys: SigningKeys
    address_of: Callable[[App], str]
    """Where an app lives: `iss`, when its policy names none."""

    def issuer(self, app: App) -> str:
        """The `iss` of an app's tokens."""
        return app.policy.ISSUER or self.address_of(app)

    async def issue(self, app: App, person: Person, stamp: Stamp, **more: object) -> str:
        """A signed token. The same stamp gives the same claims, so a pair can be given twice.

        Raises: unavailable (the policy makes tokens that are too long for any reader: a long AUDIENCE).
        """
        policy = app.policy
        claims: dict[str, object] = {
            policy.TOKEN_TYPE_CLAIM: stamp.type.value,
            "exp": stamp.expires_at_s,
            "iat": stamp.issued_at_s,
            policy.JTI_CLAIM: self.jti(app, stamp.type, stamp.session_id, stamp.generation),
            **await subject_claims(self.store.reading(app.id), app, person, self.ring),
            "iss": self.issuer(app),
            "sid": stamp.session_id,
            **more,
        }
        if policy.AUDIENCE:
            claims["aud"] = policy.AUDIENCE[0] if len(policy.AUDIENCE) == 1 else list(policy.AUDIENCE)
        key_id, key = await self.keys.current(app, policy.ALGORITHM)
        token = key.sign({"typ": "JWT", "kid": key_id}, claims)
        if len(token) > MAX_BYTES:
            raise refuse(Code.UNAVAILABLE, f"a token of {len(token)} bytes, which nobody would read")
        return token

    def jti(self, app: App, type_: TokenType, session_id: SessionId, generation: int) -> str:
        """Derived, not stored; whoever only shares the signing key cannot make one."""
        message = f"{type_}:{session_id}:{generation}"
        return f"{generation:08x}{self.ring.mac(app.id, 'token.jti', message, self.ring.lookup)[:12].hex()}"

    async def read(self, app: App, text: str, *types: TokenType) -> Claims:
        """The claims of a token of ours that is of one of these types and in time.

        Raises: token_invalid, token_expired, token_wrong_type.
        Source: RFC 8725 sections 3.1, 3.8 to 3.12.
        """
        jwt = read_jwt(text)
        if jwt is None or jwt.header.get("typ", "JWT") != "JWT" or not await self._is_signed(app, jwt):
            raise refuse(Code.TOKEN_INVALID, "malformed, or not signed by a key of the app")
        claims, policy = jwt.claims, app.policy
        self._check_audience(app, claims)
        times_s = self._check_times(app, claims)
        type_ = claims.get(policy.TOKEN_TYPE_CLAIM)
        if type_ not in types:
            raise refuse(Code.TOKEN_WRONG_TYPE)
        session_id, user_id = SessionId(str(claims.get("sid"))), UserId(str(claims.get("sub")))
        if not is_id(session_id) or not is_id(user_id):
            raise refuse(Code.TOKEN_INVALID, "names no session or user")
        generation = self._check_id(app, TokenType(str(type_)), session_id, claims.get(policy.JTI_CLAIM))
        is_shared = jwt.header["alg"] in SHARED
        return Claims(TokenType(str(type_)), session_id, user_id, generation, *times_s, is_shared, claims)

    async def _is_signed(self, app: App, jwt: Jwt) -> bool:
        algorithm = jwt.header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            return False
        keys = await self.keys.verifiers(app, jwt.header.get("kid"), algorithm)
        return any(key.verify(jwt.text) for key in keys)

    def _check_audience(self, app: App, claims: dict[str, object]) -> None:
        if claims.get("iss") != self.issuer(app):
            raise refuse(Code.TOKEN_INVALID, "of another issuer")
        audience, ours = claims.get("aud"), set(app.policy.AUDIENCE)
        named = _texts(audience if isinstance(audience, list) else [audience])
        if not ours & named if ours else audience is not None:
            raise refuse(Code.TOKEN_INVALID, "for another audience")

    def _check_times(self, app: App, claims: dict[str, object]) -> tuple[int, int]:
        """Since when and until when it is in force."""
        now_ms, leeway_ms = self.clock.now_ms(), app.policy.LEEWAY * SECOND_MS
        issued_at_s, starts_at_s, expires_at_s = claims.get("iat"), claims.get("nbf", 0), claims.get("exp")
        if not _is_instant(issued_at_s) or not _is_instant(starts_at_s) or not _is_instant(expires_at_s):
            raise refuse(Code.TOKEN_INVALID, "without a beginning or an end")
        if max(issued_at_s, starts_at_s) * SECOND_MS > now_ms + leeway_ms:
            raise refuse(Code.TOKEN_INVALID, "not in force yet")
        if expires_at_s * SECOND_MS <= now_ms - leeway_ms:
            raise refuse(Code.TOKEN_EXPIRED)
        return issued_at_s, expires_at_s

    def _check_id(self, app: App, type_: TokenType, session_id: SessionId, jti: object) -> int:
        """The generation that its id tells."""
        match = _JTI.fullmatch(jti) if isinstance(jti, str) else None
        generation = int(match[1], 16) if match else 0
        expected = self.jti(app, type_, session_id, generation)
        if match is None or not hmac.compare_digest(match[0], expected):
            raise refuse(Code.TOKEN_INVALID, "signed with our key, but not by us")
        return generation


def _is_instant(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < 2**40


def _texts(values: list[object]) -> set[str]:
    return {value for value in values if isinstance(value, str)}
