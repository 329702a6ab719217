"""The development inbox: mails land here instead of leaving the machine. Never loaded by `vestibule serve`.

It is the one place where codes and links are kept readable, so it has a file of its own: the database stays clean.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vestibule.core.house import House
from vestibule.core.messages.model import Message
from vestibule.kernel.clock import DAY_MS
from vestibule.kernel.ids import SYSTEM_APP, AppId
from vestibule.web.message import render_message

KEPT_COUNT = 500
KEPT_MS = DAY_MS

_SCHEMA = """
CREATE TABLE IF NOT EXISTS mail (
  id TEXT PRIMARY KEY, app_id TEXT NOT NULL, at_ms INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL,
  recipient TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL, html TEXT NOT NULL,
  code TEXT NOT NULL, link TEXT NOT NULL, challenge_id TEXT NOT NULL
) STRICT
"""
_COLUMNS = "id, app_id, at_ms, expires_at_ms, recipient, kind, subject, text, html, code, link, challenge_id"


@dataclass(frozen=True, slots=True)
class InboxMail:
    """One mail as it arrived."""

    id: str
    app_id: str
    at_ms: int
    expires_at_ms: int
    recipient: str
    kind: str
    subject: str
    text: str
    html: str
    code: str
    link: str
    challenge_id: str


@dataclass(slots=True)
class Inbox:
    """Keeps mails of the last day, and wakes whoever waits for the next one. Implements core.messages.ports.Channel."""

    path: Path
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        """Make the file, readable by its owner only."""
        self.path.touch(mode=0o600)
        self._run(_SCHEMA)

    async def deliver(self, app_id: AppId, message: Message, message_id: str, now_ms: int, expires_at_ms: int) -> None:
        """Keep a mail; operators' mail is never kept."""
        if app_id == SYSTEM_APP:
            return
        rendered = render_message(message)
        mail = InboxMail(
            id=message_id,
            app_id=app_id,
            at_ms=now_ms,
            expires_at_ms=expires_at_ms,
            recipient=message.to,
            kind=message.kind.value,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            code=message.code or "",
            link=message.button[1] if message.button else "",
            challenge_id=message.challenge_id or "",
        )
        marks = ", ".join(f":{name}" for name in InboxMail.__slots__)
        values = {name: getattr(mail, name) for name in InboxMail.__slots__}
        self._run(f"INSERT OR REPLACE INTO mail ({_COLUMNS}) VALUES ({marks})", values)
        self._run(
            "DELETE FROM mail WHERE at_ms < :before OR id NOT IN (SELECT id FROM mail ORDER BY id DESC LIMIT :kept)",
            {"before": now_ms - KEPT_MS, "kept": KEPT_COUNT},
        )
        async with self._news:
            self._news.notify_all()

    def mails(self, to: str = "", kind: str = "", after: str = "") -> list[InboxMail]:
        """Mails, newest first."""
        rows = self._run(
            f"SELECT {_COLUMNS} FROM mail WHERE (:to = '' OR recipient = :to) AND (:kind = '' OR kind = :kind)"
            " AND id > :after ORDER BY id DESC",
            {"to": to.strip().lower(), "kind": kind, "after": after},
        )
        return [InboxMail(*row) for row in rows]

    def find(self, mail_id: str) -> InboxMail | None:
        """One mail."""
        rows = self._run(f"SELECT {_COLUMNS} FROM mail WHERE id = :id", {"id": mail_id})
        return InboxMail(*rows[0]) if rows else None

    def empty(self) -> None:
        """Throw every mail away."""
        self._run("DELETE FROM mail")

    async def wait(self, to: str, kind: str, after: str, wait_s: float) -> InboxMail | None:
        """The newest fitting mail, as soon as there is one. Units: seconds."""
        try:
            async with asyncio.timeout(wait_s), self._news:
                while not (found := self.mails(to, kind, after)):
                    await self._news.wait()
                return found[0]
        except TimeoutError:
            return None

    async def news(self) -> None:
        """Return when a mail has come."""
        async with self._news:
            await self._news.wait()

    def _run(self, sql: str, values: dict[str, object] | None = None) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            return connection.execute(sql, values or {}).fetchall()
        finally:
            connection.close()


async def state_of(house: House, mail: InboxMail) -> str | None:
    """Whether the secret of a mail still works: `valid`, `used`, `expired`, `superseded`; None without one."""
    if not mail.challenge_id:
        return None
    challenge = await house.store.reading(AppId(mail.app_id)).challenges.find_by_id(mail.challenge_id)
    if challenge is None or challenge.superseded_at_ms is not None:
        return "superseded"
    if challenge.consumed_at_ms is not None:
        return "used"
    return "expired" if challenge.expires_at_ms <= house.clock.now_ms() else "valid"


def as_json(mail: InboxMail, state: str | None, created_at: str, expires_at: str) -> str:
    """A mail for scripts and tests."""
    return json.dumps(
        {
            "id": mail.id,
            "to": mail.recipient,
            "kind": mail.kind,
            "subject": mail.subject,
            "created_at": created_at,
            "expires_at": expires_at,
            "codes": [mail.code] if mail.code else [],
            "links": [{"kind": mail.kind, "url": mail.link}] if mail.link else [],
            "text": mail.text,
            "html": mail.html,
            "state": state,
        }
    )
