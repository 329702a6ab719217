"""One form per e-mail address, and what is no address."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.core.accounts.identifiers import masked, normal_email

SAME = [
    ("ada@example.com", "ada@example.com"),
    ("Ada@Example.COM", "ada@example.com"),
    ("  ada@example.com ", "ada@example.com"),
    ("\u00a0ada@example.com\u3000", "ada@example.com"),
    ("ada\uff20example.com", "ada@example.com"),  # full-width commercial at
    ("ada\ufe6bexample.com", "ada@example.com"),  # small commercial at
    ("ada@example\uff0ecom", "ada@example.com"),
    ("ada@example\u3002com", "ada@example.com"),
    ("\uff41\uff44\uff41@example.com", "ada@example.com"),
    ("\ufb00@example.com", "ff@example.com"),  # a ligature
    ("\u212a@example.com", "k@example.com"),  # the Kelvin sign
    ("a.b+tag@example.co.uk", "a.b+tag@example.co.uk"),
    ("o'neil_99%x@example.com", "o'neil_99%x@example.com"),
    ("mu\u0308nchen@example.com", "münchen@example.com"),
    ("ada@bücher.example.com", "ada@xn--bcher-kva.example.com"),
    ("ada@BÜCHER.example.com", "ada@xn--bcher-kva.example.com"),
    ("ada@XN--BCHER-KVA.example.com", "ada@xn--bcher-kva.example.com"),
    ("ada@acme.test", "ada@acme.test"),
]

NONE = [
    "",
    " ",
    "ada",
    "@",
    "ada@",
    "@example.com",
    "ada@example",
    "ada@localhost",
    "ada@.com",
    "ada@example..com",
    "ada@-example.com",
    "ada@example.com.",
    ".ada@example.com",
    "ada.@example.com",
    "a..b@example.com",
    "a b@example.com",
    "ada@exa mple.com",
    "ada@exa_mple.com",
    "a@b@example.com",
    "a@example.com\uff20example.org",
    "a\ufe6bb@example.com",
    "a@example.com,b@example.org",
    "a@example.com\uff0cb@example.org",
    "a@example.com;b@example.org",
    "a@example.com b@example.org",
    "a@example.com%0d%0aBcc:b@example.org",
    "a@example.com\r\nBcc: b@example.org",
    "a@example.com\n",
    "a@example.com\r",
    "\na@example.com",
    "a@example.com\0",
    "a\0@example.com",
    "a@example.com\u2028",
    "a@example.com\u0085",
    "a\t@example.com",
    '"a@evil"@example.com',
    '"a"@example.com',
    '"a b"@example.com',
    "\uff02a@evil\uff02@example.com",
    "Ada <ada@example.com>",
    "<ada@example.com>",
    "ada@example.com (Ada)",
    "ada(comment)@example.com",
    "ada@[127.0.0.1]",
    "ada@[IPv6:::1]",
    "ada@127.0.0.1",
    "a\u200bda@example.com",
    "a\u202eda@example.com",
    "ada@exam\u00adple.com",
    "\u0301ada@example.com",
    "\ud800@example.com",
    "a\\@example.com",
    "a:b@example.com",
    "ada@example.invalid",
    "ada@" + "b" * 64 + ".com",
]


@pytest.mark.parametrize(("typed", "normal"), SAME)
def test_one_form(typed, normal):
    assert normal_email(typed) == normal


@pytest.mark.parametrize("typed", NONE)
def test_no_address(typed):
    assert normal_email(typed) is None


def test_254_bytes_are_the_most():
    domain = ".".join(["b" * 60] * 3) + ".com"
    longest = "a" * (254 - len(domain) - 1) + "@" + domain
    assert len(longest) == 254
    assert normal_email(longest) == longest
    assert normal_email("a" + longest) is None
    assert normal_email("é" + longest[1:]) is None  # 254 characters, 255 bytes
    assert normal_email("é" * 60 + "@" + "bü." * 23 + "com") is None  # longer once its domain is ASCII
    assert normal_email("\u023a" * 120 + "@example.com") is None  # longer once it is lower case


@given(st.one_of(st.text(max_size=80), st.emails()))
def test_a_form_is_its_own_form(text):
    normal = normal_email(text)
    if normal is None:
        return
    assert normal_email(normal) == normal
    assert normal == normal.lower() == unicodedata.normalize("NFC", normal)
    assert normal.count("@") == 1
    assert len(normal.encode()) <= 254
    assert not set(normal) & set(' ,;:<>()[]"\\\r\n\t\0')
    assert normal.partition("@")[2].isascii()


@given(st.emails())
def test_letter_case_and_width_make_no_other_address(email):
    assert normal_email(email.upper()) == normal_email(email)
    assert normal_email(email.replace("@", "\uff20")) == normal_email(email)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000 + "@example.com",
        "a@" + "b." * 50_000 + "com",
        "@" * 100_000,
        "\ufdfa" * 254,
        '"' * 254,
        "a@" + "xn--" * 62,
    ],
)
def test_hostile_lengths_cost_nothing(text):
    begin = time.perf_counter()
    assert normal_email(text) is None
    assert time.perf_counter() - begin < 0.25


@pytest.mark.parametrize(
    ("email", "shown"),
    [
        ("ada@example.com", "a•••@example.com"),
        ("a@example.com", "a•••@example.com"),
        ("abcdefghijklmnop@example.com", "a•••@example.com"),
        ("münchen@example.com", "m•••@example.com"),
    ],
)
def test_a_masked_address_says_little(email, shown):
    assert masked(email) == shown
