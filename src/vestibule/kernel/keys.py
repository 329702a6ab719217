"""The key ring as the core sees it: sealing, and sub-keys per app and purpose."""

from __future__ import annotations

from typing import Protocol

from vestibule.kernel.ids import AppId


class KeyRing(Protocol):
    """Master keys behind sub-keys (HKDF) per app and purpose; every sealed value names its key.

    Source: RFC 5869, NIST SP 800-38D.
    """

    def seal(self, app_id: AppId, place: str, plain: bytes) -> str:
        """Encrypt for one place (`table.column.row`); the text opens nowhere else."""
        ...

    def unseal(self, app_id: AppId, place: str, sealed: str) -> bytes:
        """The plain bytes. Raises ValueError when the text was altered, moved or its key is gone."""
        ...

    def mac(self, app_id: AppId, purpose: str, message: str, key_id: str = "") -> bytes:
        """HMAC-SHA-256 under the app's sub-key of a purpose; `key_id` names an older master key."""
        ...

    @property
    def current(self) -> str:
        """Id of the key that new values use."""
        ...

    @property
    def lookup(self) -> str:
        """Id of the oldest key on the ring, for digests by which rows are found again: counters and recipients.

        It stays while keys are added in front, so that limits and codes on their way survive a turn; they begin
        anew only when the oldest key is removed.
        """
        ...
