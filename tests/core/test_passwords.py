"""Which new passwords are refused, with what, and which are not."""

import time
import unicodedata

import pytest

from tests.fakes import START_MS
from vestibule.adapters.word_lists import CommonPasswords, common_passwords
from vestibule.core.accounts.passwords import PasswordRules
from vestibule.core.apps.model import App, Environment
from vestibule.core.apps.policy import Policy
from vestibule.kernel.errors import Code
from vestibule.kernel.ids import AppId
from vestibule.kernel.secret import Secret

RULES = PasswordRules(CommonPasswords())
EMAIL, NAME = "ada.lovelace@mail.analytical.example", "Augusta Ada King"


def problems(password, email=EMAIL, name=NAME, app_name="Northwind Bikes", **policy):
    app = App(AppId("a" * 24), "p" * 24, app_name, Environment.PRODUCTION, START_MS, Policy(**policy))
    return RULES.problems(app, Secret(password), email, name)


def code_of(password, **given):
    found = problems(password, **given)
    assert len(found) <= 1
    assert all(problem.fields["field"] == "password" for problem in found)
    return found[0].code if found else None


# --- Length -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("least", "length", "code"),
    [
        (8, 7, Code.PASSWORD_TOO_SHORT),
        (8, 8, None),
        (15, 14, Code.PASSWORD_TOO_SHORT),
        (15, 15, None),
        (8, 256, None),
        (8, 257, Code.PASSWORD_TOO_LONG),
        (8, 0, Code.PASSWORD_TOO_SHORT),
    ],
)
def test_length(least, length, code):
    assert code_of(("x7-Qz.4!kW" * 26)[:length], password_min=least) is code


def test_the_refusal_says_how_long():
    assert problems("short")[0].fields == {"field": "password", "min": 8}
    assert problems("x7" * 200)[0].fields == {"field": "password", "max": 256}


def test_characters_are_counted_not_bytes():
    assert code_of("密码鍵言葉詞語") is Code.PASSWORD_TOO_SHORT  # 7 of three bytes
    assert code_of("密码鍵言葉詞語字") is None
    assert code_of("🔑🐎🔋🧷🔑🐎🔋") is Code.PASSWORD_TOO_SHORT
    assert code_of("🔑🐎🔋🧷" * 64) is None  # 256 of four bytes: 1,024
    assert code_of("🔑🐎🔋🧷" * 64, password_max=300) is None
    assert code_of("🔑🐎🔋🧷" * 64 + "x", password_max=300) is Code.PASSWORD_TOO_LONG


def test_composed_and_decomposed_are_equally_long():
    assert code_of(unicodedata.normalize("NFD", "éàüöñçå")) is Code.PASSWORD_TOO_SHORT
    assert code_of(unicodedata.normalize("NFD", "éàüöñçåø")) is None


@pytest.mark.parametrize(
    "password",
    [
        "correct-horse-7-battery",
        " leading and trailing ",
        "пароль-для-лошади",
        "🔑🐎🔋🧷🔑🐎🔋🧷",
        "~`!@#$%^&*()_-+={[}]|\\:;\"'<,>.?/",
        "nul\0inside-it",
        "half a \ud800 pair",
        "hunter-of-gophers",
    ],
)
def test_any_text_may_be_a_password(password):
    assert code_of(password) is None


def test_a_megabyte_is_refused_quickly():
    begin = time.perf_counter()
    assert code_of("é" * 1_000_000) is Code.PASSWORD_TOO_LONG
    assert time.perf_counter() - begin < 0.5


# --- Common -------------------------------------------------------------------------------------


def test_every_password_of_the_list_is_refused():
    listed = common_passwords()
    assert len(listed) >= 3_000
    assert all(len(password) >= 8 and password == password.casefold() for password in listed)
    assert {code_of(password, email="", name="") for password in listed} == {Code.PASSWORD_COMMON}


@pytest.mark.parametrize("password", ["password", "PASSWORD", "PassWord1", "iLoveYou", "１２３４５６７８９"])
def test_letter_case_hides_nothing(password):
    expected = None if password[0] == "１" else Code.PASSWORD_COMMON
    assert code_of(password) is expected  # full-width digits are another text, as typed


def test_the_whole_password_is_compared():
    assert code_of("password-of-a-horse") is None
    assert code_of("xx123456789xx") is None


def test_the_header_of_the_list_is_no_password():
    assert not any(password.startswith("# ") for password in common_passwords())


# --- Similar ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    [
        EMAIL,
        EMAIL.upper(),
        "ada.lovelace",
        "AdaLovelace",
        "ada_lovelace1",
        "lovelace1815",
        "1815-Lovelace!",
        "mail.analytical.example",
        "mail-analytical",
        "AugustaAdaKing",
        "king augusta ada",
        "Augusta 99",
        "northwindbikes",
        "Northwind-Bikes-1",
        "lovelace@northwind-bikes",
        "ádálóvelácé",
        "adaadaadaada",
    ],
)
def test_what_others_know_is_no_secret(password):
    assert code_of(password) is Code.PASSWORD_SIMILAR


@pytest.mark.parametrize(
    "password",
    [
        "lovelace-horse-battery",  # more beside it than half of the shortest password
        "canada-adapter",  # `ada` inside other words
        "tugboat-lantern",
        "analyst-of-bicycles",
    ],
)
def test_a_word_of_the_owner_may_be_inside(password):
    assert code_of(password) is None


def test_more_must_be_left_where_more_is_asked_for():
    assert code_of("lovelace-battery", password_min=8) is None
    assert code_of("lovelace-battery", password_min=15) is Code.PASSWORD_SIMILAR


@pytest.mark.parametrize(
    ("email", "name", "app_name"),
    [("", "", ""), ("al@x.io", "Al", "Q"), ("@", " ", " "), ("a.b.c@d.e", "É É", "")],
)
def test_short_and_missing_words_refuse_nothing(email, name, app_name):
    assert code_of("tugboat-al-q-lantern", email=email, name=name, app_name=app_name) is None
    assert code_of("--------", email=email, name=name, app_name=app_name) is None


def test_other_scripts_are_words_too():
    assert code_of("ада-лавлейс-1", name="Ада Лавлейс") is Code.PASSWORD_SIMILAR


# --- One problem --------------------------------------------------------------------------------


def test_length_comes_first_then_the_list_then_likeness():
    assert code_of("ada", name="Ada") is Code.PASSWORD_TOO_SHORT
    assert code_of("password", email="password@example.com") is Code.PASSWORD_COMMON


def test_a_refusal_does_not_hold_the_password():
    for password in ("iloveyou", "lovelace1815", "hunter2"):
        (problem,) = problems(password)
        assert password not in repr(problem) + str(problem) + str(problem.fields)
