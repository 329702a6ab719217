"""Names and types of files as others gave them."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import SeededEntropy
from vestibule.core.files.names import alike, clean_name, type_of
from vestibule.kernel.errors import Code, DomainError

GOOD = [
    "cat.png",
    "user_0190b0c0ffee",
    "näh☂.txt",
    "no ending",
    ".hidden",
    "two.dots.tar.gz",
    "quo\"te's.txt",
    "per%2Fcent.txt",
    "%2e%2e%2fetc%2fpasswd",
    "a" * 255,
    "صورة.png",
    "می\u200cخواهم.txt",  # Persian needs its joiner
    "👩\u200d🚀.png",
    "=cmd|'/C calc'!A0".replace("/", ""),
    "<script>.html",
    "C:evil.txt",
    "con",
    "~",
    "…",
]
BAD = [
    ".",
    "..",
    "a/b",
    "/etc/passwd",
    "../../../etc/passwd",
    "..\\..\\boot.ini",
    "a\\b",
    "line\r\nX-Injected: 1",
    "nul\0",
    "tab\there",
    "bell\x07",
    "del\x7f",
    "next\x85line",
    "line\u2028separator",
    "paragraph\u2029separator",
    "photo_\u202egpj.exe",
    "photo_\u2067gpj.exe\u2069",
    "left\u200eright",
    "zero\u200bwidth",
    "byte\ufefforder",
    "soft\u00adhyphen",
    "half\ud800pair",
    "a" * 256,
    "é" * 256,
]


@pytest.mark.parametrize("name", GOOD)
def test_names_that_stay(name):
    assert clean_name(name) == name


@pytest.mark.parametrize("name", BAD)
def test_names_that_are_refused(name):
    with pytest.raises(DomainError) as refusal:
        clean_name(name)
    assert refusal.value.code is Code.FIELD_INVALID
    assert refusal.value.fields == {"field": "fileName"}


@pytest.mark.parametrize("name", ["", " ", "\t\n", "\u3000"])
def test_a_name_is_needed(name):
    with pytest.raises(DomainError) as refusal:
        clean_name(name)
    assert refusal.value.code is Code.FIELD_REQUIRED


def test_blanks_around_go_and_letters_are_composed():
    assert clean_name("  cat.png ") == "cat.png"
    assert clean_name("e\u0301.png") == "é.png"


@given(st.text(max_size=300))
def test_a_clean_name_is_clean(text):
    try:
        name = clean_name(text)
    except DomainError:
        return
    assert clean_name(name) == name
    assert 0 < len(name) <= 255
    assert not set(name) & set("/\\\0\r\n\u202e")
    name.encode()


# --- Names like it ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("cat.png", "cat-1.png"),
        ("no ending", "no ending-1"),
        (".hidden", ".hidden-1"),
        ("two.dots.gz", "two.dots-1.gz"),
        ("a." + "b" * 40, "a." + "b" * 40 + "-1"),
        ("a" * 255, "a" * 253 + "-1"),
        ("a" * 251 + ".png", "a" * 249 + "-1.png"),
    ],
)
def test_a_taken_name_gets_a_number(name, second):
    assert list(islice(alike(name, SeededEntropy()), 2)) == [name, second]


@given(st.text(min_size=1, max_size=255).filter(lambda text: text.strip() and "/" not in text))
def test_names_like_it_do_not_end_and_fit(name):
    found = list(islice(alike(name, SeededEntropy()), 40))
    assert found[0] == name
    assert len(set(found)) == 40
    assert all(len(each) <= 255 for each in found)


# --- Types --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "mime_type"),
    [
        ("text/plain", "text/plain"),
        ("text/plain;charset=UTF-8", "text/plain; charset=utf-8"),
        ('Text/HTML; Charset="utf-8"', "text/html; charset=utf-8"),
        ("application/vnd.ms-excel.sheet.macroEnabled.12", "application/vnd.ms-excel.sheet.macroenabled.12"),
        ("image/svg+xml", "image/svg+xml"),
        ("image/png", "image/png"),
        ("IMAGE/PNG; charset=x", "image/png"),
        ("image/jpg", "image/jpeg"),
        ("text/plain; boundary=x", "text/plain"),
        ("image/svg+xml;image/png", "image/svg+xml"),
        (" text/csv ", "text/csv"),
        ("", "application/octet-stream"),
        ("text", "application/octet-stream"),
        ("text/", "application/octet-stream"),
        ("*/*", "application/octet-stream"),
        ("image/png\r\nX-Injected: 1", "application/octet-stream"),
        ("text/plain; charset=utf-8\r\nX: 1", "application/octet-stream"),
        ("text/plain\n", "text/plain"),
        ("text/ht\0ml", "application/octet-stream"),
        ("tëxt/plain", "application/octet-stream"),
        ("text/" + "x" * 100, "application/octet-stream"),
    ],
)
def test_a_type_is_short_and_harmless(declared, mime_type):
    assert type_of(declared) == mime_type


@given(st.text(max_size=100))
def test_a_type_is_its_own_type(text):
    mime_type = type_of(text)
    assert type_of(mime_type) == mime_type
    assert mime_type.isascii()
    assert mime_type.isprintable()
