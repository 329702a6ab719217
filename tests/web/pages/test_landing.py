"""Where the link of a mail lands: it works, or there is a way on."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.checks import code_of, rows
from tests.core.journeys import ADA, LINKED, NEW, mailed, redeem, reset
from tests.web.pages.browser import Browser, path_of
from tests.world import ORIGIN, REDIRECT, World
from vestibule.core.messages.model import Message
from vestibule.core.signin.mails import KINDS
from vestibule.core.signin.model import Purpose
from vestibule.kernel.clock import DAY_MS


def _path(mail: Message) -> str:
    assert mail.button is not None
    return path_of(mail.button[1])


@pytest.mark.parametrize("purpose", LINKED)
async def test_a_link_shows_who_asked_and_its_button_leads_into_the_app(world: World, browser: Browser, purpose):
    await browser.get(_path(await mailed(world, purpose)))
    assert (browser.last.status_code, browser.at[0]) == (200, "link")
    words = browser.page.words()
    for shown in ("Acme", "Firefox on Linux", ORIGIN.address, "UTC"):
        assert shown in words
    await browser.press("confirm")
    assert browser.location.startswith(REDIRECT)
    assert (browser.told["action"], browser.told["status"]) == (purpose, "200")
    if purpose is Purpose.CHANGE_EMAIL:
        assert "access_token" not in browser.told
    elif purpose is Purpose.RESET_PASSWORD:
        await reset(world, browser.told["access_token"])
    else:
        await redeem(world, browser.told["access_token"])


@pytest.mark.parametrize("purpose", LINKED)
async def test_the_link_of_an_app_gives_this_browser_no_session(world: World, browser: Browser, purpose):
    await browser.get(_path(await mailed(world, purpose)))
    await browser.press("confirm")
    assert "set-cookie" not in browser.last.headers


async def _expired(world: World, browser: Browser, path: str) -> None:
    world.clock.tick(DAY_MS)


async def _used(world: World, browser: Browser, path: str) -> None:
    await browser.get(path)
    await browser.press("confirm")


async def _superseded(world: World, browser: Browser, path: str) -> None:
    world.clock.tick(61_000)
    await world.house.links.send(world.app, Purpose.MAGIC_LINK, ADA, ORIGIN)


DEAD = {"expired": (_expired, 410, "400"), "used": (_used, 410, "400"), "superseded": (_superseded, 410, "400")}


@pytest.mark.parametrize("state", DEAD)
@pytest.mark.parametrize("way", ["get", "press"])
async def test_a_dead_link_says_why_and_tells_the_app(world: World, browser: Browser, state, way):
    kill, status, told = DEAD[state]
    path = _path(await mailed(world, Purpose.MAGIC_LINK))
    await browser.get(path)
    action, values = browser.form("confirm")
    await kill(world, browser, path)
    response = await (browser.get(path) if way == "get" else browser.post(action, values))
    assert response.status_code == status
    assert browser.at == ("link", state)
    [back] = [each["href"] for each in browser.page.all("a") if (each["href"] or "").startswith(REDIRECT)]
    query = parse_qs(urlsplit(back or "").query)
    assert (query["status"], query["action"]) == ([told], ["magic-link"])
    assert query["error"][0]
    assert "access_token" not in query


async def test_an_expired_link_sends_a_new_one(world: World, browser: Browser):
    path = _path(await mailed(world, Purpose.MAGIC_LINK))
    world.clock.tick(DAY_MS)
    await browser.get(path)
    assert (await browser.press("resend")).status_code in {200, 410}
    await browser.get(_path(await world.mail(KINDS[Purpose.MAGIC_LINK], ADA)))
    assert browser.at == ("link", "magic-link")


async def test_a_dead_link_leads_to_e_mail_and_code(world: World, browser: Browser):
    path = _path(await mailed(world, Purpose.MAGIC_LINK))
    world.clock.tick(DAY_MS)
    await browser.get(path)
    hrefs = [each["href"] for each in browser.page.all("a")]
    assert f"/e:{world.app.id}/code?action=magic-link" in hrefs


@pytest.mark.parametrize("purpose", LINKED)
async def test_a_cut_link_takes_e_mail_and_code(world: World, browser: Browser, purpose):
    mail = await mailed(world, purpose)
    path, _, _ = _path(mail).partition("?")
    await browser.get(f"{path}?key=lk_{world.app.id}_cut&action={purpose}")
    assert browser.last.status_code in {400, 404}
    assert browser.at[0] == "link"
    email = NEW if purpose is Purpose.CHANGE_EMAIL else ADA
    await browser.press("verify", email=email, code=code_of(mail))
    assert browser.told["action"] == purpose


@pytest.mark.parametrize("cut", [1, 10, 43, 70])
async def test_a_truncated_key_is_malformed_and_leaves_the_link_alive(world: World, browser: Browser, cut):
    path = _path(await mailed(world, Purpose.MAGIC_LINK)).partition("&")[0]
    await browser.get(path[:-cut])
    assert browser.last.status_code in {400, 404}
    await browser.get(path)
    assert (browser.last.status_code, browser.at) == (200, ("link", "magic-link"))


async def test_a_custom_scheme_gets_its_query_too(world: World, browser: Browser):
    world.app = await world.house.apps.set_policy(world.app, "redirect_url", "acme://welcome", ORIGIN)
    await browser.get(_path(await mailed(world, Purpose.MAGIC_LINK)))
    await browser.press("confirm")
    assert browser.location.startswith("acme://welcome?access_token=gr_")


async def test_without_a_redirect_url_the_user_is_signed_in_here(world: World, browser: Browser):
    world.app = await world.house.apps.set_policy(world.app, "redirect_url", "", ORIGIN)
    await browser.get(_path(await mailed(world, Purpose.MAGIC_LINK)))
    await browser.press("confirm")
    await browser.follow()
    assert browser.at[0] == "signed-in"
    assert rows(world, "SELECT door FROM session") == ["pages"]
