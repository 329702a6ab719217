"""Bytes in a folder or an object store. Implements core.files.ports.Blobs."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from vestibule.kernel.errors import Code, refuse

PIECE_BYTES = 64 * 1024
PUT_TIMEOUT_S = 600.0
"""Well below the hour after which the sweeper takes bytes without a row for left over."""
_KEY = re.compile(r"[0-9a-f]+(/[0-9a-f]+)*")


class ObjectBlobs:
    """Any store that obstore knows. Keys are ours, never a client's: hex and slashes."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def at(cls, url: str) -> Self:
        """A bucket: `s3://name/prefix`, `gs://…`, `az://…`; credentials from the usual places."""
        return cls(from_url(url))

    async def put(self, key: str, data: bytes) -> None:
        """Store durably. Raises: unavailable."""
        with _translated():
            async with asyncio.timeout(PUT_TIMEOUT_S):
                await obstore.put_async(self._store, _checked(key), data)

    async def stream(self, key: str) -> AsyncGenerator[bytes, None]:
        """The bytes in pieces. Raises: file_not_found, unavailable."""
        with _translated():
            try:
                found = await obstore.get_async(self._store, _checked(key))
            except FileNotFoundError as error:
                raise refuse(Code.FILE_NOT_FOUND, "no bytes under this key") from error
            async for piece in found.stream(min_chunk_size=PIECE_BYTES):
                yield bytes(piece)

    async def delete(self, key: str) -> None:
        """Delete; a missing one is fine. Raises: unavailable."""
        with _translated(), suppress(FileNotFoundError):
            await obstore.delete_async(self._store, _checked(key))


class FolderBlobs(ObjectBlobs):
    """A local folder, made for its owner only."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        super().__init__(LocalStore(folder))
        self._folder = folder

    async def put(self, key: str, data: bytes) -> None:
        """Store durably. Raises: unavailable."""
        await super().put(key, data)
        with _translated():
            await asyncio.to_thread(_sync, self._folder, self._folder / key)

    async def delete(self, key: str) -> None:
        """Delete; a missing one is fine. Raises: unavailable."""
        await super().delete(key)
        with _translated():
            await asyncio.to_thread(_forget_unfinished, self._folder / key)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError, TimeoutError) as error:
        raise refuse(Code.UNAVAILABLE, f"object store: {type(error).__name__}") from error


def _checked(key: str) -> str:
    if _KEY.fullmatch(key) is None:
        raise ValueError("not a storage key")
    return key


def _sync(folder: Path, file: Path) -> None:
    """Make a new file durable, and its name in every folder above: the library does neither."""
    for path in (file, *file.parents):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if path == folder:
            return


def _forget_unfinished(file: Path) -> None:
    """What a crash in the middle of a put leaves: the library writes to `name#1`, then renames."""
    for left_over in file.parent.glob(f"{file.name}#*"):
        left_over.unlink(missing_ok=True)
