"""Keys that sign and verify tokens, on joserfc. Implements core.tokens.ports.KeyMaker.

The library parses keys and holds the algorithms; what may meet what is decided here. A key knows its one algorithm, so
that no token can choose another (RFC 8725 section 3.1), and nothing of a token but that choice is compared with it.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from vestibule.core.store import in_transaction
from vestibule.kernel.entropy import Entropy, text_of
from vestibule.kernel.jwt import read_jws
from vestibule.kernel.secret import Secret

RSA_BITS = 3072
RSA_LEAST_BITS = 2048
RSA_MOST_BITS = 8192
"""A longer one is a way to keep us busy."""
RSA_EXPONENT = 65537
SECRET_BYTES = 64
"""Of a new shared secret: enough for the longest hash."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a key of an algorithm must be."""

    type: str
    curve: str = ""
    least_bytes: int = 0
    """Of a shared secret: as long as its hash (RFC 7518 section 3.2)."""


_RSA = Kind("RSA")
KINDS = {
    "ES256": Kind("EC", "P-256"),
    "ES384": Kind("EC", "P-384"),
    "ES512": Kind("EC", "P-521"),
    "EdDSA": Kind("OKP", "Ed25519"),
    "HS256": Kind("oct", least_bytes=32),
    "HS384": Kind("oct", least_bytes=48),
    "HS512": Kind("oct", least_bytes=64),
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), _RSA),
}
TYPES: dict[str, Any] = {"EC": ECKey, "OKP": OKPKey, "RSA": RSAKey, "oct": OctKey}
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

# As of 2026-11-21. Secrets that tutorials and standards show, and what such secrets are made of; a random one of our
# length hits the words once in 10^6.
EXAMPLES = frozenset(
    {
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",  # FastAPI's tutorial
        "404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970",  # many of Spring's
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",  # RFC 7515 A.1
        "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg",  # RFC 7520 section 3.5
    }
)
_WORDS = re.compile(r"secret|passw[o0]rd|change.?me|example|replace.?me|insecure|qwertz|qwerty|12345678", re.IGNORECASE)
LEAST_LETTERS = 8
"""Different bytes in a secret: of 32 random hex digits fewer than one in 10^6 has less."""
DJANGO_START = "django-insecure-"
"""What Django's `startproject` puts in front of a key, which is random, but known to everybody who has the code."""

_WRONG = (JoseError, UnsupportedAlgorithm, LookupError, OverflowError, TypeError, ValueError)
"""What the libraries raise for keys that are none."""


class JoseKey:
    """A parsed key and the one algorithm it is for."""

    def __init__(self, algorithm: str, key: Any) -> None:
        self._algorithm = algorithm
        self._key = key
        # Taken from the table, not asked for by name: asking for EdDSA warns, for RFC 9864 gave it another name.
        self._method = JWSRegistry.algorithms[algorithm]

    @property
    def algorithm(self) -> str:
        return self._algorithm

    def public_jwk(self) -> dict[str, object] | None:
        return None if KINDS[self._algorithm].type == "oct" else dict(self._key.as_dict(private=False))

    def thumbprint(self) -> str:
        if KINDS[self._algorithm].type == "oct":
            raise ValueError("the thumbprint of a secret would help to guess it")
        return str(self._key.thumbprint())

    def sign(self, header: dict[str, object], claims: dict[str, object]) -> str:
        parts = ({"alg": ""} | header | {"alg": self._algorithm}, claims)
        signed = ".".join(text_of(_json(part)) for part in parts)
        return f"{signed}.{text_of(self._method.sign(signed.encode(), self._key))}"

    def verify(self, text: str) -> bool:
        jws = read_jws(text)
        if jws is None or jws.header["alg"] != self._algorithm:
            return False
        return self._method.verify(jws.signed, jws.signature, self._key)


def _json(part: dict[str, object]) -> bytes:
    """As short as can be: a token travels with every request."""
    return json.dumps(part, separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode()


class JoseKeys:
    """Makes and reads keys."""

    def __init__(self, entropy: Entropy, *, is_development: bool = False) -> None:
        self._entropy = entropy
        self._is_development = is_development

    async def generate(self, algorithm: str) -> tuple[JoseKey, Secret[str]]:
        """A new key, on a thread: large primes take their time."""
        if in_transaction.get():
            raise RuntimeError("a new key inside a transaction would hold every other writer")
        kind = _kind(algorithm)
        if kind.type == "oct":
            private = Secret(text_of(self._entropy.token_bytes(SECRET_BYTES)))
        else:
            made = await asyncio.to_thread(TYPES[kind.type].generate_key, kind.curve or RSA_BITS)
            private = Secret(made.as_pem(private=True).decode())
        return self.load(algorithm, private), private

    def load(self, algorithm: str, private: Secret[str]) -> JoseKey:
        kind, text = _kind(algorithm), private.reveal()
        jwk = _jwk_of(text)
        if jwk is not None:
            raw = _of_jwk(algorithm, jwk)
            if "k" not in jwk and "d" not in jwk:
                raise ValueError("this is a public key; tokens are signed with the private one")
        else:
            raw = text.encode() if kind.type == "oct" else _of_pem(text)
        if kind.type == "oct":
            key = _secret(algorithm, raw)
            self._refuse_guessable(raw)
            return JoseKey(algorithm, key)
        return JoseKey(algorithm, _fit(algorithm, raw))

    def load_public(self, algorithm: str, jwk: dict[str, object]) -> JoseKey:
        if _kind(algorithm).type == "oct" or PRIVATE_MEMBERS & jwk.keys():
            raise ValueError("only the public part of a key pair is shown to others")
        return JoseKey(algorithm, _fit(algorithm, _of_jwk(algorithm, jwk)))

    def load_verifying(self, algorithm: str, public: str) -> JoseKey:
        jwk = _jwk_of(public)
        if jwk is not None:
            return self.load_public(algorithm, jwk)
        try:
            raw = load_pem_public_key(public.encode())
        except _WRONG:
            raise ValueError("this is no public key: give a PEM (BEGIN PUBLIC KEY) or a JWK") from None
        return JoseKey(algorithm, _fit(algorithm, raw))

    def _refuse_guessable(self, secret: bytes) -> None:
        text = secret.decode("latin-1")
        if text.startswith(DJANGO_START):
            if not self._is_development:
                raise ValueError("a secret that startproject made is for development: take a new one")
            text = text.removeprefix(DJANGO_START)
        if {text, text_of(secret)} & EXAMPLES or _WORDS.search(text) or len(set(text)) < LEAST_LETTERS:
            raise ValueError("this secret is an example or a phrase: take one that was made at random")


def _kind(algorithm: str) -> Kind:
    if algorithm not in KINDS:
        raise ValueError(f"tokens are signed with one of {', '.join(sorted(KINDS))}")
    return KINDS[algorithm]


def _jwk_of(text: str) -> dict[str, object] | None:
    """The object that a text is the JSON of."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _of_jwk(algorithm: str, jwk: dict[str, object]) -> Any:
    """The numbers of a JWK that is for this algorithm and for signatures; what else it says of itself is dropped."""
    kind = KINDS[algorithm]
    if jwk.get("kty") != kind.type:
        raise ValueError(f"{algorithm} needs a key of type {kind.type}")
    if jwk.get("alg", algorithm) != algorithm:
        raise ValueError(f"this key says of itself that it is not for {algorithm}")
    uses = jwk.get("key_ops", ["sign", "verify"])
    if jwk.get("use", "sig") != "sig" or not isinstance(uses, list) or not {"sign", "verify"} & {*map(str, uses)}:
        raise ValueError("this key says of itself that it is not for signatures")
    try:
        TYPES[kind.type].validate_dict_key(jwk)
        return TYPES[kind.type].binding.import_from_dict(jwk)
    except _WRONG:
        raise ValueError("the numbers of this key are missing or do not belong together") from None


def _of_pem(text: str) -> Any:
    if "PRIVATE KEY-----" not in text and ("PUBLIC KEY-----" in text or "CERTIFICATE-----" in text):
        raise ValueError("this is a public key; tokens are signed with the private one")
    if "ENCRYPTED" in text:
        raise ValueError("this key is locked with a passphrase: give it without, it is sealed here")
    try:
        return load_pem_private_key(text.encode(), password=None)
    except _WRONG:
        raise ValueError("this is no private key: give a PEM (BEGIN PRIVATE KEY) or a JWK") from None


def _secret(algorithm: str, raw: bytes) -> Any:
    least = KINDS[algorithm].least_bytes
    if len(raw) < least:
        raise ValueError(f"{algorithm} needs a secret of {least} bytes or more; this one has {len(raw)}")
    try:
        if b"-----BEGIN" in raw:
            raise ValueError("a PEM")
        return OctKey.import_key(raw)  # refuses public keys in other dress: what everybody has signs nothing
    except ValueError:
        raise ValueError("a key of a pair is no shared secret") from None


def _fit(algorithm: str, raw: Any) -> Any:
    """A key of the library's cryptography, as a key for this algorithm."""
    kind = KINDS[algorithm]
    if not TYPES[kind.type].binding.check_cryptography_key(raw):
        raise ValueError(f"{algorithm} needs a key of type {kind.type}")
    if kind.type == "RSA":
        _refuse_weak_rsa(raw)
    key = TYPES[kind.type].import_key(raw)
    if kind.curve and key.curve_name != kind.curve:
        raise ValueError(f"{algorithm} needs a key on the curve {kind.curve}; this one is on {key.curve_name}")
    return key


def _refuse_weak_rsa(raw: Any) -> None:
    if not RSA_LEAST_BITS <= raw.key_size <= RSA_MOST_BITS:
        raise ValueError(f"a key of {raw.key_size} bits: RSA needs {RSA_LEAST_BITS} to {RSA_MOST_BITS}")
    public = raw.public_key() if hasattr(raw, "public_key") else raw
    numbers = public.public_numbers()
    if numbers.e != RSA_EXPONENT:
        raise ValueError(f"the public exponent of an RSA key is {RSA_EXPONENT}")
    if all(numbers.n % prime in powers for prime, powers in _ROCA.items()):
        raise ValueError("this RSA key comes from a chip with a known fault (ROCA) and can be broken")


# Of a faulty key the modulus is a power of 65537 modulo every small prime; of a sound one, once in 2^28.
# Source: Nemec et al., The Return of Coppersmith's Attack, 2017.
_ROCA = {
    prime: frozenset(pow(RSA_EXPONENT, exponent, prime) for exponent in range(prime))
    for prime in (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
}
