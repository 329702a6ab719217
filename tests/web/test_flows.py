"""Every state of every page: what it holds, and that the rules of all pages hold in it."""

import json
from dataclasses import replace

import pytest

from tests.web.html import Page
from vestibule.web import flow as flow_module
from vestibule.web import flows, notices
from vestibule.web.flow import Field, Frame, Message
from vestibule.web.flows import GALLERY
from vestibule.web.render import render_flow

FRAME = Frame("Acme", action="/e:1/sign-in", csrf="c-1", flow_id="f-1", home_href="https://acme.example/")
IDENTIFIER = {
    "id": "identifier",
    "name": "identifier",
    "type": "email",
    "autocomplete": "username webauthn",
    "autocapitalize": "none",
    "spellcheck": "false",
    "required": None,
}
PASSWORD = {
    "id": "password",
    "name": "password",
    "type": "password",
    "autocomplete": "current-password",
    "required": None,
}
NEW_PASSWORD = {
    "id": "password",
    "name": "password",
    "type": "password",
    "autocomplete": "new-password",
    "minlength": "8",
    "maxlength": "256",
    "passwordrules": "minlength: 8;",
    "required": None,
    "aria-describedby": "pw-hint pw-meter",
}
EMAIL = {
    "id": "email",
    "name": "email",
    "type": "email",
    "autocomplete": "username",
    "autocapitalize": "none",
    "spellcheck": "false",
    "required": None,
}
CODE = {
    "id": "code",
    "name": "code",
    "type": "text",
    "inputmode": "numeric",
    "autocomplete": "one-time-code",
    "pattern": r"[0-9 \-]*",
    "autocapitalize": "none",
    "spellcheck": "false",
    "required": None,
    "aria-describedby": "code-help",
}
NAME = {"id": "name", "name": "name", "type": "text", "autocomplete": "name"}
USERNAME = {
    "id": "username",
    "name": "username",
    "type": "text",
    "autocomplete": "username",
    "value": "ada@example.com",
    "readonly": None,
}

FIELDS = {
    "sign-in": [IDENTIFIER, PASSWORD],
    "sign-up": [NAME, EMAIL, NEW_PASSWORD],
    "code": [CODE],
    "code.typed": [EMAIL, CODE],
    "recovery": [EMAIL],
    "reset": [USERNAME, NEW_PASSWORD],
    "link.malformed": [EMAIL, CODE],
}
ACTIONS = {
    "sign-in": ["sign-in", "send-code"],
    "sign-up": ["sign-up"],
    "code": ["verify", "resend"],
    "code.typed": ["verify", "resend"],
    "recovery": ["send-reset"],
    "recovery.sent": ["resend"],
    "reset": ["save"],
    "link.verify": ["confirm"],
    "link.magic-link": ["confirm"],
    "link.reset": ["confirm"],
    "link.change-email": ["confirm"],
    "link.expired": ["resend"],
    "link.used": ["resend"],
    "link.superseded": ["resend"],
    "link.malformed": ["verify", "resend"],
    "signed-in": ["continue", "sign-out"],
    "sign-out": ["sign-out"],
    "signed-out": [],
    "error.server": [],
}
STATUSES = {
    "sign-in": 200,
    "sign-in.prefilled": 200,
    "sign-in.wrong-pair": 401,
    "sign-in.field-errors": 422,
    "sign-in.rate-limited": 429,
    "code.wrong": 422,
    "code.sent-again": 200,
    "code.too-many": 410,
    "code.resend-soon": 429,
    "link.verify": 200,
    "link.expired": 410,
    "link.used": 410,
    "link.superseded": 410,
    "link.malformed": 404,
    "link.malformed.field-errors": 422,
    "error.server": 500,
    "error.not-found": 404,
    "error.flow-expired": 410,
    "error.rate-limited": 429,
    "error.cookies-blocked": 403,
    "error.untrusted-redirect": 400,
}


def visible_inputs(page):
    return [each for each in page.all("input") if each.get("type") != "hidden"]


@pytest.fixture(params=GALLERY)
def state(request):
    flow = GALLERY[request.param]()
    return flow, Page(render_flow(flow))


def test_one_page_one_purpose(state):
    flow, page = state
    assert page.one("html").attributes == {"lang": "en", "dir": "ltr"}
    assert len(page.all("main")) == len(page.all("h1")) == 1
    assert len(page.all("form")) == flow.has_form
    assert len(page.all("p", role="status")) == 1
    title = page.one("title").text
    assert title.endswith(f" – {flow.frame.app_name}")
    assert title.startswith("Error: ") == flow.failed


def test_all_that_the_flow_says_is_on_the_page(state):
    flow, page = state
    said = [flow.heading, *flow.lead, *flow.messages, *(link.label for link in flow.foot)]
    for node in flow.nodes:
        said += [value for name in node.__slots__ if isinstance(value := getattr(node, name), Message)]
    busy = {each.get("data-busy") for each in page.all("button")}
    words = page.words()
    for message in said:
        assert message.text in words or message.text in busy, message.id


def test_every_input_has_a_visible_label(state):
    _, page = state
    for each in visible_inputs(page):
        assert page.one("label", **{"for": each["id"]}).text.strip()
        assert each["id"] == each["name"]


def test_ids_are_unique_and_all_that_point_to_one_find_it(state):
    _, page = state
    ids = [each["id"] for each in page.elements if each.get("id")]
    assert len(ids) == len(set(ids))
    for each in page.elements:
        for name in ("aria-describedby", "aria-controls", "aria-labelledby", "for"):
            assert set((each.get(name) or "").split()) <= set(ids)
        if (href := each.get("href") or "").startswith("#"):
            assert href[1:] in ids


def test_nothing_that_the_policy_would_refuse(state):
    _, page = state
    assert [each.tag for each in page.elements if each.tag in {"style", "base", "iframe", "object"}] == []
    for each in page.elements:
        assert [name for name in each.attributes if name == "style" or name.startswith("on")] == []
        assert not (each.get("src") or "").startswith(("http", "//", "data:"))
    (script,) = page.all("script")
    assert script.text == ""
    assert script["src"].startswith("/static/vestibule.")
    assert not any(link["href"].startswith("http") for link in page.all("link"))


def test_never_what_password_managers_trip_over(state):
    _, page = state
    for each in visible_inputs(page):
        assert each.get("autocomplete") not in {None, "off"}
        assert each.get("type") != "number"
        assert each.get("placeholder") is None
        assert "onpaste" not in each.attributes
        assert each.get("maxlength") is None or each["autocomplete"] == "new-password"
    assert not any("disabled" in each.attributes for each in page.all("button"))


def test_one_focus_at_most_and_a_summary_comes_first(state):
    flow, page = state
    focused = [each for each in page.elements if "autofocus" in each.attributes]
    assert len(focused) <= 1
    alerts = page.all("div", role="alert")
    assert len(alerts) == flow.failed
    if flow.failed:
        assert focused == alerts
        assert alerts[0]["tabindex"] == "-1"


def test_a_form_posts_to_its_own_address_with_both_tokens(state):
    flow, page = state
    for form in page.all("form"):
        assert form.attributes == {"class": "nodes", "method": "post", "action": flow.frame.action}
        hidden = {each["name"]: each["value"] for each in page.all("input", type="hidden")}
        assert hidden == {"csrf": flow.frame.csrf, "flow": flow.frame.flow_id}
        buttons = page.all("button", type="submit")
        assert {each["name"] for each in buttons} == {"do"}
        # The enter key takes the first button of the form.
        assert buttons[0]["data-style"] == "primary" or not visible_inputs(page)


def test_is_json_for_components(state):
    flow, _ = state
    told = json.loads(json.dumps(flow_module.to_json(flow)))
    assert told["heading"]["text"] == flow.heading.text
    assert [node["kind"] for node in told["nodes"]] == [node.kind for node in flow.nodes]
    assert told["status"] == flow.status


@pytest.mark.parametrize("name", FIELDS)
def test_the_exact_attributes_of_each_field(name):
    found = [dict(each.attributes) for each in visible_inputs(Page(render_flow(GALLERY[name]())))]
    for each in found:
        each.pop("autofocus", None)
    assert found == FIELDS[name]


@pytest.mark.parametrize("name", ACTIONS)
def test_the_actions_of_each_page(name):
    page = Page(render_flow(GALLERY[name]()))
    assert [each["value"] for each in page.all("button", name="do")] == ACTIONS[name]


@pytest.mark.parametrize("name", STATUSES)
def test_the_status_is_honest(name):
    assert GALLERY[name]().status == STATUSES[name]


def test_a_bad_field_is_named_in_the_summary_and_beside_itself():
    page = Page(render_flow(GALLERY["sign-up.field-errors"]()))
    email = page.one("input", name="email")
    assert email["aria-invalid"] == "true"
    assert email["aria-describedby"] == "email-error"
    assert email["value"] == "ada@"
    assert "Type a full email address" in page.one("p", id="email-error").text
    assert [link["href"] for link in page.all("a") if link["href"].startswith("#")] == ["#email", "#password"]
    password = page.one("input", name="password")
    assert password["aria-describedby"] == "password-error pw-hint pw-meter"
    assert password.get("value") is None


def test_the_tab_key_meets_no_link_between_address_and_password():
    page = Page(render_flow(GALLERY["sign-in"]()))
    stops = [each for each in page.elements if each.tag in {"a", "button"} or each in visible_inputs(page)]
    names = [each.get("id") or each.text.strip() for each in stops]
    assert names == [
        "identifier",
        "password",
        "Show password",
        "Sign in",
        "Forgot password?",
        "Email me a code instead",
        "Create an account",
    ]


def test_focus_goes_to_the_first_empty_field_that_must_be_filled():
    def focused(flow):
        return [node.name for node in flow.nodes if isinstance(node, Field) and node.autofocus]

    assert focused(GALLERY["sign-in"]()) == ["identifier"]
    assert focused(GALLERY["sign-in.prefilled"]()) == ["password"]
    assert focused(GALLERY["reset"]()) == ["password"]
    assert focused(GALLERY["sign-up"]()) == []
    assert focused(GALLERY["sign-in.wrong-pair"]()) == []


def test_the_page_of_a_link_says_who_asked_and_has_one_button():
    page = Page(render_flow(GALLERY["link.verify"]()))
    facts = dict(zip((each.text for each in page.all("dt")), (each.text for each in page.all("dd")), strict=True))
    assert facts == {
        "App": "Acme",
        "Asked from": "Firefox on Linux",
        "Place": "203.0.113.7",
        "Asked at": "21 Nov 2026, 12:32 UTC",
        "Works until": "21 Nov 2026, 12:47 UTC",
    }
    assert len(page.all("button")) == 1
    assert page.all("a") == []
    # The page may be read by somebody else: it does not give the address away.
    assert "ada@" not in page.html


def test_a_link_keeps_its_key_in_the_form():
    asked = flows.LinkRequest("ada@example.com", "", "", 0, 900_000)
    frame = replace(FRAME, hidden={"key": "ev_1", "action": "email-confirm"})
    page = Page(render_flow(flows.link_landing(frame, "verify", asked)))
    hidden = {each["name"]: each["value"] for each in page.all("input", type="hidden")}
    assert hidden == {"csrf": "c-1", "flow": "f-1", "key": "ev_1", "action": "email-confirm"}
    assert [each.text for each in page.all("dt")] == ["App", "Asked at", "Works until"]


@pytest.mark.parametrize("name", ["link.expired", "link.used", "link.superseded"])
def test_a_dead_link_has_ways_on(name):
    page = Page(render_flow(GALLERY[name]()))
    assert page.one("button", value="resend").text == "Send a new one"
    links = {each.text: each["href"] for each in page.all("a")}
    assert links["Type your email and code"] == "/e:65f2c0ffee65f2c0ffee65f2/code"
    assert links["Back to Acme"] == "https://acme.example/"


def test_the_development_ribbon_leads_to_the_inbox():
    page = Page(render_flow(GALLERY["sign-in.development"]()))
    assert page.words("header") == "Development – no real mail is sent. Open the inbox"
    assert page.all("a", href="/dev/inbox?token=gallery")
    assert Page(render_flow(GALLERY["sign-in"]())).all("header") == []


def test_the_page_and_the_policy_of_the_app_say_the_same():
    frame = replace(FRAME, password_least=15, password_most=64)
    page = Page(render_flow(flows.sign_up(frame, "/sign-in")))
    password = page.one("input", name="password")
    assert (password["minlength"], password["maxlength"]) == ("15", "64")
    assert password["passwordrules"] == "minlength: 15;"
    assert page.one("p", id="pw-meter")["data-least"] == "15"
    assert page.one("p", id="pw-hint").text.startswith("At least 15 characters.")


def test_recovery_says_the_same_for_every_address():
    known, unknown = (
        render_flow(flows.recovery_sent(FRAME, "a@example.com", 3600, "/c", "/r")),
        render_flow(flows.recovery_sent(FRAME, "b@example.com", 3600, "/c", "/r")),
    )
    assert known.replace("a@example.com", "b@example.com") == unknown


def test_recovery_says_how_long_link_and_code_work():
    words = Page(render_flow(flows.recovery_sent(FRAME, "a@example.com", 3600, "/c", "/r", code_s=300))).words()
    assert "The link in it works for 1 hour, the code for 5 minutes." in words


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ada@example.com", "a•••@example.com"),
        ("@example.com", "•••@example.com"),
        ("ada", "•••"),
        ("", "•••"),
    ],
)
def test_an_address_behind_dots(address, shown):
    assert flows.masked(address) == shown


def test_a_theme_and_a_language_are_set_by_the_server():
    flow = flows.signed_out(replace(FRAME, lang="ar", theme="dark"), "/sign-in")
    root = Page(render_flow(flow)).one("html")
    assert root.attributes == {"lang": "ar", "dir": "rtl", "data-theme": "dark"}


def test_a_notice_that_is_no_error_leaves_the_focus_where_it_is():
    flow = flows.sign_in(FRAME, "/up", "/forgot", problem=notices.EMAIL_CONFIRMED)
    page = Page(render_flow(flow))
    assert page.one("div", **{"data-tone": "success"}).text.strip() == "Your email is confirmed. You can sign in now."
    assert page.all("div", role="alert") == []


def test_to_json_refuses_what_it_does_not_know():
    with pytest.raises(TypeError, match="object"):
        flow_module.to_json({"key": object()})
