"""Refresh families: what a tab, a lost reply and a thief get (RFC 9700 section 4.14.2)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.world import ORIGIN, PASSWORD, World, together
from vestibule.adapters.signing import JoseKeys
from vestibule.core.apps.policy import Policy
from vestibule.core.guard.model import EventType
from vestibule.core.messages.model import MessageKind
from vestibule.core.tokens.dpop import Presenter
from vestibule.core.tokens.model import Pair, TokenType
from vestibule.core.tokens.tokens import Stamp
from vestibule.kernel.errors import Code, DomainError
from vestibule.kernel.ids import SessionId
from vestibule.kernel.jwt import read_jwt
from vestibule.kernel.secret import Secret

OWN = Presenter("Firefox/145")
OTHER = Presenter("curl/8")
MINUTE_MS = 60_000


@pytest.fixture
async def world(tmp_path):
    world = await World.open(tmp_path)
    await world.user()
    yield world
    await world.close()


async def sign_in(world: World, presenter: Presenter = OWN) -> Pair:
    return await world.house.families.sign_in(world.app, "ada@acme.test", Secret(PASSWORD), presenter, ORIGIN)


async def refresh(world: World, token: str | None, presenter: Presenter = OWN) -> Pair:
    assert token is not None
    return await world.house.families.refresh(world.app, token, presenter, ORIGIN)


async def refused(world: World, token: str | None, presenter: Presenter = OWN) -> Code:
    with pytest.raises(DomainError) as caught:
        await refresh(world, token, presenter)
    return caught.value.code


async def is_open(world: World, access: str) -> bool:
    try:
        await world.house.families.authenticate(world.app, access, TokenType.ACCESS)
    except DomainError:
        return False
    return True


def claims_of(token: str | None) -> dict[str, object]:
    jwt = read_jwt(token or "")
    assert jwt is not None
    return jwt.claims


def with_policy(world: World, **changes: Any) -> None:
    world.app = replace(world.app, policy=replace(world.app.policy, **changes))


# Rotation ----------------------------------------------------------------------------------------


async def test_the_newest_token_gives_a_new_pair(world):
    first = await sign_in(world)
    second = await refresh(world, first.refresh)
    assert claims_of(second.refresh)["jti"] != claims_of(first.refresh)["jti"]
    assert await is_open(world, second.access)


async def test_a_family_is_a_session_of_the_list(world):
    pair = await sign_in(world)
    sessions = await world.house.user_admin.sessions(world.app, "ada@acme.test")
    assert claims_of(pair.access)["sid"] in {session.id for session in sessions}


async def test_claims_are_those_of_the_library_and_three_standard_ones(world):
    pair = await sign_in(world)
    names = {"token_type", "exp", "iat", "jti", "user_id", "username", "iss", "sub", "sid"}
    assert set(claims_of(pair.refresh)) == set(claims_of(pair.access)) == names


async def test_without_rotation_the_refresh_token_stays(world):
    with_policy(world, ROTATE_REFRESH_TOKENS=False)
    first = await sign_in(world)
    assert (await refresh(world, first.refresh)).refresh is None
    assert (await refresh(world, first.refresh)).refresh is None


@pytest.mark.parametrize("is_noted", [True, False])
async def test_update_last_login_says_whether_a_sign_in_counts(world, is_noted):
    with_policy(world, UPDATE_LAST_LOGIN=is_noted)
    before = await world.house.user_admin.get(world.app, "ada@acme.test")
    world.clock.tick(MINUTE_MS)
    await sign_in(world)
    after = await world.house.user_admin.get(world.app, "ada@acme.test")
    assert after.user.last_sign_in_at_ms == (world.clock.now_ms() if is_noted else before.user.last_sign_in_at_ms)


# Tabs and lost replies ---------------------------------------------------------------------------


async def test_a_tab_with_a_replaced_token_gets_the_newest_pair_again(world):
    first = await sign_in(world)
    second = await refresh(world, first.refresh)
    world.clock.tick(4 * MINUTE_MS)
    again = await refresh(world, first.refresh)
    assert claims_of(again.refresh) == claims_of(second.refresh)


async def test_the_repeated_access_token_has_its_life_before_it(world):
    first = await sign_in(world)
    second = await refresh(world, first.refresh)
    world.clock.tick(4 * MINUTE_MS)
    again = await refresh(world, first.refresh)
    assert claims_of(again.access)["jti"] == claims_of(second.access)["jti"]
    world.clock.tick(4 * MINUTE_MS)
    assert await is_open(world, again.access)


async def test_a_tab_that_is_two_generations_behind_gets_the_newest(world):
    first = await sign_in(world)
    third = await refresh(world, (await refresh(world, first.refresh)).refresh)
    assert claims_of((await refresh(world, first.refresh)).refresh) == claims_of(third.refresh)


async def test_concurrent_tabs_make_one_generation(world):
    first = await sign_in(world)
    pairs = await together(8, lambda: refresh(world, first.refresh))
    assert len({claims_of(pair.refresh)["jti"] for pair in pairs if isinstance(pair, Pair)}) == 1
    assert all(isinstance(pair, Pair) for pair in pairs)


async def test_the_window_of_zero_is_the_library_s_behaviour(world):
    with_policy(world, REFRESH_REUSE_WINDOW=0)
    first = await sign_in(world)
    second = await refresh(world, first.refresh)
    assert await refused(world, first.refresh) is Code.TOKEN_REVOKED
    assert (await refresh(world, second.refresh)).refresh


async def test_without_blacklisting_a_replaced_token_works_until_it_expires(world):
    with_policy(world, BLACKLIST_AFTER_ROTATION=False)
    first = await sign_in(world)
    second = await refresh(world, first.refresh)
    world.clock.tick(60 * MINUTE_MS)
    assert claims_of((await refresh(world, first.refresh, OTHER)).refresh) == claims_of(second.refresh)


async def test_tabs_that_come_back_in_an_updated_browser_stay_signed_in(world):
    first = await sign_in(world)
    updated = Presenter("Firefox/146")
    second = await refresh(world, first.refresh, updated)
    again = await refresh(world, first.refresh, updated)
    assert claims_of(again.refresh) == claims_of(second.refresh)


async def test_a_crowd_of_restored_tabs_is_not_too_much(world):
    first = await sign_in(world)
    pairs = await together(100, lambda: refresh(world, first.refresh))
    assert all(isinstance(pair, Pair) for pair in pairs)


# Thieves -----------------------------------------------------------------------------------------


async def test_a_replaced_token_after_the_window_ends_the_family(world):
    first = await sign_in(world)
    second = await refresh(world, first.refresh)
    world.clock.tick(5 * MINUTE_MS)
    assert await refused(world, first.refresh) is Code.TOKEN_REVOKED
    assert await refused(world, second.refresh) is Code.TOKEN_REVOKED
    assert not await is_open(world, second.access)


async def test_a_replaced_token_from_another_client_ends_the_family(world):
    first = await sign_in(world)
    second = await refresh(world, first.refresh)
    assert await refused(world, first.refresh, OTHER) is Code.TOKEN_REVOKED
    assert await refused(world, second.refresh) is Code.TOKEN_REVOKED


async def test_an_owner_who_comes_after_the_thief_ends_the_family(world):
    first = await sign_in(world)
    stolen = await refresh(world, first.refresh, OTHER)
    assert await refused(world, first.refresh) is Code.TOKEN_REVOKED
    assert await refused(world, stolen.refresh, OTHER) is Code.TOKEN_REVOKED


async def test_a_theft_leaves_the_user_s_other_sessions(world):
    other = await sign_in(world)
    first = await sign_in(world)
    await refresh(world, first.refresh)
    await refused(world, first.refresh, OTHER)
    assert (await refresh(world, other.refresh)).refresh


async def test_a_theft_is_recorded_and_told(world):
    first = await sign_in(world)
    await refresh(world, first.refresh)
    await refused(world, first.refresh, OTHER)
    events = await world.house.store.scanning(world.app.id).events.list(world.app.id and 0, 1_000)
    payloads = [json.loads(event.payload) for event in events if event.type is EventType.REFRESH_REUSED]
    assert [payload["verdict"] for payload in payloads] == ["stolen"]
    assert (await world.mail(MessageKind.TOKEN_REUSED)).to == "ada@acme.test"


async def test_a_theft_without_a_verified_address_is_told_at_the_next_sign_in(tmp_path):
    world = await World.open(tmp_path, Policy(confirm_email=False))
    await world.sign_up()
    first = await sign_in(world)
    await refresh(world, first.refresh)
    await refused(world, first.refresh, OTHER)
    assert (await sign_in(world)).notices == (MessageKind.TOKEN_REUSED,)
    assert (await sign_in(world)).notices == ()
    await world.close()


async def test_a_sliding_sign_in_tells_it_too(world):
    user_id = (await world.house.user_admin.get(world.app, "ada@acme.test")).user.id
    async with world.house.store.transaction(world.app.id) as tx:
        await tx.notices.add("0" * 24, user_id, MessageKind.TOKEN_REUSED, world.clock.now_ms())
    families, password = world.house.families, Secret(PASSWORD)
    assert (await families.sign_in_sliding(world.app, "ada@acme.test", password, ORIGIN)).notices
    assert not (await families.sign_in_sliding(world.app, "ada@acme.test", password, ORIGIN)).notices


# Ends --------------------------------------------------------------------------------------------


async def test_revoking_ends_the_session_at_once(world):
    pair = await sign_in(world)
    await world.house.families.revoke(world.app, pair.refresh, OWN, ORIGIN)
    assert not await is_open(world, pair.access)
    assert await refused(world, pair.refresh) is Code.TOKEN_REVOKED


async def test_a_tab_with_an_old_copy_signs_out_for_good(world):
    first = await sign_in(world)
    second = await refresh(world, first.refresh)
    await world.house.families.revoke(world.app, first.refresh, OWN, ORIGIN)
    assert await refused(world, second.refresh) is Code.TOKEN_REVOKED


async def test_the_session_ends_with_its_newest_refresh_token(world):
    pair = await sign_in(world)
    world.clock.tick(24 * 60 * MINUTE_MS)
    assert await refused(world, pair.refresh) is Code.TOKEN_EXPIRED
    assert claims_of(pair.access)["sid"] not in {
        session.id for session in await world.house.user_admin.sessions(world.app, "ada@acme.test")
    }


async def test_a_family_lives_no_longer_than_its_session(world):
    pair = await sign_in(world)
    for _ in range(59):
        world.clock.tick(12 * 60 * MINUTE_MS)
        pair = await refresh(world, pair.refresh)
    world.clock.tick(12 * 60 * MINUTE_MS)
    assert await refused(world, pair.refresh) is Code.TOKEN_EXPIRED


async def test_an_access_token_never_outlives_the_session(world):
    with_policy(world, session_absolute_ms=2 * MINUTE_MS)
    pair = await sign_in(world)
    claims = claims_of(pair.access)
    assert int(str(claims["exp"])) - int(str(claims["iat"])) <= 120


async def test_the_session_list_ends_a_family(world):
    mine, other = await sign_in(world), await sign_in(world, OTHER)
    families, sessions = world.house.families, world.house.sessions
    current = await families.authenticate(world.app, mine.access, TokenType.ACCESS)
    await sessions.sign_out(current, f"sh_{claims_of(other.access)['sid']}", ORIGIN)
    assert await refused(world, other.refresh, OTHER) is Code.TOKEN_REVOKED
    await sessions.sign_out_all(current, ORIGIN)
    assert await refused(world, mine.refresh) is Code.TOKEN_REVOKED


async def test_an_operator_ends_a_family(world):
    pair = await sign_in(world)
    await world.house.user_admin.revoke_session(world.app, str(claims_of(pair.access)["sid"]), ORIGIN)
    assert await refused(world, pair.refresh) is Code.TOKEN_REVOKED


async def test_a_banned_user_is_refused_whatever_the_token(world):
    pair = await sign_in(world)
    await world.house.user_admin.ban(world.app, "ada@acme.test", ORIGIN)
    assert await refused(world, pair.refresh) is Code.USER_BANNED
    assert not await is_open(world, pair.access)


async def test_a_deleted_user_is_unknown(world):
    pair = await sign_in(world)
    await world.house.user_admin.delete(world.app, "ada@acme.test", ORIGIN)
    assert await refused(world, pair.refresh) is Code.USER_NOT_FOUND


async def test_a_changed_password_ends_tokens_that_name_the_old_one(world):
    with_policy(world, CHECK_REVOKE_TOKEN=True)
    pair = await sign_in(world)
    assert await is_open(world, pair.access)
    await world.house.user_admin.set_password(world.app, "ada@acme.test", Secret("another-horse-8-battery"), ORIGIN)
    assert await refused(world, pair.refresh) is Code.TOKEN_REVOKED


async def test_a_token_of_another_app_is_nobody_s(world):
    pair = await sign_in(world)
    other = await world.house.apps.create("Other", world.app.environment, Policy(), ORIGIN)
    with pytest.raises(DomainError) as caught:
        await world.house.families.refresh(other, str(pair.refresh), OWN, ORIGIN)
    assert caught.value.code is Code.TOKEN_INVALID


# What a review found ------------------------------------------------------------------------------


async def test_an_access_token_never_outlives_its_refresh_token(world):
    with_policy(world, ROTATE_REFRESH_TOKENS=False)
    pair = await sign_in(world)
    world.clock.tick(24 * 60 * MINUTE_MS - 30_000)
    late = await refresh(world, pair.refresh)
    assert claims_of(late.access)["exp"] == claims_of(pair.refresh)["exp"]


async def test_a_token_from_after_a_backup_ends_the_family_without_an_alarm(world):
    pair = await sign_in(world)
    session_id = str(claims_of(pair.access)["sid"])
    stamp = Stamp(TokenType.REFRESH, SessionId(session_id), 2, world.clock.now_ms() // 1_000, 2_000_000_000)
    person = await world.house.user_admin.get(world.app, "ada@acme.test")
    later = await world.house.tokens.issue(world.app, person, stamp)
    assert await refused(world, later) is Code.TOKEN_REVOKED
    assert not await is_open(world, pair.access)
    assert MessageKind.TOKEN_REUSED not in {mail.kind for mail in await world.deliver()}


async def test_a_family_is_refreshed_thirty_times_a_minute_at_most(world):
    pair = await sign_in(world)
    for _ in range(30):
        pair = await refresh(world, pair.refresh)
    assert await refused(world, pair.refresh) is Code.TOO_MANY_ATTEMPTS
    world.clock.tick(MINUTE_MS)
    assert (await refresh(world, pair.refresh)).refresh


async def test_a_lowered_lifetime_ends_no_token_that_is_out(world):
    """The key that signed it was retired, and has to verify for as long as the old lifetime said."""
    house, days_ms = world.house, 24 * 60 * MINUTE_MS
    world.app = await house.apps.set_policy(world.app, "REFRESH_TOKEN_LIFETIME", 20 * 24 * 3600, ORIGIN)
    pair = await sign_in(world)
    world.clock.tick(6 * MINUTE_MS)
    await house.signing_keys.rotate(world.app, ORIGIN)
    world.clock.tick(3 * days_ms)
    world.app = await house.apps.set_policy(world.app, "REFRESH_TOKEN_LIFETIME", 24 * 3600, ORIGIN)
    assert (await refresh(world, pair.refresh)).refresh


async def test_a_secret_that_was_given_up_signs_nothing_after_its_last_token(world):
    house, secret = world.house, Secret("kX2vB9qLw7TzR4mNc8JdHy6PsF3gAe5U")
    await house.signing_keys.bring(world.app, "HS256", secret, ORIGIN)
    world.app = await house.apps.set_policy(world.app, "ALGORITHM", "HS256", ORIGIN)
    jwt = read_jwt(str((await sign_in(world)).refresh))
    assert jwt is not None
    forged = JoseKeys(house.entropy).load("HS256", secret).sign(jwt.header, {**jwt.claims, "exp": 2_000_000_000})
    world.clock.tick(MINUTE_MS)
    world.app = await house.apps.set_policy(world.app, "ALGORITHM", "ES256", ORIGIN)
    world.clock.tick(23 * 60 * MINUTE_MS)
    assert (await house.tokens.read(world.app, jwt.text, TokenType.REFRESH)).is_shared
    world.clock.tick(2 * 60 * MINUTE_MS)
    with pytest.raises(DomainError):
        await house.tokens.read(world.app, forged, TokenType.REFRESH)


async def test_a_shared_secret_stretches_no_access_token(world):
    house, secret = world.house, Secret("kX2vB9qLw7TzR4mNc8JdHy6PsF3gAe5U")
    await house.signing_keys.bring(world.app, "HS256", secret, ORIGIN)
    world.app = await house.apps.set_policy(world.app, "ALGORITHM", "HS256", ORIGIN)
    claims = claims_of((await sign_in(world)).access)
    forged = JoseKeys(world.house.entropy).load("HS256", secret).sign({"typ": "JWT"}, {**claims, "exp": 2_000_000_000})
    assert await is_open(world, forged)
    world.clock.tick(10 * MINUTE_MS)
    assert not await is_open(world, forged)


async def test_a_crowd_that_asks_for_the_first_key_makes_one(world):
    made = []
    maker = world.house.signing_keys.maker

    class Counting:
        load, load_verifying = maker.load, maker.load_verifying

        async def generate(self, algorithm):
            made.append(algorithm)
            return await maker.generate(algorithm)

    keys = replace(world.house.signing_keys, maker=Counting())
    await together(12, lambda: keys.current(world.app, "ES384"))
    assert len(made) == 2  # the one that signs, and the next
