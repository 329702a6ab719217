"""The key ring of a file: it can get a new key while the house stands. Implements core.admin.ports."""

from __future__ import annotations

from pathlib import Path

from vestibule.adapters import keyring
from vestibule.kernel.entropy import Entropy
from vestibule.kernel.ids import AppId


class KeyFile:
    """A ring and where it lies; whoever holds it sees a new key at once."""

    def __init__(self, path: Path, ring: keyring.Ring, entropy: Entropy) -> None:
        self._path = path
        self._ring = ring
        self._entropy = entropy

    @property
    def current(self) -> str:
        return self._ring.current

    @property
    def lookup(self) -> str:
        return self._ring.lookup

    def turn(self) -> str:
        """A new key in front; in the file first, so that a crash forgets no key in use."""
        ring = self._ring.rotated()
        keyring.save(self._path, ring, self._entropy)
        self._ring = ring
        return ring.current

    def seal(self, app_id: AppId, place: str, plain: bytes) -> str:
        return self._ring.seal(app_id, place, plain)

    def unseal(self, app_id: AppId, place: str, sealed: str) -> bytes:
        return self._ring.unseal(app_id, place, sealed)

    def mac(self, app_id: AppId, purpose: str, message: str, key_id: str = "") -> bytes:
        return self._ring.mac(app_id, purpose, message, key_id)
