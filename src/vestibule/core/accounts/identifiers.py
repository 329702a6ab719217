"""Normal forms of what names a user."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from vestibule.core.accounts.model import IdentifierKind
from vestibule.kernel.errors import Code, refuse

MAX_EMAIL_BYTES = 254
MAX_USERNAME = 150
LONGEST_LOOKED_AT = 254


def normal_email(text: str) -> str | None:
    """The one form in which an address is stored, compared and written to; None when it is none.

    Addresses that NFKC or letter case make equal are one address. So mail goes to this form, never to what
    was typed: else the owner of a look-alike address would get it. A domain of other letters is kept as
    `xn--…`, which every mail server understands.
    Source: OWASP ASVS 1.3.11, UTS 39 section 3.3, RFC 5321 section 4.5.3.1.3.
    """
    if len(text) > MAX_EMAIL_BYTES:
        return None
    try:
        parts = validate_email(
            unicodedata.normalize("NFKC", text).strip(" "),
            allow_quoted_local=False,
            allow_domain_literal=False,
            allow_display_name=False,
            check_deliverability=False,
            test_environment=True,  # `.test` is nobody's: let through, it reaches nobody
        )
    except EmailNotValidError:
        return None
    normal = f"{parts.local_part}@{parts.ascii_domain}".lower()
    return normal if len(normal.encode()) <= MAX_EMAIL_BYTES else None


def normal_username(text: str) -> str | None:
    """The one form in which a user name is stored and compared; None when it is none.

    Letter case, width and composition make no difference; blanks and signs that nobody can see are refused.
    Source: RFC 8265 section 3.3 (UsernameCaseMapped).
    """
    from precis_i18n import get_profile  # noqa: PLC0415  its tables are for those who have user names

    if len(text) > LONGEST_LOOKED_AT:
        return None
    try:
        normal: str = get_profile("UsernameCaseMapped").enforce(text)
    except UnicodeError:
        return None
    return normal if len(normal) <= MAX_USERNAME else None


def own_username(text: str, verified_email: str) -> str:
    """A user name as it is stored. One that is an address must be the user's own: it would shut out its owner.

    Raises: username_invalid.
    """
    username, address = normal_username(text), normal_email(text)
    if username is None or (address is not None and address != verified_email):
        raise refuse(Code.USERNAME_INVALID, field="username")
    return username


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed to be known by."""

    forms: dict[IdentifierKind, str]
    """How it would be stored as each kind of identifier; a text of no such form is kept, it finds nothing."""
    best: str
    """What the log calls it, and the counters while it is nobody's."""


def read_typed(text: str, by: tuple[IdentifierKind, ...]) -> Typed:
    """Read a text as the kinds of identifier that may sign in here."""
    plain = text.strip().casefold()[:LONGEST_LOOKED_AT]
    email = normal_email(text)
    username = normal_username(text.strip(" ")) if IdentifierKind.USERNAME in by else None
    normal = {IdentifierKind.EMAIL: email, IdentifierKind.USERNAME: username}
    return Typed({kind: normal[kind] or plain for kind in by}, email or username or plain)


def masked(email: str) -> str:
    """An address as its owner will know it again and others will not: `a•••@example.com`."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"
