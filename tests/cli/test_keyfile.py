"""A ring that turns while the house stands."""

import pytest

from vestibule.adapters import keyring
from vestibule.adapters.keyfile import KeyFile
from vestibule.adapters.system import SystemEntropy
from vestibule.kernel.ids import AppId

APP = AppId("a" * 24)


def test_a_turned_ring_opens_old_and_new_and_so_does_its_file(tmp_path):
    path, entropy = tmp_path / "master.key", SystemEntropy()
    keys = KeyFile(path, keyring.load_or_create(path, entropy), entropy)
    first = keys.current
    old, code = keys.seal(APP, "t.c.1", b"old"), keys.mac(APP, "code", "482913")
    second = keys.turn()
    new = keys.seal(APP, "t.c.1", b"new")
    assert second == keys.current != first
    assert keys.mac(APP, "code", "482913") != code == keys.mac(APP, "code", "482913", first)
    again = keyring.load(path, entropy)
    for ring in (keys, again):
        assert [ring.unseal(APP, "t.c.1", sealed) for sealed in (old, new)] == [b"old", b"new"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_that_was_not_written_is_not_used(tmp_path):
    path, entropy = tmp_path / "master.key", SystemEntropy()
    keys = KeyFile(tmp_path / "file" / "below", keyring.load_or_create(path, entropy), entropy)
    (tmp_path / "file").touch()
    first = keys.current
    with pytest.raises(OSError):
        keys.turn()
    assert keys.current == first


def test_what_is_looked_up_by_its_digest_is_found_after_every_turn(tmp_path):
    path, entropy = tmp_path / "master.key", SystemEntropy()
    keys = KeyFile(path, keyring.load_or_create(path, entropy), entropy)
    oldest, digest = keys.lookup, keys.mac(APP, "recipient", "ada@acme.test", keys.lookup)
    assert oldest == keys.current
    for _ in range(2):
        assert keys.turn() != oldest
        for ring in (keys, keyring.load(path, entropy)):
            assert ring.lookup == oldest
            assert ring.mac(APP, "recipient", "ada@acme.test", ring.lookup) == digest
