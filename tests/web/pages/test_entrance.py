"""Sign-in, sign-up and code pages."""

from urllib.parse import quote

import pytest

from tests.checks import code_of, rows
from tests.web.pages.browser import Browser, browsing, path_of
from tests.world import ORIGIN, PASSWORD, REDIRECT, World
from vestibule.core.messages.model import MessageKind

ADA = "ada@acme.test"
OTHER_APP = "https://shop.acme.test/in?x=1#part"


async def _sign_in(browser: Browser, email: str = ADA, password: str = PASSWORD):
    await browser.get("/sign-in")
    return await browser.press("sign-in", identifier=email, password=password)


async def test_signing_in_leads_to_the_signed_in_page(world: World, browser: Browser):
    await world.user(ADA)
    await _sign_in(browser)
    assert browser.location == f"/e:{world.app.id}/signed-in"
    await browser.follow()
    assert browser.at[0] == "signed-in"
    assert ADA in browser.page.words()


async def test_the_signed_in_page_leads_into_the_app_with_an_access_token(world: World, browser: Browser):
    user_id = await world.user(ADA)
    await _sign_in(browser)
    await browser.follow()
    await browser.press("continue")
    assert browser.location.startswith(REDIRECT.partition("?")[0])
    assert browser.told["keep"] == "1"
    opened = await world.house.grants.redeem(world.app, browser.told["access_token"], "key", ORIGIN)
    assert opened.person.user.id == user_id


@pytest.mark.parametrize("email", [ADA, "nobody@acme.test", "no address"])
async def test_wrong_and_unknown_read_the_same_and_keep_what_was_typed(world: World, browser: Browser, email):
    await world.user(ADA)
    response = await _sign_in(browser, email, "not-the-right-1-password")
    assert response.status_code == 401
    assert browser.page.one("input", id="identifier")["value"] == email
    assert browser.page.one("input", id="password").get("value") in {None, ""}
    assert "not-the-right-1-password" not in response.text


async def test_wrong_and_unknown_are_one_page_byte_for_byte(world: World, browser: Browser):
    await world.user(ADA)
    one = (await _sign_in(browser, ADA, "not-the-right-1-password")).text
    other = (await _sign_in(browser, "bob@acme.test", "not-the-right-1-password")).text
    assert one.replace(ADA, "X") == other.replace("bob@acme.test", "X")


@pytest.mark.parametrize(("email", "password", "bad"), [("", PASSWORD, "identifier"), (ADA, "", "password")])
async def test_a_missing_field_is_said_at_the_field(world: World, browser: Browser, email, password, bad):
    response = await _sign_in(browser, email, password)
    assert response.status_code == 422
    assert browser.page.one("input", id=bad)["aria-invalid"] == "true"


async def test_an_unconfirmed_address_is_led_to_its_code(world: World, browser: Browser):
    await world.sign_up(ADA)
    await _sign_in(browser)
    assert browser.last.status_code in {303, 422}
    await browser.get("/code")
    await browser.press("verify", code=code_of(await world.mail(MessageKind.VERIFY)))
    await browser.follow()
    assert ADA in browser.page.words()


async def test_a_limit_is_429_and_says_when(world: World, browser: Browser):
    await world.user(ADA)
    for _ in range(11):
        await _sign_in(browser, ADA, "not-the-right-1-password")
    assert browser.last.status_code == 429
    assert int(browser.last.headers["retry-after"]) > 0


@pytest.mark.parametrize("is_taken", [False, True])
async def test_signing_up_leads_to_the_same_page_for_a_fresh_and_a_taken_address(
    world: World, browser: Browser, is_taken
):
    if is_taken:
        await world.user(ADA)
    await browser.get("/sign-up")
    await browser.press("sign-up", email=ADA, name="Ada", password="another-fine-9-password")
    assert browser.location == f"/e:{world.app.id}/code"
    await browser.follow()
    assert browser.at[0] == "code"
    assert browser.last.status_code == 200


async def test_sign_up_by_code(world: World, browser: Browser):
    await browser.get("/sign-up")
    await browser.press("sign-up", email=ADA, name="Ada", password=PASSWORD)
    await browser.follow()
    await browser.press("verify", code=code_of(await world.mail(MessageKind.VERIFY)))
    await browser.follow()
    assert browser.at[0] == "signed-in"
    assert ADA in browser.page.words()
    assert rows(world, 'SELECT profile FROM "user"') == ['{"name": "Ada"}']


@pytest.mark.parametrize(
    ("values", "bad"),
    [
        ({"email": "no-address", "password": PASSWORD}, "email"),
        ({"email": "", "password": PASSWORD}, "email"),
        ({"email": ADA, "password": "short"}, "password"),
        ({"email": ADA, "password": "password123"}, "password"),
        ({"email": ADA, "password": ""}, "password"),
    ],
)
async def test_a_bad_sign_up_is_said_at_its_field(world: World, browser: Browser, values, bad):
    await browser.get("/sign-up")
    response = await browser.press("sign-up", name="Ada", **values)
    assert response.status_code == 422
    assert browser.page.one("input", id=bad)["aria-invalid"] == "true"
    assert browser.page.one("input", id="name")["value"] == "Ada"
    assert rows(world, "SELECT id FROM registration") == []


async def test_signing_in_by_code(world: World, browser: Browser):
    await world.user(ADA)
    await browser.get("/sign-in")
    await browser.press("send-code", identifier=ADA)
    await browser.follow()
    await browser.press("verify", code=code_of(await world.mail(MessageKind.MAGIC_LINK)))
    await browser.follow()
    assert browser.at[0] == "signed-in"


async def test_a_wrong_code_says_so_and_a_new_one_can_be_sent(world: World, browser: Browser):
    await world.user(ADA)
    await browser.get("/sign-in")
    await browser.press("send-code", identifier=ADA)
    await browser.follow()
    right = code_of(await world.mail(MessageKind.MAGIC_LINK))
    response = await browser.press("verify", code=f"{(int(right) + 1) % 10**6:06d}")
    assert response.status_code == 422
    world.clock.tick(61_000)
    assert (await browser.press("resend")).status_code == 200
    await browser.press("verify", code=code_of(await world.mail(MessageKind.MAGIC_LINK)))
    assert browser.location.endswith("/signed-in")


async def test_without_an_address_the_code_page_asks_for_it(world: World, browser: Browser):
    await world.user(ADA)
    async with browsing(world) as elsewhere:
        await elsewhere.get("/sign-in")
        await elsewhere.press("send-code", identifier=ADA)
    await browser.get("/code?action=magic-link")
    await browser.press("verify", email=ADA, code=code_of(await world.mail(MessageKind.MAGIC_LINK)))
    assert browser.location.endswith("/signed-in")


# Somebody who is signed in already ----------------------------------------------------------------


async def test_who_is_signed_in_is_not_asked_again(world: World, browser: Browser):
    await world.user(ADA)
    await _sign_in(browser)
    await browser.get("/sign-in")
    assert (browser.last.status_code, browser.at[0]) == (200, "signed-in")


async def test_a_stranger_at_the_signed_in_page_is_sent_to_sign_in(world: World, browser: Browser):
    await browser.get("/signed-in")
    assert browser.location == f"/e:{world.app.id}/sign-in"


async def test_signing_out_asks_first_and_then_ends_the_session(world: World, browser: Browser):
    await world.user(ADA)
    await _sign_in(browser)
    await browser.get("/sign-out")
    assert rows(world, "SELECT count(*) FROM session WHERE ended_at_ms IS NULL") == [1]
    await browser.press("sign-out")
    assert browser.last.headers["clear-site-data"] == '"cache"'
    await browser.follow()
    assert browser.last.status_code == 200
    assert rows(world, "SELECT count(*) FROM session WHERE ended_at_ms IS NULL") == [0]
    await browser.get("/signed-in")
    assert browser.location.endswith("/sign-in")


# return_to ----------------------------------------------------------------------------------------


@pytest.fixture
async def listed(world: World) -> World:
    world.app = await world.house.apps.set_policy(world.app, "redirect_allow", [OTHER_APP], ORIGIN)
    await world.user(ADA)
    return world


def _into(browser: Browser) -> None:
    assert browser.location.startswith("https://shop.acme.test/in?x=1&")
    assert browser.location.endswith("#part")
    assert browser.told["status"] == "200"


async def test_sign_in_returns_where_the_app_asked(listed: World, browser: Browser):
    await browser.get(f"/sign-in?return_to={quote(OTHER_APP, safe='')}")
    await browser.press("sign-in", identifier=ADA, password=PASSWORD)
    _into(browser)
    opened = await listed.house.grants.redeem(listed.app, browser.told["access_token"], "key", ORIGIN)
    assert opened.person.email == ADA


async def test_a_mistake_on_the_way_does_not_forget_it(listed: World, browser: Browser):
    await browser.get(f"/sign-in?return_to={quote(OTHER_APP, safe='')}")
    await browser.press("sign-in", identifier=ADA, password="not-the-right-1-password")
    await browser.press("sign-in", identifier=ADA, password=PASSWORD)
    _into(browser)


async def test_a_code_on_the_way_does_not_forget_it(listed: World, browser: Browser):
    await browser.get(f"/sign-in?return_to={quote(OTHER_APP, safe='')}")
    await browser.press("send-code", identifier=ADA)
    await browser.follow()
    await browser.press("verify", code=code_of(await listed.mail(MessageKind.MAGIC_LINK)))
    _into(browser)


async def test_sign_up_on_the_way_does_not_forget_it_even_by_link_in_another_browser(listed: World, browser: Browser):
    await browser.get(f"/sign-in?return_to={quote(OTHER_APP, safe='')}")
    [href] = [each["href"] for each in browser.page.all("a") if "/sign-up" in (each["href"] or "")]
    await browser.get(href or "")
    await browser.press("sign-up", email="new@acme.test", name="New", password=PASSWORD)
    mail = await listed.mail(MessageKind.VERIFY, "new@acme.test")
    assert mail.button is not None
    async with browsing(listed) as elsewhere:
        await elsewhere.get(path_of(mail.button[1]))
        await elsewhere.press("confirm")
        _into(elsewhere)


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up"])
async def test_a_place_that_is_not_listed_is_a_page_and_no_redirect(world: World, browser: Browser, path):
    await browser.get(f"{path}?return_to=https://evil.test/")
    assert browser.last.status_code == 400
    assert "evil.test" not in browser.last.text
    assert rows(world, "SELECT id FROM attempt") == []
