"""The stories flow tests are told in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fixtures_postgresql import postgresql_server, postgresql_url
from tests.flows.house import Story, story_in

__all__ = ["postgresql_server", "postgresql_url"]


@pytest.fixture
async def story(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Story]:
    """A house on a real SQLite store in memory."""
    async with story_in(":memory:", monkeypatch) as story:
        yield story


@pytest.fixture(params=["sqlite", "postgresql"])
async def shared_story(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Story]:
    """A house on a store that several processes could share, on either database."""
    postgresql = request.param == "postgresql"
    async with story_in(
        request.getfixturevalue("postgresql_url") if postgresql else str(tmp_path / "store.db"), monkeypatch
    ) as story:
        yield story
