"""A desk for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.web.desk import Desk, open_desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """An empty desk."""
    async with open_desk() as made:
        yield made
