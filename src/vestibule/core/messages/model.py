"""What is said to people, before it has a form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MessageKind(StrEnum):
    """Every mail there is."""

    VERIFY = "verify"
    MAGIC_LINK = "magic-link"
    RESET = "reset"
    CHANGE_EMAIL = "change-email"
    ACCOUNT_EXISTS = "account-exists"
    NO_ACCOUNT = "no-account"
    EMAIL_CHANGED = "email-changed"
    PASSWORD_CHANGED = "password-changed"
    TOKEN_REUSED = "token-reused"


@dataclass(frozen=True, slots=True)
class Message:
    """One mail as content; the delivery adapter gives it text and HTML parts."""

    kind: MessageKind
    app_name: str
    to: str
    subject: str
    preheader: str
    heading: str
    paragraphs: tuple[str, ...]
    code: str | None = None
    button: tuple[str, str] | None = None
    """Label and URL."""
    facts: tuple[tuple[str, str], ...] = ()
    footer: tuple[str, ...] = ()
    lang: str = "en"
    challenge_id: str | None = None


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A sealed message on its way."""

    app_id: str
    id: str
    channel: str
    kind: MessageKind
    sealed: str
    attempts: int
    expires_at_ms: int
    created_at_ms: int
