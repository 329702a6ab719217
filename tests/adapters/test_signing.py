"""adapters/signing.py: keys for one algorithm each. Source: RFC 7515 to 7518, RFC 8037, RFC 8725 sections 3.1, 3.2, 3.5."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache

import jwt as pyjwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import SeededEntropy
from vestibule.adapters.signing import KINDS, TYPES, JoseKey, JoseKeys
from vestibule.core.store import in_transaction
from vestibule.core.tokens.model import ALGORITHMS, SHARED
from vestibule.kernel.entropy import text_of
from vestibule.kernel.secret import Secret

MAKER = JoseKeys(SeededEntropy())
DEVELOPMENT = JoseKeys(SeededEntropy(), is_development=True)
CLAIMS: dict[str, object] = {"sub": "ada", "name": "Zoë"}
FAMILIES = ["ES256", "EdDSA", "RS256", "PS384", "HS256"]


@cache
def made(algorithm: str) -> tuple[JoseKey, Secret[str]]:
    return asyncio.run(MAKER.generate(algorithm))


@cache
def rsa_key(bits: int = 2048, exponent: int = 65537) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(exponent, bits)


def pem(key, form=PrivateFormat.PKCS8, lock=None):
    return key.private_bytes(Encoding.PEM, form, lock or NoEncryption()).decode()


def public_pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def certificate(key):
    name, day = x509.Name([]), datetime(2026, 11, 21, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, day, day.replace(year=2027))
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


def jwk(algorithm="ES256", **changes):
    """A private JWK of a key of ours, as text."""
    key = TYPES[KINDS[algorithm].type].import_key(made(algorithm)[1].reveal())
    members = key.as_dict(private=True) | changes
    return json.dumps({name: value for name, value in members.items() if value is not None})


def secret(length):
    return text_of(SeededEntropy(7).token_bytes(length))[:length]


# What a key does --------------------------------------------------------------------------------------


def test_there_are_as_many_kinds_as_algorithms():
    assert KINDS.keys() == ALGORITHMS
    assert {name for name, kind in KINDS.items() if kind.type == "oct"} == SHARED


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_what_a_key_signs_it_verifies_and_so_does_another_library(algorithm):
    key, private = made(algorithm)
    text = key.sign({"typ": "JWT", "kid": "65f0"}, CLAIMS)
    assert key.verify(text)
    assert MAKER.load(algorithm, private).verify(text)
    assert list(pyjwt.get_unverified_header(text).items()) == [("alg", algorithm), ("typ", "JWT"), ("kid", "65f0")]
    public = private.reveal() if algorithm in SHARED else pyjwt.PyJWK(key.public_jwk(), algorithm)  # type: ignore[arg-type]  # PyJWT's Any
    assert pyjwt.decode(text, public, algorithms=[algorithm]) == CLAIMS


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_a_key_verifies_what_another_library_signed_with_it(algorithm):
    key, private = made(algorithm)
    assert key.verify(pyjwt.encode(CLAIMS, private.reveal(), algorithm, {"kid": "65f0"}))


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_a_key_of_the_same_kind_does_not_verify(algorithm):
    other, _ = asyncio.run(MAKER.generate(algorithm))
    assert not other.verify(made(algorithm)[0].sign({}, CLAIMS))


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
@pytest.mark.parametrize("named", [*sorted(ALGORITHMS), "none", "None", "nOnE", "", "es256", "Ed25519", "ES256K"])
def test_a_token_does_not_choose_its_algorithm(algorithm, named):
    """The key may sign both: what its token says it was signed with must be the one algorithm of the key."""
    key, _ = made(algorithm)
    header, _, rest = key.sign({}, CLAIMS).partition(".")
    header = text_of(json.dumps({"alg": named}, separators=(",", ":")).encode())
    signed = f"{header}.{rest.partition('.')[0]}"
    signature = key._method.sign(signed.encode(), key._key)
    assert key.verify(f"{signed}.{text_of(signature)}") == (named == algorithm)


def test_a_caller_does_not_choose_it_either():
    text = made("ES256")[0].sign({"alg": "none", "kid": "a"}, CLAIMS)
    assert pyjwt.get_unverified_header(text) == {"alg": "ES256", "kid": "a"}


def test_claims_that_are_no_json_are_not_signed():
    for value in (float("nan"), float("inf"), b"bytes"):
        with pytest.raises((TypeError, ValueError)):
            made("ES256")[0].sign({}, {"value": value})


@pytest.mark.parametrize("algorithm", FAMILIES)
@given(place=st.integers(0, 2_000), sign=st.sampled_from("AZaz09-_.=\n\0é"))
def test_a_changed_token_is_not_verified_and_no_fault(algorithm, place, sign):
    text = made(algorithm)[0].sign({"kid": "65f0"}, CLAIMS)
    place %= len(text) + 1
    changed = text[:place] + sign + text[place + 1 :]
    assert made(algorithm)[0].verify(changed) == (changed == text)


@pytest.mark.parametrize("algorithm", FAMILIES)
@given(raw=st.binary(max_size=600))
def test_any_signature_is_judged_and_no_fault(algorithm, raw):
    key, _ = made(algorithm)
    assert not key.verify(f"{key.sign({}, CLAIMS).rpartition('.')[0]}.{text_of(raw)}")


def test_the_vector_of_rfc_8037():
    key = MAKER.load(
        "EdDSA",
        Secret(
            '{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",'
            '"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'
        ),
    )
    assert key.thumbprint() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert key.verify(
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
        ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )


def test_the_thumbprint_of_rfc_7638():
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj"
        "hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvR"
        "L5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDK"
        "gw"
    )
    public: dict[str, object] = {"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert MAKER.load_public("RS256", public).thumbprint() == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS - SHARED))
def test_a_public_key_shows_nothing_private_and_verifies(algorithm):
    key, private = made(algorithm)
    public = key.public_jwk()
    assert public is not None
    assert public.keys() <= {"kty", "crv", "x", "y", "n", "e"}
    reader = MAKER.load_public(algorithm, public)
    assert reader.verify(key.sign({}, CLAIMS))
    assert reader.thumbprint() == key.thumbprint() == MAKER.load(algorithm, private).thumbprint()


@pytest.mark.parametrize("algorithm", sorted(SHARED))
def test_a_shared_secret_has_no_public_part(algorithm):
    key, private = made(algorithm)
    assert key.public_jwk() is None
    with pytest.raises(ValueError, match="thumbprint"):
        key.thumbprint()
    assert len(private.reveal()) == 86  # 64 random bytes


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_a_key_does_not_print_itself(algorithm):
    key, private = made(algorithm)
    assert private.reveal()[40:60] not in f"{key!r}{key!s}{vars(key)}{private!r}"


def test_new_rsa_keys_have_3072_bits():
    public = made("RS256")[0].public_jwk()
    assert public is not None
    assert len(str(public["n"])) * 6 // 8 * 8 == 3072


async def test_no_key_is_made_inside_a_transaction():
    token = in_transaction.set(True)
    try:
        with pytest.raises(RuntimeError, match="transaction"):
            await MAKER.generate("ES256")
    finally:
        in_transaction.reset(token)


# What a key must be -----------------------------------------------------------------------------------

ACCEPTED: dict[str, tuple[str, Callable[[], str]]] = {
    "EC, PKCS 8": ("ES256", lambda: pem(ec.generate_private_key(ec.SECP256R1()))),
    "EC, SEC 1": ("ES256", lambda: pem(ec.generate_private_key(ec.SECP256R1()), PrivateFormat.TraditionalOpenSSL)),
    "EC, P-521": ("ES512", lambda: pem(ec.generate_private_key(ec.SECP521R1()))),
    "RSA, PKCS 8": ("RS256", lambda: pem(rsa_key())),
    "RSA, PKCS 1": ("PS512", lambda: pem(rsa_key(), PrivateFormat.TraditionalOpenSSL)),
    "RSA with its certificate": ("RS256", lambda: certificate(rsa_key()) + pem(rsa_key())),
    "Ed25519": ("EdDSA", lambda: pem(ed25519.Ed25519PrivateKey.generate())),
    "line ends of Windows": ("ES256", lambda: pem(ec.generate_private_key(ec.SECP256R1())).replace("\n", "\r\n")),
    "JWK": ("ES256", jwk),
    "JWK with words about itself": ("ES256", lambda: jwk(alg="ES256", use="sig", kid="a", key_ops=["sign"])),
    "JWK with blanks": ("ES256", lambda: f"\n {jwk()} \n"),
    "JWK of RSA, only d": ("RS256", lambda: jwk("RS256", p=None, q=None, dp=None, dq=None, qi=None)),
    "secret of 32 bytes": ("HS256", lambda: secret(32)),
    "secret of 48 bytes": ("HS384", lambda: secret(48)),
    "secret of 64 bytes": ("HS512", lambda: secret(64)),
    "secret of 32 bytes in other letters": ("HS256", lambda: "зеленыйчайсмят"[:8] + secret(16)),
    "secret of hex": ("HS256", lambda: SeededEntropy().token_bytes(16).hex()),
    "secret as JWK": ("HS256", lambda: json.dumps({"kty": "oct", "k": text_of(bytes(range(150, 182)))})),
    "secret that begins like JSON": ("HS256", lambda: "{" + secret(40)),
}  # fmt: skip


@pytest.mark.parametrize("kind", ACCEPTED)
def test_keys_of_others_are_taken(kind):
    algorithm, make = ACCEPTED[kind]
    key = MAKER.load(algorithm, Secret(make()))
    assert key.algorithm == algorithm
    assert key.verify(key.sign({}, CLAIMS))


OTHER = ec.derive_private_key(5, ec.SECP256R1())
REFUSED: dict[str, tuple[str, Callable[[], str], str]] = {
    "nothing": ("ES256", lambda: "", "no private key"),
    "a word": ("ES256", lambda: "hunter2-hunter2", "no private key"),
    "PEM without contents": ("ES256", lambda: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "no private key"),
    "PEM cut off": ("ES256", lambda: made("ES256")[1].reveal()[:120], "no private key"),
    "NUL": ("ES256", lambda: "\0", "no private key"),
    "public key": ("ES256", lambda: public_pem(OTHER), "public key"),
    "certificate": ("RS256", lambda: certificate(rsa_key()), "public key"),
    "public JWK": ("ES256", lambda: jwk(d=None), "public key"),
    "public JWK of RSA": ("RS256", lambda: jwk("RS256", d=None), "public key"),
    "with passphrase": ("ES256", lambda: pem(OTHER, lock=BestAvailableEncryption(b"x")), "passphrase"),
    "with passphrase, old": ("ES256", lambda: pem(OTHER, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"x")), "passphrase"),
    "of OpenSSH": ("EdDSA", lambda: pem(ed25519.Ed25519PrivateKey.generate(), PrivateFormat.OpenSSH), "no private key"),
    "RSA for ES256": ("ES256", lambda: pem(rsa_key()), "type EC"),
    "EC for RS256": ("RS256", lambda: pem(OTHER), "type RSA"),
    "EC for EdDSA": ("EdDSA", lambda: pem(OTHER), "type OKP"),
    "Ed25519 for ES256": ("ES256", lambda: pem(ed25519.Ed25519PrivateKey.generate()), "type EC"),
    "P-384 for ES256": ("ES256", lambda: pem(ec.generate_private_key(ec.SECP384R1())), "curve P-256"),
    "P-256 for ES384": ("ES384", lambda: pem(OTHER), "curve P-384"),
    "P-256 for ES512": ("ES512", lambda: pem(OTHER), "curve P-521"),
    "secp256k1 for ES256": ("ES256", lambda: pem(ec.generate_private_key(ec.SECP256K1())), "curve P-256"),
    "Ed448": ("EdDSA", lambda: pem(ed448.Ed448PrivateKey.generate()), "curve Ed25519"),
    "X25519": ("EdDSA", lambda: pem(x25519.X25519PrivateKey.generate()), "curve Ed25519"),
    "RSA of 1024 bits": ("RS256", lambda: pem(rsa_key(1024)), "1024 bits"),
    "RSA of 2040 bits": ("RS256", lambda: pem(rsa_key(2040)), "2040 bits"),
    "RSA with exponent 3": ("PS256", lambda: pem(rsa_key(2048, 3)), "exponent"),
    "JWK of RSA for ES256": ("ES256", lambda: jwk("RS256"), "type EC"),
    "JWK on P-384 for ES256": ("ES256", lambda: jwk("ES384"), "curve P-256"),
    "JWK of RS256 for PS256": ("PS256", lambda: jwk("RS256", alg="RS256"), "not for PS256"),
    "JWK of ES256 in small letters": ("ES256", lambda: jwk(alg="es256"), "not for ES256"),
    "JWK for encryption": ("ES256", lambda: jwk(use="enc"), "not for signatures"),
    "JWK for deriving": ("ES256", lambda: jwk(key_ops=["deriveKey"]), "not for signatures"),
    "JWK with another's d": ("ES256", lambda: jwk(d=text_of((5).to_bytes(32))), "do not belong together"),
    "JWK off the curve": ("ES256", lambda: jwk(x=text_of(bytes(31) + b"\x01")), "do not belong together"),
    "JWK on a foreign curve": ("ES256", lambda: jwk(crv="P-192"), "do not belong together"),
    "JWK without y": ("ES256", lambda: jwk(y=None), "missing"),
    "JWK without x": ("EdDSA", lambda: jwk("EdDSA", x=None), "missing"),
    "JWK with uses that are no list": ("ES256", lambda: jwk(key_ops=5), "not for signatures"),
    "JWK with uses in an object": ("ES256", lambda: jwk(key_ops={"sign": 1}), "not for signatures"),
    "JWK with half of the factors": ("RS256", lambda: jwk("RS256", p=None), "missing"),
    "JWK of many primes": ("RS256", lambda: jwk("RS256", oth=[{"r": "AQ"}]), "missing"),
    "JWK with numbers": ("ES256", lambda: jwk(d=5), "missing"),
    "a set of JWKs": ("ES256", lambda: f'{{"keys":[{jwk()}]}}', "type EC"),
    "a secret for ES256": ("ES256", lambda: '{"kty":"oct","k":"AAAA"}', "type EC"),
    "a short phrase": ("HS256", lambda: "change-me", "32 bytes or more; this one has 9"),
    "31 bytes": ("HS256", lambda: secret(31), "32 bytes or more; this one has 31"),
    "47 bytes": ("HS384", lambda: secret(47), "48 bytes or more; this one has 47"),
    "63 bytes": ("HS512", lambda: secret(63), "64 bytes or more; this one has 63"),
    "31 bytes as JWK": ("HS256", lambda: json.dumps({"kty": "oct", "k": text_of(bytes(range(150, 181)))}), "has 31"),
    "a secret for AES": ("HS256", lambda: json.dumps({"kty": "oct", "alg": "A256GCM", "k": secret(86)}), "not for HS256"),
    "public PEM as secret": ("HS256", lambda: public_pem(OTHER), "no shared secret"),
    "public PEM of RSA as secret": ("HS256", lambda: public_pem(rsa_key()), "no shared secret"),
    "private PEM as secret": ("HS256", lambda: pem(OTHER), "no shared secret"),
    "certificate as secret": ("HS256", lambda: certificate(rsa_key()), "no shared secret"),
    "public JWK as secret": ("HS256", lambda: jwk(d=None), "type oct"),
    "public DER as secret": ("HS256", lambda: json.dumps({"kty": "oct", "k": text_of(OTHER.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))}), "belong together"),
    "public key of OpenSSH as secret": ("HS256", lambda: ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(), "no shared secret"),
    "one letter": ("HS256", lambda: "a" * 64, "example or a phrase"),
    "few letters": ("HS256", lambda: "abcdefg" * 10, "example or a phrase"),
    "FastAPI's tutorial": ("HS256", lambda: "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7", "example or a phrase"),
    "Spring's tutorials": ("HS256", lambda: "404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970", "example or a phrase"),
    "RFC 7515, as JWK": ("HS256", lambda: '{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}', "example or a phrase"),
    "jwt.io": ("HS256", lambda: "a-string-secret-at-least-256-bits-long", "example or a phrase"),
    "a start kit": ("HS256", lambda: "super-secret-jwt-token-with-at-least-32-characters-long", "example or a phrase"),
    "change me": ("HS256", lambda: "please-change_me-before-you-go-live-0123", "example or a phrase"),
    "Django's startproject": ("HS256", lambda: "django-insecure-" + secret(50), "startproject"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_other_keys_are_refused_with_a_sentence(kind):
    algorithm, make, words = REFUSED[kind]
    text = make()
    with pytest.raises(ValueError, match=words) as refused:
        MAKER.load(algorithm, Secret(text))
    shown = "".join(traceback.format_exception(refused.value))
    assert not text.strip() or text.strip()[-30:] not in shown
    assert "cryptography" not in str(refused.value)


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "nOnE", "", "es256", "ES256K", "Ed25519", "HS1", "RS1", "RSA-OAEP", "dir"]
)
def test_other_algorithms_are_refused(algorithm):
    for load in (MAKER.load, MAKER.load_public):
        with pytest.raises(ValueError, match="signed with one of"):
            load(algorithm, Secret("") if load == MAKER.load else {})  # type: ignore[arg-type]  # one of two


def test_a_new_key_of_django_is_for_development():
    start = "django-insecure-"
    assert DEVELOPMENT.load("HS256", Secret(start + secret(50))).algorithm == "HS256"
    with pytest.raises(ValueError, match="example or a phrase"):
        DEVELOPMENT.load("HS256", Secret(start + "a" * 50))


def test_what_a_jwk_says_of_itself_is_not_passed_on():
    key = MAKER.load("EdDSA", Secret(jwk("EdDSA", x=text_of(bytes(32)), kid="evil", x5u="https://evil.test")))
    assert key.public_jwk() == made("EdDSA")[0].public_jwk()


# Keys that others show us -----------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS - SHARED))
def test_a_private_part_is_not_shown_to_others(algorithm):
    """RFC 9449 section 4.3: a proof of possession carries no private key."""
    with pytest.raises(ValueError, match="public part"):
        MAKER.load_public(algorithm, json.loads(jwk(algorithm)))


@pytest.mark.parametrize("algorithm", sorted(SHARED))
def test_a_shared_secret_is_not_shown_to_others(algorithm):
    for shown in ({"kty": "oct", "k": secret(86)}, made("ES256")[0].public_jwk()):
        with pytest.raises(ValueError, match="public part"):
            MAKER.load_public(algorithm, shown or {})


MEMBERS = st.sampled_from(["kty", "crv", "x", "y", "n", "e", "use", "key_ops", "alg", "kid", "x5c"])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["EC", "RSA", "OKP", "P-256"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)


@given(
    st.sampled_from(["ES256", "EdDSA", "RS256"]), st.dictionaries(MEMBERS, JSON, min_size=1, max_size=3), st.booleans()
)
def test_a_strange_public_key_is_refused_and_no_fault(algorithm, changes, is_whole):
    shown = (made(algorithm)[0].public_jwk() or {}) if is_whole else {"kty": KINDS[algorithm].type}
    with suppress(ValueError):
        assert not MAKER.load_public(algorithm, {**shown, **changes}).verify("e30.e30.AAAA")


@pytest.mark.parametrize("bits", [8_193, 16_384, 30_000])
def test_a_huge_public_key_is_refused(bits):
    shown: dict[str, object] = {"kty": "RSA", "e": "AQAB", "n": text_of((2**bits - 1).to_bytes(-(-bits // 8)))}
    with pytest.raises(ValueError, match=f"{bits} bits|belong together"):
        MAKER.load_public("RS256", shown)
