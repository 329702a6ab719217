"""Rows with something in every field; a test names only what it is about."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from tests.fakes import START_MS as NOW
from vestibule.core.accounts.model import (
    Credential,
    Identifier,
    IdentifierKind,
    Registration,
    User,
    UserStatus,
)
from vestibule.core.apps.model import App, AppKey, Environment, KeyKind
from vestibule.core.apps.policy import Policy
from vestibule.core.files.model import Bucket, StoredFile
from vestibule.core.guard.model import EventType, StoredEvent
from vestibule.core.messages.model import MessageKind, OutboxRow
from vestibule.core.sessions.model import Device, Session
from vestibule.core.signin.model import Attempt, Authenticated, Challenge, ChallengeDetail, Purpose
from vestibule.core.tokens.model import KeyState, RefreshToken, SigningKey
from vestibule.kernel.ids import AppId, SessionId, UserId
from vestibule.kernel.origin import Agent, Version

EMAIL = IdentifierKind.EMAIL
LATER = NOW + 60_000
NEVER = NOW + 10**12

_numbers = count(1)


def new_id(at_ms: int = NOW) -> str:
    return f"{at_ms:012x}{next(_numbers):012x}"


def an_app(**changes: Any) -> App:
    app = App(AppId(new_id()), new_id(), "Acme", Environment.DEVELOPMENT, NOW, Policy())
    return replace(app, **changes)


def a_key(**changes: Any) -> AppKey:
    key = AppKey(new_id(), KeyKind.CLIENT, "browser", Environment.DEVELOPMENT, f"digest {new_id()}", "sealed", NOW)
    return replace(key, **changes)


def a_user(**changes: Any) -> User:
    user_id = UserId(new_id())
    user = User(user_id, UserStatus.ACTIVE, {"name": "Ada"}, ("editor",), 1, "data key", NOW, NOW, NOW)
    return replace(user, **changes)


def an_identifier(**changes: Any) -> Identifier:
    number = new_id()
    identifier = Identifier(number, UserId(new_id()), EMAIL, f"{number}@acme.test", None, True, NOW)
    return replace(identifier, **changes)


def a_credential(**changes: Any) -> Credential:
    return replace(Credential(new_id(), UserId(new_id()), "hash"), **changes)


def a_registration(**changes: Any) -> Registration:
    registration = Registration(new_id(), UserId(new_id()), EMAIL, "ada@acme.test", "hash", {"name": "Ada"}, NOW, LATER)
    return replace(registration, **changes)


def a_challenge(**changes: Any) -> Challenge:
    challenge = Challenge(
        id=new_id(),
        purpose=Purpose.MAGIC_LINK,
        subject="subject",
        recipient="recipient",
        digest=f"digest {new_id()}",
        code_mac="mac",
        key_id="k001",
        tries_left=5,
        detail=ChallengeDetail("altogic", "203.0.113.7", "Firefox", "/", "magic-link", "ada@acme.test", "email", "k"),
        created_at_ms=NOW,
        expires_at_ms=LATER,
        code_expires_at_ms=LATER,
    )
    return replace(challenge, **changes)


def an_attempt(**changes: Any) -> Attempt:
    proofs = (Authenticated(UserId(new_id()), "password", NOW),)
    attempt = Attempt(new_id(), "sign-in", f"digest {new_id()}", {"email": "a"}, NOW, LATER, proofs[0].user_id, proofs)
    return replace(attempt, **changes)


def a_session(**changes: Any) -> Session:
    user_id = UserId(new_id())
    session = Session(
        id=SessionId(new_id()),
        user_id=user_id,
        device_id=new_id(),
        digest=f"digest {new_id()}",
        proofs=(Authenticated(user_id, "password", NOW),),
        aal=1,
        auth_at_ms=NOW,
        door="altogic",
        address="203.0.113.7",
        agent=Agent(Version("Firefox", "128"), Version("Mac"), Version("macOS", "15", "1", "2")),
        created_at_ms=NOW,
        last_active_at_ms=NOW,
        absolute_expires_at_ms=NEVER,
        idle_expires_at_ms=LATER,
    )
    return replace(session, **changes)


def a_device(**changes: Any) -> Device:
    return replace(Device(new_id(), f"digest {new_id()}", NOW), **changes)


def an_event(**changes: Any) -> StoredEvent:
    event = StoredEvent(
        new_id(), EventType.USER_CREATED, NOW, "user", new_id(), new_id(), new_id(), new_id(), new_id(), "{}", "sealed"
    )
    return replace(event, **changes)


def a_mail(app_id: AppId, **changes: Any) -> OutboxRow:
    return replace(OutboxRow(app_id, new_id(), "email", MessageKind.VERIFY, "sealed", 0, LATER, NOW), **changes)


def a_signing_key(**changes: Any) -> SigningKey:
    return replace(SigningKey(new_id(), "ES256", KeyState.CURRENT, '{"kty":"EC"}', "sealed", NOW), **changes)


def a_refresh_token(**changes: Any) -> RefreshToken:
    return replace(RefreshToken(SessionId(new_id()), 0, "ua:client", NOW, LATER), **changes)


def a_bucket(**changes: Any) -> Bucket:
    number = new_id()
    return replace(Bucket(number, f"bucket {number}", True, ("a", "b"), UserId(new_id()), NOW, NOW), **changes)


def a_file(**changes: Any) -> StoredFile:
    number = new_id()
    file = StoredFile(
        id=number,
        bucket_id="bucket",
        name=f"{number}.png",
        public_key=f"public {number}",
        storage_key=f"stored {number}",
        size_bytes=7,
        mime_type="image/png",
        is_public=False,
        tags=("a",),
        user_id=UserId(new_id()),
        uploaded_at_ms=NOW,
        updated_at_ms=NOW,
    )
    return replace(file, **changes)
