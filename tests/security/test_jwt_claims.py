"""JWT-4: what a token says must be ours, for us, and in time. Source: RFC 8725 sections 3.8 to 3.11, RFC 7519, R139.

Every token here is well signed with the app's own key: the signature saves nobody.
"""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.protocols.simplejwt.calls import create, pair, profile, set_policy
from tests.security.forgery import GONE, Forger
from tests.world import ORIGIN, World
from vestibule.core.apps.model import Environment
from vestibule.core.apps.policy import Policy
from vestibule.core.tokens.model import TokenType
from vestibule.kernel.secret import Secret

STRANGE = [GONE, None, True, False, [], {}, "", "x", 1.5, -1]
"""What is no text, or a text that means nothing here, and no instant either."""
HUGE = [2**40, 2**53 - 1, 2**53, 10**30, 1e300]


@pytest.fixture
async def world(tmp_path):
    world = await World.open(tmp_path)
    await create(world)
    await create(world, "eve")
    yield world
    await world.close()


def now_s(world):
    return world.clock.now_ms() // 1000


async def test_nothing_changed_is_taken(world):
    forger = await Forger.of(world)
    assert await forger.opens(forger.token())
    assert await forger.opens(forger.token({"typ": GONE}))


# iss ------------------------------------------------------------------------------------------------


async def test_the_issuer_is_compared_to_the_letter(world):
    """R139; CVE-2024-53861: neither a part of it, nor a list with it, nor another spelling."""
    forger = await Forger.of(world)
    own = forger.claims["iss"]
    other = await world.house.apps.create("Other", Environment.DEVELOPMENT, Policy(), ORIGIN)
    cases = [
        own[:-1],
        own[1:],
        own[:5],
        f"{own}/",
        f"{own} ",
        f" {own}",
        f"{own}\0",
        f"{own}#",
        own.upper(),
        [own],
        {own: 1},
    ]
    cases += [
        own.replace("http", "https"),
        own.replace(world.app.id, other.id),
        own.replace(f"/e:{world.app.id}", ""),
        *STRANGE,
    ]
    for issuer in cases:
        assert issuer != own
        assert not await forger.is_taken_anywhere(forger.token(claims={"iss": issuer})), issuer


async def test_an_issuer_of_the_policy_replaces_the_address(world):
    forger = await Forger.of(world)
    await set_policy(world, ISSUER="https://id.acme.test")
    assert not await forger.opens(forger.genuine)
    assert await forger.opens(forger.token(claims={"iss": "https://id.acme.test"}))
    assert not await forger.opens(forger.token(claims={"iss": "https://id.acme.test.evil.test"}))


async def test_a_neighbouring_app_does_not_take_it_even_with_the_same_key(world):
    """Two apps whose operator pasted one key: the issuer keeps them apart."""
    forger = await Forger.of(world)
    other = await world.house.apps.create("Other", Environment.DEVELOPMENT, Policy(), ORIGIN)
    await world.house.signing_keys.bring(other, "ES256", Secret(forger.private), ORIGIN)
    (kid, _), home = await world.house.signing_keys.current(other, "ES256"), world.app
    world.app = other
    for token in (
        forger.genuine,
        forger.token({"kid": kid}),
        forger.token({"kid": kid}, {"iss": world.house.env_url(other.id)}),
    ):
        assert not await forger.is_taken_anywhere(token)
    world.app = home
    assert await forger.opens(forger.genuine)


# aud ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("audience", ["api", ["api"], [], "", [None], {}, 0, None])
async def test_a_token_for_somebody_else_is_refused_by_an_app_without_audience(world, audience):
    """RFC 7519 section 4.1.3: whoever does not find itself there must not take it; `null` is nobody."""
    forger = await Forger.of(world)
    assert await forger.opens(forger.token(claims={"aud": audience})) == (audience is None)


async def test_the_audience_is_a_member_to_the_letter(world):
    await set_policy(world, AUDIENCE=["api", "web"])
    forger = await Forger.of(world)
    assert forger.claims["aud"] == ["api", "web"]
    taken: list[Any] = ["api", "web", ["api"], ["x", "web"], ["api", 1, None]]
    for audience in taken:
        assert await forger.opens(forger.token(claims={"aud": audience})), audience
    refused = [
        "ap",
        "apis",
        "API",
        " api",
        "api web",
        "api,web",
        ["ap"],
        ["other"],
        [["api"]],
        {"api": 1},
        [{"api": 1}],
    ]
    for audience in [*refused, *STRANGE]:
        assert not await forger.is_taken_anywhere(forger.token(claims={"aud": audience})), audience


# exp, iat, nbf --------------------------------------------------------------------------------------


async def test_a_token_has_an_end(world):
    forger = await Forger.of(world)
    now = now_s(world)
    for end in (*STRANGE, *HUGE, str(now + 60), now + 60.5, [now + 60], {"value": now + 60}, 0, now - 1, now):
        assert not await forger.is_taken_anywhere(forger.token(claims={"exp": end})), end
    for text in ("NaN", "Infinity", "-Infinity", "1e999"):
        body = json.dumps({**forger.claims, "exp": 0}).replace('"exp": 0', f'"exp": {text}')
        assert not await forger.opens(forger.token(claims=body)), text
    assert await forger.opens(forger.token(claims={"exp": now + 1}))


@pytest.mark.parametrize("leeway_s", [0, 10, 60])
async def test_an_end_is_kept_to_the_second(world, leeway_s):
    await set_policy(world, LEEWAY=leeway_s)
    forger = await Forger.of(world)
    now = now_s(world)
    assert await forger.opens(forger.token(claims={"exp": now - leeway_s + 1}))
    assert not await forger.opens(forger.token(claims={"exp": now - leeway_s}))


async def test_a_genuine_token_ends_by_itself(world):
    tokens = await pair(world)
    world.clock.tick(299_000)
    assert (await profile(world, tokens["access"])).status_code == 200
    world.clock.tick(1_000)
    answer = await profile(world, tokens["access"])
    assert answer.status_code == 401
    assert answer.json()["messages"][0]["message"] == "Token is expired"


@pytest.mark.parametrize("name", ["iat", "nbf"])
@pytest.mark.parametrize("leeway_s", [0, 30])
async def test_a_token_does_not_begin_later(world, name, leeway_s):
    await set_policy(world, LEEWAY=leeway_s)
    forger = await Forger.of(world)
    now = now_s(world)
    for start in (now + leeway_s + 1, now + 3_600, *HUGE, str(now), 1.5, [now], -1, None, True, "x", {}):
        assert not await forger.is_taken_anywhere(forger.token(claims={name: start})), start
    for start in (now + leeway_s, now, 0):
        assert await forger.opens(forger.token(claims={name: start})), start


async def test_a_token_says_when_it_was_issued(world):
    forger = await Forger.of(world)
    assert not await forger.is_taken_anywhere(forger.token(claims={"iat": GONE}))


# typ, token_type ------------------------------------------------------------------------------------

TYPES = [
    "at+jwt",
    "dpop+jwt",
    "logout+jwt",
    "revocations+jwt",
    "secevent+jwt",
    "JOSE",
    "jwt",
    "JWT ",
    "",
    None,
    1,
    ["JWT"],
    True,
]


@pytest.mark.parametrize("typ", TYPES)
async def test_the_sort_of_token_stands_in_its_header(world, typ):
    forger = await Forger.of(world)
    assert not await forger.is_taken_anywhere(forger.token({"typ": typ}))


async def test_a_token_of_no_type_is_for_nothing(world):
    forger = await Forger.of(world)
    for kind in (*STRANGE, "ACCESS", "access ", "id", ["access"], ["access", "refresh"], {"access": 1}):
        assert not await forger.is_taken_anywhere(forger.token(claims={"token_type": kind})), kind


# sub, sid, jti --------------------------------------------------------------------------------------


async def test_a_token_names_a_user_a_session_and_itself(world):
    forger = await Forger.of(world)
    for name in ("sub", "sid", "jti"):
        own = forger.claims[name]
        near = (own[:-1], f"{own}0", own.upper() + "!", [own], {own: 1}, "0" * len(own), "'; --", own[:-1] + "%")
        for value in (*STRANGE, *near, 7, 10**20):
            assert not await forger.is_taken_anywhere(forger.token(claims={name: value})), (name, value)


async def test_a_session_is_of_its_user(world):
    forger = await Forger.of(world)
    eve = replace(forger, genuine=(await pair(world, "eve"))["access"])
    for names in (("sub",), ("sid",), ("sid", "jti"), ("sub", "jti")):
        taken = {name: eve.claims[name] for name in names}
        assert not await forger.is_taken_anywhere(forger.token(claims=taken)), names


async def test_a_user_id_of_the_model_opens_nobody_elses_door(world):
    """`user_id` is for others; ours is `sub`."""
    forger = await Forger.of(world)
    eve = await create(world, "mallory")
    token = forger.token(claims={"user_id": eve.user.id, "username": "mallory"})
    answer = await profile(world, token)
    assert answer.json()["user"]["username"] == "ada"


async def test_a_token_knows_its_own_number(world):
    """`jti` belongs to type, session and generation: none can be put in place of another."""
    forger, house, app = await Forger.of(world), world.house, world.app
    session = forger.claims["sid"]
    jti = house.tokens.jti
    assert forger.claims["jti"] == jti(app, TokenType.ACCESS, session, 0)
    others = [jti(app, TokenType.REFRESH, session, 0), jti(app, TokenType.SLIDING, session, 0)]
    others += [
        jti(app, TokenType.ACCESS, "0" * 24, 0),
        f"00000001{forger.claims['jti'][8:]}",
        f"+0000000{forger.claims['jti'][8:]}",
    ]
    others += [
        f"0x000000{forger.claims['jti'][8:]}",
        f"0000_000{forger.claims['jti'][8:]}",
        forger.claims["jti"].upper(),
    ]
    for other in others:
        assert other != forger.claims["jti"]
        assert not await forger.is_taken_anywhere(forger.token(claims={"jti": other})), other


# The JSON itself ------------------------------------------------------------------------------------


async def test_claims_are_one_plain_object(world):
    forger = await Forger.of(world)
    body = json.dumps(forger.claims)
    broken = [
        f"{body[:-1]},{name}:{value}}}"
        for name, value in (('"sub"', '"x"'), ('"exp"', "9999999999"), ('"is\\u0073"', '"x"'))
    ]
    broken += [
        f"[{body}]",
        f"{body}{body}",
        f"{body[:-1]},}}",
        body[:-1],
        "",
        "null",
        "[]",
        '"x"',
        f"\ufeff{body}",
        f"{body}\0",
    ]
    broken += [f'{body[:-1]},"a":{"[" * 9}{"]" * 9}}}', f'{body[:-1]},"a":"\\ud800"}}', f'{body[:-1]},"a":1e999}}']
    for claims in broken:
        assert not await forger.is_taken_anywhere(forger.token(claims=claims)), claims
    for encoding in ("utf-16", "utf-32", "utf-8-sig"):
        assert not await forger.opens(forger.token(claims=body.encode(encoding)))
    assert await forger.opens(forger.token(claims=body))
