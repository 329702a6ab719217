"""Which passwords are good enough: long, not common, not about their owner."""

from __future__ import annotations

import unicodedata
from collections.abc import Container
from dataclasses import dataclass

from vestibule.core.apps.model import App
from vestibule.core.apps.policy import Policy
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.kernel.secret import Secret

MAX_BYTES = 1_024
SHORTEST_WORD = 3


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """The rules for a new password; an old one is only ever compared."""

    common: Container[str]
    """Common and leaked passwords in NFC, case-folded."""

    def problems(self, app: App, password: Secret[str], email: str, name: str) -> list[DomainError]:
        """What is wrong with a new password of this person: nothing, or the one thing to mend first."""
        policy = app.policy
        typed = unicodedata.normalize("NFC", password.reveal())
        if len(typed) > policy.password_max or len(typed.encode("utf-8", "surrogatepass")) > MAX_BYTES:
            return [refuse(Code.PASSWORD_TOO_LONG, field="password", max=policy.password_max)]
        if len(typed) < policy.password_min:
            return [refuse(Code.PASSWORD_TOO_SHORT, field="password", min=policy.password_min)]
        if unicodedata.normalize("NFC", typed.casefold()) in self.common:
            return [refuse(Code.PASSWORD_COMMON, field="password")]
        if _is_about(typed, _words(email, name, app.name), policy):
            return [refuse(Code.PASSWORD_SIMILAR, field="password")]
        return []


def _is_about(password: str, words: list[str], policy: Policy) -> bool:
    """Whether little is left (at most half of the shortest allowed) once the owner's words are taken out."""
    left = _letters(password)
    for word in words:
        left = left.replace(word, "")
    return len(left) < len(_letters(password)) and len(left) <= policy.password_min // 2


def _words(email: str, name: str, app_name: str) -> list[str]:
    """What anyone may know of a person here: address, name, their parts, and the app; longest first."""
    local, _, domain = email.partition("@")
    host = domain.rpartition(".")[0]
    words = map(_letters, {email, local, *local.split("."), domain, host, name, *name.split(), app_name})
    return sorted((word for word in words if len(word) >= SHORTEST_WORD), key=len, reverse=True)


def _letters(text: str) -> str:
    """Letters and digits alone, without case and accents: `Zoë O'Neil` and `zoe.oneil` are one word."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text).casefold() if sign.isalnum())
