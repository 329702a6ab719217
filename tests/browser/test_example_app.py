"""A person at the example app: React with StrictMode on the unmodified npm client, in Chromium."""

import io
import re

import httpx
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.visitor import NEW_PASSWORD, PASSWORD

pytestmark = pytest.mark.browser

LAPTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def ada(visit, server, app_url):
    return visit(server, app_url)


def test_sign_up_leads_through_the_mail_to_the_profile(ada, email):
    grants = []
    ada.page.on("response", lambda answer: "/auth/grant?" in answer.url and grants.append(answer))
    ada.signs_up(email)

    expect(ada.page.get_by_text(email)).to_be_visible()
    assert "access_token" not in ada.page.url
    # StrictMode asked for the grant twice, at once: two answers, one session.
    ada.page.wait_for_load_state("networkidle")
    assert [grant.status for grant in grants if grant.request.method == "GET"] == [200, 200]
    expect(ada.sessions).to_have_count(1)


def test_a_short_password_is_refused_at_its_field(ada, email):
    ada.goes_to("/sign-up")
    ada.types(name="Ada", email=email, password="short")
    ada.presses("Create account")

    expect(ada.page.get_by_role("alert").get_by_role("paragraph")).to_have_count(1)
    expect(ada.field("Password")).to_have_attribute("aria-invalid", "true")
    ada.shot("refused")


def test_a_wrong_password_is_told_without_saying_who_exists(ada, email):
    ada.signs_up(email)
    ada.presses("Sign out")

    def told(address):
        ada.signs_in(address, "not-the-password-7")
        alert = ada.page.get_by_role("alert").filter(has_text=re.compile("."))
        expect(alert).to_be_visible()
        ada.shot("wrong-password")
        return alert.inner_text()

    assert told(email) == told("nobody@example.com")


def test_sign_in_before_the_address_is_confirmed_offers_a_new_mail(ada, email):
    ada.goes_to("/sign-up")
    ada.types(name="Ada", email=email, password=PASSWORD)
    ada.presses("Create account")
    ada.sees("Check your email")

    ada.signs_in(email)
    ada.follows("Send the confirmation again")
    ada.sees("Check your email")
    expect(ada.field("Email")).to_have_value(email)


def test_a_magic_link_signs_in(ada, email, server):
    ada.signs_up(email)
    ada.presses("Sign out")
    ada.sees("Sign in")

    ada.follows("Email me a sign-in link")
    ada.types(email=email)
    ada.presses("Send the link")
    ada.reads("status", "is on its way")
    ada.opens(server.mail(email, "magic-link"))
    ada.sees("Your profile")


def test_a_reset_changes_the_password_and_signs_nobody_in(ada, email, server, visit, app_url):
    ada.signs_up(email)
    elsewhere = visit(server, app_url)
    elsewhere.goes_to("/forgot-password")
    elsewhere.types(email=email)
    elsewhere.presses("Send the link")
    elsewhere.reads("status", "is on its way")
    elsewhere.opens(server.mail(email, "reset"))
    elsewhere.sees("Choose a new password")

    refused = elsewhere.client("auth.getAuthGrant(history.state.token)")
    assert refused["session"] is None
    assert refused["errors"]["items"][0]["code"] == "invalid_access_token"

    elsewhere.types(new_password=NEW_PASSWORD)
    elsewhere.presses("Save the password")
    elsewhere.sees("Sign in")
    elsewhere.reads("status", "Your password was changed")
    server.mail(email, "password-changed")
    # The reset ended the session of the first browser: its next call leads to the sign-in page.
    ada.presses("Save name")
    ada.sees("Sign in")

    elsewhere.signs_in(email)
    expect(elsewhere.page.get_by_role("alert").filter(has_text=re.compile("."))).to_be_visible()
    elsewhere.signs_in(email, NEW_PASSWORD)
    elsewhere.sees("Your profile")


def test_a_name_survives_a_reload_and_is_seen_by_another_browser(ada, email, visit, server, app_url):
    ada.signs_up(email)
    ada.types(name="Countess Lovelace")
    ada.presses("Save name")
    ada.reads("status", "Your name was saved.")
    ada.page.reload()
    ada.sees("Your profile")
    expect(ada.field("Name")).to_have_value("Countess Lovelace")

    other = visit(server, app_url)
    other.signs_in(email)
    other.sees("Your profile")
    expect(other.page.get_by_label("Signed in as")).to_contain_text("Countess Lovelace")


def test_a_picture_is_shown_from_its_public_path(ada, email, visit, server):
    ada.signs_up(email)
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "rebeccapurple").save(file, "PNG")
    ada.page.get_by_label("Add a picture").set_input_files(
        {"name": "ada.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    picture = ada.page.get_by_alt_text("Your picture")
    expect(picture).to_have_js_property("naturalWidth", 64)
    ada.shot("picture")
    ada.page.reload()
    expect(picture).to_have_js_property("naturalWidth", 64)

    # Anybody may see it: a browser that never signed in opens its address.
    stranger = visit(server)
    stranger.page.goto(picture.get_attribute("src") or "")
    expect(stranger.page.locator("img")).to_have_js_property("naturalWidth", 64)


def test_a_private_file_is_the_owners_alone(ada, email):
    ada.signs_up(email)
    uploaded = ada.client(
        "storage.bucket('root').upload('diary.txt', new Blob(['Dear diary'], {type: 'text/plain'}), {isPublic: false})"
    )
    assert uploaded["errors"] is None
    assert httpx.get(uploaded["data"]["publicPath"], trust_env=False).status_code == 404

    file_id = uploaded["data"]["_id"]
    diary = f"storage.bucket('root').file('{file_id}').download().then(({{data}}) => data.text())"
    assert ada.client(diary) == "Dear diary"


def test_two_browsers_see_each_other_and_one_signs_the_other_out(email, visit, server, app_url):
    laptop = visit(server, app_url, user_agent=LAPTOP)
    laptop.signs_up(email)
    phone = visit(server, app_url, user_agent=PHONE)
    phone.signs_in(email)
    phone.sees("Your profile")
    laptop.page.reload()

    for visitor, own in ((laptop, "Firefox on Windows"), (phone, "iPhone – Mobile Safari on iOS")):
        expect(visitor.sessions).to_have_count(2)
        expect(visitor.sessions.filter(has_text="iPhone – Mobile Safari on iOS")).to_be_visible()
        expect(visitor.sessions.filter(has_text="Firefox on Windows")).to_be_visible()
        expect(visitor.sessions.filter(has_text="This device")).to_contain_text(own)
        visitor.shot("two-sessions")

    laptop.presses("Sign out iPhone – Mobile Safari on iOS")
    laptop.reads("status", "was signed out")
    laptop.shot("phone-signed-out")
    phone.presses("Save name")
    phone.sees("Sign in")
    laptop.page.reload()
    laptop.sees("Your profile")


def test_sign_out_ends_the_session_on_the_server(ada, email):
    ada.signs_up(email)
    kept = ada.page.evaluate("({...localStorage})")
    ada.presses("Sign out")
    ada.sees("Sign in")
    assert ada.page.evaluate("localStorage.length") == 0

    ada.page.evaluate("kept => Object.assign(localStorage, kept)", kept)
    ada.goes_to("/profile")
    ada.sees("Sign in")


def test_a_new_password_signs_the_other_browsers_out(ada, email, visit, server, app_url):
    ada.signs_up(email)
    other = visit(server, app_url)
    other.signs_in(email)
    other.sees("Your profile")
    ada.page.reload()
    expect(ada.sessions).to_have_count(2)

    form = ada.page.get_by_role("region", name="Password")
    form.get_by_label("Current password").fill(PASSWORD)
    form.get_by_label("New password").fill(NEW_PASSWORD)
    ada.presses("Change password")
    ada.reads("status", "Your password was changed")
    expect(ada.sessions).to_have_count(1)
    ada.shot("password-changed")
    other.presses("Save name")
    other.sees("Sign in")


def test_a_new_address_is_confirmed_from_its_own_mail(ada, email, server):
    new_email = f"countess-{email}"
    ada.signs_up(email)
    form = ada.page.get_by_role("region", name="Email address")
    form.get_by_label("New email").fill(new_email)
    form.get_by_label("Current password").fill(PASSWORD)
    ada.presses("Change email")
    ada.reads("status", f"Open the link we sent to {new_email}")
    ada.shot("change-asked")
    expect(ada.page.get_by_label("Signed in as")).to_contain_text(email)

    ada.opens(server.mail(new_email, "change-email"))
    ada.sees("Your profile")
    ada.reads("status", "Your new email address is confirmed.")
    expect(ada.page.get_by_label("Signed in as")).to_contain_text(new_email)
    server.mail(email, "email-changed")

    ada.presses("Sign out")
    ada.signs_in(new_email)
    ada.sees("Your profile")
