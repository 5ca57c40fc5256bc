"""A store that is opened when it is first asked: a process that passes clean mail on never loads a database.

Implements `ports.Store`. IO: imports and opens the real store, in its own time.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module

from gateway.errors import StoreUnavailable, UserError
from gateway.ports import Store, Unit


class LateStore:
    """The store at `url` (a path or URL), which another process has opened and migrated already."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._store: Store | None = None
        self._opening = asyncio.Lock()

    def begin(self, *, write: bool = True) -> AbstractAsyncContextManager[Unit]:
        """See the port."""
        return self._begin(write)

    async def close(self) -> None:
        """See the port."""
        if self._store is not None:
            await self._store.close()

    @asynccontextmanager
    async def _begin(self, write: bool) -> AsyncIterator[Unit]:
        store = self._store or await self._opened()
        async with store.begin(write=write) as unit:
            yield unit

    async def _opened(self) -> Store:
        async with self._opening:
            if self._store is None:
                opening = await asyncio.to_thread(import_module, "gateway.storage.opening")
                try:
                    self._store = await opening.open_store(self._url)
                except UserError as error:  # it was fine when the gateway started
                    raise StoreUnavailable from error
            assert self._store is not None
            return self._store
