"""core/signin/ports.py: challenges and attempts."""

from dataclasses import replace

import pytest

from tests.contracts.rows import LATER, NOW, a_challenge, an_attempt, new_id
from vestibule.core.signin.model import MAILED, ChallengeDetail, Purpose


async def test_a_challenge_comes_back_as_written(store, app_id):
    challenge = a_challenge()
    async with store.transaction(app_id) as tx:
        await tx.challenges.add(challenge)
    reading = store.reading(app_id)
    assert await reading.challenges.find(challenge.digest) == challenge
    assert await reading.challenges.find_by_id(challenge.id) == challenge
    assert await reading.challenges.find("another") is None
    assert await reading.challenges.find_by_id(new_id()) is None


async def test_a_token_is_consumed_once_and_gives_its_row(store, app_id):
    challenge = a_challenge()
    async with store.transaction(app_id) as tx:
        await tx.challenges.add(challenge)
        taken = [await tx.challenges.consume(challenge.digest, MAILED, NOW + 1) for _ in range(2)]
    assert taken == [replace(challenge, consumed_at_ms=NOW + 1), None]


async def test_a_token_does_nothing_else_than_its_purpose(store, app_id):
    async with store.transaction(app_id) as tx:
        for purpose in Purpose:
            await tx.challenges.add(challenge := a_challenge(purpose=purpose))
            others = tuple(other for other in Purpose if other is not purpose)
            for start in range(0, len(others), 4):
                assert await tx.challenges.consume(challenge.digest, others[start : start + 4], NOW) is None
            assert await tx.challenges.consume(challenge.digest, (purpose,), NOW) is not None


@pytest.mark.parametrize("dead", [{"expires_at_ms": NOW}, {"superseded_at_ms": NOW}, {"consumed_at_ms": NOW}], ids=str)
async def test_a_dead_token_is_not_consumed(store, app_id, dead):
    challenge = a_challenge(**dead)
    async with store.transaction(app_id) as tx:
        await tx.challenges.add(challenge)
        assert await tx.challenges.consume(challenge.digest, MAILED, NOW) is None
        assert await tx.challenges.find(challenge.digest) == challenge


async def test_a_newer_one_ends_those_of_its_purpose_and_subject_only(store, app_id):
    old = a_challenge(subject="a")
    spared = [a_challenge(subject="b"), a_challenge(subject="a", purpose=Purpose.RESET_PASSWORD)]
    async with store.transaction(app_id) as tx:
        for challenge in (old, *spared):
            await tx.challenges.add(challenge)
        await tx.challenges.supersede(Purpose.MAGIC_LINK, "a", NOW)
        assert (await tx.challenges.find(old.digest)).superseded_at_ms == NOW
        assert [await tx.challenges.find(challenge.digest) for challenge in spared] == spared


async def test_a_code_has_as_many_tries_as_it_says(store, app_id):
    async with store.transaction(app_id) as tx:
        await tx.challenges.add(a_challenge(recipient="r", tries_left=3))
        charged = [await tx.challenges.charge_code(Purpose.MAGIC_LINK, "r", NOW) for _ in range(5)]
    assert [challenge and challenge.tries_left for challenge in charged] == [2, 1, 0, None, None]


async def test_a_try_is_paid_for_the_newest_code_and_no_older_one_steps_in(store, app_id):
    old, new = a_challenge(recipient="r"), a_challenge(recipient="r", created_at_ms=NOW + 1, tries_left=1)
    async with store.transaction(app_id) as tx:
        for challenge in (new, old):
            await tx.challenges.add(challenge)
        charged = [await tx.challenges.charge_code(Purpose.MAGIC_LINK, "r", NOW) for _ in range(2)]
        assert [challenge and challenge.id for challenge in charged] == [new.id, None]


@pytest.mark.parametrize(
    "dead",
    [
        {"code_expires_at_ms": NOW},
        {"superseded_at_ms": NOW},
        {"consumed_at_ms": NOW},
        {"code_mac": None},
        {"purpose": Purpose.RESET_PASSWORD},
        {"recipient": "another"},
    ],
    ids=str,
)
async def test_no_try_is_paid_for_a_dead_or_foreign_code(store, app_id, dead):
    challenge = a_challenge(**{"recipient": "r"} | dead)
    async with store.transaction(app_id) as tx:
        await tx.challenges.add(challenge)
        assert await tx.challenges.charge_code(Purpose.MAGIC_LINK, "r", NOW) is None
        assert await tx.challenges.find(challenge.digest) == challenge


async def test_a_charged_code_is_consumed_once(store, app_id):
    challenge, superseded = a_challenge(), a_challenge(superseded_at_ms=NOW)
    async with store.transaction(app_id) as tx:
        for each in (challenge, superseded):
            await tx.challenges.add(each)
        assert [await tx.challenges.consume_by_id(challenge.id, NOW) for _ in range(2)] == [True, False]
        assert not await tx.challenges.consume_by_id(superseded.id, NOW)


async def test_link_and_code_are_one_secret(store, app_id):
    challenge = a_challenge(recipient="r")
    async with store.transaction(app_id) as tx:
        await tx.challenges.add(challenge)
        await tx.challenges.consume(challenge.digest, MAILED, NOW)
        assert await tx.challenges.charge_code(Purpose.MAGIC_LINK, "r", NOW) is None
        assert not await tx.challenges.consume_by_id(challenge.id, NOW)


async def test_what_consuming_made_is_remembered(store, app_id):
    async with store.transaction(app_id) as tx:
        await tx.challenges.add(challenge := a_challenge())
        await tx.challenges.note_result(challenge.id, "session")
        assert (await tx.challenges.find_by_id(challenge.id)).result == "session"


async def test_an_attempt_lives_until_its_time(store, app_id):
    attempt = an_attempt(expires_at_ms=LATER)
    async with store.transaction(app_id) as tx:
        await tx.attempts.add(attempt)
        assert await tx.attempts.find(attempt.digest, LATER - 1) == attempt
        assert await tx.attempts.find(attempt.digest, LATER) is None


async def test_an_attempt_carries_its_state_until_it_ends(store, app_id):
    async with store.transaction(app_id) as tx:
        await tx.attempts.add(attempt := an_attempt())
        await tx.attempts.change_state(attempt.id, {"email": "b", "step": "2"})
        assert (await tx.attempts.find(attempt.digest, NOW)).state == {"email": "b", "step": "2"}
        assert [await tx.attempts.end(attempt.id, NOW) for _ in range(2)] == [True, False]
        assert await tx.attempts.find(attempt.digest, NOW) is None


@pytest.mark.parametrize("purpose", Purpose)
async def test_erasing_ends_what_a_subject_or_a_recipient_has_and_forgets_its_detail(store, app_id, purpose):
    own = a_challenge(purpose=purpose, subject="a", recipient="")
    mailed = a_challenge(purpose=purpose, subject="b", recipient="r")
    spared = a_challenge(purpose=purpose, subject="b", recipient="")
    async with store.transaction(app_id) as tx:
        for challenge in (own, mailed, spared):
            await tx.challenges.add(challenge)
        await tx.challenges.erase("a", "", NOW)
        await tx.challenges.erase("nobody", "r", NOW)
        for challenge in (own, mailed):
            found = await tx.challenges.find(challenge.digest)
            assert (found.detail, found.recipient, found.superseded_at_ms) == (ChallengeDetail(), "", NOW)
        assert await tx.challenges.find(spared.digest) == spared
