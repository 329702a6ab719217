"""Users of another system come in: with their old id as an alias, and their old password hash as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from vestibule.core.accounts import fields
from vestibule.core.accounts.identifiers import normal_email, normal_username
from vestibule.core.accounts.model import Credential, Identifier, IdentifierKind, Profile, User, UserStatus
from vestibule.core.accounts.people import find_namesake
from vestibule.core.admin.ports import OldHashes
from vestibule.core.admin.users import checked_roles
from vestibule.core.apps.model import App
from vestibule.core.guard.audit import Audit
from vestibule.core.guard.model import Event, EventType
from vestibule.core.store import Store, Tx
from vestibule.kernel.clock import Clock
from vestibule.kernel.entropy import Entropy, text_of
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.kernel.ids import UserId, is_id, new_id
from vestibule.kernel.origin import Origin

PER_TRANSACTION = 25
"""Users written in one go: a few milliseconds, because everybody else's writing waits meanwhile."""
KEY_LENGTH = 150


class Outcome(StrEnum):
    """What became of one user."""

    CREATED = "created"
    THERE = "there"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class OldUser:
    """A user as the other system had it."""

    key: str
    username: str = ""
    email: str = ""
    password: str = field(default="", repr=False)
    """The hash as it is stored there."""
    first_name: str = ""
    last_name: str = ""
    is_active: bool = True
    roles: tuple[str, ...] = ()
    created_at_ms: int | None = None
    last_sign_in_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """How to take them in."""

    namespace: str
    """The other system, as aliases name it."""
    is_email_verified: bool = False
    """Whether the operator vouches for every address."""
    is_dry: bool = False
    """Do everything, then undo it: whatever would be refused is found."""


@dataclass(slots=True)
class Landed:
    """What became of one user, and why."""

    key: str
    outcome: Outcome
    reason: str = ""
    """Why it was skipped: a code of an error."""
    notes: list[str] = field(default_factory=list)
    """What it came without, `email_invalid`, `email_taken`, `no_password`, `hash_unknown`; or `banned`."""
    username: str = ""
    email: str = ""
    user_id: str = ""
    old_username: str = ""
    """As the other system has it; what cannot be one here is seen nowhere else."""
    old_email: str = ""


class _DryError(Exception):
    """Undoes what a dry run has written."""


@dataclass(frozen=True, slots=True)
class Importing:
    """Takes users in, some at a time; whoever is there already is left alone, so it can be done again."""

    store: Store
    clock: Clock
    entropy: Entropy
    audit: Audit
    hashes: OldHashes

    async def take_in(self, app: App, users: Sequence[OldUser], wishes: Wishes, origin: Origin) -> list[Landed]:
        """Make a user of each; one that does not fit is skipped with its reason and never stops the rest.

        Raises: permission_denied.
        """
        if app.is_system:
            raise refuse(Code.PERMISSION_DENIED, "operators are not imported")
        landed: list[Landed] = []
        for start in range(0, len(users), PER_TRANSACTION):
            some = [self._checked(old) for old in users[start : start + PER_TRANSACTION]]
            landed += await self._write(app, some, wishes, origin)
        return landed

    def _checked(self, old: OldUser) -> tuple[OldUser, Landed]:
        """The user in normal forms, and what can be said before anybody is asked."""
        landed = Landed(old.key, Outcome.CREATED, old_username=old.username, old_email=old.email)
        landed.username = normal_username(old.username) or ""
        landed.email = normal_email(old.email) or ""
        if old.email and not landed.email:
            landed.notes.append(Code.EMAIL_INVALID)
        if not 1 <= len(old.key) <= KEY_LENGTH:
            return old, _skipped(landed, Code.FIELD_REQUIRED)
        if not old.key.isprintable() or is_id(old.key):  # nobody is known by an id that may be somebody else's
            return old, _skipped(landed, Code.FIELD_INVALID)
        if old.username and not landed.username:
            return old, _skipped(landed, Code.USERNAME_INVALID)
        if not landed.username and not landed.email:
            return old, _skipped(landed, Code.EMAIL_INVALID if old.email else Code.FIELD_REQUIRED)
        if not old.password or old.password.startswith("!"):
            landed.notes.append("no_password")
        elif not self.hashes.can_verify(old.password):
            landed.notes.append("hash_unknown")
        if not old.is_active:
            landed.notes.append("banned")
        try:
            checked_roles(old.roles)
            _profile(old)
        except DomainError as problem:
            return old, _skipped(landed, problem.code)
        return old, landed

    async def _write(
        self, app: App, some: list[tuple[OldUser, Landed]], wishes: Wishes, origin: Origin
    ) -> list[Landed]:
        now_ms = self.clock.now_ms()
        try:
            async with self.store.transaction(app.id) as tx:
                for old, landed in some:
                    if landed.outcome is not Outcome.SKIPPED:
                        await self._settle(tx, old, landed, wishes)
                    if landed.outcome is Outcome.CREATED:
                        await self._create(tx, old, landed, wishes, origin, now_ms)
                if wishes.is_dry:
                    raise _DryError
        except _DryError:
            pass
        return [landed for _, landed in some]

    async def _settle(self, tx: Tx, old: OldUser, landed: Landed, wishes: Wishes) -> None:
        """Whether there is room for it; an address that somebody has is left out where a name is enough to come in."""
        if (there := await tx.aliases.find(wishes.namespace, old.key)) is not None:
            landed.outcome, landed.user_id, landed.notes = Outcome.THERE, there, []
            return
        if landed.username and await _is_name_taken(tx, landed.username):
            _skipped(landed, Code.USERNAME_TAKEN)
        elif landed.email and await _is_address_taken(tx, landed.email):
            landed.email = ""
            landed.notes.append(Code.EMAIL_TAKEN)
            if not landed.username:
                _skipped(landed, Code.EMAIL_TAKEN)

    async def _create(self, tx: Tx, old: OldUser, landed: Landed, wishes: Wishes, origin: Origin, now_ms: int) -> None:
        user = self._user(old, now_ms)
        landed.user_id = "" if wishes.is_dry else user.id
        verified_at_ms = now_ms if wishes.is_email_verified else None
        names = ((IdentifierKind.USERNAME, landed.username, None), (IdentifierKind.EMAIL, landed.email, verified_at_ms))
        for kind, value, verified_ms in names:
            identifier = Identifier(new_id(now_ms, self.entropy), user.id, kind, value, verified_ms, True, now_ms)
            if value and not await tx.identifiers.add(identifier, "import" if verified_ms else ""):
                raise refuse(Code.UNAVAILABLE, "the name was taken at the same time")
        if landed.email and wishes.is_email_verified:
            await tx.registrations.end_all(IdentifierKind.EMAIL, landed.email, now_ms)
        await tx.users.add(user)
        if not await tx.aliases.add(wishes.namespace, old.key, user.id):
            raise refuse(Code.UNAVAILABLE, "the same user came in at the same time")
        event = Event(
            EventType.USER_IMPORTED,
            origin,
            "operator",
            None,
            user.id,
            payload={"namespace": wishes.namespace, "status": user.status.value},
            personal={"key": old.key, "username": landed.username, "email": landed.email},
        )
        event_id = await self.audit.record(tx, event, now_ms)
        if not {"no_password", "hash_unknown"} & set(landed.notes):
            credential = Credential(new_id(now_ms, self.entropy), user.id, old.password)
            await tx.credentials.add_password(credential, event_id, now_ms)

    def _user(self, old: OldUser, now_ms: int) -> User:
        created_at_ms = _past(old.created_at_ms, now_ms) or now_ms
        return User(
            id=UserId(new_id(now_ms, self.entropy)),
            status=UserStatus.ACTIVE if old.is_active else UserStatus.BANNED,
            profile=_profile(old),
            roles=checked_roles(old.roles),
            version=1,
            data_key=text_of(self.entropy.token_bytes(24)),
            created_at_ms=created_at_ms,
            updated_at_ms=now_ms,
            last_sign_in_at_ms=_past(old.last_sign_in_at_ms, now_ms) or created_at_ms,
        )


async def _is_name_taken(tx: Tx, username: str) -> bool:
    """Taken is also the verified address of somebody, who would have two users of one name."""
    if await tx.identifiers.find(IdentifierKind.USERNAME, username) is not None:
        return True
    address = normal_email(username)
    owner = await tx.identifiers.find(IdentifierKind.EMAIL, address) if address else None
    return owner is not None and owner.verified_at_ms is not None


async def _is_address_taken(tx: Tx, email: str) -> bool:
    """Taken is also what somebody is called by: an import takes no name away."""
    owner = await tx.identifiers.find(IdentifierKind.EMAIL, email)
    return owner is not None or await find_namesake(tx, email) is not None


def _profile(old: OldUser) -> Profile:
    """Raises: field_invalid."""
    profile: Profile = {}
    for name, value in (("first_name", old.first_name), ("last_name", old.last_name)):
        fields.put(profile, name, value or None)
    return profile


def _past(at_ms: int | None, now_ms: int) -> int | None:
    return None if at_ms is None else max(0, min(at_ms, now_ms))


def _skipped(landed: Landed, reason: Code) -> Landed:
    landed.outcome, landed.reason, landed.notes = Outcome.SKIPPED, reason.value, []
    return landed
