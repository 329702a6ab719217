"""Apps, their keys and policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, get_type_hints

from vestibule.core.apps.model import App, AppKey, Environment, KeyKind
from vestibule.core.apps.policy import BOUNDS, Policy, is_origin, is_place
from vestibule.core.apps.takes import takes
from vestibule.core.apps.token_rules import complaint, plain_class
from vestibule.core.guard.audit import Audit
from vestibule.core.guard.model import RULES, Event, EventType
from vestibule.core.store import Store, Tx
from vestibule.core.tokens.model import SHARED, KeyState
from vestibule.kernel.clock import Clock
from vestibule.kernel.entropy import Entropy, fingerprint
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.kernel.ids import SYSTEM_APP, AppId, TokenKind, is_id, new_id, new_token, read_token
from vestibule.kernel.keys import KeyRing
from vestibule.kernel.origin import Origin

_RULE_NAMES = {rule.name for rule in RULES}
_TOKEN_KINDS = {KeyKind.CLIENT: TokenKind.CLIENT_KEY, KeyKind.API: TokenKind.API_KEY}


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key and its text, shown once."""

    key: AppKey
    text: str


@dataclass(frozen=True, slots=True)
class Apps:
    """Tenancy."""

    store: Store
    clock: Clock
    entropy: Entropy
    keys: KeyRing
    audit: Audit
    is_production: bool = False

    async def get(self, app_id: str) -> App:
        """The app of an id as it stands in a URL.

        Raises: app_unknown.
        """
        app = await self.store.reading(AppId(app_id)).apps.find() if is_id(app_id) else None
        if app is None:
            raise refuse(Code.APP_UNKNOWN)
        return app

    async def only(self) -> App:
        """The app of a request that names none: the only one there is.

        Raises: app_unknown.
        """
        ids = await self.store.reading(SYSTEM_APP).apps.ids(2)
        if len(ids) != 1:
            raise refuse(Code.APP_UNKNOWN)
        return await self.get(ids[0])

    async def create(self, name: str, environment: Environment, policy: Policy, origin: Origin) -> App:
        """A new app with its own counter of events; its name is one line of text.

        Raises: field_invalid.
        """
        if not name.strip() or not name.isprintable():
            raise refuse(Code.FIELD_INVALID, field="name")
        now_ms = self.clock.now_ms()
        app_id = AppId(new_id(now_ms, self.entropy))
        return await self._create(app_id, name, environment, policy, origin, now_ms)

    async def ensure_system(self, origin: Origin) -> App:
        """The operators' app, made once."""
        found = await self.store.reading(SYSTEM_APP).apps.find()
        if found is not None:
            return found
        return await self._create(
            SYSTEM_APP,
            "Vestibule operators",
            Environment.PRODUCTION,
            Policy(sign_up_open=False),
            origin,
            self.clock.now_ms(),
        )

    async def _create(
        self, app_id: AppId, name: str, environment: Environment, policy: Policy, origin: Origin, now_ms: int
    ) -> App:
        _refuse_nowhere(policy)
        app = App(app_id, new_id(now_ms, self.entropy), name, environment, now_ms, policy)
        async with self.store.transaction(app_id) as tx:
            await tx.apps.add(app)
            event = Event(EventType.APP_CREATED, origin, "operator", payload={"environment": environment.value})
            await self.audit.record(tx, event, now_ms)
        return app

    async def set_policy(self, app: App, name: str, value: object, origin: Origin) -> App:
        """Override one field of the app's policy.

        Raises: field_unknown, field_invalid, key_missing (of an algorithm whose secret others must know).
        """
        changes: dict[str, Any] = {name: _typed(name, value)}
        policy = replace(app.policy, **changes)
        _refuse_nowhere(policy)
        if not _is_fit(policy, name):
            raise _unfit(name)
        if why := complaint(policy, name):
            raise refuse(Code.FIELD_INVALID, field=name, why=why)
        now_ms = self.clock.now_ms()
        async with self.store.transaction(app.id) as tx:
            if name == "ALGORITHM":
                await _require_secret(tx, policy.ALGORITHM)
            await tx.apps.set_policy(name, getattr(policy, name), now_ms)
            event = Event(EventType.POLICY_CHANGED, origin, "operator", payload={"field": name})
            await self.audit.record(tx, event, now_ms)
        return replace(app, policy=policy)

    async def set_default(self, app: App, name: str, origin: Origin) -> App:
        """One field of the app's policy as it is for a new app.

        Raises: field_unknown, field_invalid (where another field stands in its way).
        """
        value = getattr(Policy(), name, None)
        return await self.set_policy(app, name, list(value) if isinstance(value, tuple) else value, origin)

    # Keys -----------------------------------------------------------------------------------------

    async def create_key(self, app: App, kind: KeyKind, name: str, origin: Origin) -> NewKey:
        """A new key. Client keys are public and may be shown again; API keys only in development."""
        now_ms = self.clock.now_ms()
        key_id = new_id(now_ms, self.entropy)
        text = new_token(_TOKEN_KINDS[kind], app.id, self.entropy).reveal()
        may_show = kind is KeyKind.CLIENT or app.environment is Environment.DEVELOPMENT
        sealed = self.keys.seal(app.id, key_place(key_id), text.encode()) if may_show else None
        key = AppKey(key_id, kind, name, app.environment, fingerprint(text), sealed, now_ms)
        async with self.store.transaction(app.id) as tx:
            await tx.keys.add(key)
            await self._record(tx, EventType.KEY_CREATED, key_id, origin, now_ms)
        return NewKey(key, text)

    async def list_keys(self, app: App) -> list[NewKey]:
        """Keys of an app; the text is empty where it cannot be shown again."""
        keys = await self.store.reading(app.id).keys.list()
        return [NewKey(key, self._text(app, key)) for key in keys]

    async def reseal_keys(self, app: App) -> int:
        """Seal what can be shown again under the present master key; tells how many. May run twice."""
        resealed = 0
        for key in await self.store.reading(app.id).keys.list():
            if key.sealed is not None and (text := self._text(app, key)):
                sealed = self.keys.seal(app.id, key_place(key.id), text.encode())
                async with self.store.transaction(app.id) as tx:
                    resealed += await tx.keys.reseal(key.id, key.sealed, sealed)
        return resealed

    def _text(self, app: App, key: AppKey) -> str:
        """Empty when the key is shown once only, or when the master key it was sealed under is gone."""
        if key.sealed is None:
            return ""
        try:
            return self.keys.unseal(app.id, key_place(key.id), key.sealed).decode()
        except ValueError:
            return ""

    async def revoke_key(self, app: App, key_id: str, origin: Origin) -> None:
        """End a key.

        Raises: not_found.
        """
        now_ms = self.clock.now_ms()
        async with self.store.transaction(app.id) as tx:
            revoked = await tx.keys.revoke(key_id, now_ms)
            if revoked:
                await self._record(tx, EventType.KEY_REVOKED, key_id, origin, now_ms)
        if not revoked:
            raise refuse(Code.NOT_FOUND)

    async def check_key(self, text: str, kind: KeyKind) -> tuple[App, AppKey]:
        """The app behind a key. In production, keys of development apps open nothing.

        Raises: client_key_invalid, api_key_invalid.
        """
        invalid = refuse(Code.CLIENT_KEY_INVALID if kind is KeyKind.CLIENT else Code.API_KEY_INVALID)
        parts = read_token(text)
        if parts is None or parts.kind is not _TOKEN_KINDS[kind]:
            raise invalid
        tx = self.store.reading(parts.app_id)
        key = await tx.keys.find(fingerprint(text))
        app = await tx.apps.find()
        if key is None or app is None:
            raise invalid
        if self.is_production and key.environment is Environment.DEVELOPMENT:
            raise invalid
        return app, key

    async def _record(self, tx: Tx, type_: EventType, key_id: str, origin: Origin, now_ms: int) -> None:
        await self.audit.record(tx, Event(type_, origin, "operator", payload={"key_id": key_id}), now_ms)

    async def list(self) -> list[App]:
        """All apps but the operators' own."""
        return await self.store.reading(SYSTEM_APP).apps.list()

    async def list_with_system(self) -> Sequence[App]:
        """All apps, the operators' own first."""
        system = await self.store.reading(SYSTEM_APP).apps.find()
        return [*([system] if system else []), *await self.list()]


async def _require_secret(tx: Tx, algorithm: str) -> None:
    """One that was made here would be known to nobody, because keys are never shown."""
    keys = await tx.signing_keys.list() if algorithm in SHARED else []
    is_given = any(key.algorithm == algorithm and key.state is KeyState.CURRENT for key in keys)
    if algorithm in SHARED and not is_given:
        raise refuse(Code.KEY_MISSING, algorithm=algorithm)


def _refuse_nowhere(policy: Policy) -> None:
    places = {"redirect_url": (policy.redirect_url,), "redirect_allow": policy.redirect_allow}
    for name, urls in places.items():
        if not all(is_place(url) for url in urls if url):
            raise _unfit(name)


def _is_fit(policy: Policy, name: str) -> bool:
    """Whether a value is within its bounds; a wrong limit or origin would be noticed by users first."""
    value = getattr(policy, name)
    if name in BOUNDS:
        least, most = BOUNDS[name]
        return bool(least <= value <= most)
    if name == "limits":
        return all(rule in _RULE_NAMES and limit >= 1 for rule, limit in value.items())
    return name != "origins" or all(is_origin(each) for each in value)


def _typed(name: str, value: object) -> object:
    """A policy value in its field's type. Raises: field_unknown, field_invalid."""
    if name not in {field.name for field in fields(Policy)}:
        raise refuse(Code.FIELD_UNKNOWN, field=name[:100])
    wanted = get_type_hints(Policy)[name]
    if wanted == tuple[str, ...] and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(map(plain_class, value)) if name == "AUTH_TOKEN_CLASSES" else tuple(value)
    if wanted == dict[str, int] and isinstance(value, dict) and all(type(item) is int for item in value.values()):
        return value
    if type(value) is wanted:
        return value
    raise _unfit(name)


def _unfit(name: str) -> DomainError:
    return refuse(Code.FIELD_INVALID, field=name, why=takes(name))


def key_place(key_id: str) -> str:
    """Where the sealed text of a key belongs."""
    return f"app_key.sealed.{key_id}"
