"""core/apps/ports.py: apps, policies, keys."""

from dataclasses import replace

import pytest

from tests.contracts.rows import LATER, NOW, a_key, an_app, new_id
from vestibule.core.apps.policy import Policy
from vestibule.kernel.ids import SYSTEM_APP


async def test_an_app_comes_back_with_its_policy(store):
    policy = Policy(redirect_url="https://a.test/", origins=("https://a.test",), code_tries=3, limits={"x": 1})
    app = an_app(policy=policy, name="Ädä")
    async with store.transaction(app.id) as tx:
        await tx.apps.add(app)
    assert await store.reading(app.id).apps.find() == app


async def test_an_app_that_is_not_there(store):
    assert await store.reading(an_app().id).apps.find() is None


async def test_one_field_of_a_policy_is_overridden_again_and_again(store, app_id):
    async with store.transaction(app_id) as tx:
        before = await tx.apps.find()
        for tries in (3, 4):
            await tx.apps.set_policy("code_tries", tries, NOW)
        await tx.apps.set_policy("a_field_of_tomorrow", "x", NOW)
        assert (await tx.apps.find()).policy == replace(before.policy, code_tries=4)


async def test_the_directory_holds_all_but_the_houses_own(stage):
    system = an_app(id=SYSTEM_APP)
    async with stage.store.transaction(SYSTEM_APP) as tx:
        await tx.apps.add(system)
    listed = await stage.store.reading(SYSTEM_APP).apps.list()
    assert [app.id for app in listed] == [stage.app_id, stage.other_app_id]


async def test_the_ids_of_the_first_apps(stage):
    async with stage.store.transaction(SYSTEM_APP) as tx:
        await tx.apps.add(an_app(id=SYSTEM_APP))
    tx = stage.store.reading(SYSTEM_APP)
    assert await tx.apps.ids(1) == [stage.app_id]
    assert await tx.apps.ids(9) == [stage.app_id, stage.other_app_id]


async def test_the_first_memory_stays(store, app_id):
    async with store.transaction(app_id) as tx:
        assert await tx.apps.instance_value("mode") is None
        assert await tx.apps.remember("mode", "development")
        assert not await tx.apps.remember("mode", "production")
        assert await tx.apps.instance_value("mode") == "development"


async def test_a_key_is_found_until_it_is_revoked(store, app_id, other_app_id):
    key = a_key()
    async with store.transaction(app_id) as tx:
        await tx.keys.add(key)
        assert await tx.keys.find(key.digest) == key
        assert [await tx.keys.revoke(key.id, LATER) for _ in range(2)] == [True, False]
        assert await tx.keys.find(key.digest) is None
        assert await tx.keys.list() == [replace(key, revoked_at_ms=LATER, sealed=None)]
    assert await store.reading(other_app_id).keys.find(key.digest) is None


async def test_keys_are_listed_oldest_first(store, app_id):
    keys = [a_key(id=new_id(NOW + age)) for age in range(3)]
    async with store.transaction(app_id) as tx:
        for key in reversed(keys):
            await tx.keys.add(key)
        assert await tx.keys.list() == keys


async def test_a_sealed_text_is_replaced_by_who_knows_the_old_one(store, app_id):
    async with store.transaction(app_id) as tx:
        await tx.keys.add(key := a_key(sealed="old"))
        assert [await tx.keys.reseal(key.id, "old", "new") for _ in range(2)] == [True, False]
        assert (await tx.keys.find(key.digest)).sealed == "new"


async def test_two_keys_never_share_a_digest(store, app_id):
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        async with store.transaction(app_id) as tx:
            await tx.keys.add(a_key(digest="same"))
            await tx.keys.add(a_key(digest="same"))


async def test_when_a_field_of_the_policy_was_set_last(store, app_id, other_app_id):
    async with store.transaction(app_id) as tx:
        assert await tx.apps.policy_changed_at_ms("LEEWAY") == 0
        await tx.apps.set_policy("LEEWAY", 5, NOW + 1)
        await tx.apps.set_policy("LEEWAY", 0, NOW + 2)
        assert await tx.apps.policy_changed_at_ms("LEEWAY") == NOW + 2
    assert await store.reading(app_id).apps.policy_changed_at_ms("LEEWAY") == NOW + 2
    assert await store.reading(app_id).apps.policy_changed_at_ms("ISSUER") == 0
    assert await store.reading(other_app_id).apps.policy_changed_at_ms("LEEWAY") == 0
