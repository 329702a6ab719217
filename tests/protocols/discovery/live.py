"""Streams of a real server, read as they come."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.faults.server import PROGRAM, Server


def command(server: Server, *words: str) -> Any:
    """What an administrator's command answers."""
    run = subprocess.run([PROGRAM, *words, "--json", "--data", str(server.data)], check=True, capture_output=True)
    return json.loads(run.stdout) if run.stdout.strip() else None


def claims_of(text: str) -> dict[str, Any]:
    """The claims of a JWS, unverified."""
    part = text.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Stream:
    """The frames of one stream with the time at which each came."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()

    def frame(self) -> tuple[dict[str, Any], str, float]:
        """Claims, id and arrival of the next frame. Raises StopIteration when the stream is over."""
        found: dict[str, str] = {}
        while "data" not in found:
            name, _, value = next(self._lines).partition(": ")
            found[name] = value
        return claims_of(found["data"]), found["id"], time.monotonic()


@contextmanager
def streaming(server: Server, key: str, timeout_s: float = 10) -> Iterator[Stream]:
    headers = {"Authorization": f"Bearer {key}", "Accept": "text/event-stream"}
    url = f"{server.env_url}/.well-known/revocations"
    with (
        httpx.Client(trust_env=False, timeout=timeout_s) as client,
        client.stream("GET", url, headers=headers) as response,
    ):
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Stream(response)
