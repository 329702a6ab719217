"""Signing keys of an app: published before they sign, published while what they signed lives."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from vestibule.core.apps.model import App
from vestibule.core.apps.policy import ACCESS_MOST_S, LIFETIMES, TOKEN_MOST_S
from vestibule.core.guard.audit import Audit
from vestibule.core.guard.model import Event, EventType
from vestibule.core.store import Store, Tx
from vestibule.core.tokens.model import ALGORITHMS, FEED_ALGORITHM, SHARED, KeyState, SigningKey
from vestibule.core.tokens.ports import Key, KeyMaker
from vestibule.kernel.clock import SECOND_MS, Clock
from vestibule.kernel.entropy import Entropy
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.kernel.ids import AppId, new_id
from vestibule.kernel.keys import KeyRing
from vestibule.kernel.origin import Origin
from vestibule.kernel.secret import Secret

PUBLISHED_S = 300
"""How long others may keep the published keys: a key signs only when it has been published for that long."""
LOADED = 1_000
"""Keys kept ready for use."""


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The keys of all apps."""

    store: Store
    clock: Clock
    entropy: Entropy
    ring: KeyRing
    audit: Audit
    maker: KeyMaker
    loaded: dict[tuple[AppId, str], Key] = field(default_factory=dict)
    making: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def current(self, app: App, algorithm: str) -> tuple[str, Key]:
        """The key that signs now, and its id; made when there is none, but for a secret that others share.

        Raises: key_missing, unavailable.
        """
        found = _one(await self._alive(app), algorithm, KeyState.CURRENT)
        if found is None:
            async with self.making:  # whoever waited finds what the first one made: large primes take their time
                found = _one(await self._alive(app), algorithm, KeyState.CURRENT)
                if found is None:
                    await self._begin(app, algorithm)
                    found = _one(await self._alive(app), algorithm, KeyState.CURRENT)
        if found is None:
            raise refuse(Code.UNAVAILABLE, "no signing key")
        return found.id, self._load(app.id, found)

    async def verifiers(self, app: App, key_id: object, algorithm: str) -> list[Key]:
        """The keys that may have signed a token which names this key and algorithm.

        Services that share a secret name no key: then it is the app's shared ones, if its tokens are of that kind.
        """
        if not await self._is_trusted(app, algorithm):
            return []
        keys = [key for key in await self._alive(app) if key.algorithm == algorithm]
        if key_id is None:
            is_shared = algorithm in SHARED and app.policy.ALGORITHM in SHARED
            return [self._load(app.id, key) for key in keys if is_shared]
        return [self._load(app.id, key) for key in keys if key.id == key_id]

    async def published(self, app: App) -> list[dict[str, object]]:
        """The public keys as JWKs, those for the feed and the next ones too; a retired one while access tokens live.

        Source: RFC 7517 section 5.
        """
        for algorithm in {FEED_ALGORITHM, app.policy.ALGORITHM} - SHARED:
            await self.current(app, algorithm)
        return [
            {**json.loads(key.public), "kid": key.id, "alg": key.algorithm, "use": "sig"}
            for key in await self._alive(app)
            if key.public and _is_needed(key, self.clock.now_ms(), ACCESS_MOST_S)
        ]

    async def all(self, app: App) -> list[SigningKey]:
        """Every key that still verifies something, newest first."""
        return await self._alive(app)

    # Turning ---------------------------------------------------------------------------------------

    async def rotate(self, app: App, origin: Origin, *, is_emergency: bool = False) -> None:
        """Let the next key sign, retire the current one, publish another; nobody signed in notices.

        Keys of algorithms that the app has given up are put away. A shared secret stays: it is brought by you.
        In an emergency the keys that signed are forgotten, and every token under them is refused at once.
        Raises: key_too_young (others may not have read the next key yet), key_shared (an emergency of a shared secret).
        """
        if is_emergency and app.policy.ALGORITHM in SHARED:
            raise refuse(Code.KEY_SHARED, algorithm=app.policy.ALGORITHM)
        in_use = {FEED_ALGORITHM, app.policy.ALGORITHM}
        turns = [await self._signing_and_next(app, each) for each in sorted(in_use - SHARED)]
        now_ms = self.clock.now_ms()
        wait_ms = max(next_.created_at_ms for _, next_ in turns) + PUBLISHED_S * SECOND_MS - now_ms
        if wait_ms > 0 and not is_emergency:
            raise refuse(Code.KEY_TOO_YOUNG, retry_after_s=-(-wait_ms // SECOND_MS))
        for old, next_ in turns:
            await self._rotate(app, old, next_, origin, is_emergency=is_emergency)
        async with self.store.transaction(app.id) as tx:
            for key in await tx.signing_keys.list():
                if key.algorithm not in in_use:
                    await self._put_away(tx, key, now_ms, is_emergency=is_emergency)

    async def bring(
        self, app: App, algorithm: str, private: Secret[str], origin: Origin, *, is_emergency: bool = False
    ) -> str:
        """Sign with a key of the operator's own from now on: a PEM, a JWK, or a shared secret; answers its id.

        In an emergency what other keys of this algorithm signed is refused at once, and what retired secrets did.
        Raises: field_invalid.
        """
        if algorithm not in ALGORITHMS:
            raise refuse(Code.FIELD_INVALID, field="ALGORITHM")
        try:
            key = self.maker.load(algorithm, private)
        except ValueError as error:
            raise refuse(Code.FIELD_INVALID, str(error), field="SIGNING_KEY", why=str(error)) from error
        old = _one(await self._alive(app), algorithm, KeyState.CURRENT)
        now_ms = self.clock.now_ms()
        row = self._row(app.id, key, private, KeyState.CURRENT, now_ms)
        async with self.store.transaction(app.id) as tx:
            if old is not None:
                await tx.signing_keys.change_state(old.id, KeyState.CURRENT, KeyState.RETIRED, now_ms)
            if not await tx.signing_keys.add(row):
                raise _turning()
            if is_emergency:
                await self._drop_retired(tx, algorithm)
            await self._record(tx, row.id, algorithm, origin, now_ms, is_emergency=is_emergency)
        if algorithm not in SHARED:
            await self._publish_next(app, algorithm)
        return row.id

    async def confirm(self, app: App, public: str) -> str:
        """That this public key, a PEM or a JWK, belongs to the key that signs tokens now; answers its id.

        Raises: field_invalid.
        """
        algorithm = app.policy.ALGORITHM
        if algorithm in SHARED:
            why = f"with {algorithm} there is none: whoever verifies has the SIGNING_KEY"
            raise refuse(Code.FIELD_INVALID, field="VERIFYING_KEY", why=why)
        key_id, key = await self.current(app, algorithm)
        try:
            is_ours = self.maker.load_verifying(algorithm, public).thumbprint() == key.thumbprint()
            why = "it does not belong to the SIGNING_KEY, from which it is derived"
        except ValueError as error:
            is_ours, why = False, str(error)
        if not is_ours:
            raise refuse(Code.FIELD_INVALID, field="VERIFYING_KEY", why=why)
        return key_id

    async def reseal(self, app: App) -> int:
        """Seal private parts under the present master key; tells how many. May run twice."""
        resealed = 0
        for key in await self.store.reading(app.id).signing_keys.list():
            try:
                private = self.ring.unseal(app.id, _place(key.id), key.sealed)
            except ValueError:
                continue  # its master key is gone, and it with it
            sealed = self.ring.seal(app.id, _place(key.id), private)
            async with self.store.transaction(app.id) as tx:
                resealed += await tx.signing_keys.reseal(key.id, key.sealed, sealed)
        return resealed

    async def _signing_and_next(self, app: App, algorithm: str) -> tuple[SigningKey, SigningKey]:
        """The key that signs, and the one that is to sign next."""
        await self.current(app, algorithm)
        await self._publish_next(app, algorithm)
        keys = await self._alive(app)
        old, next_ = _one(keys, algorithm, KeyState.CURRENT), _one(keys, algorithm, KeyState.NEXT)
        if old is None or next_ is None:
            raise _turning()
        return old, next_

    async def _rotate(
        self, app: App, old: SigningKey, next_: SigningKey, origin: Origin, *, is_emergency: bool
    ) -> None:
        algorithm, now_ms = old.algorithm, self.clock.now_ms()
        fresh = await self._make(app.id, algorithm, KeyState.NEXT)
        async with self.store.transaction(app.id) as tx:
            if not await tx.signing_keys.change_state(old.id, KeyState.CURRENT, KeyState.RETIRED, now_ms):
                raise _turning()
            await tx.signing_keys.change_state(next_.id, KeyState.NEXT, KeyState.CURRENT, now_ms)
            await tx.signing_keys.add(fresh)
            if is_emergency:
                await self._drop_retired(tx, algorithm)
            await self._record(tx, next_.id, algorithm, origin, now_ms, is_emergency=is_emergency)

    async def _put_away(self, tx: Tx, key: SigningKey, now_ms: int, *, is_emergency: bool) -> None:
        """A key that has signed goes on verifying for its time; one that never did is not needed."""
        if is_emergency or key.state is KeyState.NEXT:
            await tx.signing_keys.remove(key.id)
        else:
            await tx.signing_keys.change_state(key.id, KeyState.CURRENT, KeyState.RETIRED, now_ms)

    async def _drop_retired(self, tx: Tx, algorithm: str) -> None:
        """Shared secrets of every length: people use one text for several."""
        algorithms = SHARED if algorithm in SHARED else {algorithm}
        for key in await tx.signing_keys.list():
            if key.algorithm in algorithms and key.state is KeyState.RETIRED:
                await tx.signing_keys.remove(key.id)

    async def _record(
        self, tx: Tx, key_id: str, algorithm: str, origin: Origin, now_ms: int, *, is_emergency: bool
    ) -> None:
        event = Event(
            EventType.SIGNING_KEY_ROTATED,
            origin,
            "operator",
            payload={"key_id": key_id, "algorithm": algorithm, "emergency": is_emergency},
        )
        await self.audit.record(tx, event, now_ms)

    # Making ----------------------------------------------------------------------------------------

    async def _begin(self, app: App, algorithm: str) -> None:
        if algorithm in SHARED:  # nobody could ever verify with one that was made here, because it is never shown
            raise refuse(Code.KEY_MISSING, f"no SIGNING_KEY was given for {algorithm}", algorithm=algorithm)
        first = await self._make(app.id, algorithm, KeyState.CURRENT)
        async with self.store.transaction(app.id) as tx:
            await tx.signing_keys.add(first)  # False: somebody else was quicker, and theirs is as good
        await self._publish_next(app, algorithm)

    async def _publish_next(self, app: App, algorithm: str) -> None:
        if _one(await self._alive(app), algorithm, KeyState.NEXT) is None:
            fresh = await self._make(app.id, algorithm, KeyState.NEXT)
            async with self.store.transaction(app.id) as tx:
                await tx.signing_keys.add(fresh)

    async def _make(self, app_id: AppId, algorithm: str, state: KeyState) -> SigningKey:
        key, private = await self.maker.generate(algorithm)
        return self._row(app_id, key, private, state, self.clock.now_ms())

    def _row(self, app_id: AppId, key: Key, private: Secret[str], state: KeyState, now_ms: int) -> SigningKey:
        key_id = new_id(now_ms, self.entropy)
        public = key.public_jwk()
        sealed = self.ring.seal(app_id, _place(key_id), private.reveal().encode())
        return SigningKey(key_id, key.algorithm, state, json.dumps(public) if public else "", sealed, now_ms)

    # Reading ---------------------------------------------------------------------------------------

    async def _is_trusted(self, app: App, algorithm: str) -> bool:
        """Whether tokens may be signed with it: with the app's own, and for their life with the one it had before."""
        if algorithm == app.policy.ALGORITHM:
            return True
        changed_at_ms = await self.store.reading(app.id).apps.policy_changed_at_ms("ALGORITHM")
        return self.clock.now_ms() < changed_at_ms + await self._longest_s(app) * SECOND_MS

    async def _alive(self, app: App) -> list[SigningKey]:
        """Without those whose last token has expired, whether the sweeper has come by or not."""
        now_ms = self.clock.now_ms()
        keys = await self.store.reading(app.id).signing_keys.list()
        if all(_is_needed(key, now_ms, app.policy.longest_token_s) for key in keys):
            return keys
        longest_s = await self._longest_s(app)
        return [key for key in keys if _is_needed(key, now_ms, longest_s)]

    async def _longest_s(self, app: App) -> int:
        """How long a token may live that is out: a lifetime that was lowered lately does not shorten theirs."""
        tx, now_ms = self.store.reading(app.id), self.clock.now_ms()
        changed_at_ms = max([await tx.apps.policy_changed_at_ms(name) for name in LIFETIMES])
        is_settled = changed_at_ms <= max(app.created_at_ms, now_ms - TOKEN_MOST_S * SECOND_MS)
        return app.policy.longest_token_s if is_settled else TOKEN_MOST_S

    def _load(self, app_id: AppId, row: SigningKey) -> Key:
        found = self.loaded.get((app_id, row.id))
        if found is None:
            private = Secret(self.ring.unseal(app_id, _place(row.id), row.sealed).decode())
            if len(self.loaded) >= LOADED:
                self.loaded.clear()
            found = self.loaded[app_id, row.id] = self.maker.load(row.algorithm, private)
        return found


def _one(keys: Iterable[SigningKey], algorithm: str, state: KeyState) -> SigningKey | None:
    return next((key for key in keys if key.algorithm == algorithm and key.state is state), None)


def _is_needed(key: SigningKey, now_ms: int, longest_s: int) -> bool:
    return key.retired_at_ms is None or key.retired_at_ms > now_ms - longest_s * SECOND_MS


def _turning() -> DomainError:
    return refuse(Code.UNAVAILABLE, "keys are turning at the same time")


def _place(key_id: str) -> str:
    return f"signing_key.sealed.{key_id}"
