"""The issuer as an app sees it: an address to ask, and the public keys found there.

A request follows no redirect and uses no proxy, and its answer is bounded in size and time.
"""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from joserfc.jwk import JWKRegistry, Key
from joserfc.jws import JWSRegistry

from vestibule.contrib.config import KEY_SHAPES, Config
from vestibule.kernel.jwt import Jwt

TIMEOUT_S = 5.0
KEYS_BYTES = 65_536
KEYS_LIMIT = 64
FRESH_S = 300.0
"""How long keys are used without asking again: the `max-age` that they are published with."""
KEPT_S = 3_600.0
"""How long they are used while the issuer does not answer."""
SETTLED_S = 10.0
"""Keys as young as this are not asked for again because of a name that is not among them."""
UNKNOWN_PAUSE_S = 300.0
"""Between two requests that an unknown name caused, so that made-up names cost the issuer nothing."""
RETRY_S = 5.0
_PUBLIC = frozenset({"kty", "crv", "x", "y", "n", "e"})
_MODULUS = range(342, 1_367)
"""Characters of an RSA modulus of 2,048 to 8,192 bits."""

log = logging.getLogger("vestibule.contrib")


class IssuerError(Exception):
    """The issuer did not answer, or not what was asked for."""


class WouldWaitError(Exception):
    """The answer needs the network: ask again from where waiting is allowed."""


FAILURES = (OSError, HTTPException, ValueError, RecursionError, IssuerError)
"""What asking may raise."""


def connect(config: Config, timeout_s: float = TIMEOUT_S) -> HTTPConnection:
    """A connection that opens with its first request."""
    parts = urlsplit(config.url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=timeout_s)


def ask(connection: HTTPConnection, config: Config, path: str, headers: Mapping[str, str]) -> HTTPResponse:
    """The answer to a GET below the app's address, its body unread."""
    place = urlsplit(config.address).path
    connection.request("GET", f"{place}{path}", headers={"User-Agent": "vestibule-contrib", **headers})
    return connection.getresponse()


def body_of(answer: HTTPResponse, config: Config, limit_bytes: int) -> bytes:
    """The body. Raises IssuerError when it is too long or comes too slowly."""
    deadline = config.ticks() + TIMEOUT_S
    body = bytearray()
    while chunk := answer.read1(65_536):
        body += chunk
        if len(body) > limit_bytes:
            raise IssuerError("the answer is too long")
        if config.ticks() > deadline:
            raise IssuerError("the answer is too slow")
    return bytes(body)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key and the one algorithm that it is for."""

    algorithm: str
    key: Key


def is_signed(jwt: Jwt, algorithm: str, key: Key) -> bool:
    """Whether the signature is by this key. The caller has compared the algorithm with the header's."""
    signed, _, signature = jwt.text.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    return jwt.header["alg"] == algorithm and JWSRegistry.algorithms[algorithm].verify(signed.encode(), raw, key)


class Keys:
    """The issuer's public keys, fetched once and then when they are old or one is missing."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._keys: dict[str, PublicKey] | None = None
        self._loaded_at = self._try_at = self._guess_at = float("-inf")

    def is_signed(self, jwt: Jwt, *, patient: bool = True) -> bool:
        """Whether the issuer signed it. Raises IssuerError without keys; WouldWaitError when it would have to wait."""
        kid = jwt.header.get("kid")
        if jwt.header["alg"] not in KEY_SHAPES or not isinstance(kid, str):
            return False
        if self._is_due(kid):
            if not patient:
                raise WouldWaitError
            self._refresh(kid)
        if self._keys is None or self._config.ticks() - self._loaded_at > KEPT_S:
            raise IssuerError("the keys of the issuer are not known")
        found = self._keys.get(kid)
        return found is not None and is_signed(jwt, found.algorithm, found.key)

    def _is_due(self, kid: str) -> bool:
        now = self._config.ticks()
        if now < self._try_at:
            return False
        age = now - self._loaded_at
        if self._keys is None or age >= FRESH_S:
            return True
        return kid not in self._keys and age >= SETTLED_S and now >= self._guess_at

    def _refresh(self, kid: str) -> None:
        is_known = self._keys is not None and kid in self._keys
        if not self._lock.acquire(blocking=not is_known):
            return  # another thread is on its way; the key at hand is good until it comes back
        try:
            if not self._is_due(kid):
                return
            now = self._config.ticks()
            if self._keys is not None and not is_known:
                self._guess_at = now + UNKNOWN_PAUSE_S
            try:
                self._keys = self._fetch()
                self._loaded_at = now
            except FAILURES as error:
                self._try_at = now + RETRY_S
                log.warning("no keys from the issuer: %s", error)
        finally:
            self._lock.release()

    def _fetch(self) -> dict[str, PublicKey]:
        connection = connect(self._config)
        try:
            answer = ask(connection, self._config, "/.well-known/jwks.json", {"Accept": "application/json"})
            if answer.status != 200:
                raise IssuerError(f"status {answer.status}")
            return read_keys(json.loads(body_of(answer, self._config, KEYS_BYTES)))
        finally:
            connection.close()


def read_keys(document: object) -> dict[str, PublicKey]:
    """The signing keys of a JWK Set by their names; what is not understood is left out. Source: RFC 7517."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > KEYS_LIMIT:
        raise IssuerError("that is no JWK Set")
    return {item["kid"]: key for item in listed if isinstance(item, dict) and (key := _read_key(item)) is not None}


def _read_key(item: dict[str, object]) -> PublicKey | None:
    algorithm = item.get("alg")
    if not isinstance(algorithm, str) or algorithm not in KEY_SHAPES or item.get("use", "sig") != "sig":
        return None
    if KEY_SHAPES[algorithm] != (item.get("kty"), item.get("crv")) or not isinstance(item.get("kid"), str):
        return None
    if item["kty"] == "RSA" and len(str(item.get("n"))) not in _MODULUS:
        return None
    public: dict[str, str | list[str]] = {
        name: value for name, value in item.items() if name in _PUBLIC and isinstance(value, str)
    }
    try:
        return PublicKey(algorithm, JWKRegistry.import_key(public))
    except Exception as error:  # noqa: BLE001  a key that a library cannot read is a key we do not have
        log.warning("a key of the issuer is not readable: %s", type(error).__name__)
        return None
