"""Argon2id: known answers, salts, corrupt hashes, the bounded pool."""

import asyncio
import random
import threading
import unicodedata

import pytest
from argon2 import PasswordHasher, Type

from tests.fakes import SeededEntropy
from vestibule.adapters import hashing
from vestibule.adapters.hashing import CURRENT, EQUAL, Argon2Hasher, Strength
from vestibule.adapters.system import SystemEntropy
from vestibule.core.store import in_transaction
from vestibule.kernel.errors import Code, DomainError
from vestibule.kernel.secret import Secret

CHEAP = Strength(8, 1)
PASSWORD = Secret("correct-horse-7-battery")


@pytest.fixture
def cheap():
    hasher = Argon2Hasher(SystemEntropy(), CHEAP)
    yield hasher
    hasher.close()


@pytest.fixture
def real():
    hasher = Argon2Hasher(SystemEntropy())
    yield hasher
    hasher.close()


# --- What is stored -----------------------------------------------------------------------------


async def test_the_present_parameters_are_in_every_hash(real):
    stored = await real.hash(PASSWORD)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await real.verify(stored, PASSWORD)
    assert not await real.verify(stored, Secret("correct-horse-7-batterz"))
    assert PasswordHasher().verify(stored, PASSWORD.reveal())


async def test_a_hash_is_known():
    """The same salt and password through the library's lowest layer."""
    hasher = Argon2Hasher(SeededEntropy(7), CHEAP)
    fresh = SeededEntropy(7)
    for size in (16, 32):  # what the hash of nobody was made of
        fresh.token_bytes(size)
    salt = fresh.token_bytes(16)
    known = PasswordHasher(1, 8, 1, 32, 16, type=Type.ID).hash(b"correct", salt=salt)
    assert await hasher.hash(Secret("correct")) == known
    hasher.close()


async def test_every_hash_has_a_salt_of_its_own(cheap):
    hashes = [await cheap.hash(PASSWORD) for _ in range(10_000)]
    assert len({stored.split("$")[4] for stored in hashes}) == 10_000
    assert all(len(stored.split("$")[4]) == 22 for stored in hashes)  # 128 bits


# --- The whole password -------------------------------------------------------------------------


@pytest.mark.parametrize("position", [0, 71, 72, 73, 199, 999])
async def test_every_byte_counts(cheap, position):
    password = "a" * 1_000
    stored = await cheap.hash(Secret(password))
    other = password[:position] + "b" + password[position + 1 :]
    assert await cheap.verify(stored, Secret(password))
    assert not await cheap.verify(stored, Secret(other))
    assert not await cheap.verify(stored, Secret(password[:position]))


@pytest.mark.parametrize("password", ["nul\0inside", " spaces ", "密码密码密码密码", "🔑" * 8, "\ud800 half a pair"])
async def test_any_text_is_a_password(cheap, password):
    stored = await cheap.hash(Secret(password))
    assert await cheap.verify(stored, Secret(password))
    assert not await cheap.verify(stored, Secret(password.rstrip()[:3]))


async def test_a_nul_ends_nothing(cheap):
    stored = await cheap.hash(Secret("before\0after"))
    assert not await cheap.verify(stored, Secret("before"))
    assert not await cheap.verify(stored, Secret("before\0other"))


async def test_composed_and_decomposed_are_one(cheap):
    composed = unicodedata.normalize("NFC", "crème brûlée é")
    stored = await cheap.hash(Secret(composed))
    assert await cheap.verify(stored, Secret(unicodedata.normalize("NFD", composed)))
    assert not await cheap.verify(stored, Secret("creme brulee e"))


# --- Corrupt hashes -----------------------------------------------------------------------------


async def test_a_corrupt_hash_is_a_wrong_password(cheap):
    dice = random.Random(20261121)
    stored = await cheap.hash(PASSWORD)
    for _ in range(10_000):
        broken = list(stored)
        for _ in range(dice.randint(1, 3)):
            match dice.randrange(3):
                case 0:
                    broken[dice.randrange(len(broken))] = chr(dice.choice([0, 10, 36, 44, 61, 127, 233, 0xD800]))
                case 1:
                    broken[dice.randrange(len(broken))] = dice.choice("$,=mtpv0123456789abcXYZ+/")
                case _:
                    del broken[dice.randrange(len(broken)) :][:1]
            broken = broken or [""]
        text = "".join(broken)
        if text != stored:
            assert not await cheap.verify(text, PASSWORD), text


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "$",
        "plain text",
        "$2b$12$abcdefghijklmnopqrstuuu",
        "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43,
        "$argon2id$v=19$m=8,t=99,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43,
        "$argon2id$v=19$m=99999999999999999999,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43,
        "$argon2id$v=19$m=8,t=0,p=0$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43,
    ],
)
async def test_what_is_no_hash_is_refused_at_once(cheap, stored):
    assert not await cheap.verify(stored, PASSWORD)
    assert cheap.is_outdated(stored)


async def test_something_behind_a_hash_spoils_it(cheap):
    stored = await cheap.hash(PASSWORD)
    for behind in ("\0", "\0$", "\n", "$", " ", "A" * 60):
        assert not await cheap.verify(stored + behind, PASSWORD)


# --- Age ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", EQUAL)
def test_rows_of_equal_strength_are_current(real, row):
    assert not real.is_outdated(_of(row))


@pytest.mark.parametrize(
    "row",
    [Strength(19_455, 2), Strength(19_456, 1), Strength(4_096, 3), Strength(7_167, 5), Strength(47_103, 1)],
)
def test_weaker_rows_are_outdated(real, row):
    assert real.is_outdated(_of(row))


def test_a_stronger_setting_makes_the_table_outdated():
    hasher = Argon2Hasher(SystemEntropy(), Strength(65_536, 3))
    assert hasher.is_outdated(_of(CURRENT))
    assert not hasher.is_outdated(_of(Strength(65_536, 4)))
    hasher.close()


def _of(row):
    return f"$argon2id$v=19$m={row.memory_kib},t={row.passes},p=1$c29tZXNhbHRzb21lc2FsdA${'A' * 43}"


# --- Equal work ---------------------------------------------------------------------------------


async def test_a_stranger_costs_the_work_of_a_wrong_password(real, monkeypatch):
    seen = []
    verify = PasswordHasher.verify

    def counted(self, stored, password):
        seen.append(hashing._strength_of(stored if isinstance(stored, str) else stored.decode()))
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    stored = await real.hash(PASSWORD)
    assert not await real.verify(stored, Secret("wrong"))
    assert await real.verify_nothing(PASSWORD) is None
    assert seen == [CURRENT, CURRENT]


async def test_nobody_has_no_password(cheap):
    for password in ("", "a", PASSWORD.reveal()):
        assert not await cheap.verify(cheap._nobodys, Secret(password))
    assert not cheap.is_outdated(cheap._nobodys)


# --- The pool -----------------------------------------------------------------------------------


class Held(Argon2Hasher):
    """Its work waits until it is let go."""

    def __init__(self, threads, queue_limit):
        super().__init__(SystemEntropy(), CHEAP, threads, queue_limit)
        self.gate = threading.Event()

    def _matches(self, stored, password):
        return self.gate.wait(20)

    def begin(self, count):
        return [asyncio.create_task(self.verify("", PASSWORD)) for _ in range(count)]


@pytest.fixture
def held():
    pool = Held(threads=2, queue_limit=3)
    yield pool
    pool.gate.set()
    pool.close()


async def test_past_the_queue_limit_it_refuses_at_once(held):
    waiting = held.begin(5)
    await asyncio.sleep(0)
    with pytest.raises(DomainError) as refusal:
        await held.verify("", PASSWORD)
    assert refusal.value.code is Code.OVERLOADED
    assert int(refusal.value.fields["retry_after_s"]) >= 1
    held.gate.set()
    assert all(await asyncio.gather(*waiting))
    assert await held.verify("", PASSWORD)


async def test_of_a_burst_exactly_as_many_pass_as_there_are_places(held):
    burst = held.begin(50)
    await asyncio.sleep(0.05)
    held.gate.set()
    results = await asyncio.gather(*burst, return_exceptions=True)
    assert [result for result in results if result is True] == [True] * 5
    assert sum(isinstance(result, DomainError) for result in results) == 45


async def test_who_stops_waiting_gives_the_place_back_when_the_work_is_over(held):
    waiting = held.begin(5)
    await asyncio.sleep(0.05)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    again = held.begin(4)  # two still run: five places less two, and one too many
    await asyncio.sleep(0.05)
    held.gate.set()
    results = await asyncio.gather(*again, return_exceptions=True)
    assert [isinstance(result, DomainError) for result in results] == [False, False, False, True]
    await asyncio.sleep(0.05)
    assert await asyncio.gather(*held.begin(5)) == [True] * 5


async def test_the_event_loop_goes_on_while_it_hashes(real):
    hashes = asyncio.gather(*(real.hash(PASSWORD) for _ in range(4)))
    turns = 0
    while not hashes.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns >= 10


async def test_never_inside_a_transaction(cheap):
    token = in_transaction.set(True)
    try:
        for work in (cheap.hash(PASSWORD), cheap.verify("", PASSWORD), cheap.verify_nothing(PASSWORD)):
            with pytest.raises(RuntimeError, match="transaction"):
                await work
    finally:
        in_transaction.reset(token)
