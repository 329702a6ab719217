"""The registry of user fields as a state machine: no sequence of writes changes what is protected."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.world import ORIGIN, World
from vestibule.core.accounts.fields import FIELDS, TEXT_LIMIT, find_field, show
from vestibule.core.apps.policy import Policy
from vestibule.kernel.errors import Code, DomainError
from vestibule.kernel.ids import UserId

OWN = ("bio", "address.city")
POLICY = Policy(user_fields=OWN)
WRITABLE = {name for name in (*FIELDS, *OWN) if (field := find_field(name, POLICY)) and field.is_writable}
BOOKKEEPING = {name for name, field in FIELDS.items() if field.is_ignored}
PROTECTED = set(FIELDS) - WRITABLE - BOOKKEEPING
REFUSALS = {Code.FIELD_PROTECTED, Code.FIELD_UNKNOWN, Code.FIELD_INVALID}

NAMES = st.sampled_from([*FIELDS, *OWN, "status", "version", "data_key", "Email", "__proto__", "email.value", ""])
TEXTS = st.text(max_size=20) | st.just("x" * (TEXT_LIMIT + 1))
VALUES = TEXTS | st.none() | st.booleans() | st.integers() | st.lists(TEXTS, max_size=2)


def test_the_table_protects_what_it_must():
    assert {"email", "emailVerified", "phone", "provider", "password", "roles"} <= PROTECTED
    assert {"name", "first_name", "last_name", "profilePicture", *OWN} == WRITABLE


class Writes(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.world = self.runner.run(World.open(Path(self.folder.name), POLICY))
        self.ada = UserId(self.runner.run(self.world.user(name="Ada")))
        self.first = self.shown()
        self.profile: dict[str, str] = {"name": "Ada"}

    def shown(self) -> dict[str, object]:
        person = self.runner.run(self.world.house.users.find(self.world.app, self.ada))
        assert person is not None
        return show(person, POLICY)

    def wanted(self) -> dict[str, str]:
        """What was written; a name that was not is first and last name."""
        joined = " ".join(self.profile[part] for part in ("first_name", "last_name") if part in self.profile).strip()
        return ({"name": joined} if joined else {}) | self.profile

    def outcome(self, change: Coroutine[Any, Any, object]) -> Code | None:
        try:
            self.runner.run(change)
        except DomainError as error:
            return error.code
        return None

    @rule(values=st.dictionaries(NAMES, VALUES, max_size=4), moment=st.integers(0, 10_000))
    def write(self, values: dict[str, object], moment: int) -> None:
        self.world.clock.tick(moment)
        before = self.shown()
        change = self.world.house.users.change(self.world.app, self.ada, values, ORIGIN)
        refusal = self.outcome(change)
        if refusal is not None:
            assert refusal in REFUSALS
            assert self.shown() == before  # all or none
            return
        for name in WRITABLE & values.keys():
            if values[name] == before.get(name):
                continue  # copied back
            self.profile.pop(name, None)
            if isinstance(value := values[name], str):
                self.profile[name] = value
        assert PROTECTED & values.keys() <= {name for name in values if values[name] == self.first.get(name)}

    @rule(name=TEXTS)
    def write_back_a_copy(self, name: str) -> None:
        copy = self.shown() | {"name": name[:TEXT_LIMIT].replace("\0", "")}
        before = self.shown()
        self.runner.run(self.world.house.users.change(self.world.app, self.ada, copy, ORIGIN))
        if copy["name"] != before.get("name"):
            self.profile["name"] = str(copy["name"])

    @invariant()
    def what_is_protected_stays(self) -> None:
        if hasattr(self, "first"):
            now = self.shown()
            assert {name: now.get(name) for name in PROTECTED} == {name: self.first.get(name) for name in PROTECTED}
            assert now["_id"] == self.ada
            assert {name: now[name] for name in WRITABLE & now.keys()} == self.wanted()
            assert now.keys() <= {*FIELDS, *OWN}

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.runner.run(self.world.close())
            self.runner.close()
            self.folder.cleanup()


Writes.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


@pytest.mark.slow
class TestWrites(Writes.TestCase):  # type: ignore[misc, valid-type]  # made by Hypothesis
    pass
