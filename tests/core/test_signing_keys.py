"""Signing keys: published before they sign, published while what they signed lives; sealed, and turned unnoticed."""

import json
import random
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.checks import events, position, refused, rows
from tests.world import ORIGIN, PASSWORD, World, together
from vestibule.adapters.keyring import Ring
from vestibule.core.admin.rotation import rotate as turn_master_key
from vestibule.core.apps.policy import Policy
from vestibule.core.tokens.dpop import Presenter
from vestibule.core.tokens.keys import PUBLISHED_S
from vestibule.core.tokens.model import SHARED, KeyState, TokenType
from vestibule.kernel.clock import DAY_MS, MINUTE_MS, SECOND_MS
from vestibule.kernel.errors import Code, DomainError
from vestibule.kernel.jwt import read_jwt
from vestibule.kernel.secret import Secret

ADA, HERE = "ada@acme.test", Presenter("Firefox")
SECRET = Secret("q9-Vn3R_7uK2yTz0LwXe5cBh8mJd1sAf6gPoIiUv")
PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def pem(key) -> str:
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*kinds).decode()


def public_pem(key) -> str:
    kinds = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(*kinds).decode()


async def states(world: World, algorithm: str = "ES256"):
    keys = await world.house.signing_keys.all(world.app)
    return {state: [key.id for key in keys if key.state is state and key.algorithm == algorithm] for state in KeyState}


async def published(world: World):
    return {jwk["kid"]: jwk for jwk in await world.house.signing_keys.published(world.app)}


async def rotate(world: World, *, is_emergency: bool = False):
    await world.house.signing_keys.rotate(world.app, ORIGIN, is_emergency=is_emergency)


async def choose(world: World, name: str, value: object):
    world.app = await world.house.apps.set_policy(world.app, name, value, ORIGIN)


async def sign_in(world: World):
    return await world.house.families.sign_in(world.app, ADA, Secret(PASSWORD), HERE, ORIGIN)


async def is_taken(world: World, token: str) -> bool:
    try:
        await world.house.families.authenticate(world.app, token, TokenType.ACCESS)
    except DomainError:
        return False
    return True


def header_of(token: str):
    jwt = read_jwt(token)
    assert jwt is not None
    return jwt.header


# What is published -------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256", "HS256"])
async def test_public_halves_alone_are_published(tmp_path, algorithm):
    world = await World.open(tmp_path, Policy(ALGORITHM=algorithm))
    keys = await published(world)
    kinds = {jwk["alg"] for jwk in keys.values()}
    assert kinds == {"ES256", algorithm} - SHARED, "the feed is signed with ES256 whatever signs the tokens"
    assert len(keys) == 2 * len(kinds), "the next one of each, too"
    for jwk in keys.values():
        assert not PRIVATE_MEMBERS & jwk.keys()
        assert jwk["use"] == "sig"
    await world.close()


async def test_a_shared_secret_is_never_published(world: World):
    await world.house.signing_keys.bring(world.app, "HS512", Secret(2 * SECRET.reveal()), ORIGIN)
    await choose(world, "ALGORITHM", "HS512")
    text = json.dumps(await world.house.signing_keys.published(world.app))
    assert "oct" not in text
    assert SECRET.reveal() not in text
    assert rows(world, "SELECT public FROM signing_key WHERE algorithm = 'HS512'") == [""]
    assert SECRET.reveal() not in json.dumps(rows(world, "SELECT * FROM signing_key"))


async def test_concurrent_first_requests_make_one_key_of_each_state(world: World):
    answers = await together(20, lambda: world.house.signing_keys.published(world.app))
    assert [answer for answer in answers if isinstance(answer, BaseException)] == []
    found = await states(world)
    assert [len(found[state]) for state in (KeyState.CURRENT, KeyState.NEXT)] == [1, 1]


# Turning -----------------------------------------------------------------------------------------


async def test_next_becomes_current_and_current_retires(world: World):
    await published(world)
    before = await states(world)
    world.clock.tick(PUBLISHED_S * SECOND_MS)
    place = position(world)
    await rotate(world)
    after = await states(world)
    assert after[KeyState.CURRENT] == before[KeyState.NEXT]
    assert after[KeyState.RETIRED] == before[KeyState.CURRENT]
    assert len(after[KeyState.NEXT]) == 1
    assert events(world, place) == {"signing_key.rotated": 1}


async def test_a_key_that_others_may_not_have_read_yet_does_not_sign(world: World):
    await published(world)
    before = await states(world)
    world.clock.tick(PUBLISHED_S * SECOND_MS - 1)
    with refused(Code.KEY_TOO_YOUNG, retry_after_s=1):
        await rotate(world)
    assert await states(world) == before


async def test_one_young_key_keeps_all_of_them(world: World):
    """Of two algorithms in use neither turns without the other."""
    await published(world)
    world.clock.tick(PUBLISHED_S * SECOND_MS)
    await choose(world, "ALGORITHM", "EdDSA")
    before = await states(world)
    with refused(Code.KEY_TOO_YOUNG):
        await rotate(world)
    assert await states(world) == before


async def test_of_concurrent_turns_one_happens(world: World):
    await published(world)
    world.clock.tick(PUBLISHED_S * SECOND_MS)
    answers = await together(5, lambda: rotate(world))
    assert answers.count(None) == 1
    assert [len(each) for each in (await states(world)).values()] == [1, 1, 1]


async def test_a_retired_key_is_published_as_long_as_a_token_of_it_can_live(world: World):
    await published(world)
    old = (await states(world))[KeyState.CURRENT][0]
    world.clock.tick(PUBLISHED_S * SECOND_MS)
    await rotate(world)
    world.clock.tick(world.app.policy.longest_token_s * SECOND_MS - 1)
    assert old in await published(world)
    world.clock.tick(1)
    assert old not in await published(world)


async def test_keys_of_an_algorithm_that_was_given_up_are_put_away_with_the_next_turn(world: World):
    await published(world)
    await choose(world, "ALGORITHM", "EdDSA")
    await world.user(ADA)
    pair = await sign_in(world)
    world.clock.tick(PUBLISHED_S * SECOND_MS - MINUTE_MS)
    await choose(world, "ALGORITHM", "ES256")
    world.clock.tick(MINUTE_MS)
    await rotate(world)
    found = await states(world, "EdDSA")
    assert [len(found[state]) for state in (KeyState.NEXT, KeyState.CURRENT, KeyState.RETIRED)] == [0, 0, 1]
    assert (await world.house.families.refresh(world.app, pair.refresh, HERE, ORIGIN)).access


@dataclass
class Verifier:
    """A service that keeps the published keys for five minutes, and never asks before that."""

    world: World
    keys: dict[str, dict[str, object]] = field(default_factory=dict)
    read_at_ms: int = -(10**15)

    async def takes(self, token: str) -> bool:
        now_ms = self.world.clock.now_ms()
        if now_ms - self.read_at_ms >= PUBLISHED_S * SECOND_MS:
            self.keys, self.read_at_ms = await published(self.world), now_ms
        jwk = self.keys.get(str(header_of(token)["kid"]))
        maker = self.world.house.signing_keys.maker
        return jwk is not None and maker.load_public("ES256", jwk).verify(token)


async def test_ten_turns_are_noticed_by_nobody(world: World):
    """Families refresh at their own pace; services verify from caches of any age; every five minutes a key turns."""
    dice = random.Random(7)
    await world.user(ADA)
    families = []
    for _ in range(5):
        families.append(await sign_in(world))
        world.clock.tick(7_000)
    verifiers = [Verifier(world) for _ in range(4)]
    idle = await sign_in(world)
    turns, next_turn_ms, used = 0, world.clock.now_ms() + PUBLISHED_S * SECOND_MS, set()
    while turns < 10:
        world.clock.tick(dice.randrange(1_000, 20_000))
        if world.clock.now_ms() >= next_turn_ms:
            await rotate(world)
            turns, next_turn_ms = turns + 1, world.clock.now_ms() + PUBLISHED_S * SECOND_MS
        place = dice.randrange(len(families))
        families[place] = await world.house.families.refresh(world.app, families[place].refresh, HERE, ORIGIN)
        token = families[place].access
        used.add(header_of(token)["kid"])
        assert await is_taken(world, token)
        assert await dice.choice(verifiers).takes(token)
    assert len(used) == 11
    assert (await world.house.families.refresh(world.app, idle.refresh, HERE, ORIGIN)).access, "slept through all turns"


# Emergency ---------------------------------------------------------------------------------------


async def test_in_an_emergency_what_was_signed_is_refused_at_once(world: World):
    await world.user(ADA)
    pair = await sign_in(world)
    before = await states(world)
    await rotate(world, is_emergency=True)
    after = await states(world)
    assert after[KeyState.CURRENT] == before[KeyState.NEXT]
    assert after[KeyState.RETIRED] == []
    assert before[KeyState.CURRENT][0] not in await published(world)
    assert not await is_taken(world, pair.access)
    with refused(Code.TOKEN_INVALID):
        await world.house.families.refresh(world.app, pair.refresh, HERE, ORIGIN)
    assert await is_taken(world, (await sign_in(world)).access)


async def test_an_emergency_waits_for_nothing_and_drops_what_was_given_up(world: World):
    await world.user(ADA)
    await choose(world, "ALGORITHM", "EdDSA")
    pair = await sign_in(world)
    await choose(world, "ALGORITHM", "ES256")
    await rotate(world, is_emergency=True)
    assert {jwk["alg"] for jwk in (await published(world)).values()} == {"ES256"}
    assert not await is_taken(world, pair.access)


async def test_a_shared_secret_is_not_turned_in_an_emergency_but_replaced(world: World):
    """Nothing is forgotten by half: nobody here can make a secret that services know."""
    await world.user(ADA)
    bring = world.house.signing_keys.bring
    await bring(world.app, "HS256", SECRET, ORIGIN)
    await choose(world, "ALGORITHM", "HS256")
    older = await sign_in(world)
    await published(world)
    await bring(world.app, "HS512", Secret(2 * SECRET.reveal()), ORIGIN)
    await choose(world, "ALGORITHM", "HS512")
    world.clock.tick(PUBLISHED_S * SECOND_MS)
    await rotate(world)
    assert await is_taken(world, (await sign_in(world)).access)
    before = rows(world, "SELECT * FROM signing_key ORDER BY id")
    with refused(Code.KEY_SHARED, algorithm="HS512"):
        await rotate(world, is_emergency=True)
    assert rows(world, "SELECT * FROM signing_key ORDER BY id") == before
    leaked = await sign_in(world)
    key_id = await bring(world.app, "HS512", Secret(2 * SECRET.reveal()[::-1]), ORIGIN, is_emergency=True)
    assert rows(world, "SELECT id FROM signing_key WHERE public = ''") == [key_id]
    assert not await is_taken(world, leaked.access)
    with refused(Code.TOKEN_INVALID):
        await world.house.families.refresh(world.app, older.refresh, HERE, ORIGIN)
    assert await is_taken(world, (await sign_in(world)).access)


async def test_without_its_secret_an_app_signs_nothing_and_says_so(tmp_path):
    """A database whose policy names a shared secret that is not there."""
    world = await World.open(tmp_path, Policy(ALGORITHM="HS256"))
    await world.user(ADA)
    with refused(Code.KEY_MISSING, algorithm="HS256"):
        await sign_in(world)
    assert {jwk["alg"] for jwk in (await published(world)).values()} == {"ES256"}
    await world.close()


# One's own keys ----------------------------------------------------------------------------------


async def test_a_key_of_ones_own_signs_from_now_on_and_the_old_one_verifies(world: World):
    await world.user(ADA)
    old = await sign_in(world)
    own = ec.generate_private_key(ec.SECP256R1())
    key_id = await world.house.signing_keys.bring(world.app, "ES256", Secret(pem(own)), ORIGIN)
    new = await sign_in(world)
    assert header_of(new.access)["kid"] == key_id
    assert await is_taken(world, old.access)
    assert await is_taken(world, new.access)
    assert await world.house.signing_keys.confirm(world.app, public_pem(own)) == key_id
    jwk = (await published(world))[key_id]
    assert await world.house.signing_keys.confirm(world.app, json.dumps(jwk)) == key_id


async def test_a_shared_secret_is_replaced_and_the_old_one_dropped_if_asked(world: World):
    await world.user(ADA)
    bring = world.house.signing_keys.bring
    await bring(world.app, "HS256", SECRET, ORIGIN)
    await choose(world, "ALGORITHM", "HS256")
    first = await sign_in(world)
    await bring(world.app, "HS256", Secret(SECRET.reveal()[::-1]), ORIGIN)
    assert await is_taken(world, first.access)
    await bring(world.app, "HS256", Secret(SECRET.reveal().swapcase()), ORIGIN, is_emergency=True)
    assert not await is_taken(world, first.access)


def _curve():
    return ec.generate_private_key(ec.SECP256R1())


def _small():
    return rsa.generate_private_key(65537, 1024)


NO_KEYS = {
    "no such algorithm": ("none", SECRET.reveal, "ALGORITHM"),
    "too short": ("HS256", lambda: "short", "SIGNING_KEY"),
    "a phrase": ("HS256", lambda: 5 * "password", "SIGNING_KEY"),
    "a secret for a pair": ("ES256", SECRET.reveal, "SIGNING_KEY"),
    "of another type": ("RS256", lambda: pem(_curve()), "SIGNING_KEY"),
    "public": ("ES256", lambda: public_pem(_curve()), "SIGNING_KEY"),
    "weak": ("RS256", lambda: pem(_small()), "SIGNING_KEY"),
}


@pytest.mark.parametrize(("algorithm", "private", "field_"), NO_KEYS.values(), ids=NO_KEYS)
async def test_a_key_that_is_none_changes_nothing(world: World, algorithm, private, field_):
    await published(world)
    before = rows(world, "SELECT * FROM signing_key ORDER BY id")
    with refused(Code.FIELD_INVALID, field=field_):
        await world.house.signing_keys.bring(world.app, algorithm, Secret(private()), ORIGIN)
    assert rows(world, "SELECT * FROM signing_key ORDER BY id") == before


NOT_OURS = {
    "empty": str,
    "no key": lambda: "x",
    "no JWK": lambda: "{}",
    "half a JWK": lambda: '{"kty":"EC"}',
    "of another pair": lambda: public_pem(_curve()),
    "of another type": lambda: public_pem(_small()),
    "private": lambda: pem(_curve()),
}


@pytest.mark.parametrize("public", NOT_OURS.values(), ids=NOT_OURS)
async def test_a_public_key_that_belongs_to_another_is_refused(world: World, public):
    with refused(Code.FIELD_INVALID, field="VERIFYING_KEY"):
        await world.house.signing_keys.confirm(world.app, public())


async def test_a_shared_secret_has_no_public_half(world: World):
    await world.house.signing_keys.bring(world.app, "HS256", SECRET, ORIGIN)
    await choose(world, "ALGORITHM", "HS256")
    with refused(Code.FIELD_INVALID, field="VERIFYING_KEY"):
        await world.house.signing_keys.confirm(world.app, "x")


# The master key ----------------------------------------------------------------------------------


async def test_a_turn_of_the_master_key_seals_them_again(world: World):
    house = world.house
    await world.user(ADA)
    pair = await sign_in(world)
    before = dict(rows(world, "SELECT id, sealed FROM signing_key"))
    old = house.keys.current
    done = await turn_master_key(
        house.store, house.clock, house.audit, house.apps, house.signing_keys, house.keys, ORIGIN
    )
    after = dict(rows(world, "SELECT id, sealed FROM signing_key"))
    assert after.keys() == before.keys()
    assert all(f"{done.key_id}" in sealed and f"{old}." not in sealed for sealed in after.values())
    house.signing_keys.loaded.clear()
    assert await is_taken(world, pair.access)
    assert (await house.families.refresh(world.app, pair.refresh, HERE, ORIGIN)).access


async def test_a_key_whose_master_key_is_gone_does_not_stop_the_others(world: World):
    await published(world)
    ring = world.house.signing_keys.ring
    foreign = Ring.fresh(world.house.entropy)
    key = (await world.house.signing_keys.all(world.app))[0]
    async with world.house.store.transaction(world.app.id) as tx:
        await tx.signing_keys.reseal(key.id, key.sealed, foreign.seal(world.app.id, "x", b"x"))
    assert ring is not foreign
    assert await world.house.signing_keys.reseal(world.app) == 1


async def test_old_keys_are_swept_in_the_end(world: World):
    await published(world)
    world.clock.tick(PUBLISHED_S * SECOND_MS)
    await rotate(world)
    world.clock.tick(500 * DAY_MS)
    async with world.house.store.transaction(world.app.id) as tx:
        await tx.upkeep.sweep(world.clock.now_ms(), 365 * DAY_MS, 100)
    assert rows(world, "SELECT state FROM signing_key ORDER BY state") == ["current", "next"]
