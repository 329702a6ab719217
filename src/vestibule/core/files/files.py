"""Uploading, reading and deleting files."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

from vestibule.core.accounts.model import UserStatus
from vestibule.core.apps.model import App
from vestibule.core.files.model import ROOT, Bucket, StoredFile
from vestibule.core.files.names import IMAGE_TYPES, alike, clean_name, type_of
from vestibule.core.files.ports import Blobs, Images
from vestibule.core.guard.audit import Audit
from vestibule.core.guard.limiter import Limiter
from vestibule.core.guard.model import UPLOAD, Event, EventType
from vestibule.core.store import Store, Tx
from vestibule.kernel.clock import HOUR_MS, Clock
from vestibule.kernel.entropy import Entropy
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.kernel.ids import SYSTEM_APP, AppId, UserId, is_id, new_id
from vestibule.kernel.origin import Origin

SERVER = "*"
"""As a reader: the app's own server, which may see and delete everything."""
UNFINISHED_MS = HOUR_MS
"""After this long, bytes that no row holds are left over from a crash."""
UNDELETABLE_MS = HOUR_MS
"""How long bytes that could not be deleted wait for the next try."""
NO_CAP = 2**53


@dataclass(frozen=True, slots=True)
class Upload:
    """What a client sends."""

    bucket: str | Bucket
    """Name or id; or what `permit` answered, which is not counted again."""
    name: str
    data: bytes
    mime_type: str
    """As the client says; pictures get their true one."""
    is_public: bool | None = None
    """None: as the bucket."""
    tags: tuple[str, ...] = ()
    user_id: UserId | None = None
    """The owner to be."""
    is_server: bool = False
    """Sent by the app's own server."""


@dataclass(frozen=True, slots=True)
class Files:
    """Files of an app. A reader is a user's id, `SERVER`, or None for a stranger."""

    store: Store
    clock: Clock
    entropy: Entropy
    audit: Audit
    limiter: Limiter
    blobs: Blobs
    images: Images

    async def permit(self, app: App, bucket: str, by: str | None, origin: Origin) -> Bucket:
        """The bucket of an upload to come, which counts from here on: to ask before a body is read.

        `by` is a user's id, `SERVER`, or None for a stranger.
        Raises: session_missing, bucket_not_found, too_many_attempts.
        """
        if by is None and not app.policy.anonymous_upload:
            raise refuse(Code.SESSION_MISSING)
        async with self.store.transaction(app.id) as tx:
            refusal = await self.limiter.charge(tx, app, UPLOAD, origin, self.clock.now_ms())
        if refusal is not None:
            raise refusal
        return await self._bucket(app, bucket)

    async def upload(self, app: App, upload: Upload, origin: Origin) -> StoredFile:
        """Keep a file. A name that is taken gets a suffix; a picture is decoded and encoded anew.

        A crash leaves at most bytes without a row, which the sweeper deletes; never a row without bytes.
        Atomic: no number of uploads at once passes a quota.
        Raises: session_missing, session_invalid, field_required, field_invalid, body_too_large, bucket_not_found,
            file_type_refused, quota_exceeded, too_many_attempts, overloaded, unavailable.
        """
        by = SERVER if upload.is_server else upload.user_id
        bucket = upload.bucket
        if isinstance(bucket, str):
            bucket = await self.permit(app, bucket, by, origin)
        name = clean_name(upload.name)
        _refuse_too_large(app, upload.data)
        now_ms = self.clock.now_ms()
        data, mime_type = await self._cleaned(app, upload)
        draft = StoredFile(
            id=new_id(now_ms, self.entropy),
            bucket_id=bucket.id,
            name=name,
            public_key=self.entropy.token_bytes(16).hex(),
            storage_key=_storage_key(app.id, self.entropy),
            size_bytes=len(data),
            mime_type=mime_type,
            is_public=bucket.is_public if upload.is_public is None else upload.is_public,
            tags=upload.tags,
            user_id=upload.user_id,
            uploaded_at_ms=now_ms,
            updated_at_ms=now_ms,
        )
        async with self.store.transaction(app.id) as tx:
            # Only asks: the charge that counts is made with the row, so that a crash leaves none behind.
            await _charge(tx, app, draft)
            await _refund(tx, app, draft)
            await tx.files.doom(draft.storage_key, now_ms + UNFINISHED_MS)
        await self.blobs.put(draft.storage_key, data)
        async with self.store.transaction(app.id) as tx:
            await _refuse_gone(tx, upload.user_id)
            if is_kept := await tx.files.spare(draft.storage_key):
                await _charge(tx, app, draft)
                await tx.buckets.add(bucket)
                draft = await self._add(tx, draft)
                await self.audit.record(tx, _event(EventType.FILE_ADDED, draft, by, origin), now_ms)
            else:
                await tx.files.doom(draft.storage_key, now_ms)  # they may have come after the sweeper
        if not is_kept:
            raise refuse(Code.UNAVAILABLE, "the clock jumped: the sweeper took the bytes for left over")
        return draft

    async def get(self, app: App, bucket: str, name_or_id: str, reader: str | None) -> StoredFile:
        """What is known of a file. Another's private file is as unknown as one that is not there.

        Raises: bucket_not_found, file_not_found.
        """
        found = await self._bucket(app, bucket)
        return _readable(await self.store.reading(app.id).files.find(found.id, name_or_id), reader)

    async def exists(self, app: App, bucket: str, name_or_id: str, reader: str | None) -> bool:
        """Whether the reader could `get` it.

        Raises: bucket_not_found.
        """
        found = await self._bucket(app, bucket)
        file = await self.store.reading(app.id).files.find(found.id, name_or_id)
        return file is not None and _may_read(file, reader)

    async def open(
        self, app: App, bucket: str, name_or_id: str, reader: str | None
    ) -> tuple[StoredFile, AsyncGenerator[bytes, None]]:
        """A file and its bytes in pieces.

        Raises: bucket_not_found, file_not_found (as the pieces do), unavailable (the pieces).
        """
        file = await self.get(app, bucket, name_or_id, reader)
        return file, self.blobs.stream(file.storage_key)

    async def open_public(
        self, app: App, bucket_id: str, public_key: str
    ) -> tuple[StoredFile, AsyncGenerator[bytes, None]]:
        """The file of a public path, for anyone.

        Raises: file_not_found (as the pieces do), unavailable (the pieces).
        """
        file = _readable(await self.store.reading(app.id).files.find_public(public_key), reader=None)
        if file.bucket_id != bucket_id:
            raise refuse(Code.FILE_NOT_FOUND)
        return file, self.blobs.stream(file.storage_key)

    async def delete(self, app: App, bucket: str, name_or_id: str, reader: str | None, origin: Origin) -> None:
        """Forget a file at once; its bytes go with the next sweep. For its owner and the server.

        Raises: bucket_not_found, file_not_found, permission_denied.
        """
        now_ms = self.clock.now_ms()
        found = await self._bucket(app, bucket)
        async with self.store.transaction(app.id) as tx:
            file = _readable(await tx.files.find(found.id, name_or_id), reader)
            if not _owns(file, reader):
                raise refuse(Code.PERMISSION_DENIED)
            await tx.files.remove(file.id)
            await _refund(tx, app, file)
            await tx.files.doom(file.storage_key, now_ms)
            await self.audit.record(tx, _event(EventType.FILE_REMOVED, file, reader, origin), now_ms)

    async def delete_doomed(self, limit: int) -> int:
        """Delete due bytes of all apps; answers how many. Running it twice, or two at once, does no harm.

        Bytes that cannot be deleted now go to the end of the queue.
        """
        now_ms = self.clock.now_ms()
        deleted = 0
        for app_id, storage_key in await self.store.scanning(SYSTEM_APP).files.doomed(now_ms, limit):
            is_gone = await self._is_deleted(storage_key)
            async with self.store.transaction(AppId(app_id)) as tx:
                if await tx.files.spare(storage_key) and not is_gone:
                    await tx.files.doom(storage_key, now_ms + UNDELETABLE_MS)
            deleted += is_gone
        return deleted

    async def _is_deleted(self, storage_key: str) -> bool:
        try:
            await self.blobs.delete(storage_key)
        except DomainError:
            return False
        return True

    async def _bucket(self, app: App, name_or_id: str) -> Bucket:
        """The bucket; `root` is there from the start and gets its row with its first file."""
        bucket = await self.store.reading(app.id).buckets.find(name_or_id)
        if bucket is not None:
            return bucket
        if name_or_id not in {ROOT, app.id}:
            raise refuse(Code.BUCKET_NOT_FOUND)
        return Bucket(app.id, ROOT, True, (), None, app.created_at_ms, app.created_at_ms)

    async def _cleaned(self, app: App, upload: Upload) -> tuple[bytes, str]:
        mime_type = type_of(upload.mime_type)
        picture = await self.images.clean(upload.data, app.policy.image_max_pixels)
        if picture is not None:
            _refuse_too_large(app, picture[0])
            return picture
        if mime_type in IMAGE_TYPES:
            raise refuse(Code.FILE_TYPE_REFUSED, "its first bytes are not those of a picture")
        return upload.data, mime_type

    async def _add(self, tx: Tx, draft: StoredFile) -> StoredFile:
        for name in alike(draft.name, self.entropy):
            # A file whose name is another file's id would be found in its place.
            if is_id(name) and await tx.files.find(draft.bucket_id, name) is not None:
                continue
            if await tx.files.add(file := replace(draft, name=name)):
                return file
        raise AssertionError


def inline_type(mime_type: str) -> bool:
    """Whether a browser may show it inside a page: only what was cleaned on the way in."""
    return mime_type in IMAGE_TYPES


def _refuse_too_large(app: App, data: bytes) -> None:
    if len(data) > app.policy.file_max_bytes:
        raise refuse(Code.BODY_TOO_LARGE, max_bytes=app.policy.file_max_bytes)


async def _refuse_gone(tx: Tx, user_id: UserId | None) -> None:
    """A picture may wait long enough for its owner to be deleted meanwhile."""
    user = None if user_id is None else await tx.users.find(user_id)
    if user_id is not None and (user is None or user.status is not UserStatus.ACTIVE):
        raise refuse(Code.SESSION_INVALID, "user is gone or banned")


def _readable(file: StoredFile | None, reader: str | None) -> StoredFile:
    if file is None or not _may_read(file, reader):
        raise refuse(Code.FILE_NOT_FOUND)
    return file


def _may_read(file: StoredFile, reader: str | None) -> bool:
    return file.is_public or _owns(file, reader)


def _owns(file: StoredFile, reader: str | None) -> bool:
    return reader == SERVER or (reader is not None and reader == file.user_id)


def _storage_key(app_id: AppId, entropy: Entropy) -> str:
    """Random, so that no name a client chose reaches a file system; in folders of a few hundred."""
    random = entropy.token_bytes(16).hex()
    return f"{app_id}/{random[:2]}/{random[2:]}"


async def _charge(tx: Tx, app: App, file: StoredFile) -> None:
    policy = app.policy
    is_charged = await tx.files.charge(app.id, file.size_bytes, policy.app_quota_bytes, NO_CAP)
    if is_charged and file.user_id is not None:
        caps = policy.user_quota_bytes, policy.user_quota_files
        is_charged = await tx.files.charge(file.user_id, file.size_bytes, *caps)
    if not is_charged:
        raise refuse(Code.QUOTA_EXCEEDED)


async def _refund(tx: Tx, app: App, file: StoredFile) -> None:
    await tx.files.refund(app.id, file.size_bytes)
    if file.user_id is not None:
        await tx.files.refund(file.user_id, file.size_bytes)


def _event(kind: EventType, file: StoredFile, by: str | None, origin: Origin) -> Event:
    actor_kind = {SERVER: "app", None: "anonymous"}.get(by, "user")
    return Event(
        kind,
        origin,
        actor_kind,
        by if actor_kind == "user" else None,
        file.user_id,
        payload={
            "file_id": file.id,
            "bucket_id": file.bucket_id,
            "size_bytes": file.size_bytes,
            "mime_type": file.mime_type,
        },
    )
