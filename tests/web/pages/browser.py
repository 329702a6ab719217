"""A browser without scripts, straight into ASGI: it keeps cookies, reads a page's form, presses a button."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.web.html import Page
from tests.world import World


@dataclass
class Browser:
    """One visitor. Cookies are `Secure`, so it speaks https, as to a server behind a proxy."""

    client: httpx.AsyncClient
    app_id: str
    answers: list[httpx.Response] = field(default_factory=list)

    @property
    def last(self) -> httpx.Response:
        return self.answers[-1]

    @property
    def page(self) -> Page:
        return Page(self.last.text)

    @property
    def at(self) -> tuple[str | None, str | None]:
        """Which page this is: its flow and its state."""
        main = self.page.all("main")[0]
        return main.get("data-vb-flow"), main.get("data-vb-state")

    @property
    def location(self) -> str:
        """Where the last answer sends the browser."""
        assert self.last.status_code == 303, self.last.status_code
        return self.last.headers["location"]

    @property
    def told(self) -> dict[str, str]:
        """What the app is told by the redirect."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.location).query).items()}

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self._note(await self.client.get(self._url(path), headers=headers))

    async def follow(self) -> httpx.Response:
        return await self.get(self.location)

    def form(self, do: str) -> tuple[str, dict[str, str]]:
        """Where the page's form goes and what it carries with this button."""
        page = self.page
        forms = page.all("form")
        assert do in [button["value"] for button in page.all("button", name="do")], f"no button {do}"
        values = {each["name"] or "": each.get("value") or "" for each in page.all("input") if each.get("name")}
        return forms[0]["action"] or "", {**values, "do": do}

    async def press(self, do: str, **typed: str) -> httpx.Response:
        """Fill the fields of the page and press a button."""
        action, values = self.form(do)
        assert typed.keys() <= values.keys(), f"the page asks for {sorted(values)}"
        return await self.post(action, {**values, **typed})

    async def post(self, path: str, values: dict[str, str], **headers: str) -> httpx.Response:
        return await self._note(await self.client.post(self._url(path), data=values, headers=headers))

    def _url(self, path: str) -> str:
        own = path.startswith(("/e:", "/operator", "/static", "http"))
        return path if own else f"/e:{self.app_id}{path}"

    async def _note(self, response: httpx.Response) -> httpx.Response:
        self.answers.append(response)
        return response


@asynccontextmanager
async def browsing(world: World, **headers: Any) -> AsyncIterator[Browser]:
    """A fresh browser."""
    transport = httpx.ASGITransport(world.running.asgi, client=("203.0.113.9", 4711))
    sent = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", **headers}
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost", headers=sent) as client:
        yield Browser(client, world.app.id)


def path_of(url: str) -> str:
    """A link of a mail as a path."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"
