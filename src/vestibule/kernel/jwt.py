"""Reading signed tokens strictly, before any cryptography. What is read here is not verified yet.

Source: RFC 7515, RFC 7519, RFC 8725. One spelling per token: base64url without padding and without stray bits, UTF-8,
no name twice in an object, numbers that every JSON reader takes for the same (RFC 7493). `crit` is refused, since no
extension is known here; `jwk`, `jku`, `x5u` and `x5c` are read by nobody.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from dataclasses import dataclass

from vestibule.kernel.entropy import text_of

MAX_BYTES = 8_192
MAX_DEPTH = 8
"""Objects and lists inside each other."""
EXACT_INTEGER = 2**53
_PARTS = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+)")
_KID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HALF_SIGN = re.compile(r"[\ud800-\udfff]")
"""Half of a surrogate pair: JSON can spell it, UTF-8 cannot."""


@dataclass(frozen=True, slots=True)
class Jws:
    """The parts of a compact JWS. Its `alg` is a text, of which nothing is known yet."""

    header: dict[str, object]
    payload: bytes
    signed: bytes
    """What the signature is about."""
    signature: bytes

    @property
    def algorithm(self) -> object:
        """What the token says it was signed with."""
        return self.header["alg"]


@dataclass(frozen=True, slots=True)
class Jwt:
    """A well-formed token; whether anybody signed it is another question."""

    header: dict[str, object]
    claims: dict[str, object]
    text: str


def read_jwt(text: str, max_bytes: int = MAX_BYTES) -> Jwt | None:
    """Header and claims of a token, else None. Never raises. A `kid` is a plain word, or there is none."""
    jws = None if len(text) > max_bytes else read_jws(text)
    if jws is None or not _is_plain_word(jws.header.get("kid", "none")):
        return None
    claims = _read_object(jws.payload)
    return None if claims is None else Jwt(jws.header, claims, text)


def read_jws(text: str) -> Jws | None:
    """The parts of a compact JWS with any payload, else None. Never raises."""
    match = _PARTS.fullmatch(text)
    if match is None:
        return None
    first, payload, signature = map(_exact_bytes, match.groups())
    header = None if first is None else _read_object(first)
    if header is None or payload is None or signature is None:
        return None
    if not isinstance(header.get("alg"), str) or "crit" in header:
        return None
    return Jws(header, payload, text[: match.end(2)].encode(), signature)


def _is_plain_word(value: object) -> bool:
    return isinstance(value, str) and _KID.fullmatch(value) is not None


def _exact_bytes(text: str) -> bytes | None:
    """The bytes of base64url in its only spelling; the usual decoder drops bits that stand for nothing."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return None
    return raw if text_of(raw) == text else None


def _read_object(raw: bytes) -> dict[str, object] | None:
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and _is_plain(value, MAX_DEPTH) else None


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _is_plain(value: object, depth: int) -> bool:
    """Whether everything inside is shallow, finite, exact, and text that can be written down again."""
    match value:
        case dict():
            return depth > 0 and all(_is_plain(name, depth) and _is_plain(value[name], depth - 1) for name in value)
        case list():
            return depth > 0 and all(_is_plain(item, depth - 1) for item in value)
        case str():
            return _HALF_SIGN.search(value) is None
        case int():
            return abs(value) < EXACT_INTEGER
        case float():
            return math.isfinite(value)
        case _:
            return True
