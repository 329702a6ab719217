"""Security headers on every answer, cookies on every page. Source: OWASP ASVS 3.3, 3.4, 13.4."""

from __future__ import annotations

from http.cookies import SimpleCookie

import httpx
import pytest

from tests.security.sweep import API_PATHS, EVERYWHERE, METHODS, PAGE_PATHS, visitor
from tests.web.pages.browser import Browser, browsing, path_of
from tests.world import ORIGIN, PASSWORD, World
from vestibule.core.messages.model import MessageKind

ADA = "ada@acme.test"
PUBLIC = {"/.well-known/jwks.json"}
"""What may be kept by anybody."""


def _directives(response: httpx.Response) -> dict[str, str]:
    pairs = (part.strip().partition(" ") for part in response.headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in pairs}


@pytest.mark.parametrize("mount", ["", "app"])
async def test_every_answer_is_dressed(world: World, mount):
    async with visitor(world, Origin="https://evil.test") as client:
        for path in EVERYWHERE:
            for method in METHODS:
                url = f"/e:{world.app.id}{path}" if mount else path
                response = await client.request(method, url)
                place = f"{method} {path}"
                assert response.status_code < 500, place
                assert response.headers["x-content-type-options"] == "nosniff", place
                assert response.headers["referrer-policy"] == "no-referrer", place
                assert response.headers["server"] == "vestibule", place
                assert len(response.headers["x-request-id"]) == 16, place
                is_public = path in PUBLIC and response.status_code == 200
                assert ("public" if is_public else "no-store") in response.headers.get("cache-control", ""), place
                assert "x-powered-by" not in response.headers, place
                if response.headers.get("content-type", "").startswith("text/html"):
                    _is_a_dressed_page(response, place)


def _is_a_dressed_page(response: httpx.Response, place: str) -> None:
    policy = _directives(response)
    assert policy["default-src"] == "'none'", place
    assert policy["frame-ancestors"] == "'none'", place
    assert policy["base-uri"] == "'none'", place
    assert policy["script-src"] == "'self'", place
    assert policy["style-src"] == "'self'", place
    assert "unsafe" not in response.headers["content-security-policy"], place
    assert "*" not in response.headers["content-security-policy"], place
    assert response.headers["x-frame-options"] == "DENY", place
    assert response.headers["cross-origin-opener-policy"] == "same-origin", place
    assert "access-control-allow-origin" not in response.headers, place


async def test_production_asks_for_https_for_a_year(tmp_path):
    world = await World.open(tmp_path, production=True)
    async with visitor(world) as client:
        for path in EVERYWHERE:
            response = await client.get(path)
            assert response.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
            assert (await client.get(f"/e:{world.app.id}{path}")).headers["strict-transport-security"]
    await world.close()


async def test_production_has_no_development_inbox(tmp_path):
    world = await World.open(tmp_path, production=True)
    async with visitor(world) as client:
        for path in ("/dev", "/dev/inbox", "/dev/inbox/latest", f"/e:{world.app.id}/dev/inbox"):
            assert (await client.get(path)).status_code == 404
    await world.close()


async def test_trace_is_off_everywhere(world: World):
    async with visitor(world) as client:
        for path in EVERYWHERE:
            response = await client.request("TRACE", path, headers={"X-Canary": "canary-4711"})
            assert response.status_code in {301, 401, 404, 405}, path
            assert "canary-4711" not in response.text


async def test_a_page_names_the_apps_own_place_as_its_only_foreign_target(world: World):
    async with browsing(world) as browser:
        for path in PAGE_PATHS:
            response = await browser.get(path)
            targets = _directives(response).get("form-action", "'self'").split()
            assert set(targets) <= {"'self'", "http://localhost:3000"}, path


@pytest.mark.parametrize(
    "host", ["evil.test", "evil.test:8000", "localhost.evil.test", "127.0.0.1.evil.test", "[::2]", "", "0.0.0.0"]
)
async def test_development_answers_to_this_machine_only(world: World, host):
    """Source: DNS rebinding; decision 8."""
    async with visitor(world) as client:
        for path in ("/sign-in", API_PATHS[0], "/dev/inbox"):
            assert (await client.get(path, headers={"Host": host})).status_code == 421


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8123", "127.0.0.1:8000", "[::1]:8000", "app.vestibule.localhost:8000"]
)
async def test_development_answers_to_all_names_of_this_machine(world: World, host):
    async with visitor(world) as client:
        assert (await client.get("/sign-in", headers={"Host": host})).status_code == 200


# Cookies ------------------------------------------------------------------------------------------


async def _whole_visit(world: World, browser: Browser) -> None:
    """Everything that may set a cookie: sign in by password and by mail, reset, sign out."""
    await world.user(ADA)
    await browser.get("/sign-in")
    await browser.press("sign-in", identifier=ADA, password="wrong-2-password-x")
    await browser.press("sign-in", identifier=ADA, password=PASSWORD)
    await browser.get("/sign-out")
    await browser.press("sign-out")
    await browser.get("/recovery")
    await browser.press("send-reset", email=ADA)
    mail = await world.mail(MessageKind.RESET)
    assert mail.button is not None
    await browser.get("/code?action=reset-pwd")
    assert mail.code is not None
    await browser.press("verify", code=mail.code)
    await browser.follow()
    await browser.press("save", password="a-brand-new-3-password")
    await browser.follow()
    token = await world.house.operators.link(await world.house.operators.ensure("op@acme.test", ORIGIN))
    await browser.get(f"/operator?key={token.reveal()}")
    await browser.press("open")
    assert path_of(mail.button[1])


async def test_every_cookie_has_every_attribute(world: World):
    async with browsing(world) as browser:
        await _whole_visit(world, browser)
        set_cookies = [each for answer in browser.answers for each in answer.headers.get_list("set-cookie")]
    purposes = set()
    for text in set_cookies:
        [(name, cookie)] = SimpleCookie(text).items()
        purposes.add(name.partition("-vb_")[2][24:])
        assert name.startswith("__Host-vb_")
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["path"] == "/"
        assert cookie["samesite"].lower() in {"lax", "strict"}
        assert not cookie["domain"]
        assert len(text) <= 4096
        assert "@" not in cookie.value
    assert purposes == {"", "_flow", "_device", "_reset"}


async def test_a_token_never_outlives_its_session_in_the_cookie(world: World):
    await world.user(ADA)
    async with browsing(world) as browser:
        await browser.get("/sign-in")
        await browser.press("sign-in", identifier=ADA, password=PASSWORD)
        [text] = [each for each in browser.last.headers.get_list("set-cookie") if "=ss_" in each]
    assert int(SimpleCookie(text).popitem()[1]["max-age"]) == 30 * 24 * 3600


async def test_a_cookie_that_was_planted_is_never_let_in(world: World):
    """Session fixation: what was there before is not what is there after. Source: OWASP ASVS 7.2.4."""
    await world.user(ADA)
    async with browsing(world) as browser:
        name = f"__Host-vb_{world.app.id}"
        planted = f"ss_{world.app.id}_{'A' * 43}"
        browser.client.cookies.set(name, planted, domain="localhost")
        await browser.get("/sign-in")
        flow = browser.client.cookies.get(f"{name}_flow")
        await browser.press("sign-in", identifier=ADA, password=PASSWORD)
        fresh = [each for each in browser.last.headers.get_list("set-cookie") if each.startswith(f"{name}=ss_")]
        assert len(fresh) == 1
        assert planted not in fresh[0]
        assert any(each.startswith(f'{name}_flow=""') for each in browser.last.headers.get_list("set-cookie"))
        await browser.get("/sign-out")
        assert browser.client.cookies.get(f"{name}_flow") != flow
    async with browsing(world) as thief:
        await thief.get("/signed-in", Cookie=f"{name}={planted}")
        assert thief.last.status_code == 303


async def test_every_sign_in_gives_another_token(world: World):
    await world.user(ADA)
    async with browsing(world) as browser:
        seen = set()
        for _ in range(3):
            await browser.get("/sign-in")
            await browser.press("sign-in", identifier=ADA, password=PASSWORD)
            seen.add(browser.client.cookies.get(f"__Host-vb_{world.app.id}"))
            await browser.get("/sign-out")
            await browser.press("sign-out")
    assert len(seen) == 3
