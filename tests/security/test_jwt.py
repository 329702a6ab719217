"""JWT-1 to JWT-3, JWT-8, JWT-9 and JWT-13: algorithms, headers and keys. Source: RFC 8725, R135 to R138, R140, R141."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tests.checks import counted, refused
from tests.fakes import SeededEntropy
from tests.protocols.simplejwt.calls import client, create, set_policy
from tests.security.forgery import GONE, Forger, signed
from tests.world import ORIGIN, World
from vestibule.core.tokens.model import ALGORITHMS, SHARED
from vestibule.kernel.entropy import text_of
from vestibule.kernel.errors import Code
from vestibule.kernel.secret import Secret

PAIRS = ["ES256", "EdDSA", "RS256", "PS256"]
NONE = ["none", "None", "nOnE", "NONE", "none ", " none", "no\u006ee", "", "null"]


@pytest.fixture
async def world(tmp_path, monkeypatch):
    monkeypatch.setattr("vestibule.adapters.signing.RSA_BITS", 2048)  # quicker; how long new keys are is no matter here
    world = await World.open(tmp_path)
    await create(world)
    yield world
    await world.close()


async def with_algorithm(world, algorithm):
    if algorithm in SHARED:
        secret = Secret(text_of(world.house.entropy.token_bytes(64)))
        await world.house.signing_keys.bring(world.app, algorithm, secret, ORIGIN)
    await set_policy(world, ALGORITHM=algorithm)
    return await Forger.of(world)


# JWT-1: algorithms ------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
async def test_what_the_app_signs_opens_its_door(world, algorithm):
    forger = await with_algorithm(world, algorithm)
    assert forger.header["alg"] == algorithm
    assert await forger.is_taken_anywhere(forger.genuine)
    assert await forger.opens(forger.token())


@pytest.mark.parametrize("algorithm", ["ES256", "HS256"])
async def test_a_token_that_nobody_signed_is_refused(world, algorithm):
    """R136; CVE-2015-9235, CVE-2026-28802."""
    forger = await with_algorithm(world, algorithm)
    claims, signature = forger.genuine.split(".")[1:]
    for named in NONE:
        for kid in (forger.row.id, GONE):
            header = {
                name: value for name, value in {"alg": named, "typ": "JWT", "kid": kid}.items() if value is not GONE
            }
            start = f"{text_of(json.dumps(header).encode())}.{claims}"
            for end in ("", ".", f".{signature}", ".AA", ".e30"):
                assert not await forger.opens(start + end), (header, end)
    assert not await forger.is_taken_anywhere(f"{start}.{signature}")


@pytest.mark.parametrize(
    "name", [GONE, None, 1, True, [], ["ES256"], {"ES256": 1}, "es256", "Es256", "ES256 ", "ES-256", "SHA256withECDSA"]
)
async def test_an_algorithm_is_named_exactly(world, name):
    forger = await Forger.of(world)
    assert not await forger.opens(forger.token({"alg": name}))


def dresses(private):
    """Every form in which a public key is seen: PEM, DER, JWK, its numbers."""
    key: Any = load_pem_private_key(private.encode(), None)
    public = key.public_key()
    (kind,) = (each for each in (ECKey, OKPKey, RSAKey) if each.binding.check_cryptography_key(public))
    jwk = kind.import_key(public)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    yield from (
        pem,
        pem.strip(),
        pem.replace(b"\n", b"\r\n"),
        pem.replace(b"\n", b"\\n"),
        b"".join(pem.splitlines()[1:-1]),
    )
    yield public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for members in (jwk.as_dict(private=False), {"keys": [jwk.as_dict(private=False)]}):
        yield from (json.dumps(members).encode(), json.dumps(members, separators=(",", ":"), sort_keys=True).encode())
    numbers = [jwk.as_dict(private=False).get(name) for name in ("n", "x", "y")]
    yield from (str(number).encode() for number in numbers if number)
    if isinstance(key, rsa.RSAPrivateKey):
        yield public.public_bytes(Encoding.PEM, PublicFormat.PKCS1)


@pytest.mark.parametrize("algorithm", PAIRS)
async def test_a_public_key_is_no_shared_secret(world, algorithm):
    """R135; CVE-2022-29217, CVE-2024-37568, CVE-2024-33663: HS256 with what everybody can read."""
    forger = await with_algorithm(world, algorithm)
    published = await world.house.signing_keys.published(world.app)
    tried = 0
    for dress in [*dresses(forger.private), json.dumps(published).encode(), json.dumps({"keys": published}).encode()]:
        secret = OctKey(dress, dress)
        for named in sorted(SHARED):
            for kid in (forger.row.id, GONE, "other"):
                assert not await forger.opens(signed(named, secret, _header(named, kid), forger.claims))
                tried += 1
    assert tried > 100


def _header(algorithm, kid):
    return {"alg": algorithm, "typ": "JWT"} | ({} if kid is GONE else {"kid": kid})


CROSSED = [
    *[(own, other) for own in ("RS256", "PS256") for other in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")],
    ("HS256", "HS384"),
    ("HS256", "HS512"),
    ("HS384", "HS256"),
    ("HS512", "HS256"),
    ("HS512", "HS384"),
]


@pytest.mark.parametrize(("own", "other"), [each for each in CROSSED if each[0] != each[1]])
async def test_a_key_does_not_serve_a_neighbouring_algorithm(world, own, other):
    """R140; CVE-2026-48523: the same key would do, but it is for one algorithm, whatever stands in the header."""
    forger = await with_algorithm(world, own)
    for named in (own, other):
        for kid in (forger.row.id, GONE):
            text = signed(other, forger.key._key, _header(named, kid), forger.claims)
            assert not await forger.is_taken_anywhere(text)
    assert not await forger.opens(signed(own, forger.key._key, _header(other, forger.row.id), forger.claims))


@pytest.mark.parametrize(
    ("curve", "algorithm"), [("P-384", "ES384"), ("P-521", "ES512"), ("P-384", "ES256"), ("P-256", "ES384")]
)
async def test_another_curve_is_another_key(world, curve, algorithm):
    """ES256 means P-256 and nothing else."""
    forger = await Forger.of(world)
    stranger = ECKey.generate_key(curve)
    for named in ("ES256", "ES384", "ES512"):
        for kid in (forger.row.id, GONE):
            assert not await forger.opens(signed(algorithm, stranger, _header(named, kid), forger.claims))


async def test_a_key_of_the_app_signs_under_its_own_name_only(world):
    """The next key is published and its algorithm is right; a token that names another key is not its token."""
    forger = await Forger.of(world)
    rows = {row.id: row for row in await world.house.signing_keys.all(world.app)}
    (other,) = [row for row in rows.values() if row.id != forger.row.id]
    for kid in (other.id, GONE, other.id.upper(), other.id[:-1], f"{other.id}0", "0" * 24):
        assert not await forger.is_taken_anywhere(forger.token({"kid": kid}))
    assert await forger.opens(forger.token())


async def test_a_signature_in_another_form_is_refused(world):
    """ES256: two numbers of 32 bytes; neither DER, nor shorter, nor longer, nor nought."""
    forger = await Forger.of(world)
    start, _, signature = forger.genuine.rpartition(".")
    private: Any = load_pem_private_key(forger.private.encode(), None)
    der = private.sign(start.encode(), ECDSA(SHA256()))
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551.to_bytes(32)
    raw = [
        der,
        bytes(64),
        order * 2,
        bytes(32) + order,
        b"\xff" * 64,
        b"\x00" * 63 + b"\x01",
        b"\x00",
        bytes(65),
        bytes(1_000),
    ]
    for each in [text_of(one) for one in raw] + [signature[:-4], f"{signature}AAAA", f"AAAA{signature}"]:
        assert not await forger.opens(f"{start}.{each}")


# JWT-2: keys that a token brings ----------------------------------------------------------------------

EVIL = "https://evil.test/keys"


@pytest.fixture
def nothing_is_looked_up(monkeypatch):
    """Even the attempt to ask for an address is a fault."""

    def fail(*_args, **_more):
        raise AssertionError("a token made the server look something up")

    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, fail)


def brought(key):
    """Headers by which an attacker brings a key."""
    public = key.as_dict(private=False)
    return {
        "jwk": {"jwk": public},
        "jwk with kid": {"jwk": {**public, "kid": "evil"}, "kid": "evil"},
        "jku": {"jku": EVIL},
        "jku of a file": {"jku": "file:///etc/passwd"},
        "jku of the loop": {"jku": "http://127.0.0.1:9/x"},
        "x5u": {"x5u": EVIL},
        "x5c": {"x5c": ["MIIB"]},
        "x5t": {"x5t": "AAAA", "x5t#S256": "AAAA"},
        "all": {"jwk": public, "jku": EVIL, "x5u": EVIL, "x5c": ["MIIB"]},
    }


@pytest.mark.usefixtures("nothing_is_looked_up")
async def test_a_token_does_not_bring_its_key(world):
    """R137; CVE-2018-0114, CVE-2026-27962: the key is looked up by us, or there is none."""
    forger, evil = await Forger.of(world), ECKey.generate_key("P-256")
    for name, extra in brought(evil).items():
        for kid in (forger.row.id, GONE):
            header = _header("ES256", kid) | extra
            assert not await forger.is_taken_anywhere(signed("ES256", evil, header, forger.claims)), name


@pytest.mark.usefixtures("nothing_is_looked_up")
async def test_what_a_token_brings_is_not_even_read(world):
    """Well signed, they do no harm: nobody looks at them, whatever they are."""
    forger = await Forger.of(world)
    own = {
        **brought(ECKey.generate_key("P-256")),
        "no key": {"jwk": 5},
        "no address": {"jku": [1]},
        "unknown": {"a": {"b": 1}},
    }
    for name, extra in own.items():
        assert await forger.opens(forger.token({**extra, "kid": forger.row.id})), name


@pytest.mark.parametrize("crit", [["exp"], ["b64"], ["unknown"], [], ["alg", "kid"], "b64", None, {}, 1, [1]])
async def test_extensions_are_refused(world, crit):
    """R138; CVE-2025-59420; RFC 7515 section 4.1.11."""
    forger = await Forger.of(world)
    for extra in ({}, {"b64": False}, {"b64": True}, {"unknown": 1}):
        assert not await forger.opens(forger.token({"crit": crit, **extra}))


async def test_an_unencoded_payload_is_not_understood(world):
    """RFC 7797: what was signed is not what would be read."""
    forger = await Forger.of(world)
    start, claims = (
        text_of(json.dumps({**forger.header, "b64": False}).encode()),
        json.dumps(forger.claims, separators=(",", ":")),
    )
    text = signed("ES256", forger.key._key, {**forger.header, "b64": False}, forger.claims)
    assert not await forger.opens(f"{start}.{claims}.{text.rpartition('.')[2]}")


# JWT-3: names of keys ---------------------------------------------------------------------------------

KIDS = {
    "sql": "' OR '1'='1' --",
    "union": "x' UNION SELECT sealed FROM signing_key --",
    "path": "../../../../dev/null",
    "file": "/etc/passwd",
    "address": EVIL,
    "NUL": "a\0b",
    "line": "a\r\nX-Evil: 1",
    "template": "{{7*7}}${7*7}",
    "command": "|whoami",
    "long": "a" * 65,
    "very long": "a" * 1_000_000,
    "empty": "",
    "array": ["a"],
    "object": {"a": 1},
    "number": 0,
    "null": None,
    "true": True,
    "half a sign": "\ud800",
}


@pytest.mark.parametrize("kind", KIDS)
async def test_a_kid_is_a_plain_word_or_nobody_looks(world, kind):
    forger = await Forger.of(world)
    with counted(world) as work:
        assert not await forger.opens(forger.token({"kid": KIDS[kind]}))
    assert [statement for statement in work.statements if "signing_key" in statement] == []
    if kind != "very long":
        assert not await forger.is_taken_anywhere(forger.token({"kid": KIDS[kind]}))


async def test_a_kid_is_not_what_the_database_is_asked_for(world):
    forger = await Forger.of(world)
    asked: list[str] = []
    world.running.store._reader.connection.set_trace_callback(asked.append)
    assert not await forger.opens(forger.token({"kid": "unknown-kid-of-a-stranger"}))
    world.running.store._reader.connection.set_trace_callback(None)
    assert any("signing_key" in statement for statement in asked)
    assert not any("unknown-kid" in statement for statement in asked)


# JWT-8: encrypted tokens ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "dir", "enc": "A256GCM"},
        {"alg": "dir", "enc": "A256GCM", "zip": "DEF"},
        {"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": 2**31 - 1, "p2s": "AAAA"},
        {"alg": "RSA1_5", "enc": "A128CBC-HS256"},
        {"alg": "ECDH-ES", "enc": "A256GCM", "epk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}},
    ],
    ids=lambda header: header["alg"],
)
async def test_nothing_encrypted_is_opened(world, header):
    """R141; CVE-2024-33664, CVE-2024-28180: no inflating, no deriving, no time lost."""
    forger = await Forger.of(world)
    first = text_of(json.dumps(header).encode())
    began = time.perf_counter()
    for text in (
        f"{first}..AAAA.AAAA.AAAA",
        f"{first}.AAAA.AAAA.AAAA.AAAA",
        f"{first}.{forger.genuine.split('.')[1]}.AAAA",
    ):
        assert not await forger.is_taken_anywhere(text)
    assert time.perf_counter() - began < 5
    assert not await forger.opens(forger.token(header))


# JWT-9: keys that an operator brings ------------------------------------------------------------------


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


SECRET = text_of(SeededEntropy(9).token_bytes(48))
WEAK = {
    "RSA of 1024 bits": ("RS256", lambda: pem(rsa.generate_private_key(65537, 1024))),
    "RSA with exponent 3": ("RS256", lambda: pem(rsa.generate_private_key(3, 2048))),
    "P-384 for ES256": ("ES256", lambda: ECKey.generate_key("P-384").as_pem(private=True).decode()),
    "public key": ("ES256", lambda: ECKey.generate_key("P-256").as_pem(private=False).decode()),
    "short secret": ("HS256", lambda: SECRET[:31]),
    "short secret of HS512": ("HS512", lambda: SECRET[:63]),
    "empty": ("HS256", lambda: ""),
    "example": ("HS256", lambda: "your-256-bit-secret-your-256-bit-secret"),
    "public key as secret": ("HS256", lambda: ECKey.generate_key("P-256").as_pem(private=False).decode()),
    "none": ("none", lambda: SECRET),
    "small letters": ("hs256", lambda: SECRET),
}  # fmt: skip


@pytest.mark.parametrize("kind", WEAK)
async def test_a_weak_key_is_not_taken(world, kind):
    algorithm, make = WEAK[kind]
    with refused(Code.FIELD_INVALID):
        await world.house.signing_keys.bring(world.app, algorithm, Secret(make()), ORIGIN)
    assert [row.algorithm for row in await world.house.signing_keys.all(world.app)] == []


@pytest.mark.parametrize("is_production", [True, False])
async def test_a_secret_of_startproject_is_for_development(tmp_path, is_production):
    world = await World.open(tmp_path, production=is_production)
    bring = world.house.signing_keys.bring(world.app, "HS256", Secret(f"django-insecure-{SECRET}"), ORIGIN)
    if is_production:
        with refused(Code.FIELD_INVALID, field="SIGNING_KEY"):
            await bring
    else:
        assert await bring
    await world.close()


async def test_whoever_shares_the_secret_cannot_make_our_tokens(world):
    """A service that holds the key may sign for others, not for us: `jti` is derived from a key that it lacks."""
    await world.house.signing_keys.bring(world.app, "HS256", Secret(SECRET), ORIGIN)
    forger = await with_algorithm(world, "HS256")
    assert await forger.opens(forger.token({"kid": GONE}))
    for jti in ("0" * 32, forger.claims["jti"][:-1] + "x", GONE, "00000000" + "f" * 24):
        assert not await forger.is_taken_anywhere(forger.token({"kid": GONE}, {"jti": jti}))


async def test_an_app_that_gave_up_its_secret_takes_only_what_names_it(world):
    """Its last tokens live on under the name of their key; a service that still signs without a name is refused."""
    forger = await with_algorithm(world, "HS256")
    assert await forger.opens(forger.token({"kid": GONE}))
    await set_policy(world, ALGORITHM="ES256")
    assert not await forger.is_taken_anywhere(forger.token({"kid": GONE}))
    assert await forger.opens(forger.genuine)


# JWT-13: what is published ----------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256", "HS256"])
async def test_nothing_private_is_published(world, algorithm):
    forger = await with_algorithm(world, algorithm)
    async with client(world) as http:
        answer = await http.get("/.well-known/jwks.json")
    keys = answer.json()["keys"]
    assert {name for key in keys for name in key} <= {"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"}
    assert {key["alg"] for key in keys} == {"ES256", algorithm} - SHARED
    assert {key["kty"] for key in keys} <= {"EC", "OKP", "RSA"}
    assert len({key["kid"] for key in keys}) == len(keys)
    assert forger.private.splitlines()[-1 if algorithm in SHARED else 1] not in answer.text
