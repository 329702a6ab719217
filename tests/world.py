"""One object per test: the composed house with dials."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.fakes import CheapHasher, FrozenClock, MemoryChannel, SeededEntropy
from vestibule.app import Parts, Running, compose
from vestibule.core.apps.model import App, Environment, KeyKind
from vestibule.core.apps.policy import Policy
from vestibule.core.house import House
from vestibule.core.messages.model import Message, MessageKind
from vestibule.core.sessions.model import Device
from vestibule.core.signin.door import Opened
from vestibule.core.signin.signup import Wanted
from vestibule.kernel.ids import UserId
from vestibule.kernel.origin import Agent, Origin, Version
from vestibule.kernel.secret import Secret
from vestibule.settings import Settings
from vestibule.workers.outbox import Deliverer

PASSWORD = "correct-horse-7-battery"
REDIRECT = "http://localhost:3000/auth-redirect?keep=1"
ORIGIN = Origin("203.0.113.7", "Tests/1.0", Agent(Version("Firefox"), os=Version("Linux")), door="altogic")


@dataclass
class World:
    """Services and dials of one composed house."""

    running: Running
    clock: FrozenClock
    hasher: CheapHasher
    channel: MemoryChannel
    app: App
    client_key: str
    api_key: str

    @property
    def house(self) -> House:
        return self.running.house

    @classmethod
    async def open(
        cls,
        path: Path,
        policy: Policy | None = None,
        *,
        production: bool = False,
        hasher: object = None,
        parts: dict[str, Any] | None = None,
        **given: Any,
    ) -> World:
        """Compose a house; `given` are settings, `parts` further parts of the composition."""
        clock, channel = FrozenClock(), MemoryChannel()
        cheap = CheapHasher()
        settings = Settings.development(path)
        if production:
            settings = Settings(
                mode="production",
                base_url="https://auth.acme.test",
                data_dir=path,
                master_key=Secret("k001:vBq3Yb5T1kPz0wq4mDq0q7hJcXr2s9uLfNe6gW8aHcE"),
            )
        chosen: Any = hasher or cheap
        made = Parts(clock, SeededEntropy(), chosen, lambda: channel)
        running = compose(replace(settings, **given), replace(made, **(parts or {})))
        environment = Environment.PRODUCTION if production else Environment.DEVELOPMENT
        policy = policy or Policy(redirect_url=REDIRECT)
        app = await running.house.apps.create("Acme", environment, policy, ORIGIN)
        client = await running.house.apps.create_key(app, KeyKind.CLIENT, "browser", ORIGIN)
        api = await running.house.apps.create_key(app, KeyKind.API, "server", ORIGIN)
        return cls(running, clock, cheap, channel, app, client.text, api.text)

    async def close(self) -> None:
        await self.running.store.close()

    async def deliver(self) -> list[Message]:
        """Send what is due; answers everything sent so far."""
        house = self.house
        await Deliverer(house.store, house.clock, house.post, lambda: self.channel).deliver_due()
        return self.channel.sent

    async def mail(self, kind: MessageKind, to: str = "") -> Message:
        """The newest mail of a kind."""
        sent = await self.deliver()
        return [mail for mail in sent if mail.kind is kind and (not to or mail.to == to)][-1]

    async def sign_up(self, email: str = "ada@acme.test", password: str = PASSWORD, **values: object) -> UserId:
        """Sign up without confirming; answers the future user's id."""
        signed_up = await self.house.sign_up.sign_up(self.app, Wanted(email, Secret(password), dict(values)), ORIGIN)
        return signed_up.person.user.id

    async def user(self, email: str = "ada@acme.test", password: str = PASSWORD, **values: object) -> UserId:
        """A user whose address is confirmed."""
        user_id = await self.sign_up(email, password, **values)
        await self.house.links.confirm(self.app, link_token(await self.mail(MessageKind.VERIFY, email)), ORIGIN)
        self.clock.tick(61_000)
        return user_id

    async def sign_in(self, email: str = "ada@acme.test", password: str = PASSWORD, origin: Origin = ORIGIN) -> Opened:
        return await self.house.password_sign_in.sign_in(self.app, email, Secret(password), origin)

    async def device(self) -> tuple[Device, Secret[str]]:
        """A browser that somebody has come in with, and its cookie."""
        device, token = self.house.devices.new(self.app)
        await self.house.devices.add(self.app, device)
        return device, token

    def client(self, **headers: str) -> httpx.AsyncClient:
        """An HTTP client of the app, straight into ASGI."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.running.asgi, client=("203.0.113.9", 4711)),
            base_url=f"http://localhost/e:{self.app.id}",
            headers={"X-Client-Key": self.client_key, **headers},
        )


def link_token(mail: Message) -> str:
    """The token of a mail's link."""
    assert mail.button is not None
    return parse_qs(urlsplit(mail.button[1]).query)["key"][0]


async def together(count: int, make: object) -> list[object]:
    """Run `count` calls at once; exceptions are results."""
    return await asyncio.gather(*(make() for _ in range(count)), return_exceptions=True)  # type: ignore[operator]  # a lambda
