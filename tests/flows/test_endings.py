"""The other endings of a held mail: withdrawn, disputed and decided, expired."""

import email
import email.policy

import pytest

from gateway.audit.events import OutcomeReached, StepUndone
from gateway.errors import AuditUnavailable, GatewayError, NoSpace, StoreUnavailable
from gateway.flows.dispute import dispute, uphold
from gateway.flows.expire import expire, expire_due
from gateway.flows.release import Released, release
from gateway.flows.step import Changed, TooLate
from gateway.flows.withdraw import withdraw
from gateway.holds.lifecycle import HoldState
from gateway.mail.envelope import Path
from gateway.ports import Unit
from gateway.storage.transaction import Transaction
from tests.flows.house import ASK, DEMAND, Story, mail
from tests.holds.letters import OUTLOOK


async def test_withdrawn_mail_reaches_nobody(story: Story) -> None:
    """A withdrawn mail is never sent, and a later click learns who withdrew it and when."""
    held = await story.hold()
    outcome = await withdraw(story.house, held.id, actor="sender")
    assert isinstance(outcome, Changed)
    assert outcome.state is HoldState.WITHDRAWN
    late = await release(story.house, held.id, new_text=ASK, new_subject=None, actor="sender")
    assert isinstance(late, TooLate)
    assert (late.state, late.held.changed_by, late.held.changed_at) == (
        HoldState.WITHDRAWN,
        "sender",
        story.clock[0],
    )
    again = await withdraw(story.house, held.id, actor="sender")
    assert isinstance(again, TooLate)
    await story.beat(days=9)
    assert story.sent("omar@corp.example") == []
    assert story.audit.steps() == [("withdraw", "withdrawn", "sender")]


def undone(story: Story) -> list[tuple[str, str, str, str]]:
    """What the audit says of steps that were not stored."""
    events = [event for event in story.audit.events if isinstance(event, StepUndone)]
    return [(event.step, event.before, event.after, event.outcome) for event in events]


@pytest.mark.parametrize(
    ("trouble", "outcome"), [(NoSpace("full"), "undone"), (StoreUnavailable("no answer"), "unknown")]
)
async def test_a_step_whose_commit_fails_is_told_as_such(
    story: Story, monkeypatch: pytest.MonkeyPatch, trouble: GatewayError, outcome: str
) -> None:
    """P20: a step stands on record before its unit commits; where the commit fails the next record takes it back, and
    claims nothing of a commit without an answer."""

    async def commit(transaction: Transaction) -> None:
        raise trouble

    held = await story.hold()
    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "commit", commit)
        with pytest.raises(type(trouble)):
            await withdraw(story.house, held.id, actor="sender")
    assert HoldState.HELD is (await story.now(held)).state
    assert [("withdraw", "held", "withdrawn", outcome)] == undone(story)


@pytest.mark.parametrize(
    ("trouble", "outcomes"),
    [(NoSpace("full"), ("undone", "failed")), (StoreUnavailable("no answer"), ("unknown", "unknown"))],
)
async def test_a_release_whose_commit_fails_claims_no_more_than_is_known(
    story: Story, monkeypatch: pytest.MonkeyPatch, trouble: GatewayError, outcomes: tuple[str, str]
) -> None:
    """Its step is taken back and its verdict is closed, both as what they are: not done, or nobody knows."""

    async def commit(transaction: Transaction) -> None:
        raise trouble

    held = await story.hold()
    monkeypatch.setattr(Transaction, "commit", commit)
    with pytest.raises(type(trouble)):
        await release(story.house, held.id, new_text=ASK, new_subject=None, actor="sender")
    assert [("release", "held", "sending", outcomes[0])] == undone(story)
    assert [outcomes[1]] == [event.outcome for event in story.audit.events if isinstance(event, OutcomeReached)]


async def test_a_step_that_is_given_up_inside_its_unit_is_told_as_undone(story: Story) -> None:
    """What joins the unit of a step may stop it, whatever the step was: nothing was stored, and the audit says so."""

    async def stop(unit: Unit) -> None:
        raise ZeroDivisionError

    held = await story.hold()
    with pytest.raises(ZeroDivisionError):
        await dispute(story.house, held.id, reason="Our own page.", actor="sender", along=stop)
    assert HoldState.HELD is (await story.now(held)).state
    assert [("dispute", "held", "disputed", "undone")] == undone(story)


async def test_a_step_that_was_stored_is_taken_back_by_nothing(story: Story) -> None:
    """A step that is done, and one that came too late, leave no such record."""
    held = await story.hold()
    for _ in range(2):
        await withdraw(story.house, held.id, actor="sender")
    assert [] == undone(story)


async def test_disputed_and_upheld(story: Story) -> None:
    """A dispute keeps its reason; upheld, the sender is told the words of the decision and may still revise."""
    held = await story.hold()
    disputed = await dispute(story.house, held.id, reason="It is about our own page.", actor="sender")
    assert isinstance(disputed, Changed)
    assert disputed.held.note == "It is about our own page."
    upheld = await uphold(story.house, held.id, note="It names personal profiles.", actor="compliance:kim")
    assert isinstance(upheld, Changed)
    assert upheld.state is HoldState.HELD
    await story.beat()
    told = email.message_from_bytes(story.sent("mira@corp.example")[-1], policy=email.policy.default)
    text = " ".join(told.get_body(("plain",)).get_content().split())
    assert told["subject"] == "Still not sent: New banners"
    assert "It names personal profiles." in text
    assert "until 12 June 2026" in text
    outcome = await release(story.house, held.id, new_text=ASK, new_subject=None, actor="sender")
    assert isinstance(outcome, Released)
    assert story.audit.steps()[:2] == [("dispute", "disputed", "sender"), ("uphold", "held", "compliance:kim")]


async def test_a_disputed_mail_does_not_expire(story: Story) -> None:
    """While compliance has not decided, the mail waits beyond its time."""
    held = await story.hold()
    await dispute(story.house, held.id, reason="A mistake", actor="sender")
    await story.beat(days=30)
    assert (await story.now(held)).state is HoldState.DISPUTED


async def test_nothing_to_uphold(story: Story) -> None:
    """A hold nobody disputed cannot be upheld, and nobody is told anything."""
    held = await story.hold()
    await story.beat()
    before = len(story.hop.sent)
    assert isinstance(await uphold(story.house, held.id, note="", actor="compliance:kim"), TooLate)
    await story.beat()
    assert len(story.hop.sent) == before
    assert story.audit.steps() == []


@pytest.mark.parametrize("raw", [mail(DEMAND), mail(DEMAND + " – grüße"), OUTLOOK])
async def test_expired_mail_comes_back_byte_for_byte(story: Story, raw: bytes) -> None:
    """When its time is up the mail goes back to its sender, attached byte for byte, and to nobody else."""
    held = await story.hold(raw=raw)
    await story.beat(days=7)
    assert (await story.now(held)).state is HoldState.HELD
    await story.beat(seconds=1)
    assert (await story.now(held)).state is HoldState.EXPIRED
    assert story.sent("omar@corp.example") == []
    returned = story.sent("mira@corp.example")[-1]
    assert raw in returned
    read = email.message_from_bytes(returned, policy=email.policy.default)
    assert read["subject"] == "Returned to you, not sent: New banners"
    assert read["auto-submitted"] == "auto-replied"
    attached = [part for part in read.iter_attachments() if part.get_content_type() == "message/rfc822"]
    assert len(attached) == 1
    assert "waited since 5 June 2026" in read.get_body(("plain",)).get_content()
    assert story.audit.steps() == [("expire", "expired", "gateway")]


async def test_many_expire_in_one_beat(story: Story) -> None:
    """Each expired mail comes back in a mail of its own."""
    for number in range(12):
        await story.hold(raw=mail(DEMAND, message_id=f"<e{number}@corp.example>"))
    story.clock[0] = story.clock[0].replace(day=20)
    assert await expire_due(story.house, limit=100) == 12
    await story.beat()
    assert sum(b"original.eml" in raw for raw in story.sent("mira@corp.example")) == 12


async def test_an_expired_mail_is_not_sent_by_a_late_click(story: Story) -> None:
    """Who clicks after the mail went back learns that it expired."""
    held = await story.hold()
    await story.beat(days=8)
    late = await release(story.house, held.id, new_text=ASK, new_subject=None, actor="sender")
    assert isinstance(late, TooLate)
    assert late.state is HoldState.EXPIRED


async def test_an_expiry_that_lost_the_race_returns_nothing(story: Story) -> None:
    """When the sender was faster than the expiry, the mail is not also returned."""
    held = await story.hold()
    await withdraw(story.house, held.id, actor="sender")
    assert not await expire(story.house, held)
    await story.beat()
    assert not any(b"original.eml" in raw for raw in story.sent("mira@corp.example"))


async def test_a_null_sender_gets_nothing_back(story: Story) -> None:
    """The mail of a null sender expires with a record and without a mail to nobody."""
    held = await story.hold(sender=Path(text=""))
    await story.beat(days=8)
    assert (await story.now(held)).state is HoldState.EXPIRED
    assert story.hop.sent == []
    assert story.audit.steps() == [("expire", "expired", "gateway")]


async def test_a_step_without_record_does_not_happen(story: Story) -> None:
    """When the audit cannot write, withdrawing, disputing and expiring leave everything as it was."""
    held = await story.hold()
    story.audit.broken = True
    with pytest.raises(AuditUnavailable):
        await withdraw(story.house, held.id, actor="sender")
    with pytest.raises(AuditUnavailable):
        await dispute(story.house, held.id, reason="A mistake", actor="sender")
    await story.beat(days=8)
    assert await story.now(held) == held
    story.audit.broken = False
    await story.beat()
    assert (await story.now(held)).state is HoldState.EXPIRED
