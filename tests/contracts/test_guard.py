"""core/guard/ports.py: limits and events."""

import json

import pytest

from tests.contracts.rows import NOW, an_event, new_id
from vestibule.adapters.store.statement import Statement
from vestibule.core.guard.model import PASSWORD_FAILURES, EventType, FailureRule, Rule
from vestibule.kernel.ids import AppId

RULE = Rule("test/minute", 3, 60_000, "address")
RUN = FailureRule("password", 3, 60_000, 1_000, 8_000, 20)


async def test_a_rule_lets_its_limit_through_and_says_when_the_next_may_pass(store, app_id):
    async with store.transaction(app_id) as tx:
        waits = [await tx.limits.charge(RULE, "a", NOW + 100 * n, new_id()) for n in range(5)]
    assert waits == [0, 0, 0, 60_000 - 300, 60_000 - 400]


async def test_the_wait_is_honest_to_the_millisecond(store, app_id):
    async with store.transaction(app_id) as tx:
        for _ in range(3):
            await tx.limits.charge(RULE, "a", NOW, new_id())
        wait = await tx.limits.charge(RULE, "a", NOW + 1, new_id())
        assert await tx.limits.charge(RULE, "a", NOW + 1 + wait - 1, new_id()) == 1
        assert await tx.limits.charge(RULE, "a", NOW + 1 + wait, new_id()) == 0


async def test_subjects_rules_and_apps_count_apart(store, app_id, other_app_id):
    other_rule = Rule("test/hour", 3, 60_000, "address")
    async with store.transaction(app_id) as tx:
        for _ in range(3):
            await tx.limits.charge(RULE, "a", NOW, new_id())
        assert await tx.limits.charge(RULE, "a", NOW, new_id()) > 0
        assert await tx.limits.charge(RULE, "b", NOW, new_id()) == 0
        assert await tx.limits.charge(other_rule, "a", NOW, new_id()) == 0
    async with store.transaction(other_app_id) as tx:
        assert await tx.limits.charge(RULE, "a", NOW, new_id()) == 0


async def test_a_charge_that_is_taken_back_never_was(store, app_id):
    async with store.transaction(app_id) as tx:
        for number in range(RULE.limit):
            assert await tx.limits.charge(RULE, "ada", NOW, f"hit {number}") == 0
        await tx.limits.take_back(RULE, "ada", NOW, "hit 0")
        assert await tx.limits.charge(RULE, "ada", NOW, "another") == 0
        assert await tx.limits.charge(RULE, "ada", NOW, "one too many") > 0


async def test_refusals_are_added_up_per_minute(stage):
    async with stage.store.transaction(stage.app_id) as tx:
        for _ in range(3):
            await tx.limits.note_refusal("test/minute", "a", NOW)
        await tx.limits.note_refusal("test/minute", "a", NOW + 60_000)
    assert await refusals(stage) == [3, 1]


async def refusals(stage):
    query = Statement("SELECT refused FROM limit_refusal WHERE app_id = :app_id ORDER BY minute_ms")
    return [row[0] for row in await stage.store.reading(stage.app_id).limits._db.all(query)]


async def test_a_run_of_failures_waits_longer_and_longer(store, app_id):
    waits, now_ms = [], NOW
    async with store.transaction(app_id) as tx:
        for _ in range(9):
            assert await tx.limits.charge_failure(RUN, "a", now_ms) == 0
            wait = await tx.limits.charge_failure(RUN, "a", now_ms)
            waits.append(wait)
            if not wait:
                continue
            now_ms += wait
    assert waits[1:] == [1_000, 2_000, 4_000, 8_000, 8_000, 8_000, 8_000, 8_000]


async def test_an_instant_that_comes_late_is_not_refused_below_the_burst(store, app_id):
    """Two tries at the same time reach the store in any order."""
    async with store.transaction(app_id) as tx:
        assert [await tx.limits.charge_failure(RUN, "a", NOW - step) for step in range(3)] == [0, 0, 0]


async def test_a_success_begins_the_run_anew(store, app_id):
    async with store.transaction(app_id) as tx:
        for _ in range(4):
            await tx.limits.charge_failure(RUN, "a", NOW)
        assert await tx.limits.charge_failure(RUN, "a", NOW) > 0
        await tx.limits.forgive("password", "b")
        assert await tx.limits.charge_failure(RUN, "a", NOW) > 0
        await tx.limits.forgive("password", "a")
        assert [await tx.limits.charge_failure(RUN, "a", NOW) for _ in range(3)] == [0, 0, 0]
        assert await tx.limits.charge_failure(RUN, "a", NOW) > 0


async def test_at_the_hard_cap_no_time_helps(store, app_id):
    now_ms, passed = NOW, 0
    async with store.transaction(app_id) as tx:
        for _ in range(300):
            passed += await tx.limits.charge_failure(PASSWORD_FAILURES, "a", now_ms) == 0
            now_ms += 24 * 3600 * 1000
        assert passed == 100
        assert await tx.limits.charge_failure(PASSWORD_FAILURES, "a", now_ms) == 15 * 60 * 1000


async def test_events_stand_in_order_without_gaps(store, app_id, other_app_id):
    events = [an_event(payload=json.dumps({"n": n})) for n in range(4)]
    async with store.transaction(app_id) as tx:
        for event in events[:2]:
            await tx.events.append(event)
    with pytest.raises(LookupError):
        async with store.transaction(app_id) as tx:
            await tx.events.append(an_event())
            raise LookupError
    async with store.transaction(other_app_id) as tx:
        await tx.events.append(an_event())
    async with store.transaction(app_id) as tx:
        for event in events[2:]:
            await tx.events.append(event)
    scan = store.scanning(app_id).events
    found = await scan.list(0, 10)
    assert [(event.id, event.payload, event.position) for event in found] == [
        (event.id, event.payload, place) for place, event in enumerate(events, 1)
    ]
    assert [event.position for event in await scan.list(1, 2)] == [2, 3]


async def test_what_was_replaced_forgives_every_run_of_its_subject_and_no_other(store, app_id):
    subject, neighbour = "aa", "ab"
    async with store.transaction(app_id) as tx:
        for each in (subject, f"{subject}.{new_id()}", f"{subject}.{new_id()}", neighbour):
            for _ in range(3):
                await tx.limits.charge_failure(RUN, each, NOW)
        await tx.limits.forgive_all("password", subject)
        assert await tx.limits.charge_failure(RUN, subject, NOW) == 0
        assert await tx.limits.charge_failure(RUN, neighbour, NOW) > 0


ENDED, BANNED = EventType.SESSION_ENDED, EventType.USER_BANNED


async def test_events_of_some_types_are_read_in_order(store, app_id, other_app_id):
    types = [ENDED, EventType.USER_CREATED, BANNED, ENDED, BANNED, EventType.USER_DELETED]
    async with store.transaction(other_app_id) as tx:
        await tx.events.append(an_event(type=ENDED))
    async with store.transaction(app_id) as tx:
        for number, type_ in enumerate(types):
            await tx.events.append(an_event(type=type_, at_ms=NOW - number))
    scan = store.scanning(app_id).events
    assert [event.position for event in await scan.list_of((ENDED, BANNED), 0, 10)] == [1, 3, 4, 5]
    assert [event.position for event in await scan.list_of((ENDED, BANNED), 1, 2)] == [3, 4]
    assert [event.position for event in await scan.list_of((BANNED,), 0, 10)] == [3, 5]
    assert [event.position for event in await scan.list_of((*EventType,)[:4], 0, 10)] == []
    assert await scan.list_of((ENDED,), 1, 10) == [event for event in await scan.list(0, 9) if event.position == 4]


async def test_the_last_event_of_a_type(store, app_id, other_app_id):
    async with store.transaction(app_id) as tx:
        for type_ in (ENDED, BANNED, ENDED, EventType.USER_CREATED):
            await tx.events.append(an_event(type=type_))
    events = store.reading(app_id).events
    assert [await events.last(type_) for type_ in (ENDED, BANNED, EventType.USER_DELETED)] == [3, 2, 0]
    assert await store.reading(other_app_id).events.last(ENDED) == 0


async def test_the_last_event_before_an_instant(store, app_id):
    async with store.transaction(app_id) as tx:
        for at_ms in (NOW, NOW + 10, NOW + 5):
            await tx.events.append(an_event(at_ms=at_ms))
    events = store.reading(app_id).events
    assert [await events.before(NOW + late) for late in (0, 1, 6, 10, 11)] == [0, 1, 3, 3, 2]


async def test_a_feed_knows_its_epoch_and_where_it_stands(store, app_id, other_app_id):
    async with store.transaction(app_id) as tx:
        await tx.events.append(an_event())
        assert (await tx.events.feed())[1] == 1
    epoch, position = await store.reading(app_id).events.feed()
    assert (bool(epoch), position) == (True, 1)
    assert (await store.reading(other_app_id).events.feed())[1] == 0
    assert await store.reading(AppId("f" * 24)).events.feed() == ("", 0)
