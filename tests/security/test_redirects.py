"""Where people are sent: the app's own places only, and links to the configured host only.

Source: OWASP ASVS 3.7.2, 1.2.2; RFC 9700 section 4.11.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.checks import rows
from tests.core.journeys import LINKED
from tests.protocols.altogic.calls import API
from tests.security.sweep import visitor
from tests.web.pages.browser import browsing
from tests.world import ORIGIN, PASSWORD, World
from vestibule.core.messages.model import MessageKind
from vestibule.core.signin.mails import KINDS

ADA = "ada@acme.test"
LISTED = "https://app.acme.test/in?x=1"
TRICKS = [
    "https://evil.test",
    "//evil.test",
    "///evil.test",
    "////evil.test",
    "/\\evil.test",
    "\\\\evil.test",
    "\\/evil.test",
    "https:evil.test",
    "https:/evil.test",
    "https:///evil.test",
    "http://evil.test",
    "HTTPS://EVIL.TEST",
    "hTTps://evil.test",
    "https://app.acme.test@evil.test/",
    "https://app.acme.test:x@evil.test/",
    "https://evil.test@app.acme.test/in?x=1",
    "https://app.acme.test.evil.test/in?x=1",
    "https://app.acme.test%2eevil.test/",
    "https://app.acme.test%00.evil.test/",
    "https://app.acme.test\\@evil.test/",
    "https://evil.test\\@app.acme.test/",
    "https://evil.test#@app.acme.test/in?x=1",
    "https://evil.test?app.acme.test/in?x=1",
    "https://evil.test/https://app.acme.test/in?x=1",
    "https://app.acme.test:8443/in?x=1",
    "https://app.acme.test:443/in?x=1",
    "http://app.acme.test/in?x=1",
    "https://APP.acme.test/in?x=1",
    "https://app.acme.test./in?x=1",
    "https://app.acme.test/in?x=1#",
    "https://app.acme.test/in?x=1#/evil",
    "https://app.acme.test/in?x=1&y=2",
    "https://app.acme.test/in",
    "https://app.acme.test/in?x=2",
    "https://app.acme.test/IN?x=1",
    "https://app.acme.test/in/../x",
    "https://app.acme.test/in%3Fx=1",
    "https://app.acme.test//in?x=1",
    " https://app.acme.test/in?x=1",
    "https://app.acme.test/in?x=1 ",
    "https://app.acme.test/in?x=1\n",
    "\thttps://app.acme.test/in?x=1",
    "ht\ntps://evil.test",
    "ht\ttps://evil.test",
    "https://ev\til.test",
    "https://app.acme.test/in?x=1\r\nSet-Cookie: a=b",
    "https://app.acme.test/in?x=1\r\nLocation: https://evil.test",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "javascript://app.acme.test/%0aalert(1)",
    "data:text/html,<script>1</script>",
    "vbscript:x",
    "blob:https://app.acme.test/x",
    "file:///etc/passwd",
    "about:blank",
    "view-source:https://app.acme.test",
    "https://xn--app-acme.test",
    "https://аpp.acme.test/in?x=1",
    "https://ａpp.acme.test/in?x=1",
    "https://app。acme.test/in?x=1",
    "https://[::1]/",
    "https://[fe80::1%25eth0]/",
    "https://0x7f.1/",
    "https://2130706433/",
    "https://127.1/",
    "/",
    "/sign-in",
    "in?x=1",
    "?x",
    "#",
    ".",
    "..",
    "*",
    "https://*.acme.test",
    "null",
    "https://app.acme.test/in?x=1,https://evil.test",
    "https://app.acme.test/in?x=1|https://evil.test",
    "\x00https://app.acme.test/in?x=1",
    "\ufeffhttps://app.acme.test/in?x=1",
    "https://app.acme.test/in?x=1\u2028",
    "acme://evil",
    "x" * 5000,
]


@pytest.fixture
async def listed(tmp_path):
    world = await World.open(tmp_path)
    world.app = await world.house.apps.set_policy(world.app, "redirect_allow", [LISTED], ORIGIN)
    await world.user(ADA)
    yield world
    await world.close()


def test_the_corpus_is_large_and_holds_each_trick_once():
    assert len(set(TRICKS)) == len(TRICKS) >= 60
    assert LISTED not in TRICKS


@pytest.mark.parametrize("page", ["sign-in", "sign-up"])
async def test_no_trick_in_the_query_leads_anywhere(listed: World, page):
    async with browsing(listed) as browser:
        for trick in TRICKS:
            response = await browser.get(f"/{page}?return_to={quote(trick, safe='')}")
            assert (response.status_code, "location" in response.headers) == (400, False), trick
            assert "refresh" not in response.headers
            assert [each for each in browser.page.all("meta") if each.get("http-equiv")] == []
            assert not [each for each in browser.page.all("a") if each["href"] == trick], trick
            assert "evil" not in response.headers["content-security-policy"]


async def test_no_trick_in_the_form_leads_anywhere(listed: World):
    for number, trick in enumerate(TRICKS):
        listed.clock.tick(60_000)
        async with browsing(listed) as browser:
            await browser.get("/sign-in")
            path, values = browser.form("sign-in")
            tampered = {**values, "identifier": ADA, "password": PASSWORD, "return_to": trick}
            response = await browser.post(path, tampered)
            assert response.status_code in {303, 400}, (number, trick)
            assert (
                response.headers.get("location", f"/e:{listed.app.id}/signed-in") == f"/e:{listed.app.id}/signed-in"
            ), trick


async def test_the_listed_place_is_reached(listed: World):
    async with browsing(listed) as browser:
        await browser.get(f"/sign-in?return_to={quote(LISTED, safe='')}")
        await browser.press("sign-in", identifier=ADA, password=PASSWORD)
        assert browser.location.startswith(f"{LISTED}&access_token=gr_")


@pytest.mark.parametrize(
    "name", ["next", "redirect", "redirect_url", "returnTo", "url", "continue", "action", "notice", "sent", "key"]
)
async def test_no_other_parameter_leads_anywhere(listed: World, name):
    async with browsing(listed) as browser:
        await browser.get(f"/sign-in?{name}=https://evil.test/")
        await browser.press("sign-in", identifier=ADA, password=PASSWORD)
        assert browser.location == f"/e:{listed.app.id}/signed-in"


async def test_a_place_that_was_taken_off_the_list_is_not_reached(listed: World):
    async with browsing(listed) as browser:
        await browser.get(f"/sign-in?return_to={quote(LISTED, safe='')}")
        await listed.house.apps.set_policy(listed.app, "redirect_allow", [], ORIGIN)
        await browser.press("sign-in", identifier=ADA, password=PASSWORD)
        assert LISTED not in browser.last.headers.get("location", "")


# The base URL comes from the settings. Source: decision 2; OWASP ASVS 4.1.3 -------------------------

FORGED = {
    "Host": "evil.test",
    "X-Forwarded-Host": "evil.test",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Server": "evil.test",
    "X-Host": "evil.test",
    "X-Original-URL": "/evil",
    "X-Rewrite-URL": "/evil",
    "Forwarded": "host=evil.test;proto=http",
    "Origin": "https://evil.test",
    "Referer": "https://evil.test/",
    "X-HTTP-Host-Override": "evil.test",
    "X-Forwarded-Scheme": "http",
    "X-Original-Host": "evil.test",
}


@pytest.mark.parametrize("is_trusted", [False, True], ids=["direct", "behind a trusted proxy"])
async def test_no_header_moves_a_link(tmp_path, is_trusted):
    given: dict[str, Any] = {"trusted_proxies": ("203.0.113.0/24",), "proxy_hops": 1} if is_trusted else {}
    world = await World.open(tmp_path, production=True, **given)
    world.app = await world.house.apps.set_policy(world.app, "origins", ["https://evil.test"], ORIGIN)
    for number, headers in enumerate([*({name: value} for name, value in FORGED.items()), FORGED]):
        email = f"user{number}@acme.test"
        world.clock.tick(3_600_000)
        async with visitor(world, **{"X-Client-Key": world.client_key, **headers}) as client:
            body = {"email": email, "password": PASSWORD}
            assert (await client.post(f"{API}/auth/signup-email", json=body)).status_code == 200
        mail = await world.mail(MessageKind.VERIFY, email)
        assert mail.button is not None
        assert mail.button[1].startswith(f"https://auth.acme.test/e:{world.app.id}/_api/")
        assert "evil" not in repr(mail)
    await world.close()


async def test_no_header_moves_a_page_or_a_file(tmp_path):
    world = await World.open(tmp_path, production=True)
    async with visitor(world, **FORGED) as client:
        page = await client.get(f"/e:{world.app.id}/sign-in")
        assert page.status_code == 200
        assert "evil" not in page.text + str(page.headers)
    async with visitor(
        world,
        **{
            **FORGED,
            "Origin": "http://localhost:3000",
            "X-Client-Key": world.client_key,
            "Authorization": world.api_key,
        },
    ) as client:
        file = await client.post(f"{API}/storage/bucket/upload-object?bucket=root&fileName=a.txt", json="x")
        assert file.json()["publicPath"].startswith("https://auth.acme.test/e:")
    await world.close()


@pytest.mark.parametrize("purpose", LINKED)
def test_every_mailed_purpose_has_its_mail(purpose):
    assert KINDS[purpose]


async def test_a_fragment_or_query_of_the_redirect_url_stays_in_place(world: World):
    for url, start in [
        ("https://a.test/x?y=1#z", "https://a.test/x?y=1&access_token="),
        ("https://a.test/x#z", "https://a.test/x?access_token="),
        ("acme://x", "acme://x?access_token="),
    ]:
        world.app = await world.house.apps.set_policy(world.app, "redirect_url", url, ORIGIN)
        email = f"user{len(rows(world, 'SELECT id FROM registration'))}@acme.test"
        await world.sign_up(email)
        mail = await world.mail(MessageKind.VERIFY, email)
        assert mail.button is not None
        async with browsing(world) as browser:
            await browser.get(mail.button[1].removeprefix("http://localhost:8000"))
            await browser.press("confirm")
            assert browser.location.startswith(start)
            assert browser.location.endswith(url.partition("#")[2])
