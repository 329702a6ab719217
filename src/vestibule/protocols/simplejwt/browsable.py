"""An answer as a page, for whoever opens the API in a browser. No script, no cookie, no frame."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from starlette.responses import Response

from vestibule.protocols.simplejwt.routes import Route
from vestibule.protocols.simplejwt.wire import json_of

STYLE = "/api/page.css"
_HERE = Path(__file__).parent
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "require-trusted-types-for": "'script'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
_INPUTS = {"username": ("text", "username"), "password": ("password", "current-password")}
"""Type and autocompletion of a field; any other is a plain text."""


def page(route: Route, asked: str, status: int, body: object, root: str) -> Response:
    """The answer with what was asked and, for a POST, its form. `root` is the path of the app."""
    wrong = body if isinstance(body, dict) and status == 400 else {}
    fields = [
        {
            "name": each.name,
            "type": _INPUTS.get(each.name, ("text", "off"))[0],
            "autocomplete": _INPUTS.get(each.name, ("text", "off"))[1],
            "problems": wrong.get(each.name, []),
        }
        for each in route.fields
        if not each.is_answer
    ]
    html = _template().render(
        route=route, asked=asked, status=status, text=json_of(body, 4).decode(), fields=fields, style=root + STYLE
    )
    return Response(html, status, HEADERS, media_type="text/html")


def style() -> Response:
    """The style sheet of the pages."""
    headers = {"Cache-Control": "public, max-age=3600", "Cross-Origin-Resource-Policy": "same-origin"}
    return Response(_style_sheet(), headers=headers, media_type="text/css")


@cache
def _style_sheet() -> str:
    return (_HERE / "page.css").read_text()


@cache
def _template() -> Any:  # noqa: ANN401 - Jinja2 is imported when the first page is shown
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415  only for those who look at a page

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    return environment.get_template("page.html")
