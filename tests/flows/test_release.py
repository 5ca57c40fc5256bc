"""Releasing a held mail, from the click to the next hop's 250."""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from gateway.asks.ask import AskState
from gateway.audit.events import HoldChanged, OutcomeReached, VerdictReached
from gateway.errors import AuditUnavailable, StoreUnavailable
from gateway.flows.dispute import dispute
from gateway.flows.recheck import recheck
from gateway.flows.release import Released, StillHeld, release
from gateway.flows.step import Changed, TooLate
from gateway.flows.withdraw import withdraw
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldState
from gateway.holds.revision import revise
from gateway.mail.controls import torn
from gateway.mail.envelope import Path
from gateway.policy.labels import Label
from gateway.storage.database import Database, DatabaseUnit
from gateway.storage.tables import asks
from gateway.worker import Worker
from tests.flows.house import ASK, DEMAND, SENDER, TEAM, Story, judge, mail, short_sighted
from tests.holds.letters import OUTLOOK, SIGNED


async def click(story: Story, held: HeldMail, text: str | None, actor: str = "sender") -> object:
    """The sender's click on "send"."""
    return await release(story.house, held.id, new_text=text, new_subject=None, actor=actor)


async def ask_states(story: Story, held: HeldMail) -> str:
    """What became of the ask reserved for this release, "" for none: seen by whether it stands in a later one's way."""
    now = await story.now(held)
    async with story.house.store.begin(write=False) as unit:
        transaction = unit.asks._transaction  # type: ignore[attr-defined]
        rows = await transaction.rows(asks.select().where(asks.c.id == now.ask_id))
    return str(rows[0]["state"]) if rows else ""


async def test_revised_and_passing_goes_out_once(story: Story) -> None:
    """Held, revised, released, delivered once with its envelope verbatim, and its ask counts from then on."""
    held = await story.hold()
    outcome = await click(story, held, ASK)
    assert isinstance(outcome, Released)
    assert outcome.held.state is HoldState.SENDING
    assert await ask_states(story, held) == AskState.RESERVED
    await story.beat()
    await story.beat(minutes=10)
    [sent] = [mail for mail in story.hop.delivered if mail.mail_from.text]
    assert sent.mail_from == SENDER
    assert sent.rcpt_to == TEAM
    assert sent.headers.startswith(b"Received: from gate.corp.example (localhost [127.0.0.1])")
    assert ASK.encode() in sent.content
    assert (await story.now(held)).state is HoldState.SENT
    assert await ask_states(story, held) == AskState.CONFIRMED
    assert story.audit.steps() == [("release", "sending", "sender"), ("delivered", "sent", "gateway")]


@pytest.mark.parametrize("charset", ["cp037", "cp500", "cp1026", "cp273"])
async def test_an_edit_smuggles_nothing(story: Story, charset: str) -> None:
    """P11: words that are SMTP commands between bare line ends in the mail's own charset go out as words."""
    smuggled = b"\n.\nMAIL FROM:<ceo@evil.example>\nRCPT TO:<v@corp.example>\nDATA\n\nhi\n.\nQUIT\n"
    head = mail("").partition(b"\r\n\r\n")[0].replace(b"utf-8", charset.encode())
    held = await story.hold(raw=head + b"\r\n\r\n" + DEMAND.encode(charset) + b"\r\n")
    assert isinstance(await click(story, held, smuggled.decode(charset)), Released)
    await story.beat()
    [sent] = [mail for mail in story.hop.delivered if mail.mail_from.text]
    assert not torn(sent.wire)
    assert b"MAIL FROM" not in sent.wire


async def test_records_stand_before_effects(story: Story) -> None:
    """The verdict on the new words and the step are on record when the mail enters the outbox; the outcome follows."""
    held = await story.hold()
    await click(story, held, ASK)
    kinds = [type(event) for event in story.audit.events]
    assert kinds == [VerdictReached, HoldChanged, OutcomeReached]
    assert all(event.mail_id == held.id for event in story.audit.events)


async def test_words_that_do_not_pass_change_nothing(story: Story) -> None:
    """A revision that does not pass leaves the mail held, tells what was found, and sends nothing."""
    held = await story.hold()
    outcome = await click(story, held, "You must take the BANNER, please.")
    assert isinstance(outcome, StillHeld)
    assert outcome.recheck.label is Label.DEMAND
    assert [finding.rule_id for finding in outcome.recheck.findings][:1] == ["demand"]
    assert await story.now(held) == held
    await story.beat()
    assert story.sent("omar@corp.example") == []


async def test_judged_against_the_memory_of_the_moment(story: Story) -> None:
    """An ask delivered while the mail was held makes its harmless revision a repeat."""
    first, second = await story.hold(), await story.hold(raw=mail(DEMAND, message_id="<m2@corp.example>"))
    assert isinstance(await click(story, first, ASK), Released)
    outcome = await click(story, second, ASK)
    assert isinstance(outcome, StillHeld)
    assert outcome.recheck.label is Label.REPEAT_ASK
    assert [ask.asker for ask in outcome.recheck.earlier] == ["mira@corp.example"]


async def test_a_released_ask_that_was_taken_out_reserves_nothing(story: Story) -> None:
    """A revision that no longer asks uses up no allowance."""
    held = await story.hold()
    assert isinstance(await click(story, held, "Lunch is at one."), Released)
    assert (await story.now(held)).ask_id == ""


async def test_twenty_clicks_send_one_mail(shared_story: Story) -> None:
    """Of twenty releases at once exactly one wins; all others learn what happened and by whom (P18)."""
    story = shared_story
    held = await story.hold()
    outcomes = await asyncio.gather(*(click(story, held, ASK, f"sender {n}") for n in range(20)))
    [won] = [outcome for outcome in outcomes if isinstance(outcome, Released)]
    late = [outcome for outcome in outcomes if isinstance(outcome, TooLate)]
    assert len(late) == 19
    assert {(o.state, o.held.changed_by) for o in late} == {(HoldState.SENDING, won.held.changed_by)}
    await asyncio.gather(*(Worker(story.house).beat_once() for _ in range(4)))
    assert len(story.sent("omar@corp.example")) == 1
    assert [step for step, _, _ in story.audit.steps()] == ["release", "delivered"]
    assert await ask_states(story, held) == AskState.CONFIRMED


async def test_release_and_withdrawal_exclude_each_other(shared_story: Story) -> None:
    """A release and a withdrawal at the same instant end in one of the two, never in both."""
    story = shared_story
    for turn in range(5):
        held = await story.hold(raw=mail(DEMAND, message_id=f"<w{turn}@corp.example>"))
        sent, back = await asyncio.gather(click(story, held, "Lunch."), withdraw(story.house, held.id, actor="sender"))
        assert isinstance(sent, Released) is isinstance(back, TooLate)
        assert isinstance(sent, TooLate) is isinstance(back, Changed)


async def test_every_verdict_has_an_outcome(shared_story: Story) -> None:
    """Whoever wins, each verdict on new words is followed by an outcome, so that recovery has nothing to guess."""
    story = shared_story
    held = await story.hold()
    await asyncio.gather(*(click(story, held, text) for text in (ASK, DEMAND + "!", "Lunch.", ASK, ASK)))
    verdicts = sum(isinstance(event, VerdictReached) for event in story.audit.events)
    outcomes = [event.outcome for event in story.audit.events if isinstance(event, OutcomeReached)]
    assert verdicts == len(outcomes)
    assert outcomes.count("released") == 1


async def test_audit_that_cannot_write_stops_the_release(story: Story) -> None:
    """Without a durable record there is no effect: the mail stays held, nothing goes out, no ask is reserved."""
    held = await story.hold()
    story.audit.broken = True
    with pytest.raises(AuditUnavailable):
        await click(story, held, ASK)
    story.audit.broken = False
    assert await story.now(held) == held
    await story.beat()
    assert story.sent("omar@corp.example") == []
    assert isinstance(await click(story, held, ASK), Released)


async def test_compliance_releases_unchanged(story: Story) -> None:
    """A decision sends the mail as it was written in spite of the verdict, tells the sender, and names who decided."""
    held = await story.hold()
    outcome = await release(
        story.house,
        held.id,
        new_text=None,
        new_subject=None,
        actor="compliance:kim",
        decision=True,
        note="Agreed: all of this is voluntary.",
    )
    assert isinstance(outcome, Released)
    await story.beat()
    [sent] = story.sent("omar@corp.example")
    assert sent.endswith(mail(DEMAND))
    notices = [email.message_from_bytes(raw, policy=email.policy.default) for raw in story.sent("mira@corp.example")]
    [told] = [notice for notice in notices if notice["subject"] == "On its way: New banners"]
    assert "Agreed: all of this is voluntary." in told.get_body(("plain",)).get_content()
    assert story.audit.steps()[0] == ("release", "sending", "compliance:kim")


async def test_an_ask_compliance_lets_out_was_asked(story: Story) -> None:
    """People whom a decision lets an ask reach have been asked: the next ask of the same favour is a repeat."""
    held = await story.hold()
    await release(story.house, held.id, new_text=None, new_subject=None, actor="compliance:kim", decision=True)
    await story.beat()
    other = await story.hold(raw=mail(DEMAND, message_id="<m2@corp.example>"))
    assert isinstance(await click(story, other, ASK), StillHeld)


async def test_a_sender_sends_nothing_while_compliance_decides(story: Story) -> None:
    """Words that pass do not go out from under a dispute either; the decision sends the mail."""
    held = await story.hold()
    await dispute(story.house, held.id, reason="It is about our own page.", actor="sender")
    outcome = await click(story, held, ASK)
    assert isinstance(outcome, TooLate)
    assert (await story.now(held)).state is HoldState.DISPUTED
    granted = await release(
        story.house, held.id, new_text=None, new_subject=None, actor="compliance:kim", decision=True
    )
    assert isinstance(granted, Released)


async def test_signed_mail_cannot_be_revised(story: Story) -> None:
    """The sender of a signed mail is told why it cannot be edited; withdrawing it still works."""
    held = await story.hold(raw=SIGNED)
    outcome = await click(story, held, ASK)
    assert isinstance(outcome, StillHeld)
    assert "digitally signed" in outcome.recheck.reason
    assert isinstance(await withdraw(story.house, held.id, actor="sender"), Changed)


QUOTED = "\n".join(["On Monday Omar wrote:", *["> the numbers of October"] * 650])


@pytest.mark.parametrize(
    ("held_text", "new_text", "passes"),
    [
        (DEMAND, "Lunch is at one. " * 1_000 + DEMAND, False),
        (f"{DEMAND}\n\n{QUOTED}", "Lunch is at one. " * 200, False),
        (f"{DEMAND}\n\n{QUOTED}\n{QUOTED}", "Lunch is at one.", True),
        (f"{DEMAND}\n\n{QUOTED}\n{QUOTED}", "Lunch is at one. " * 1_000 + DEMAND, False),
    ],
    ids=["more words than are read", "a whole no longer read", "as little read as before", "both"],
)
async def test_what_is_no_longer_read_to_its_end_stays_held(
    story: Story, held_text: str, new_text: str, passes: bool
) -> None:
    """Past the limit of what is judged a revision does not pass, whatever passes unjudged when it comes in; the quoted
    mail may be as long as it was."""
    held = await story.hold(held_text)
    story.house = short_sighted(story.house)
    assert (await recheck(story.house, held, mail(held_text), new_text)).passes is passes
    outcome = await click(story, held, new_text)
    assert isinstance(outcome, Released) is passes
    assert isinstance(outcome, Released) or "too long" in outcome.recheck.reason  # type: ignore[attr-defined]
    assert (await story.now(held)).state is (HoldState.SENDING if passes else HoldState.HELD)


async def test_compliance_sends_what_is_not_read_to_its_end(story: Story) -> None:
    """A decision is about the mail as it is, however long."""
    held = await story.hold(f"{DEMAND}\n\n{QUOTED}\n{QUOTED}")
    house = short_sighted(story.house)
    outcome = await release(house, held.id, new_text=None, new_subject=None, actor="compliance:kim", decision=True)
    assert isinstance(outcome, Released)


async def test_attachments_and_formatting_reach_the_reader(story: Story) -> None:
    """A revised Outlook mail arrives with its attachment, inline picture and untouched formatting."""
    held = await story.hold(raw=OUTLOOK)
    outcome = await click(story, held, "Dear all,\n\nThe banner is there if you like.\n\nCafé at noon.")
    assert isinstance(outcome, Released)
    assert outcome.lost
    await story.beat()
    arrived = email.message_from_bytes(story.sent("omar@corp.example")[0], policy=email.policy.default)
    before = email.message_from_bytes(OUTLOOK, policy=email.policy.default)
    names = [(part.get_filename(), part.get_content()) for part in arrived.walk() if part.get_filename()]
    assert names == [(part.get_filename(), part.get_content()) for part in before.walk() if part.get_filename()]
    assert "color:red" in arrived.get_body(("html",)).get_content()


async def test_recheck_writes_nothing(story: Story) -> None:
    """The live re-check says whether a text would pass and leaves no trace, neither in the store nor in the audit."""
    held = await story.hold()
    raw = mail(DEMAND)
    assert (await recheck(story.house, held, raw, ASK, None)).passes
    assert not (await recheck(story.house, held, raw, DEMAND + " now", None)).passes
    assert (await recheck(story.house, held, raw, ASK, "A subject")).text.subject == "A subject"
    assert story.audit.events == []
    assert await story.now(held) == held
    assert (await recheck(story.house, held, raw, ASK, None)).passes


@pytest.fixture
def open_units(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each unit that is open."""
    units: list[int] = []
    real = Database.begin

    @asynccontextmanager
    async def begin(store: Database, *, write: bool = True) -> AsyncIterator[DatabaseUnit]:
        async with real(store, write=write) as unit:
            units.append(1)
            try:
                yield unit
            finally:
                units.pop()

    monkeypatch.setattr(Database, "begin", begin)
    return units


async def test_nobody_waits_for_an_edit(story: Story, open_units: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """From the click to the word that it went out no unit is open while a mail is edited, judged or compared."""
    open_then: list[tuple[str, int]] = []

    def seen(name: str, work: Callable[..., object]) -> Callable[..., object]:
        return lambda *given: (open_then.append((name, len(open_units))), work(*given))[1]

    held = await story.hold()
    await story.beat()
    monkeypatch.setattr("gateway.holds.unseen.revise", seen("edit", revise))
    monkeypatch.setattr("gateway.flows.assess.judge", seen("judge", judge))
    monkeypatch.setattr("gateway.holds.changes.revise", seen("compare", revise))
    assert isinstance(await click(story, held, ASK), Released)
    await story.beat()
    assert (await story.now(held)).state is HoldState.SENT
    assert open_then == [("edit", 0), ("judge", 0), ("compare", 0)]


async def test_who_joins_during_the_edit_is_judged_and_gets_it(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recipient added while the mail is edited is among those it is judged for and sent to."""
    held = await story.hold()
    late = Path(text="late@corp.example")
    loop = asyncio.get_running_loop()

    async def add() -> None:
        async with story.house.store.begin() as unit:
            await unit.holds.add_recipients(held, (late,))

    def slow(*given: object) -> object:
        asyncio.run_coroutine_threadsafe(add(), loop).result(5)
        return revise(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("gateway.holds.unseen.revise", slow)
    assert isinstance(await click(story, held, ASK), Released)
    await story.beat()
    assert len(story.sent("late@corp.example")) == 1


async def test_unknown_id(story: Story) -> None:
    """A hold that does not exist is a KeyError, not a silent success."""
    with pytest.raises(KeyError):
        await release(story.house, "nothing", new_text=None, new_subject=None, actor="sender")


async def test_store_down_leaves_the_mail_held(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the unit cannot commit, nothing of the release remains and a second try works."""
    held = await story.hold()
    real = type(story.house.store).begin

    def breaking(store: object, *, write: bool = True) -> object:
        raise StoreUnavailable

    monkeypatch.setattr(type(story.house.store), "begin", breaking)
    with pytest.raises(StoreUnavailable):
        await click(story, held, ASK)
    monkeypatch.setattr(type(story.house.store), "begin", real)
    assert isinstance(await click(story, held, ASK), Released)
