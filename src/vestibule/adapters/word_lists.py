"""Word lists that come with the package. Implements core.accounts.passwords.PasswordRules.common."""

from __future__ import annotations

from functools import cache
from importlib import resources


class CommonPasswords:
    """Case-folded common and leaked passwords; the list is read when it is first asked."""

    def __contains__(self, password: object) -> bool:
        return password in common_passwords()


@cache
def common_passwords() -> frozenset[str]:
    """The whole list."""
    text = (resources.files("vestibule") / "data" / "common-passwords.txt").read_text(encoding="utf-8")
    return frozenset(text.splitlines()[1:])
