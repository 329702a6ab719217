"""What the doctor knows of a house, and what it says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from vestibule.adapters.store.examine import AppFacts, DatabaseFacts
from vestibule.settings import Settings


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    severity: Severity
    check: str
    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What the system says of a file or folder."""

    name: str
    is_there: bool = False
    mode: int = 0
    is_writable: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the checks may know."""

    settings: Settings
    now_ms: int
    built_ms: int
    """When the newest file of this program was written."""
    folder: Entry
    free_bytes: int
    file_system: str
    database_file: Entry
    database: DatabaseFacts | None
    key_file: Entry | None
    key_problem: str = ""
    mail_problem: str | None = None
    """What the mail server said; None: nobody asked it."""

    @property
    def apps(self) -> tuple[AppFacts, ...]:
        """Apps of the database, without the operators' own."""
        apps = self.database.apps if self.database else ()
        return tuple(app for app in apps if app.id.strip("0"))


Check = Callable[[Facts], Iterator[Finding]]
