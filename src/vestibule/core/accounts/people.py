"""A user with the primary address."""

from __future__ import annotations

from vestibule.core.accounts.model import IdentifierKind, Person
from vestibule.core.store import Tx
from vestibule.kernel.ids import UserId


async def find_person(tx: Tx, user_id: UserId) -> Person | None:
    """The user and the address protocols show, or None."""
    user = await tx.users.find(user_id)
    if user is None:
        return None
    email = await tx.identifiers.primary(user_id, IdentifierKind.EMAIL)
    if email is None:
        return Person(user, "", is_email_verified=False)
    return Person(user, email.value, is_email_verified=email.verified_at_ms is not None)
