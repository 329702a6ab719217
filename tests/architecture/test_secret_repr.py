"""A secret does not show itself, whatever prints it."""

import json
import pickle
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import pytest
import structlog

from vestibule.kernel.secret import Secret

VALUE = "hunter2-hunter2"


@dataclass(frozen=True)
class Form:
    password: Secret[str]


class Body(msgspec.Struct):
    password: Secret[str]


def log_line(secret):
    return structlog.processors.JSONRenderer()(None, "info", {"event": "sign-in", "password": secret})


def from_traceback(secret):
    try:
        raise ValueError(secret)
    except ValueError as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


PRINTERS: dict[str, Callable[[Secret[str]], str]] = {
    "repr": repr,
    "str": str,
    "format": "{}".format,
    "padded": "{:>20}".format,
    "in a list": lambda secret: str([secret]),
    "in a dataclass": lambda secret: repr(Form(secret)),
    "in a struct": lambda secret: repr(Body(secret)),
    "json": lambda secret: json.dumps({"password": secret}, default=str),
    "msgspec": lambda secret: msgspec.json.encode(Body(secret), enc_hook=str).decode(),
    "log": log_line,
    "traceback": from_traceback,
}


@pytest.mark.parametrize("printer", PRINTERS)
def test_shown_as_stars(printer):
    shown = PRINTERS[printer](Secret(VALUE))
    assert VALUE not in shown
    assert "***" in shown


@pytest.mark.parametrize("write", [json.dumps, msgspec.json.encode, msgspec.to_builtins, pickle.dumps])
def test_not_written_at_all(write):
    with pytest.raises(TypeError) as refusal:
        write(Secret(VALUE))
    assert VALUE not in str(refusal.value)


def test_has_no_attributes_to_walk():
    assert not hasattr(Secret(VALUE), "__dict__")


def test_compares_by_value():
    assert Secret(VALUE) == Secret("".join(VALUE))
    assert Secret(VALUE) != Secret("other")
    assert Secret(VALUE) != VALUE


def test_reveals_on_request():
    assert Secret(VALUE).reveal() == VALUE
