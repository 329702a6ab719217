"""The composition root: settings -> adapters -> services -> doors -> ASGI. The only file that knows every ring.

What is heavy is imported on first use: a door by `_doors`, an adapter's library by the adapter's own module.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, cast
from urllib.parse import quote

import structlog
from starlette.types import ASGIApp, Receive, Send

from vestibule import logs
from vestibule.adapters import keyring
from vestibule.adapters.keyfile import KeyFile
from vestibule.adapters.store.examine import refuse_foreign_ring
from vestibule.adapters.store.migrate import migrate
from vestibule.adapters.store.sqlite import SqliteStore
from vestibule.adapters.system import SystemClock, SystemEntropy
from vestibule.adapters.word_lists import CommonPasswords
from vestibule.core.accounts.passwords import PasswordRules
from vestibule.core.accounts.users import Users
from vestibule.core.admin.importing import Importing
from vestibule.core.admin.users import UserAdmin
from vestibule.core.apps.apps import Apps
from vestibule.core.apps.operators import Operators
from vestibule.core.files.files import Files
from vestibule.core.guard.audit import Audit
from vestibule.core.guard.limiter import Limiter
from vestibule.core.house import House, env_url
from vestibule.core.messages.outbox import Post
from vestibule.core.messages.ports import Channel
from vestibule.core.sessions.activity import Activity
from vestibule.core.sessions.devices import Devices
from vestibule.core.sessions.sessions import Sessions
from vestibule.core.signin.attempts import Attempts
from vestibule.core.signin.challenges import Challenges
from vestibule.core.signin.changes import Changes
from vestibule.core.signin.door import Door
from vestibule.core.signin.grants import Grants
from vestibule.core.signin.links import Links
from vestibule.core.signin.mails import LinkUrl, Mails
from vestibule.core.signin.model import Purpose
from vestibule.core.signin.password import PasswordSignIn
from vestibule.core.signin.ports import Hasher
from vestibule.core.signin.signup import SignUp
from vestibule.core.store import Store
from vestibule.core.tokens.dpop import Clients
from vestibule.core.tokens.families import Families
from vestibule.core.tokens.keys import SigningKeys
from vestibule.core.tokens.revocations import Revocations
from vestibule.core.tokens.tokens import Tokens
from vestibule.front import Front, Loader, Prefix
from vestibule.gate import Door as HttpDoor
from vestibule.gate import Gate
from vestibule.kernel.clock import Clock
from vestibule.kernel.entropy import Entropy
from vestibule.kernel.ids import AppId
from vestibule.kernel.keys import KeyRing
from vestibule.kernel.secret import Secret
from vestibule.settings import Settings
from vestibule.workers.outbox import Deliverer
from vestibule.workers.rounds import Round, run_rounds
from vestibule.workers.sweeper import Sweeper

LINK_PATH = "/_api/rest/v1/auth/verify"

RESERVED: tuple[Prefix, ...] = (
    Prefix("/_api", "altogic", "REST API of the npm client altogic"),
    Prefix(LINK_PATH, "pages", "where the links of mails land", inside="/_api"),
    Prefix("/_auth", "altogic", "social sign-in of the npm client altogic"),
    Prefix("/_storage", "altogic", "public files"),
    Prefix("/socket.io", "altogic", "realtime of the npm client altogic"),
    Prefix("/api", "simplejwt", "API of front ends written for Django REST framework and SimpleJWT"),
    Prefix("/v1", "altogic", "kept free for the Clerk door"),
    Prefix("/npm", "altogic", "kept free for the Clerk door"),
    Prefix("/oauth2", "altogic", "kept free for the OpenID provider"),
    Prefix("/_vestibule", "altogic", "kept free for our native and admin APIs"),
    Prefix("/.well-known", "discovery", "public keys and the revocation feed of an app"),
    Prefix("/dev", "dev", "development inbox; not there in production"),
    Prefix("/static", "pages", "style sheet and script of the pages"),
    Prefix("/sign-in", "pages", "hosted page"),
    Prefix("/sign-up", "pages", "hosted page"),
    Prefix("/signed-in", "pages", "hosted page"),
    Prefix("/sign-out", "pages", "hosted page"),
    Prefix("/code", "pages", "hosted page"),
    Prefix("/recovery", "pages", "hosted page"),
    Prefix("/reset", "pages", "hosted page"),
    Prefix("/operator", "pages", "first page of an operator, by a one-time link"),
)
"""Who answers what, below `/` and below `/e:{envId}`; everything else is the Altogic door's, 404s included."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What can be given to `compose` instead of the real thing: time, chance, the hasher, the channel, devtools."""

    clock: Clock = field(default_factory=SystemClock)
    entropy: Entropy = field(default_factory=SystemEntropy)
    hasher: Hasher | None = None
    channel: Callable[[], Channel] | None = None
    is_loopback_raised: bool = False
    dev_door: Callable[[House], Awaitable[HttpDoor]] | None = None
    inbox_href: str = ""
    faulty: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Running:
    """A composed house with its ASGI application and its rounds."""

    house: House
    asgi: ASGIApp
    rounds: tuple[Round, ...]
    store: SqliteStore
    stopping: asyncio.Event
    """To be set before the server stops: answers that would go on for ever end then."""


def compose(settings: Settings, parts: Parts | None = None) -> Running:
    """Build everything; nothing runs yet.

    Opens (and migrates) the database: FileInUseError when another process serves it, ValueError when the master
    key is another database's.
    """
    parts = parts or Parts()
    if not structlog.is_configured():
        # Whoever serves the house without our command line gets our logs too: structlog's own show local variables.
        logs.set_up(settings.log_level, is_for_people=False)
    keys = _key_ring(settings, parts.entropy)
    migrate(settings.database)
    refuse_foreign_ring(settings.database, keys)
    store = SqliteStore(settings.database)
    wake = asyncio.Event()
    house = _house(settings, parts, store, keys, wake.set)
    channel = _Lazy(parts.channel or (lambda: _smtp(settings)))
    deliverer = Deliverer(house.store, house.clock, house.post, channel.get)
    sweeper = Sweeper(house.store, house.clock, house.apps, house.files)
    rounds = (
        Round("outbox", deliverer.deliver_due, every_s=1.0, wake=wake),
        Round("activity", house.activity.flush, every_s=30.0),
        Round("sweeper", sweeper.sweep, every_s=60.0),
        Round("checkpoint", store.checkpoint, every_s=10.0),
    )
    stopping = asyncio.Event()
    front = _front(settings, parts, house, stopping)
    running = Running(house, front, rounds, store, stopping)
    front.lifespan = _lifespan(running)
    return running


@asynccontextmanager
async def at_work(running: Running) -> AsyncIterator[House]:
    """Run the rounds while the block lasts; leave with nothing lost."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(run_rounds(each, stop), name=each.name) for each in running.rounds]
    try:
        yield running.house
    finally:
        stop.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(running.house.activity.flush(), return_exceptions=True)
        close = getattr(running.house.hasher, "close", None)
        if close is not None:
            close()
        await running.store.close()


def _house(settings: Settings, parts: Parts, store: Store, keys: KeyRing, wake: Callable[[], None]) -> House:
    clock, entropy = parts.clock, parts.entropy
    hasher = parts.hasher or _argon2(settings, entropy)
    audit = Audit(entropy, keys)
    limiter = Limiter(entropy, audit, parts.is_loopback_raised)
    apps = Apps(store, clock, entropy, keys, audit, settings.is_production)
    door = Door(entropy, audit)
    activity = Activity(store)
    post = Post(entropy, keys, wake)
    challenges = Challenges(clock, entropy, keys)
    mails = Mails(post, challenges, _link_url(settings.base_url))
    passwords = PasswordRules(CommonPasswords())
    sign_up = SignUp(store, clock, entropy, audit, limiter, hasher, passwords, mails, door)
    changes = Changes(store, clock, entropy, audit, limiter, hasher, passwords, mails)
    password_sign_in = PasswordSignIn(store, clock, entropy, audit, limiter, hasher, door)
    key_maker = _module("vestibule.adapters.signing").JoseKeys(entropy, is_development=not settings.is_production)
    signing_keys = SigningKeys(store, clock, entropy, keys, audit, key_maker)
    tokens = Tokens(store, clock, keys, signing_keys, lambda app: env_url(settings.base_url, app.id))
    clients = Clients(clock, keys, key_maker)
    return House(
        base_url=settings.base_url,
        is_production=settings.is_production,
        store=store,
        clock=clock,
        entropy=entropy,
        keys=keys,
        hasher=hasher,
        audit=audit,
        limiter=limiter,
        apps=apps,
        operators=Operators(store, clock, entropy, keys, audit, limiter, apps, door),
        door=door,
        sessions=Sessions(store, clock, entropy, audit, activity),
        activity=activity,
        devices=Devices(store, clock, entropy),
        attempts=Attempts(store, clock, entropy, keys),
        users=Users(store, clock, audit),
        user_admin=UserAdmin(store, clock, entropy, audit, hasher, passwords, mails),
        importing=Importing(store, clock, entropy, audit, hasher),
        post=post,
        mails=mails,
        sign_up=sign_up,
        password_sign_in=password_sign_in,
        links=Links(store, clock, audit, limiter, challenges, mails, sign_up, changes),
        grants=Grants(store, clock, keys, audit, limiter, challenges, door),
        changes=changes,
        files=_files(settings, store, clock, entropy, audit, limiter),
        signing_keys=signing_keys,
        tokens=tokens,
        families=Families(store, clock, entropy, audit, limiter, tokens, clients, mails, password_sign_in),
        revocations=Revocations(store, clock, signing_keys, tokens, clock.now_ms()),
    )


def _front(settings: Settings, parts: Parts, house: House, stopping: asyncio.Event) -> Front:
    gate = Gate(
        agents=_module("vestibule.adapters.agents").AgentParser(),
        body_idle_s=settings.http.body_idle_timeout_s,
        body_max_bytes=settings.http.body_max_bytes,
        proxies=settings.trusted_proxies,
        proxy_hops=settings.proxy_hops,
    )

    async def altogic() -> HttpDoor:
        return cast(HttpDoor, _module("vestibule.protocols.altogic.door").AltogicDoor(house))

    async def simplejwt() -> HttpDoor:
        return cast(HttpDoor, _module("vestibule.protocols.simplejwt.door").SimpleJwtDoor(house))

    async def discovery() -> HttpDoor:
        return cast(HttpDoor, _module("vestibule.protocols.discovery.door").DiscoveryDoor(house, stopping))

    async def pages() -> HttpDoor:
        return cast(HttpDoor, _module("vestibule.web.pages.door").PagesDoor(house, parts.inbox_href))

    async def dev() -> HttpDoor:
        return await (parts.dev_door(house) if parts.dev_door else altogic())

    doors: dict[str, Loader] = {
        "altogic": altogic,
        "simplejwt": simplejwt,
        "discovery": discovery,
        "pages": pages,
        "dev": dev,
    }
    return Front(
        prefixes=RESERVED,
        rest="altogic",
        loaders=doors,
        gate=gate,
        entropy=parts.entropy,
        base_url=settings.base_url,
        allowed_hosts=None if settings.is_production else frozenset(settings.extra_hosts),
        lifespan=_refuse_lifespan,
        faulty=parts.faulty,
    )


def _key_ring(settings: Settings, entropy: Entropy) -> KeyRing:
    if settings.master_key is not None:
        return keyring.Ring.parse(settings.master_key, entropy)
    if settings.key_file is None:
        raise AssertionError
    read = keyring.load if settings.is_production else keyring.load_or_create
    return KeyFile(settings.key_file, read(settings.key_file, entropy), entropy)


def _argon2(settings: Settings, entropy: Entropy) -> Hasher:
    hashing = settings.hashing
    return cast(
        Hasher,
        _module("vestibule.adapters.hashing").Argon2Hasher(
            entropy, threads=hashing.hash_threads, queue_limit=hashing.hash_queue
        ),
    )


def _files(settings: Settings, store: Store, clock: Clock, entropy: Entropy, audit: Audit, limiter: Limiter) -> Files:
    blobs = _module("vestibule.adapters.blobs").FolderBlobs(settings.files_dir)
    images = _module("vestibule.adapters.images").ChildImages()
    return Files(store, clock, entropy, audit, limiter, blobs, images)


def _smtp(settings: Settings) -> Channel:
    module = _module("vestibule.adapters.delivery.smtp")
    return cast(Channel, module.SmtpChannel(settings.mail, _module("vestibule.web.message").render_message))


def _link_url(base_url: str) -> LinkUrl:
    def link_url(app_id: AppId, purpose: Purpose, token: Secret[str]) -> str:
        return f"{env_url(base_url, app_id)}{LINK_PATH}?key={quote(token.reveal())}&action={purpose}"

    return link_url


def _module(name: str) -> Any:  # noqa: ANN401 - a module is imported when it is first needed
    return import_module(name)


class _Lazy:
    """One channel, made when the first mail goes out."""

    def __init__(self, make: Callable[[], Channel]) -> None:
        self._make = make
        self._made: Channel | None = None

    def get(self) -> Channel:
        if self._made is None:
            self._made = self._make()
        return self._made


def _lifespan(running: Running) -> Callable[[Receive, Send], Awaitable[None]]:
    """For other ASGI servers: the rounds run from startup to shutdown."""

    async def lifespan(receive: Receive, send: Send) -> None:
        await receive()
        async with at_work(running):
            await send({"type": "lifespan.startup.complete"})
            with suppress(asyncio.CancelledError):
                await receive()
        await send({"type": "lifespan.shutdown.complete"})

    return lifespan


async def _refuse_lifespan(_receive: Receive, _send: Send) -> None:
    raise RuntimeError("the house is not composed yet")
