"""The identical mail comes again after its hold has ended: nothing is sent, and its sender is told once why."""

import asyncio
import email
import email.policy
from email.message import EmailMessage

import pytest

from gateway.errors import AuditUnavailable
from gateway.flows.receive import receive
from gateway.flows.release import release
from gateway.flows.withdraw import withdraw
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldState
from gateway.mail.content import stuffed
from gateway.mail.envelope import Envelope, Path, SessionFacts
from gateway.replies import HELD, OK, Reply
from tests.flows.house import ASK, DEMAND, SENDER, TEAM, Story, mail

AUTOMATIC = mail(DEMAND, extra="Auto-Submitted: auto-generated\r\n")


async def again(story: Story, *, sender: Path = SENDER, raw: bytes | None = None) -> Reply:
    """Send the mail of the story once more, byte for byte."""
    onward = story.house.next_hop.begin(sender, SessionFacts())
    envelope = Envelope(mail_from=sender, rcpt_to=TEAM, session=SessionFacts(), received_at=story.clock[0])
    return await receive(story.house, envelope, stuffed(raw or mail(DEMAND)), onward)


def told(story: Story) -> list[EmailMessage]:
    """What the sender was told about the copy."""
    read = [email.message_from_bytes(raw, policy=email.policy.default) for raw in story.sent("mira@corp.example")]
    return [one for one in read if str(one["subject"]).startswith("Not sent again")]


def text_of(message: EmailMessage) -> str:
    """Its plain text on one line."""
    return " ".join(message.get_body(("plain",)).get_content().split())


async def taken_back(story: Story) -> HeldMail:
    """A mail whose sender took it back ten minutes after it was held."""
    held = await story.hold()
    await story.beat(minutes=10)
    await withdraw(story.house, held.id, actor="sender")
    await story.beat()
    return held


async def test_a_copy_of_a_mail_taken_back_is_told_once(story: Story) -> None:
    """What became of the mail, when, that the copy reached nobody, how to send it; a queue that tries again and again
    makes one note."""
    await taken_back(story)
    for _ in range(5):
        assert HELD is await again(story)
        await story.beat(minutes=50)
    [note] = told(story)
    assert "<m1@corp.example>" == note["in-reply-to"]
    assert note["reply-to"] is None
    said = text_of(note)
    assert "This copy was not sent to anybody." in said
    assert "as that of Friday 5 June 2026, 09:00 UTC." in said
    assert "Friday 5 June 2026, 09:10 UTC: the mail was taken back. It reached nobody." in said
    assert "from Friday 5 June 2026, 15:01 UTC on" in said
    assert [] == story.sent("omar@corp.example")


async def test_from_the_time_told_it_is_weighed_afresh(story: Story) -> None:
    """What the note says is so: then the same mail is held anew, with a notice of its own."""
    held = await taken_back(story)
    await again(story)
    await story.beat(hours=5, minutes=51)
    assert HELD is await again(story)
    async with story.house.store.begin(write=False) as unit:
        newest = await unit.holds.by_fingerprint(held.fingerprint)
    assert newest is not None
    assert (HoldState.HELD, True) == (newest.state, newest.id != held.id)


async def test_a_copy_of_a_mail_the_server_refused_is_told(story: Story) -> None:
    """Its sender has the bounce, and learns that the copy does not go either."""
    held = await story.hold()
    await release(story.house, held.id, new_text=ASK, new_subject=None, actor="sender")
    story.hop.data = Reply(code=550, enhanced="5.7.1", text="no")
    await story.beat()
    assert HoldState.FAILED is (await story.now(held)).state
    story.hop.data = OK
    await again(story)
    await story.beat()
    assert "the mail server did not take the mail. It came back to you." in text_of(told(story)[0])


async def test_a_copy_of_a_mail_that_waits_or_was_sent_is_told_nothing(story: Story) -> None:
    """Its sender has the notice of the hold, or the word that it went out; the copy is its retransmission."""
    held = await story.hold()
    await again(story)
    await release(story.house, held.id, new_text=ASK, new_subject=None, actor="sender")
    await again(story)
    await story.beat()
    assert HoldState.SENT is (await story.now(held)).state
    await again(story)
    await story.beat()
    assert [] == told(story)
    assert 1 == len(story.sent("omar@corp.example"))


async def test_a_program_is_told_nothing(story: Story) -> None:
    """Automatic mail gets no answer here either (RFC 3834)."""
    held = await story.hold(raw=AUTOMATIC)
    await withdraw(story.house, held.id, actor="compliance:ann")
    assert HELD is await again(story, raw=AUTOMATIC)
    await story.beat()
    assert [] == told(story)


async def test_ten_copies_at_once_make_one_note(shared_story: Story) -> None:
    """Over several connections and processes too."""
    await taken_back(shared_story)
    assert {HELD} == set(await asyncio.gather(*(again(shared_story) for _ in range(10))))
    await shared_story.beat()
    assert 1 == len(told(shared_story))


async def test_without_record_nobody_is_told(story: Story) -> None:
    """The audit cannot write: the client keeps the copy, and its next try makes the note."""
    await taken_back(story)
    story.audit.broken = True
    with pytest.raises(AuditUnavailable):
        await again(story)
    story.audit.broken = False
    await again(story)
    await story.beat()
    assert 1 == len(told(story))
