"""Chromium, as the tests of the pages use it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.browser.chromium import Chromium, launched


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def chromium() -> AsyncIterator[Chromium]:
    """One Chromium for all tests of a file."""
    async with launched() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def browser(chromium: Chromium) -> AsyncIterator[Chromium]:
    """Chromium without tabs."""
    yield chromium
    await chromium.close_tabs()
