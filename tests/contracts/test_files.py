"""core/files/ports.py: buckets, files and what they weigh."""

from dataclasses import replace

from tests.contracts.rows import LATER, NOW, a_bucket, a_file
from vestibule.kernel.ids import SYSTEM_APP


async def test_a_bucket_is_found_by_name_and_id(store, app_id, other_app_id):
    bucket = a_bucket()
    async with store.transaction(app_id) as tx:
        assert await tx.buckets.add(bucket)
        assert not await tx.buckets.add(a_bucket(name=bucket.name))
        assert await tx.buckets.find(bucket.name) == await tx.buckets.find(bucket.id) == bucket
    assert await store.reading(other_app_id).buckets.find(bucket.id) is None


async def test_a_file_is_found_in_its_bucket_and_by_its_public_key(store, app_id, other_app_id):
    file = a_file()
    async with store.transaction(app_id) as tx:
        assert await tx.files.add(file)
        assert not await tx.files.add(replace(a_file(), name=file.name))
        assert await tx.files.add(replace(a_file(), name=file.name, bucket_id="another"))
        assert await tx.files.find("bucket", file.name) == await tx.files.find("bucket", file.id) == file
        assert await tx.files.find("another", file.id) is None
        assert await tx.files.find_public(file.public_key) == file
    assert await store.reading(other_app_id).files.find_public(file.public_key) is None


async def test_a_file_is_removed_once_and_its_name_is_free(store, app_id):
    file = a_file()
    async with store.transaction(app_id) as tx:
        await tx.files.add(file)
        assert [await tx.files.remove(file.id) for _ in range(2)] == [True, False]
        assert await tx.files.find("bucket", file.name) is None
        assert await tx.files.add(replace(a_file(), name=file.name))


async def test_files_of_an_owner_in_any_bucket(store, app_id):
    mine = [a_file(bucket_id=f"bucket {n}") for n in range(3)]
    mine = [replace(file, user_id=mine[0].user_id) for file in mine]
    async with store.transaction(app_id) as tx:
        for file in (*mine, a_file(), a_file(user_id=None)):
            await tx.files.add(file)
    scan = store.scanning(app_id).files
    assert await scan.of_user(mine[0].user_id, 10) == mine
    assert len(await scan.of_user(mine[0].user_id, 2)) == 2


async def test_nothing_is_charged_beyond_a_cap(store, app_id):
    async with store.transaction(app_id) as tx:
        assert await tx.files.charge("ada", 60, 100, 2)
        assert not await tx.files.charge("ada", 41, 100, 2)
        assert await tx.files.charge("ada", 40, 100, 2)
        assert not await tx.files.charge("ada", 0, 100, 2)
        assert await tx.files.charge("eve", 100, 100, 2)
        await tx.files.refund("ada", 60)
        assert await tx.files.charge("ada", 60, 100, 2)


async def test_doomed_bytes_are_due_until_spared(store, app_id, other_app_id):
    async with store.transaction(app_id) as tx:
        await tx.files.doom("now", NOW)
        await tx.files.doom("later", LATER)
        await tx.files.doom("twice", LATER)
        await tx.files.doom("twice", NOW)
    async with store.transaction(other_app_id) as tx:
        await tx.files.doom("there", NOW)
        await tx.files.spare("now")  # another app's
    due = await store.scanning(SYSTEM_APP).files.doomed(NOW, 10)
    assert sorted(due) == sorted([(app_id, "now"), (app_id, "twice"), (other_app_id, "there")])
    assert len(await store.scanning(SYSTEM_APP).files.doomed(NOW, 2)) == 2
    async with store.transaction(app_id) as tx:
        assert [await tx.files.spare("now") for _ in range(2)] == [True, False]
    assert (app_id, "now") not in await store.scanning(SYSTEM_APP).files.doomed(NOW, 10)


async def test_what_is_due_longest_comes_first(store, app_id):
    async with store.transaction(app_id) as tx:
        for late in (1, 3, 2):
            await tx.files.doom(f"{late}", NOW - late)
    assert await store.scanning(SYSTEM_APP).files.doomed(NOW, 2) == [(app_id, "3"), (app_id, "2")]
