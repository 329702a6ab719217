"""What a refusal of the core looks like on a page."""

from __future__ import annotations

from collections.abc import Callable

from vestibule.kernel.errors import Code, DomainError
from vestibule.web import notices
from vestibule.web.flow import Message

# About one field: code -> the field's name on the page, and what to say there.
_FIELDS: dict[Code, Callable[[DomainError], tuple[str, Message]]] = {
    Code.EMAIL_INVALID: lambda _: ("email", notices.EMAIL_INVALID),
    Code.PASSWORD_TOO_SHORT: lambda e: ("password", notices.password_short(int(e.fields.get("min", 8)))),
    Code.PASSWORD_TOO_LONG: lambda e: ("password", notices.password_long(int(e.fields.get("max", 256)))),
    Code.PASSWORD_COMMON: lambda _: ("password", notices.PASSWORD_COMMON),
    Code.PASSWORD_SIMILAR: lambda _: ("password", notices.PASSWORD_SIMILAR),
    Code.PASSWORD_IS_EMAIL: lambda _: ("password", notices.PASSWORD_SIMILAR),
    Code.EMAIL_TAKEN: lambda _: ("email", notices.EMAIL_TAKEN),
    Code.FIELD_INVALID: lambda e: (str(e.fields.get("field", "")), notices.NAME_INVALID),
}

# About the page as a whole. A blocked user reads what a wrong password reads.
_WRONG_PAIR = {Code.INVALID_CREDENTIALS, Code.USER_BANNED, Code.USER_NOT_FOUND}


def field_errors(error: DomainError) -> dict[str, Message]:
    """The messages that belong to fields."""
    return dict(_FIELDS[each.code](each) for each in error.each() if each.code in _FIELDS)


def page_problem(error: DomainError, now_ms: int) -> Message | None:
    """The message for the page as a whole; None when every problem has its field.

    Raises the error itself when no page has words for it.
    """
    if error.code in _FIELDS:
        return None
    if error.code in _WRONG_PAIR:
        return notices.WRONG_PAIR
    if error.code is Code.TOO_MANY_ATTEMPTS:
        wait_s = int(error.fields["retry_after_s"])
        return notices.rate_limited(now_ms + wait_s * 1000, wait_s)
    if error.code is Code.OVERLOADED:
        return notices.busy(int(error.fields["retry_after_s"]))
    if error.code is Code.CODE_WRONG:
        left = error.fields.get("tries_left")
        return notices.code_wrong(int(left)) if left else notices.CODE_UNKNOWN
    if error.code is Code.LINK_SUPERSEDED:
        return notices.CODE_UNKNOWN
    raise error
