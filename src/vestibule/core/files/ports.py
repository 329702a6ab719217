"""What the files slice asks of storage, of the place where bytes lie, and of the image codec."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from vestibule.core.files.model import Bucket, StoredFile
from vestibule.kernel.ids import UserId


class Buckets(Protocol):
    """Rows of buckets."""

    async def find(self, name_or_id: str) -> Bucket | None:
        """The bucket of that name or id."""
        ...

    async def add(self, bucket: Bucket) -> bool:
        """Write it; False when the name is taken. Atomic."""
        ...


class Files(Protocol):
    """Rows of files, and what they weigh."""

    async def add(self, file: StoredFile) -> bool:
        """Write it; False when the name is taken in its bucket. Atomic."""
        ...

    async def find(self, bucket_id: str, name_or_id: str) -> StoredFile | None:
        """The file of that name or id."""
        ...

    async def find_public(self, public_key: str) -> StoredFile | None:
        """The file of a public path, private ones too: the caller decides."""
        ...

    async def of_user(self, user_id: UserId, limit: int) -> list[StoredFile]:
        """Files of an owner, in any bucket. Scans: for `Store.scanning` only."""
        ...

    async def remove(self, file_id: str) -> bool:
        """Forget it. Atomic: exactly one caller gets True."""
        ...

    async def charge(self, owner: str, size_bytes: int, cap_bytes: int, cap_files: int) -> bool:
        """Add to what an owner stores, if it stays within the caps. Atomic: no race passes a quota."""
        ...

    async def refund(self, owner: str, size_bytes: int) -> None:
        """Take a removed file off the owner's account."""
        ...

    async def doom(self, storage_key: str, due_at_ms: int) -> None:
        """Have these bytes deleted at that time, unless spared before."""
        ...

    async def spare(self, storage_key: str) -> bool:
        """A row holds these bytes now (or they are gone): nothing is left to delete.

        False when they were not doomed: somebody took them for left over and deleted them. Atomic.
        """
        ...

    async def doomed(self, now_ms: int, limit: int) -> list[tuple[str, str]]:
        """Due bytes of all apps, as (app id, storage key); what is due longest first."""
        ...


class Blobs(Protocol):
    """Where bytes lie: a folder, or an object store."""

    async def put(self, key: str, data: bytes) -> None:
        """Store durably. Raises: unavailable."""
        ...

    def stream(self, key: str) -> AsyncGenerator[bytes, None]:
        """The bytes in pieces. Raises: file_not_found, unavailable."""
        ...

    async def delete(self, key: str) -> None:
        """Delete; a missing one is fine. Raises: unavailable."""
        ...


class Images(Protocol):
    """Decodes and encodes pictures anew, so that nothing of the upload but its pixels is kept."""

    async def clean(self, data: bytes, max_pixels: int) -> tuple[bytes, str] | None:
        """The picture without metadata and its MIME type; None when it is no PNG, JPEG, WebP or GIF."""
        ...
