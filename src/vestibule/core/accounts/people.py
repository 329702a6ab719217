"""Who somebody is: a user with address and name, and the user behind what was typed."""

from __future__ import annotations

from vestibule.core.accounts.identifiers import Typed
from vestibule.core.accounts.model import Identifier, IdentifierKind, Person
from vestibule.core.guard.audit import Audit
from vestibule.core.guard.model import Event, EventType
from vestibule.core.store import Tx
from vestibule.kernel.ids import UserId
from vestibule.kernel.origin import Origin

ANY_NAME = (IdentifierKind.USERNAME, IdentifierKind.EMAIL)


async def find_person(tx: Tx, user_id: UserId) -> Person | None:
    """The user with what protocols show, or None."""
    user = await tx.users.find(user_id)
    if user is None:
        return None
    email, username = await _names(tx, user_id)
    return Person(
        user,
        email.value if email else "",
        is_email_verified=email is not None and email.verified_at_ms is not None,
        username=username.value if username else "",
    )


async def counted_as(tx: Tx, user_id: UserId) -> str:
    """What failures of a user are counted by, as `Person.counted_as`; empty for nobody."""
    email, username = await _names(tx, user_id)
    return email.value if email else username.value if username else ""


async def _names(tx: Tx, user_id: UserId) -> tuple[Identifier | None, Identifier | None]:
    primary = {each.kind: each for each in await tx.identifiers.primaries(user_id)}
    return primary.get(IdentifierKind.EMAIL), primary.get(IdentifierKind.USERNAME)


async def find_named(tx: Tx, typed: Typed) -> Identifier | None:
    """Whoever is meant: a user name, else an address. Asks the same questions whatever was typed.

    A verified address comes first: nobody's user name stands before somebody else's address.
    """
    found = {kind: await tx.identifiers.find(kind, form) for kind, form in typed.forms.items()}
    email = found.get(IdentifierKind.EMAIL)
    if email is not None and email.verified_at_ms is not None:
        return email
    return found.get(IdentifierKind.USERNAME) or email


async def find_namesake(tx: Tx, address: str, user_id: str = "") -> Identifier | None:
    """The user name of somebody else that is this address, as an import may have brought it."""
    name = await tx.identifiers.find(IdentifierKind.USERNAME, address)
    return name if name is not None and name.user_id != user_id else None


async def take_name(tx: Tx, audit: Audit, address: str, user_id: UserId, origin: Origin, now_ms: int) -> None:
    """Whoever has proven an address is alone called by it: apps may tell people apart by their user name."""
    name = await find_namesake(tx, address, user_id)
    if name is not None and await tx.identifiers.remove(name.id, now_ms):
        names = {"from": name.value, "to": ""}
        event = Event(EventType.USERNAME_CHANGED, origin, "system", None, name.user_id, personal=names)
        await audit.record(tx, event, now_ms)
