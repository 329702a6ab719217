"""Every contract runs on every store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.stores import STORES, Stage
from vestibule.core.store import Store
from vestibule.kernel.ids import AppId


@pytest.fixture(params=STORES)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with STORES[request.param](tmp_path) as opened:
        yield opened


@pytest.fixture
def store(stage: Stage) -> Store:
    return stage.store


@pytest.fixture
def app_id(stage: Stage) -> AppId:
    return stage.app_id


@pytest.fixture
def other_app_id(stage: Stage) -> AppId:
    return stage.other_app_id
