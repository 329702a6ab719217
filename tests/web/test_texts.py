"""The table of words: all are shown somewhere, none is missing, parameters cannot break out."""

import re
import string
from dataclasses import replace

import pytest

from tests.web import shelf
from vestibule.web import notices, render, texts
from vestibule.web.flow import Message
from vestibule.web.flows import GALLERY, enter_code
from vestibule.web.flows.gallery import FRAME

NOON = shelf.NOON
HOSTILE = "<b onclick=x>{id}{0.__class__}</b>"


@pytest.mark.parametrize(
    ("message_id", "params", "text"),
    [
        ("sign_in.heading", {"app": "Acme"}, "Sign in to Acme"),
        ("code_wrong", {"left": 3}, "That code is not right. 3 tries left."),
        ("code_wrong", {"left": 1}, "That code is not right. 1 try left."),
        (
            "rate_limited",
            {"until": NOON, "wait": 45},
            "Too many tries. Try again at 12:32 UTC (in 45 seconds).",
        ),
        ("value.moment", {"at": NOON}, "21 Nov 2026, 12:32 UTC"),
        ("sign_in.heading", {"app": HOSTILE}, f"Sign in to {HOSTILE}"),
    ],
)
def test_plain(message_id, params, text):
    assert texts.plain(message_id, params) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1 second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (61, "2 minutes"),
        (600, "10 minutes"),
        (3600, "1 hour"),
        (86_400, "24 hours"),
        (172_800, "2 days"),
    ],
)
def test_a_length_of_time_is_never_shown_shorter_than_it_is(seconds, text):
    assert texts.plain("resend_soon", {"wait": seconds}).endswith(f" in {text}.")


def test_marked_up():
    assert render.say("sign_in.heading", app=HOSTILE) == ("Sign in to &lt;b onclick=x&gt;{id}{0.__class__}&lt;/b&gt;")
    assert render.say("signed_in.lead", app="Acme", address="<a>") == (
        "You are signed in to Acme as <strong>&lt;a&gt;</strong>."
    )
    assert render.say("value.moment", at=NOON) == (
        '<time datetime="2026-11-21T12:32:00Z" data-show="moment">21 Nov 2026, 12:32 UTC</time>'
    )


def test_a_missing_parameter_is_an_error():
    with pytest.raises(KeyError):
        texts.plain("sign_in.heading", {})


@pytest.mark.parametrize("message_id", texts.TEXTS)
def test_every_text_is_well_made(message_id):
    text = texts.TEXTS[message_id]
    assert text == text.strip()
    assert "<" not in text
    assert "'" not in text, "an apostrophe is ’"
    for _, name, how, conversion in string.Formatter().parse(text):
        if name is not None:
            assert name.isidentifier()
            assert conversion is None
            assert how in {"", "strong", "time", "moment", "span"} or re.fullmatch(r"\w+\|\w+", how or "")


def test_every_text_is_shown_somewhere(monkeypatch):
    """So the gallery lacks no state, and the table has no text that nobody needs."""
    asked = set()

    class Recorder(dict):
        def __getitem__(self, key):
            asked.add(key)
            return super().__getitem__(key)

    monkeypatch.setattr(texts, "TEXTS", Recorder(texts.TEXTS))
    for make in GALLERY.values():
        render.render_flow(make())
    for purpose in ("verify", "magic-link", "reset", "change-email"):
        render.render_flow(enter_code(FRAME, purpose, "ada@example.com", 600, "/"))
    for inbox in (shelf.INBOX, shelf.EMPTY):
        render.render_inbox(inbox)
    for message in (shelf.MESSAGE, shelf.NOTICE):
        render.render_inbox_message(message)
    for api_key in ("ak", None):
        render.render_operator(replace(shelf.OPERATOR, api_key=api_key))
    said = [*vars(notices).values(), notices.password_long(256)]
    asked |= {each.id for each in said if isinstance(each, Message)}
    assert set(texts.TEXTS) - asked == set()
