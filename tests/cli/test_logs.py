"""Logs hold no secret: by type, in queries, by the form of our tokens, in tracebacks too."""

import io
import json
import logging

import pytest
import structlog

from vestibule import logs
from vestibule.kernel.secret import Secret

TOKEN = "ss_0123456789abcdef01234567_" + "x" * 43
CANARY = "canary-of-a-password"


@pytest.fixture
def lines():
    """What is written, as text; afterwards logging is as it was."""
    root, stream = logging.getLogger(), io.StringIO()
    before, level = root.handlers, root.level
    logs.set_up("info", is_for_people=False, stream=stream)
    yield stream
    root.handlers = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    "values",
    [
        {"password": Secret(CANARY)},
        {"form": {"password": Secret(CANARY), "more": [Secret(CANARY)]}},
        {"url": f"/verify?key={CANARY}&action=x"},
        {"url": f"https://app.test/#access_token={CANARY}"},
        {"url": f"smtp://user:{CANARY}@mail.test"},
        {"body": CANARY.encode()},
        {"pair": (Secret(CANARY), 1)},
    ],
)
def test_a_secret_does_not_get_in(lines, values):
    structlog.get_logger("test").info("happened", **values)
    assert CANARY not in lines.getvalue()
    assert json.loads(lines.getvalue())["event"] == "happened"


def test_tokens_are_cut_wherever_they_stand(lines):
    structlog.get_logger("test").info(f"{TOKEN} was used", note=f"<{TOKEN}>")
    assert "x" * 43 not in lines.getvalue()
    assert "ss_0123456789abcdef01234567_***" in lines.getvalue()


def test_a_traceback_shows_no_values(lines):
    password = CANARY
    try:
        raise ValueError(f"not at /verify?key={password}")
    except ValueError:
        structlog.get_logger("test").exception("fault")
    line = json.loads(lines.getvalue())
    assert "Traceback" in line["exception"]
    assert CANARY not in lines.getvalue()


def test_libraries_speak_through_the_same_nets(lines):
    logging.getLogger("somebody").warning("GET /x?token=%s", CANARY)
    line = json.loads(lines.getvalue())
    assert (line["event"], line["level"], line["logger"]) == ("GET /x?token=***", "warning", "somebody")
    assert line["timestamp"].endswith("Z")


def test_for_people(capsys):
    root, stream = logging.getLogger(), io.StringIO()
    before, level = root.handlers, root.level
    logs.set_up("info", is_for_people=True, stream=stream)
    structlog.get_logger("test").info("happened", password=Secret(CANARY))
    root.handlers, root.level = before, level
    structlog.reset_defaults()
    assert "happened" in stream.getvalue()
    assert CANARY not in stream.getvalue()
