"""A message as mail: subject, a text part of its own, and HTML that old mail programs understand."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vestibule.web.render import environment

BREAKS = frozenset({"Cc", "Cs", "Zl", "Zp"})
TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail says; all of it is text, none of it HTML."""

    app_name: str
    subject: str
    preheader: str  # what lists of mails show after the subject
    heading: str
    paragraphs: Sequence[str] = ()
    code: str | None = None
    button: tuple[str, str] | None = None  # label, URL
    facts: Sequence[tuple[str, str]] = ()
    footer: Sequence[str] = ()
    lang: str = "en"


class Rendered(NamedTuple):
    """What goes into the envelope, the text part first."""

    subject: str
    text: str
    html: str


def render_mail(mail: Mail) -> Rendered:
    """Both parts from one model. Every value is one line: none can forge a header or a paragraph."""
    clean = Mail(
        app_name=one_line(mail.app_name),
        subject=one_line(mail.subject),
        preheader=one_line(mail.preheader),
        heading=one_line(mail.heading),
        paragraphs=[one_line(each) for each in mail.paragraphs],
        code=one_line(mail.code) if mail.code else None,
        button=(one_line(mail.button[0]), one_line(mail.button[1])) if mail.button else None,
        facts=[(one_line(label), one_line(value)) for label, value in mail.facts],
        footer=[one_line(each) for each in mail.footer],
        lang=one_line(mail.lang),
    )
    pages = environment()
    return Rendered(
        clean.subject,
        pages.get_template("mail/message.txt").render(mail=clean),
        pages.get_template("mail/message.html").render(mail=clean),
    )


def one_line(text: str) -> str:
    """Without line breaks, control characters, and signs that turn the direction of what follows."""
    # Bidirectional_Control of the Unicode character database; joiners stay, Persian and emoji need them.
    kept = (" " if unicodedata.category(sign) in BREAKS or sign in TURNS else sign for sign in text)
    return " ".join("".join(kept).split())
