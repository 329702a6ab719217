"""The server's own pages, with scripts and without: the same ways lead to the same ends."""

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import NEW_PASSWORD, PASSWORD, Visitor

pytestmark = pytest.mark.browser

WRONG = "not-the-password-7"


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def ada(request, visit, server):
    return visit(server, server.env_url, scripts=request.param)


def creates_a_user(ada: Visitor, email: str) -> None:
    """From the empty form to signed in, by the code."""
    ada.goes_to("/sign-up")
    ada.shot("sign-up")
    ada.field("Name (optional)").fill("Ada Lovelace")
    ada.types(email=email, password=PASSWORD)
    ada.presses("Create account")
    ada.sees("Check your email")
    ada.field("6-digit code").fill(ada.server.mail(email, "verify").code)
    ada.presses("Verify")
    ada.sees("You are signed in")


def signs_out(ada: Visitor) -> None:
    ada.goes_to("/sign-out")
    ada.shot("sign-out")
    ada.presses("Sign out")
    ada.sees("You are signed out")


def test_sign_up_by_code_then_out_then_in(ada, email, server):
    creates_a_user(ada, email)
    signs_out(ada)
    ada.follows("Sign in again")
    assert ada.page.url.startswith(server.sign_in_url)
    ada.types(email=email, password=PASSWORD)
    ada.presses("Sign in")
    ada.sees("You are signed in")
    expect(ada.page.get_by_text(email)).to_be_visible()
    # Whoever is signed in is told so.
    ada.page.goto(server.sign_in_url)
    ada.sees("You are signed in")


def test_continue_leads_into_the_app(visit, email, server, app_url):
    ada = visit(server, server.env_url)
    creates_a_user(ada, email)
    ada.presses("Continue to demo")
    ada.sees("Your profile")
    assert ada.page.url == f"{app_url}/profile"


def test_a_wrong_pair_keeps_the_address_and_tells_in_a_summary(ada, email, server):
    creates_a_user(ada, email)
    signs_out(ada)
    for address in (email, "nobody@example.com"):
        ada.page.goto(server.sign_in_url)
        ada.types(email=address, password=WRONG)
        with ada.page.expect_navigation() as answer:
            ada.presses("Sign in")
        assert answer.value is not None
        assert answer.value.status == 401
        ada.reads("alert", "That email and password do not match.")
        expect(ada.page.get_by_role("alert")).to_be_focused()
        expect(ada.page).to_have_title("Error: Sign in – demo")
        expect(ada.field("Email")).to_have_value(address)
        expect(ada.field("Password")).to_have_value("")
        ada.shot("wrong-pair")


def test_a_wrong_code_counts_down(ada, email, server):
    ada.goes_to("/sign-up")
    ada.types(email=email, password=PASSWORD)
    ada.presses("Create account")
    ada.sees("Check your email")
    code = server.mail(email, "verify").code
    ada.field("6-digit code").fill(f"{(int(code) + 1) % 1_000_000:06}")
    ada.presses("Verify")
    ada.reads("alert", "4 tries left")
    ada.shot("wrong-code")
    ada.field("6-digit code").fill(f" {code[:3]}-{code[3:]} ")
    ada.presses("Verify")
    ada.sees("You are signed in")


def test_a_bad_field_is_named_and_what_was_typed_is_kept(ada, email):
    ada.goes_to("/sign-up")
    ada.field("Name (optional)").fill("Ada")
    ada.types(email=email, password="password1")
    ada.presses("Create account")
    expect(ada.field("Password")).to_have_attribute("aria-invalid", "true")
    expect(ada.field("Email")).to_have_value(email)
    expect(ada.field("Name (optional)")).to_have_value("Ada")
    ada.shot("field-error")


def test_a_forgotten_password_is_set_anew_and_signs_nobody_in(ada, email, server):
    creates_a_user(ada, email)
    signs_out(ada)
    ada.page.goto(server.sign_in_url)
    ada.follows("Forgot password?")
    ada.sees("Forgot your password?")
    ada.types(email=email)
    ada.presses("Send the email")
    ada.sees("Check your email")
    ada.opens(server.mail(email, "reset"))
    ada.sees("Choose a new password")
    expect(ada.field("Your email")).to_have_value(email)
    ada.types(new_password=NEW_PASSWORD)
    ada.presses("Save new password")

    expect(ada.page.get_by_text("Your password was changed.")).to_be_visible()
    expect(ada.field("Email")).to_have_value(email)
    ada.shot("after-the-reset")
    ada.types(password=NEW_PASSWORD)
    ada.presses("Sign in")
    ada.sees("You are signed in")


def test_the_keyboard_goes_from_the_address_to_the_ways_out(ada, server, request):
    ada.page.goto(server.sign_in_url)
    ada.field("Email").focus()
    stops = [
        ada.field("Password"),
        ada.page.get_by_role("button", name="Show password"),
        ada.page.get_by_role("button", name="Sign in", exact=True),
        ada.page.get_by_role("link", name="Forgot password?"),
    ]
    if "no-scripts" in request.node.name:
        stops.pop(1)  # without a script it could do nothing, so it is not there
    for stop in stops:
        ada.page.keyboard.press("Tab")
        expect(stop).to_be_focused()


def test_show_password_shows_it_and_submits_nothing(visit, server):
    ada = visit(server, server.env_url)
    ada.goes_to("/sign-in")
    password = ada.field("Password")
    password.fill(PASSWORD)
    show = ada.page.get_by_role("button", name="Show password")
    show.click()
    expect(password).to_have_attribute("type", "text")
    expect(show).to_have_attribute("aria-pressed", "true")
    ada.shot("password-shown")
    show.click()
    expect(password).to_have_attribute("type", "password")


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up", "/recovery", "/sign-out"])
def test_every_page_has_one_heading_and_no_sideways_scroll(ada, path):
    ada.page.set_viewport_size({"width": 320, "height": 640})
    ada.goes_to(path)
    expect(ada.page.get_by_role("main")).to_have_count(1)
    expect(ada.page.get_by_role("heading", level=1)).to_have_count(1)
    assert ada.page.evaluate("document.documentElement.scrollWidth") <= 320
    ada.shot("narrow")
