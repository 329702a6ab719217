"""What each mail says. Words only: the delivery adapter gives them a form."""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.core.messages.model import Message, MessageKind
from vestibule.kernel.clock import minute_text


@dataclass(frozen=True, slots=True)
class Asked:
    """The request behind a mail: whoever reads it can tell whether it was theirs."""

    app_name: str
    to: str
    device: str
    address: str
    at_ms: int

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Device, place and time as lines of the mail."""
        return (
            ("Device", self.device),
            ("Network address", self.address or "Unknown"),
            ("Time", minute_text(self.at_ms)),
        )


@dataclass(frozen=True, slots=True)
class OneTime:
    """The link and the code of a mail."""

    url: str
    code: str
    expires_at_ms: int
    code_expires_at_ms: int
    challenge_id: str


@dataclass(frozen=True, slots=True)
class _Words:
    subject: str
    heading: str
    first: str
    button: str


_ONE_TIME: dict[MessageKind, _Words] = {
    MessageKind.VERIFY: _Words(
        "{code} is your {app} confirmation code",
        "Confirm your email address",
        "Someone, hopefully you, signed up for {app} with this address.",
        "Confirm email address",
    ),
    MessageKind.MAGIC_LINK: _Words(
        "{code} is your {app} sign-in code",
        "Sign in to {app}",
        "Open this link to sign in to {app}. No password is needed.",
        "Sign in",
    ),
    MessageKind.RESET: _Words(
        "{code} is your {app} password reset code",
        "Choose a new password",
        "Someone, hopefully you, asked to reset the password of your {app} account.",
        "Choose a new password",
    ),
    MessageKind.CHANGE_EMAIL: _Words(
        "{code} is your {app} confirmation code",
        "Confirm your new email address",
        "Confirm that your {app} account should use this address from now on.",
        "Confirm new address",
    ),
}

_IGNORE = "You did not ask for this? You can ignore this mail: nothing happens without the link or the code."


def one_time(kind: MessageKind, asked: Asked, secret: OneTime) -> Message:
    """A mail with a link and a code."""
    words = _ONE_TIME[kind]
    named = {"app": asked.app_name, "code": secret.code}
    until = f"The link works until {minute_text(secret.expires_at_ms)}, the code until " + minute_text(
        secret.code_expires_at_ms
    )
    return Message(
        kind=kind,
        app_name=asked.app_name,
        to=asked.to,
        subject=words.subject.format_map(named),
        preheader=words.first.format_map(named),
        heading=words.heading.format_map(named),
        paragraphs=(words.first.format_map(named), f"{until}. Each works once."),
        code=secret.code,
        button=(words.button, secret.url),
        facts=asked.facts,
        footer=(_IGNORE,),
        challenge_id=secret.challenge_id,
    )


_NOTICES: dict[MessageKind, tuple[str, str, tuple[str, ...], str]] = {
    MessageKind.ACCOUNT_EXISTS: (
        "You already have an account at {app}",
        "You already have an account",
        (
            (
                "Someone, hopefully you, tried to use this address for {app}."
                " It belongs to an account already, so nothing was changed."
            ),
            "Sign in with your password, or ask for a new one if you have forgotten it.",
        ),
        "You can ignore this mail.",
    ),
    MessageKind.NO_ACCOUNT: (
        "There is no {app} account for this address",
        "No account with this address",
        (
            "Someone, hopefully you, asked {app} for a mail to sign in. There is no account with this address.",
            (
                "Perhaps you used another address, or have not confirmed yours yet:"
                " look for that mail, or sign up again."
            ),
        ),
        "You can ignore this mail.",
    ),
    MessageKind.EMAIL_CHANGED: (
        "Your {app} email address was changed",
        "Your email address was changed",
        ("Your {app} account now uses another email address. This address no longer signs you in.",),
        # It goes to the old address, which can no longer reset anything.
        "If this was not you, write to the people who run the app at once.",
    ),
    MessageKind.PASSWORD_CHANGED: (
        "Your {app} password was changed",
        "Your password was changed",
        ("The password of your {app} account was changed, and other devices were signed out.",),
        "If this was not you, reset your password at once and write to the people who run the app.",
    ),
    MessageKind.TOKEN_REUSED: (
        "A device was signed out of your {app} account",
        "A device was signed out to protect you",
        (
            (
                "Someone used an old copy of the key that keeps one of your devices signed in to {app}."
                " It may have been copied by somebody else, so that sign-in has been ended."
            ),
            "Your other devices stay signed in. On the device that was signed out, sign in again.",
        ),
        "If you do not know the device above, reset your password.",
    ),
}


def notice(kind: MessageKind, asked: Asked) -> Message:
    """A mail that only tells."""
    subject, heading, paragraphs, footer = _NOTICES[kind]
    named = {"app": asked.app_name}
    told = tuple(paragraph.format_map(named) for paragraph in paragraphs)
    return Message(
        kind=kind,
        app_name=asked.app_name,
        to=asked.to,
        subject=subject.format_map(named),
        preheader=told[0],
        heading=heading,
        paragraphs=told,
        facts=asked.facts,
        footer=(footer,),
    )
