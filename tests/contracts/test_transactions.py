"""The transaction promise (core/store.py), on any store."""

import asyncio

import pytest

from tests.contracts.rows import NOW, a_user, an_app
from vestibule.core.store import in_transaction
from vestibule.kernel.errors import Code, DomainError


async def names(store, app_id, *users):
    """Which of these users are there for everybody."""
    return [await store.reading(app_id).users.find(user.id) is not None for user in users]


async def add(store, app_id, user):
    async with store.transaction(app_id) as tx:
        await tx.users.add(user)


async def test_raising_inside_undoes(store, app_id):
    user = a_user()
    with pytest.raises(LookupError):
        async with store.transaction(app_id) as tx:
            await tx.users.add(user)
            raise LookupError
    assert await names(store, app_id, user) == [False]


async def test_after_an_undo_the_next_transaction_goes_on(store, app_id):
    user = a_user()
    with pytest.raises(LookupError):
        async with store.transaction(app_id):
            raise LookupError
    await add(store, app_id, user)
    assert await names(store, app_id, user) == [True]


async def test_committed_when_the_block_was_left(stage):
    user = a_user()
    await add(stage.store, stage.app_id, user)
    assert len(stage.commits) == 1
    assert await names(stage.store, stage.app_id, user) == [True]


async def test_sees_its_own_writes_and_nobody_else_does(store, app_id):
    user = a_user()
    async with store.transaction(app_id) as tx:
        await tx.users.add(user)
        assert await tx.users.find(user.id) == user
        assert await names(store, app_id, user) == [False]


async def test_many_at_once_share_commits(stage):
    users = [a_user() for _ in range(200)]
    await asyncio.gather(*(add(stage.store, stage.app_id, user) for user in users))
    assert all(await names(stage.store, stage.app_id, *users))
    assert len(stage.commits) <= 10


async def test_one_that_raises_does_not_touch_its_neighbours(store, app_id):
    async def add_and_raise(user):
        async with store.transaction(app_id) as tx:
            await tx.users.add(user)
            raise LookupError

    good, bad = [a_user() for _ in range(20)], [a_user() for _ in range(20)]
    pairs = zip(good, bad, strict=True)
    calls = [call for one, two in pairs for call in (add(store, app_id, one), add_and_raise(two))]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), LookupError] * 20
    assert await names(store, app_id, *good, *bad) == [True] * 20 + [False] * 20


async def test_a_failed_commit_fails_all_who_share_it(stage):
    async def spoiled(user):
        async with stage.store.transaction(stage.app_id) as tx:
            await tx.users.add(user)
            await stage.spoil(tx)

    users = [a_user() for _ in range(6)]
    calls = [add(stage.store, stage.app_id, user) for user in users[:-1]]
    answers = await asyncio.gather(*calls, spoiled(users[-1]), return_exceptions=True)
    assert [answer.code for answer in answers if isinstance(answer, DomainError)] == [Code.UNAVAILABLE] * 6
    assert await names(stage.store, stage.app_id, *users) == [False] * 6


async def test_after_a_refused_commit_the_next_one_goes_on(stage):
    with pytest.raises(DomainError):
        async with stage.store.transaction(stage.app_id) as tx:
            await stage.spoil(tx)
    user = a_user()
    await add(stage.store, stage.app_id, user)
    assert await names(stage.store, stage.app_id, user) == [True]


async def test_a_nested_transaction_is_an_error_and_leaves_nothing(store, app_id):
    user = a_user()
    with pytest.raises(RuntimeError, match="inside another"):
        async with store.transaction(app_id) as tx:
            await tx.users.add(user)
            await add(store, app_id, a_user())
    assert await names(store, app_id, user) == [False]


async def test_a_body_that_suspends_is_an_error_and_leaves_nothing(store, app_id):
    user = a_user()
    with pytest.raises(RuntimeError, match="suspended"):
        async with store.transaction(app_id) as tx:
            await tx.users.add(user)
            await asyncio.sleep(0)
    assert await names(store, app_id, user) == [False]


async def test_a_body_that_suspends_leaves_nothing_in_a_shared_commit_either(store, app_id):
    async def suspended(user):
        async with store.transaction(app_id) as tx:
            await tx.users.add(user)
            await asyncio.sleep(0.05)

    before, user = a_user(), a_user()
    answers = await asyncio.gather(add(store, app_id, before), suspended(user), return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), RuntimeError]
    assert await names(store, app_id, before, user) == [True, False]


async def test_cancelling_who_waits_does_not_lose_the_commit(store, app_id):
    user, neighbour = a_user(), a_user()
    waiting = asyncio.create_task(add(store, app_id, user))
    beside = asyncio.create_task(add(store, app_id, neighbour))
    await asyncio.sleep(0)
    waiting.cancel()
    await beside
    assert waiting.cancelled() or (await asyncio.wait([waiting]) and waiting.cancelled())
    assert await names(store, app_id, user, neighbour) == [True, True]


async def test_cancelling_at_any_moment_leaves_the_store_whole(store, app_id):
    users = [a_user() for _ in range(40)]
    for moment, user in enumerate(users):
        task = asyncio.create_task(add(store, app_id, user))
        for _ in range(moment % 8):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    last = a_user()
    await add(store, app_id, last)
    assert await names(store, app_id, last) == [True]


async def test_says_that_a_transaction_is_open(store, app_id):
    assert not in_transaction.get()
    async with store.transaction(app_id):
        assert in_transaction.get()
    assert not in_transaction.get()


async def test_outside_a_transaction_nothing_is_written(store, app_id):
    for tx in (store.reading(app_id), store.scanning(app_id)):
        with pytest.raises(RuntimeError, match="transaction"):
            await tx.users.add(a_user())
        with pytest.raises(RuntimeError, match="transaction"):
            await tx.users.note_sign_in(a_user().id, NOW)


async def test_what_may_scan_does_not_run_on_the_loop(store, app_id):
    with pytest.raises(RuntimeError, match="scan"):
        await store.reading(app_id).users.list("", 10)
    with pytest.raises(RuntimeError, match="scan"):
        await store.reading(app_id).events.list(0, 10)
    with pytest.raises(RuntimeError, match="scan"):
        await store.reading(app_id).files.of_user(a_user().id, 10)


async def test_an_app_does_not_see_another(store, app_id, other_app_id):
    user = a_user()
    await add(store, app_id, user)
    assert await names(store, other_app_id, user) == [False]
    assert await store.scanning(other_app_id).users.list("", 10) == []
    await add(store, other_app_id, user)  # the same id is another user there
    async with store.transaction(other_app_id) as tx:
        assert await tx.users.erase(user.id, NOW)
    assert await store.reading(app_id).users.find(user.id) == user


async def test_a_transaction_knows_its_app(store, app_id):
    async with store.transaction(app_id) as tx:
        assert tx.app_id == app_id
    assert store.reading(app_id).app_id == app_id
    assert store.scanning(app_id).app_id == app_id


async def test_a_new_app_lives_in_a_transaction_of_its_own_id(store):
    app = an_app()
    async with store.transaction(app.id) as tx:
        await tx.apps.add(app)
    assert await store.reading(app.id).apps.find() == app
