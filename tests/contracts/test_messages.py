"""core/messages/ports.py: the outbox."""

from dataclasses import replace

from tests.contracts.rows import NOW, a_mail
from vestibule.adapters.store.statement import Statement
from vestibule.kernel.ids import SYSTEM_APP

LEASE = NOW + 120_000


async def put(store, *rows):
    for row in rows:
        async with store.transaction(row.app_id) as tx:
            await tx.outbox.add(row)


async def claim(store, now_ms=NOW, lease_ms=LEASE):
    async with store.transaction(SYSTEM_APP) as tx:
        return await tx.outbox.claim(now_ms, lease_ms)


async def test_mails_of_all_apps_are_claimed_oldest_first_and_each_once(stage):
    first, second = a_mail(stage.app_id), a_mail(stage.other_app_id, created_at_ms=NOW - 1)
    await put(stage.store, first, second)
    claimed = [await claim(stage.store) for _ in range(3)]
    assert claimed == [replace(second, attempts=1), replace(first, attempts=1), None]


async def test_a_mail_that_nobody_ended_is_due_again_after_the_lease(stage):
    await put(stage.store, row := a_mail(stage.app_id))
    await claim(stage.store)
    assert await claim(stage.store, LEASE - 1) is None
    assert await claim(stage.store, LEASE) == replace(row, attempts=2)


async def test_an_ended_mail_is_not_due_and_its_body_is_gone(stage):
    await put(stage.store, row := a_mail(stage.app_id))
    await claim(stage.store)
    async with stage.store.transaction(stage.app_id) as tx:
        await tx.outbox.end(row.id, "delivered", NOW)
        await tx.outbox.retry(row.id, NOW, "too late")
    assert await claim(stage.store, LEASE) is None
    assert await body(stage, row) == (None, "delivered")


async def body(stage, row):
    query = Statement("SELECT sealed, state FROM outbox WHERE app_id = :app_id AND id = :id")
    return await stage.store.reading(stage.app_id).outbox._db.one(query, id=row.id)


async def test_a_mail_is_tried_again_when_it_was_said(stage):
    await put(stage.store, row := a_mail(stage.app_id))
    await claim(stage.store)
    async with stage.store.transaction(stage.app_id) as tx:
        await tx.outbox.retry(row.id, NOW + 5_000, "the mail server is away")
    assert await claim(stage.store, NOW + 4_999) is None
    assert await claim(stage.store, NOW + 5_000) == replace(row, attempts=2)


async def test_another_app_ends_nothing(stage):
    await put(stage.store, row := a_mail(stage.app_id))
    async with stage.store.transaction(stage.other_app_id) as tx:
        await tx.outbox.end(row.id, "delivered", NOW)
    assert await claim(stage.store) == replace(row, attempts=1)
