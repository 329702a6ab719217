"""Both parts of a mail from one model, readable in old programs and safe from its data."""

from dataclasses import replace
from email.message import EmailMessage

import pytest

from tests.web.html import Page
from tests.web.shelf import LINK, MAIL
from vestibule.web.mail import one_line, render_mail

BUDGET = 20_000
TEXT = f"""\
Confirm your email

Welcome to Acme.

Press the button, or type the code where you signed up.

482913

Confirm email:
{LINK}

Asked at: 21 Nov 2026, 12:32 UTC
Asked from: Firefox on Linux

--\N{SPACE}
You did not ask for this? Then ignore this email.
Acme, help@acme.example
"""
EVIL = "Ada\r\nBcc: all@example.com\u2028\u202e<img src=x onerror=alert(1)>\x00"


def test_the_text_part_is_written_not_stripped():
    assert render_mail(MAIL).text == TEXT


def test_the_html_part():
    page = Page(render_mail(MAIL).html)
    assert page.one("html")["lang"] == "en"
    assert page.one("h1").text == "Confirm your email"
    assert page.one("p", **{"class": "code"}).text == "482913"
    button, printed = page.all("a")
    assert button["href"] == printed["href"] == printed.text == LINK
    assert button.text == "Confirm email"
    assert page.all("meta", name="color-scheme", content="light dark")
    assert page.all("img") == page.all("script") == page.all("link") == []
    layout = [each for each in page.all("table") if each.get("role") == "presentation"]
    assert len(layout) == len(page.all("table")) - 1, "only the facts are a table of data"
    assert [each["scope"] for each in page.all("th")] == ["row", "row"]
    assert page.one("body").text.split()[:2] == ["It", "confirms"], "the preheader comes first"


def test_a_mail_with_nothing_but_words():
    bare = replace(MAIL, code=None, button=None, facts=(), footer=())
    _, text, html = render_mail(bare)
    assert text == (
        "Confirm your email\n\nWelcome to Acme.\n\nPress the button, or type the code where you signed up.\n"
    )
    assert Page(html).all("a") == []


def test_no_value_breaks_out():
    evil = replace(
        MAIL,
        app_name=EVIL,
        subject=EVIL,
        preheader=EVIL,
        heading=EVIL,
        paragraphs=[EVIL],
        button=(EVIL, LINK),
        facts=[(EVIL, EVIL)],
        footer=[EVIL],
    )
    subject, text, html = render_mail(evil)
    assert subject == "Ada Bcc: all@example.com <img src=x onerror=alert(1)>"
    page = Page(html)
    assert page.all("img") == []
    assert not any(name.startswith("on") for each in page.elements for name in each.attributes)
    assert not any(line.startswith("Bcc") for line in text.splitlines())
    message = EmailMessage()
    message["Subject"] = subject  # raises for a line break
    assert "Bcc" not in message


def test_a_link_that_would_run_is_no_link():
    html = render_mail(replace(MAIL, button=("Go", "javascript:alert(1)"))).html
    assert {each["href"] for each in Page(html).all("a")} == {""}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  a \t b\n", "a b"),
        ("a\u2029b\x85c", "a b c"),
        ("a\u2066b\u2069", "a b"),
        ("\ud800x", "x"),
        ("क्\u200dष 👩\u200d🔬 نمی\u200cدانم", "क्\u200dष 👩\u200d🔬 نمی\u200cدانم"),
    ],
)
def test_one_line(text, line):
    assert one_line(text) == line


def test_written_from_right_to_left():
    page = Page(render_mail(replace(MAIL, lang="ar")).html)
    assert page.one("html")["dir"] == "rtl"
    assert {each["align"] for each in page.all("th")} == {"right"}


def test_small_enough_for_every_program(capsys):
    size = len(render_mail(MAIL).html.encode())
    with capsys.disabled():
        print(f"\nmail, HTML part: {size} bytes of {BUDGET}")
    assert size <= BUDGET
