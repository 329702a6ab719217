"""Password hashes that other systems made: verified, never written. Today those of Django."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass

Check = Callable[[bytes], bool]
"""Whether a password, as its bytes were typed, belongs to one hash."""

LONGEST = 1_024
BCRYPT_BYTES = 72
"""What bcrypt takes of a password; the libraries that made these hashes dropped the rest in silence."""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What one verification may cost: a hash that asks for more is corrupt, whoever put it into an import."""

    pbkdf2_iterations: int = 5_000_000
    bcrypt_rounds: int = 16
    scrypt_bytes: int = 128 * 1024 * 1024
    scrypt_lanes: int = 16
    argon2_kib: int = 256 * 1024
    argon2_passes: int = 10
    argon2_lanes: int = 16


# As of 2026-11-21, at least twice what Django 1.4 to 5.2 writes; the dearest takes about five seconds.
CEILING = Ceiling()


def check_of(stored: str) -> Check | None:
    """How to verify against a hash; None when it is of no known form, unusable, or above the ceiling.

    Source: django.contrib.auth.hashers of Django 5.2.
    """
    if len(stored) > LONGEST or not stored.isascii():
        return None
    for form, read in _FORMS:
        if match := form.fullmatch(stored):
            return read(match)
    return None


def _pbkdf2(match: re.Match[str]) -> Check | None:
    digest, iterations, salt, expected = match[1], int(match[2]), match[3].encode(), match[4]
    if not 1 <= iterations <= CEILING.pbkdf2_iterations:
        return None
    return lambda password: _is_same(hashlib.pbkdf2_hmac(digest, password, salt, iterations), expected)


def _scrypt(match: re.Match[str]) -> Check | None:
    cost, salt, block, lanes, expected = int(match[1]), match[2].encode(), int(match[3]), int(match[4]), match[5]
    memory = 128 * block * (cost + lanes)
    is_fit = cost > 1 and cost & (cost - 1) == 0 and cost.bit_length() <= 16 * block  # RFC 7914 section 6
    if not is_fit or memory > CEILING.scrypt_bytes or not block or not 1 <= lanes <= CEILING.scrypt_lanes:
        return None

    def check(password: bytes) -> bool:
        spare = 1024 * 1024  # the library counts a little more than the formula
        key = hashlib.scrypt(password, salt=salt, n=cost, r=block, p=lanes, maxmem=memory + spare, dklen=64)
        return _is_same(key, expected)

    return check


def _argon2(match: re.Match[str]) -> Check | None:
    from argon2 import low_level  # noqa: PLC0415  only for those who have such hashes
    from argon2.exceptions import Argon2Error  # noqa: PLC0415  as above

    memory_kib, passes, lanes = int(match[3]), int(match[4]), int(match[5])
    ceiling = CEILING.argon2_kib, CEILING.argon2_passes, CEILING.argon2_lanes
    if not all(1 <= asked <= most for asked, most in zip((memory_kib, passes, lanes), ceiling, strict=True)):
        return None
    stored, kind = match[1].encode(), low_level.Type[match[2].upper()]

    def check(password: bytes) -> bool:
        try:
            return low_level.verify_secret(stored, password, kind)
        except Argon2Error:
            return False

    return check


def _bcrypt(match: re.Match[str]) -> Check | None:
    import bcrypt  # noqa: PLC0415  only for those who have such hashes

    is_prehashed, stored = match[1] == "bcrypt_sha256", match[2].encode()
    if not 4 <= int(match[3]) <= CEILING.bcrypt_rounds:
        return None

    def check(password: bytes) -> bool:
        secret = hashlib.sha256(password).hexdigest().encode() if is_prehashed else password[:BCRYPT_BYTES]
        try:
            return bcrypt.checkpw(secret, stored)
        except ValueError:
            return False

    return check


_BASE64 = "[A-Za-z0-9+/]+={0,2}"
_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Check | None]], ...] = (
    (re.compile(rf"pbkdf2_(sha256|sha1)\$([0-9]{{1,7}})\$([^$]+)\$({_BASE64})"), _pbkdf2),
    (re.compile(rf"scrypt\$([0-9]{{1,9}})\$([^$]+)\$([0-9]{{1,3}})\$([0-9]{{1,3}})\$({_BASE64})"), _scrypt),
    (
        re.compile(
            r"argon2(\$argon2(id|i|d)(?:\$v=[0-9]{2})?\$m=([0-9]{1,7}),t=([0-9]{1,3}),p=([0-9]{1,3})"
            r"\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+)"
        ),
        _argon2,
    ),
    (re.compile(r"(bcrypt|bcrypt_sha256)\$(\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53})"), _bcrypt),
)


def _is_same(key: bytes, expected: str) -> bool:
    return hmac.compare_digest(base64.b64encode(key), expected.encode())
