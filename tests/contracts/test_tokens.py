"""core/tokens/ports.py: signing keys, refresh tokens, proofs of possession, notices."""

from dataclasses import replace

import pytest

from tests.contracts.rows import LATER, NEVER, NOW, a_refresh_token, a_session, a_signing_key, new_id
from vestibule.core.tokens.model import KeyState
from vestibule.kernel.clock import DAY_MS
from vestibule.kernel.ids import UserId

YEAR_MS = 365 * DAY_MS
TWICE = r"(?i)unique|duplicate"


# Signing keys ---------------------------------------------------------------------------------------


async def test_keys_come_back_as_written_newest_first(store, app_id, other_app_id):
    keys = [
        a_signing_key(state=KeyState.RETIRED, retired_at_ms=LATER, created_at_ms=NOW),
        a_signing_key(id=new_id(NOW + 1), created_at_ms=NOW + 1),
        a_signing_key(id=new_id(NOW + 2), state=KeyState.NEXT, created_at_ms=NOW + 2),
        a_signing_key(id=new_id(NOW + 3), algorithm="HS256", public="", created_at_ms=NOW + 3),
    ]
    async with store.transaction(app_id) as tx:
        for key in (keys[2], keys[0], keys[3], keys[1]):
            assert await tx.signing_keys.add(key)
    assert await store.reading(app_id).signing_keys.list() == keys[::-1]
    assert await store.reading(other_app_id).signing_keys.list() == []


@pytest.mark.parametrize("state", [KeyState.CURRENT, KeyState.NEXT])
async def test_an_algorithm_has_one_key_in_a_state(store, app_id, other_app_id, state):
    first, second = a_signing_key(state=state), a_signing_key(state=state)
    async with store.transaction(app_id) as tx:
        assert [await tx.signing_keys.add(each) for each in (first, second)] == [True, False]
        assert await tx.signing_keys.add(a_signing_key(state=state, algorithm="EdDSA"))
        assert first in await tx.signing_keys.list()
        assert second not in await tx.signing_keys.list()
    async with store.transaction(other_app_id) as tx:
        assert await tx.signing_keys.add(a_signing_key(state=state))


async def test_of_retired_keys_there_are_many(store, app_id):
    async with store.transaction(app_id) as tx:
        retired = [a_signing_key(state=KeyState.RETIRED, retired_at_ms=NOW) for _ in range(3)]
        assert all([await tx.signing_keys.add(each) for each in retired])
        assert len(await tx.signing_keys.list()) == 3


async def test_a_key_moves_on_once_and_remembers_when_it_retired(store, app_id):
    current, next_ = a_signing_key(), a_signing_key(state=KeyState.NEXT)
    async with store.transaction(app_id) as tx:
        for each in (current, next_):
            await tx.signing_keys.add(each)
        change = tx.signing_keys.change_state
        assert not await tx.signing_keys.change_state(current.id, KeyState.NEXT, KeyState.RETIRED, LATER)
        retired = [await change(current.id, KeyState.CURRENT, KeyState.RETIRED, LATER) for _ in range(2)]
        promoted = [await change(next_.id, KeyState.NEXT, KeyState.CURRENT, LATER) for _ in range(2)]
        assert (retired, promoted) == ([True, False], [True, False])
        found = {key.id: key for key in await tx.signing_keys.list()}
    assert found[current.id] == replace(current, state=KeyState.RETIRED, retired_at_ms=LATER)
    assert found[next_.id] == replace(next_, state=KeyState.CURRENT)


async def test_two_keys_never_sign_at_once(store, app_id):
    """Whoever forgets to retire the first one is stopped by the database."""
    next_ = a_signing_key(state=KeyState.NEXT)
    async with store.transaction(app_id) as tx:
        await tx.signing_keys.add(a_signing_key())
        await tx.signing_keys.add(next_)
    with pytest.raises(Exception, match=TWICE):
        async with store.transaction(app_id) as tx:
            await tx.signing_keys.change_state(next_.id, KeyState.NEXT, KeyState.CURRENT, NOW)


async def test_a_removed_key_is_gone(store, app_id, other_app_id):
    async with store.transaction(app_id) as tx:
        await tx.signing_keys.add(key := a_signing_key())
    async with store.transaction(other_app_id) as tx:
        assert not await tx.signing_keys.remove(key.id)
    async with store.transaction(app_id) as tx:
        assert [await tx.signing_keys.remove(key.id) for _ in range(2)] == [True, False]
        assert await tx.signing_keys.list() == []


async def test_a_key_is_sealed_anew_by_who_saw_the_last_seal(store, app_id):
    async with store.transaction(app_id) as tx:
        await tx.signing_keys.add(key := a_signing_key(sealed="old"))
        assert await tx.signing_keys.reseal(key.id, "old", "new")
        assert not await tx.signing_keys.reseal(key.id, "old", "other")
        assert await tx.signing_keys.list() == [replace(key, sealed="new")]


async def test_a_retired_key_is_kept_longer_than_any_token_lives(store, app_id):
    async with store.transaction(app_id) as tx:
        await tx.signing_keys.add(a_signing_key())
        await tx.signing_keys.add(a_signing_key(state=KeyState.RETIRED, retired_at_ms=NOW))
        swept = [await tx.upkeep.sweep(NOW + 401 * DAY_MS + late, 2 * YEAR_MS, 100) for late in (0, 1, 2)]
        assert [key.state for key in await tx.signing_keys.list()] == [KeyState.CURRENT]
    assert swept == [0, 1, 0]


# Refresh tokens -------------------------------------------------------------------------------------


async def test_a_refresh_token_comes_back_as_written(store, app_id, other_app_id):
    token = a_refresh_token(generation=7)
    async with store.transaction(app_id) as tx:
        await tx.refresh_tokens.add(token)
    reading = store.reading(app_id).refresh_tokens
    assert await reading.find(token.session_id, 7) == token
    assert await reading.find(token.session_id, 6) is None
    assert await reading.newest(token.session_id) == token
    assert await reading.newest(a_refresh_token().session_id) is None
    assert await store.reading(other_app_id).refresh_tokens.find(token.session_id, 7) is None


async def test_the_newest_is_spent_once_and_followed_by_one(store, app_id):
    first = a_refresh_token()
    second, stranger = replace(first, generation=1), a_refresh_token()
    async with store.transaction(app_id) as tx:
        for each in (first, stranger):
            await tx.refresh_tokens.add(each)
        answers = [await tx.refresh_tokens.supersede(first.session_id, 0, at_ms) for at_ms in (LATER, NEVER)]
        assert answers == [True, False]
        assert await tx.refresh_tokens.newest(first.session_id) is None
        await tx.refresh_tokens.add(second)
        assert not await tx.refresh_tokens.supersede(first.session_id, 2, LATER)
        assert await tx.refresh_tokens.newest(first.session_id) == second
        assert await tx.refresh_tokens.find(first.session_id, 0) == replace(first, superseded_at_ms=LATER)
        assert await tx.refresh_tokens.newest(stranger.session_id) == stranger


@pytest.mark.parametrize("generation", [0, 1], ids=["the same", "a branch"])
async def test_a_family_has_no_branches(store, app_id, generation):
    """RFT-2: a second child of one parent cannot be written."""
    first = a_refresh_token()
    async with store.transaction(app_id) as tx:
        await tx.refresh_tokens.add(first)
    with pytest.raises(Exception, match=TWICE):
        async with store.transaction(app_id) as tx:
            await tx.refresh_tokens.add(replace(first, generation=generation))


async def test_a_spent_token_is_kept_for_the_longest_reuse_window(store, app_id):
    first = a_refresh_token(expires_at_ms=NEVER)
    async with store.transaction(app_id) as tx:
        await tx.refresh_tokens.add(first)
        await tx.refresh_tokens.supersede(first.session_id, 0, NOW)
        await tx.refresh_tokens.add(replace(first, generation=1))
        swept = [await tx.upkeep.sweep(NOW + DAY_MS + late, YEAR_MS, 100) for late in (0, 1, 2)]
        assert await tx.refresh_tokens.find(first.session_id, 0) is None
        assert await tx.refresh_tokens.newest(first.session_id) is not None
    assert swept == [0, 1, 0]


async def test_an_expired_token_is_forgotten(store, app_id):
    token = a_refresh_token(expires_at_ms=LATER)
    async with store.transaction(app_id) as tx:
        await tx.refresh_tokens.add(token)
        swept = [await tx.upkeep.sweep(LATER + DAY_MS + late, YEAR_MS, 100) for late in (0, 1, 2)]
        assert await tx.refresh_tokens.newest(token.session_id) is None
    assert swept == [0, 1, 0]


async def test_erasing_forgets_the_clients_of_a_users_tokens_and_nothing_else(store, app_id):
    session, stranger = a_session(), a_session()
    own, foreign = (a_refresh_token(session_id=each.id) for each in (session, stranger))
    async with store.transaction(app_id) as tx:
        for each in (session, stranger):
            await tx.sessions.add(each)
        for token in (own, foreign):
            await tx.refresh_tokens.add(token)
        await tx.refresh_tokens.erase_all(session.user_id)
        assert await tx.refresh_tokens.newest(session.id) == replace(own, client="")
        assert await tx.refresh_tokens.newest(stranger.id) == foreign


# Proofs of possession -------------------------------------------------------------------------------


async def test_a_proof_is_new_once_for_its_key_and_app(store, app_id, other_app_id):
    async with store.transaction(app_id) as tx:
        assert [await tx.dpop_proofs.add("key", "jti", LATER) for _ in range(2)] == [True, False]
        assert not await tx.dpop_proofs.add("key", "jti", NEVER)
        assert await tx.dpop_proofs.add("other key", "jti", LATER)
        assert await tx.dpop_proofs.add("key", "other jti", LATER)
    async with store.transaction(other_app_id) as tx:
        assert await tx.dpop_proofs.add("key", "jti", LATER)


async def test_a_proof_is_remembered_until_it_is_too_old_anyway(store, app_id):
    async with store.transaction(app_id) as tx:
        await tx.dpop_proofs.add("key", "jti", LATER)
        swept = [await tx.upkeep.sweep(LATER + late, YEAR_MS, 100) for late in (0, 1, 2)]
        assert await tx.dpop_proofs.add("key", "jti", NEVER)
    assert swept == [0, 1, 0]


# Notices --------------------------------------------------------------------------------------------


async def test_a_notice_is_told_once_oldest_first(store, app_id):
    ada, eve = UserId(new_id()), UserId(new_id())
    async with store.transaction(app_id) as tx:
        for at_ms, user, kind in (
            (LATER + 1, ada, "third"),
            (NOW, ada, "first"),
            (LATER, ada, "second"),
            (NOW, eve, "hers"),
        ):
            await tx.notices.add(new_id(at_ms), user, kind, at_ms)
        told = [await tx.notices.take(ada, LATER) for _ in range(2)]
        assert await tx.notices.take(eve, LATER) == ["hers"]
    assert told == [["first", "second", "third"], []]


async def test_a_notice_waits_for_four_hundred_days(store, app_id):
    user = UserId(new_id())
    async with store.transaction(app_id) as tx:
        await tx.notices.add(new_id(), user, "refresh_reused", NOW)
        swept = [await tx.upkeep.sweep(NOW + 400 * DAY_MS + late, 2 * YEAR_MS, 100) for late in (0, 1, 2)]
        assert await tx.notices.take(user, LATER) == []
    assert swept == [0, 1, 0]


async def test_nobody_is_told_what_was_for_somebody_who_is_gone(store, app_id):
    ada, eve = UserId(new_id()), UserId(new_id())
    async with store.transaction(app_id) as tx:
        for user in (ada, eve):
            await tx.notices.add(new_id(), user, "refresh_reused", NOW)
        await tx.notices.erase_all(ada)
        assert [await tx.notices.take(user, NOW) for user in (ada, eve)] == [[], ["refresh_reused"]]


async def test_a_notice_goes_when_it_was_told(store, app_id):
    user = UserId(new_id())
    async with store.transaction(app_id) as tx:
        await tx.notices.add(new_id(), user, "refresh_reused", NOW)
        assert await tx.notices.take(user, NOW) == ["refresh_reused"]
        swept = [await tx.upkeep.sweep(NOW + 30 * DAY_MS + late, YEAR_MS, 100) for late in (0, 1, 2)]
    assert swept == [0, 1, 0]
