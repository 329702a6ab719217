"""The normal form of an address."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vestibule.core.accounts.identifiers import MAX_EMAIL_BYTES, masked, normal_email

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
