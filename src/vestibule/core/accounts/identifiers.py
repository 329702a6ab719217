"""Normal forms of what names a user."""

from __future__ import annotations

import unicodedata

from email_validator import EmailNotValidError, validate_email

MAX_EMAIL_BYTES = 254


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


def masked(email: str) -> str:
    """An address as its owner will know it again and others will not: `a•••@example.com`."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"
