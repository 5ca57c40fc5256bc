"""What an old hand at mail servers looks for: edges of internal and external, poison, second copies, limbo."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from gateway.app import outcome_known
from gateway.audit.events import NoticeSent
from gateway.config import Organisation, settings
from gateway.delivery.upstream import Upstream
from gateway.errors import NextHopUnavailable, StoreUnavailable
from gateway.flows import expire as expiring
from gateway.flows.assess import is_internal
from gateway.flows.receive import receive
from gateway.flows.release import release
from gateway.holds.lifecycle import HoldAction, HoldState
from gateway.mail.content import Content, stuffed
from gateway.mail.envelope import Envelope, Path, SessionFacts
from gateway.ports import Unit
from gateway.replies import HELD, Reply
from gateway.smtp.data import DataReader
from gateway.smtp.limits import Budget
from gateway.supervisor import Supervisor
from tests.flows.house import DEMAND, SENDER, TEAM, Story, mail
from tests.scripted_next_hop import ScriptedNextHop, say
from tests.smtp.kit import Hop, client_of, edge_with


@pytest.mark.parametrize(
    ("domain", "mailbox"),
    [
        ("bücher.example", "mira@bücher.example"),
        ("bücher.example", "mira@xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "mira@BÜCHER.example"),
        ("*.bücher.example", "mira@shop.xn--bcher-kva.example"),
        ("corp.example", "mira@CORP.example."),
        ("corp.example", "mira"),
    ],
)
def test_an_address_of_the_organisation_is_internal_in_every_spelling(domain: str, mailbox: str) -> None:
    """U-label, A-label, a final dot, letter case; a bare local name is one of ours, since the next hop makes it so."""
    assert is_internal(Organisation(internal_domains=(domain,)), mailbox)


@pytest.mark.parametrize(
    "mailbox", ["", "mira@corp.example.evil.example", "mira@xcorp.example", "corp.example@b.example"]
)
def test_others_are_not(mailbox: str) -> None:
    """The null path and lookalike domains are outside."""
    assert not is_internal(Organisation(internal_domains=("corp.example", "*.corp.example")), mailbox)


async def test_one_hold_that_cannot_be_returned_does_not_keep_the_others(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail whose return cannot be written is logged; all others expire."""
    poison = await story.hold()
    other = await story.hold(raw=mail(DEMAND, message_id="<m2@corp.example>"))
    write = expiring.expired_notice

    def broken(held: Any, pack: Any) -> Any:
        if held.id == poison.id:
            raise UnicodeError("never seen before")
        return write(held, pack)

    monkeypatch.setattr(expiring, "expired_notice", broken)
    await story.beat(days=8)

    assert (await story.now(poison)).state is HoldState.HELD
    assert (await story.now(other)).state is HoldState.EXPIRED


async def test_a_store_that_is_locked_when_the_mail_is_out_does_not_send_it_twice(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next hop's 250 is marked as soon as the store answers again; the notice does not go out once more."""
    monkeypatch.setattr("gateway.flows.deliver._MARK_PAUSE", 0.01)
    await story.hold()
    begin, refusals = story.house.store.begin, 0

    @asynccontextmanager
    async def locked(*, write: bool = True) -> AsyncIterator[Unit]:
        nonlocal refusals
        if story.hop.delivered and refusals < 3:
            refusals += 1
            raise StoreUnavailable("locked")
        async with begin(write=write) as unit:
            yield unit

    monkeypatch.setattr(story.house.store, "begin", locked)
    await story.beat()
    await story.beat(minutes=6)

    assert len(story.sent("mira@corp.example")) == 1
    assert [e.outcome for e in story.audit.events if isinstance(e, NoticeSent)] == ["sent"]


class _Onward:
    """A transaction nothing is sent on."""

    async def rcpt(self, path: Path) -> Reply:
        raise NotImplementedError

    async def send(self, headers: bytes, content: Any) -> Reply:
        raise AssertionError("sent")

    def prepare(self) -> None:
        """Nothing to wait for."""

    async def abort(self) -> None:
        return


async def _arrives(story: Story, raw: bytes) -> Reply:
    envelope = Envelope(mail_from=SENDER, rcpt_to=TEAM, session=SessionFacts(), received_at=story.clock[0])
    return await receive(story.house, envelope, stuffed(raw), _Onward())


async def _arrives_again(story: Story, raw: bytes, ways: Sequence[HoldAction], later: timedelta) -> int:
    """A mail is held, its hold goes these ways, later the same mail comes once more: how many holds there are."""
    assert await _arrives(story, raw) == HELD
    async with story.house.store.begin() as unit:
        (held,) = await unit.holds.find()
        for action in ways:
            changed = await unit.holds.change(held, action, at=story.clock[0], by="sender")
            assert changed is not None
            held = changed
    story.clock[0] += later
    assert await _arrives(story, raw) == HELD
    async with story.house.store.begin(write=False) as unit:
        return len(await unit.holds.find())


ENDED = {
    HoldState.SENT: (HoldAction.RELEASE, HoldAction.DELIVERED),
    HoldState.WITHDRAWN: (HoldAction.WITHDRAW,),
    HoldState.EXPIRED: (HoldAction.EXPIRE,),
    HoldState.SUPERSEDED: (HoldAction.SUPERSEDE,),
    HoldState.FAILED: (HoldAction.RELEASE, HoldAction.REFUSED),
}


@pytest.mark.parametrize("ways", ENDED.values(), ids=ENDED)
@pytest.mark.parametrize(("named", "hours", "holds"), [(True, 5, 1), (True, 7, 2), (False, 1, 2)])
async def test_a_mail_like_one_whose_hold_ended_is_swallowed_only_while_it_may_be_a_retry(
    story: Story, ways: Sequence[HoldAction], named: bool, hours: int, holds: int
) -> None:
    """With its Message-ID and within a client's time to retry it changes nothing; later, and always without a
    Message-ID, it is a mail of its own, held with a notice of its own."""
    raw = mail(DEMAND) if named else mail(DEMAND).replace(b"Message-ID: <m1@corp.example>\r\n", b"")

    assert await _arrives_again(story, raw, ways, timedelta(hours=hours)) == holds


@pytest.mark.parametrize(
    "ways", [(), (HoldAction.DISPUTE,), (HoldAction.RELEASE,)], ids=["held", "disputed", "sending"]
)
async def test_a_mail_whose_hold_goes_on_is_held_once_however_late_it_comes_again(
    story: Story, ways: Sequence[HoldAction]
) -> None:
    """Days later, and without a Message-ID: the one hold stands for both."""
    raw = mail(DEMAND).replace(b"Message-ID: <m1@corp.example>\r\n", b"")

    assert await _arrives_again(story, raw, ways, timedelta(days=4)) == 1


async def test_an_error_of_the_database_does_not_quote_the_mail(story: Story) -> None:
    """What the operators' log may print of a failed statement holds no parameter of it: no subject, no sentence."""
    held = await story.hold()
    with pytest.raises(Exception, match="UNIQUE") as caught:
        async with story.house.store.begin() as unit:
            await unit.holds.add(held, b"confidential")

    assert held.subject not in str(caught.value)
    assert DEMAND not in str(caught.value)


async def test_data_after_recipients_refused_for_now_is_not_refused_for_good() -> None:
    """The next hop is down: RCPT is 451, and so is the DATA a client pipelined behind it; a 5yz would bounce it."""

    def down(path: Path) -> Reply:
        raise NextHopUnavailable

    async with edge_with(hop=Hop(answers=down)) as edge, client_of(edge) as client:
        client.say(b"EHLO a.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n")
        assert await client.hears(4) == [250, 250, 451, 451]
        client.say(b"RSET\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nRSET\r\n")
        assert await client.hears(4) == [250, 250, 451, 250]


async def test_data_after_recipients_refused_for_good_stays_554() -> None:
    """Every recipient refused with 5yz: 554, as RFC 5321 section 3.3 has it."""
    no = Reply(code=550, enhanced="5.1.1", text="no such user")
    async with edge_with(hop=Hop(answers=lambda path: no)) as edge, client_of(edge) as client:
        client.say(b"EHLO a.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n")
        assert await client.hears(4) == [250, 250, 550, 554]


async def test_a_next_hop_that_closes_right_after_ehlo_costs_no_place_in_the_pool() -> None:
    """EHLO's 250 and 421 in one segment, again and again: when the next hop recovers, all connections can be had."""
    busy = [say(b"250 next.example\r\n421 4.3.2 too busy\r\n", then="close")] * 4
    async with ScriptedNextHop({"EHLO": [*busy, say(b"250 next.example\r\n")]}) as hop:
        way = {"address": hop.address, "max_connections": 2, "connect_timeout": 0.3}
        upstream = Upstream(settings({"upstream": way}, where="test").upstream, hostname="gate.example")
        try:
            for _ in range(4):
                with pytest.raises(NextHopUnavailable):
                    await upstream.begin(SENDER, SessionFacts()).rcpt(TEAM[0])
            one, two = (upstream.begin(SENDER, SessionFacts()) for _ in range(2))
            assert [(await way.rcpt(TEAM[0])).code for way in (one, two)] == [250, 250]
            await one.abort()
            await two.abort()
        finally:
            await upstream.close()


_CHILD = 'import sys; sys.stdin.readline(); print("ready", flush=True); sys.stdin.read()'


async def test_a_process_that_died_just_before_the_stop_is_not_started_behind_its_back() -> None:
    """A child crashes and the gateway is told to stop within the pause before the restart: the stop ends, and no
    child is left."""
    edges = Supervisor(["python3", "-c", _CHILD], [{}])
    await edges.start()
    (child,) = edges._children.values()
    child.kill()
    await child.wait()
    await asyncio.sleep(0.05)

    async with asyncio.timeout(4):
        await edges.stop(1)

    assert all(child.returncode is not None for child in edges._children.values())


def test_a_message_in_crumbs_costs_no_more_memory_than_its_bytes() -> None:
    """Half a megabyte in pieces of two bytes: what is kept is about what is counted against the budget."""
    reader = DataReader(max_size=1 << 20, max_header=1 << 17, threshold=1 << 20, budget=Budget(1 << 30))
    line = b"two by two\r\n"
    reader.feed(b"\r\n")
    tracemalloc.start()
    try:
        for at in range(0, 500_000, 2):
            reader.feed(bytes(bytearray((line[at % 12], line[at % 12 + 1]))))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    reader.feed(b"\r\n.\r\n")
    content = reader.result()

    assert kept < 1_500_000
    assert isinstance(content, Content)
    assert bytes(content.wire) == b"\r\n" + line * (500_000 // 12) + line[: 500_000 % 12] + b"\r\n"


async def test_a_sender_without_a_domain_is_told_of_the_hold(story: Story) -> None:
    """A bare local name is a person of ours: the hold's notice goes out, to that name."""
    envelope = Envelope(mail_from=Path(text="mira"), rcpt_to=TEAM, session=SessionFacts(), received_at=story.clock[0])
    assert await receive(story.house, envelope, stuffed(mail(DEMAND)), _Onward()) == HELD
    await story.beat()

    assert len(story.sent("mira")) == 1


async def test_what_a_crash_left_out_of_the_record_of_a_release_is_told_from_the_store(story: Story) -> None:
    """The verdict on new words and the commit are there, the outcome is not: it was released. The first verdict, in
    the stream of an SMTP process, was "held" whatever came later."""
    held = await story.hold()
    store = story.house.store
    assert await outcome_known(store, "office", held.id) == "held"
    await release(story.house, held.id, new_text=None, new_subject=None, actor="compliance:ada", decision=True)

    assert await outcome_known(store, "office", held.id) == "released"
    assert await outcome_known(store, "edge-1", held.id) == "held"
    assert await outcome_known(store, "edge-1", "unheard-of") is None
