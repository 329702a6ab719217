"""An access token is what the issuer signed for this app, for now, and nothing else is one."""

import gc
import json
import os
import threading
import weakref

import pytest
from joserfc.jwk import OctKey
from joserfc.jws import JWSRegistry

from tests.contrib.issuer import SID, START, SUB, encoded, make_key, sign
from vestibule.contrib.config import Config
from vestibule.contrib.issuer import FRESH_S, KEPT_S, UNKNOWN_PAUSE_S, WouldWaitError, read_keys
from vestibule.contrib.verifier import Reason, RefusedError, TokenUser, Verifier, bearer

SECRET = "a secret of thirty-two bytes or so"


def reason_of(verifier, token):
    """Why a token is refused; None when it is not."""
    try:
        verifier.verify(token)
    except RefusedError as refusal:
        return refusal.reason
    return None


def test_what_an_app_gets(issuer, trust):
    user = trust().verify(issuer.token(user_id="7", roles=["editor", "author"], team="blue"))
    assert user == TokenUser("7", SUB, SID, "ada", ("editor", "author"), {}, None)
    assert user.claims["team"] == "blue"
    assert user.has_roles(["author"])
    assert not user.has_roles(["author", "owner"])
    assert len({user, user}) == 1


def test_a_token_may_say_less(issuer, trust):
    user = trust().verify(issuer.token(username=..., roles=...))
    assert (user.username, user.roles, user.actor) == ("", (), None)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "EdDSA", "RS256", "PS512"])
def test_every_algorithm_that_the_issuer_may_use(issuer, trust, algorithm):
    issuer.algorithm = algorithm
    assert trust().verify(issuer.token()).id == SUB
    assert reason_of(trust(algorithm="RS384"), issuer.token()) is Reason.INVALID


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_shared_secret(issuer, trust, algorithm):
    verifier = trust(algorithm=algorithm, signing_key=SECRET)
    secret = verifier._secret
    assert verifier.verify(issuer.token({"alg": algorithm}, secret)).id == SUB
    assert issuer.asked == {}
    other = "HS256" if algorithm != "HS256" else "HS512"
    assert reason_of(verifier, issuer.token({"alg": other}, secret)) is Reason.INVALID
    assert reason_of(verifier, issuer.token()) is Reason.INVALID
    assert reason_of(trust(), issuer.token({"alg": algorithm}, secret)) is Reason.INVALID


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": ...}, Reason.INVALID),
        ({"exp": "1900000000"}, Reason.INVALID),
        ({"exp": True}, Reason.INVALID),
        ({"exp": None}, Reason.INVALID),
        ({"exp": [1_900_000_000]}, Reason.INVALID),
        ({"iat": ...}, Reason.INVALID),
        ({"iat": "0"}, Reason.INVALID),
        ({"iat": START + 11}, Reason.INVALID),
        ({"nbf": START + 11}, Reason.INVALID),
        ({"nbf": "0"}, Reason.INVALID),
        ({"exp": START - 10}, Reason.EXPIRED),
        ({"iss": ...}, Reason.INVALID),
        ({"iss": "http://127.0.0.1"}, Reason.INVALID),
        ({"iss": ["http://127.0.0.1"]}, Reason.INVALID),
        ({"aud": "somebody"}, Reason.INVALID),
        ({"aud": []}, Reason.INVALID),
        ({"token_type": ...}, Reason.TYPE),
        ({"token_type": "refresh"}, Reason.TYPE),
        ({"token_type": "sliding"}, Reason.TYPE),
        ({"token_type": ["access"]}, Reason.TYPE),
        ({"sub": ...}, Reason.INVALID),
        ({"sid": ...}, Reason.INVALID),
        ({"user_id": ...}, Reason.INVALID),
        ({"user_id": 7}, Reason.INVALID),
        ({"sub": ""}, Reason.INVALID),
        ({"act": "admin"}, Reason.INVALID),
    ],
)
def test_wrong_claims(issuer, trust, claims, reason):
    assert reason_of(trust(), issuer.token(**claims)) is reason


@pytest.mark.parametrize("claims", [{"exp": START - 9}, {"iat": START + 10}, {"nbf": START + 10}])
def test_clocks_may_differ_by_the_leeway(issuer, trust, claims):
    assert reason_of(trust(), issuer.token(**claims)) is None
    assert reason_of(trust(leeway=0), issuer.token(**claims)) is not None


@pytest.mark.parametrize(
    ("audience", "reason"),
    [
        ("shop", None),
        (["shop"], None),
        (["blog", "shop"], None),
        (..., Reason.INVALID),
        ("shopping", Reason.INVALID),
        ("sho", Reason.INVALID),
        (["shopping"], Reason.INVALID),
        ({"shop": 1}, Reason.INVALID),
        ([["shop"]], Reason.INVALID),
    ],
)
def test_audience_is_an_exact_member(issuer, trust, audience, reason):
    assert reason_of(trust(audience="shop"), issuer.token(aud=audience)) is reason


@pytest.mark.parametrize("suffix", ["/", "?", "x", ""])
def test_issuer_is_compared_whole(issuer, trust, suffix):
    token = issuer.token(iss=issuer.url + suffix)
    assert (reason_of(trust(), token) is None) is (suffix == "")
    assert reason_of(trust(issuer=issuer.url + suffix), token) is None


@pytest.mark.parametrize(
    "header",
    [
        {"typ": ...},
        {"typ": "revocations+jwt"},
        {"typ": "at+jwt"},
        {"kid": ...},
        {"kid": "k2"},
        {"kid": ["k1"]},
        {"kid": "../k1"},
        {"kid": 1},
        {"crit": ["exp"]},
        {"crit": []},
    ],
)
def test_wrong_headers(issuer, trust, header):
    assert reason_of(trust(), issuer.token(header)) is Reason.INVALID


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "nOnE", "", "HS256", "ES384", "RS256", "PS256", "EdDSA", "es256"]
)
def test_the_key_decides_the_algorithm(issuer, trust, algorithm):
    signed = issuer.token().split(".")
    header = encoded(json.dumps({"alg": algorithm, "typ": "JWT", "kid": "k1"}).encode())
    for signature in (signed[2], ""):
        assert reason_of(trust(), f"{header}.{signed[1]}.{signature}") is Reason.INVALID


@pytest.mark.parametrize("algorithm", ["ES384", "RS256", "EdDSA"])
def test_a_header_that_names_another_algorithm_than_signed_it(issuer, trust, algorithm):
    """All bytes are signed by the right key, and the header lies about how."""
    token = issuer.token()
    header = encoded(json.dumps({"alg": algorithm, "typ": "JWT", "kid": "k1"}).encode())
    signed = f"{header}.{token.split('.')[1]}"
    signature = JWSRegistry.algorithms["ES256"].sign(signed.encode(), make_key("ES256", "k1")[0])
    assert reason_of(trust(), f"{signed}.{encoded(signature)}") is Reason.INVALID


def test_a_public_key_is_no_secret(issuer, trust):
    key, public = make_key("ES256", "k1")
    for text in (json.dumps(public), encoded(json.dumps(public).encode())):
        forged = issuer.token({"alg": "HS256"}, OctKey.import_key(text))
        assert reason_of(trust(), forged) is Reason.INVALID
    pem = key.as_pem(private=False).decode()
    with pytest.raises(ValueError, match="must not be used"):
        trust(algorithm="HS256", signing_key=pem)


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_keys_that_a_token_brings_along_are_ignored(issuer, trust, name):
    key, public = make_key("ES256", "thief")
    brought = {"jwk": public, "jku": f"{issuer.url}/thief", "x5u": f"{issuer.url}/thief", "x5c": ["AAAA"]}[name]
    assert reason_of(trust(), issuer.token({name: brought}, key)) is Reason.INVALID
    assert reason_of(trust(), issuer.token({name: brought, "kid": "thief"}, key)) is Reason.INVALID
    assert set(issuer.asked) == {"jwks.json"}


def test_a_good_signature_by_another_key(issuer, trust):
    assert reason_of(trust(), issuer.token(key=make_key("ES256", "thief")[0])) is Reason.INVALID


def test_every_cut_and_every_changed_character(issuer, trust):
    verifier, token = trust(), issuer.token()
    assert reason_of(verifier, token) is None
    for place in range(0, len(token), 5):
        other = "A" if token[place] != "A" else "B"
        assert reason_of(verifier, token[:place]) is Reason.INVALID
        assert reason_of(verifier, token[:place] + other + token[place + 1 :]) is Reason.INVALID
    for odd in ("", ".", "..", "a.b.c", token + "=", token + ".x", f" {token}", token + "\n", "é.é.é", "x" * 9_000):
        assert reason_of(verifier, odd) is Reason.INVALID


def test_other_names_of_claims(issuer, trust):
    verifier = trust(user_id_claim="uid", token_type_claim="kind")
    assert verifier.verify(issuer.token(uid="9", kind="access", user_id=..., token_type=...)).id == "9"
    assert reason_of(verifier, issuer.token()) is not None


def test_an_actor_is_shown_and_may_be_refused(issuer, trust):
    token = issuer.token(act={"sub": "operator"})
    assert trust().verify(token).actor == {"sub": "operator"}
    assert reason_of(trust(allow_actor=False), token) is Reason.ACTOR
    assert reason_of(trust(allow_actor=False), issuer.token()) is None


# --- keys


def test_keys_are_fetched_once(issuer, trust):
    verifier = trust()
    for _ in range(50):
        verifier.verify(issuer.token())
    assert issuer.asked["jwks.json"] == 1


def test_threads_that_begin_together_fetch_once(issuer, trust):
    verifier, token = trust(), issuer.token()
    start, users = threading.Barrier(8), []

    def one():
        start.wait()
        users.append(verifier.verify(token))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(users), issuer.asked["jwks.json"]) == (8, 1)


def test_rotation_is_followed(issuer, trust):
    verifier, old = trust(), issuer.token()
    verifier.verify(old)
    issuer.clock.tick(60)
    issuer.published, issuer.signer = ["k2", "k1"], "k2"
    assert reason_of(verifier, issuer.token()) is None
    assert reason_of(verifier, old) is None
    issuer.published = ["k2"]
    issuer.clock.tick(FRESH_S)
    assert reason_of(verifier, issuer.token()) is None
    assert reason_of(verifier, issuer.token({"kid": "k1"}, make_key("ES256", "k1")[0])) is Reason.INVALID


def test_made_up_key_names_cost_one_request(issuer, trust):
    verifier = trust()
    verifier.verify(issuer.token())
    issuer.clock.tick(60)
    body = issuer.token().split(".", 1)[1]
    for number in range(10_000):
        header = encoded(json.dumps({"alg": "ES256", "typ": "JWT", "kid": f"x{number}"}).encode())
        assert reason_of(verifier, f"{header}.{body}") is Reason.INVALID
    assert issuer.asked["jwks.json"] == 2
    issuer.clock.tick(UNKNOWN_PAUSE_S - 61)
    assert reason_of(verifier, issuer.token({"kid": "other"})) is Reason.INVALID
    assert issuer.asked["jwks.json"] == 2


def test_keys_that_just_came_are_not_asked_for_again(issuer, trust):
    verifier = trust()
    assert reason_of(verifier, issuer.token({"kid": "made-up"})) is Reason.INVALID
    issuer.clock.tick(9)
    assert reason_of(verifier, issuer.token({"kid": "another"})) is Reason.INVALID
    assert issuer.asked["jwks.json"] == 1


def test_without_keys_it_says_so_and_does_not_insist(issuer, trust):
    issuer.is_down = True
    verifier = trust()
    for _ in range(10):
        assert reason_of(verifier, issuer.token()) is Reason.KEYS
    assert issuer.asked["jwks.json"] == 1
    issuer.is_down = False
    issuer.clock.tick(6)
    assert reason_of(verifier, issuer.token()) is None


def test_keys_outlive_an_issuer_that_is_away_for_an_hour(issuer, trust):
    verifier = trust()
    verifier.verify(issuer.token())
    issuer.is_down = True
    issuer.clock.tick(KEPT_S)
    assert reason_of(verifier, issuer.token()) is None
    issuer.clock.tick(1)
    assert reason_of(verifier, issuer.token()) is Reason.KEYS


@pytest.mark.parametrize(
    "answer",
    [
        (302, {"Location": "http://127.0.0.1:9/keys"}, b""),
        (301, {"Location": "/.well-known/jwks.json"}, b""),
        (404, {}, b"{}"),
        (200, {}, b"not json"),
        (200, {}, b"[" * 60_000),
        (200, {}, b"\xff"),
        (200, {}, b'{"keys": {}}'),
        (200, {}, b'{"keys": [' + b"{}, " * 64 + b"{}]}"),
        (200, {}, b'{"keys": []}' + b" " * 65_536),
    ],
    ids=lambda answer: f"{answer[0]} {answer[2][:12]!r}",
)
def test_an_answer_that_is_no_set_of_keys(issuer, trust, answer):
    issuer.answer = answer
    assert reason_of(trust(), issuer.token()) is Reason.KEYS
    assert sum(issuer.asked.values()) == 1


def test_an_answer_that_comes_slowly(issuer, trust):
    """It is given up after five seconds, here of a clock that runs with every look at it."""

    def ticks():
        issuer.clock.tick(6)
        return issuer.clock()

    assert reason_of(trust(ticks=ticks), issuer.token()) is Reason.KEYS


def test_keys_that_are_not_for_this():
    public = make_key("ES256", "k1")[1]
    rsa = make_key("RS256", "r1")[1]
    odd = [
        {**public, "use": "enc"},
        {**public, "alg": "ES384"},
        {**public, "alg": "HS256"},
        {**public, "kty": "RSA"},
        {**public, "crv": "P-384"},
        {**public, "x": "AAAA"},
        {**public, "kid": 5},
        {name: value for name, value in public.items() if name != "alg"},
        {**rsa, "n": rsa["n"][:300]},
        {**rsa, "crv": "P-256"},
        {"kty": "oct", "k": "AAAA", "alg": "HS256", "kid": "s"},
        {"kty": "OKP", "crv": "X25519", "x": public["x"], "alg": "EdDSA", "kid": "o"},
        "text",
    ]
    assert read_keys({"keys": odd}) == {}
    assert set(read_keys({"keys": [*odd, public, rsa]})) == {"k1", "r1"}


def test_who_may_not_wait_is_told(issuer, trust):
    verifier = trust()
    with pytest.raises(WouldWaitError):
        verifier.verify(issuer.token(), patient=False)
    assert issuer.asked == {}
    verifier.verify(issuer.token())
    assert verifier.verify(issuer.token(), patient=False).id == SUB


def test_a_forked_child_begins_anew(issuer, trust):
    """Its copy of a lock may be held by a thread that it does not have."""
    verifier, token = trust(), issuer.token()
    verifier.verify(token)
    verifier._keys._lock.acquire()
    child = os.fork()
    if child == 0:
        os._exit(0 if reason_of(verifier, token) is None else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert issuer.asked["jwks.json"] == 2
    verifier._keys._lock.release()


def test_a_verifier_that_nobody_holds_is_forgotten(issuer):
    held = weakref.ref(Verifier(Config(url=issuer.url, feed=False)))
    gc.collect()
    assert held() is None


# --- headers and settings


@pytest.mark.parametrize(
    ("header", "token"),
    [(None, None), ("", None), ("Basic YTpi", None), ("Bearer abc", "abc"), ("bearer abc", "abc"), ("ak_x", None)],
)
def test_reading_the_header(header, token):
    assert bearer(header) == token


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer a, Bearer b"])
def test_a_header_with_other_than_two_words(header):
    with pytest.raises(RefusedError) as refusal:
        bearer(header)
    assert refusal.value.reason is Reason.HEADER


def test_a_signature_that_is_not_there(issuer, trust):
    token = sign({"alg": "none", "typ": "JWT", "kid": "k1"}, {}, None)
    assert reason_of(trust(), token) is Reason.INVALID
