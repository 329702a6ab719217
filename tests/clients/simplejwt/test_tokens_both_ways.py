"""Tokens in foreign hands: PyJWT and the library itself verify ours, by shared key and by published keys."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.clients.simplejwt import servers
from tests.clients.simplejwt.case import JSON, PROFILE, TOKEN_FIELDS, VERIFY
from tests.clients.simplejwt.servers import Oracle, Vestibule
from tests.clients.simplejwt.sides import KEY, Answer, Request, Side, tampered

PUBLIC = ("ES256", "ES384", "ES512", "EdDSA", "RS256")
SHARED = ("HS256", "HS384", "HS512")
AUDIENCE = "orders"

pytestmark = pytest.mark.client


@dataclass(frozen=True)
class Pair:
    """Both servers with one user of the same name."""

    library: Oracle
    house: Vestibule
    theirs: Side
    ours: Side


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("tokens")
    with servers.oracle(folder) as library, servers.vestibule(folder) as house:
        theirs = Side("Django", f"http://127.0.0.1:{library.port}", library)
        ours = Side("Vestibule", house.server.env_url, house)
        library.create("ada")
        house.create("ada")
        yield Pair(library, house, theirs, ours)


@pytest.fixture(autouse=True)
def as_it_was(pair: Pair) -> Iterator[None]:
    yield
    pair.house.policy(ALGORITHM="ES256", AUDIENCE=[])


def fresh(side: Side) -> dict[str, str]:
    """One token of each kind."""
    return side.pair() | {"sliding": side.slide()}


def jwks(side: Side) -> dict[str, Any]:
    answer = side.send(Request("GET", "/.well-known/jwks.json", {}, b""))
    assert answer.status == 200
    said: dict[str, Any] = answer.json()
    return said


def read_profile(side: Side, token: str) -> Answer:
    return side.send(Request("GET", PROFILE, {"Authorization": f"Bearer {token}"}, b""))


def issuer(pair: Pair) -> str:
    return pair.house.server.env_url


@pytest.mark.parametrize("algorithm", SHARED)
def test_whoever_shares_the_key_verifies_our_tokens(pair, algorithm):
    pair.house.share(algorithm)
    for kind, token in fresh(pair.ours).items():
        claims = jwt.decode(token, KEY, [algorithm], issuer=issuer(pair))
        assert claims["token_type"] == kind
        assert pair.library.command("verify", token=token, algorithm=algorithm, signing_key=KEY) == claims


@pytest.mark.parametrize("algorithm", PUBLIC)
def test_whoever_reads_our_published_keys_verifies_our_tokens(pair, algorithm):
    pair.house.policy(ALGORITHM=algorithm)
    tokens = fresh(pair.ours)
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(jwks(pair.ours)).keys}
    for kind, token in tokens.items():
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key, [algorithm], issuer=issuer(pair))
        assert claims["token_type"] == kind
        backend = {"algorithm": algorithm, "jwk_url": f"{issuer(pair)}/.well-known/jwks.json", "issuer": issuer(pair)}
        assert pair.library.command("verify", token=token, **backend) == claims


def test_a_verifier_that_expects_something_else_refuses_our_tokens(pair):
    pair.house.policy(AUDIENCE=[AUDIENCE])
    token = fresh(pair.ours)["access"]
    backend = {"algorithm": "ES256", "jwk_url": f"{issuer(pair)}/.well-known/jwks.json"}

    def verify(token: str = token, **expected: str) -> Any:
        return pair.library.command("verify", token=token, **backend, **expected)

    assert verify(audience=AUDIENCE, issuer=issuer(pair))["aud"] == AUDIENCE
    assert verify(audience="another", issuer=issuer(pair)) == "Token is invalid"
    assert verify(audience=AUDIENCE, issuer="https://another.test") == "Token is invalid"
    assert verify(audience=AUDIENCE, token=tampered(token)) == "Token is invalid"


def test_the_live_django_server_takes_our_tokens_for_genuine_but_knows_no_such_user(pair):
    pair.house.share("HS256")
    token = fresh(pair.ours)["access"]
    assert pair.theirs.post(VERIFY, token=token) == {}
    # The user id is ours: their table of numbers cannot even look for it, and fails.
    assert read_profile(pair.theirs, token).status == 500


@pytest.mark.parametrize(("where", "path", "name", "kind"), TOKEN_FIELDS)
def test_tokens_that_another_holder_of_the_shared_key_made_open_nothing_here(pair, where, path, name, kind):
    pair.house.share("HS256")
    copied = pair.ours.forge(fresh(pair.ours)[kind], {"jti": "0" * 32})
    for token in (fresh(pair.theirs)[kind], copied):
        answer = pair.ours.send(Request("POST", path, JSON, json.dumps({name: token}).encode()))
        assert (answer.status, answer.json()["detail"]) == (401, "Token is invalid")
        assert read_profile(pair.ours, token).status == 401


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_our_published_keys_are_no_secrets_to_sign_with(pair, digest):
    token = fresh(pair.ours)["access"]
    key = jwt.PyJWK.from_dict(next(key for key in jwks(pair.ours)["keys"] if key["alg"] == "ES256")).key
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = jwt.get_unverified_header(token) | {"alg": f"HS{digest[3:]}"}
    start = f"{part(json.dumps(header).encode())}.{token.split('.')[1]}"
    for secret in (pem, pem.strip(), json.dumps(jwks(pair.ours)).encode()):
        confused = f"{start}.{part(hmac.digest(secret, start.encode(), digest))}"
        assert read_profile(pair.ours, confused).json()["messages"][0]["message"] == "Token is invalid"


def test_what_is_published_holds_no_private_part(pair):
    pair.house.policy(ALGORITHM="RS256")
    fresh(pair.ours)
    keys = jwks(pair.ours)["keys"]
    assert {"ES256", "RS256"} <= {key["alg"] for key in keys}
    assert all(key["use"] == "sig" and not key.keys() & {"d", "p", "q", "dp", "dq", "qi", "k"} for key in keys)


def part(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
