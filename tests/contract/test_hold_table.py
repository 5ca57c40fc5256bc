"""Held mails keep the contract of `ports.HoldTable` on every database."""

import dataclasses
import hashlib
import random

import pytest

from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import LIFECYCLE, TERMINAL, HoldAction, HoldState
from gateway.mail.envelope import Path
from gateway.storage.database import Database
from tests.contract.values import DAY, NOON, RAW, a_hold

WAYS = {  # how each state is reached
    HoldState.HELD: (),
    HoldState.DISPUTED: (HoldAction.DISPUTE,),
    HoldState.SENDING: (HoldAction.RELEASE,),
    HoldState.SENT: (HoldAction.RELEASE, HoldAction.DELIVERED),
    HoldState.WITHDRAWN: (HoldAction.WITHDRAW,),
    HoldState.EXPIRED: (HoldAction.EXPIRE,),
    HoldState.SUPERSEDED: (HoldAction.SUPERSEDE,),
    HoldState.FAILED: (HoldAction.RELEASE, HoldAction.REFUSED),
}


async def add(store: Database, held: HeldMail, raw: bytes = RAW) -> None:
    async with store.begin() as unit:
        await unit.holds.add(held, raw)


async def get(store: Database, hold_id: str) -> HeldMail | None:
    async with store.begin(write=False) as unit:
        return await unit.holds.get(hold_id)


async def change(store: Database, held: HeldMail, *actions: HoldAction) -> HeldMail:
    for action in actions:
        async with store.begin() as unit:
            changed = await unit.holds.change(held, action, at=NOON, by="sender")
        assert changed is not None
        held = changed
    return held


async def test_a_hold_comes_back_as_it_went_in(store: Database) -> None:
    """Every field survives, and so do the bytes."""
    held = a_hold(size=len(RAW))
    await add(store, held)
    async with store.begin(write=False) as unit:
        assert await unit.holds.get(held.id) == held
        assert await unit.holds.by_token(held.token_hash) == held
        assert await unit.holds.by_fingerprint(held.fingerprint) == held
        assert await unit.holds.raw(held.id) == RAW


async def test_what_is_unknown_is_none(store: Database) -> None:
    """An unknown id, token or fingerprint is None; unknown bytes are a KeyError."""
    async with store.begin(write=False) as unit:
        found = [await unit.holds.get("x"), await unit.holds.by_token("x"), await unit.holds.by_fingerprint("x")]
        assert found == [None] * 3
        with pytest.raises(KeyError):
            await unit.holds.raw("x")


async def test_odd_words_survive(store: Database) -> None:
    """Lone surrogates and NUL, as mail brings them, come back unchanged."""
    held = dataclasses.replace(
        a_hold(size=3),
        mail_from=Path(text="\udcff@x.example"),
        subject="a\0b \udcfc",
        message_id="<\udc80>",
        sender="\udcff@x.example",
        note="\ud83d",
    )
    await add(store, held, b"\0\xff\n")
    assert await get(store, held.id) == held


@pytest.mark.parametrize("size", [0, 1, 1024 * 1024, 1024 * 1024 + 1, 50 * 1024 * 1024])
async def test_a_mail_of_any_size_is_kept_whole(store: Database, size: int) -> None:
    """From nothing to 50 MiB, the bytes that come out have the digest of those that went in."""
    raw = random.Random(size).randbytes(size)
    await add(store, a_hold(), raw)
    async with store.begin(write=False) as unit:
        kept = await unit.holds.raw("hold-1")
    assert hashlib.sha256(kept).digest() == hashlib.sha256(raw).digest()


async def test_the_newest_hold_of_a_mail_is_found(store: Database) -> None:
    """A mail held twice is found by its fingerprint as it was held last."""
    await add(store, a_hold("b", held_at=NOON, fingerprint="same"))
    await add(store, a_hold("a", held_at=NOON + DAY, fingerprint="same"))
    async with store.begin(write=False) as unit:
        found = await unit.holds.by_fingerprint("same")
    assert found is not None
    assert found.id == "a"


async def test_finding_filters_orders_and_limits(store: Database) -> None:
    """`find` gives holds oldest or newest first, by state and expiry, and no more than asked for."""
    for number, id in enumerate("dcba"):
        await add(store, a_hold(id, held_at=NOON + number * DAY))
    held = await get(store, "c")
    assert held is not None
    await change(store, held, HoldAction.DISPUTE)
    async with store.begin(write=False) as unit:
        holds = unit.holds
        everything = [mail.id for mail in await holds.find()]
        waiting = [mail.id for mail in await holds.find(states=[HoldState.HELD])]
        several = [mail.id for mail in await holds.find(states=[HoldState.HELD, HoldState.DISPUTED], limit=2)]
        # "b" expires exactly then: its time is not over yet
        over = [mail.id for mail in await holds.find(expires_before=NOON + 9 * DAY)]
        newest = [mail.id for mail in await holds.find(newest_first=True, limit=3)]
    assert newest == list("abc")
    assert (everything, waiting, several, over) == (list("dcba"), list("dba"), list("dc"), list("dc"))


@pytest.mark.parametrize("state", list(HoldState))
async def test_the_lifecycle_table_is_the_only_way(store: Database, state: HoldState) -> None:
    """From every state every action leads where the table says, or nowhere, and what is stored is what is returned."""
    for action in HoldAction:
        await add(store, a_hold(action))
        fresh = await get(store, action)
        assert fresh is not None
        before = await change(store, fresh, *WAYS[state])
        assert before.state is state
        async with store.begin() as unit:
            after = await unit.holds.change(before, action, at=NOON + DAY, by="gateway", note="why", ask_id="ask")
        stored = await get(store, action)
        target = LIFECYCLE.get((state, action))
        if target is None:
            assert (after, stored) == (None, before)
        else:
            assert (
                stored
                == after
                == dataclasses.replace(
                    before,
                    state=target,
                    version=before.version + 1,
                    changed_at=NOON + DAY,
                    changed_by="gateway",
                    note="why",
                    ask_id="ask",
                )
            )


async def test_recipients_that_were_left_are_stored(store: Database) -> None:
    """A change may say whom it went to; without, they stay as they are."""
    await add(store, a_hold())
    held = await get(store, "hold-1")
    assert held is not None
    sending = await change(store, held, HoldAction.RELEASE)
    async with store.begin() as unit:
        await unit.holds.change(sending, HoldAction.DELIVERED, at=NOON, by="sender", rcpt_to=held.rcpt_to[1:])
    sent = await get(store, "hold-1")
    assert sent is not None
    assert sent.rcpt_to == held.rcpt_to[1:]


async def test_a_note_belongs_to_its_step(store: Database) -> None:
    """What was said with one step is not taken for the words of the next; only a delivery leaves them, and every step
    leaves the ask."""
    await add(store, a_hold())
    held = await get(store, "hold-1")
    assert held is not None
    notes: list[str] = []
    for action, note in (
        (HoldAction.DISPUTE, "A mistake"),
        (HoldAction.UPHOLD, ""),
        (HoldAction.OVERRIDE, "It is urgent"),
        (HoldAction.UNDO, ""),
        (HoldAction.DISPUTE, "A mistake"),
        (HoldAction.RELEASE, "Agreed"),
        (HoldAction.DELIVERED, ""),
    ):
        async with store.begin() as unit:
            ask_id = "" if notes else "ask-1"
            held = await unit.holds.change(held, action, at=NOON, by="somebody", note=note, ask_id=ask_id)
        assert held is not None
        assert await get(store, "hold-1") == held
        notes.append(held.note)
    assert notes == ["A mistake", "", "It is urgent", "", "A mistake", "Agreed", "Agreed"]
    assert held.ask_id == "ask-1"


async def test_the_slower_one_gets_nothing(store: Database) -> None:
    """Two who read the same version: the first change wins, the second is None and changes nothing."""
    await add(store, a_hold())
    held = await get(store, "hold-1")
    assert held is not None
    withdrawn = await change(store, held, HoldAction.WITHDRAW)
    async with store.begin() as unit:
        assert await unit.holds.change(held, HoldAction.RELEASE, at=NOON, by="sender") is None
    assert await get(store, "hold-1") == withdrawn


async def test_a_state_reached_again_is_not_the_same_version(store: Database) -> None:
    """Disputed and upheld, a mail is held again; an old page that still shows the first hold cannot act on it."""
    await add(store, a_hold())
    held = await get(store, "hold-1")
    assert held is not None
    await change(store, held, HoldAction.DISPUTE, HoldAction.UPHOLD)
    async with store.begin() as unit:
        assert await unit.holds.change(held, HoldAction.RELEASE, at=NOON, by="sender") is None


async def test_a_split_mail_gains_recipients(store: Database) -> None:
    """Further recipients come behind those already there, each once, also when the caller's copy is old."""
    held = a_hold(size=1)
    await add(store, held)
    new, newer = Path(text="cy@x.example", parameters="NOTIFY=SUCCESS"), Path(text="dee@x.example")
    async with store.begin() as unit:
        await unit.holds.add_recipients(held, [new, new, Path(text="ruth@x.example")])
    async with store.begin() as unit:
        grown = await unit.holds.add_recipients(held, [newer])
    assert grown == dataclasses.replace(held, rcpt_to=(*held.rcpt_to, new, newer), version=2)
    assert await get(store, held.id) == grown
    async with store.begin() as unit:
        assert await unit.holds.add_recipients(held, [newer]) == grown


@pytest.mark.parametrize("state", [state for state in HoldState if state is not HoldState.HELD])
async def test_a_mail_no_longer_held_gains_no_recipients(store: Database, state: HoldState) -> None:
    """Once it is disputed, on its way or over, its recipients are settled."""
    await add(store, a_hold())
    held = await get(store, "hold-1")
    assert held is not None
    await change(store, held, *WAYS[state])
    async with store.begin() as unit:
        assert await unit.holds.add_recipients(held, [Path(text="cy@x.example")]) is None
        assert await unit.holds.add_recipients(a_hold("unknown"), [Path(text="cy@x.example")]) is None


async def test_only_waiting_mails_take_space(store: Database) -> None:
    """The sum of sizes leaves out every mail in a terminal state, and is 0 for none."""
    async with store.begin(write=False) as unit:
        assert await unit.holds.stored_bytes() == 0
    for size, state in enumerate(HoldState, 1):
        await add(store, a_hold(state), b"x" * size)
        held = await get(store, state)
        assert held is not None
        await change(store, held, *WAYS[state])
    waiting = sum(size for size, state in enumerate(HoldState, 1) if state not in TERMINAL)
    async with store.begin(write=False) as unit:
        assert await unit.holds.stored_bytes() == waiting


async def test_holds_are_found_by_sender_and_by_what_was_told(store: Database) -> None:
    """A sender's own; those told after an instant, those not told yet, those not reminded yet; each noted once."""
    await add(store, dataclasses.replace(a_hold("told"), told_at=NOON, thread=("<a@x.example>", "<b@x.example>")))
    await add(store, a_hold("untold"))
    await add(store, dataclasses.replace(a_hold("other"), sender="ruth@x.example"))
    async with store.begin(write=False) as unit:
        holds = unit.holds
        assert ["told", "untold"] == [held.id for held in await holds.find(sender="hilda@x.example")]
        assert ["told"] == [held.id for held in await holds.find(told_since=NOON - DAY)]
        assert [] == await holds.find(told_since=NOON)
        assert ["other", "untold"] == [held.id for held in await holds.find(untold=True)]
        assert frozenset({"hilda@x.example", "ruth@x.example"}) == await holds.senders(HoldState.HELD)
        assert frozenset() == await holds.senders(HoldState.SENT)
    stored = await get(store, "told")
    assert stored is not None
    assert ("<a@x.example>", "<b@x.example>") == stored.thread
    async with store.begin() as unit:
        noted = await unit.holds.note(stored, reminded_at=NOON + DAY)
        assert noted is not None
        assert (NOON, NOON + DAY) == (noted.told_at, noted.reminded_at)
        assert await unit.holds.note(stored, reminded_at=NOON) is None
    assert noted == await get(store, "told")
    async with store.begin(write=False) as unit:
        assert ["other", "untold"] == [held.id for held in await unit.holds.find(unreminded=True)]


async def test_an_answer_is_taken_once(store: Database) -> None:
    """The same mark for the same hold a second time is refused; answers are counted from an instant on."""
    await add(store, a_hold("one"))
    await add(store, a_hold("two"))
    async with store.begin() as unit:
        assert await unit.answers.add("one", "mark", NOON)
        assert not await unit.answers.add("one", "mark", NOON + DAY)
        assert await unit.answers.add("two", "mark", NOON)
        assert await unit.answers.add("one", "other", NOON + DAY)
    async with store.begin(write=False) as unit:
        assert [2, 1, 0] == [await unit.answers.since("one", at) for at in (NOON - DAY, NOON, NOON + DAY)]


async def test_what_has_ended_is_forgotten_in_time(store: Database) -> None:
    """Mails in a terminal state go when they ended before the instant, words and answers with them, some at a time;
    what still waits stays, however old it is."""
    for number, (state, way) in enumerate(WAYS.items()):
        held = a_hold(id=f"h{number}", fingerprint=f"f{number}")
        await add(store, held)
        async with store.begin() as unit:
            await unit.answers.add(held.id, "mark", NOON)
        assert (await change(store, held, *way)).state is state if way else True
    async with store.begin() as unit:
        assert await unit.holds.forget(NOON, limit=100) == 0
        assert await unit.holds.forget(NOON + DAY, limit=2) == 2
        assert await unit.holds.forget(NOON + DAY, limit=100) == len(TERMINAL) - 2
    async with store.begin(write=False) as unit:
        left = await unit.holds.find(limit=100)
        assert {held.state for held in left} == set(HoldState) - TERMINAL
        assert await unit.holds.raw(left[0].id) == RAW
        for number, state in enumerate(WAYS):
            if state in TERMINAL:
                assert await unit.answers.since(f"h{number}", NOON - DAY) == 0
                with pytest.raises(KeyError):
                    await unit.holds.raw(f"h{number}")
