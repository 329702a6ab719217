"""Sealing, sub-keys, rotation, and keys that are no keys."""

import base64
import hashlib
import hmac
import multiprocessing
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import SeededEntropy
from vestibule.adapters.keyring import Ring, load, load_or_create, save
from vestibule.adapters.system import SystemEntropy
from vestibule.kernel.entropy import text_of
from vestibule.kernel.ids import AppId
from vestibule.kernel.secret import Secret

ACME, OTHER = AppId("a" * 24), AppId("b" * 24)
PLACE = "outbox.sealed.0190b0c0ffee"
KEY = hashlib.sha256(b"one").digest()
OLDER = hashlib.sha256(b"two").digest()


def ring(*keys):
    return Ring(keys or [("k001", KEY)], SystemEntropy())


# --- Sealing ------------------------------------------------------------------------------------


@given(st.binary(max_size=300), st.text(max_size=60))
def test_what_was_sealed_opens_in_its_place(plain, place):
    assert ring().unseal(ACME, place, ring().seal(ACME, place, plain)) == plain


@pytest.mark.parametrize(
    ("app_id", "place"),
    [(OTHER, PLACE), (ACME, PLACE + "0"), (ACME, "event.personal.1"), (ACME, " " + PLACE), (ACME, "")],
)
def test_it_opens_nowhere_else(app_id, place):
    sealed = ring().seal(ACME, PLACE, b"secret")
    with pytest.raises(ValueError, match="altered or belongs elsewhere"):
        ring().unseal(app_id, place, sealed)


def test_a_border_between_app_and_place_cannot_be_moved():
    sealed = ring().seal(AppId("a b"), "c", b"secret")
    with pytest.raises(ValueError, match="altered"):
        ring().unseal(AppId("a"), "b c", sealed)


def test_any_altered_letter_is_noticed():
    keys = ring()
    sealed = keys.seal(ACME, PLACE, b"secret")
    for place, letter in enumerate(sealed):
        for other in "Ax_.":
            if other != letter:
                with pytest.raises(ValueError):
                    keys.unseal(ACME, PLACE, sealed[:place] + other + sealed[place + 1 :])
    longer, shorter = (sealed + "A", sealed + "=", sealed + "\n"), (sealed[:-1], sealed[:20], "v1.k001.", "")
    for altered in (*longer, *shorter, "v2" + sealed[2:]):
        with pytest.raises(ValueError):
            keys.unseal(ACME, PLACE, altered)


def test_the_same_text_is_never_sealed_the_same():
    keys = ring()
    assert len({keys.seal(ACME, PLACE, b"secret") for _ in range(1_000)}) == 1_000


def test_a_sealed_value_names_its_key_and_shows_nothing():
    sealed = ring().seal(ACME, PLACE, b"secret" * 10)
    version, key_id, body = sealed.split(".")
    assert (version, key_id) == ("v1", "k001")
    assert b"secret" not in base64.urlsafe_b64decode(body + "==")


# --- Sub-keys -----------------------------------------------------------------------------------


def hkdf(master, info):
    """RFC 5869 with SHA-256, no salt, one block: written again here, to know the answer."""
    extracted = hmac.digest(bytes(32), master, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def test_a_mac_is_known():
    sub_key = hkdf(KEY, b"vestibule v1 mac 24 " + ACME.encode() + b" code")
    assert ring().mac(ACME, "code", "482913") == hmac.digest(sub_key, b"482913", "sha256")


def test_every_app_and_purpose_has_a_key_of_its_own():
    keys = ring()
    places = [(app_id, purpose) for app_id in (ACME, OTHER) for purpose in ("code", "grant", "identifier")]
    assert len({keys.mac(*place, "482913") for place in places}) == len(places)
    assert ring(("k001", OLDER)).mac(ACME, "code", "482913") != keys.mac(ACME, "code", "482913")


def test_only_so_many_sub_keys_are_kept():
    keys = ring()
    for number in range(5_000):
        keys.mac(ACME, f"purpose {number}", "x")
    assert keys._mac_key.cache_info().currsize <= 4_096


# --- Rotation -----------------------------------------------------------------------------------


def test_after_a_rotation_old_values_open_and_new_ones_use_the_new_key():
    old = ring()
    sealed, mac = old.seal(ACME, PLACE, b"secret"), old.mac(ACME, "code", "482913")
    new = old.rotated()
    assert new.current != old.current
    assert new.seal(ACME, PLACE, b"x").split(".")[1] == new.current
    assert new.unseal(ACME, PLACE, sealed) == b"secret"
    assert new.mac(ACME, "code", "482913", key_id="k001") == mac
    assert new.mac(ACME, "code", "482913") != mac
    assert Ring.parse(new.text, SystemEntropy()).unseal(ACME, PLACE, sealed) == b"secret"


def test_a_value_of_a_key_that_is_gone_does_not_open():
    sealed = ring().seal(ACME, PLACE, b"secret")
    gone = ring(("k002", OLDER))
    with pytest.raises(ValueError, match="no key k001"):
        gone.unseal(ACME, PLACE, sealed)
    with pytest.raises(ValueError, match="no key k001"):
        gone.mac(ACME, "code", "482913", key_id="k001")


def test_an_id_that_was_taken_by_another_key_opens_nothing():
    sealed = ring().seal(ACME, PLACE, b"secret")
    with pytest.raises(ValueError, match="altered"):
        ring(("k001", OLDER)).unseal(ACME, PLACE, sealed)


# --- Keys that are no keys ----------------------------------------------------------------------

GOOD = text_of(KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        GOOD,
        ":" + GOOD,
        "k1:" + GOOD,
        "K001:" + GOOD,
        "k-01:" + GOOD,
        "k" * 17 + ":" + GOOD,
        "k001:",
        "k001:" + GOOD[:-1],
        "k001:" + GOOD + "=",
        "k001:" + GOOD + "A",
        "k001:" + GOOD[:-2] + "!!",
        "k001: " + GOOD[:-1],
        "k001:" + text_of(KEY[:16]),
        "k001:" + text_of(KEY + b"x"),
        "k001:" + text_of(bytes(32)),
        "k001:" + text_of(b"\xff" * 32),
        "k001:" + text_of(b"\xde\xad\xbe\xef" * 8),
        "k001:" + text_of(bytes(range(32))),
        "k001:" + text_of(bytes(range(100, 36, -2))),
        "k001:" + text_of(b"change-me-change-me-change-me-32"),
        "k001:" + text_of(b"Your 32 byte master key is here!"),
        f"k001:{GOOD},k001:{text_of(OLDER)}",
        f"k001:{GOOD},k002:{GOOD}",
        f"k001:{GOOD},",
        f"k001:{GOOD};k002:{text_of(OLDER)}",
    ],
)
def test_unfit_keys_are_refused_without_being_shown(text):
    with pytest.raises(ValueError) as refusal:
        Ring.parse(Secret(text), SystemEntropy())
    assert GOOD not in str(refusal.value)
    assert str(refusal.value)


def test_a_ring_of_two_is_read_in_order():
    read = Ring.parse(Secret(f"k002:{text_of(OLDER)}, k001:{GOOD}"), SystemEntropy())
    assert read.current == "k002"
    assert read.unseal(ACME, PLACE, ring().seal(ACME, PLACE, b"secret")) == b"secret"


def test_random_keys_pass():
    for seed in range(2_000):
        Ring.fresh(SeededEntropy(seed))


def test_a_ring_does_not_print_its_keys():
    assert GOOD not in repr(ring()) + str(ring().text)


# --- The file of development --------------------------------------------------------------------


def test_the_file_is_made_once_for_its_owner_only(tmp_path):
    path = tmp_path / "data" / "master.key"
    made = load_or_create(path, SystemEntropy())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_create(path, SystemEntropy()).text == made.text
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601])
def test_a_file_that_others_may_read_is_refused(tmp_path, mode):
    path = tmp_path / "master.key"
    load_or_create(path, SystemEntropy())
    path.chmod(mode)
    for read in (load, load_or_create):
        with pytest.raises(ValueError, match="set its mode to 600"):
            read(path, SystemEntropy())


@pytest.mark.parametrize("text", ["", "\n", "k001:short\n", "k001:ключ\n"])
def test_a_broken_file_is_refused_and_kept(tmp_path, text):
    path = tmp_path / "master.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ValueError):
        load_or_create(path, SystemEntropy())
    assert path.read_text() == text


def test_a_rotated_ring_replaces_the_file(tmp_path):
    path = tmp_path / "master.key"
    first = load_or_create(path, SystemEntropy())
    save(path, first.rotated(), SystemEntropy())
    second = load(path, SystemEntropy())
    assert second.current != first.current
    assert second.unseal(ACME, PLACE, first.seal(ACME, PLACE, b"secret")) == b"secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def _begin(path, answers):
    answers.put(load_or_create(path, SystemEntropy()).current)


def test_processes_that_begin_at_once_get_the_same_ring(tmp_path):
    # Other processes, because within one the window is too small to meet.
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    children = [context.Process(target=_begin, args=(tmp_path / "master.key", answers)) for _ in range(6)]
    for child in children:
        child.start()
    assert len({answers.get(timeout=20) for _ in children}) == 1
    for child in children:
        child.join(20)
    assert list(tmp_path.iterdir()) == [tmp_path / "master.key"]
