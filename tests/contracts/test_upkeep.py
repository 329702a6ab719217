"""core/upkeep/ports.py: garbage goes, in pieces, and nothing else does."""

import pytest

from tests.contracts.rows import (
    NEVER,
    NOW,
    a_challenge,
    a_credential,
    a_device,
    a_session,
    an_event,
    an_identifier,
    new_id,
)
from vestibule.core.guard.model import Rule
from vestibule.core.signin.model import MAILED
from vestibule.kernel.clock import DAY_MS

YEAR_MS = 365 * DAY_MS
RULE = Rule("test/minute", 3, 60_000, "address")


async def test_what_lives_stays_for_ever(store, app_id):
    challenge, session = a_challenge(expires_at_ms=NEVER), a_session(idle_expires_at_ms=NEVER)
    async with store.transaction(app_id) as tx:
        await tx.challenges.add(challenge)
        await tx.sessions.add(session)
        await tx.events.append(an_event())
        assert await tx.upkeep.sweep(NOW + YEAR_MS, 2 * YEAR_MS, 100) == 0
        assert await tx.challenges.consume(challenge.digest, MAILED, NOW + YEAR_MS) is not None


async def test_what_is_long_dead_goes_in_pieces(store, app_id, other_app_id):
    async with store.transaction(other_app_id) as tx:
        await tx.challenges.add(spared := a_challenge())
    async with store.transaction(app_id) as tx:
        for _ in range(5):
            await tx.challenges.add(a_challenge())
        for _ in range(3):
            await tx.limits.charge(RULE, "a", NOW, new_id())
        assert await tx.upkeep.sweep(NOW + DAY_MS // 2, YEAR_MS, 100) == 0
        later = NOW + 40 * DAY_MS
        swept = [await tx.upkeep.sweep(later, YEAR_MS, 2) for _ in range(5)]
    assert swept[0] >= 2
    assert sum(swept) == 5 + 3 + 1
    assert swept[-1] == 0
    assert await store.reading(other_app_id).challenges.find(spared.digest) == spared


async def test_events_go_when_their_time_is_over_and_positions_are_not_given_again(store, app_id):
    async with store.transaction(app_id) as tx:
        await tx.events.append(an_event())
        await tx.upkeep.sweep(NOW + 10 * DAY_MS, 9 * DAY_MS, 100)
        await tx.events.append(an_event())
    assert [event.position for event in await store.scanning(app_id).events.list(0, 9)] == [2]


async def test_a_limit_survives_a_sweep_inside_its_window(store, app_id):
    async with store.transaction(app_id) as tx:
        for _ in range(3):
            await tx.limits.charge(RULE, "a", NOW, new_id())
        await tx.upkeep.sweep(NOW + 59_000, YEAR_MS, 100)
        assert await tx.limits.charge(RULE, "a", NOW + 59_000, new_id()) > 0


@pytest.mark.parametrize("how", ["expired", "ended"])
async def test_a_dead_session_is_kept_for_thirty_days(store, app_id, how):
    session = a_session(absolute_expires_at_ms=NOW if how == "expired" else NEVER, idle_expires_at_ms=NEVER)
    async with store.transaction(app_id) as tx:
        await tx.sessions.add(session)
        await tx.sessions.end(session.id, session.user_id, "sign_out", NOW)
        swept = [await tx.upkeep.sweep(NOW + 30 * DAY_MS + late, YEAR_MS, 100) for late in (0, 1, 2)]
    assert swept == [0, 1, 0]


async def test_what_a_user_gave_up_is_kept_for_thirty_days(store, app_id):
    address, password = an_identifier(), a_credential()
    async with store.transaction(app_id) as tx:
        await tx.identifiers.add(address, "")
        await tx.credentials.add_password(password, new_id(), NOW)
        assert await tx.upkeep.sweep(NOW + 10 * YEAR_MS, 20 * YEAR_MS, 100) == 0
        await tx.identifiers.remove(address.id, NOW)
        await tx.credentials.remove(password.id, NOW)
        swept = [await tx.upkeep.sweep(NOW + 30 * DAY_MS + late, YEAR_MS, 100) for late in (0, 1, 2)]
    assert swept == [0, 2, 0]


async def test_a_device_is_forgotten_after_its_cookie(store, app_id):
    async with store.transaction(app_id) as tx:
        await tx.devices.add(device := a_device())
        swept = [await tx.upkeep.sweep(NOW + 400 * DAY_MS + late, 2 * YEAR_MS, 100) for late in (0, 1, 2)]
        assert await tx.devices.find(device.digest) is None
    assert swept == [0, 1, 0]
