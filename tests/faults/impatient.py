"""A server that waits for a second where the real one waits for fifteen or thirty.

Run: python impatient.py PORT DATA.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from vestibule.app import compose
from vestibule.core.apps.model import Environment, KeyKind
from vestibule.core.apps.policy import Policy
from vestibule.kernel.origin import Origin
from vestibule.server import serve
from vestibule.settings import HttpSettings, Settings


async def main(port: int, data: Path) -> None:
    settings = Settings.development(data, port)
    settings = replace(settings, http=HttpSettings(header_timeout_s=1.0, body_idle_timeout_s=1.0))
    running = compose(settings)
    app = await running.house.apps.create("Acme", Environment.DEVELOPMENT, Policy(), Origin())
    key = await running.house.apps.create_key(app, KeyKind.CLIENT, "browser", Origin())

    async def ready() -> None:
        print(key.text, flush=True)

    await serve(running, settings, ready)


asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
