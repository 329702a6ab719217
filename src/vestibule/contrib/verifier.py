"""Verifying access tokens without asking the issuer each time. Plain Python; any thread may use it.

What it checks, in this order: the form of the token, its signature, its claims, and what the revocation feed says
about its session and its user. Source: RFC 8725, RFC 7519.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from joserfc.jwk import OctKey

from vestibule.contrib.config import Config
from vestibule.contrib.feed import Known, is_number
from vestibule.contrib.issuer import IssuerError, Keys, is_signed
from vestibule.contrib.revocations import Revocations
from vestibule.kernel.jwt import Jwt, read_jwt
from vestibule.kernel.pseudonym import pseudonym

ACCESS = "access"


class Reason(Enum):
    """Why a request is refused: status, code and words of the answer."""

    MISSING = 401, "not_authenticated", "Authentication credentials were not provided."
    HEADER = 401, "bad_authorization_header", "Authorization header must contain two space-delimited values"
    INVALID = 401, "token_not_valid", "Token is invalid"
    EXPIRED = 401, "token_not_valid", "Token is expired"
    TYPE = 401, "token_not_valid", "Token has wrong type"
    ENDED = 401, "token_not_valid", "Session has ended"
    INACTIVE = 401, "user_inactive", "User is inactive"
    UNKNOWN = 401, "user_not_found", "User not found"
    ACTOR = 403, "actor_not_allowed", "Nobody may act for the user here"
    ROLES = 403, "permission_denied", "You do not have permission to perform this action."
    KEYS = 503, "keys_unavailable", "The issuer of the tokens cannot be asked for its keys"
    STALE = 503, "revocations_stale", "The issuer has not said for too long which sessions have ended"

    def __init__(self, status: int, code: str, words: str) -> None:
        self.status = status
        self.code = code
        self.words = words

    @property
    def headers(self) -> dict[str, str]:
        """What the answer carries beside its body. Source: RFC 6750."""
        if self.status == 503:
            return {"Retry-After": "1"}
        error = "insufficient_scope" if self.status == 403 else "invalid_token"
        detail = "" if self is Reason.MISSING else f', error="{error}", error_description="{self.words}"'
        return {"WWW-Authenticate": f'Bearer realm="api"{detail}'}


class RefusedError(Exception):
    """This request is not let in."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.words)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TokenUser:
    """Who sent a request, as its token and the revocation feed say."""

    id: str
    """Claim `user_id`: the id in this app's own tables where the user has one, else that of the issuer."""
    sub: str
    """The user at the issuer; never given to another one."""
    session_id: str
    username: str
    roles: tuple[str, ...]
    """Those of the token, or newer ones from the feed."""
    claims: Mapping[str, Any] = field(compare=False, repr=False)
    """All claims as they stand in the token."""
    actor: Mapping[str, Any] | None = field(default=None, compare=False)
    """Who acts for the user, if somebody does: claim `act` (RFC 8693)."""

    def has_roles(self, roles: Collection[str]) -> bool:
        """Whether the user has all of them."""
        return set(roles) <= set(self.roles)


def bearer(header: str | None) -> str | None:
    """The token of an Authorization header; None without one or with another scheme."""
    words = (header or "").split()
    if not words or words[0].lower() != "bearer":
        return None
    if len(words) != 2:
        raise RefusedError(Reason.HEADER)
    return words[1]


class Verifier:
    """Verifies the access tokens of one app; has the keys and, with an API key, the revocation feed."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._secret = OctKey.import_key(config.signing_key) if config.signing_key else None
        self._begin()
        # A forked child has neither the reader's thread nor a lock that it can trust.
        begin = weakref.WeakMethod(self._begin)
        os.register_at_fork(after_in_child=lambda: (again := begin()) and again())

    def _begin(self) -> None:
        self._keys = Keys(self.config)
        self._revocations = Revocations(self.config, self._keys) if self.config.feed else None

    def close(self) -> None:
        """End the reader of the feed; it ends with the process in any case."""
        if self._revocations is not None:
            self._revocations.close()

    def verify(self, token: str, *, patient: bool = True) -> TokenUser:
        """Who sent an access token. Raises RefusedError; WouldWaitError when it would have to wait and may not."""
        jwt = read_jwt(token)
        if jwt is None or jwt.header.get("typ") != "JWT" or not self._is_signed(jwt, patient=patient):
            raise RefusedError(Reason.INVALID)
        issued_at = self._check(jwt.claims)
        user = self._user(jwt.claims)
        if user.actor is not None and not self.config.allow_actor:
            raise RefusedError(Reason.ACTOR)
        if self._revocations is None:
            return user
        known, is_fresh = self._revocations.ask(patient=patient)
        if not is_fresh and self.config.when_stale == "refuse":
            raise RefusedError(Reason.STALE)
        return user if known is None else _overlaid(user, known, issued_at, self.config.api_key)

    def _is_signed(self, jwt: Jwt, *, patient: bool) -> bool:
        algorithm = jwt.header["alg"]
        if self.config.algorithm and algorithm != self.config.algorithm:
            return False
        if self._secret is not None:
            return is_signed(jwt, self.config.algorithm, self._secret)
        try:
            return self._keys.is_signed(jwt, patient=patient)
        except IssuerError as error:
            raise RefusedError(Reason.KEYS) from error

    def _check(self, claims: Mapping[str, object]) -> float:
        """When the token was issued. Raises RefusedError unless it is for us and of this hour."""
        config, now = self.config, self.config.now()
        expires_at, issued_at = claims.get("exp"), claims.get("iat")
        not_before = claims.get("nbf", 0)
        if not is_number(expires_at) or not is_number(issued_at) or not is_number(not_before):
            raise RefusedError(Reason.INVALID)
        if claims.get("iss") != config.iss or not _is_for(claims.get("aud"), config.audience):
            raise RefusedError(Reason.INVALID)
        if max(issued_at, not_before) > now + config.leeway:
            raise RefusedError(Reason.INVALID)
        if now >= expires_at + config.leeway:
            raise RefusedError(Reason.EXPIRED)
        if claims.get(config.token_type_claim) != ACCESS:
            raise RefusedError(Reason.TYPE)
        return issued_at

    def _user(self, claims: Mapping[str, object]) -> TokenUser:
        named = [claims.get(name) for name in (self.config.user_id_claim, "sub", "sid")]
        user_id, sub, session_id = (value if isinstance(value, str) else "" for value in named)
        actor, username, roles = claims.get("act"), claims.get("username"), claims.get("roles")
        if not (user_id and sub and session_id) or not isinstance(actor, dict | None):
            raise RefusedError(Reason.INVALID)
        listed = roles if isinstance(roles, list) else []
        return TokenUser(
            id=user_id,
            sub=sub,
            session_id=session_id,
            username=username if isinstance(username, str) else "",
            roles=tuple(role for role in listed if isinstance(role, str)),
            claims=claims,
            actor=actor,
        )


def _is_for(audience: object, wanted: str) -> bool:
    """Whether `aud` names us, in either spelling; without a name of our own it must name nobody (RFC 7519, 4.1.3)."""
    if not wanted:
        return audience is None
    return audience == wanted or (isinstance(audience, list) and wanted in audience)


def _overlaid(user: TokenUser, known: Known, issued_at: float, api_key: str) -> TokenUser:
    """The user with what the feed knows. Raises RefusedError when the session has ended or the user may not come in."""
    if pseudonym(api_key, f"session:{user.session_id}") in known.sessions:
        raise RefusedError(Reason.ENDED)
    name = pseudonym(api_key, f"user:{user.sub}")
    if issued_at <= known.users.get(name, float("-inf")):
        raise RefusedError(Reason.INACTIVE)
    changed_at, roles = known.roles.get(name, (float("-inf"), ()))
    if issued_at > changed_at:
        return user
    return TokenUser(user.id, user.sub, user.session_id, user.username, roles, user.claims, user.actor)
