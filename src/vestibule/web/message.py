"""A message of the core as mail."""

from __future__ import annotations

from vestibule.core.messages.model import Message
from vestibule.web.mail import Mail, Rendered, render_mail


def render_message(message: Message) -> Rendered:
    """Subject, text part and HTML part."""
    return render_mail(
        Mail(
            app_name=message.app_name,
            subject=message.subject,
            preheader=message.preheader,
            heading=message.heading,
            paragraphs=message.paragraphs,
            code=message.code,
            button=message.button,
            facts=message.facts,
            footer=message.footer,
            lang=message.lang,
        )
    )
