"""The links of mails: opened by machines, too late, twice, or cut in half."""

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.visitor import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
def ada(visit, server, app_url):
    return visit(server, app_url)


def asks_to_sign_up(visitor, email):
    visitor.goes_to("/sign-up")
    visitor.types(name="Ada", email=email, password=PASSWORD)
    visitor.presses("Create account")
    visitor.sees("Check your email")


def test_a_scanner_does_not_use_a_link_up(ada, email, visit, server):
    asks_to_sign_up(ada, email)
    link = server.mail(email, "verify").link
    for _ in range(3):
        assert httpx.head(link, trust_env=False).status_code < 500
        assert httpx.get(link, trust_env=False).status_code == 200
        scanner = visit(server)
        scanner.page.goto(link, wait_until="networkidle")  # its scripts have run
        scanner.shot("scanner")

    ada.opens(server.mail(email, "verify"))
    ada.sees("Your profile")


def test_a_link_says_who_asked_for_it_and_has_one_button(ada, email, server, visit):
    asks_to_sign_up(ada, email)
    reader = visit(server, scripts=False)
    reader.page.goto(server.mail(email, "verify").link)
    reader.sees("Confirm your email")
    for fact in ("App", "Asked from", "Asked at", "Works until"):
        expect(reader.page.get_by_role("term").filter(has_text=fact)).to_be_visible()
    expect(reader.page.get_by_role("button")).to_have_count(1)


def test_a_used_link_leads_on(ada, email, server, visit, app_url):
    ada.signs_up(email)
    late = visit(server, app_url)
    late.page.goto(server.mail(email, "verify").link)
    late.sees("This link was already used")
    late.goes_back_to_the_app("Send the confirmation again")
    late.sees("Check your email")


def test_a_button_pressed_twice_has_one_effect(ada, email, server, visit):
    asks_to_sign_up(ada, email)
    mail = server.mail(email, "verify")
    second = visit(server)
    second.page.goto(mail.link)
    ada.opens(mail)
    ada.sees("Your profile")
    second.presses("Confirm email")
    second.sees("This link was already used")


def test_a_cut_link_takes_address_and_code_instead(ada, email, server):
    asks_to_sign_up(ada, email)
    mail = server.mail(email, "verify")
    ada.page.goto(mail.link.partition("&action=")[0][:-8])
    ada.sees("Part of the link is missing")
    ada.field("Email").fill(email)
    ada.field("6-digit code").fill(f"{mail.code[:3]} {mail.code[3:]}")
    ada.presses("Verify")
    ada.sees("Your profile")
