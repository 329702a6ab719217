"""Issuing and reading signed tokens. Says what a token says, not whether its session still lives."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from vestibule.core.accounts.model import Person
from vestibule.core.apps.model import App
from vestibule.core.store import Store
from vestibule.core.tokens.claims import subject_claims
from vestibule.core.tokens.keys import SigningKeys
from vestibule.core.tokens.model import ALGORITHMS, SHARED, Claims, TokenType
from vestibule.kernel.clock import SECOND_MS, Clock
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.kernel.ids import SessionId, UserId, is_id
from vestibule.kernel.jwt import MAX_BYTES, Jwt, read_jwt
from vestibule.kernel.keys import KeyRing


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
        self._check_standing(app, jwt.claims)
        type_ = jwt.claims.get(app.policy.TOKEN_TYPE_CLAIM)
        if type_ not in types:
            raise refuse(Code.TOKEN_WRONG_TYPE)
        return self._own(app, TokenType(str(type_)), jwt)

    async def _is_signed(self, app: App, jwt: Jwt) -> bool:
        algorithm = jwt.header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            return False
        keys = await self.keys.verifiers(app, jwt.header.get("kid"), algorithm)
        return any(key.verify(jwt.text) for key in keys)

    def _check_standing(self, app: App, claims: dict[str, object]) -> None:
        """Issuer, audience and times."""
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != self.issuer(app) or (
            app.policy.AUDIENCE and not set(app.policy.AUDIENCE) & _texts(named)
        ):
            raise refuse(Code.TOKEN_INVALID, "of another issuer, or for another audience")
        if not app.policy.AUDIENCE and audience is not None:
            raise refuse(Code.TOKEN_INVALID, "for an audience that is not ours")
        now_ms, leeway_ms = self.clock.now_ms(), app.policy.LEEWAY * SECOND_MS
        starts = [claims.get("iat"), claims.get("nbf", 0)]
        if any(not _is_instant(start) or start * SECOND_MS > now_ms + leeway_ms for start in starts):  # type: ignore[operator]  # an instant is an int
            raise refuse(Code.TOKEN_INVALID, "not in force yet")
        expires_at_s = claims.get("exp")
        if not _is_instant(expires_at_s):
            raise refuse(Code.TOKEN_INVALID, "without an end")
        if expires_at_s * SECOND_MS <= now_ms - leeway_ms:  # type: ignore[operator]  # an instant is an int
            raise refuse(Code.TOKEN_EXPIRED)

    def _own(self, app: App, type_: TokenType, jwt: Jwt) -> Claims:
        claims, is_shared = jwt.claims, jwt.header["alg"] in SHARED
        session_id, user_id, jti = claims.get("sid"), claims.get("sub"), claims.get(app.policy.JTI_CLAIM)
        if not is_id(session_id) or not is_id(user_id) or not isinstance(jti, str):
            raise refuse(Code.TOKEN_INVALID, "names no session, user or id")
        session = SessionId(str(session_id))
        try:
            generation = int(jti[:8], 16)
        except ValueError:
            raise _forged() from None
        if not hmac.compare_digest(jti.encode(), self.jti(app, type_, session, generation).encode()):
            raise _forged()
        issued_at_s, expires_at_s = int(str(claims["iat"])), int(str(claims["exp"]))
        return Claims(type_, session, UserId(str(user_id)), generation, issued_at_s, expires_at_s, is_shared, claims)


def _forged() -> DomainError:
    return refuse(Code.TOKEN_INVALID, "signed with our key, but not by us")


def _is_instant(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**40


def _texts(values: list[object]) -> set[str]:
    return {value for value in values if isinstance(value, str)}
