"""Reading and changing the row of a signed-in user."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vestibule.core.accounts import fields
from vestibule.core.accounts.model import Person, Profile
from vestibule.core.accounts.people import find_person
from vestibule.core.apps.model import App
from vestibule.core.guard.audit import Audit
from vestibule.core.guard.model import Event, EventType
from vestibule.core.store import Store
from vestibule.kernel.clock import Clock
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.ids import UserId
from vestibule.kernel.origin import Origin


@dataclass(frozen=True, slots=True)
class Users:
    """The users model as a client may use it: the own row, open fields only."""

    store: Store
    clock: Clock
    audit: Audit

    async def find(self, app: App, user_id: UserId) -> Person | None:
        """The user with its address."""
        return await find_person(self.store.reading(app.id), user_id)

    async def change(self, app: App, user_id: UserId, values: dict[str, object], origin: Origin) -> Person:
        """Write open fields of the own row; all of them or none.

        Raises: field_protected, field_unknown, field_invalid, user_not_found.
        """
        now_ms = self.clock.now_ms()
        async with self.store.transaction(app.id) as tx:
            person = await find_person(tx, user_id)
            if person is None:
                raise refuse(Code.USER_NOT_FOUND)
            profile = fields.apply(values, person, app.policy)
            if profile == person.user.profile:
                return person
            if not await tx.users.change_profile(user_id, person.user.version, profile, now_ms):
                raise refuse(Code.UNAVAILABLE, "the row changed at the same time")
            await self.audit.record(tx, _changed(user_id, origin, profile, person.user.profile), now_ms)
        user = replace(person.user, profile=profile, version=person.user.version + 1, updated_at_ms=now_ms)
        return replace(person, user=user)


def _changed(user_id: UserId, origin: Origin, after: Profile, before: Profile) -> Event:
    names = sorted(name for name in after.keys() | before.keys() if after.get(name) != before.get(name))
    return Event(EventType.USER_CHANGED, origin, "user", user_id, user_id, payload={"fields": ",".join(names)})
