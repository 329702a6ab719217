"""Buckets and files. Implements core.files.ports.Buckets and Files."""

from __future__ import annotations

import json

from vestibule.adapters.store.statement import Executor, Row, directory, point, scan
from vestibule.core.files.model import Bucket, StoredFile
from vestibule.kernel.ids import UserId

_BUCKET = "id, name, is_public, tags, user_id, created_at_ms, updated_at_ms"
_FIND_BUCKET = point(f"SELECT {_BUCKET} FROM bucket WHERE app_id = :app_id AND id = :wanted")
_FIND_BUCKET_NAMED = point(f"SELECT {_BUCKET} FROM bucket WHERE app_id = :app_id AND name = :wanted")
_ADD_BUCKET = point(
    f"INSERT INTO bucket (app_id, {_BUCKET})"
    " VALUES (:app_id, :id, :name, :is_public, :tags, :user_id, :created_at_ms, :updated_at_ms)"
    " ON CONFLICT (app_id, name) DO NOTHING"
)
_FILE = (
    "id, bucket_id, name, public_key, storage_key, size_bytes, mime_type, is_public, tags, user_id,"
    " uploaded_at_ms, updated_at_ms"
)
_ADD_FILE = point(
    f"INSERT INTO file (app_id, {_FILE}) VALUES (:app_id, :id, :bucket_id, :name, :public_key, :storage_key,"
    " :size_bytes, :mime_type, :is_public, :tags, :user_id, :uploaded_at_ms, :updated_at_ms)"
    " ON CONFLICT (app_id, bucket_id, name) DO NOTHING"
)
_FIND_FILE = point(f"SELECT {_FILE} FROM file WHERE app_id = :app_id AND id = :wanted AND bucket_id = :bucket_id")
_FIND_FILE_NAMED = point(
    f"SELECT {_FILE} FROM file WHERE app_id = :app_id AND bucket_id = :bucket_id AND name = :wanted"
)
_FIND_PUBLIC = point(f"SELECT {_FILE} FROM file WHERE app_id = :app_id AND public_key = :public_key")
_OF_USER = scan(f"SELECT {_FILE} FROM file WHERE app_id = :app_id AND user_id = :user_id ORDER BY id LIMIT :count")
_REMOVE_FILE = point("DELETE FROM file WHERE app_id = :app_id AND id = :id")
_OPEN_ACCOUNT = point(
    "INSERT INTO file_usage (app_id, owner, used_bytes, files) VALUES (:app_id, :owner, 0, 0)"
    " ON CONFLICT (app_id, owner) DO NOTHING"
)
_CHARGE = point(
    "UPDATE file_usage SET used_bytes = used_bytes + :size_bytes, files = files + 1 WHERE app_id = :app_id"
    " AND owner = :owner AND used_bytes + :size_bytes <= :cap_bytes AND files < :cap_files"
)
_REFUND = point(
    "UPDATE file_usage SET used_bytes = used_bytes - :size_bytes, files = files - 1"
    " WHERE app_id = :app_id AND owner = :owner"
)
_DOOM = point(
    "INSERT INTO doomed_blob (app_id, storage_key, due_at_ms) VALUES (:app_id, :storage_key, :due_at_ms)"
    " ON CONFLICT (app_id, storage_key) DO UPDATE SET due_at_ms = excluded.due_at_ms"
)
_SPARE = point("DELETE FROM doomed_blob WHERE app_id = :app_id AND storage_key = :storage_key")
_DOOMED = directory(
    "SELECT app_id, storage_key FROM doomed_blob WHERE due_at_ms <= :now_ms AND :app_id = :app_id"
    " ORDER BY due_at_ms LIMIT :count"
)


class SqlBuckets:
    """Rows of buckets."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def find(self, name_or_id: str) -> Bucket | None:
        row = await self._db.one(_FIND_BUCKET, wanted=name_or_id)
        row = row or await self._db.one(_FIND_BUCKET_NAMED, wanted=name_or_id)
        if row is None:
            return None
        bucket_id, name, is_public, tags, *rest = row
        return Bucket(bucket_id, name, bool(is_public), tuple(json.loads(tags)), *rest)

    async def add(self, bucket: Bucket) -> bool:
        values = {name: getattr(bucket, name) for name in Bucket.__slots__}
        values |= {"is_public": int(bucket.is_public), "tags": json.dumps(bucket.tags)}
        return await self._db.run(_ADD_BUCKET, **values) == 1


class SqlFiles:
    """Rows of files and what they weigh."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def add(self, file: StoredFile) -> bool:
        values = {name: getattr(file, name) for name in StoredFile.__slots__}
        values |= {"is_public": int(file.is_public), "tags": json.dumps(file.tags)}
        return await self._db.run(_ADD_FILE, **values) == 1

    async def find(self, bucket_id: str, name_or_id: str) -> StoredFile | None:
        row = await self._db.one(_FIND_FILE, bucket_id=bucket_id, wanted=name_or_id)
        return _file(row or await self._db.one(_FIND_FILE_NAMED, bucket_id=bucket_id, wanted=name_or_id))

    async def find_public(self, public_key: str) -> StoredFile | None:
        return _file(await self._db.one(_FIND_PUBLIC, public_key=public_key))

    async def of_user(self, user_id: UserId, limit: int) -> list[StoredFile]:
        rows = await self._db.all(_OF_USER, user_id=user_id, count=limit)
        return [file for row in rows if (file := _file(row))]

    async def remove(self, file_id: str) -> bool:
        return await self._db.run(_REMOVE_FILE, id=file_id) == 1

    async def charge(self, owner: str, size_bytes: int, cap_bytes: int, cap_files: int) -> bool:
        await self._db.run(_OPEN_ACCOUNT, owner=owner)
        charged = await self._db.run(
            _CHARGE, owner=owner, size_bytes=size_bytes, cap_bytes=cap_bytes, cap_files=cap_files
        )
        return charged == 1

    async def refund(self, owner: str, size_bytes: int) -> None:
        await self._db.run(_REFUND, owner=owner, size_bytes=size_bytes)

    async def doom(self, storage_key: str, due_at_ms: int) -> None:
        await self._db.run(_DOOM, storage_key=storage_key, due_at_ms=due_at_ms)

    async def spare(self, storage_key: str) -> bool:
        return await self._db.run(_SPARE, storage_key=storage_key) == 1

    async def doomed(self, now_ms: int, limit: int) -> list[tuple[str, str]]:
        return [(row[0], row[1]) for row in await self._db.all(_DOOMED, now_ms=now_ms, count=limit)]


def _file(row: Row | None) -> StoredFile | None:
    if row is None:
        return None
    values = list(row)
    values[7] = bool(values[7])
    values[8] = tuple(json.loads(values[8]))
    return StoredFile(*values)
