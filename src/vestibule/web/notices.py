"""Messages a handler puts on a page: what went wrong, or what was just done."""

from vestibule.web.flow import Message

# --- About the page as a whole: `problem=` ----------------------------------------------------------

# The same words whether or not the address is known.
WRONG_PAIR = Message("wrong_pair", tone="danger")
# The address was typed too: which of the two is wrong stays unsaid.
CODE_UNKNOWN = Message("code_unknown", tone="danger")
CODE_TOO_MANY = Message("code_too_many", tone="danger")
# Only after a new code was really sent.
CODE_EXPIRED = Message("code_expired", tone="warning")
CODE_SENT = Message("code_sent", tone="success")
LINK_SENT = Message("link_sent", tone="success")
PASSWORD_CHANGED = Message("password_changed", tone="success")
EMAIL_CONFIRMED = Message("email_confirmed", tone="success")
EMAIL_CHANGED = Message("email_changed", tone="success")


def rate_limited(until_ms: int, wait_s: int) -> Message:
    """Too many tries: when the next one counts, as an instant and as a length of time."""
    return Message("rate_limited", {"until": until_ms, "wait": wait_s}, "danger")


def busy(wait_s: int) -> Message:
    """The server has more passwords to check than it can."""
    return Message("busy", {"wait": wait_s}, "warning")


def code_replaced(sent_ms: int) -> Message:
    """An older code than the one sent at that instant was typed."""
    return Message("code_replaced", {"sent": sent_ms}, "warning")


def resend_soon(wait_s: int) -> Message:
    """The cooldown between two mails is not over."""
    return Message("resend_soon", {"wait": wait_s}, "warning")


def resend_limit(count: int, until_ms: int) -> Message:
    """All mails of the hour or day are used up."""
    return Message("resend_limit", {"count": count, "until": until_ms}, "warning")


# --- About one field: `errors={name: ...}` ----------------------------------------------------------

EMAIL_MISSING = Message("email_missing", tone="danger")
EMAIL_INVALID = Message("email_invalid", tone="danger")
EMAIL_TAKEN = Message("email_taken", tone="danger")
NAME_INVALID = Message("name_invalid", tone="danger")
PASSWORD_MISSING = Message("password_missing", tone="danger")
PASSWORD_COMMON = Message("password_common", tone="danger")
PASSWORD_SIMILAR = Message("password_similar", tone="danger")
CODE_MISSING = Message("code_missing", tone="danger")
CODE_MALFORMED = Message("code_malformed", tone="danger")


def code_wrong(left: int) -> Message:
    """How many tries are left, which the form of a known flow may say."""
    return Message("code_wrong", {"left": left}, "danger")


def password_short(least: int) -> Message:
    """Shorter than the app's rule."""
    return Message("password_short", {"least": least}, "danger")


def password_long(most: int) -> Message:
    """Longer than anybody types."""
    return Message("password_long", {"most": most}, "danger")


# --- The honest HTTP status of a page that carries a problem ----------------------------------------

STATUS = {
    "wrong_pair": 401,
    "code_too_many": 410,
    "rate_limited": 429,
    "busy": 503,
    "resend_soon": 429,
    "resend_limit": 429,
}


def status_of(problem: Message | None, *, invalid: bool) -> int:
    """The status of a form that comes back; 200 when nothing was wrong with the last try."""
    if problem is not None and problem.tone in {"danger", "warning"}:
        return STATUS.get(problem.id, 422)
    return 422 if invalid else 200
