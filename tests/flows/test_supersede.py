"""Superseding: the corrected mail goes out, the held one is closed, and the sender is told in one mail."""

import email
import email.policy
from dataclasses import replace

import pytest

from gateway.errors import StoreUnavailable
from gateway.flows.receive import receive
from gateway.flows.withdraw import withdraw
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldState
from gateway.mail.content import stuffed
from gateway.mail.envelope import Envelope, Path, SessionFacts
from gateway.replies import OK, Reply
from tests.flows.house import SENDER, TEAM, Story, mail

OLD = "Hello, the new banner of the festival is here. Everybody must put the BANNER up."
NEW = "Hello, the new banner of the festival is here."


async def send(
    story: Story, text: str, *, subject: str = "New banners", sender: Path = SENDER, rcpt_to: tuple[Path, ...] = TEAM
) -> Reply:
    """A mail through the receive flow."""
    raw = mail(text, subject=subject, message_id="<m2@corp.example>")
    onward = story.house.next_hop.begin(sender, SessionFacts())
    for path in rcpt_to:
        await onward.rcpt(path)
    envelope = Envelope(mail_from=sender, rcpt_to=rcpt_to, session=SessionFacts(), received_at=story.clock[0])
    return await receive(story.house, envelope, stuffed(raw), onward)


async def held_by(story: Story) -> HeldMail:
    """A held mail of Mira's, told, and known to wait."""
    held = await story.hold(OLD)
    await story.beat()
    story.hop.sent.clear()
    return held


def told(story: Story) -> list[str]:
    """Subjects of what the sender got since."""
    mails = (email.message_from_bytes(raw, policy=email.policy.default) for raw in story.sent("mira@corp.example"))
    return [str(one["subject"]) for one in mails]


async def test_a_corrected_mail_closes_the_held_one(story: Story) -> None:
    """Once it is delivered: one step on record with the new mail's id, one note, nothing later."""
    held = await held_by(story)
    assert OK == await send(story, NEW)
    now = await story.now(held)
    assert (HoldState.SUPERSEDED, "sender", "<m2@corp.example>") == (now.state, now.changed_by, now.note)
    assert ("supersede", "superseded", "sender") in story.audit.steps()
    await story.beat()
    await story.beat(days=8)
    assert ["Sent, and the earlier one closed: New banners"] == told(story)
    assert 1 == len(story.sent("omar@corp.example"))


async def test_a_corrected_ask_without_artwork_is_told_in_one_mail(story: Story) -> None:
    """The tip for next time carries the word about the held mail."""
    held = await held_by(story)
    assert OK == await send(story, "Hello, the new BANNER of the festival is here, if you like.")
    assert HoldState.SUPERSEDED is (await story.now(held)).state
    await story.beat()
    assert ["Sent - and a tip for next time: New banners"] == told(story)
    assert b"takes the place" in b" ".join(story.sent("mira@corp.example")[0].replace(b"=\r\n", b"").split())


async def test_not_before_it_is_delivered(story: Story) -> None:
    """The next hop refuses the new mail: the old one waits on."""
    held = await held_by(story)
    story.hop.data = Reply(code=450, enhanced="4.2.1", text="busy")
    await send(story, NEW)
    assert HoldState.HELD is (await story.now(held)).state


async def test_not_by_a_mail_that_is_held_itself(story: Story) -> None:
    """A correction that does not pass corrects nothing."""
    held = await held_by(story)
    await send(story, OLD.replace("up", "up today"))
    assert HoldState.HELD is (await story.now(held)).state


@pytest.mark.parametrize(
    "more",
    [
        {"subject": "Lunch"},
        {"rcpt_to": (Path(text="jo@corp.example"),)},
        {"sender": Path(text="omar@corp.example")},
        {"text": "The kitchen is closed."},
    ],
)
async def test_not_by_another_mail(story: Story, more: dict[str, object]) -> None:
    """Another subject, other people, another sender, another matter."""
    held = await held_by(story)
    assert OK == await send(story, **{"text": NEW, **more})  # type: ignore[arg-type]
    await story.beat()
    assert HoldState.HELD is (await story.now(held)).state
    assert [] == told(story)


async def test_not_what_is_disputed_or_settled(story: Story) -> None:
    """Compliance decides a dispute; what is over stays as it ended."""
    held = await held_by(story)
    await withdraw(story.house, held.id, actor="sender")
    assert OK == await send(story, NEW)
    assert HoldState.WITHDRAWN is (await story.now(held)).state


async def test_trouble_never_changes_the_answer(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store goes away after the delivery: the mail is out, the client is told so, the old one waits on."""
    held = await held_by(story)

    def gone(store: object, *, write: bool = True) -> object:
        raise StoreUnavailable

    real = type(story.house.store).begin
    monkeypatch.setattr(type(story.house.store), "begin", gone)
    assert OK == await send(story, NEW)
    monkeypatch.setattr(type(story.house.store), "begin", real)
    assert HoldState.HELD is (await story.now(held)).state


async def test_mail_of_everybody_else_costs_no_store(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has nothing held is not looked up."""
    await held_by(story)

    def never(store: object, *, write: bool = True) -> object:
        raise AssertionError

    monkeypatch.setattr(type(story.house.store), "begin", never)
    assert OK == await send(story, NEW, sender=replace(SENDER, text="omar@corp.example"))
