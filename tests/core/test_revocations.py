"""The revocation feed: everything that ends a token before its time is told, in order, once, to whoever holds a key."""

import ast
import json
from dataclasses import replace

import pytest

from tests.architecture.source import PACKAGE, modules
from tests.checks import refused, rows
from tests.contracts.rows import an_event
from tests.core.journeys import ADA, FRESH_PASSWORD, confirm, current_of, reset
from tests.world import ORIGIN, PASSWORD, World, link_token
from vestibule.core.apps.policy import ACCESS_MOST_S, Policy
from vestibule.core.guard.model import EventType
from vestibule.core.messages.model import MessageKind
from vestibule.core.signin.model import Purpose
from vestibule.core.signin.signup import Wanted
from vestibule.core.tokens.dpop import Presenter
from vestibule.core.tokens.model import KeyState
from vestibule.core.tokens.revocations import ENTRIES, TEXT_BYTES, Revocations
from vestibule.kernel.clock import DAY_MS, SECOND_MS
from vestibule.kernel.entropy import fingerprint
from vestibule.kernel.errors import Code
from vestibule.kernel.jwt import read_jwt
from vestibule.kernel.pseudonym import pseudonym
from vestibule.kernel.secret import Secret

HERE, ELSEWHERE = Presenter("Firefox"), Presenter("Chrome")
DOOR_ORIGIN = replace(ORIGIN, door="simplejwt")


async def frame_of(world: World, since: str = ""):
    app = await world.house.apps.get(world.app.id)
    return await world.house.revocations.read(app, since)


async def claims_since(world: World, since: str = "", key: str = ""):
    text = await world.house.revocations.sign(world.app, await frame_of(world, since), Secret(key or world.api_key))
    jwt = read_jwt(text, 2**24)
    assert jwt is not None
    return jwt.claims


async def pair(world: World, presenter: Presenter = HERE):
    return await world.house.families.sign_in(world.app, ADA, Secret(PASSWORD), presenter, DOOR_ORIGIN)


async def put(world: World, *events):
    async with world.house.store.transaction(world.app.id) as tx:
        for event in events:
            await tx.events.append(event)


def ended(world: World, **changes):
    return an_event(**{"type": EventType.SESSION_ENDED, "at_ms": world.clock.now_ms(), **changes})


# What is told ------------------------------------------------------------------------------------


async def sign_out(world: World):
    await world.house.sessions.sign_out(await current_of(world), None, ORIGIN)


async def sign_out_another(world: World):
    other = await current_of(world)
    await world.house.sessions.sign_out(await current_of(world), other.session.handle, ORIGIN)


async def sign_out_all(world: World):
    await pair(world)
    await world.house.sessions.sign_out_all(await current_of(world), ORIGIN)


async def sign_out_others(world: World):
    await pair(world)
    await world.house.sessions.sign_out_all(await current_of(world), ORIGIN, keep_current=True)


async def blacklist(world: World):
    given = await pair(world)
    await world.house.families.revoke(world.app, given.refresh, HERE, DOOR_ORIGIN)


async def theft(world: World):
    given = await pair(world)
    await world.house.families.refresh(world.app, given.refresh, HERE, DOOR_ORIGIN)
    with refused(Code.TOKEN_REVOKED):
        await world.house.families.refresh(world.app, given.refresh, ELSEWHERE, DOOR_ORIGIN)


async def change_password(world: World):
    await pair(world)
    secrets = Secret(FRESH_PASSWORD), Secret(PASSWORD)
    await world.house.changes.change_password(await current_of(world), *secrets, ORIGIN)


async def reset_password(world: World):
    await pair(world)
    await world.house.links.send(world.app, Purpose.RESET_PASSWORD, ADA, ORIGIN)
    confirmed = await confirm(world, link_token(await world.mail(MessageKind.RESET, ADA)))
    assert confirmed.token is not None
    await reset(world, confirmed.token.reveal())


async def operator_ends_one(world: World):
    current = await current_of(world)
    await world.house.user_admin.revoke_session(world.app, current.session.handle, ORIGIN)


async def operator_sets_password(world: World):
    await pair(world)
    await world.house.user_admin.set_password(world.app, ADA, Secret(FRESH_PASSWORD), ORIGIN)


async def ban(world: World):
    await pair(world)
    await world.house.user_admin.ban(world.app, ADA, ORIGIN)


async def delete(world: World):
    await pair(world)
    await world.house.user_admin.delete(world.app, ADA, ORIGIN)


async def evict(world: World):
    """Somebody signed up with an address, when that was not asked to be confirmed; its owner confirms it now."""
    open_app = replace(world.app, policy=replace(world.app.policy, confirm_email=False))
    wanted = Wanted("bob@acme.test", Secret("the-squatter-chose-1-this"), {})
    await world.house.sign_up.sign_up(open_app, wanted, ORIGIN)
    await world.house.links.send(world.app, Purpose.EMAIL_CONFIRM, "bob@acme.test", ORIGIN)
    await confirm(world, link_token(await world.mail(MessageKind.VERIFY, "bob@acme.test")))


WAYS = (
    *(sign_out, sign_out_another, sign_out_all, sign_out_others, blacklist, theft, change_password, reset_password),
    *(operator_ends_one, operator_sets_password, ban, delete, evict),
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_every_way_a_session_ends_is_told(world: World, way):
    await world.user(ADA)
    before = await frame_of(world)
    await way(world)
    gone = rows(world, "SELECT id FROM session WHERE ended_at_ms IS NOT NULL")
    told = {entry.get("session") for entry in (await claims_since(world, before.tag))["entries"]}
    assert gone, "the way ends a session"
    assert told - {None} == {pseudonym(world.api_key, f"session:{each}") for each in gone}


def test_whoever_ends_sessions_in_the_core_writes_it_down():
    """A new way to end one is in `WAYS`, or does not exist."""
    enders = {
        name
        for name, tree in modules(PACKAGE / "core")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"end", "end_all"}
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "sessions"
    }
    assert enders == {
        "core/admin/users.py",
        "core/sessions/sessions.py",
        "core/signin/changes.py",
        "core/tokens/families.py",
    }


@pytest.mark.parametrize("verb", ["ban", "delete"])
async def test_a_banned_or_deleted_user_is_refused_altogether(world: World, verb):
    user_id = await world.user(ADA)
    before = await frame_of(world)
    await getattr(world.house.user_admin, verb)(world.app, ADA, ORIGIN)
    claims = await claims_since(world, before.tag)
    at_s = -(-world.clock.now_ms() // SECOND_MS)
    assert claims["entries"] == [{"at": at_s, "user": pseudonym(world.api_key, f"user:{user_id}")}]


async def test_roles_are_told_as_they_are_now(world: World):
    user_id = await world.user(ADA)
    before = await frame_of(world)
    await world.house.user_admin.set_roles(world.app, ADA, ("editor", "“boss”"), ORIGIN)
    await world.house.user_admin.set_roles(world.app, ADA, (), ORIGIN)
    entries = (await claims_since(world, before.tag))["entries"]
    assert [entry["roles"] for entry in entries] == [["editor", "“boss”"], []]
    assert {entry["user"] for entry in entries} == {pseudonym(world.api_key, f"user:{user_id}")}


async def test_what_ends_no_token_is_not_told(world: World):
    before = await frame_of(world)
    await world.user(ADA)
    await pair(world)
    await world.house.user_admin.reset_link(world.app, ADA, ORIGIN)
    after = await frame_of(world, before.tag)
    assert after.events == ()
    assert after.tag == before.tag, "a reader that asks again hears 304"


async def test_an_instant_is_rounded_up_to_the_second(world: World):
    before = await frame_of(world)
    world.clock.tick(1)
    await put(world, ended(world))
    claims = await claims_since(world, before.tag)
    assert claims["entries"][0]["at"] * SECOND_MS == world.clock.now_ms() + 999


# To whom -----------------------------------------------------------------------------------------


async def test_a_frame_is_signed_with_a_published_key_whatever_signs_the_tokens(tmp_path):
    world = await World.open(tmp_path, Policy(ALGORITHM="HS256"))
    text = await world.house.revocations.sign(world.app, await frame_of(world), Secret(world.api_key))
    jwt = read_jwt(text)
    assert jwt is not None
    published = {key["kid"]: key for key in await world.house.signing_keys.published(world.app)}
    assert jwt.header == {"alg": "ES256", "typ": "revocations+jwt", "kid": jwt.header["kid"]}
    jwk = published[jwt.header["kid"]]
    assert world.house.signing_keys.maker.load_public("ES256", jwk).verify(text)
    await world.close()


async def test_two_readers_see_nothing_in_common(world: World):
    await world.user(ADA)
    await sign_out(world)
    session_id, user_id = rows(world, "SELECT id, user_id FROM session")[0]
    mine, theirs = [await claims_since(world, key=key) for key in (world.api_key, "ak_other")]
    assert mine["entries"][0]["session"] == pseudonym(world.api_key, f"session:{session_id}")
    assert mine["entries"][0]["session"] != theirs["entries"][0]["session"]
    assert mine["reader"] == pseudonym(world.api_key, "reader") != theirs["reader"]
    for known in (session_id, user_id, fingerprint(world.api_key), world.api_key):
        assert known not in json.dumps(mine)


# Since when --------------------------------------------------------------------------------------


async def test_a_first_answer_is_a_snapshot_and_the_next_goes_on(world: World):
    await put(world, ended(world))
    first = await frame_of(world)
    await put(world, an_event(), ended(world), an_event(), ended(world))
    second = await frame_of(world, first.tag)
    third = await frame_of(world, second.tag)
    assert [(len(each.events), each.is_snapshot) for each in (first, second, third)] == [
        (1, True),
        (2, False),
        (0, False),
    ]
    assert third.tag == second.tag
    assert [event.position for event in second.events] == sorted(event.position for event in second.events)


NO_PLACES = (
    *("", "x", "-1", "7", "{epoch}", "{epoch}-", "{epoch}--1", "{epoch}-1 ", "{epoch}-+1", "{epoch}-٣", "{epoch}-1e3"),
    *("other-1", "{epoch}0-1", "{epoch}-999999", "{epoch}-9999999999999999", "{epoch}-1\n", '"{epoch}-1"'),
)


@pytest.mark.parametrize("since", NO_PLACES)
async def test_what_is_no_place_in_this_log_gets_a_snapshot(world: World, since):
    await put(world, ended(world))
    known = await frame_of(world)
    frame = await frame_of(world, since.format(epoch=known.epoch))
    assert frame.is_snapshot
    assert frame.events == known.events


async def test_a_reader_that_was_away_for_longer_than_tokens_live_begins_anew(world: World):
    await put(world, ended(world))
    known = await frame_of(world)
    world.clock.tick(1)
    await put(world, ended(world))
    world.clock.tick(DAY_MS)
    await put(world, ended(world))
    frame = await frame_of(world, known.tag)
    assert frame.is_snapshot
    assert len(frame.events) == 1


async def test_a_quiet_year_is_no_reason_to_begin_anew(world: World):
    await put(world, ended(world))
    known = await frame_of(world)
    for days in (1, 300, 400):
        world.clock.tick(days * DAY_MS)
        await put(world, an_event(at_ms=world.clock.now_ms()))
        async with world.house.store.transaction(world.app.id) as tx:
            await tx.upkeep.sweep(world.clock.now_ms(), 365 * DAY_MS, 100)
        assert not (await frame_of(world, known.tag)).is_snapshot
        assert (await frame_of(world, known.tag)).tag == known.tag
    await put(world, ended(world))
    frame = await frame_of(world, known.tag)
    assert len(frame.events) == 1
    assert frame.cursor > known.cursor


async def test_a_server_that_starts_again_tells_everything_anew(world: World):
    """While it was down the database may have been replaced by an older copy of itself."""
    house = world.house
    await put(world, ended(world))
    known = await frame_of(world)
    world.clock.tick(1)
    again = Revocations(house.store, house.clock, house.signing_keys, house.tokens, house.clock.now_ms())
    frame = await again.read(world.app, known.tag)
    assert frame.is_snapshot
    assert frame.epoch != known.epoch
    assert frame.events == known.events


async def test_an_entry_is_told_as_long_as_a_token_can_live(world: World):
    await put(world, ended(world))
    window_s = world.app.policy.longest_access_s
    world.clock.tick(window_s * SECOND_MS - 1)
    assert len((await frame_of(world)).events) == 1
    world.clock.tick(1)
    assert (await frame_of(world)).events == ()


async def test_events_of_concurrent_work_may_be_older_than_those_before_them(world: World):
    """An event carries the time at which its work began; its place is that of its commit."""
    now_ms = world.clock.now_ms()
    await put(world, an_event(at_ms=now_ms), ended(world, at_ms=now_ms - 30_000))
    world.clock.tick(world.app.policy.longest_access_s * SECOND_MS - 31_000)
    assert len((await frame_of(world)).events) == 1


# A lifetime that changes -------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["ACCESS_TOKEN_LIFETIME", "SLIDING_TOKEN_LIFETIME", "LEEWAY"])
async def test_a_lowered_lifetime_forgets_nothing_that_still_lives(world: World, field):
    world.clock.tick(1)
    long, short = (60, 0) if field == "LEEWAY" else (7_200, 300)
    await world.house.apps.set_policy(world.app, field, long, ORIGIN)
    world.clock.tick(2 * DAY_MS)
    assert (await frame_of(world)).window_s == (360 if field == "LEEWAY" else long)
    await put(world, ended(world))
    await world.house.apps.set_policy(world.app, field, short, ORIGIN)
    world.clock.tick(min(long, 359) * SECOND_MS)
    assert len((await frame_of(world)).events) == 1
    assert (await frame_of(world)).window_s == ACCESS_MOST_S
    world.clock.tick(ACCESS_MOST_S * SECOND_MS)
    assert (await frame_of(world)).window_s == 300


async def test_the_lifetimes_an_app_began_with_are_believed(tmp_path):
    world = await World.open(tmp_path, Policy(ACCESS_TOKEN_LIFETIME=600))
    assert (await frame_of(world)).window_s == 600
    await world.close()


# Much at once ------------------------------------------------------------------------------------


async def walk(world: World, since: str = ""):
    """Read until there is no more; answers the frames."""
    frames = [await frame_of(world, since)]
    while frames[-1].has_more:
        frames.append(await frame_of(world, frames[-1].tag))
    return frames


async def test_a_long_snapshot_comes_in_pieces_that_go_on_where_the_last_one_stopped(world: World):
    made = [ended(world) for _ in range(2 * ENTRIES + 3)]
    await put(world, *made)
    frames = await walk(world)
    assert [len(each.events) for each in frames] == [ENTRIES, ENTRIES, 3]
    assert [each.is_snapshot for each in frames] == [True, False, False]
    assert [event.id for each in frames for event in each.events] == [event.id for event in made]


async def test_big_entries_make_smaller_pieces(world: World):
    payload = json.dumps({"roles": json.dumps(["r" * 150] * 100)})
    roles = [ended(world, type=EventType.USER_ROLES_CHANGED, payload=payload) for _ in range(100)]
    await put(world, *roles)
    frames = await walk(world)
    assert len(frames) > 1
    assert [event.id for each in frames for event in each.events] == [event.id for event in roles]
    for frame in frames:
        assert len(await world.house.revocations.sign(world.app, frame, Secret("ak"))) < 2 * TEXT_BYTES


async def test_old_entries_at_the_edge_of_the_window_do_not_keep_a_reader_in_a_circle(world: World):
    """They stand behind the place where a snapshot begins, and fill whole pieces without being told."""
    now_ms, window_ms = world.clock.now_ms(), world.app.policy.longest_access_s * SECOND_MS
    await put(world, *[ended(world, at_ms=now_ms - window_ms - 30_000) for _ in range(ENTRIES + 1)], ended(world))
    frames = await walk(world)
    assert [len(each.events) for each in frames] == [0, 1]


async def test_nothing_is_missed_between_two_answers(world: World):
    """A reader that follows knows in the end what a snapshot would tell."""
    followed, since = [], (await frame_of(world)).tag
    for step in range(60):
        world.clock.tick(777)
        await put(world, *[ended(world) if (step + n) % 3 else an_event() for n in range(step % 4)])
        if step % 5 == 0:
            frames = await walk(world, since)
            since = frames[-1].tag
            followed += [event.id for each in frames for event in each.events]
    followed += [event.id for each in await walk(world, since) for event in each.events]
    assert followed == [event.id for event in (await frame_of(world)).events]
    assert len(followed) == len(set(followed)) > 50


async def test_the_feeds_of_two_apps_are_apart(world: World):
    other = await world.house.apps.create("Other", world.app.environment, Policy(), ORIGIN)
    await put(world, ended(world))
    frame = await world.house.revocations.read(other, "")
    assert frame.events == ()
    assert len(await world.house.signing_keys.published(other)) == 2
    current = (await world.house.signing_keys.all(other))[0]
    assert current.state in set(KeyState)
