"""Nothing that a client can send makes the house fail: no 5xx, and every answer in its door's shape."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import quote, unquote

import pytest
import structlog
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from tests.contracts.rows import a_file
from tests.world import REDIRECT, World
from vestibule.adapters.agents import AgentParser
from vestibule.core.apps.policy import Policy
from vestibule.core.files.names import clean_name
from vestibule.core.guard.model import RULES
from vestibule.gate import Call, Gate
from vestibule.kernel.errors import DomainError
from vestibule.protocols.altogic.door import ROUTES
from vestibule.protocols.altogic.storage import _file_headers

BROAD = Policy(
    redirect_url=REDIRECT,
    limits={rule.name: 10**9 for rule in RULES},
    anonymous_upload=True,
    file_max_bytes=4_000,
    app_quota_bytes=10**15,
)
PAGES = ("/sign-in", "/sign-up", "/code", "/recovery", "/reset", "/sign-out", "/signed-in", "/operator")
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass
class Answer:
    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


@dataclass(repr=False)
class Visitor:
    """Speaks ASGI itself: no client library tidies up what it sends."""

    world: World
    runner: asyncio.Runner
    session: str

    def ask(self, method: str, path: str, query: bytes = b"", body: bytes = b"", **headers: bytes) -> Answer:
        named = {
            b"host": b"localhost",
            b"x-client-key": self.world.client_key.encode(),
            b"session": self.session.encode(),
            b"content-length": str(len(body)).encode(),
        } | {name.replace("_", "-").encode(): value for name, value in headers.items()}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": quote(path).encode(),
            "root_path": "",
            "query_string": query,
            "headers": [(name, value) for name, value in named.items() if value],
            "client": ("203.0.113.9", 4711),
            "server": ("localhost", 80),
        }
        answer = Answer()
        sent = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> dict[str, Any]:
            return next(sent, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.headers = message["status"], list(message["headers"])
            answer.body += message.get("body", b"")

        async def call() -> None:
            await self.world.running.asgi(scope, receive, send)

        self.runner.run(call())
        return answer

    def must_be_told(self, *args: Any, **headers: Any) -> Answer:
        """The door's own shape, and no failure of ours."""
        answer = self.ask(*args, **headers)
        assert answer.status < 500, answer
        if answer.status >= 400:
            assert json.loads(answer.body)["errors"]
        return answer


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    # A fault is told by its status: the pictures that structlog draws of it take seconds each.
    with structlog.testing.capture_logs(), asyncio.Runner() as runner:
        world = runner.run(World.open(tmp_path_factory.mktemp("gate"), BROAD))
        runner.run(world.user())
        token = runner.run(world.sign_in()).token.reveal()
        yield Visitor(world, runner, token)
        runner.run(world.close())


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
)
KNOWN = st.sampled_from(
    [
        "email",
        "password",
        "newPassword",
        "oldPassword",
        "newEmail",
        "currentPassword",
        "token",
        "name",
        "nameOrUserData",
        "model",
        "id",
        "values",
        "updates",
        "bucket",
        "file",
        "key",
        "type",
        "data",
    ]
)
LIKELY = st.sampled_from(
    ["users", "root", "ada@acme.test", "set", "unset", "name", "_id", "undefined", "\0", "\ud800", ""]
)
UPDATES = st.lists(
    JSON | st.fixed_dictionaries({}, optional={"field": JSON | LIKELY, "updateType": JSON | LIKELY, "value": JSON}),
    max_size=4,
)
BODIES = st.dictionaries(KNOWN, JSON | LIKELY | UPDATES, max_size=8) | JSON
ROUTE = st.sampled_from(sorted(ROUTES))
QUERIES = st.binary(max_size=60) | st.builds(
    lambda name, value: f"{name}={value}".encode("utf-8", "surrogatepass"),
    st.sampled_from(["email", "key", "fileName", "bucket", "options", "action"]),
    JSON.map(json.dumps) | st.text(max_size=30) | LIKELY,
)


def api(route: tuple[str, str]) -> tuple[str, str]:
    return route[0], f"/_api/rest/v1/{route[1]}"


@given(ROUTE, BODIES, QUERIES)
@QUICK
def test_any_json_on_any_route(visitor, route, body, query):
    raw = json.dumps(body).encode("utf-8", "surrogatepass")
    visitor.must_be_told(*api(route), query, raw, content_type=b"application/json")


@given(ROUTE, st.binary(max_size=200), st.sampled_from([b"application/json", b"text/plain", b"", b"\xff/\xff"]))
@example(("POST", "auth/signin-email"), b"[" * 100_000, b"application/json")
@example(("POST", "auth/signin-email"), b'{"email":1e999}', b"application/json")
@example(("POST", "auth/signin-email"), b'{"email":"\\ud800","password":"\\udfff"}', b"application/json")
@example(("POST", "storage/bucket/upload-object"), b"[" * 15_000, b"application/json")
@QUICK
def test_any_bytes_on_any_route(visitor, route, body, content_type):
    visitor.must_be_told(*api(route), b"bucket=root&fileName=a", body, content_type=content_type)


@given(st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"]), st.text(max_size=40), QUERIES)
@example("GET", "/e:", b"")
@example("GET", "/e:/_api/rest/v1/auth/user", b"")
@example("GET", "/_storage/a/b/c", b"")
@example("GET", f"/_storage/{'0' * 24}/root/x", b"")
@QUICK
def test_any_path(visitor, method, path, query):
    answer = visitor.ask(method, f"/{path}", query)
    assert answer.status < 500


@given(
    st.sampled_from(["session", "x-client-key", "authorization", "user-agent", "accept-language", "origin"]),
    st.binary(),
)
@QUICK
def test_any_header(visitor, name, value):
    value = value.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")
    answer = visitor.must_be_told("GET", "/_api/rest/v1/auth/user", **{name.replace("-", "_"): value})
    assert all(b"\n" not in text and b"\r" not in text for _, text in answer.headers)


PARTS = st.lists(
    st.tuples(
        st.binary(max_size=40) | st.just(b'Content-Disposition: form-data; name="file"; filename="a.png"'),
        st.binary(max_size=60),
    ),
    max_size=4,
)
BOUNDARIES = st.sampled_from([b"x", b"", b'"x"', b"x; charset=utf-8", b"\xff", b"x" * 300, b"---"])


@given(PARTS, BOUNDARIES, QUERIES)
@example([(b'Content-Disposition: form-data; name="file"; filename="\xff"', b"x")], b"x", b"")
@example([(b"Content-Disposition: form-data; filename*=utf-9''%ff; name=file", b"x")], b"x", b"")
@example([(b'Content-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset=nope', b"x")], b"x", b"")
@QUICK
def test_any_multipart_body(visitor, parts, boundary, query):
    mark = boundary.strip(b'"') or b"x"
    body = b"".join(b"--" + mark + b"\r\n" + head + b"\r\n\r\n" + data + b"\r\n" for head, data in parts)
    content_type = b"multipart/form-data; boundary=" + boundary
    route = ("POST", "storage/bucket/upload-formdata")
    visitor.must_be_told(*api(route), query, body + b"--" + mark + b"--\r\n", content_type=content_type)


FIELDS = ["csrf", "flow", "do", "email", "password", "name", "code", "key", "action", "step", "return_to"]


@given(
    st.sampled_from(PAGES),
    st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=30) | LIKELY, max_size=8),
    st.binary(max_size=20),
    st.binary(max_size=40),
)
@QUICK
def test_any_form_on_any_page(visitor, page, fields, extra, cookie):
    body = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in fields.items()).encode() + extra
    where = f"/e:{visitor.world.app.id}{page}"
    form = {"content_type": b"application/x-www-form-urlencoded", "cookie": cookie}
    assert visitor.ask("POST", where, b"", body, **form).status < 500
    assert visitor.ask("GET", where, body, **form).status < 500


@given(QUERIES)
@QUICK
def test_any_query_of_a_mails_link(visitor, query):
    where = f"/e:{visitor.world.app.id}/_api/rest/v1/auth/verify"
    assert visitor.ask("GET", where, query).status < 500
    form = {"content_type": b"application/x-www-form-urlencoded"}
    assert visitor.ask("POST", where, b"", query, **form).status < 500


def asked(query: str) -> Call:
    """As much of a request as its query needs."""
    scope = {"type": "http", "query_string": query.encode("utf-8", "surrogatepass")}
    return Call(Request(scope), Gate(AgentParser()), "/", "", "")


@given(st.text(), st.text())
def test_a_query_is_read_without_failing(query, name):
    value, remainder = asked(query).query_value(name), asked(query).query_remainder(name)
    assert value is None or isinstance(value, str)
    assert remainder is None or isinstance(remainder, str)


@given(
    st.dictionaries(
        st.from_regex(r"[a-zA-Z]{1,8}", fullmatch=True), st.text(st.characters(exclude_categories=["Cs"])), max_size=5
    )
)
def test_an_encoded_query_comes_back(values):
    call = asked("&".join(f"{name}={quote(value, safe='')}" for name, value in values.items()))
    assert {name: call.query_value(name) for name in values} == values


@given(st.text(max_size=40))
def test_a_remainder_is_all_that_follows(text):
    call = asked(f"a=1&email={quote(text)}&b=2")
    assert call.query_remainder("email") == f"{text}&b=2"


@given(st.text(max_size=80))
@example('a"; filename="b.html')
@example("a\\b%00.png")
@example("résumé 🦉.pdf")
def test_content_disposition_names_the_file_and_nothing_else(text):
    try:
        name = clean_name(text)
    except DomainError:
        return
    value = _file_headers(a_file(name=name), cache="no-store")["Content-Disposition"]
    value.encode("latin-1")
    assert value.isprintable()
    message = Message()
    message["Content-Disposition"] = value
    assert message.get_content_disposition() in {"inline", "attachment"}
    plain, _, encoded = value.partition("; filename*=UTF-8''")
    assert unquote(encoded) == name
    assert plain.count('"') == 2
