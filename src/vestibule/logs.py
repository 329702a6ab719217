"""Logs: one line per thing that happened, to standard error, without a secret in it.

Three nets, the first of them by type: a `Secret` shows `***` wherever it is printed; values of query strings
are left out; whatever has the form of one of our tokens is cut to its kind and app.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from vestibule.kernel.secret import Secret

HIDDEN = "***"
_QUERY = re.compile(r"([?&#;][\w.\-%\[\]]+=)[^&#\s\"'<>]+")
_TOKEN = re.compile(r"\b([a-z]{2}_[0-9a-f]{24})_[A-Za-z0-9_-]{43}")
_CREDENTIALS = re.compile(r"(://)[^/@\s]+@")


def set_up(level: str, *, is_for_people: bool, stream: TextIO | None = None) -> None:
    """Send everything, libraries' own logs too, through the same processors.

    For people: coloured lines on a terminal. Otherwise: JSON, one object per line.
    """
    stream = stream or sys.stderr
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _renderer(stream, is_for_people=is_for_people),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # Access lines are ours (with the path only); a library that speaks at every call says nothing new.
    for name in ("asyncio", "granian.access", "_granian.access"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _renderer(stream: TextIO, *, is_for_people: bool) -> Processor:
    if not is_for_people:
        return structlog.processors.JSONRenderer()
    # No tracebacks with local variables: a password may be one of them.
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take out what must not be read: by type, in queries, and by the form of our tokens."""
    return {name: _redacted(value) for name, value in event.items()}


def _redacted(value: Any) -> Any:  # noqa: ANN401  a log line may carry anything
    if isinstance(value, Secret):
        return HIDDEN
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes"
    if isinstance(value, dict):
        return {name: _redacted(item) for name, item in value.items()}
    if isinstance(value, Iterable) and type(value) in (list, tuple, set, frozenset):
        return [_redacted(item) for item in value]
    return value


def hide(text: str) -> str:
    """A text without values of queries, passwords of URLs and tokens."""
    text = _CREDENTIALS.sub(rf"\1{HIDDEN}@", text)
    text = _QUERY.sub(rf"\1{HIDDEN}", text)
    return _TOKEN.sub(rf"\1_{HIDDEN}", text)
