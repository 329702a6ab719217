"""The registry of user fields: one table that writes, filters, sorts and output all obey.

A field that is not in the table does not exist; a field that is not marked writable is protected.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from vestibule.core.accounts.model import Person, Profile, name_of
from vestibule.core.apps.policy import Policy
from vestibule.kernel.clock import iso
from vestibule.kernel.errors import Code, DomainError, all_of, refuse

TEXT_LIMIT = 2_000
_UNWRITABLE = re.compile(r"[\0\ud800-\udfff]")
"""What databases end a text at, and halves of a sign, which UTF-8 cannot spell."""
PROBLEMS_TOLD = 20
"""A longer list helps nobody, and a stranger could ask for megabytes of it."""


@dataclass(frozen=True, slots=True)
class Field:
    """What one field of a user may be used for."""

    read: Callable[[Person], object]
    is_writable: bool = False
    """A signed-in user may change it in the own row."""
    is_ignored: bool = False
    """The server's own bookkeeping: a copied-back value is dropped, whatever it says."""
    is_public: bool = False
    """Other users may read it."""


def _profile(name: str) -> Field:
    return Field(lambda person: person.user.profile.get(name), is_writable=True)


FIELDS: dict[str, Field] = {
    "_id": Field(lambda person: person.user.id, is_ignored=True),
    "provider": Field(lambda _: "altogic"),
    "providerUserId": Field(lambda person: person.user.id),
    "email": Field(lambda person: person.email),
    "emailVerified": Field(lambda person: person.is_email_verified),
    "phone": Field(lambda _: None),
    "phoneVerified": Field(lambda _: None),
    "password": Field(lambda _: None),
    "roles": Field(lambda person: list(person.user.roles) or None),
    "name": Field(lambda person: name_of(person.user.profile), is_writable=True),
    "first_name": _profile("first_name"),
    "last_name": _profile("last_name"),
    "profilePicture": _profile("profilePicture"),
    "signUpAt": Field(lambda person: iso(person.user.created_at_ms), is_ignored=True),
    "lastLoginAt": Field(lambda person: iso(person.user.last_sign_in_at_ms), is_ignored=True),
    "createdAt": Field(lambda person: iso(person.user.created_at_ms), is_ignored=True),
    "updatedAt": Field(lambda person: iso(person.user.updated_at_ms), is_ignored=True),
}


def find_field(name: str, policy: Policy) -> Field | None:
    """The field of that exact name, the app's own ones included."""
    return FIELDS.get(name) or (_profile(name) if name in policy.user_fields else None)


def show(person: Person, policy: Policy) -> dict[str, object]:
    """The row as its own user sees it; fields without a value are absent."""
    names = (*FIELDS, *policy.user_fields)
    fields = ((name, find_field(name, policy)) for name in names)
    shown = ((name, field.read(person)) for name, field in fields if field)
    return {name: value for name, value in shown if value is not None}


def apply(values: dict[str, object], person: Person, policy: Policy) -> Profile:
    """The profile after a client wrote `values`; a copied-back object is welcome, a changed protected field is not.

    Raises: field_protected, field_unknown, field_invalid (one of them for each field that is in the way).
    """

    def is_as_before(name: str, value: object) -> bool:
        field = find_field(name, policy)
        return field is not None and (field.is_ignored or value == field.read(person))

    changed = {name: value for name, value in values.items() if not is_as_before(name, value)}
    profile, problems = _written(changed, dict(person.user.profile), policy)
    if refusal := all_of(problems):
        raise refusal
    return profile


def first_profile(values: dict[str, object], policy: Policy) -> tuple[Profile, list[DomainError]]:
    """The profile a sign-up asks for, and one problem per field it may not name."""
    return _written(values, {}, policy)


def _written(values: dict[str, object], profile: Profile, policy: Policy) -> tuple[Profile, list[DomainError]]:
    problems: list[DomainError] = []
    for name, value in values.items():
        if len(problems) == PROBLEMS_TOLD:
            break
        field = find_field(name, policy)
        if field is None:
            problems.append(refuse(Code.FIELD_UNKNOWN, field=name[:100]))
        elif not field.is_writable:
            problems.append(refuse(Code.FIELD_PROTECTED, field=name))
        else:
            try:
                put(profile, name, value)
            except DomainError as problem:
                problems.append(problem)
    return profile, problems


def put(profile: Profile, name: str, value: object) -> None:
    """Write one text field, or take it away with None.

    Raises: field_invalid.
    """
    if value is None:
        profile.pop(name, None)
    elif isinstance(value, str) and len(value) <= TEXT_LIMIT and not _UNWRITABLE.search(value):
        profile[name] = value
    else:
        raise refuse(Code.FIELD_INVALID, field=name)
