"""The outbox keeps the contract of `ports.Outbox` on every database."""

import dataclasses
import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from gateway.holds.hold import OutgoingMail, Wording
from gateway.mail.envelope import Path
from gateway.storage.database import Database
from gateway.storage.opening import open_store
from gateway.storage.tables import outbox
from tests.contract.values import NOON, an_outgoing

MINUTE = timedelta(minutes=1)


async def put(store: Database, *mails: OutgoingMail) -> None:
    async with store.begin() as unit:
        for mail in mails:
            await unit.outbox.put(mail)


async def lease(store: Database, minute: int = 0, limit: int = 10) -> list[OutgoingMail]:
    now = NOON + minute * MINUTE
    async with store.begin() as unit:
        return await unit.outbox.lease(now=now, until=now + 5 * MINUTE, limit=limit)


async def raw(store: Database, mail_id: str = "mail-1") -> bytes:
    async with store.begin(write=False) as unit:
        return await unit.outbox.raw(mail_id)


async def test_a_mail_comes_out_as_it_went_in(store: Database) -> None:
    """Every field and byte survives, also past one piece; a lease brings none of the bytes, a unit that reads does."""
    mail = an_outgoing(raw=random.Random(1).randbytes(3 * 1024 * 1024 + 17))
    await put(store, mail)
    assert await lease(store) == [dataclasses.replace(mail, raw=b"")]
    assert await raw(store) == mail.raw
    with pytest.raises(KeyError):
        await raw(store, "unknown")


async def test_a_leased_mail_is_nobody_elses(store: Database) -> None:
    """Until its lease ends a mail is not given out again; from that instant on it is."""
    await put(store, an_outgoing())
    assert [len(await lease(store, minute)) for minute in (0, 1, 4, 5, 6)] == [1, 0, 0, 1, 0]


@pytest.mark.parametrize("minutes", [-60, 60])
async def test_a_node_whose_clock_is_wrong_keeps_off_leased_mails(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    """P3: of two nodes on one PostgreSQL whose clocks are an hour apart, neither takes what the other has leased, and
    either takes it when the lease is over."""
    store = await open_store(postgresql_url)
    try:
        right, wrong = datetime.now(UTC), datetime.now(UTC) + minutes * MINUTE

        async def taken(clock: datetime) -> int:
            monkeypatch.setattr("gateway.storage.outbox_table.node_clock", lambda: clock)
            async with store.begin() as unit:
                return len(await unit.outbox.lease(now=clock, until=clock + 5 * MINUTE, limit=9))

        await put(store, an_outgoing(due=right - 120 * MINUTE))
        assert [1, 0] == [await taken(right), await taken(wrong)]
        async with store.begin() as unit:
            await unit.outbox.retry(an_outgoing(), due=right - 120 * MINUTE, rcpt_to=an_outgoing().rcpt_to)
        assert [1, 0] == [await taken(wrong), await taken(right)]
        async with store.begin() as unit:
            rows = await unit.outbox._transaction.rows(select(outbox.c.leased_until))
        assert abs(rows[0]["leased_until"] - right - 5 * MINUTE) < MINUTE
    finally:
        await store.close()


async def test_only_due_mails_go_out_longest_due_first(store: Database) -> None:
    """What is due at this very instant goes, what is due later waits, and `limit` holds."""
    await put(store, *(an_outgoing(str(minute), due=NOON + minute * MINUTE) for minute in (3, 1, 0, 2)))
    assert [mail.id for mail in await lease(store, 2, limit=2)] == ["0", "1"]
    assert [mail.id for mail in await lease(store, 2)] == ["2"]


async def test_a_mail_that_is_done_is_gone(store: Database) -> None:
    """Delivered or given up, it never comes back; a second time there is nothing to remove, and that is said."""
    await put(store, an_outgoing())
    await lease(store)
    for expected in (True, False):
        async with store.begin() as unit:
            assert await unit.outbox.done("mail-1") is expected
    assert await lease(store, 60) == []


async def test_a_retry_counts_and_waits(store: Database) -> None:
    """A retry ends the lease at once, counts the attempt, and the mail comes back when it is due."""
    mail = an_outgoing()
    await put(store, mail)
    await lease(store)
    async with store.begin() as unit:
        assert await unit.outbox.retry(mail, due=NOON + 2 * MINUTE, rcpt_to=mail.rcpt_to)
    assert await lease(store, 1) == []
    assert await lease(store, 2) == [dataclasses.replace(mail, attempts=1, due=NOON + 2 * MINUTE, raw=b"")]


async def test_a_retry_keeps_those_who_are_left(store: Database) -> None:
    """The mail stays, bytes and all, for these recipients alone."""
    mail = an_outgoing(raw=random.Random(2).randbytes(5000))
    await put(store, mail)
    left = (Path(text="omar@corp.example", parameters="NOTIFY=NEVER"),)
    async with store.begin() as unit:
        assert await unit.outbox.retry(mail, due=NOON, rcpt_to=left)
    assert await lease(store) == [dataclasses.replace(mail, attempts=1, due=NOON, rcpt_to=left, raw=b"")]
    assert await raw(store) == mail.raw


async def test_a_retry_counts_once(store: Database) -> None:
    """Whoever counts an attempt that is counted already changes nothing, and does not end the lease of the next."""
    mail = an_outgoing()
    await put(store, mail)
    for expected in (True, False):
        async with store.begin() as unit:
            assert await unit.outbox.retry(mail, due=NOON, rcpt_to=mail.rcpt_to) is expected
        assert len(await lease(store)) == expected


def a_release() -> OutgoingMail:
    """The release of hold "h", due in a minute."""
    return dataclasses.replace(an_outgoing(due=NOON + MINUTE), kind="release", hold_id="h")


async def test_a_release_is_recalled_before_it_is_due(store: Database) -> None:
    """Taken out again it is never given out; a second time there is nothing to take; notices stay."""
    await put(store, a_release(), dataclasses.replace(an_outgoing("note"), hold_id="h"))
    for expected in (True, False):
        async with store.begin() as unit:
            assert await unit.outbox.recall("h", now=NOON) is expected
    assert [mail.id for mail in await lease(store, 5)] == ["note"]


async def test_a_release_is_found_by_its_hold(store: Database) -> None:
    """As it waits, without its bytes, also while it is leased; notices of the hold and other holds' are not it."""

    async def found(hold_id: str) -> OutgoingMail | None:
        async with store.begin(write=False) as unit:
            return await unit.outbox.release_of(hold_id)

    release = a_release()
    await put(store, dataclasses.replace(an_outgoing("note"), hold_id="h"), release)
    assert await found("h") == dataclasses.replace(release, raw=b"")
    assert await found("other") is None
    await lease(store, 1)
    assert await found("h") is not None
    async with store.begin() as unit:
        await unit.outbox.done(release.id)
    assert await found("h") is None


async def test_how_a_release_was_typed_is_known_while_it_waits(store: Database) -> None:
    """Every character of it, until the mail is done or recalled; of what came without there is none."""
    typed = Wording(subject="Ein Gruß", text="Line\n\n-- \nMira \ud83d\n> 100 %")

    async def known(mail_id: str) -> Wording | None:
        async with store.begin(write=False) as unit:
            return await unit.outbox.wording(mail_id)

    for end in ("done", "recall"):
        async with store.begin() as unit:
            await unit.outbox.put(a_release(), typed)
        assert await known(a_release().id) == typed
        async with store.begin() as unit:
            ended = unit.outbox.done(a_release().id) if end == "done" else unit.outbox.recall("h", now=NOON)
            assert await ended
        assert await known(a_release().id) is None
    await put(store, a_release())
    assert await known(a_release().id) is None


async def test_what_is_due_leased_or_tried_is_not_recalled(store: Database) -> None:
    """From the instant it is due, while it is leased, and after a first try, a release goes its way."""

    async def recall(minute: int) -> bool:
        async with store.begin() as unit:
            return await unit.outbox.recall("h", now=NOON + minute * MINUTE)

    await put(store, a_release())
    assert not await recall(1)
    assert len(await lease(store, 1)) == 1
    assert not await recall(0)
    async with store.begin() as unit:
        await unit.outbox.retry(a_release(), due=NOON + 9 * MINUTE, rcpt_to=a_release().rcpt_to)
    assert not await recall(2)
    assert len(await lease(store, 9)) == 1
