"""Time as an argument."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class Clock(Protocol):
    """Where services ask for the time; read once per call and passed on."""

    def now_ms(self) -> int:
        """The present instant. Units: milliseconds UTC since 1970."""
        ...


def iso(at_ms: int) -> str:
    """An instant as ISO 8601 UTC with milliseconds and `Z`. Units: milliseconds in."""
    return _moment(at_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def minute_text(at_ms: int) -> str:
    """An instant for people, to the minute, with its zone: `2026-11-21 14:32 UTC`."""
    return _moment(at_ms).strftime("%Y-%m-%d %H:%M UTC")


def _moment(at_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=at_ms)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
