"""A house does not open under another house's master key: it would mix the database, and lose its mail."""

import pytest

from tests.fakes import SeededEntropy
from tests.world import World
from vestibule.adapters import keyring
from vestibule.app import compose
from vestibule.settings import Settings


async def test_a_foreign_ring_is_refused_before_anything_is_written(tmp_path):
    await (await World.open(tmp_path)).close()
    settings = Settings.development(tmp_path)
    assert settings.key_file is not None
    keyring.save(settings.key_file, keyring.Ring.fresh(SeededEntropy(7)), SeededEntropy(8))
    with pytest.raises(ValueError, match="not the one of this database"):
        compose(settings)


async def test_a_turned_ring_is_its_own(tmp_path):
    world = await World.open(tmp_path)
    world.house.keys.turn()  # type: ignore[attr-defined]  # a ring in a file
    await world.close()
    running = compose(Settings.development(tmp_path))
    await running.store.close()
