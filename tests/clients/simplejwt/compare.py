"""An answer as flat text, without what differs from one request to the next; and where two answers disagree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import jwt

from tests.clients.simplejwt.sides import Answer

HEADERS = ("content-type", "www-authenticate", "allow", "vary", "location")
LISTS = {"allow", "vary", "access-control-allow-headers", "access-control-allow-methods"}  # in no order
ABSENT = "absent"
JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*")
ID = re.compile(r"[0-9a-f]{24}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
# What can be compared of a claim beside its type: a text, or seconds after `iat`, with room for a slow machine.
SAID = {"token_type", "username"}
TIMES = {"exp": 30, "refresh_exp": 600}


@dataclass(frozen=True)
class Disagreement:
    """One aspect of one answer."""

    case: str
    aspect: str
    theirs: str
    ours: str

    def __str__(self) -> str:
        return f"{self.case} · {self.aspect}\n    theirs  {self.theirs}\n    ours    {self.ours}"


def disagreements(case: str, theirs: Mapping[str, str], ours: Mapping[str, str]) -> Iterator[Disagreement]:
    """Every aspect that is not the same in both; where the statuses differ, the whole answers in one."""
    if theirs["status"] != ours["status"]:
        yield Disagreement(case, "answer", _gist(theirs), _gist(ours))
        return
    for aspect in sorted(theirs.keys() | ours.keys()):
        one, other = theirs.get(aspect, ABSENT), ours.get(aspect, ABSENT)
        if one != other:
            yield Disagreement(case, aspect, one, other)


def _gist(aspects: Mapping[str, str]) -> str:
    """Status and body in one line; that a token is there is enough."""
    body = (
        f"{name} {text}" for name, text in aspects.items() if re.fullmatch(r"body(?!.*\.(claims|header)\.).*", name)
    )
    return "; ".join((aspects["status"], *body))


def described(answer: Answer, root: str) -> dict[str, str]:
    """Aspect by aspect. `root` is the path under which this server keeps its `/api/`."""
    listed = {name for name in answer.headers if name in HEADERS or name.startswith("access-control-")}
    aspects = {"status": f"{answer.status} {answer.reason}"} | {name: answer.headers[name] for name in listed}
    if "vary" in aspects:
        aspects["vary"] = aspects["vary"].lower()
    for name in LISTS & aspects.keys():
        aspects[name] = ", ".join(sorted(part.strip() for part in aspects[name].split(",")))
    if "location" in aspects:
        aspects["location"] = aspects["location"].removeprefix(root)
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if b"\n" in answer.body:
        aspects["layout"] = "on several lines"
    if kind == "application/json" and answer.body:
        aspects |= dict(_json("body", answer.json()))
    elif kind == "text/html" and answer.body:
        aspects["body"] = f"a page{_forms(answer.body)}"
    elif answer.body:
        aspects["body"] = answer.body.decode(errors="replace")
    return aspects


def _json(where: str, value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case dict() if value:
            for name, part in value.items():
                yield from _json(f"{where}.{name}", part)
        case list() if value:
            for number, part in enumerate(value):
                yield from _json(f"{where}[{number}]", part)
        case str() if JWT.fullmatch(value):
            yield from _token(where, value)
        case str() if TIME.fullmatch(value):
            yield where, "a time"
        case str() if ID.fullmatch(value):
            yield where, "an id"
        case str():
            text = re.sub(r"(?s)(?<= parse error - ).*", "…", value)
            yield where, json.dumps(text, ensure_ascii=False)
        case int() if not isinstance(value, bool):
            yield where, "a number"
        case _:
            yield where, json.dumps(value)


def _token(where: str, token: str) -> Iterator[tuple[str, str]]:
    """The names and types of header and claims; values where both servers must mean the same."""
    yield where, "a token"
    for name, value in jwt.get_unverified_header(token).items():
        yield f"{where}.header.{name}", "a key id" if name == "kid" else json.dumps(value)
    claims = jwt.decode(token, options={"verify_signature": False})
    for name, value in claims.items():
        if name in TIMES:
            said = f"{round((value - claims['iat']) / TIMES[name]) * TIMES[name]} s"
        elif name in SAID:
            said = json.dumps(value)
        elif name == "jti":
            said = "32 hex" if re.fullmatch("[0-9a-f]{32}", value) else value
        else:
            said = {str: "a text", int: "a number"}.get(type(value), "something else")
        yield f"{where}.claims.{name}", said


class _Forms(HTMLParser):
    """The names of the inputs that a person fills in, form by form."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.forms.append((given.get("action") or "", []))
        elif tag == "input" and self.forms and given.get("type") not in {"hidden", "submit"}:
            self.forms[-1][1].append(given.get("name") or "")


def forms(page: bytes) -> list[tuple[str, list[str]]]:
    """Action and names of the inputs of every form that asks for something."""
    parser = _Forms()
    parser.feed(page.decode())
    return [(action, sorted(names)) for action, names in parser.forms if names]


def _forms(page: bytes) -> str:
    return "".join(f", a form of {' and '.join(names)}" for _, names in forms(page))
