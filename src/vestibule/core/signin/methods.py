"""The table of sign-in methods: what each proves, in the words of RFC 8176."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FactorKind(StrEnum):
    """What a factor rests on."""

    KNOWLEDGE = "knowledge"
    POSSESSION = "possession"


@dataclass(frozen=True, slots=True)
class Method:
    """One way to prove something."""

    amr: str
    kind: FactorKind
    is_phishing_resistant: bool


# Source: RFC 8176 section 2. Mail is no second factor: NIST SP 800-63B-4 section 3.1.3.1.
METHODS: dict[str, Method] = {
    "password": Method("pwd", FactorKind.KNOWLEDGE, is_phishing_resistant=False),
    "email_link": Method("otp", FactorKind.POSSESSION, is_phishing_resistant=False),
    "email_code": Method("otp", FactorKind.POSSESSION, is_phishing_resistant=False),
    "operator_link": Method("otp", FactorKind.POSSESSION, is_phishing_resistant=False),
}
