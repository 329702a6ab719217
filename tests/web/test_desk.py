"""The developer's own pages."""

import json
from dataclasses import replace

import pytest

from tests.web import shelf
from tests.web.html import Page
from vestibule.web import desk, render


def test_the_inbox_lists_what_came():
    page = Page(render.render_inbox(shelf.INBOX))
    rows = page.all("li", **{"class": "mail"})
    assert [row["data-id"] for row in rows] == ["m0", "m1", "m2", "m3", "m9", ""]  # the last is the pattern
    assert "482913 is your Acme code" in rows[0].text
    assert "ada@example.com" in rows[0].text
    assert [each["data-state"] for each in page.all("span", **{"class": "badge"})] == [
        "valid",
        "used",
        "expired",
        "superseded",
        "",
        "",
    ]
    copies = [each["data-copy"] for each in page.all("button", **{"class": "copy"})]
    assert copies == ["482913"] * 4 + ["", ""]
    assert page.one("ul", id="mails")["data-events"] == "/dev/inbox/events?token=t"
    assert page.one("form")["action"] == "/dev/inbox?token=t"
    assert page.one("button", name="do")["value"] == "empty"
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in page.html


def test_an_empty_inbox_says_how_to_fill_it():
    page = Page(render.render_inbox(shelf.EMPTY))
    assert "Sign up with any address" in page.words()
    assert page.one("a", **{"class": "button"})["href"] == "/e:1/sign-up"
    assert page.all("form") == []


def test_an_event_fills_every_slot_of_the_pattern():
    page = Page(render.render_inbox(shelf.EMPTY))
    event = json.loads(desk.inbox_event(shelf.ROWS[0]))
    assert {each["data-slot"] for each in page.elements if each.get("data-slot")} <= set(event)
    assert event["at"] == "2026-11-21T12:32:00Z"
    assert "\n" not in desk.inbox_event(replace(shelf.ROWS[0], subject="a\nb"))


def test_a_message_has_its_code_its_link_and_its_parts():
    page = Page(render.render_inbox_message(shelf.MESSAGE))
    assert [each["data-copy"] for each in page.all("button", **{"class": "copy"})] == ["482913", shelf.LINK]
    opener = page.one("a", target="_blank")
    assert opener["href"] == shelf.LINK
    assert opener["rel"] == "noopener"
    frame = page.one("iframe")
    assert frame["src"] == "/dev/inbox/m0/html?token=t"
    assert frame["sandbox"] == "allow-popups allow-popups-to-escape-sandbox"
    assert [each.text for each in page.all("summary")] == ["HTML", "Text", "Headers and source"]
    assert [each.text for each in page.all("pre")] == ["Hello\n\n482913\n", "Subject: Hello"]


def test_a_message_without_code_and_link():
    page = Page(render.render_inbox_message(shelf.NOTICE))
    assert page.all("button") == []
    assert [each.text for each in page.all("dt")] == ["To", "Kind", "Time"]


def test_the_operator_page_holds_what_a_client_needs():
    page = Page(render.render_operator(shelf.OPERATOR))
    found = page.all("code", **{"class": "value"})
    values = {each["id"]: each.text for each in found}
    assert values == {
        "rest": shelf.OPERATOR.env_url,
        "realtime": shelf.OPERATOR.realtime_env_url,
        "client_key": "ck_public",
        "api_key": "ak_private",
        "redirect": "http://localhost:3000/auth-redirect",
    }
    for each in found:
        assert page.one("p", id=f"{each['id']}-label").text
    assert page.one("pre").text == shelf.OPERATOR.snippet
    assert {each["href"] for each in page.all("a")} == {"/e:1/sign-in", "/dev/inbox?token=t"}
    assert "This link worked once" in page.words()
    ids = {each["id"] for each in page.elements if each.get("id")}
    assert {each["aria-describedby"] for each in page.all("button")} <= ids


def test_a_masked_api_key_is_not_on_the_page():
    page = Page(render.render_operator(replace(shelf.OPERATOR, api_key=None, inbox_href="")))
    assert "ak_private" not in page.html
    assert "Shown once" in page.words()
    assert {each["href"] for each in page.all("a")} == {"/e:1/sign-in"}


@pytest.mark.parametrize("key", ['"+alert(1)+"', "a\nb", "</pre>"])
def test_no_key_ends_its_string_in_the_snippet(key):
    snippet = replace(shelf.OPERATOR, client_key=key).snippet
    assert json.dumps(key) in snippet
    assert snippet.count("\n") == 6
