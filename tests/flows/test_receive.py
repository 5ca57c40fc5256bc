"""The receive flow: what goes on, what is kept, what is remembered, and in which order things become durable."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path as Place
from typing import Any

import pytest

from gateway.app import Simulation, pack_of, simulation
from gateway.audit.events import AuditEvent, OutcomeReached, VerdictReached
from gateway.errors import AuditUnavailable, GatewayError, NextHopUnavailable, NoAnswer, NoSpace, StoreUnavailable
from gateway.flows.receive import receive
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldState
from gateway.mail.content import Content, stuffed
from gateway.mail.envelope import Envelope, Path, SessionFacts
from gateway.mail.letter import Letter, written
from gateway.policy.encoder import Encoder
from gateway.policy.encoders import Encoders
from gateway.policy.judge import judge
from gateway.policy.line import Reading
from gateway.ports import House
from gateway.replies import HELD, Reply
from gateway.storage.ask_table import AskRows
from gateway.storage.transaction import Transaction

DIRECTORY = {
    "lists": {"team@lantern.example": ["dana@lantern.example", "omar@lantern.example"]},
    "people": {
        "dana@lantern.example": {"employment": "employee", "manager": "mira@lantern.example"},
        "omar@lantern.example": {"employment": "employee", "manager": "mira@lantern.example"},
        "mira@lantern.example": {"employment": "employee", "manager": None},
    },
}
ASK = "Hi both, a banner is at https://lantern.example/b.png, for your own LinkedIn profile if you would like it."
OTHER_ASK = "Hello, should anyone want a picture for the top of their Facebook page: https://lantern.example/c.png"
DEMAND = "Everybody must put the new banner on their own LinkedIn profile by Friday."
TAKEN = Reply(code=250, enhanced="2.0.0", text="taken", verbatim=b"250 2.0.0 taken as 7\r\n")


HINTED = "By my reckoning a shade under a third of teachers have the event on their own timelines."


class Onward:
    """A transaction that writes down what happens to it, and when, in a list shared with the audit."""

    def __init__(self, happened: list[str], reply: Reply | BaseException = TAKEN) -> None:
        self.happened, self.reply = happened, reply
        self.sent: list[bytes] = []

    async def rcpt(self, path: Path) -> Reply:
        return TAKEN

    async def send(self, headers: bytes, content: Content) -> Reply:
        self.happened.append("send")
        if isinstance(self.reply, BaseException):
            raise self.reply
        self.sent.append(headers + bytes(content.wire))
        return self.reply

    def prepare(self) -> None:
        """Nothing to wait for."""

    async def abort(self) -> None:
        self.happened.append("abort")


class Witness:
    """An audit that writes into the shared list, and can be out of order."""

    def __init__(self, happened: list[str], broken: bool = False) -> None:
        self.happened, self.broken = happened, broken
        self.events: list[AuditEvent] = []

    async def record(self, event: AuditEvent) -> None:
        if self.broken:
            raise AuditUnavailable
        self.happened.append("record")
        self.events.append(event)

    def note(self, event: AuditEvent) -> None:
        self.happened.append("note")
        self.events.append(event)


class Play:
    """A house with a witness, and one way to send."""

    def __init__(self, world: Simulation) -> None:
        self.happened: list[str] = []
        self.audit = Witness(self.happened)
        self.world = world
        self.house: House = replace(world.house, audit=self.audit)

    async def send(
        self, onward: Onward, body: str, *, to: tuple[str, ...] = ("team@lantern.example",), **fields: Any
    ) -> Reply:
        sender = fields.pop("sender", "mira@lantern.example")
        letter = Letter(
            sender=sender, to=to, subject="Hello", body=body, **{"message_id": "<1@lantern.example>", **fields}
        )
        envelope = Envelope(
            mail_from=Path(text=sender),
            rcpt_to=tuple(Path(text=one) for one in to),
            session=SessionFacts(peer_address="192.0.2.7", helo="desk.lantern.example"),
            received_at=self.house.clock(),
        )
        return await receive(self.house, envelope, stuffed(written(letter)), onward)

    async def held(self) -> list[HeldMail]:
        async with self.house.store.begin(write=False) as unit:
            return await unit.holds.find()

    async def notices(self) -> int:
        async with self.house.store.begin() as unit:
            now = self.house.clock()
            return len(await unit.outbox.lease(now=now, until=now, limit=100))

    @property
    def verdict(self) -> VerdictReached:
        return [event for event in self.audit.events if isinstance(event, VerdictReached)][-1]

    @property
    def outcome(self) -> OutcomeReached:
        return [event for event in self.audit.events if isinstance(event, OutcomeReached)][-1]


@asynccontextmanager
async def _play() -> AsyncIterator[Play]:
    async with simulation(pack="ask-once", people=DIRECTORY, memory={}) as world:
        world.now = datetime(2026, 3, 2, 9, tzinfo=UTC)
        yield Play(world)


@pytest.fixture
async def play() -> AsyncIterator[Play]:
    """A small company, an empty memory."""
    async with _play() as one:
        yield one


async def test_clean_mail_is_recorded_then_sent_and_the_next_hops_answer_is_ours(play: Play) -> None:
    """Record, send, note: in that order; the reply is the next hop's very object."""
    onward = Onward(play.happened)

    reply = await play.send(onward, "The soup today is lentil.")

    assert reply is TAKEN
    assert ["record", "send", "note"] == play.happened
    assert ("relay", "relayed", 250) == (play.verdict.disposition, play.outcome.outcome, play.outcome.code)


async def test_clean_mail_touches_no_store(play: Play) -> None:
    """With the store gone, clean mail still passes."""
    await play.house.store.close()
    play.house = replace(play.house, store=_Gone())

    assert await play.send(Onward(play.happened), "The soup today is lentil.") is TAKEN


class _Gone:
    def begin(self, *, write: bool = True) -> Any:
        raise AssertionError("the store was asked")

    async def close(self) -> None:
        return None


async def test_what_is_sent_on_is_what_came_in_with_header_lines_on_top(play: Play) -> None:
    """The content crosses byte for byte; above it stand whole lines of ours."""
    onward = Onward(play.happened)
    letter = Letter(
        sender="mira@lantern.example",
        to=("team@lantern.example",),
        subject="Hello",
        body="x\n.y\n..z",
        message_id="<1@lantern.example>",
    )

    await play.send(onward, letter.body)

    wire = bytes(stuffed(written(letter)).wire)
    assert onward.sent[0].endswith(wire)
    ours = onward.sent[0].removesuffix(wire)
    assert ours.startswith(b"Received: from desk.lantern.example")
    assert ours.endswith(b"\r\n")


async def test_a_mail_whose_weak_words_set_the_gate_ajar_is_read(play: Play) -> None:
    """What the judge would hold is held here too: the glance stops nothing that the sieve lets through."""
    reply = await play.send(Onward(play.happened), HINTED, message_id="<ajar@lantern.example>")

    assert not play.verdict.gated
    assert ("hold", HELD) == (play.verdict.disposition, reply)


async def test_verdicts_are_reached_aside(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first may have to read all rules: no client waits for that, whatever stands beside the rules."""
    found: list[threading.Thread] = []
    monkeypatch.setattr(
        "gateway.flows.assess.judge", lambda *given: found.append(threading.current_thread()) or judge(*given)
    )
    detector = play.house.pack.detector
    assert detector is not None
    play.house = replace(play.house, pack=replace(play.house.pack, detector=replace(detector, encoders=None)))

    await play.send(Onward(play.happened), ASK)

    assert found
    assert threading.main_thread() not in found


async def test_a_demand_is_kept_with_one_notice_and_nothing_goes_on(play: Play) -> None:
    """The mail is in the store, its notice in the outbox, and the transaction with the next hop is given up."""
    reply = await play.send(Onward(play.happened), DEMAND)

    held = await play.held()
    assert reply is HELD
    assert "send" not in play.happened
    assert play.happened.index("record") < play.happened.index("abort") < play.happened.index("note")
    assert [("demand", HoldState.HELD)] == [(one.label.value, one.state) for one in held]
    assert await play.notices() == 1
    assert ("hold", "held", held[0].id) == (play.verdict.disposition, play.outcome.outcome, play.outcome.hold_id)


async def test_a_retransmitted_hold_makes_no_second_hold_and_no_second_notice(play: Play) -> None:
    """Same sender, Message-ID and content: 250 again, nothing more."""
    await play.send(Onward(play.happened), DEMAND)

    again = await play.send(Onward(play.happened), DEMAND)

    assert again is HELD
    assert (1, 1) == (len(await play.held()), await play.notices())
    assert play.outcome.outcome == "duplicate"


async def test_the_rest_of_a_split_mail_joins_its_hold(play: Play) -> None:
    """Further recipients of the same mail are held with it, under one notice."""
    await play.send(Onward(play.happened), DEMAND, to=("dana@lantern.example",))
    onward = Onward(play.happened)
    letter = Letter(
        sender="mira@lantern.example",
        to=("dana@lantern.example",),
        subject="Hello",
        body=DEMAND,
        message_id="<1@lantern.example>",
    )
    envelope = Envelope(
        mail_from=Path(text="mira@lantern.example"),
        rcpt_to=(Path(text="omar@lantern.example"),),
        session=SessionFacts(),
        received_at=play.house.clock(),
    )

    await receive(play.house, envelope, stuffed(written(letter)), onward)

    held = await play.held()
    assert [{"dana@lantern.example", "omar@lantern.example"}] == [{path.text for path in one.rcpt_to} for one in held]
    assert await play.notices() == 1


async def test_an_ask_refused_by_the_next_hop_never_counted(play: Play) -> None:
    """The first ask is refused with 550; the second one is therefore a first."""
    refusal = Reply(code=550, enhanced="5.7.1", text="no")
    assert (await play.send(Onward(play.happened, refusal), ASK)).code == 550

    reply = await play.send(Onward(play.happened), OTHER_ASK, message_id="<2@lantern.example>")

    assert reply is TAKEN


async def test_an_ask_whose_delivery_broke_never_counted_and_the_mail_stays_outside(play: Play) -> None:
    """The next hop vanishes: the client is told to try again, and a later ask is a first one."""
    with pytest.raises(NextHopUnavailable):
        await play.send(Onward(play.happened, NextHopUnavailable()), ASK)

    assert play.outcome.outcome == "failed"
    assert await play.send(Onward(play.happened), OTHER_ASK, message_id="<2@lantern.example>") is TAKEN


@pytest.mark.parametrize("error", [NoAnswer, asyncio.CancelledError, ZeroDivisionError])
@pytest.mark.parametrize("text", [ASK, "Lunch is at one."])
async def test_nobody_claims_to_know_what_became_of_a_mail_without_an_answer(
    play: Play, error: type[BaseException], text: str
) -> None:
    """P6: where the next hop may have the mail, since the dot was said or nobody can tell, the outcome is unknown."""
    with pytest.raises(error):
        await play.send(Onward(play.happened, error()), text)

    assert "unknown" == play.outcome.outcome


async def test_nobody_claims_to_know_whether_a_commit_without_an_answer_was_done(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail whose hold may have been stored: unknown, and it is held once when the client sends it again."""
    real = Transaction.commit

    async def commit(transaction: Transaction) -> None:
        await real(transaction)
        raise StoreUnavailable("no answer in time")

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "commit", commit)
        with pytest.raises(StoreUnavailable):
            await play.send(Onward(play.happened), DEMAND)
    assert "unknown" == play.outcome.outcome
    assert HELD is await play.send(Onward(play.happened), DEMAND)
    assert 1 == len(await play.held())


async def test_no_trouble_after_the_next_hops_answer_changes_it(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error nobody foresaw, while the ask is settled: what the next hop said, or that it said nothing, stands."""

    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(AskRows, "settle", broken)
    with pytest.raises(NextHopUnavailable):
        await play.send(Onward(play.happened, NextHopUnavailable()), ASK)

    assert await play.send(Onward(play.happened), ASK) is TAKEN


async def test_a_second_ask_is_held_and_the_hold_names_the_first(play: Play) -> None:
    """Memory finds the delivered ask; its date and sender are kept with the hold."""
    await play.send(Onward(play.happened), ASK)

    reply = await play.send(Onward(play.happened), OTHER_ASK, message_id="<2@lantern.example>")

    held = (await play.held())[0]
    assert reply is HELD
    assert ("repeat-ask", "mira@lantern.example") == (held.label.value, held.earlier[0].asker)
    assert held.earlier[0].at == play.house.clock()


async def test_two_asks_at_the_same_instant_give_exactly_one_first(play: Play) -> None:
    """Ten different asks race; one goes on, nine are held."""
    asks = [play.send(Onward(play.happened), f"{ASK} No. {n}", message_id=f"<{n}@lantern.example>") for n in range(10)]

    replies = await asyncio.gather(*asks)

    assert [TAKEN] == [reply for reply in replies if reply is not HELD]


async def test_without_a_record_there_is_no_effect(play: Play) -> None:
    """When the audit cannot be written the mail stays outside: not sent, not held, not remembered."""
    play.house = replace(play.house, audit=Witness(play.happened, broken=True))
    for number, body in enumerate(("The soup.", DEMAND, ASK)):
        with pytest.raises(AuditUnavailable):
            await play.send(Onward(play.happened), body, message_id=f"<{number}@lantern.example>")

    assert "send" not in play.happened
    assert not await play.held()
    play.house = replace(play.house, audit=play.audit)
    assert await play.send(Onward(play.happened), OTHER_ASK, message_id="<9@lantern.example>") is TAKEN


async def test_past_the_storage_limit_mail_stays_outside(play: Play) -> None:
    """A hold that does not fit is answered 452, and nothing is dropped."""
    holds = play.house.settings.holds.model_copy(update={"storage_limit": 10})
    play.house = replace(play.house, settings=play.house.settings.model_copy(update={"holds": holds}))

    with pytest.raises(NoSpace):
        await play.send(Onward(play.happened), DEMAND)

    assert not await play.held()


@pytest.mark.parametrize(("setting", "expected"), [("relay", "relay"), ("hold", "hold"), ("reject", "reject")])
async def test_a_mail_that_cannot_be_read_follows_the_setting(play: Play, setting: str, expected: str) -> None:
    """Encrypted mail is relayed, held or rejected as set, and the audit says that it was not judged."""
    policy = play.house.settings.policy.model_copy(update={"unjudgeable": setting})
    play.house = replace(play.house, settings=play.house.settings.model_copy(update={"policy": policy}))
    armoured = "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----"

    await play.send(Onward(play.happened), armoured)

    assert (expected, "encrypted") == (play.verdict.disposition, play.verdict.unjudged)


async def test_mail_to_outsiders_only_is_not_judged(play: Play) -> None:
    """A reminder to a partner goes on; the record says that it was not internal."""
    reply = await play.send(Onward(play.happened), DEMAND, to=("press@elsewhere.example",))

    assert reply is TAKEN
    assert not play.verdict.internal


async def test_mail_from_outside_is_not_judged(play: Play) -> None:
    """Only what colleagues write to colleagues is read."""
    assert await play.send(Onward(play.happened), DEMAND, sender="agency@elsewhere.example") is TAKEN


async def test_when_judging_fails_the_setting_decides(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """`defer` keeps the mail outside; `relay` passes it with a record that says so."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("gateway.flows.assess.glance", broken)
    with pytest.raises(ZeroDivisionError):
        await play.send(Onward(play.happened), "Soup.")
    policy = play.house.settings.policy.model_copy(update={"on_failure": "relay"})
    play.house = replace(play.house, settings=play.house.settings.model_copy(update={"policy": policy}))

    assert await play.send(Onward(play.happened), "Soup.") is TAKEN
    assert play.verdict.unjudged == "judging-failed"


async def test_a_mail_that_goes_round_is_refused(play: Play) -> None:
    """Our own mark for the second time ends a loop with 5.4.6."""
    onward = Onward(play.happened)
    await play.send(onward, "Soup.")
    raw = onward.sent[0]
    for _ in range(2):
        envelope = Envelope(
            mail_from=Path(text="mira@lantern.example"),
            rcpt_to=(Path(text="dana@lantern.example"),),
            session=SessionFacts(),
            received_at=play.house.clock(),
        )
        reply = await receive(play.house, envelope, Content(wire=raw), onward)
        raw = onward.sent[-1]

    assert (554, "5.4.6") == (reply.code, reply.enhanced)


async def test_every_error_is_one_the_edge_can_answer(play: Play) -> None:
    """A gateway error carries 4yz, so that the mail stays with the client."""
    assert all(400 <= kind().reply.code < 500 for kind in (GatewayError, NextHopUnavailable, NoSpace, AuditUnavailable))


async def test_an_ask_is_on_record_before_it_is_remembered(play: Play) -> None:
    """When the store fails to commit the reservation, the verdict has its outcome, failed, and nothing was sent."""

    class Breaking:
        def __init__(self, store: Any) -> None:
            self.store = store

        @asynccontextmanager
        async def begin(self, *, write: bool = True) -> AsyncIterator[Any]:
            async with self.store.begin(write=write) as unit:
                yield unit
                play.happened.append("commit")
                raise NoSpace

        async def close(self) -> None:
            return None

    store = play.house.store
    play.house = replace(play.house, store=Breaking(store))
    with pytest.raises(NoSpace):
        await play.send(Onward(play.happened), ASK)

    assert play.happened == ["record", "commit", "note"]
    assert play.outcome.outcome == "failed"
    play.house = replace(play.house, store=store)
    assert await play.send(Onward(play.happened), OTHER_ASK, message_id="<2@lantern.example>") is TAKEN


async def test_a_site_that_monitors_holds_nothing_tells_nobody_and_remembers(play: Play) -> None:
    """Everything goes on, the audit says what would have been, no notice is made, and asks count all the same."""
    policy = play.house.settings.policy.model_copy(update={"mode": "monitor"})
    settings = play.house.settings.model_copy(update={"policy": policy})
    play.house = replace(play.house, settings=settings, pack=pack_of(settings))
    no_artwork = "Hi both, if you would like a banner on your own LinkedIn profile, please feel free."

    for number, body in enumerate((DEMAND, no_artwork, ASK)):
        assert await play.send(Onward(play.happened), body, message_id=f"<{number}@lantern.example>") is TAKEN

    found = {finding.rule_id for finding in play.verdict.findings}
    assert not await play.held()
    assert await play.notices() == 0
    assert "asked-before" in found


class Stalled(Encoder):
    """One that thinks until it is let go."""

    def __init__(self) -> None:
        super().__init__(Place("nowhere"), "")
        self.begun, self.go = threading.Event(), threading.Event()

    def says(self, reading: Reading, places: Collection[int]) -> None:
        self.begun.set()
        assert self.go.wait(60)


async def test_what_else_needs_a_thread_does_not_wait_for_verdicts(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """The spool and the audit write in threads while more mails are being judged than threads are shared."""
    monkeypatch.setattr("gateway.policy.opinion.CERTAIN", 2)  # the encoder is asked about each of them
    detector, encoder = play.house.pack.detector, Stalled()
    assert detector is not None
    pack = replace(play.house.pack, detector=replace(detector, encoders=Encoders(encoder)))
    play.house = replace(play.house, pack=pack)
    more = min(32, (os.cpu_count() or 1) + 4) + 2  # than asyncio's own pool has (concurrent.futures)
    mails = [
        asyncio.create_task(play.send(Onward(play.happened), ASK, message_id=f"<{n}@l.example>")) for n in range(more)
    ]
    try:
        assert await asyncio.to_thread(encoder.begun.wait, 30)
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "written"), 10) == "written"
    finally:
        encoder.go.set()
    assert {(await mail).code for mail in mails} == {250}
