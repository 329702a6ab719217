"""The exact attributes of each input: what password managers and phone keyboards go by."""

from collections.abc import Mapping
from typing import Literal

from vestibule.web.flow import Field, Frame, Message

Purpose = Literal["verify", "magic-link", "reset", "change-email"]
Errors = Mapping[str, Message]  # name of the field -> what to do about it
NONE: Errors = {}

AS_TYPED = {"autocapitalize": "none", "spellcheck": "false"}


def identifier(value: str = "", error: Message | None = None) -> Field:
    """The address of somebody who signs in; `webauthn` must be the last token."""
    attributes = {"autocomplete": "username webauthn", **AS_TYPED}
    return Field("identifier", Message("email"), "email", value, attributes, error=error)


def email(value: str = "", error: Message | None = None) -> Field:
    """The address that is (or becomes) the user name of the sign-in."""
    attributes = {"autocomplete": "username", **AS_TYPED}
    return Field("email", Message("email"), "email", value, attributes, error=error)


def fixed_username(value: str) -> Field:
    """Visible and read-only: managers save a new password under the name in the same form."""
    return Field(
        "username",
        Message("reset.username"),
        value=value,
        attributes={"autocomplete": "username"},
        required=False,
        readonly=True,
    )


def current_password(error: Message | None = None) -> Field:
    """No minlength: old passwords may be shorter than today's rule."""
    attributes = {"autocomplete": "current-password"}
    return Field("password", Message("password"), "password", attributes=attributes, error=error)


def new_password(label: Message, frame: Frame, error: Message | None = None) -> Field:
    """Exactly one field; "Show password" replaces typing it twice."""
    least = frame.password_least
    return Field(
        "password",
        label,
        "password",
        attributes={
            "autocomplete": "new-password",
            "minlength": str(least),
            "maxlength": str(frame.password_most),
            "passwordrules": f"minlength: {least};",
        },
        hint=Message("new_password.hint", {"least": least}),
        hint_id="pw-hint",
        meter=True,
        error=error,
    )


def code(value: str = "", error: Message | None = None) -> Field:
    """One field without maxlength: browsers would cut a pasted "482 913" before we can tidy it."""
    return Field(
        "code",
        Message("code"),
        value=value,
        attributes={
            "inputmode": "numeric",
            "autocomplete": "one-time-code",
            "pattern": r"[0-9 \-]*",
            **AS_TYPED,
        },
        hint=Message("code.hint"),
        hint_id="code-help",
        error=error,
    )
