"""The memory of asks for a replay: the contract of `ports.AskTable`, held in this process. *Pure.*

A replayed mail is delivered or held at once, so an ask is remembered as soon as it is settled as delivered.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from gateway.asks.ask import Ask, AskKey, AskState
from gateway.asks.history import AskHistory


class MemoryAsks:
    """`ports.AskTable`."""

    def __init__(self) -> None:
        self._by_key: dict[AskKey, list[str]] = {}
        self._asks: dict[str, Ask] = {}

    async def reserve(self, ask: Ask, *, since: datetime, askers: frozenset[str] | None) -> AskHistory:
        """See the port."""
        found = self._earlier(ask, since, askers)
        return replace(found, reserved=self._stored(ask)) if not found.earlier else found

    async def insist(self, ask: Ask) -> str:
        """See the port."""
        return self._stored(ask)

    async def earlier(self, ask: Ask, *, since: datetime, askers: frozenset[str] | None) -> AskHistory:
        """See the port."""
        return self._earlier(ask, since, askers)

    async def settle(self, ask_id: str, state: AskState, at: datetime) -> None:
        """See the port."""
        known = self._asks.get(ask_id)
        if known is None:
            return
        if state is AskState.CANCELLED and known.state is AskState.RESERVED:
            del self._asks[ask_id]
        elif state is AskState.CONFIRMED:
            self._asks[ask_id] = replace(known, state=state, at=at)

    async def settle_stale(self, before: datetime) -> int:
        """See the port."""
        stale = [one.id for one in self._asks.values() if one.state is AskState.RESERVED and one.at < before]
        for ask_id in stale:
            del self._asks[ask_id]
        return len(stale)

    def _earlier(self, ask: Ask, since: datetime, askers: frozenset[str] | None) -> AskHistory:
        known = {key: list(self._live(key, ask, since, askers)) for key in ask.keys}
        earlier = {one.id: one for found in known.values() for one in found}
        return AskHistory(
            earlier=tuple(sorted(earlier.values(), key=lambda one: (one.at, one.id))),
            new=frozenset(key for key, found in known.items() if not found),
        )

    def _live(self, key: AskKey, ask: Ask, since: datetime, askers: frozenset[str] | None) -> Iterable[Ask]:
        for ask_id in self._by_key.get(key, ()):
            known = self._asks.get(ask_id)
            if known is None or known.at < since or known.fingerprint == ask.fingerprint:
                continue
            if askers is None or known.asker in askers:
                yield known

    def _stored(self, ask: Ask) -> str:
        self._asks[ask.id] = ask
        for key in ask.keys:
            self._by_key.setdefault(key, []).append(ask.id)
        return ask.id
