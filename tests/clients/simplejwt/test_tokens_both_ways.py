"""Tokens in foreign hands: PyJWT and the library itself verify ours, by shared key and by published keys."""

from collections.abc import Iterator
from dataclasses import dataclass

import jwt
import pytest

from tests.clients.simplejwt import servers
from tests.clients.simplejwt.case import BLACKLIST, JSON, PROFILE, REFRESH, SLIDING_REFRESH, VERIFY
from tests.clients.simplejwt.servers import Oracle, Vestibule
from tests.clients.simplejwt.sides import KEY, Request, Side, tampered

KINDS = ("access", "refresh", "sliding")
PUBLIC = ("ES256", "ES384", "ES512", "EdDSA", "RS256", "RS384", "RS512", "PS256")
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


def jwks(side: Side) -> dict[str, object]:
    answer = side.send(Request("GET", "/.well-known/jwks.json", {}, b""))
    assert answer.status == 200
    said: dict[str, object] = answer.json()
    return said


def issuer(pair: Pair) -> str:
    return pair.house.server.env_url


@pytest.mark.parametrize("algorithm", SHARED)
def test_whoever_shares_the_key_verifies_our_tokens(pair, algorithm):
    pair.house.policy(ALGORITHM=algorithm)
    pair.house.share_key(algorithm, KEY)
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

    def verify(token: str = token, **expected: str) -> object:
        return pair.library.command("verify", token=token, **backend, **expected)

    assert verify(audience=AUDIENCE, issuer=issuer(pair))["aud"] == AUDIENCE
    assert verify(audience="another", issuer=issuer(pair)) == "Token is invalid"
    assert verify(audience=AUDIENCE, issuer="https://another.test") == "Token is invalid"
    assert verify(audience=AUDIENCE, token=tampered(token)) == "Token is invalid"


def test_the_live_django_server_takes_our_tokens_for_genuine_but_knows_no_such_user(pair):
    pair.house.policy(ALGORITHM="HS256")
    pair.house.share_key("HS256", KEY)
    token = fresh(pair.ours)["access"]
    assert pair.theirs.post(VERIFY, token=token) == {}
    answer = pair.theirs.send(Request("GET", PROFILE, {"Authorization": f"Bearer {token}"}, b""))
    # The user id is ours, which their table of integers cannot even look for.
    assert answer.status != 200


def test_tokens_that_another_holder_of_the_shared_key_made_open_nothing_here(pair):
    pair.house.policy(ALGORITHM="HS256")
    pair.house.share_key("HS256", KEY)
    made = fresh(pair.theirs)
    mine = fresh(pair.ours)
    for kind in KINDS:
        stolen = pair.ours.forge(made[kind], {**jwt.decode(mine[kind], KEY, ["HS256"], issuer=issuer(pair)), "jti": "0" * 32})
        for token in (made[kind], stolen):
            for path, name in ((REFRESH, "refresh"), (VERIFY, "token"), (BLACKLIST, "refresh"), (SLIDING_REFRESH, "token")):
                answer = pair.ours.send(Request("POST", path, JSON, f'{{"{name}": "{token}"}}'.encode()))
                assert (answer.status, answer.json()["detail"]) == (401, "Token is invalid")
            answer = pair.ours.send(Request("GET", PROFILE, {"Authorization": f"Bearer {token}"}, b""))
            assert answer.status == 401


@pytest.mark.parametrize("algorithm", SHARED)
def test_our_published_keys_are_no_secrets_to_sign_with(pair, algorithm):
    token = fresh(pair.ours)["access"]
    assert "d" not in {name for key in jwks(pair.ours)["keys"] for name in key}
    for key in jwks(pair.ours)["keys"]:
        pem = jwt.PyJWK.from_dict(key).key.public_bytes
        del pem
    confused = pair.ours.forge(token, {}, key=str(jwks(pair.ours)), alg=algorithm)
    answer = pair.ours.send(Request("GET", PROFILE, {"Authorization": f"Bearer {confused}"}, b""))
    assert answer.json()["messages"][0]["message"] == "Token is invalid"
