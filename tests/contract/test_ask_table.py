"""The memory of asks keeps the contract of `ports.AskTable` on every database."""

import dataclasses
from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.asks.ask import Ask, AskState
from gateway.asks.history import AskHistory
from gateway.policy.labels import Favour
from gateway.storage.database import Database
from tests.contract.values import DAY, NOON, an_ask, keys

YEAR_AGO = NOON - 365 * DAY


async def reserve(
    store: Database, ask: Ask, *, since: datetime = YEAR_AGO, askers: frozenset[str] | None = None
) -> AskHistory:
    async with store.begin() as unit:
        return await unit.asks.reserve(ask, since=since, askers=askers)


async def settle(store: Database, ask_id: str, state: AskState, at: datetime = NOON) -> None:
    async with store.begin() as unit:
        await unit.asks.settle(ask_id, state, at)


async def test_a_first_ask_is_reserved(store: Database) -> None:
    """An ask nobody asked before is reserved under its own id, all its keys new."""
    ask = an_ask("1", "ann", "bo")
    assert await reserve(store, ask) == AskHistory(new=ask.keys, reserved="1")


async def test_an_ask_that_shares_a_person_is_a_repeat(store: Database) -> None:
    """One person already asked makes it a repeat: the earlier ask comes back whole, and nothing is written."""
    first, second = an_ask("1", "ann", "bo"), an_ask("2", "bo", "cy")
    await reserve(store, first)
    assert await reserve(store, second) == AskHistory(earlier=(first,), new=keys("cy"))
    assert not (await reserve(store, an_ask("3", "cy"))).repeated


async def test_the_two_favours_are_separate(store: Database) -> None:
    """Having asked for a picture does not use up the allowance for a post."""
    await reserve(store, an_ask("1", "ann"))
    post = dataclasses.replace(an_ask("2"), keys=keys("ann", favour=Favour.PROMOTION))
    assert not (await reserve(store, post)).repeated


async def test_earlier_asks_come_oldest_first(store: Database) -> None:
    """Several earlier asks are ordered by their instant, whatever order they were stored in."""
    young, old = an_ask("a-young", "ann"), an_ask("b-old", "bo", at=NOON - 9 * DAY)
    await reserve(store, young)
    await reserve(store, old)
    assert (await reserve(store, an_ask("3", "ann", "bo"))).earlier == (old, young)


@pytest.mark.parametrize(("off", "repeated"), [(timedelta(0), True), (timedelta(microseconds=-1), False)])
async def test_the_window_includes_its_first_instant(store: Database, off: timedelta, repeated: bool) -> None:
    """An ask at `since` counts; one a microsecond before does not."""
    await reserve(store, an_ask("1", "ann", at=YEAR_AGO + off), since=YEAR_AGO - DAY)
    assert (await reserve(store, an_ask("2", "ann"))).repeated is repeated


async def test_a_cancelled_ask_never_counted(store: Database) -> None:
    """What the next hop refused leaves no trace in the memory."""
    await reserve(store, an_ask("1", "ann"))
    await settle(store, "1", AskState.CANCELLED)
    assert not (await reserve(store, an_ask("2", "ann"))).repeated


async def test_a_confirmed_ask_is_never_cancelled(store: Database) -> None:
    """A late refusal of another part cannot undo a delivery."""
    await reserve(store, an_ask("1", "ann"))
    await settle(store, "1", AskState.CONFIRMED)
    await settle(store, "1", AskState.CANCELLED, NOON + DAY)
    (earlier,) = (await reserve(store, an_ask("2", "ann"))).earlier
    assert (earlier.state, earlier.at) == (AskState.CONFIRMED, NOON)


async def test_a_delivery_after_a_cancellation_counts(store: Database) -> None:
    """One part refused and another delivered: the ask was made."""
    await reserve(store, an_ask("1", "ann"))
    await settle(store, "1", AskState.CANCELLED)
    await settle(store, "1", AskState.CONFIRMED)
    assert (await reserve(store, an_ask("2", "ann"))).repeated


async def test_the_window_runs_from_the_delivery(store: Database) -> None:
    """Confirming moves `at` to the delivery, and a second part's delivery moves it on, never back."""
    await reserve(store, an_ask("1", "ann", at=YEAR_AGO - DAY), since=YEAR_AGO - 9 * DAY)
    await settle(store, "1", AskState.CONFIRMED, NOON - DAY)
    await settle(store, "1", AskState.CONFIRMED, NOON - 5 * DAY)
    (earlier,) = (await reserve(store, an_ask("2", "ann"))).earlier
    assert earlier.at == NOON - DAY


async def test_settling_an_unknown_ask_is_ignored(store: Database) -> None:
    """An id nobody knows changes nothing and raises nothing."""
    await reserve(store, an_ask("1", "ann"))

    await settle(store, "unknown", AskState.CANCELLED)

    found = await reserve(store, an_ask("2", "ann"))
    assert [("1", AskState.RESERVED)] == [(ask.id, ask.state) for ask in found.earlier]


async def test_only_the_given_askers_count(store: Database) -> None:
    """With a scope, asks by others are not seen; with none, anybody's are."""
    await reserve(store, an_ask("1", "ann", asker="bo@x.example"))
    mine = an_ask("2", "ann", asker="hilda@x.example")
    async with store.begin(write=False) as unit:
        seen = [
            (await unit.asks.earlier(mine, since=YEAR_AGO, askers=askers)).repeated
            for askers in (
                None,
                frozenset({"bo@x.example", "cy@x.example"}),
                frozenset({"hilda@x.example"}),
                frozenset(),
            )
        ]
    assert seen == [True, True, False, False]


async def test_a_retransmission_finds_itself(store: Database) -> None:
    """The same mail sent again is the same ask, not a repeat of itself."""
    await reserve(store, an_ask("1", "ann"))
    assert await reserve(store, an_ask("2", "ann", mail="1")) == AskHistory(reserved="1")


async def test_a_retransmission_of_a_delivered_ask_finds_itself(store: Database) -> None:
    """Also after its delivery."""
    await reserve(store, an_ask("1", "ann"))
    await settle(store, "1", AskState.CONFIRMED)
    assert await reserve(store, an_ask("2", "ann", mail="1")) == AskHistory(reserved="1")


async def test_a_retransmission_of_a_cancelled_ask_starts_anew(store: Database) -> None:
    """A mail refused and sent again is reserved under the new id."""
    await reserve(store, an_ask("1", "ann"))
    await settle(store, "1", AskState.CANCELLED)
    assert (await reserve(store, an_ask("2", "ann", mail="1"))).reserved == "2"


async def test_a_split_mail_is_one_ask(store: Database) -> None:
    """The second transaction of one mail adds its people to the ask of the first."""
    await reserve(store, an_ask("1", "ann"))
    assert await reserve(store, an_ask("2", "ann", "bo", mail="1")) == AskHistory(new=keys("bo"), reserved="1")
    (earlier,) = (await reserve(store, an_ask("3", "bo"))).earlier
    assert earlier == an_ask("1", "ann", "bo")


async def test_a_split_mail_cannot_reach_people_already_asked(store: Database) -> None:
    """The second part names somebody another mail asked: that is a repeat, and none of its people are taken up."""
    other = an_ask("0", "cy")
    await reserve(store, other)
    await reserve(store, an_ask("1", "ann"))
    history = await reserve(store, an_ask("2", "ann", "bo", "cy", mail="1"))
    assert history == AskHistory(earlier=(other,), new=keys("bo"))
    assert not (await reserve(store, an_ask("3", "bo"))).repeated


async def test_looking_writes_nothing(store: Database) -> None:
    """`earlier` answers what `reserve` would, and leaves no ask behind."""
    ask = an_ask("1", "ann")
    async with store.begin(write=False) as unit:
        looked = await unit.asks.earlier(ask, since=YEAR_AGO, askers=None)
    assert looked == await reserve(store, ask)
    async with store.begin(write=False) as unit:
        again = await unit.asks.earlier(an_ask("2", "ann"), since=YEAR_AGO, askers=None)
    assert again == await reserve(store, an_ask("2", "ann")) == AskHistory(earlier=(ask,))


async def test_stale_reservations_are_cancelled(store: Database) -> None:
    """Reserved before the instant and never settled: cancelled and counted; younger and confirmed ones stay."""
    for id, at in (("old", NOON - 6 * DAY), ("done", NOON - 6 * DAY), ("edge", NOON - 5 * DAY)):
        await reserve(store, an_ask(id, id, at=at))
    await settle(store, "done", AskState.CONFIRMED, NOON - 6 * DAY)
    async with store.begin() as unit:
        assert await unit.asks.settle_stale(NOON - 5 * DAY) == 1
        assert await unit.asks.settle_stale(NOON - 5 * DAY) == 0
    repeated = [(await reserve(store, an_ask(f"{id}-2", id))).repeated for id in ("old", "done", "edge")]
    assert repeated == [False, True, True]


async def test_old_asks_are_forgotten(store: Database) -> None:
    """Settled asks from before the instant are deleted with their keys, the oldest first; reserved and younger ones
    stay."""
    for id, at in (("old", NOON - 9 * DAY), ("older", NOON - 10 * DAY), ("young", NOON), ("open", NOON - 9 * DAY)):
        await reserve(store, an_ask(id, id, at=at))
        if id != "open":
            await settle(store, id, AskState.CONFIRMED, at)
    async with store.begin() as unit:
        assert await unit.asks.forget(NOON - 5 * DAY, limit=1) == 1
        assert (await unit.asks.earlier(an_ask("x", "old"), since=YEAR_AGO, askers=None)).repeated
        assert await unit.asks.forget(NOON - 5 * DAY, limit=9) == 1
        assert await unit.asks.forget(NOON - 5 * DAY, limit=9) == 0
    repeated = {id: (await reserve(store, an_ask(f"{id}-2", id))).repeated for id in ("old", "older", "young", "open")}
    assert repeated == {"old": False, "older": False, "young": True, "open": True}


async def test_a_retried_reservation_is_not_stale(store: Database) -> None:
    """A client that tries again keeps its reservation alive."""
    await reserve(store, an_ask("1", "ann", at=NOON - 6 * DAY))
    await reserve(store, an_ask("2", "ann", mail="1", at=NOON - DAY))
    async with store.begin() as unit:
        assert await unit.asks.settle_stale(NOON - 5 * DAY) == 0


async def test_instants_are_aware_and_exact(store: Database) -> None:
    """An instant comes back in UTC, to the microsecond, whatever zone it went in with; a naive one is refused."""
    at = datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    await reserve(store, an_ask("1", "ann", at=at))
    (earlier,) = (await reserve(store, an_ask("2", "ann"))).earlier
    assert earlier.at == at
    assert earlier.at.tzinfo is UTC
    with pytest.raises(Exception, match="naive"):
        await reserve(store, an_ask("3", "bo", at=datetime(2026, 3, 2)))


async def test_a_whole_company_is_one_ask(store: Database) -> None:
    """20,000 people are far past any limit on parameters, and one of them is enough for a repeat."""
    everyone = [f"person{number}@x.example" for number in range(20_000)]
    assert len((await reserve(store, an_ask("1", *everyone))).new) == 20_000
    assert len((await reserve(store, an_ask("2", everyone[-1]))).earlier[0].keys) == 20_000
    assert (await reserve(store, an_ask("3", *everyone[1:], "new"))).new == keys("new")


async def test_odd_addresses_survive(store: Database) -> None:
    """Bytes that are no UTF-8, NUL and letters of any script are kept and found again."""
    odd = ("r\udcffuth@x.example", "nul\0@x.example", "å𝒶@x.example", "'; DROP TABLE asks; --", "\x1bjson:x")
    ask = an_ask("1", *odd, asker="\udc80@x.example")
    await reserve(store, ask)
    for number, person in enumerate(odd):
        found = await reserve(store, an_ask(f"again-{number}", person), askers=frozenset({"\udc80@x.example"}))
        assert found.earlier == (ask,)
