"""Buckets and files."""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.kernel.ids import UserId

ROOT = "root"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A named set of files."""

    id: str
    name: str
    is_public: bool
    tags: tuple[str, ...]
    user_id: UserId | None
    created_at_ms: int
    updated_at_ms: int


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file. `public_key` is random and all that its public path holds; `storage_key` never leaves."""

    id: str
    bucket_id: str
    name: str
    public_key: str
    storage_key: str
    size_bytes: int
    mime_type: str
    is_public: bool
    tags: tuple[str, ...]
    user_id: UserId | None
    uploaded_at_ms: int
    updated_at_ms: int
