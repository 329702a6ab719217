"""Hashes of imported users: every form of Django's is verified, and what would cost too much is not begun."""

import random
import subprocess
import sys
import time

import pytest

from vestibule.adapters import foreign_hashes
from vestibule.adapters.foreign_hashes import check_of
from vestibule.adapters.hashing import Argon2Hasher, Strength
from vestibule.adapters.system import SystemEntropy
from vestibule.kernel.secret import Secret

PASSWORD, LETTERS = "correct-horse-7-battery", "crème brûlée 密码🔑"

# Made by django.contrib.auth.hashers of Django 5.2.19 with its own parameters: make_password(password, hasher=name).
SAMPLES = {
    "pbkdf2_sha256$1000000$AzIiexQxQyeruuP39kIyeQ$oR5Orj+tLZTABtyGvWAscbBdOksc74Sofk5G0ggH9C0=": PASSWORD,
    "pbkdf2_sha1$1000000$1PQDf7IVjGSouqAqSrBHju$n+mvtee1xdmlgmrieicRjY/7JKE=": PASSWORD,
    "argon2$argon2id$v=19$m=102400,t=2,p=8$WTkzVWgzdzBmVHFGQ3ZGZDczdFYzeg$iBqR0ANdxkPyjArOJqXvSCjx1nhY2ehnljC3GcxrzP8": PASSWORD,
    "bcrypt_sha256$$2b$12$zRQxA9DszEZRjUrAVyEVfO/ajqrFPFcuoJo.FtDToWv5hBnPv/vyW": PASSWORD,
    "bcrypt$$2b$12$j5mx5OGeDNYJbub3rQXmkezerCRpkW6mQ4QNEj.UcbdcPM4ZyOWPW": PASSWORD,
    "scrypt$16384$LfSgWc9lPIADFMoyZX94my$8$5$0oZkfhN6NUgI2DTwuIBsCP4+6+kiryMepAfgxe4No0LyI1rnL+4Hzpa45GrwSCPR0fxhiwubXdIy4MnJIIJzlw==": PASSWORD,
    "pbkdf2_sha256$1000000$MqtlXn59VAPUs0woNkScnz$BI/j7kjEJDqDe65s2U78qN3vrGkSgKbPraSqzy4x9E4=": LETTERS,
    "bcrypt_sha256$$2b$12$028P08F2eQSH8VDYGlsYR.sVSvH5OSCXyc.dH42eTinccKhJXssnK": LETTERS,
    "bcrypt$$2b$12$jOE/7ddCwJl0WAI/rIPq5O4n1kWLuq28AqYARsdI2X7zVWoOs2p/G": LETTERS,
}
CHEAP = "pbkdf2_sha256$1$salt$"

# The same library in a process of its own, with parameters that cost little. Django's older ones are in it too.
LIVE = """
from django.conf import settings
H = "django.contrib.auth.hashers."
NAMES = ("PBKDF2", "PBKDF2SHA1", "Argon2", "BCryptSHA256", "BCrypt", "Scrypt")
settings.configure(PASSWORD_HASHERS=[H + name + "PasswordHasher" for name in NAMES])
from django.contrib.auth import hashers
from argon2 import PasswordHasher, Type
import bcrypt
for kind in (hashers.BCryptSHA256PasswordHasher, hashers.BCryptPasswordHasher):
    kind.rounds = 4
for kind in (hashers.PBKDF2PasswordHasher, hashers.PBKDF2SHA1PasswordHasher):
    kind.iterations = 1200
hashers.ScryptPasswordHasher.work_factor = 2**4
hashers.Argon2PasswordHasher.memory_cost = 64
for password in ({0!r}, {1!r}, "x" * 72):
    for name in ("pbkdf2_sha256", "pbkdf2_sha1", "argon2", "bcrypt_sha256", "bcrypt", "scrypt"):
        print(hashers.make_password(password, hasher=name))
    for kind in (Type.I, Type.D):
        print("argon2" + PasswordHasher(2, 64, 2, type=kind).hash(password))
    old = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4, prefix=b"2a")).decode()
    print("bcrypt$" + old)
    print()
"""


@pytest.fixture(scope="module")
def live():
    """Password -> hashes of every kind, made now by the library itself."""
    script = LIVE.format(PASSWORD, LETTERS)
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    groups = run.stdout.strip().split("\n\n")
    return {password: group.splitlines() for password, group in zip((PASSWORD, LETTERS, "x" * 72), groups, strict=True)}


@pytest.fixture
def hasher():
    hasher = Argon2Hasher(SystemEntropy(), Strength(8, 1))
    yield hasher
    hasher.close()


@pytest.mark.parametrize(("stored", "password"), SAMPLES.items(), ids=lambda text: text[:14])
async def test_a_hash_of_django_takes_its_password_and_no_other(hasher, stored, password):
    assert hasher.can_verify(stored)
    assert await hasher.verify(stored, Secret(password))
    assert not await hasher.verify(stored, Secret(password[:-1]))
    assert hasher.is_outdated(stored)


def test_the_library_of_today_writes_what_we_read(live):
    kinds = set()
    for password, hashes in live.items():
        for stored in hashes:
            check = check_of(stored)
            assert check is not None, stored
            assert check(password.encode())
            assert not check(b"another")
            kinds.add(stored.split("$")[0] + stored.split("$")[1] * stored.startswith("argon2"))
    assert len(kinds) == 8


def test_bcrypt_forgets_what_is_beyond_72_bytes_as_it_always_did():
    import bcrypt  # noqa: PLC0415  this test alone

    stored = "bcrypt$" + bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    check = check_of(stored)
    assert check is not None
    assert check(b"x" * 100)
    assert not check(b"x" * 71)


async def test_a_password_is_taken_as_it_was_typed(hasher):
    """Django does not compose letters: what it would refuse, a house that stands in for it refuses."""
    [stored] = [stored for stored, password in SAMPLES.items() if password == LETTERS and stored.startswith("pbkdf2")]
    decomposed = LETTERS.replace("é", "e\u0301").replace("è", "e\u0300").replace("û", "u\u0302")
    assert not await hasher.verify(stored, Secret(decomposed))


@pytest.mark.parametrize(
    "stored",
    [
        "!q8p2nMgHpZKQ6BZxvVTeZJrdIqJzXWTyYuGv4hhK",
        "",
        "plain",
        "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99",
        "pbkdf2_sha256",
        "pbkdf2_sha256$$salt$oR5O",
        "pbkdf2_sha256$0$salt$oR5O",
        "pbkdf2_sha256$-1$salt$oR5O",
        "pbkdf2_sha256$1$$oR5O",
        "pbkdf2_md5$1$salt$oR5O",
        "pbkdf2_sha256$5000001$salt$oR5O",
        "pbkdf2_sha256$99999999999999$salt$oR5O",
        "pbkdf2_sha256$1$sält$oR5O",
        "pbkdf2_sha256$1$\ud800$oR5O",
        "pbkdf2_sha256$1$salt$oR5O\n",
        "pbkdf2_sha256$1$" + "s" * 2_000 + "$oR5O",
        "scrypt$15$salt$8$1$oR5O",
        "scrypt$1$salt$8$1$oR5O",
        "scrypt$0$salt$8$1$oR5O",
        "scrypt$16384$salt$0$1$oR5O",
        "scrypt$16384$salt$8$0$oR5O",
        "scrypt$16384$salt$8$17$oR5O",
        "scrypt$131072$salt$8$1$oR5O",
        "scrypt$536870912$salt$999$999$oR5O",
        "scrypt$65536$salt$1$1$oR5O",
        "scrypt$131072$salt$1$1$oR5O",
        "argon2$argon2id$v=19$m=262145,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43,
        "argon2$argon2id$v=19$m=64,t=11,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43,
        "argon2$argon2id$v=19$m=64,t=1,p=17$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43,
        "argon2$argon2id$v=19$m=0,t=0,p=0$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43,
        "argon2$argon2x$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43,
        "bcrypt$$2b$17$j5mx5OGeDNYJbub3rQXmkezerCRpkW6mQ4QNEj.UcbdcPM4ZyOWPW",
        "bcrypt$$2b$03$j5mx5OGeDNYJbub3rQXmkezerCRpkW6mQ4QNEj.UcbdcPM4ZyOWPW",
        "bcrypt$$2b$31$j5mx5OGeDNYJbub3rQXmkezerCRpkW6mQ4QNEj.UcbdcPM4ZyOWPW",
        "bcrypt$$2b$12$tooshort",
    ],
    ids=lambda stored: ascii(stored[:30]),
)
async def test_what_is_none_or_too_dear_is_a_wrong_password_at_once(hasher, stored):
    began = time.perf_counter()
    assert not hasher.can_verify(stored)
    assert not await hasher.verify(stored, Secret(PASSWORD))
    assert hasher.is_outdated(stored)
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize(
    "stored",
    [
        "scrypt$2$salt$8$1$oR5O",
        "scrypt$32768$salt$1$16$oR5O",
        "scrypt$64$salt$999$16$oR5O",
        "argon2$argon2id$v=99$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43,
        "argon2$argon2id$v=19$m=1,t=1,p=8$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43,
        "argon2$argon2id$v=19$m=64,t=1,p=1$A$A",
        "bcrypt$$2b$04$" + "." * 53,
        CHEAP + "AAAA",
        CHEAP + "A",
    ],
)
async def test_a_hash_of_the_right_form_that_nothing_made_is_a_wrong_password(hasher, stored):
    assert not await hasher.verify(stored, Secret(PASSWORD))


async def test_a_corrupt_hash_is_a_wrong_password(hasher, live, monkeypatch):
    small = foreign_hashes.Ceiling(2_000, 4, 64 * 1024, 2, 128, 2, 2)
    monkeypatch.setattr(foreign_hashes, "CEILING", small)
    dice = random.Random(20261121)
    for _ in range(4_000):
        stored = dice.choice(live[PASSWORD])
        broken = list(stored)
        for _ in range(dice.randint(1, 3)):
            place = dice.randrange(len(broken))
            broken[place] = chr(dice.choice([0, 10, 36, 44, 61, 127, 233, 0xD800, *range(48, 58), *range(97, 103)]))
        text = "".join(broken)
        assert not await hasher.verify(text, Secret("another")), text


@pytest.mark.parametrize("password", ["", "\0", "nul\0inside", "\ud800 half a pair", "x" * 1_000])
async def test_any_text_may_be_tried(hasher, password):
    for stored in (
        CHEAP + "AAAA",
        "bcrypt$$2b$04$" + "." * 53,
        "argon2$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43,
    ):
        assert not await hasher.verify(stored, Secret(password))
