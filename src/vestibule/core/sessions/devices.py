"""Browsers that have been here before."""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.core.apps.model import App
from vestibule.core.sessions.model import Device
from vestibule.core.store import Store
from vestibule.kernel.clock import Clock
from vestibule.kernel.entropy import Entropy, fingerprint
from vestibule.kernel.ids import TokenKind, new_id, new_token
from vestibule.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class Devices:
    """A device is known by a cookie of its own, which outlives sessions and grants nothing."""

    store: Store
    clock: Clock
    entropy: Entropy

    async def find(self, app: App, token: str) -> Device | None:
        """The device of a cookie."""
        return await self.store.reading(app.id).devices.find(fingerprint(token)) if token else None

    def new(self, app: App) -> tuple[Device, Secret[str]]:
        """A new device and its cookie, stored by nobody yet: most strangers never come in."""
        now_ms = self.clock.now_ms()
        token = new_token(TokenKind.DEVICE, app.id, self.entropy)
        return Device(new_id(now_ms, self.entropy), fingerprint(token.reveal()), now_ms), token

    async def add(self, app: App, device: Device) -> None:
        """Remember a device that somebody has come in with."""
        async with self.store.transaction(app.id) as tx:
            await tx.devices.add(device)
