"""What every operation of an administrator is given: its arguments, and the app that they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vestibule.core.apps.model import App
from vestibule.core.house import House
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.ids import SYSTEM_APP, is_id
from vestibule.kernel.origin import Agent, Origin, Version
from vestibule.kernel.secret import Secret

Json = object
ORIGIN = Origin(door="cli", agent=Agent(browser=Version("vestibule CLI")))
OPERATORS = "operators"
"""Names the reserved app whose users are the operators."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one call."""

    values: Mapping[str, object]

    def text(self, name: str, default: str | None = None) -> str:
        """A text. Raises: field_required, field_invalid."""
        value = self.values.get(name)
        if value is None and default is not None:
            return default
        if value is None:
            raise refuse(Code.FIELD_REQUIRED, field=name)
        if not isinstance(value, str):
            raise refuse(Code.FIELD_INVALID, field=name)
        return value

    def secret(self, name: str) -> Secret[str]:
        """A text that does not print. Raises: field_required, field_invalid."""
        return Secret(self.text(name))

    def texts(self, name: str) -> tuple[str, ...]:
        """Several texts. Raises: field_invalid."""
        values = self.values.get(name, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise refuse(Code.FIELD_INVALID, field=name)
        return tuple(values)

    def number(self, name: str, default: int) -> int:
        """A whole number. Raises: field_invalid."""
        value = self.values.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1_000:
            raise refuse(Code.FIELD_INVALID, field=name)
        return value

    def has(self, name: str) -> bool:
        """Whether it was given."""
        return self.values.get(name) is not None


async def find_app(house: House, given: Arguments) -> App:
    """The app by id or name; without either, the only one.

    Raises: app_unknown.
    """
    wanted = given.text("app", "")
    if wanted == OPERATORS:
        return await house.apps.get(SYSTEM_APP)
    if not wanted:
        return await house.apps.only()
    named = [app for app in await house.apps.list() if wanted in (app.id, app.name)]
    if len(named) == 1:
        return named[0]
    return await house.apps.get(wanted if is_id(wanted) else "")
