"""The normal forms of an address and of a user name."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vestibule.core.accounts.identifiers import MAX_EMAIL_BYTES, MAX_USERNAME, masked, normal_email, normal_username

CORPUS = {
    "ada@acme.test": "ada@acme.test",
    " Ada@ACME.Test ": "ada@acme.test",
    "ada+tag@acme.test": "ada+tag@acme.test",
    "ada.l.o'neil@acme.test": "ada.l.o'neil@acme.test",
    "ａｄａ@acme.test": "ada@acme.test",
    "ada@ACMÉ.example": "ada@xn--acm-dma.example",
    "ada@xn--acm-dma.example": "ada@xn--acm-dma.example",
    "zoë@acme.test": "zoë@acme.test",
    "zoe\u0308@acme.test": "zoë@acme.test",
    "İ@acme.test": "i\u0307@acme.test",
    f"{'a' * 64}@acme.test": f"{'a' * 64}@acme.test",
}
NONE = (
    "",
    "ada",
    "@acme.test",
    "ada@",
    "ada@acme",
    "ada@@acme.test",
    "a da@acme.test",
    "ada@acme..test",
    ".ada@acme.test",
    "ada.@acme.test",
    "ada@-acme.test",
    "ada@acme.test\n",
    "ada@acme.test\nBcc: eve@acme.test",
    "ada@acme.test\0",
    "ada@[127.0.0.1]",
    '"ada"@acme.test',
    "Ada <ada@acme.test>",
    "ada@acme.test,eve@acme.test",
    "ada\u200b@acme.test",
    f"ada@{'a' * 250}.test",
)


@pytest.mark.parametrize(("typed", "normal"), CORPUS.items())
def test_normal_form(typed, normal):
    assert normal_email(typed) == normal


@pytest.mark.parametrize("typed", NONE)
def test_no_address(typed):
    assert normal_email(typed) is None


ADDRESSES = (
    st.text(max_size=80)
    | st.emails()
    | st.builds("{}@{}".format, st.text(min_size=1, max_size=20), st.sampled_from(["acme.test", "Bücher.example"]))
)


@given(ADDRESSES)
@example("İ@acme.test")
@example("ß@acme.test")
@example("ſ@acme.test")
@example("Σ@acme.test")
@example("ΑΣ@acme.test")
@example("K@acme.test")
def test_is_idempotent(typed):
    normal = normal_email(typed)
    assert normal is None or normal_email(normal) == normal


@given(ADDRESSES)
@example("ΑΣ@acme.test")
@example("ß@acme.test")
def test_spellings_are_one_address(typed):
    normal = normal_email(typed)
    if normal is None:
        return
    assert normal_email(f" {typed} ") in {normal, None}  # None: too long with the blanks
    assert len(normal.encode()) <= MAX_EMAIL_BYTES
    assert normal == normal.lower()
    assert normal.isprintable()


@given(st.text())
def test_masking_hides_all_but_the_first_letter(text):
    shown = masked(f"ada-{text}@acme.test")
    assert shown.startswith("a•••@")
    assert "da-" not in shown.partition("@")[0]


NAMES = {
    "ada": "ada",
    "Ada": "ada",
    "ＡＤＡ": "ada",
    "ada@acme.test": "ada@acme.test",
    "ada.l+x_9-": "ada.l+x_9-",
    "Zoe\u0308": "zoë",
    "ß": "ß",
    "Σας": "σας",
    "ÀÉ": "àé",
    "π": "π",
    "x" * 150: "x" * 150,
}
NO_NAMES = (
    "",
    " ",
    "ada lovelace",
    " ada",
    "ada\0",
    "ada\n",
    "ada\u200b",
    "①",
    "♚",
    "henry\u2163",
    "\ud800",
    "x" * 151,
    "x" * 10**6,
)


@pytest.mark.parametrize(("typed", "normal"), NAMES.items())
def test_normal_user_name(typed, normal):
    """Examples of RFC 8265 section 3.5 among them."""
    assert normal_username(typed) == normal


@pytest.mark.parametrize("typed", NO_NAMES, ids=lambda typed: repr(typed[:20]))
def test_no_user_name(typed):
    assert normal_username(typed) is None


@given(st.text(max_size=160))
@example("İ")
@example("ΑΣ")
def test_a_user_name_has_one_form(typed):
    normal = normal_username(typed)
    if normal is not None:
        assert normal_username(normal) == normal
        assert 1 <= len(normal) <= MAX_USERNAME
        assert normal.isprintable()
        assert " " not in normal
