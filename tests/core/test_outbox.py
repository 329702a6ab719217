"""The outbox: a mail is written with its fact, tried again, and forgotten."""

import asyncio

import pytest

from tests.checks import rows
from tests.core.journeys import ADA, LINKED, mailed
from tests.world import ORIGIN, World
from vestibule.core.signin.mails import Wish
from vestibule.core.signin.model import Purpose
from vestibule.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS
from vestibule.workers.outbox import Deliverer


def _states(world: World) -> list[str]:
    return rows(world, "SELECT state FROM outbox ORDER BY id")


async def test_a_mail_waits_in_the_transaction_of_its_fact(world: World):
    await world.sign_up(ADA)
    assert _states(world) == ["waiting"]
    assert world.channel.sent == []


async def test_a_fact_that_did_not_happen_sends_no_mail(world: World):
    with pytest.raises(LookupError):
        async with world.house.store.transaction(world.app.id) as tx:
            wish = Wish(Purpose.MAGIC_LINK, "nobody", ADA)
            await world.house.mails.one_time(tx, world.app, wish, ORIGIN, world.clock.now_ms())
            raise LookupError
    assert await world.deliver() == []


async def test_a_delivered_mail_is_erased(world: World):
    await world.sign_up(ADA)
    await world.deliver()
    assert rows(world, "SELECT state, sealed FROM outbox") == [("delivered", None)]


async def test_delivering_twice_sends_once(world: World):
    await world.sign_up(ADA)
    await world.deliver()
    assert len(await world.deliver()) == 1


async def test_a_failure_is_tried_again_with_growing_waits(world: World):
    await world.sign_up(ADA)
    world.channel.failures = 20
    waits = []
    for _ in range(12):
        await world.deliver()
        wait_ms = int(rows(world, "SELECT next_at_ms FROM outbox")[0]) - world.clock.now_ms()
        waits.append(wait_ms // 1000)
        world.clock.tick(wait_ms)
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]


async def test_a_mail_is_not_tried_before_its_time(world: World):
    await world.sign_up(ADA)
    world.channel.failures = 1
    await world.deliver()
    world.clock.tick(4_999)
    assert await world.deliver() == []
    world.clock.tick(1)
    assert len(await world.deliver()) == 1


async def test_every_try_carries_the_same_message_id(world: World):
    await world.sign_up(ADA)
    world.channel.failures = 2
    [written] = rows(world, "SELECT id FROM outbox")
    for _ in range(3):
        await world.deliver()
        world.clock.tick(HOUR_MS)
    assert world.channel.ids == [written]


async def test_a_mail_whose_secret_has_expired_is_not_sent(world: World):
    await world.user(ADA)
    await world.house.links.send(world.app, Purpose.MAGIC_LINK, ADA, ORIGIN)
    sent = len(world.channel.sent)
    world.clock.tick(15 * MINUTE_MS)
    assert len(await world.deliver()) == sent
    assert rows(world, "SELECT state, sealed FROM outbox ORDER BY id DESC LIMIT 1") == [("expired", None)]


async def test_a_notice_is_given_up_after_two_days(world: World):
    await world.user(ADA)
    await world.sign_up(ADA, "somebody-else-2-entirely")
    world.clock.tick(2 * DAY_MS)
    sent = len(world.channel.sent)
    assert len(await world.deliver()) == sent


@pytest.mark.parametrize("purpose", LINKED)
async def test_what_waits_is_sealed(world: World, purpose):
    mail = await mailed(world, purpose)
    assert mail.button is not None
    await world.house.links.send(world.app, Purpose.RESET_PASSWORD, "eve@acme.test", ORIGIN)
    [waiting] = rows(world, "SELECT sealed FROM outbox WHERE state = 'waiting'")
    assert "eve@" not in waiting
    assert "http" not in waiting


async def test_a_sealed_mail_opens_in_its_own_row_only(world: World):
    await world.sign_up(ADA)
    await world.sign_up("eve@acme.test")
    first, second = rows(world, "SELECT id FROM outbox ORDER BY id")
    async with world.house.store.transaction(world.app.id) as tx:
        row = await tx.outbox.claim(world.clock.now_ms(), world.clock.now_ms())
    assert row is not None
    moved = type(row)(
        **{**{name: getattr(row, name) for name in row.__slots__}, "id": second if row.id == first else first}
    )
    with pytest.raises(ValueError):
        world.house.post.open(moved)


async def test_a_mail_that_cannot_be_opened_waits_for_its_key(world: World):
    await world.sign_up(ADA)
    world.running.store._writer.execute("UPDATE outbox SET sealed = 'k001.broken'")
    assert await world.deliver() == []
    assert rows(world, "SELECT state, sealed FROM outbox") == [("waiting", "k001.broken")]


async def test_two_deliverers_send_each_mail_once(world: World):
    for number in range(8):
        await world.sign_up(f"user{number}@acme.test")
    deliverer = Deliverer(world.house.store, world.clock, world.house.post, lambda: world.channel)
    await asyncio.gather(*(deliverer.deliver_due() for _ in range(4)))
    assert sorted(mail.to for mail in world.channel.sent) == [f"user{number}@acme.test" for number in range(8)]
