"""Units of work keep the contract of `ports.Store` on every database: whole or not at all, among many processes."""

import asyncio
import itertools

import pytest

from gateway.errors import StoreUnavailable
from gateway.holds.lifecycle import HoldState
from gateway.storage.database import Database
from gateway.storage.opening import open_store
from tests.contract.racing import RACERS, race, racer
from tests.contract.values import DAY, NOON, RAW, a_hold, an_ask, an_outgoing


async def stored(store: Database) -> list[str]:
    async with store.begin(write=False) as unit:
        return [held.id for held in await unit.holds.find(limit=100_000)]


async def test_a_unit_commits_all_its_tables_together(store: Database) -> None:
    """Hold, ask and notice written in one unit are all there after it."""
    async with store.begin() as unit:
        await unit.holds.add(a_hold(), RAW)
        await unit.asks.reserve(an_ask("1", "ann"), since=NOON, askers=None)
        await unit.outbox.put(an_outgoing())
    async with store.begin() as unit:
        assert (await unit.asks.reserve(an_ask("2", "ann"), since=NOON, askers=None)).repeated
        assert len(await unit.outbox.lease(now=NOON, until=NOON + DAY, limit=9)) == 1
    assert await stored(store) == ["hold-1"]


@pytest.mark.parametrize("error", [RuntimeError, asyncio.CancelledError])
async def test_a_unit_that_raises_is_undone(store: Database, error: type[BaseException]) -> None:
    """Whatever its block raises comes out unchanged, nothing of it is stored, and the store works on."""

    async def work() -> None:
        async with store.begin() as unit:
            await unit.holds.add(a_hold(), RAW)
            await unit.outbox.put(an_outgoing())
            raise error

    with pytest.raises(error):
        await work()
    async with store.begin() as unit:
        assert await unit.outbox.lease(now=NOON, until=NOON + DAY, limit=9) == []
    assert await stored(store) == []


async def test_a_failed_statement_dooms_its_unit(store: Database) -> None:
    """A unit whose statement failed cannot commit the rest, even when its block goes on."""
    async with store.begin() as unit:
        await unit.holds.add(a_hold("there"), RAW)

    async def work() -> None:
        async with store.begin() as unit:
            await unit.holds.add(a_hold("new"), RAW)
            with pytest.raises(Exception, match=r"(?i)unique"):
                await unit.holds.add(a_hold("there"), RAW)

    with pytest.raises(StoreUnavailable, match="failed before"):
        await work()
    assert await stored(store) == ["there"]


async def test_a_reading_unit_cannot_write(store: Database) -> None:
    """Writing in a unit opened for reading is a mistake of the caller's, told at once."""
    with pytest.raises(RuntimeError, match="only reads"):
        async with store.begin(write=False) as unit:
            await unit.holds.add(a_hold(), RAW)
    assert await stored(store) == []


async def test_a_unit_sees_what_it_wrote(store: Database) -> None:
    """Inside a unit its own writes show, outside they do not until it ends."""
    async with store.begin() as unit:
        await unit.holds.add(a_hold(), RAW)
        assert await unit.holds.raw("hold-1") == RAW
        assert await stored(store) == []
    assert await stored(store) == ["hold-1"]


async def test_a_cancelled_unit_leaves_nothing_and_blocks_nobody(store: Database) -> None:
    """Tasks cancelled at any moment of a unit leave whole holds only, and the next unit opens at once."""

    async def hold(id: str) -> None:
        async with store.begin() as unit:
            await unit.holds.add(a_hold(id), RAW)
            await unit.outbox.put(an_outgoing(id))

    for step in range(30):
        task = asyncio.create_task(hold(f"{step:02}"))
        await asyncio.sleep(step * 0.0004)
        task.cancel()
        await asyncio.wait([task])
    async with asyncio.timeout(2), store.begin() as unit:
        notices = {mail.id for mail in await unit.outbox.lease(now=NOON, until=NOON + DAY, limit=100)}
    assert set(await stored(store)) == notices


async def test_many_units_at_once_all_commit(store: Database) -> None:
    """50 tasks of one process that write at once wait for each other; none is refused."""

    async def hold(id: str) -> None:
        async with store.begin() as unit:
            await unit.holds.add(a_hold(id), RAW)

    await asyncio.gather(*(hold(str(number)) for number in range(50)))
    assert len(await stored(store)) == 50


def test_of_twenty_asks_at_once_one_is_the_first(store_url: str) -> None:
    """4 processes, 5 asks each, all reaching one person: exactly one is reserved, 19 are repeats, none fails."""
    outcomes = race("reserve", store_url, [f"racer{number}" for number in range(RACERS)])
    assert sum(itertools.chain(*outcomes)) == 1
    assert len(list(itertools.chain(*outcomes))) == 20


def test_of_one_mail_arriving_twenty_times_at_once_one_is_held(store_url: str) -> None:
    """4 processes, 5 arrivals each: who looks for the mail in order to hold it sees what the others held."""
    outcomes = list(itertools.chain(*race("hold", store_url, [f"racer{number}" for number in range(RACERS)])))
    assert (sum(outcomes), len(outcomes)) == (1, 20)


async def test_of_twenty_releases_at_once_one_does_it(store: Database, store_url: str) -> None:
    """20 clicks from 4 processes on one button: one release."""
    async with store.begin() as unit:
        await unit.holds.add(a_hold(), RAW)
    outcomes = race("release", store_url, ["hold-1"] * RACERS)
    assert sum(itertools.chain(*outcomes)) == 1
    async with store.begin(write=False) as unit:
        held = await unit.holds.get("hold-1")
    assert held is not None
    assert (held.state, held.version) == (HoldState.SENDING, 1)


async def test_parallel_leases_share_nothing(store: Database, store_url: str) -> None:
    """4 processes drain an outbox of 60: each mail is taken once, none is left over."""
    async with store.begin() as unit:
        for number in range(60):
            await unit.outbox.put(an_outgoing(str(number)))
    taken = list(itertools.chain(*race("lease", store_url, ["3"] * RACERS)))
    assert sorted(taken, key=int) == [str(number) for number in range(60)]


def test_processes_open_a_new_store_at_the_same_instant(store_url: str) -> None:
    """Several processes that start at once on nothing: one makes the schema, all of them work."""
    assert race("lease", store_url, ["1"] * 6) == [[]] * 6


async def test_a_crash_in_the_middle_of_a_unit_leaves_nothing(store: Database, store_url: str) -> None:
    """kill -9 before the commit: no hold, no ask, and the store is free again at once."""
    with racer("half", store_url, "lost") as process:
        process.go()
        process.hear("in the middle")
        process.kill()
    async with asyncio.timeout(5), store.begin() as unit:
        assert not (await unit.asks.reserve(an_ask("1", "ann"), since=NOON, askers=None)).repeated
        assert await unit.holds.get("lost") is None
        with pytest.raises(KeyError):
            await unit.holds.raw("lost")


async def test_what_is_acknowledged_survives_kill_9(store: Database, store_url: str) -> None:
    """A process that commits in a loop is killed 6 times: every hold it said is there, with its bytes."""
    said: list[str] = []
    for turn in range(6):
        with racer("commits", store_url, f"turn{turn}") as process:
            process.go()
            said += [process.says.readline().strip() for _ in range(5 + 7 * turn)]
            said += process.kill()
    assert set(said) <= set(await stored(store))
    async with store.begin(write=False) as unit:
        assert [len(await unit.holds.raw(id)) for id in said] == [2000] * len(said)


async def test_a_lock_held_elsewhere_is_told_within_5_seconds(store: Database, store_url: str) -> None:
    """Another process sits on the writer's place: StoreUnavailable in under 5 s, and it works again once that ends."""
    loop = asyncio.get_running_loop()
    with racer("lock", store_url, "10") as process:
        process.go()
        process.hear("locked")
        began = loop.time()
        for _ in range(2):  # the second has to wait no longer than the first
            start = loop.time()
            with pytest.raises(StoreUnavailable):
                async with store.begin() as unit:
                    await unit.asks.settle_stale(NOON)
            assert loop.time() - start < 5
        assert loop.time() - began < 10
        assert await stored(store) == []  # reading goes on meanwhile
        process.kill()
    async with asyncio.timeout(5), store.begin() as unit:
        await unit.holds.add(a_hold(), RAW)
    assert await stored(store) == ["hold-1"]


async def test_a_closed_store_opens_again(store: Database, store_url: str) -> None:
    """What one opening stored, the next one finds."""
    async with store.begin() as unit:
        await unit.holds.add(a_hold(), RAW)
    again = await open_store(store_url)
    assert await stored(again) == ["hold-1"]
    await again.close()
