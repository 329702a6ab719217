"""A browser for every test of the pages."""

from collections.abc import AsyncIterator

import pytest

from tests.web.pages.browser import Browser, browsing
from tests.world import World


@pytest.fixture
async def browser(world: World) -> AsyncIterator[Browser]:
    async with browsing(world) as opened:
        yield opened
