"""A new master key while the house stands: what is sealed for long is sealed again, the rest runs out."""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.core.admin.ports import TurningKeys
from vestibule.core.apps.apps import Apps
from vestibule.core.guard.audit import Audit
from vestibule.core.guard.model import Event, EventType
from vestibule.core.store import Store
from vestibule.core.tokens.keys import SigningKeys
from vestibule.kernel.clock import Clock
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.ids import SYSTEM_APP
from vestibule.kernel.keys import KeyRing
from vestibule.kernel.origin import Origin


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did."""

    key_id: str
    resealed: int
    """Keys of apps that are sealed under the new key now."""


async def rotate(
    store: Store, clock: Clock, audit: Audit, apps: Apps, signing_keys: SigningKeys, keys: KeyRing, origin: Origin
) -> Rotated:
    """A new key in front, then the keys of all apps sealed under it. Run again, it goes on where it stopped.

    Old keys stay on the ring: mail on its way and the personal part of the log still need them.
    Raises: feature_off (the ring does not lie in a file).
    """
    if not isinstance(keys, TurningKeys):
        raise refuse(Code.FEATURE_OFF, field="keys.rotate")
    key_id = keys.turn()
    resealed = 0
    for app in [await apps.ensure_system(origin), *await apps.list()]:
        resealed += await apps.reseal_keys(app) + await signing_keys.reseal(app)
    now_ms = clock.now_ms()
    async with store.transaction(SYSTEM_APP) as tx:
        event = Event(EventType.KEYS_ROTATED, origin, "operator", payload={"key_id": key_id})
        await audit.record(tx, event, now_ms)
    return Rotated(key_id, resealed)
