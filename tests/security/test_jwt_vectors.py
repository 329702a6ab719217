"""JWT-7: the published vectors of Wycheproof, each judged by our keys as it is by its authors.

Source: tests/vectors/README.md.
"""

import json
from functools import cache
from pathlib import Path

import pytest

from tests.fakes import SeededEntropy
from vestibule.adapters.signing import KINDS, JoseKeys
from vestibule.kernel.jwt import read_jwt
from vestibule.kernel.secret import Secret

VECTORS = Path(__file__).parents[1] / "vectors"


class Trusting(JoseKeys):
    """Takes any secret that is long enough: those of the vectors are public."""

    def _refuse_guessable(self, secret):
        pass


MAKER = Trusting(SeededEntropy())
NOT_ITS_ALGORITHM = "the key is for PS256, its token for PS384: a key has one algorithm (RFC 8725 section 3.1)"
NO_ALGORITHM = "the key names ES521, which is no algorithm; P-521 is ES512"
STRICT = "signs that are not base64url are refused, not skipped (RFC 7515 section 2)"
STRICTER = {
    ("json_web_signature_test", 346): NOT_ITS_ALGORITHM,
    ("json_web_signature_test", 350): NOT_ITS_ALGORITHM,
    ("json_web_signature_test", 347): NO_ALGORITHM,
    ("json_web_signature_test", 351): NO_ALGORITHM,
    (
        "json_web_signature_test",
        349,
    ): "key_ops is one word, 'sign, verify', which is none of them (RFC 7517 section 4.3)",
    ("json_web_signature_test", 372): STRICT,
    ("json_web_signature_test", 373): STRICT,
    ("json_web_key_test", 2): "a set of keys is no key: an app brings one",
}
"""What the authors accept and we refuse."""
MISPRINTED = {("json_web_signature_test", 367), ("json_web_signature_test", 370)}
"""Called invalid, and to the letter the valid number 357: their padding was lost. Source: C2SP/wycheproof issue 236."""


def cases():
    for path in sorted(VECTORS.glob("json_web_*_test.json")):
        for group in json.loads(path.read_text())["testGroups"]:
            for test in group["tests"]:
                yield pytest.param(
                    path.stem, group, test, id=f"{path.stem[9:12]}-{test['tcId']}-{group['comment']}-{test['comment']}"
                )


CASES = [*cases()]


def the_key(jwk):
    """What is in a set of one."""
    return jwk["keys"][0] if jwk and len(jwk.get("keys", ())) == 1 else jwk


@cache
def keys_of(algorithm, private, public):
    """The key as its owner has it, and as others do."""
    owned = MAKER.load(algorithm, Secret(private))
    return [owned] if public == "null" else [owned, MAKER.load_public(algorithm, json.loads(public))]


def is_accepted(group, jws):
    private, public = the_key(group["private"]), the_key(group.get("public"))
    # Where the key does not say what it is for, whoever uses it does: here, as the names of the groups have it.
    algorithm = private.get("alg") or {"RSA": "RS256", "EC": "ES256"}.get(private.get("kty"), "HS256")
    try:
        answers = {key.verify(jws) for key in keys_of(algorithm, json.dumps(private), json.dumps(public))}
    except ValueError:
        return False
    assert len(answers) == 1, "the two parts of a key pair judge alike"
    return answers.pop()


@pytest.mark.parametrize(("file", "group", "test"), CASES)
def test_our_keys_judge_as_the_authors_do(file, group, test):
    name = (file, test["tcId"])
    expected = (test["result"] == "valid" and name not in STRICTER) or name in MISPRINTED
    assert is_accepted(group, test["jws"]) is expected


@pytest.mark.parametrize(("file", "group", "test"), CASES)
def test_none_of_them_is_a_fault_to_read(file, group, test):
    assert read_jwt(test["jws"]) is None  # their payloads are words, not claims


def test_the_vectors_are_whole():
    accepted = [test["tcId"] for _, _, test in (case.values for case in CASES) if test["result"] == "valid"]
    assert (len(CASES), len(accepted)) == (427, 51)
    assert {test["tcId"] for _, _, test in (case.values for case in CASES) if test["result"] == "acceptable"} == set()
    known = {(file, test["tcId"]) for file, _, test in (case.values for case in CASES) if test["result"] == "valid"}
    assert STRICTER.keys() <= known


def test_the_misprinted_are_the_valid_one():
    jws = {
        test["tcId"]: test["jws"]
        for file, _, test in (case.values for case in CASES)
        if file.endswith("signature_test")
    }
    assert {jws[number] for _, number in MISPRINTED} == {jws[357]}


def test_secrets_that_everybody_has_are_no_secrets():
    strict = JoseKeys(SeededEntropy())
    shown = [group for _, group, _ in (case.values for case in CASES) if group["comment"] in {"base64", "rfc7520"}]
    shared = {json.dumps(group["private"]) for group in shown if group["private"]["kty"] == "oct"}
    assert len(shared) == 2
    for private in shared:
        assert MAKER.load("HS256", Secret(private)).algorithm == "HS256"
        with pytest.raises(ValueError, match="example"):
            strict.load("HS256", Secret(private))


def test_every_kind_of_key_is_among_them():
    """EdDSA is not: RFC 8037 has a vector, in tests/adapters/test_signing.py."""
    named = {(the_key(group["private"]) or {}).get("alg") for _, group, _ in (case.values for case in CASES)}
    assert KINDS.keys() - named == {"EdDSA", "ES384", "ES512"}
