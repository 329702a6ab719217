"""A signed-in caller for the tests of files."""

import pytest

from tests.protocols.altogic.calls import signed_in
from tests.world import World


@pytest.fixture
async def headers(world: World) -> dict[str, str]:
    return {"Session": await signed_in(world)}
