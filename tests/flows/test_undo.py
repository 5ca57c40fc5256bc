"""A mail sent from the page can be taken back for some seconds, and sent against rules that allow it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.errors import AuditUnavailable
from gateway.flows.release import Released, StillHeld, release
from gateway.flows.step import Changed, TooLate
from gateway.flows.undo import Undone, undo
from gateway.holds.hold import HeldMail, Wording
from gateway.holds.lifecycle import HoldState
from gateway.worker import Worker
from tests.flows.house import ASK, DEMAND, PACK, TEAM, Story, mail

WINDOW = timedelta(seconds=10)


async def send(story: Story, held: HeldMail, text: str = ASK) -> object:
    """Press Send."""
    return await release(story.house, held.id, new_text=text, new_subject=None, actor="sender", undo=WINDOW)


async def test_nothing_goes_out_before_the_window_is_over(story: Story) -> None:
    """Beats within the window leave it; the first one after it delivers."""
    held = await story.hold()
    assert isinstance(await send(story, held), Released)
    await story.beat(seconds=9)
    assert story.sent("omar@corp.example") == []
    await story.beat(seconds=1)
    assert len(story.sent("omar@corp.example")) == 1
    assert (await story.now(held)).state is HoldState.SENT


async def test_a_press_takes_it_back(story: Story) -> None:
    """It is held again, nobody gets it, its ask never counted, both steps are on record, and it can be sent anew."""
    held = await story.hold()
    await send(story, held)
    outcome = await undo(story.house, held.id, actor="sender")
    assert isinstance(outcome, Changed)
    assert outcome.state is HoldState.HELD
    await story.beat(hours=1)
    assert story.sent("omar@corp.example") == []
    assert story.audit.steps() == [("release", "sending", "sender"), ("undo", "held", "sender")]
    other = await story.hold(raw=mail(DEMAND, message_id="<m2@corp.example>"))
    assert isinstance(await send(story, other), Released)  # no earlier ask stands in its way
    await undo(story.house, other.id, actor="sender")
    assert isinstance(await send(story, held), Released)
    await story.beat(seconds=11)
    assert len(story.sent("omar@corp.example")) == 1


async def test_what_was_about_to_go_out_is_handed_back(story: Story) -> None:
    """The words as they were typed, with a line that looks like a signature, the new subject and who was taken off;
    the hold itself is as it was."""
    held = await story.hold()
    typed = f"{ASK}\n\n> as somebody said\n\nBest,\nMira"
    await release(
        story.house,
        held.id,
        new_text=typed,
        new_subject="A bannner",
        actor="sender",
        off=["omar@corp.example"],
        undo=WINDOW,
    )
    outcome = await undo(story.house, held.id, actor="sender")
    assert isinstance(outcome, Undone)
    assert outcome.wording == Wording(text=typed, subject="A bannner")
    assert outcome.off == TEAM[1:]
    now = await story.now(held)
    assert (now.rcpt_to, now.subject, now.findings) == (TEAM, held.subject, held.findings)
    async with story.house.store.begin(write=False) as unit:
        assert await unit.holds.raw(held.id) == mail(DEMAND)


async def test_after_the_window_it_is_too_late(story: Story) -> None:
    """From the last second on, while it is offered, and when it is out, nothing is taken back; neither is what was
    never sent."""
    held = await story.hold()
    assert isinstance(await undo(story.house, held.id, actor="sender"), TooLate)
    await send(story, held)
    story.clock[0] += WINDOW
    assert isinstance(await undo(story.house, held.id, actor="sender"), TooLate)
    await story.beat()
    assert isinstance(await undo(story.house, held.id, actor="sender"), TooLate)
    assert (await story.now(held)).state is HoldState.SENT
    assert len(story.sent("omar@corp.example")) == 1


async def test_undo_and_delivery_exclude_each_other(shared_story: Story) -> None:
    """Twenty presses, four workers and the clock at the edge: the mail is held or sent, never both, and one press
    counts."""
    story = shared_story
    for turn in range(4):
        held = await story.hold(raw=mail(DEMAND, message_id=f"<u{turn}@corp.example>"))
        before = len(story.sent("omar@corp.example"))
        await send(story, held, "Lunch.")
        story.clock[0] += WINDOW - timedelta(seconds=turn % 2)
        presses = [undo(story.house, held.id, actor="sender") for _ in range(20)]
        outcomes = await asyncio.gather(*presses, *(Worker(story.house).beat_once() for _ in range(4)))
        undone = sum(isinstance(outcome, Changed) for outcome in outcomes)
        state = (await story.now(held)).state
        assert undone == (state is HoldState.HELD)
        assert len(story.sent("omar@corp.example")) - before == (state is HoldState.SENT)


async def test_an_undo_without_record_does_not_happen(story: Story) -> None:
    """When the audit cannot write, the release stays in the outbox and goes out."""
    held = await story.hold()
    await send(story, held)
    story.audit.broken = True
    with pytest.raises(AuditUnavailable):
        await undo(story.house, held.id, actor="sender")
    story.audit.broken = False
    await story.beat(seconds=11)
    assert len(story.sent("omar@corp.example")) == 1


def allowing(story: Story, **rules: str) -> Story:
    """The same house with other overrides of its rules."""
    changed = {rule_id: replace(rule, override=rules.get(rule_id, "none")) for rule_id, rule in PACK.rules.items()}
    story.house = replace(story.house, pack=replace(PACK, rules=changed))
    story.worker = Worker(story.house)
    return story


@pytest.mark.parametrize(
    ("rule", "against", "sent"),
    [
        ("none", "It is our own page.", False),
        ("justify", "It is our own page.", True),
        ("justify", "  ", False),
        ("justify", None, False),
        ("acknowledge", "", True),
        ("acknowledge", None, False),
    ],
)
async def test_a_hold_is_overridden_only_where_its_rule_allows(
    story: Story, rule: str, against: str | None, sent: bool
) -> None:
    """With what the rule wants it goes out, and the reason is on record; without, it stays held."""
    allowing(story, demand=rule)
    held = await story.hold()
    outcome = await release(story.house, held.id, new_text=None, new_subject=None, actor="sender", against=against)
    assert isinstance(outcome, Released if sent else StillHeld)
    await story.beat()
    assert len(story.sent("omar@corp.example")) == sent
    if sent:
        assert story.audit.steps()[0] == ("override", "sending", "sender")
        assert (await story.now(held)).note == (against or "")


async def test_an_overriding_ask_was_asked(story: Story) -> None:
    """Its people were asked: the next ask is a repeat."""
    allowing(story, demand="acknowledge")
    held = await story.hold()
    await release(story.house, held.id, new_text=None, new_subject=None, actor="sender", against="")
    await story.beat()
    other = await story.hold(raw=mail(DEMAND, message_id="<m2@corp.example>"))
    assert isinstance(await send(story, other), StillHeld)


async def test_every_rule_that_holds_must_allow_it(story: Story) -> None:
    """The strictest of them counts; while compliance decides a dispute nobody overrides it."""
    allowing(story, demand="acknowledge")
    held = await story.hold(f"{DEMAND} again")
    outcome = await release(story.house, held.id, new_text=None, new_subject=None, actor="sender", against="x")
    assert isinstance(outcome, StillHeld)
    assert (await story.now(held)).state is HoldState.HELD
