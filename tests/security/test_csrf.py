"""Forms are taken from their own page only; reading never writes. Source: OWASP ASVS 3.5.1, 3.5.3; RFC 9700 section 4.7."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.checks import code_of, rows
from tests.core.journeys import ADA, LINKED, confirm, mailed
from tests.protocols.altogic.calls import another_app, signed_in
from tests.security.sweep import EVERYWHERE, visitor
from tests.web.pages.browser import Browser, browsing, path_of
from tests.world import ORIGIN, PASSWORD, World, link_token
from vestibule.core.messages.model import MessageKind
from vestibule.core.signin.model import Purpose
from vestibule.web.pages.door import LINK_PATH, PAGES
from vestibule.web.pages.visit import cookie_name

Form = tuple[str, dict[str, str]]


async def _sign_in(world: World, browser: Browser) -> Form:
    await world.user(ADA)
    await browser.get("/sign-in")
    path, values = browser.form("sign-in")
    return path, {**values, "identifier": ADA, "password": PASSWORD}


async def _sign_up(world: World, browser: Browser) -> Form:
    await browser.get("/sign-up")
    path, values = browser.form("sign-up")
    return path, {**values, "email": ADA, "password": PASSWORD, "name": "Ada"}


async def _code(world: World, browser: Browser) -> Form:
    mail = await mailed(world, Purpose.MAGIC_LINK)
    await browser.get("/code?action=magic-link")
    path, values = browser.form("verify")
    return path, {**values, "email": ADA, "code": code_of(mail)}


async def _recovery(world: World, browser: Browser) -> Form:
    await world.user(ADA)
    await browser.get("/recovery")
    path, values = browser.form("send-reset")
    return path, {**values, "email": ADA}


async def _reset(world: World, browser: Browser) -> Form:
    mail = await mailed(world, Purpose.RESET_PASSWORD)
    await browser.get("/code?action=reset-pwd")
    await browser.press("verify", email=ADA, code=code_of(mail))
    await browser.follow()
    path, values = browser.form("save")
    return path, {**values, "password": "a-brand-new-3-password"}


async def _come_in(world: World, browser: Browser) -> None:
    path, values = await _sign_in(world, browser)
    await browser.post(path, values)


async def _signed_in(world: World, browser: Browser) -> Form:
    await _come_in(world, browser)
    await browser.get("/signed-in")
    return browser.form("continue")


async def _sign_out(world: World, browser: Browser) -> Form:
    await _come_in(world, browser)
    await browser.get("/sign-out")
    return browser.form("sign-out")


async def _operator(world: World, browser: Browser) -> Form:
    token = await world.house.operators.link(await world.house.operators.ensure("op@acme.test", ORIGIN))
    await browser.get(f"/operator?key={token.reveal()}")
    return browser.form("open")


FORMS: dict[str, Callable[[World, Browser], Awaitable[Form]]] = {
    "/sign-in": _sign_in,
    "/sign-up": _sign_up,
    "/code": _code,
    "/recovery": _recovery,
    "/reset": _reset,
    "/signed-in": _signed_in,
    "/sign-out": _sign_out,
    "/operator": _operator,
}
TABLES = [
    "user",
    "identifier",
    "credential",
    "registration",
    "device",
    "attempt",
    "challenge",
    "session",
    "limit_key",
    "limit_hit",
    "limit_refusal",
    "failure_run",
    "event",
    "event_feed",
    "outbox",
    "bucket",
    "file",
    "file_usage",
    "app",
    "app_key",
    "policy",
]


def _database(world: World) -> dict[str, list[Any]]:
    return {table: rows(world, f'SELECT * FROM "{table}" ORDER BY 1, 2, 3') for table in TABLES}


def test_every_page_has_its_form():
    assert FORMS.keys() == PAGES.keys()


async def _other_flow(world: World, values: dict[str, str]) -> dict[str, str]:
    async with browsing(world) as thief:
        await thief.get("/sign-in")
        return {**values, "csrf": thief.form("sign-in")[1]["csrf"]}


async def _other_app(world: World, values: dict[str, str]) -> dict[str, str]:
    app, _ = await another_app(world)
    async with browsing(world) as thief:
        await thief.get(f"/e:{app.id}/sign-in")
        return {**values, "csrf": thief.form("sign-in")[1]["csrf"]}


async def _without(_: World, values: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name != "csrf"}


async def _empty(_: World, values: dict[str, str]) -> dict[str, str]:
    return {**values, "csrf": ""}


async def _cut(_: World, values: dict[str, str]) -> dict[str, str]:
    return {**values, "csrf": values["csrf"][:-1]}


async def _upper(_: World, values: dict[str, str]) -> dict[str, str]:
    return {**values, "csrf": values["csrf"].upper()}


async def _unicode(_: World, values: dict[str, str]) -> dict[str, str]:
    return {**values, "csrf": "é\x00" + values["csrf"]}


@pytest.mark.parametrize("tamper", [_without, _empty, _cut, _upper, _unicode, _other_flow, _other_app])
@pytest.mark.parametrize("page", FORMS)
async def test_a_form_without_its_own_token_does_nothing(world: World, page, tamper):
    async with browsing(world) as browser:
        path, values = await FORMS[page](world, browser)
        tampered = await tamper(world, values)
        before = _database(world)
        assert (await browser.post(path, tampered)).status_code == 403
        assert _database(world) == before
        assert (await browser.post(path, values)).status_code == 303, "and the right one still works"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "CROSS-SITE", "x"])
@pytest.mark.parametrize("page", FORMS)
async def test_a_form_from_another_site_does_nothing(world: World, page, site):
    async with browsing(world) as browser:
        path, values = await FORMS[page](world, browser)
        before = _database(world)
        assert (await browser.post(path, values, **{"Sec-Fetch-Site": site})).status_code == 403
        assert _database(world) == before


@pytest.mark.parametrize("site", ["same-origin", "none"])
@pytest.mark.parametrize("page", FORMS)
async def test_a_form_from_its_own_page_works(world: World, page, site):
    async with browsing(world) as browser:
        path, values = await FORMS[page](world, browser)
        assert (await browser.post(path, values, **{"Sec-Fetch-Site": site})).status_code == 303


@pytest.mark.parametrize("page", FORMS)
async def test_a_form_without_its_cookie_does_nothing(world: World, page):
    async with browsing(world) as browser:
        path, values = await FORMS[page](world, browser)
        before = _database(world)
        async with browsing(world) as elsewhere:
            assert (await elsewhere.post(path, values)).status_code == 403
        assert _database(world) == before


@pytest.mark.parametrize("page", FORMS)
async def test_the_token_does_not_go_by_query(world: World, page):
    async with browsing(world) as browser:
        path, values = await FORMS[page](world, browser)
        csrf = values.pop("csrf")
        assert (await browser.post(f"{path}?csrf={csrf}", values)).status_code == 403


@pytest.mark.parametrize("purpose", LINKED)
async def test_the_button_of_a_link_is_not_pressed_from_another_site(world: World, purpose):
    mail = await mailed(world, purpose)
    assert mail.button is not None
    async with browsing(world) as browser:
        await browser.get(path_of(mail.button[1]))
        path, values = browser.form("confirm")
        before = _database(world)
        assert (await browser.post(path, values, **{"Sec-Fetch-Site": "cross-site"})).status_code == 403
        assert _database(world) == before


async def test_an_attackers_link_signs_nobody_in_by_itself(world: World):
    """Login CSRF: the victim's browser opens the link, and nothing happens without the button."""
    mail = await mailed(world, Purpose.MAGIC_LINK)
    assert mail.button is not None
    async with browsing(world) as victim:
        await victim.get(path_of(mail.button[1]))
        assert "set-cookie" not in victim.last.headers
        await victim.get("/signed-in")
        assert victim.last.status_code == 303


# Reading never writes -----------------------------------------------------------------------------

WRITES_BY_GET = {"/_api/rest/v1/auth/grant"}
"""The client's protocol redeems an access token by GET; the token is single-use and needs a header."""


async def test_no_get_and_no_head_changes_a_row(world: World):
    token = await signed_in(world)
    key = link_token(await mailed_again(world))
    operator = await world.house.operators.link(await world.house.operators.ensure("op@acme.test", ORIGIN))
    world.app = await world.house.apps.set_policy(world.app, "redirect_allow", ["https://a.test/x"], ORIGIN)
    queries = [
        "",
        "?key=" + key,
        "?return_to=https://a.test/x",
        f"?key={operator.reveal()}",
        "?action=reset-pwd&notice=email-changed",
    ]
    cookies = f"{cookie_name(world.app.id)}={token}"
    before = _database(world)
    for headers in ({}, {"X-Client-Key": world.client_key, "Session": token, "Cookie": cookies}):
        async with visitor(world, **headers) as client:
            for path in EVERYWHERE:
                if path in WRITES_BY_GET:
                    continue
                for query in queries if "?" not in path else [""]:
                    for method in ("GET", "HEAD", "GET", "OPTIONS"):
                        response = await client.request(
                            method, f"/e:{world.app.id}{path}{query}" if "operator" not in path else f"{path}{query}"
                        )
                        assert response.status_code < 500
    assert _database(world) == before


async def mailed_again(world: World):
    """A magic link for a user that is there already."""
    await world.house.links.send(world.app, Purpose.MAGIC_LINK, ADA, ORIGIN)
    return await world.mail(MessageKind.MAGIC_LINK, ADA)


SCANNERS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "Safe Links": [("HEAD", {}), ("GET", {}), ("GET", {}), ("GET", {})],
    "prefetch": [("GET", {"Purpose": "prefetch", "Sec-Purpose": "prefetch"}), ("GET", {"Sec-Fetch-Mode": "no-cors"})],
    "preview": [
        ("GET", {"User-Agent": "facebookexternalhit/1.1"}),
        ("GET", {"Range": "bytes=0-1023"}),
        ("OPTIONS", {}),
    ],
    "probe": [("POST", {}), ("PUT", {}), ("DELETE", {}), ("TRACE", {}), ("PROPFIND", {})],
}


@pytest.mark.parametrize("scanner", SCANNERS)
@pytest.mark.parametrize("purpose", LINKED)
async def test_a_scanner_does_not_use_a_link_up(world: World, purpose, scanner):
    mail = await mailed(world, purpose)
    assert mail.button is not None
    async with visitor(world) as client:
        for method, headers in SCANNERS[scanner]:
            await client.request(method, path_of(mail.button[1]), headers=headers)
    await confirm(world, link_token(mail))


@pytest.mark.parametrize("purpose", LINKED)
async def test_the_page_of_a_link_leaks_its_key_to_nobody(world: World, purpose):
    mail = await mailed(world, purpose)
    assert mail.button is not None
    async with browsing(world) as browser:
        response = await browser.get(path_of(mail.button[1]))
        foreign = [each["href"] for each in browser.page.all("a") if (each["href"] or "").startswith("http")]
    assert (response.headers["referrer-policy"], response.headers["cache-control"]) == ("no-referrer", "no-store")
    assert not [href for href in foreign if link_token(mail) in (href or "")]
    assert LINK_PATH in mail.button[1]
