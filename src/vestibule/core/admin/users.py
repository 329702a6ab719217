"""What an operator can do with users and their sessions. Whoever calls has been let in by somebody else."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from vestibule.core.accounts import fields
from vestibule.core.accounts.identifiers import normal_email, own_username, read_typed
from vestibule.core.accounts.model import Credential, Identifier, IdentifierKind, Person, User, UserStatus
from vestibule.core.accounts.passwords import PasswordRules
from vestibule.core.accounts.people import ANY_NAME, find_named, find_person, take_name
from vestibule.core.admin.ports import Hashes
from vestibule.core.apps.model import App
from vestibule.core.guard.audit import Audit
from vestibule.core.guard.model import PASSWORD_FAILURES, Event, EventType
from vestibule.core.messages.model import MessageKind
from vestibule.core.sessions.model import Session
from vestibule.core.signin.mails import Mails
from vestibule.core.signin.model import ChallengeDetail, Purpose
from vestibule.core.store import Store, Tx
from vestibule.core.tokens.claims import ROLES_BYTES, size_of
from vestibule.kernel.clock import Clock
from vestibule.kernel.entropy import Entropy, text_of
from vestibule.kernel.errors import Code, all_of, refuse
from vestibule.kernel.ids import SessionId, UserId, is_id, new_id
from vestibule.kernel.origin import Origin
from vestibule.kernel.secret import Secret

FILES_PER_STEP = 100
ROLE_LENGTH = 150


@dataclass(frozen=True, slots=True)
class NewUser:
    """What an operator says of a user to be made, who has an address, a user name or both; the address is verified."""

    email: str = ""
    password: Secret[str] | None = None
    values: dict[str, object] | None = None
    username: str = ""


@dataclass(frozen=True, slots=True)
class UserAdmin:
    """Users as operators see them."""

    store: Store
    clock: Clock
    entropy: Entropy
    audit: Audit
    hasher: Hashes
    passwords: PasswordRules
    mails: Mails

    async def create(self, app: App, new: NewUser, origin: Origin) -> Person:
        """A user whose address the operator vouches for; registrations of the address end.

        Raises: email_invalid, email_taken, username_invalid, username_taken, field_protected, field_unknown,
            field_invalid, password_too_short, password_too_long, password_common, password_similar, overloaded.
        """
        now_ms = self.clock.now_ms()
        person = self._checked(app, new, now_ms)
        password_hash = None if new.password is None else await self.hasher.hash(new.password)
        async with self.store.transaction(app.id) as tx:
            await self._add(tx, person, password_hash, origin, now_ms)
        return person

    def _checked(self, app: App, new: NewUser, now_ms: int) -> Person:
        """The user to be, or one refusal with every problem of the form."""
        profile, problems = fields.first_profile(new.values or {}, app.policy)
        email = normal_email(new.email) or ""
        if not email and (new.email or not new.username):
            raise refuse(Code.EMAIL_INVALID, field="email")
        username = own_username(new.username, email) if new.username else ""
        user_id = UserId(new_id(now_ms, self.entropy))
        data_key = text_of(self.entropy.token_bytes(24))
        user = User(user_id, UserStatus.ACTIVE, profile, (), 1, data_key, now_ms, now_ms, now_ms)
        person = Person(user, email, is_email_verified=bool(email), username=username)
        if new.password is not None:
            problems += self.passwords.problems(app, new.password, email, person.known_as)
        if refusal := all_of(problems):
            raise refusal
        return person

    async def _add(self, tx: Tx, person: Person, password_hash: str | None, origin: Origin, now_ms: int) -> None:
        user_id = person.user.id
        if person.email:
            kind = IdentifierKind.EMAIL
            identifier = self._primary(user_id, kind, person.email, now_ms, verified_at_ms=now_ms)
            if not await tx.identifiers.add(identifier, "operator"):
                raise refuse(Code.EMAIL_TAKEN, field="email", value=person.email)
            await tx.registrations.end_all(kind, person.email, now_ms)
            await take_name(tx, self.audit, person.email, user_id, origin, now_ms)
        if person.username:
            await self._add_username(tx, user_id, person.username, now_ms)
        await tx.users.add(person.user)
        event = replace(
            _by_operator(EventType.USER_CREATED, user_id, origin),
            payload={"verified_how": "operator" if person.email else ""},
            personal={"email": person.email, "username": person.username},
        )
        event_id = await self.audit.record(tx, event, now_ms)
        if password_hash is not None:
            credential = Credential(new_id(now_ms, self.entropy), user_id, password_hash)
            await tx.credentials.add_password(credential, event_id, now_ms)

    def _primary(
        self, user_id: UserId, kind: IdentifierKind, value: str, now_ms: int, *, verified_at_ms: int | None = None
    ) -> Identifier:
        return Identifier(new_id(now_ms, self.entropy), user_id, kind, value, verified_at_ms, True, now_ms)

    async def _add_username(self, tx: Tx, user_id: UserId, username: str, now_ms: int) -> None:
        identifier = self._primary(user_id, IdentifierKind.USERNAME, username, now_ms)
        if not await tx.identifiers.add(identifier, ""):
            raise refuse(Code.USERNAME_TAKEN, field="username", value=username)

    async def get(self, app: App, who: str) -> Person:
        """The user of an id, an old key (`django:4`), a user name or an e-mail address; deleted ones by id or key only.

        An old key comes before a name: keys are given by operators, names are chosen by anybody.
        Raises: user_not_found.
        """
        tx = self.store.reading(app.id)
        namespace, colon, key = who.partition(":")
        user_id = await tx.aliases.find(namespace, key) if colon else UserId(who) if is_id(who) else None
        person = await find_person(tx, user_id) if user_id else None
        if person is None and (named := await find_named(tx, read_typed(who, ANY_NAME))) is not None:
            person = await find_person(tx, named.user_id)
        if person is None:
            raise refuse(Code.USER_NOT_FOUND)
        return person

    async def old_keys(self, app: App, user_id: UserId) -> list[str]:
        """The keys that a user had in systems they were imported from, as `get` takes them."""
        return [f"{namespace}:{key}" for namespace, key in await self.store.reading(app.id).aliases.list(user_id)]

    async def set_password(self, app: App, who: str, password: Secret[str], origin: Origin) -> None:
        """Replace the password: every session ends, unused links die, the user gets a notice.

        Raises: user_not_found, password_too_short, password_too_long, password_common, password_similar,
            overloaded.
        """
        person = await self._get_living(app, who)
        problems = self.passwords.problems(app, password, person.email, person.known_as)
        if refusal := all_of(problems):
            raise refusal
        password_hash = await self.hasher.hash(password)
        now_ms = self.clock.now_ms()
        user_id = person.user.id
        async with self.store.transaction(app.id) as tx:
            event_id = await self.audit.record(tx, _by_operator(EventType.PASSWORD_RESET, user_id, origin), now_ms)
            if old := await tx.credentials.find_password(user_id):
                await tx.credentials.remove(old.id, now_ms)
            credential = Credential(new_id(now_ms, self.entropy), user_id, password_hash)
            await tx.credentials.add_password(credential, event_id, now_ms)
            await self._end_sessions(tx, user_id, "password", origin, now_ms)
            run = self.audit.identifier_digest(app.id, person.counted_as)
            await tx.limits.forgive_all(PASSWORD_FAILURES.method, run)
            await self.mails.notice(tx, app, MessageKind.PASSWORD_CHANGED, person.email, origin, now_ms)

    async def reset_link(self, app: App, who: str, origin: Origin) -> str:
        """A one-time link with which the user chooses a password; the operator hands it over.

        It proves no address: one that was not verified stays so.
        Raises: user_not_found.
        """
        person = await self._get_living(app, who)
        now_ms = self.clock.now_ms()
        purpose = Purpose.RESET_PASSWORD
        address = person.email if person.is_email_verified else ""
        detail = ChallengeDetail(door=origin.door, agent=origin.agent.label, email=address)
        async with self.store.transaction(app.id) as tx:
            issued = await self.mails.challenges.mail(tx, app, purpose, person.user.id, detail, now_ms)
            event = replace(
                _by_operator(EventType.MESSAGE_ASKED, person.user.id, origin),
                payload={"purpose": purpose.value},
            )
            await self.audit.record(tx, event, now_ms)
        return self.mails.link_url(app.id, purpose, issued.token)

    async def set_username(self, app: App, who: str, username: str, origin: Origin) -> bool:
        """Give the user another user name. False when it is that one already.

        Raises: user_not_found, username_invalid, username_taken.
        """
        person = await self._get_living(app, who)
        wanted = own_username(username, person.email if person.is_email_verified else "")
        user_id, now_ms = person.user.id, self.clock.now_ms()
        async with self.store.transaction(app.id) as tx:
            old = await tx.identifiers.primary(user_id, IdentifierKind.USERNAME)
            if old is not None and old.value == wanted:
                return False
            if old is not None:
                await tx.identifiers.remove(old.id, now_ms)
            await self._add_username(tx, user_id, wanted, now_ms)
            names = {"from": old.value if old else "", "to": wanted}
            event = replace(_by_operator(EventType.USERNAME_CHANGED, user_id, origin), personal=names)
            await self.audit.record(tx, event, now_ms)
        return True

    async def set_roles(self, app: App, who: str, roles: tuple[str, ...], origin: Origin) -> bool:
        """Give the user exactly these roles. False when nothing changes.

        Raises: user_not_found, field_invalid.
        """
        user_id = (await self._get_living(app, who)).user.id
        wanted = checked_roles(roles)
        now_ms = self.clock.now_ms()
        async with self.store.transaction(app.id) as tx:
            if not await tx.users.change_roles(user_id, wanted, now_ms):
                return False
            event = _by_operator(EventType.USER_ROLES_CHANGED, user_id, origin)
            await self.audit.record(tx, replace(event, payload={"roles": json.dumps(wanted)}), now_ms)
        return True

    async def ban(self, app: App, who: str, origin: Origin) -> bool:
        """Keep the user out, by every method, and end every session. False when that was so already.

        Raises: user_not_found.
        """
        return await self._set_status(app, who, UserStatus.BANNED, EventType.USER_BANNED, origin)

    async def unban(self, app: App, who: str, origin: Origin) -> bool:
        """Let the user in again; ended sessions stay ended. False when the user was not banned.

        Raises: user_not_found.
        """
        return await self._set_status(app, who, UserStatus.ACTIVE, EventType.USER_UNBANNED, origin)

    async def _set_status(self, app: App, who: str, status: UserStatus, type_: EventType, origin: Origin) -> bool:
        user_id = (await self._get_living(app, who)).user.id
        now_ms = self.clock.now_ms()
        async with self.store.transaction(app.id) as tx:
            if not await tx.users.change_status(user_id, status, now_ms):
                return False
            await self.audit.record(tx, _by_operator(type_, user_id, origin), now_ms)
            if status is UserStatus.BANNED:
                await self._end_sessions(tx, user_id, "banned", origin, now_ms)
        return True

    async def delete(self, app: App, who: str, origin: Origin) -> None:
        """Forget the person: names, profile, credentials, files, open requests, the key to their part of the log.

        The id stays, so that nobody else ever gets it; the log stays whole, without the person.
        Raises: user_not_found.
        """
        person = await self._get_living(app, who)
        user_id = person.user.id
        await self._delete_files(app, user_id, origin)
        now_ms = self.clock.now_ms()
        async with self.store.transaction(app.id) as tx:
            if not await tx.users.erase(user_id, now_ms):
                raise refuse(Code.USER_NOT_FOUND)
            registered = await tx.registrations.erase(user_id, IdentifierKind.EMAIL, person.email)
            await self._end_sessions(tx, user_id, "deleted", origin, now_ms)
            recipient = self.mails.challenges.recipient(app.id, person.email)
            for subject in (user_id, *registered):
                await tx.challenges.erase(subject, recipient, now_ms)
            await tx.sessions.erase_all(user_id)
            await tx.refresh_tokens.erase_all(user_id)
            await tx.notices.erase_all(user_id)
            await tx.identifiers.erase_all(user_id, now_ms)
            await tx.credentials.erase_all(user_id, now_ms)
            await self.audit.record(tx, _by_operator(EventType.USER_DELETED, user_id, origin), now_ms)

    async def _delete_files(self, app: App, user_id: UserId, origin: Origin) -> None:
        """Rows go now; their bytes are doomed and the sweeper deletes them."""
        while files := await self.store.scanning(app.id).files.of_user(user_id, FILES_PER_STEP):
            now_ms = self.clock.now_ms()
            async with self.store.transaction(app.id) as tx:
                for file in files:
                    if not await tx.files.remove(file.id):
                        continue
                    for owner in (user_id, app.id):
                        await tx.files.refund(owner, file.size_bytes)
                    await tx.files.doom(file.storage_key, now_ms)
                    event = replace(_by_operator(EventType.FILE_REMOVED, user_id, origin), payload={"file_id": file.id})
                    await self.audit.record(tx, event, now_ms)

    # Sessions -------------------------------------------------------------------------------------

    async def sessions(self, app: App, who: str) -> list[Session]:
        """The user's live sessions, newest first.

        Raises: user_not_found.
        """
        person = await self.get(app, who)
        return await self.store.reading(app.id).sessions.of_user(person.user.id, self.clock.now_ms())

    async def revoke_session(self, app: App, session_id: str, origin: Origin) -> None:
        """End a session, named by its id or handle.

        Raises: not_found.
        """
        now_ms = self.clock.now_ms()
        wanted = SessionId(session_id.removeprefix("sh_"))
        async with self.store.transaction(app.id) as tx:
            session = await tx.sessions.find_by_id(wanted, now_ms)
            if session is None or not await tx.sessions.end(wanted, session.user_id, "operator", now_ms):
                raise refuse(Code.NOT_FOUND)
            await self._note_end(tx, session.user_id, wanted, "operator", origin, now_ms)

    async def _end_sessions(self, tx: Tx, user_id: UserId, reason: str, origin: Origin, now_ms: int) -> None:
        """All of them, and every secret that could open another."""
        for ended in await tx.sessions.end_all(user_id, None, reason, now_ms):
            await self._note_end(tx, user_id, ended, reason, origin, now_ms)
        for purpose in Purpose:
            await tx.challenges.supersede(purpose, user_id, now_ms)

    async def _note_end(
        self, tx: Tx, user_id: UserId, ended: SessionId, reason: str, origin: Origin, now_ms: int
    ) -> None:
        event = _by_operator(EventType.SESSION_ENDED, user_id, origin)
        await self.audit.record(tx, replace(event, session_id=ended, payload={"reason": reason}), now_ms)

    async def _get_living(self, app: App, who: str) -> Person:
        person = await self.get(app, who)
        if person.user.status is UserStatus.DELETED:
            raise refuse(Code.USER_NOT_FOUND)
        return person

    async def list(self, app: App, after: str = "", limit: int = 50) -> list[Person]:
        """A page of users by id, oldest first; `after` is the last id of the page before."""
        users = await self.store.scanning(app.id).users.list(after, limit)
        tx = self.store.reading(app.id)
        people = [await find_person(tx, user.id) for user in users]
        return [person for person in people if person is not None]


def checked_roles(roles: tuple[str, ...]) -> tuple[str, ...]:
    """Roles without repetitions, which are few enough for a token. Raises: field_invalid."""
    wanted = tuple(dict.fromkeys(role.strip() for role in roles))
    is_fit = all(role and role.isprintable() and len(role) <= ROLE_LENGTH for role in wanted)
    if not is_fit or size_of(wanted) > ROLES_BYTES:
        raise refuse(Code.FIELD_INVALID, field="roles")
    return wanted


def _by_operator(type_: EventType, user_id: UserId, origin: Origin) -> Event:
    return Event(type_, origin, "operator", None, user_id)
