"""Sessions of signed-in people keep the contract of `ports.SessionTable` on every database."""

from datetime import timedelta

from gateway.storage.database import Database
from gateway.storage.opening import open_store
from tests.contract.values import NOON

ANN = "ann@x.example"
HOUR = timedelta(hours=1)


async def test_a_session_is_known_by_its_mark_until_its_time_is_over(store: Database) -> None:
    """Its address until the last moment, nobody from then on; an unknown mark is nobody."""
    async with store.begin() as unit:
        await unit.sessions.open("mark-1", ANN, now=NOON, until=NOON + HOUR)
    async with store.begin(write=False) as unit:
        assert await unit.sessions.who("mark-1", now=NOON) == ANN
        assert await unit.sessions.who("mark-1", now=NOON + HOUR - timedelta(microseconds=1)) == ANN
        assert await unit.sessions.who("mark-1", now=NOON + HOUR) == ""
        assert await unit.sessions.who("mark-2", now=NOON) == ""


async def test_ending_one_session_leaves_the_others(store: Database) -> None:
    """Signed out here, a person stays signed in elsewhere; ending what is not there does nothing."""
    async with store.begin() as unit:
        await unit.sessions.open("desk", ANN, now=NOON, until=NOON + HOUR)
        await unit.sessions.open("phone", ANN, now=NOON, until=NOON + HOUR)
        await unit.sessions.end("desk")
        await unit.sessions.end("never there")
    async with store.begin(write=False) as unit:
        assert await unit.sessions.who("desk", now=NOON) == ""
        assert await unit.sessions.who("phone", now=NOON) == ANN


async def test_what_is_over_is_forgotten_when_somebody_signs_in(store: Database) -> None:
    """The mark of an ended session is free again, so nothing piles up; a running one is kept."""
    async with store.begin() as unit:
        await unit.sessions.open("old", ANN, now=NOON, until=NOON + HOUR)
        await unit.sessions.open("running", ANN, now=NOON, until=NOON + 3 * HOUR)
        await unit.sessions.open("old", "bo@x.example", now=NOON + HOUR, until=NOON + 2 * HOUR)
    async with store.begin(write=False) as unit:
        assert await unit.sessions.who("old", now=NOON + HOUR) == "bo@x.example"
        assert await unit.sessions.who("running", now=NOON + HOUR) == ANN


async def test_sessions_are_shared_by_all_nodes(store: Database, store_url: str) -> None:
    """Whoever opens the same store knows who is signed in, and who no longer is."""
    async with store.begin() as unit:
        await unit.sessions.open("mark", ANN, now=NOON, until=NOON + HOUR)
    other = await open_store(store_url)
    try:
        async with other.begin() as unit:
            assert await unit.sessions.who("mark", now=NOON) == ANN
            await unit.sessions.end("mark")
    finally:
        await other.close()
    async with store.begin(write=False) as unit:
        assert await unit.sessions.who("mark", now=NOON) == ""
