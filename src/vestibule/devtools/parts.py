"""What `vestibule dev` puts in place of the real thing; each piece is imported when it is first needed."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import cast

from vestibule.app import Parts
from vestibule.core.house import House
from vestibule.core.messages.ports import Channel
from vestibule.gate import Door
from vestibule.kernel.secret import Secret

FAULTY = frozenset({"/_api/rest/v1/dev-fault"})
"""Fails on purpose when asked for, so that a client's handling of a 500 can be seen."""


def development_parts(data_dir: Path, inbox_token: Secret[str], inbox_href: str, *, is_faulty: bool) -> Parts:
    """Mail to the inbox, the inbox's door, and wide limits per address for this machine."""

    @cache
    def inbox() -> Channel:
        return cast(Channel, import_module("vestibule.devtools.inbox").Inbox(data_dir / "inbox.db"))

    async def dev_door(house: House) -> Door:
        return cast(Door, import_module("vestibule.devtools.door").DevDoor(house, inbox(), inbox_token))

    return Parts(
        channel=inbox,
        is_loopback_raised=True,
        dev_door=dev_door,
        inbox_href=inbox_href,
        faulty=FAULTY if is_faulty else frozenset(),
    )
