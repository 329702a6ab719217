"""Writes as fast as the server answers, and remembers in a file of its own what was acknowledged.

Run as a process: python load.py API_URL CLIENT_KEY SESSION USER_ID LOG. Each acknowledged write is one line,
written only when the whole answer was read with a 2xx.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TextIO

import httpx

CLIENTS = 4
PASSWORD = "correct-horse-7-battery"


def main(api: str, client_key: str, session: str, user_id: str, log: str) -> None:
    with Path(log).open("a", buffering=1) as acknowledged:
        asyncio.run(
            write_on(api, {"X-Client-Key": client_key, "session": session}, user_id, Path(log).stem, acknowledged)
        )


async def write_on(api: str, headers: dict[str, str], user_id: str, name: str, acknowledged: TextIO) -> None:

    async def write(client: httpx.AsyncClient, number: int) -> None:
        for turn in range(100_000):
            mark = f"{name}-{number}-{turn}"
            if turn % 8 == 0:
                body: dict[str, object] = {"email": f"{mark}@acme.test", "password": PASSWORD}
                path, kind = "/auth/signup-email", "sign-up"
            else:
                # Writers share the row: each has a field of its own, whose turns only grow.
                body = {"model": "users", "id": user_id, "values": {f"field{number}": mark}}
                path, kind = "/db/object/update", "update"
            answer = await client.post(f"{api}{path}", json=body)
            if answer.status_code == 200:
                said = answer.json()
                got = said["user"]["_id"] if kind == "sign-up" else said[f"field{number}"]
                acknowledged.write(json.dumps([kind, mark, got]) + "\n")

    async with httpx.AsyncClient(headers=headers, timeout=20, trust_env=False) as client:
        await asyncio.gather(*(write(client, number) for number in range(CLIENTS)))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (httpx.HTTPError, ExceptionGroup):
        sys.exit(0)  # the server is gone: as planned
