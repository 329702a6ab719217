"""Resumable attempts on our pages: what was typed once is carried along on the server."""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.core.apps.model import App
from vestibule.core.signin.challenges import token_digest
from vestibule.core.signin.model import Attempt
from vestibule.core.store import Store
from vestibule.kernel.clock import HOUR_MS, Clock
from vestibule.kernel.entropy import Entropy
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.ids import TokenKind, new_id, new_token
from vestibule.kernel.keys import KeyRing
from vestibule.kernel.secret import Secret

LIFE_MS = 20 * HOUR_MS
"""Idle forms keep for 20 hours (WCAG 2.2.1)."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """Attempts hold no right: they are never a session."""

    store: Store
    clock: Clock
    entropy: Entropy
    keys: KeyRing

    def new_token(self, app: App) -> Secret[str]:
        """A flow token for a browser's cookie; nothing is written until there is something to carry."""
        return new_token(TokenKind.FLOW, app.id, self.entropy)

    def csrf(self, app: App, token: str) -> str:
        """The form's proof that it came from a page of this browser's flow."""
        return self.keys.mac(app.id, "csrf", token, self.keys.lookup).hex()

    async def state(self, app: App, token: str) -> dict[str, str]:
        """What the flow carries; empty for a new one."""
        digest = token_digest(app.id, TokenKind.FLOW, token)
        attempt = await self.store.reading(app.id).attempts.find(digest, self.clock.now_ms()) if digest else None
        return dict(attempt.state) if attempt else {}

    async def carry(self, app: App, token: str, kind: str, state: dict[str, str]) -> None:
        """Keep a state for the flow's next pages.

        Raises: flow_expired.
        """
        digest = token_digest(app.id, TokenKind.FLOW, token)
        if digest is None:
            raise refuse(Code.FLOW_EXPIRED)
        now_ms = self.clock.now_ms()
        async with self.store.transaction(app.id) as tx:
            attempt = await tx.attempts.find(digest, now_ms)
            if attempt is None:
                await tx.attempts.add(
                    Attempt(new_id(now_ms, self.entropy), kind, digest, state, now_ms, now_ms + LIFE_MS)
                )
            else:
                await tx.attempts.change_state(attempt.id, state)
