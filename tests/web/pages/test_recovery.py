"""Forgot password: mail, new password, sign in. Never a session."""

import pytest

from tests.checks import code_of, rows
from tests.web.pages.browser import Browser, browsing, path_of
from tests.world import PASSWORD, World
from vestibule.core.messages.model import MessageKind
from vestibule.kernel.clock import MINUTE_MS

ADA, NEW = "ada@acme.test", "a-brand-new-3-password"


async def _ask(browser: Browser, email: str = ADA) -> None:
    await browser.get("/recovery")
    await browser.press("send-reset", email=email)


async def _by_link(world: World, browser: Browser) -> None:
    mail = await world.mail(MessageKind.RESET, ADA)
    assert mail.button is not None
    await browser.get(path_of(mail.button[1]))
    await browser.press("confirm")
    await browser.follow()


async def test_the_way_by_link(world: World, browser: Browser):
    await world.user(ADA)
    await _ask(browser)
    await browser.follow()
    assert browser.last.status_code == 200
    await _by_link(world, browser)
    assert ADA in browser.last.text
    await browser.press("save", password=NEW)
    assert "/sign-in?notice=password-changed" in browser.location
    await browser.follow()
    assert browser.page.one("input", id="identifier")["value"] == ADA
    assert rows(world, "SELECT count(*) FROM session") == [0]
    await browser.press("sign-in", password=NEW)
    assert browser.location.endswith("/signed-in")


async def test_the_way_by_code_in_another_browser(world: World, browser: Browser):
    await world.user(ADA)
    await _ask(browser)
    async with browsing(world) as elsewhere:
        await elsewhere.get("/code?action=reset-pwd")
        await elsewhere.press("verify", email=ADA, code=code_of(await world.mail(MessageKind.RESET, ADA)))
        await elsewhere.follow()
        await elsewhere.press("save", password=NEW)
        assert "notice=password-changed" in elsewhere.location
    await world.sign_in(ADA, NEW)


async def test_known_and_unknown_lead_to_the_same_page(world: World, browser: Browser):
    await world.user(ADA)
    seen = []
    for email in (ADA, "bob@acme.test"):
        await _ask(browser, email)
        seen.append((browser.location, (await browser.follow()).status_code))
    assert seen[0] == seen[1]


async def test_a_bad_new_password_is_said_and_the_token_lives(world: World, browser: Browser):
    await world.user(ADA)
    await _ask(browser)
    await _by_link(world, browser)
    response = await browser.press("save", password="short")
    assert response.status_code == 422
    assert browser.page.one("input", id="password")["aria-invalid"] == "true"
    await browser.press("save", password=NEW)
    assert "notice=password-changed" in browser.location


async def test_a_session_of_this_browser_ends_too(world: World, browser: Browser):
    await world.user(ADA)
    await browser.get("/sign-in")
    await browser.press("sign-in", identifier=ADA, password=PASSWORD)
    await _ask(browser)
    await _by_link(world, browser)
    await browser.press("save", password=NEW)
    await browser.get("/signed-in")
    assert browser.location.endswith("/sign-in")


@pytest.mark.parametrize("wait_ms", [0, 11 * MINUTE_MS])
async def test_without_a_live_token_the_page_leads_back(world: World, browser: Browser, wait_ms):
    if wait_ms:
        await world.user(ADA)
        await _ask(browser)
        await _by_link(world, browser)
        world.clock.tick(wait_ms)
    response = await browser.get("/reset")
    assert response.status_code == 410
    assert f"/e:{world.app.id}/recovery" in response.text
    assert browser.page.all("input", id="password") == []


@pytest.mark.parametrize("email", ["", "no-address"])
async def test_what_is_no_address_is_said_at_the_field(world: World, browser: Browser, email):
    await _ask(browser, email)
    assert browser.last.status_code == 422
    assert browser.page.all("input", **{"aria-invalid": "true"})
