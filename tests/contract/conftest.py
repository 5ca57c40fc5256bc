"""The stores a contract test runs on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.storage.database import Database
from gateway.storage.opening import open_store
from tests.fixtures_postgresql import postgresql_server, postgresql_url

__all__ = ["postgresql_server", "postgresql_url"]


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new store goes that several processes can share."""
    if request.param == "sqlite":
        return str(tmp_path / "store.db")
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Database]:
    """A new, open store."""
    opened = await open_store(store_url)
    yield opened
    await opened.close()
