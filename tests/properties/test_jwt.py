"""Reading tokens: for all texts. Source: RFC 7515, RFC 7493, RFC 8725."""

import base64
import json
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vestibule.kernel.entropy import text_of
from vestibule.kernel.jwt import MAX_BYTES, MAX_DEPTH, read_jws, read_jwt

HEADER = {"alg": "ES256", "typ": "JWT", "kid": "65f0"}
CLAIMS = {"sub": "ada", "exp": 1_795_264_320, "roles": ["editor"], "ratio": 0.5, "is_admin": False, "org": None}
SIGNATURE = b"\x01" * 64

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | NUMBERS | NAMES
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)


def written(value):
    """Without blanks, so that no sign of it could be another."""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def token(header=HEADER, claims=CLAIMS, signature=SIGNATURE):
    """A token of these parts: values, or the JSON itself as text."""
    return ".".join(map(text_of, (written(header), written(claims), signature)))


def nested(depth):
    return "[" * depth + "]" * depth


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_what_was_written_is_read(claims):
    text = token(claims=claims)
    jwt = read_jwt(text)
    deep = max(map(depth_of, claims.values()), default=0) + 1
    assert (jwt is None) == (deep > MAX_DEPTH)
    assert jwt is None or (jwt.header, jwt.claims, jwt.text) == (HEADER, claims, text)


def depth_of(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth_of, inner), default=0)


@given(st.text() | st.text(string.ascii_letters + string.digits + "-_.=", max_size=300))
@example("..")
@example("\ud800.\ud800.\ud800")
@example(token()[:-1] + "\n")
def test_no_text_is_a_fault(text):
    assert read_jwt(text) is None


@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=80))
@example(b"[" * 6_000, b"{}", b"x")
@example(b'{"alg":"ES256"}', b'{"a":' * 5_000, b"x")
@example(b'{"alg":"ES256"}', b'{"a":' + b"1" * 5_000 + b"}", b"x")
def test_no_bytes_are_a_fault(header, payload, signature):
    text = ".".join(map(text_of, (header, payload, signature)))
    jwt = read_jwt(text, 1_000_000)
    assert jwt is None or isinstance(jwt.header["alg"], str)


@given(st.integers(0, len(token()) - 1), st.characters())
def test_every_token_has_one_spelling(place, sign):
    """A sign changed anywhere gives other parts, or no token: nothing is skipped, folded or filled up."""
    text = token()
    changed = text[:place] + sign + text[place + 1 :]
    assert changed == text or parts_of(changed) is None or parts_of(changed) != parts_of(text)


def parts_of(text):
    jws = read_jws(text)
    return None if jws is None else (jws.header, jws.payload, jws.signature)


ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("bits", [1, 2, 3])
def test_bits_that_stand_for_nothing_are_zero(part, bits):
    parts = token({**HEADER, "kid": "x"}, {"a": 1, "b": "c"}, b"x" * 64).split(".")
    while len(parts[part]) % 4 != 2:  # two signs, of which four bits stand for nothing
        raw = base64.urlsafe_b64decode(parts[part] + "==")
        parts[part] = text_of(raw + (b" " if part < 2 else b"x"))
    assert read_jwt(".".join(parts)) is not None
    parts[part] = parts[part][:-1] + ALPHABET[ALPHABET.index(parts[part][-1]) | bits]
    assert read_jwt(".".join(parts)) is None


SHAPES = {
    "padding": lambda text: text + "=",
    "padding inside": lambda text: text.replace(".", "=.", 1),
    "the other alphabet": lambda text: (
        text.replace("_", "/").replace("-", "+") if set("-_") & set(text) else text + "+"
    ),
    "blank before": lambda text: " " + text,
    "line end": lambda text: text + "\n",
    "line break inside": lambda text: text.replace(".", ".\n", 1),
    "NUL": lambda text: text + "\0",
    "other digits": lambda text: text[:-1] + "١",
    "two parts": lambda text: text.rpartition(".")[0],
    "no signature": lambda text: text.rpartition(".")[0] + ".",
    "no header": lambda text: text[text.index(".") :],
    "no claims": lambda text: f"{text.split('.')[0]}..{text.split('.')[2]}",
    "four parts": lambda text: text + ".AAAA",
    "five parts, as of JWE": lambda text: text + ".AAAA.AAAA",
    "JSON serialisation": lambda text: json.dumps(
        dict(zip(("protected", "payload", "signature"), text.split("."), strict=True))
    ),
    "nothing": lambda text: "",
    "with its scheme": lambda text: f"Bearer {text}",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_token_is_three_parts_of_base64url(shape):
    assert read_jwt(token()) is not None
    assert read_jwt(SHAPES[shape](token())) is None


OBJECTS = {
    "a name twice": '{"alg":"ES256","sub":"ada","sub":"eve"}',
    "a name twice, spelled otherwise": '{"alg":"ES256","sub":"ada","\\u0073ub":"eve"}',
    "a name twice, inside": '{"alg":"ES256","a":{"b":[{"c":1,"c":2}]}}',
    "list": "[]",
    "text": '"alg"',
    "null": "null",
    "number": "1",
    "NaN": '{"alg":"ES256","exp":NaN}',
    "infinity": '{"alg":"ES256","exp":Infinity}',
    "infinity, negative": '{"alg":"ES256","exp":-Infinity}',
    "infinity in digits": '{"alg":"ES256","exp":1e999}',
    "a number that is not exact": '{"alg":"ES256","exp":9007199254740992}',
    "a number of 5,000 digits": f'{{"alg":"ES256","exp":{"9" * 5_000}}}',
    "half of a sign": '{"alg":"ES256","sub":"\\ud800"}',
    "half of a sign as name": '{"alg":"ES256","\\udfff":1}',
    "half of a sign in a list": '{"alg":"ES256","a":["\\ud800"]}',
    "half of a sign, raw": '{"alg":"ES256","sub":"\ud800"}',
    "comment": '{"alg":"ES256" /* x */}',
    "comma": '{"alg":"ES256",}',
    "single quotes": "{'alg':'ES256'}",
    "two values": '{"alg":"ES256"}{}',
    "byte order mark": '\ufeff{"alg":"ES256"}',
    "control sign": '{"alg":"ES256","a":"\n"}',
    "too deep": f'{{"alg":"ES256","a":{nested(8)}}}',
    "objects too deep": '{"alg":"ES256","a":' * 9 + "1" + "}" * 9,
    "far too deep": f'{{"alg":"ES256","a":{nested(2_500)}}}',
    "cut": '{"alg":"ES256"',
}  # fmt: skip


@pytest.mark.parametrize("fault", OBJECTS)
def test_header_and_claims_are_plain_objects(fault):
    assert read_jwt(token(header=OBJECTS[fault])) is None
    assert read_jwt(token(claims=OBJECTS[fault])) is None


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1", "cp037"])
def test_json_is_utf_8(encoding):
    raw = '{"alg":"ES256","name":"Zoë"}'.encode(encoding)
    assert read_jws(f"{text_of(raw)}.e30.AAAA") is None


def test_the_last_depth_and_the_last_number_are_read():
    claims = f'{{"a":{nested(7)},"b":9007199254740991,"c":-9007199254740991}}'
    assert read_jwt(token(claims=claims)) is not None


KIDS = [
    "", "a" * 65, "a b", "a.b", "../../etc/passwd", "' OR '1'='1", "x; DROP TABLE signing_key", "a\0", "a\n", "ключ", "a/b", "a+b",
    "a=", "%61", None, 1, 1.5, True, [], ["a"], {}, {"a": "b"}, "x" * 5_000,
]  # fmt: skip


@pytest.mark.parametrize("kid", KIDS, ids=lambda kid: repr(kid)[:20])
def test_a_kid_is_a_plain_word(kid):
    assert read_jwt(token({**HEADER, "kid": kid})) is None


@pytest.mark.parametrize("kid", ["a", "a" * 64, "0-_Z"])
def test_a_plain_word_is_a_kid(kid):
    jwt = read_jwt(token({**HEADER, "kid": kid}))
    assert jwt is not None
    assert jwt.header["kid"] == kid


def test_there_may_be_no_kid():
    assert read_jwt(token({"alg": "HS256"})) is not None


@pytest.mark.parametrize("crit", [[], ["exp"], ["b64"], ["unknown"], "exp", None, {}])
def test_no_extension_is_understood(crit):
    """RFC 7515 section 4.1.11; CVE-2025-59420."""
    assert read_jwt(token({**HEADER, "crit": crit})) is None


@pytest.mark.parametrize("algorithm", [None, 1, [], ["ES256"], {}, True])
def test_an_algorithm_is_a_text(algorithm):
    assert read_jwt(token({"alg": algorithm})) is None
    assert read_jwt(token({"typ": "JWT"})) is None


def test_8_kib_are_the_end():
    """Signs, not bytes: what is not ASCII is no token anyway."""
    parts = [text_of(written(HEADER)), "", text_of(SIGNATURE)]
    claims = b'{"a":"%s"}'
    for length in range(6_000, 6_200):
        parts[1] = text_of(claims % (b"a" * length))
        text = ".".join(parts)
        assert (read_jwt(text) is None) == (len(text) > MAX_BYTES)
    assert read_jwt(text, len(text)) is not None
