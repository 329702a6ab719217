"""Writing a mail down with the fact it tells of."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

from vestibule.core.messages.model import Message, MessageKind, OutboxRow
from vestibule.core.store import Tx
from vestibule.kernel.clock import DAY_MS
from vestibule.kernel.entropy import Entropy
from vestibule.kernel.ids import AppId, new_id
from vestibule.kernel.keys import KeyRing

NOTICE_LIFE_MS = 2 * DAY_MS
"""How long a mail without a secret is worth sending."""
PADDED_TO_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class Post:
    """Seals messages into the outbox and opens them for delivery."""

    entropy: Entropy
    keys: KeyRing
    ring: Callable[[], None] = lambda: None
    """Tells the deliverer that there may be work."""

    async def write(self, tx: Tx, message: Message, now_ms: int, expires_at_ms: int = 0) -> None:
        """Put a mail in the outbox of this transaction; it is not sent once its secret has expired."""
        row_id = new_id(now_ms, self.entropy)
        sealed = self.keys.seal(tx.app_id, _place(row_id), _padded(json.dumps(asdict(message)).encode()))
        expires_at_ms = expires_at_ms or now_ms + NOTICE_LIFE_MS
        await tx.outbox.add(OutboxRow(tx.app_id, row_id, "email", message.kind, sealed, 0, expires_at_ms, now_ms))
        self.ring()

    def open(self, row: OutboxRow) -> Message:
        """The message of a claimed row. Raises ValueError when it cannot be opened."""
        values = json.loads(self.keys.unseal(AppId(row.app_id), _place(row.id), row.sealed))
        return Message(
            **{
                **values,
                "kind": MessageKind(values["kind"]),
                "paragraphs": tuple(values["paragraphs"]),
                "facts": tuple((label, value) for label, value in values["facts"]),
                "footer": tuple(values["footer"]),
                "button": tuple(values["button"]) if values["button"] else None,
            }
        )


def _padded(body: bytes) -> bytes:
    """Blanks at the end, so that a notice and a one-time mail take the same room."""
    return body.ljust(-(-len(body) // PADDED_TO_BYTES) * PADDED_TO_BYTES)


def _place(row_id: str) -> str:
    return f"outbox.sealed.{row_id}"
