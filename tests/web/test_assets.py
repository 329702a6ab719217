"""Static files, their weight, and the headers of what people see."""

import gzip
import re

import pytest

from tests.web import shelf
from vestibule.web import headers, render
from vestibule.web.assets import STATIC, asset, lookup
from vestibule.web.flows import GALLERY

KB = 1000


def packed(text):
    return len(gzip.compress(text if isinstance(text, bytes) else text.encode(), 9, mtime=0))


def test_weights(capsys):
    css, js, icon = (packed((STATIC / name).read_bytes()) for name in ("vestibule.css", "vestibule.js", "icon.svg"))
    pages = {name: packed(render.render_flow(make())) for name, make in GALLERY.items()}
    heaviest = max(pages, key=lambda name: pages[name])
    desk = {
        "inbox": packed(render.render_inbox(shelf.INBOX)),
        "message": packed(render.render_inbox_message(shelf.MESSAGE)),
        "operator": packed(render.render_operator(shelf.OPERATOR)),
    }
    with capsys.disabled():
        print(f"\ngzip bytes: style sheet {css}, script {js}, icon {icon}")
        print(f"sign-in page {pages['sign-in']}, with everything {pages['sign-in'] + css + js + icon}")
        print(f"heaviest page {heaviest} {pages[heaviest]}; desk {desk}")
    assert css <= 6 * KB
    assert js <= 3 * KB
    assert pages["sign-in"] + css + js + icon <= 25 * KB
    assert pages[heaviest] <= 4 * KB


def test_the_name_of_a_file_carries_its_content():
    for name, kind in (
        ("vestibule.css", "text/css"),
        ("vestibule.js", "text/javascript"),
        ("icon.svg", "image/svg+xml"),
    ):
        url = asset(name)
        assert re.fullmatch(r"/static/\w+\.[0-9a-f]{12}\.(css|js|svg)", url)
        found = lookup(url.rpartition("/")[2])
        assert found is not None
        body, content_type = found
        assert body == (STATIC / name).read_bytes()
        assert content_type.startswith(kind)


@pytest.mark.parametrize("name", ["vestibule.css", "../texts.py", "..%2ftexts.py", "", "icon.000000000000.svg"])
def test_nothing_else_is_found(name):
    assert lookup(name) is None


def test_the_script_makes_no_html_of_strings():
    script = (STATIC / "vestibule.js").read_text()
    for sink in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        ".src =",
        ".style",
    ):
        assert sink not in script


def test_the_policy_of_a_page():
    assert headers.CSP == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'none'; frame-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "require-trusted-types-for 'script'"
    )
    assert headers.page_headers() == headers.PAGE
    assert headers.PAGE["Referrer-Policy"] == "no-referrer"
    assert headers.PAGE["Cache-Control"] == "no-store"


@pytest.mark.parametrize("found", [headers.PAGE, headers.INBOX_MESSAGE, headers.MAIL, headers.STATIC])
def test_no_header_opens_anything(found):
    assert found["X-Content-Type-Options"] == "nosniff"
    assert found["Cross-Origin-Resource-Policy"] == "same-origin"
    policy = found.get("Content-Security-Policy", "default-src 'none'; frame-ancestors; base-uri 'none'")
    assert "default-src 'none'" in policy
    assert "frame-ancestors" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy.replace("style-src 'unsafe-inline'", "" if found is headers.MAIL else "unsafe")
    assert "*" not in policy


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("http://localhost:3000/auth-redirect?a=1", "http://localhost:3000"),
        ("https://App.Example/cb", "https://app.example"),
        ("myapp://done", "myapp:"),
        ("com.example.app:/cb", "com.example.app:"),
        ("http://[::1]:3000/cb", "http:"),
        ("https://user@app.example/", "https:"),
        ("https://a.example; script-src */x", "https:"),
    ],
)
def test_a_form_may_lead_to_the_app(url, source):
    policy = headers.page_headers([url])["Content-Security-Policy"]
    assert f"form-action 'self' {source}; frame-ancestors" in policy


@pytest.mark.parametrize("url", ["", "/relative", "//acme.example/x", "nonsense"])
def test_a_form_target_needs_a_scheme(url):
    with pytest.raises(ValueError, match="scheme"):
        headers.page_headers([url])
