"""Telling senders: one mail for a hold at once, one for many, one before it is too late, one when it went out."""

import email
import email.policy
import re
from dataclasses import replace
from email.message import EmailMessage

import pytest

from gateway.audit.events import NoticeSent
from gateway.flows.receive import receive
from gateway.flows.release import release
from gateway.flows.withdraw import withdraw
from gateway.holds.lifecycle import HoldState
from gateway.mail.content import stuffed
from gateway.mail.envelope import Envelope, Path, SessionFacts
from gateway.replies import HELD
from tests.flows.house import ASK, DEMAND, SENDER, TEAM, Story, mail


async def bring(story: Story, number: int, *, sender: Path = SENDER, extra: str = "") -> None:
    """A mail that is held, through the receive flow."""
    raw = mail(DEMAND, subject=f"Banner {number}", message_id=f"<{number}@corp.example>", extra=extra)
    onward = story.house.next_hop.begin(sender, SessionFacts())
    envelope = Envelope(mail_from=sender, rcpt_to=TEAM, session=SessionFacts(), received_at=story.clock[0])
    assert HELD == await receive(story.house, envelope, stuffed(raw), onward)


def told(story: Story, to: str = "mira@corp.example") -> list[str]:
    """Subjects of the notices a sender got."""
    return [str(read(raw)["subject"]) for raw in story.sent(to)]


def read(raw: bytes) -> EmailMessage:
    """A mail as the standard library reads it."""
    return email.message_from_bytes(raw, policy=email.policy.default)


@pytest.fixture
async def patient(story: Story) -> Story:
    """A story in which notices after the first wait a minute."""
    assert 60 == story.house.settings.holds.digest_seconds
    return story


async def test_a_single_hold_is_told_at_once(patient: Story) -> None:
    """No quiet time passes before the first notice."""
    await bring(patient, 1)
    await patient.beat()
    assert ["Not sent yet: Banner 1"] == told(patient)


async def test_a_row_of_holds_makes_two_notices(patient: Story) -> None:
    """The first at once, all others of the quiet time together in one, each with its own link."""
    for number in range(1, 6):
        await bring(patient, number)
    await patient.beat()
    await patient.beat(seconds=30)
    assert ["Not sent yet: Banner 1"] == told(patient)
    await patient.beat(seconds=31)
    await patient.beat(hours=1)
    assert ["Not sent yet: Banner 1", "4 mails of yours have not been sent yet"] == told(patient)
    text = read(patient.sent("mira@corp.example")[1]).get_body(("plain",)).get_content()
    links = {word for word in text.split() if word.startswith("https://review.corp.example/h/")}
    assert 4 == len(links)
    assert not any("askonce-lnk" in link for link in links)
    [event] = [one for one in patient.audit.events if isinstance(one, NoticeSent) and one.kind == "digest"]
    assert "sent" == event.outcome


async def test_one_that_waited_alone_gets_its_own_notice(patient: Story) -> None:
    """A second hold within the quiet time, and no third: the ordinary notice, a minute later."""
    await bring(patient, 1)
    await patient.beat()
    await bring(patient, 2)
    await patient.beat(seconds=30)
    assert ["Not sent yet: Banner 1"] == told(patient)
    await patient.beat(seconds=31)
    assert ["Not sent yet: Banner 1", "Not sent yet: Banner 2"] == told(patient)


async def test_what_is_settled_before_it_was_told_is_not_told(patient: Story) -> None:
    """A mail that is no longer held when the quiet time is over makes no notice of its own."""
    await bring(patient, 1)
    await bring(patient, 2)
    async with patient.house.store.begin(write=False) as unit:
        [waiting] = await unit.holds.find(untold=True)
    await withdraw(patient.house, waiting.id, actor="sender")
    await patient.beat(seconds=61)
    assert ["Not sent yet: Banner 1", "Taken back: Banner 2"] == sorted(told(patient))


async def test_others_are_told_at_once_meanwhile(patient: Story) -> None:
    """The quiet time is each sender's own."""
    await bring(patient, 1)
    await bring(patient, 2, sender=Path(text="omar@corp.example"))
    await patient.beat()
    assert (1, 1) == (len(told(patient)), len(told(patient, "omar@corp.example")))


async def test_without_quiet_time_each_is_told_at_once(story: Story) -> None:
    """`digest_seconds = 0`."""
    holds = story.house.settings.holds.model_copy(update={"digest_seconds": 0})
    quick = replace(
        story, house=replace(story.house, settings=story.house.settings.model_copy(update={"holds": holds}))
    )
    await bring(quick, 1)
    await bring(quick, 2)
    await story.beat()
    assert 2 == len(told(story))


async def test_automatic_mail_is_never_told_or_reminded(patient: Story) -> None:
    """Neither at once nor in a digest nor before it expires (P17)."""
    await bring(patient, 1, extra="Auto-Submitted: auto-generated\r\n")
    await bring(patient, 2, extra="Precedence: bulk\r\n")
    await patient.beat(seconds=61)
    await patient.beat(days=6, hours=1)
    assert [] == told(patient)


async def test_a_reminder_comes_once_before_it_expires(story: Story) -> None:
    """A day before the hold goes back, and not again; a mail that is settled by then gets none."""
    held = await story.hold()
    await story.beat()
    await story.beat(days=5)
    assert 1 == len(told(story))
    await story.beat(days=1, minutes=1)
    await story.beat(hours=1)
    assert ["Not sent yet: New banners", "Still waiting for you: New banners"] == told(story)
    text = read(story.sent("mira@corp.example")[1]).get_body(("plain",)).get_content()
    assert "Until Friday 12 June 2026, 09:00 UTC" in text
    assert HoldState.HELD is (await story.now(held)).state


async def test_one_reminder_for_all_of_a_sender(story: Story) -> None:
    """Several that go back soon make one mail."""
    for number in range(3):
        await story.hold(raw=mail(DEMAND, message_id=f"<{number}@corp.example>"))
    await story.beat()
    before = len(told(story))
    await story.beat(days=6, hours=1)
    assert ["3 mails of yours still wait for you"] == told(story)[before:]


@pytest.mark.parametrize(("hours", "expire"), [(0, 7), (24, 1)])
async def test_no_reminder_where_none_is_wanted(story: Story, hours: int, expire: int) -> None:
    """Nought hours means never; and where a hold lives no longer than that, its own notice is reminder enough."""
    holds = story.house.settings.holds.model_copy(update={"remind_hours": hours, "expire_days": expire})
    story.worker._house = replace(story.house, settings=story.house.settings.model_copy(update={"holds": holds}))
    await story.hold()
    await story.beat()
    await story.beat(days=6, hours=23)
    assert 1 == len(told(story))


async def test_the_sender_is_told_when_it_went_out(story: Story) -> None:
    """One mail after the next hop's 250, with what was left out and what is new; none before."""
    held = await story.hold()
    await story.beat()
    story.hop.down = True
    await release(story.house, held.id, new_text=ASK, new_subject=None, actor="sender")
    await story.beat()
    assert 1 == len(told(story))
    story.hop.down = False
    await story.beat(minutes=2)
    await story.beat(hours=1)
    assert ["Sent: New banners"] == told(story)[1:]
    text = " ".join(read(story.sent("mira@corp.example")[-1]).get_body(("plain",)).get_content().split())
    assert DEMAND in text
    assert ASK in text


async def test_it_is_told_in_the_language_of_the_mail(story: Story) -> None:
    """A sender whose program reads German is written to in German, from the notice to the last word."""
    onward = story.house.next_hop.begin(SENDER, SessionFacts())
    raw = mail(DEMAND, extra="Accept-Language: de-DE, en\r\n")
    envelope = Envelope(mail_from=SENDER, rcpt_to=TEAM, session=SessionFacts(), received_at=story.clock[0])
    await receive(story.house, envelope, stuffed(raw), onward)
    await story.beat()
    async with story.house.store.begin(write=False) as unit:
        [held] = await unit.holds.find()
    await withdraw(story.house, held.id, actor="sender")
    await story.beat()
    assert ["Noch nicht gesendet: New banners", "Zurückgezogen: New banners"] == told(story)
    assert "de" == read(story.sent("mira@corp.example")[0])["content-language"]


@pytest.mark.parametrize("others", ["Mira@corp.example", "mira@Corp.example"])
async def test_a_notice_tells_only_of_mail_from_the_mailbox_it_goes_to(patient: Story, others: str) -> None:
    """A digest and a reminder gather what came from one mailbox as written, never what only compares as it."""
    other = Path(text=others)
    for number, sender in enumerate((SENDER, SENDER, SENDER, other, other), start=1):
        await bring(patient, number, sender=sender)
    for moment in ({"seconds": 61}, {"days": 6, "hours": 1}):
        await patient.beat(**moment)
        for _ in range(3):
            await patient.beat(minutes=2)
        for mailbox, theirs in ((SENDER.text, {"1", "2", "3"}), (others, {"4", "5"})):
            letters = "".join(words(read(raw)) for raw in patient.sent(mailbox))
            assert theirs == set(re.findall(r"banner (\d)", letters.lower()))
        patient.hop.delivered.clear()


def words(letter: EmailMessage) -> str:
    """Subject and plain body."""
    body = letter.get_body(("plain",))
    return f"{letter['subject']}\n{body.get_content() if body else ''}"
