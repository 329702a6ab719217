"""Files: who may what, names, quotas, pictures, and what a crash leaves."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from tests.adapters.pictures import NO_PICTURES, PAYLOADS, opened, picture, with_gps
from tests.contracts.rows import a_user
from tests.world import ORIGIN, REDIRECT, World
from vestibule.core.accounts.model import UserStatus
from vestibule.core.apps.policy import Policy
from vestibule.core.files.files import SERVER, Upload, inline_type
from vestibule.core.store import in_transaction
from vestibule.kernel.clock import HOUR_MS
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.kernel.ids import UserId, is_id
from vestibule.workers.sweeper import Sweeper

ADA, EVE = UserId("ada0" * 6), UserId("e5e0" * 6)


class Shelf:
    """The files of one world, with the few calls tests need."""

    def __init__(self, world):
        self.world = world
        self.files = world.house.files

    @property
    def app(self):
        return self.world.app

    def limit(self, **policy):
        self.world.app = replace(self.app, policy=replace(self.app.policy, **policy))

    async def upload(self, name="cat.txt", data=b"hello", mime_type="text/plain", user_id=ADA, **more):
        upload = Upload(more.pop("bucket", "root"), name, data, mime_type, user_id=user_id, **more)
        return await self.files.upload(self.app, upload, ORIGIN)

    async def bytes(self, file, reader=SERVER):
        found, pieces = await self.files.open(self.app, "root", file.id, reader)
        assert found == file
        return b"".join([piece async for piece in pieces])

    async def delete(self, file, reader=ADA):
        await self.files.delete(self.app, "root", file.id, reader, ORIGIN)

    def rows(self, query):
        with closing(sqlite3.connect(self.world.running.store._path)) as connection:
            return connection.execute(query).fetchall()

    def used(self):
        rows = self.rows("SELECT owner, used_bytes, files FROM file_usage WHERE used_bytes OR files")
        return {owner: (used, files) for owner, used, files in rows}

    def doomed(self):
        return dict(self.rows("SELECT storage_key, due_at_ms FROM doomed_blob"))

    def stored(self):
        folder = self.world.running.store._path.parent / "files"
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    def events(self):
        return [row[0] for row in self.rows("SELECT type FROM event WHERE type LIKE 'file.%' ORDER BY position")]


@pytest.fixture
async def shelf(tmp_path):
    world = await World.open(tmp_path)
    async with world.house.store.transaction(world.app.id) as tx:
        for user_id in (ADA, EVE):
            await tx.users.add(a_user(id=user_id))
    yield Shelf(world)
    await world.close()


async def code_of(work):
    with pytest.raises(DomainError) as refusal:
        await work
    return refusal.value.code


# --- Uploading ----------------------------------------------------------------------------------


async def test_an_upload_is_found_again(shelf):
    file = await shelf.upload("cat.txt", b"hello", "text/plain;charset=UTF-8", tags=("a", "b"))
    assert is_id(file.id)
    assert (file.bucket_id, file.name, file.size_bytes) == (shelf.app.id, "cat.txt", 5)
    assert (file.mime_type, file.is_public, file.tags) == ("text/plain; charset=utf-8", True, ("a", "b"))
    assert file.user_id == ADA
    assert file.uploaded_at_ms == file.updated_at_ms == shelf.world.clock.now_ms()
    for bucket in ("root", shelf.app.id):
        for key in (file.id, "cat.txt"):
            assert await shelf.files.get(shelf.app, bucket, key, ADA) == file
    assert await shelf.bytes(file) == b"hello"
    assert shelf.stored() == {file.storage_key}
    assert shelf.doomed() == {}
    assert shelf.events() == ["file.added"]


async def test_a_file_may_be_empty(shelf):
    file = await shelf.upload(data=b"")
    assert (file.size_bytes, await shelf.bytes(file)) == (0, b"")


async def test_the_first_upload_of_two_at_once_makes_the_bucket(shelf):
    files = await asyncio.gather(*(shelf.upload() for _ in range(5)))
    assert {file.bucket_id for file in files} == {shelf.app.id}
    assert shelf.rows("SELECT id, name, is_public FROM bucket") == [(shelf.app.id, "root", 1)]


async def test_another_bucket_is_unknown(shelf):
    for bucket in ("photos", "", "ROOT", "0" * 24, "../root"):
        assert await code_of(shelf.upload(bucket=bucket)) is Code.BUCKET_NOT_FOUND
        assert await code_of(shelf.files.get(shelf.app, bucket, "cat.txt", ADA)) is Code.BUCKET_NOT_FOUND
    assert (shelf.stored(), shelf.events()) == (set(), [])


async def test_a_name_that_is_taken_gets_a_suffix(shelf):
    names = [(await shelf.upload("cat.png", b"x")).name for _ in range(12)]
    assert names[:3] == ["cat.png", "cat-1.png", "cat-2.png"]
    assert len(set(names)) == 12
    assert all(name.startswith("cat") and name.endswith(".png") for name in names)


async def test_equal_names_at_once_stay_apart(shelf):
    files = await asyncio.gather(*(shelf.upload("cat.png", str(number).encode()) for number in range(30)))
    assert len({file.name for file in files}) == 30
    assert [await shelf.bytes(file) for file in files] == [str(number).encode() for number in range(30)]


async def test_no_file_stands_in_for_another(shelf):
    mine = await shelf.upload("mine", b"mine", is_public=False)
    forged = await shelf.upload(mine.id, b"forged", user_id=EVE)
    assert forged.name != mine.id
    assert (await shelf.files.get(shelf.app, "root", mine.id, ADA)).name == "mine"
    other_id = "0" * 24  # an id that is no file's is a name like any other
    assert (await shelf.upload(other_id, b"x")).name == other_id


async def test_a_name_is_checked_before_anything_happens(shelf):
    for name in ("../../etc/passwd", "a\r\nb", "photo_\u202egpj.exe", "x" * 256):
        assert await code_of(shelf.upload(name)) is Code.FIELD_INVALID
    assert await code_of(shelf.upload("")) is Code.FIELD_REQUIRED
    assert (shelf.stored(), shelf.doomed(), shelf.used()) == (set(), {}, {})


async def test_no_name_reaches_the_file_system(shelf):
    for name in ("..%2f..%2fetc", "con", "~root", "$HOME", "a;b", "*", "ä☂", "%00", "-rf", "..."):
        file = await shelf.upload(name)
        assert set(file.storage_key) <= set("0123456789abcdef/")
        assert await shelf.bytes(file) == b"hello"


async def test_public_keys_and_storage_keys_are_chances(shelf):
    files = [await shelf.upload(f"{number}") for number in range(20)]
    for keys in ([file.public_key for file in files], [file.storage_key[28:].replace("/", "") for file in files]):
        assert len({key[:8] for key in keys}) == 20
    assert all(file.id not in file.public_key + file.storage_key for file in files)


# --- Who may ------------------------------------------------------------------------------------


async def test_an_upload_needs_a_session(shelf):
    assert await code_of(shelf.upload(user_id=None)) is Code.SESSION_MISSING
    assert (await shelf.upload(user_id=None, is_server=True)).user_id is None
    shelf.limit(anonymous_upload=True)
    assert (await shelf.upload(user_id=None)).user_id is None


@pytest.mark.parametrize(
    ("owner", "is_public", "reader", "reads", "deletes"),
    [
        (ADA, True, ADA, True, None),
        (ADA, True, EVE, True, Code.PERMISSION_DENIED),
        (ADA, True, None, True, Code.PERMISSION_DENIED),
        (ADA, True, SERVER, True, None),
        (ADA, False, ADA, True, None),
        (ADA, False, EVE, False, Code.FILE_NOT_FOUND),
        (ADA, False, None, False, Code.FILE_NOT_FOUND),
        (ADA, False, SERVER, True, None),
        (None, True, None, True, Code.PERMISSION_DENIED),
        (None, True, ADA, True, Code.PERMISSION_DENIED),
        (None, False, None, False, Code.FILE_NOT_FOUND),
        (None, False, SERVER, True, None),
    ],
)
async def test_who_may_what(shelf, owner, is_public, reader, reads, deletes):
    file = await shelf.upload(user_id=owner, is_server=owner is None, is_public=is_public)
    for key in (file.id, file.name):
        assert await shelf.files.exists(shelf.app, "root", key, reader) is reads
        if reads:
            assert await shelf.files.get(shelf.app, "root", key, reader) == file
            assert await shelf.bytes(file, reader) == b"hello"
        else:
            assert await code_of(shelf.files.get(shelf.app, "root", key, reader)) is Code.FILE_NOT_FOUND
            assert await code_of(shelf.files.open(shelf.app, "root", key, reader)) is Code.FILE_NOT_FOUND
    if deletes is None:
        await shelf.delete(file, reader)
        assert not await shelf.files.exists(shelf.app, "root", file.id, SERVER)
    else:
        assert await code_of(shelf.delete(file, reader)) is deletes
        assert await shelf.files.exists(shelf.app, "root", file.id, SERVER)


async def test_a_user_named_star_is_not_the_server(shelf):
    file = await shelf.upload(user_id=None, is_server=True, is_public=False)
    for reader in ("", "None", "**", ADA):
        assert not await shelf.files.exists(shelf.app, "root", file.id, reader)


async def test_a_public_path_serves_public_files_only(shelf):
    public, private = await shelf.upload(), await shelf.upload(is_public=False)
    found, pieces = await shelf.files.open_public(shelf.app, shelf.app.id, public.public_key)
    assert (found, [piece async for piece in pieces]) == (public, [b"hello"])
    for bucket_id, key in [
        (shelf.app.id, private.public_key),
        (shelf.app.id, public.id),
        (shelf.app.id, public.public_key[:-1]),
        (shelf.app.id, ""),
        ("root", public.public_key),
        ("0" * 24, public.public_key),
    ]:
        assert await code_of(shelf.files.open_public(shelf.app, bucket_id, key)) is Code.FILE_NOT_FOUND


async def test_nothing_crosses_between_apps(shelf):
    file = await shelf.upload()
    other = await shelf.world.house.apps.create("Other", shelf.app.environment, Policy(redirect_url=REDIRECT), ORIGIN)
    for key in (file.id, file.name):
        assert not await shelf.files.exists(other, "root", key, SERVER)
        assert await code_of(shelf.files.delete(other, "root", key, SERVER, ORIGIN)) is Code.FILE_NOT_FOUND
        assert await code_of(shelf.files.get(other, shelf.app.id, key, SERVER)) is Code.BUCKET_NOT_FOUND
    assert await code_of(shelf.files.open_public(other, shelf.app.id, file.public_key)) is Code.FILE_NOT_FOUND


# --- Pictures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("declared", ["image/png", "image/jpeg", "text/plain", "application/octet-stream", ""])
async def test_a_picture_is_cleaned_whatever_it_is_called(shelf, declared):
    file = await shelf.upload("holiday", with_gps("JPEG") + PAYLOADS["html"], declared)
    data = await shelf.bytes(file)
    assert file.mime_type == "image/jpeg"
    assert b"CANARY" not in data
    assert (file.size_bytes, opened(data).format) == (len(data), "JPEG")
    assert shelf.used()[ADA] == (len(data), 1)


@pytest.mark.parametrize("declared", ["image/png", "IMAGE/PNG; charset=x", "image/jpg", "image/webp", "image/gif"])
@pytest.mark.parametrize("name", ["SVG", "HTML", "PDF", "BMP", "nothing"])
async def test_what_is_called_a_picture_and_is_none_is_refused(shelf, declared, name):
    assert await code_of(shelf.upload("x.png", NO_PICTURES[name], declared)) is Code.FILE_TYPE_REFUSED
    assert (shelf.stored(), shelf.used(), shelf.events()) == (set(), {}, [])


async def test_a_broken_picture_is_refused(shelf):
    data = picture("PNG")[:50]
    for declared in ("image/png", "application/octet-stream"):
        assert await code_of(shelf.upload("x", data, declared)) is Code.FILE_TYPE_REFUSED


async def test_the_pixel_limit_is_the_apps(shelf):
    data = picture("PNG", (100, 100))
    shelf.limit(image_max_pixels=9_999)
    assert await code_of(shelf.upload("x", data, "image/png")) is Code.FILE_TYPE_REFUSED
    shelf.limit(image_max_pixels=10_000)
    assert await shelf.upload("x", data, "image/png")


async def test_other_files_are_kept_as_they_are(shelf):
    for name in ("SVG", "HTML", "PDF", "BMP", "a zip"):
        file = await shelf.upload(name, NO_PICTURES[name], "image/svg+xml")
        assert await shelf.bytes(file) == NO_PICTURES[name]
        assert not inline_type(file.mime_type)


def test_only_cleaned_types_are_shown_in_a_page():
    shown = [each for each in ("image/png", "image/jpeg", "image/webp", "image/gif") if inline_type(each)]
    assert len(shown) == 4
    for each in ("image/svg+xml", "text/html", "application/pdf", "image/bmp", "", "image/png; x", "IMAGE/PNG"):
        assert not inline_type(each)


# --- Limits -------------------------------------------------------------------------------------


async def test_the_size_limit_is_the_apps(shelf):
    shelf.limit(file_max_bytes=5)
    assert await shelf.upload(data=b"12345")
    assert await code_of(shelf.upload(data=b"123456")) is Code.BODY_TOO_LARGE


async def test_a_picture_may_not_grow_past_the_limit(shelf):
    data = picture("PNG", (200, 200))
    grown = (await shelf.files.images.clean(data, 10**6))[0]
    shelf.limit(file_max_bytes=len(data))
    shelf.files = replace(shelf.files, images=Growing(grown + bytes(len(data))))
    assert await code_of(shelf.upload("x.png", data, "image/png")) is Code.BODY_TOO_LARGE


async def test_a_user_has_a_quota(shelf):
    shelf.limit(user_quota_bytes=10)
    await shelf.upload(data=b"12345")
    await shelf.upload(data=b"12345")
    assert await code_of(shelf.upload(data=b"1")) is Code.QUOTA_EXCEEDED
    assert await shelf.upload(data=b"")
    assert await shelf.upload(data=b"123456", user_id=EVE)
    assert shelf.used() == {ADA: (10, 3), EVE: (6, 1), shelf.app.id: (16, 4)}


async def test_files_are_counted_too(shelf):
    shelf.limit(user_quota_files=2)
    await shelf.upload()
    await shelf.upload()
    assert await code_of(shelf.upload()) is Code.QUOTA_EXCEEDED


async def test_an_app_has_a_quota(shelf):
    shelf.limit(app_quota_bytes=10)
    await shelf.upload(data=b"12345")
    await shelf.upload(data=b"1234", user_id=None, is_server=True)
    for user_id in (ADA, EVE):
        assert await code_of(shelf.upload(data=b"12", user_id=user_id)) is Code.QUOTA_EXCEEDED
    assert shelf.used() == {ADA: (5, 1), shelf.app.id: (9, 2)}


async def test_a_refused_upload_stores_nothing(shelf):
    shelf.limit(user_quota_bytes=10)
    await code_of(shelf.upload(data=b"12345678901"))
    assert (shelf.stored(), shelf.doomed(), shelf.used()) == (set(), {}, {})


async def test_uploads_at_once_do_not_pass_a_quota(shelf):
    shelf.limit(user_quota_bytes=50)
    results = await asyncio.gather(*(shelf.upload(data=b"12345") for _ in range(40)), return_exceptions=True)
    assert sum(not isinstance(result, DomainError) for result in results) == 10
    assert {result.code for result in results if isinstance(result, DomainError)} == {Code.QUOTA_EXCEEDED}
    assert shelf.used()[ADA] == (50, 10)
    shelf.world.clock.tick(HOUR_MS)
    await shelf.files.delete_doomed(100)
    assert len(shelf.stored()) == 10


# --- Deleting -----------------------------------------------------------------------------------


async def test_a_deleted_file_is_gone_and_its_bytes_follow(shelf):
    file, kept = await shelf.upload("gone", b"12345"), await shelf.upload("kept", b"123")
    await shelf.delete(file)
    assert await code_of(shelf.files.get(shelf.app, "root", file.id, SERVER)) is Code.FILE_NOT_FOUND
    assert await code_of(shelf.files.open_public(shelf.app, shelf.app.id, file.public_key)) is Code.FILE_NOT_FOUND
    assert shelf.used() == {ADA: (3, 1), shelf.app.id: (3, 1)}
    assert await shelf.files.delete_doomed(100) == 1
    assert shelf.stored() == {kept.storage_key}
    assert shelf.doomed() == {}
    assert await shelf.files.delete_doomed(100) == 0
    assert shelf.events() == ["file.added", "file.added", "file.removed"]


async def test_of_deletions_at_once_one_counts(shelf):
    file = await shelf.upload()
    results = await asyncio.gather(*(shelf.delete(file) for _ in range(20)), return_exceptions=True)
    assert results.count(None) == 1
    assert shelf.used() == {}
    assert shelf.events() == ["file.added", "file.removed"]


async def test_a_name_is_free_again(shelf):
    await shelf.delete(await shelf.upload("cat.txt"))
    assert (await shelf.upload("cat.txt")).name == "cat.txt"


# --- Crashes ------------------------------------------------------------------------------------


class Blobs:
    """The real place for bytes, with a fault before or after `put`."""

    def __init__(self, blobs, before=None, after=None):
        self.blobs, self.before, self.after = blobs, before, after
        self.put_keys = []

    async def put(self, key, data):
        assert not in_transaction.get()
        if self.before:
            raise self.before
        await self.blobs.put(key, data)
        self.put_keys.append(key)
        if self.after:
            raise self.after

    def stream(self, key):
        return self.blobs.stream(key)

    async def delete(self, key):
        assert not in_transaction.get()
        await self.blobs.delete(key)


class Growing:
    def __init__(self, made):
        self.made = made

    async def clean(self, data, max_pixels):
        return self.made, "image/png"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("error", [refuse(Code.UNAVAILABLE), asyncio.CancelledError(), RuntimeError()])
async def test_a_failed_upload_leaves_bytes_at_most_and_those_for_an_hour(shelf, when, error):
    real = shelf.files.blobs
    shelf.files = replace(shelf.files, blobs=Blobs(real, **{when: error}))
    with pytest.raises(type(error)):
        await shelf.upload()
    assert (shelf.used(), shelf.events()) == ({}, [])
    assert shelf.rows("SELECT count(*) FROM file") == [(0,)]
    assert len(shelf.stored()) == (when == "after")
    assert shelf.stored() <= set(shelf.doomed())
    shelf.files = replace(shelf.files, blobs=real)
    shelf.world.clock.tick(HOUR_MS - 1)
    assert await shelf.files.delete_doomed(100) == 0
    shelf.world.clock.tick(1)
    assert await shelf.files.delete_doomed(100) == 1
    assert (shelf.stored(), shelf.doomed()) == (set(), {})


async def test_the_bytes_are_doomed_before_they_are_written(shelf):
    seen = []

    class Watching(Blobs):
        async def put(self, key, data):
            seen.append((key, shelf.doomed()))
            await super().put(key, data)

    shelf.files = replace(shelf.files, blobs=Watching(shelf.files.blobs))
    file = await shelf.upload()
    assert seen == [(file.storage_key, {file.storage_key: shelf.world.clock.now_ms() + HOUR_MS})]


class Stubborn(Blobs):
    """Deletes nothing of the given keys."""

    def __init__(self, blobs, keys):
        super().__init__(blobs)
        self.keys = keys

    async def delete(self, key):
        if key in self.keys:
            raise refuse(Code.UNAVAILABLE)
        await super().delete(key)


async def test_what_cannot_be_deleted_waits_and_holds_nobody_up(shelf):
    files = [await shelf.upload(f"{number}") for number in range(5)]
    for file in files:
        await shelf.delete(file)
    real, stuck = shelf.files.blobs, {file.storage_key for file in files[:3]}
    shelf.files = replace(shelf.files, blobs=Stubborn(real, stuck))
    assert [await shelf.files.delete_doomed(3) for _ in range(3)] == [0, 2, 0]
    assert shelf.stored() == stuck
    assert shelf.doomed() == dict.fromkeys(stuck, shelf.world.clock.now_ms() + HOUR_MS)
    shelf.files = replace(shelf.files, blobs=real)
    shelf.world.clock.tick(HOUR_MS)
    await asyncio.gather(shelf.files.delete_doomed(100), shelf.files.delete_doomed(100))
    assert (shelf.stored(), shelf.doomed()) == (set(), {})


async def test_rows_are_swept_whatever_becomes_of_bytes(shelf):
    class Broken(Blobs):
        async def delete(self, key):
            raise RuntimeError

    await shelf.delete(await shelf.upload())
    assert shelf.rows("SELECT count(*) FROM limit_hit") != [(0,)]
    shelf.world.clock.tick(400 * 24 * HOUR_MS)
    house, files = shelf.world.house, replace(shelf.files, blobs=Broken(shelf.files.blobs))
    with pytest.raises(RuntimeError):
        await Sweeper(house.store, shelf.world.clock, house.apps, files).sweep()
    assert shelf.rows("SELECT count(*) FROM limit_hit") == [(0,)]


@pytest.mark.parametrize("is_late", [False, True])
async def test_no_row_is_left_for_bytes_that_the_sweeper_took(shelf, is_late):
    """A clock that jumps makes a running upload look like one that crashed."""

    class Jumping(Blobs):
        async def put(self, key, data):
            if not is_late:
                await super().put(key, data)
            shelf.world.clock.tick(2 * HOUR_MS)
            assert await shelf.files.delete_doomed(100) == 1
            if is_late:
                await super().put(key, data)

    shelf.files = replace(shelf.files, blobs=Jumping(shelf.files.blobs))
    assert await code_of(shelf.upload()) is Code.UNAVAILABLE
    assert (shelf.used(), shelf.events(), shelf.rows("SELECT * FROM file")) == ({}, [], [])
    await shelf.files.delete_doomed(100)
    assert (shelf.stored(), shelf.doomed()) == (set(), {})


@pytest.mark.parametrize("status", [UserStatus.DELETED, UserStatus.BANNED])
async def test_no_file_lands_for_a_user_who_has_gone(shelf, status):
    class Slow:
        async def clean(self, data, max_pixels):
            async with shelf.world.house.store.transaction(shelf.app.id) as tx:
                if status is UserStatus.DELETED:
                    await tx.users.erase(ADA, shelf.world.clock.now_ms())
                else:
                    await tx.users.change_status(ADA, status, shelf.world.clock.now_ms())

    shelf.files = replace(shelf.files, images=Slow())
    assert await code_of(shelf.upload()) is Code.SESSION_INVALID
    assert (shelf.used(), shelf.events(), shelf.rows("SELECT * FROM file")) == ({}, [], [])
    shelf.world.clock.tick(HOUR_MS)
    await shelf.files.delete_doomed(100)
    assert shelf.stored() == set()


async def test_the_sweeper_takes_so_many_at_a_time(shelf):
    for number in range(5):
        await shelf.delete(await shelf.upload(f"{number}"))
    assert [await shelf.files.delete_doomed(2) for _ in range(4)] == [2, 2, 1, 0]
