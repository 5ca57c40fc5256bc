"""The story every flow test is told in."""

from collections.abc import AsyncIterator

import pytest

from tests.flows.house import Story, story_in


@pytest.fixture
async def story(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Story]:
    """A house on a real SQLite store in memory."""
    async with story_in(":memory:", monkeypatch) as story:
        yield story
