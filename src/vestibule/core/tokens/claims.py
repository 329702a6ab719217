"""What tokens say of a user: one table of what may be asked for, and the names that are ours."""

from __future__ import annotations

import json
from collections.abc import Callable

from vestibule.core.accounts.model import Person, name_of
from vestibule.core.apps.model import App
from vestibule.core.store import Tx
from vestibule.kernel.keys import KeyRing

RESERVED = frozenset(
    {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid", "act", "amr", "acr", "azp", "cnf", "scope", "client_id"}
)
"""Claims with a meaning in RFC 7519, 8693, 9068 or OpenID Connect: no setting may give them another."""

TEXT_BYTES = 300
"""Of a text of the profile in a token, as JSON: 150 letters of most scripts. A longer one is left out, for people write
it themselves, and a token travels with every request."""
ROLES_BYTES = 2_000
"""Of all roles of a user, as JSON: nobody gets more of them than a token can carry."""

FIELDS: dict[str, Callable[[Person], object]] = {
    "username": lambda person: person.username or person.email,
    "email": lambda person: person.email,
    "email_verified": lambda person: person.is_email_verified,
    "first_name": lambda person: _short(person.user.profile.get("first_name")),
    "last_name": lambda person: _short(person.user.profile.get("last_name")),
    "name": lambda person: _short(name_of(person.user.profile)),
    "roles": lambda person: list(person.user.roles),
}
"""What `TOKEN_CLAIMS` may name."""


async def subject_claims(tx: Tx, app: App, person: Person, ring: KeyRing) -> dict[str, object]:
    """The claims about the user; what is empty is left out."""
    policy = app.policy
    wanted = ((name, FIELDS[name](person)) for name in policy.TOKEN_CLAIMS)
    claims = {name: value for name, value in wanted if value not in (None, "", [])}
    claims[policy.USER_ID_CLAIM] = await shown_id(tx, app, person)
    claims["sub"] = person.user.id
    if policy.CHECK_REVOKE_TOKEN:
        claims[policy.REVOKE_TOKEN_CLAIM] = await password_mark(tx, app, person, ring)
    return claims


def size_of(value: object) -> int:
    """Bytes that a value takes in a token, before they are spelled in base64."""
    return len(json.dumps(value, ensure_ascii=False).encode())


def _short(text: object) -> object:
    return text if size_of(text) <= TEXT_BYTES else None


async def shown_id(tx: Tx, app: App, person: Person) -> str:
    """The id by which the app's own tables know the user: the old key of an imported one, if the app wants that."""
    namespace = app.policy.USER_ID_FIELD
    alias = None if namespace == "id" else await tx.aliases.of_user(person.user.id, namespace)
    return alias or person.user.id


async def password_mark(tx: Tx, app: App, person: Person, ring: KeyRing) -> str:
    """Names the present password without telling anything of it."""
    credential = await tx.credentials.find_password(person.user.id)
    return ring.mac(app.id, "token.password", credential.id if credential else "", ring.lookup).hex()[:32].upper()
