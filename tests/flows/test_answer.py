"""Answers to notices: the whole story, from the key in the address to what everybody gets."""

import asyncio
import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage

import pytest

from gateway.app import outcome_known
from gateway.audit.events import AnswerReceived
from gateway.directory.fixed import Fixed
from gateway.errors import AuditUnavailable
from gateway.flows.answer import is_answer
from gateway.flows.receive import receive
from gateway.flows.release import release
from gateway.holds.answer_address import answer_address, answer_key
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldState
from gateway.mail.content import stuffed
from gateway.mail.envelope import Envelope, Path, SessionFacts
from gateway.replies import ANSWER_NOT_YOURS, ANSWER_TAKEN, ANSWER_TOO_BIG, ANSWER_TOO_OFTEN, ANSWER_UNKNOWN, Reply
from tests.flows.house import ASK, DEMAND, KEY, TEAM, Story, mail, short_sighted
from tests.holds.letters import ENCRYPTED, OUTLOOK, SIGNED

FIX = "If you feel like it, the banner is there for you."  # what the notice proposes
REPORT = (
    "Hi all,\n\nthe numbers for October are in, 14 of them better than last year.\n\n{}\n\n"
    "The minutes of the last meeting are in the usual folder.\n\nMira"
)
PLAIN_SENDER = Path(text="mira@corp.example")


def here(held: HeldMail) -> Path:
    """The address at which this hold's notice is answered."""
    return Path(text=answer_address("askonce@corp.example", answer_key(KEY, held.id)))


async def reply(
    story: Story,
    held: HeldMail,
    text: str,
    *,
    sender: Path = PLAIN_SENDER,
    number: int = 1,
    extra: str = "",
    raw: bytes | None = None,
) -> Reply:
    """Answer the notice of this hold, as the edge gives it to the flow."""
    raw = raw or mail(text, subject="Re: Not sent yet", message_id=f"<r{number}@corp.example>", extra=extra)
    onward = story.house.next_hop.begin(sender, SessionFacts())
    envelope = Envelope(
        mail_from=sender, rcpt_to=(), session=SessionFacts(), received_at=story.clock[0], answers=(here(held),)
    )
    return await receive(story.house, envelope, stuffed(raw), onward)


def outcomes(story: Story) -> list[str]:
    """What the audit says came of each answer."""
    return [event.outcome for event in story.audit.events if isinstance(event, AnswerReceived)]


def notices(story: Story) -> list[EmailMessage]:
    """What the sender was told, after the first notice."""
    return [
        one
        for one in (
            email.message_from_bytes(raw, policy=email.policy.default) for raw in story.sent("mira@corp.example")
        )
        if one["subject"] != "Not sent yet: New banners" or one["in-reply-to"] != "<m1@corp.example>"
    ]


def text_of(message: EmailMessage) -> str:
    """The plain text of a notice on one line."""
    return " ".join(message.get_body(("plain",)).get_content().split())


async def test_a_new_text_that_passes_is_sent_and_told_once(story: Story) -> None:
    """It takes the place of what was held, recipients as they were, and one note says that it went out."""
    held = await story.hold()
    await story.beat()
    assert ANSWER_TAKEN == await reply(story, held, ASK)
    assert HoldState.SENDING is (await story.now(held)).state
    await story.beat()
    await story.beat(hours=1)
    for path in TEAM:
        [raw] = story.sent(path.text)
        assert ASK in email.message_from_bytes(raw, policy=email.policy.default).get_content()
        assert b"Subject: New banners" in raw
    assert ["Sent: New banners"] == [str(one["subject"]) for one in notices(story)]
    assert ["revised"] == outcomes(story)
    assert ("release", "sending", "sender") in story.audit.steps()


async def test_after_a_crash_the_record_is_completed_truly(story: Story) -> None:
    """An SMTP process that died between its verdict on the new text and the outcome: the store knows which it was."""
    held = await story.hold()
    assert "held" == await outcome_known(story.house.store, "edge-1", held.id)
    await reply(story, held, ASK)
    assert "released" == await outcome_known(story.house.store, "edge-1", held.id)


async def test_it_works_with_the_next_hop_down(story: Story) -> None:
    """The answer is taken and kept; the mail goes when the next hop is back."""
    held = await story.hold()
    story.hop.down = True
    assert ANSWER_TAKEN == await reply(story, held, ASK)
    story.hop.down = False
    await story.beat(minutes=10)
    assert 1 == len(story.sent("omar@corp.example"))


async def test_attachments_and_headers_stay(story: Story) -> None:
    """Only the sender's own words change, in text and HTML; the picture is the same to the byte."""
    held = await story.hold(raw=OUTLOOK)
    text = "SEND\n\nHello all,\n\nthe pictures are in the folder."
    assert ANSWER_TAKEN == await reply(story, held, text)
    await story.beat()
    [raw] = story.sent("omar@corp.example")
    before = email.message_from_bytes(OUTLOOK, policy=email.policy.default)
    after = email.message_from_bytes(raw, policy=email.policy.default)
    kept = [part.get_payload() for part in before.walk() if part.get_content_maintype() == "image"]
    assert kept
    assert kept == [part.get_payload() for part in after.walk() if part.get_content_maintype() == "image"]
    for kind in ("plain", "html"):
        assert "the pictures are in the folder." in after.get_body((kind,)).get_content()


async def test_a_new_text_that_does_not_pass_is_answered_with_what_still_holds_it(story: Story) -> None:
    """The mail waits as it was; the answer is threaded under the reply and can itself be answered."""
    held = await story.hold()
    await story.beat()
    assert ANSWER_TAKEN == await reply(
        story, held, "You must all put the BANNER up by Friday: https://corp.example/b.png"
    )
    await story.beat()
    assert HoldState.HELD is (await story.now(held)).state
    [told] = notices(story)
    assert "Your new text" in text_of(told)
    assert "You must all put the BANNER up" in text_of(told)
    assert "<r1@corp.example>" == told["in-reply-to"]
    assert here(held).text == told["reply-to"]
    assert ["held"] == outcomes(story)
    assert ANSWER_TAKEN == await reply(story, held, ASK, number=2)
    assert ["held", "revised"] == outcomes(story)


async def test_a_signed_mail_cannot_be_changed_and_says_why(story: Story) -> None:
    """Nothing is sent, and the answer names the signature."""
    held = await story.hold(raw=SIGNED)
    assert ANSWER_TAKEN == await reply(story, held, f"SEND\n{ASK}")
    await story.beat()
    assert "digitally signed" in text_of(notices(story)[-1])
    assert HoldState.HELD is (await story.now(held)).state


@pytest.mark.parametrize(("raw", "reason"), [(SIGNED, "digitally signed"), (ENCRYPTED, "encrypted")])
async def test_the_notice_of_a_mail_that_cannot_be_changed_offers_no_change(
    story: Story, raw: bytes, reason: str
) -> None:
    """It says why, and offers the page, WITHDRAW and DISPUTE; an answer with text is told the same, never to SEND."""
    held = await story.hold(raw=raw)
    await story.beat()
    await reply(story, held, "Put the banner up when you like")
    await story.beat()
    every = [email.message_from_bytes(raw, policy=email.policy.default) for raw in story.sent("mira@corp.example")]
    assert 2 == len(every)
    for told in map(text_of, every):
        assert 1 == told.count(reason)
        assert {"WITHDRAW", "DISPUTE", "https://review.corp.example/h/"} == {
            one for one in ("WITHDRAW", "DISPUTE", "https://review.corp.example/h/") if one in told
        }
        for offered in ("Change it", "whole new text", FIX, "SEND", "put it right"):
            assert offered not in told
    assert [] == story.sent("omar@corp.example")


async def test_the_notice_says_that_the_answer_is_the_whole_text(story: Story) -> None:
    """And that one proposed wording alone is not."""
    await story.hold()
    await story.beat()
    [told] = [email.message_from_bytes(raw, policy=email.policy.default) for raw in story.sent("mira@corp.example")]
    assert FIX in text_of(told)
    assert "Your whole new text, from greeting to closing: it replaces everything you wrote and is sent." in text_of(
        told
    )
    assert "The proposed wording alone: it takes the place of what stopped your mail" in text_of(told)
    assert "To change one sentence only, open your mail above." in text_of(told)


@pytest.mark.parametrize(("text", "mostly"), [(f"SEND\n\n{ASK}", True), (REPORT.format(ASK), False)])
async def test_the_last_note_is_true_where_most_was_replaced(story: Story, text: str, mostly: bool) -> None:
    """Only of a mail of which most stayed is it said that everything else went out as it was written."""
    held = await story.hold(raw=mail(REPORT.format(DEMAND)))
    await story.beat()
    await reply(story, held, text)
    await story.beat()
    said = text_of(notices(story)[-1])
    assert mostly is ("Attachments and quoted mail went out as they were." in said)
    assert mostly is not ("Everything else went out as you wrote it" in said)


async def test_a_new_text_longer_than_is_read_is_not_sent_and_says_why(story: Story) -> None:
    """Words behind more text than is judged do not go out unseen."""
    held = await story.hold()
    story.house = short_sighted(story.house)
    assert ANSWER_TAKEN == await reply(story, held, "SEND\n" + "Here is a BANNER.\n" * 1_000 + DEMAND)
    await story.beat()
    assert "This text is too long to be edited here." in text_of(notices(story)[-1])
    assert HoldState.HELD is (await story.now(held)).state


async def test_withdraw_takes_it_back(story: Story) -> None:
    """One word, one note, nobody reached."""
    held = await story.hold()
    await story.beat()
    assert ANSWER_TAKEN == await reply(story, held, "withdraw")
    await story.beat()
    assert HoldState.WITHDRAWN is (await story.now(held)).state
    assert ["Taken back: New banners"] == [str(one["subject"]) for one in notices(story)]
    assert ["withdrawn"] == outcomes(story)
    assert [] == story.sent("omar@corp.example")


async def test_dispute_passes_the_reason_on(story: Story) -> None:
    """Compliance gets the sender's words, the sender a receipt."""
    held = await story.hold()
    await story.beat()
    assert ANSWER_TAKEN == await reply(story, held, "DISPUTE it is about our own page")
    await story.beat()
    now = await story.now(held)
    assert (HoldState.DISPUTED, "it is about our own page") == (now.state, now.note)
    assert ["Being looked at: New banners"] == [str(one["subject"]) for one in notices(story)]
    assert ["disputed"] == outcomes(story)


async def test_a_new_text_while_compliance_decides_is_told_of_it(story: Story) -> None:
    """The mail stays where it is, and the answer says that a person decides."""
    held = await story.hold()
    assert ANSWER_TAKEN == await reply(story, held, "DISPUTE it is about our own page")
    assert ANSWER_TAKEN == await reply(story, held, ASK, number=2)
    await story.beat()
    assert HoldState.DISPUTED is (await story.now(held)).state
    assert "A person decides" in text_of(notices(story)[-1])
    assert ["disputed", "late"] == outcomes(story)
    assert [] == story.sent("omar@corp.example")


async def test_an_unclear_answer_does_nothing_and_asks(story: Story) -> None:
    """A question to us never goes to everybody on the mail; SEND before it would."""
    held = await story.hold()
    await story.beat()
    assert ANSWER_TAKEN == await reply(story, held, "What is this about? Who says so?")
    await story.beat()
    assert HoldState.HELD is (await story.now(held)).state
    [told] = notices(story)
    assert "What is this about? Who says so?" in text_of(told)
    assert "SEND" in text_of(told)
    assert ["unclear"] == outcomes(story)


async def test_an_instruction_that_begins_with_a_command_does_nothing_and_asks(story: Story) -> None:
    """Who asks us to take a sentence out keeps the mail, sends nothing, and reads how either is said."""
    held = await story.hold()
    await story.beat()
    assert ANSWER_TAKEN == await reply(story, held, "Withdraw the second sentence, please")
    await story.beat()
    assert HoldState.HELD is (await story.now(held)).state
    [told] = notices(story)
    assert "Withdraw the second sentence, please" in text_of(told)
    assert "alone on the first line" in text_of(told)
    assert ["unclear"] == outcomes(story)
    assert [] == story.sent("omar@corp.example")


async def test_the_proposed_wording_alone_takes_the_place_of_the_held_sentence(story: Story) -> None:
    """Whoever answers with what the notice proposes, and nothing else, keeps the rest of the mail."""
    held = await story.hold(raw=mail(REPORT.format(DEMAND)))
    assert ANSWER_TAKEN == await reply(story, held, FIX)
    await story.beat()
    [raw] = story.sent("omar@corp.example")
    sent = email.message_from_bytes(raw, policy=email.policy.default).get_content()
    assert REPORT.format(FIX).split() == sent.split()
    assert ["revised"] == outcomes(story)


@pytest.mark.parametrize(
    "text",
    [
        f"Hi all,\n\n{FIX}\n\nMira",
        "Everybody, the BANNER is in the folder: https://corp.example/b.png",
        "Just leave out the Everybody must put the BANNER up by Friday sentence please",
        "Bitte den Satz Everybody must put the BANNER up by Friday streichen",
    ],
)
async def test_one_sentence_never_replaces_a_whole_mail(story: Story, text: str) -> None:
    """Less than half of what the mail says besides, or an instruction to us: nothing is sent, and its writer is
    asked; SEND says that it is meant so."""
    held = await story.hold(raw=mail(REPORT.format(DEMAND)))
    await story.beat()
    assert ANSWER_TAKEN == await reply(story, held, text)
    await story.beat()
    assert HoldState.HELD is (await story.now(held)).state
    assert [] == story.sent("omar@corp.example")
    assert ["unclear"] == outcomes(story)
    assert "Nobody got anything." in text_of(notices(story)[-1])
    assert ANSWER_TAKEN == await reply(story, held, f"SEND\n\n{ASK}", number=2)
    assert ["unclear", "revised"] == outcomes(story)


async def test_after_the_end_an_answer_is_told_what_happened(story: Story) -> None:
    """Sent already: nothing further is done, and one note says when; 30 days later there is no such address."""
    held = await story.hold()
    await release(story.house, held.id, new_text=ASK, new_subject=None, actor="sender")
    await story.beat()
    assert ANSWER_TAKEN == await reply(story, held, "WITHDRAW")
    await story.beat()
    assert HoldState.SENT is (await story.now(held)).state
    assert "the mail was sent." in text_of(notices(story)[-1])
    story.clock[0] = story.clock[0].replace(month=8)
    assert ANSWER_UNKNOWN == await reply(story, held, "WITHDRAW", number=2)
    assert ["late", "unknown"] == outcomes(story)


@pytest.mark.parametrize(
    ("sender", "extra", "expected", "outcome"),
    [
        (Path(text="omar@corp.example"), "", ANSWER_NOT_YOURS, "stranger"),
        (Path(text=""), "", ANSWER_TAKEN, "automatic"),
        (Path(text="MAILER-DAEMON@corp.example"), "", ANSWER_TAKEN, "automatic"),
        (PLAIN_SENDER, "Auto-Submitted: auto-replied\r\n", ANSWER_TAKEN, "automatic"),
        (PLAIN_SENDER, "Precedence: bulk\r\n", ANSWER_TAKEN, "automatic"),
        (PLAIN_SENDER, "X-Auto-Response-Suppress: All\r\n", ANSWER_TAKEN, "automatic"),
        (PLAIN_SENDER, "X-Askonce-Pass: gate.corp.example\r\n", ANSWER_TAKEN, "automatic"),
        (PLAIN_SENDER, "Received: from a by b\r\n" * 51, ANSWER_TAKEN, "automatic"),
    ],
)
async def test_strangers_and_machines_do_nothing(
    story: Story, sender: Path, extra: str, expected: Reply, outcome: str
) -> None:
    """Only the envelope's sender; no auto-reply, bounce, list, or mail that goes round. Each is on record."""
    held = await story.hold()
    await story.beat()
    before = len(story.hop.sent)
    assert expected == await reply(story, held, ASK, sender=sender, extra=extra)
    await story.beat(hours=1)
    assert held.version == (await story.now(held)).version
    assert before == len(story.hop.sent)
    assert [outcome] == outcomes(story)


@pytest.mark.parametrize(
    "from_",
    ["Omar <omar@corp.example>", "mira@corp.example, omar@corp.example", '"mira@corp.example" <x@evil.example>', ""],
)
async def test_the_header_must_agree_with_the_envelope(story: Story, from_: str) -> None:
    """Another From, or more than one, is refused."""
    held = await story.hold()
    raw = mail(ASK, message_id="<r1@corp.example>").replace(b"Mira <mira@corp.example>", from_.encode())
    assert ANSWER_NOT_YOURS == await reply(story, held, "", raw=raw)
    assert HoldState.HELD is (await story.now(held)).state


@pytest.mark.parametrize(
    ("envelope", "from_", "heard"),
    [
        ("mira@corp.example", "Mira@corp.example", True),
        ("m.holm@corp.example", "m.holm@corp.example", True),
        ("m.holm@corp.example", "mira@corp.example", True),
        ("mira@old.example", "M.Holm@corp.example", True),
        ("omar@corp.example", "m.holm@corp.example", False),
        ("m.holm@corp.example", "omar@corp.example", False),
        ("m.holm+x@corp.example", "m.holm+x@corp.example", False),
        ("m.holm@corp.example", "m.holm@corp.example, mira@corp.example", False),
    ],
)
async def test_senders_are_heard_from_each_of_their_addresses(
    story: Story, envelope: str, from_: str, heard: bool
) -> None:
    """Those the directory knows as theirs, and no other; one is a colleague's, one is not known to it, one says two."""
    people = {"mira@corp.example": {"aliases": ["m.holm@corp.example", "mira@old.example"]}, "omar@corp.example": {}}
    story.house = replace(story.house, directory=Fixed.from_mapping({"people": people, "lists": {}}))
    held = await story.hold()
    raw = mail("WITHDRAW", message_id="<r1@corp.example>").replace(b"Mira <mira@corp.example>", from_.encode())
    given = await reply(story, held, "", sender=Path(text=envelope), raw=raw)
    assert (ANSWER_TAKEN if heard else ANSWER_NOT_YOURS) == given
    assert (HoldState.WITHDRAWN if heard else HoldState.HELD) is (await story.now(held)).state


async def test_the_same_answer_again_does_nothing_twice(story: Story) -> None:
    """A retransmission is answered as before; one note only."""
    held = await story.hold()
    await story.beat()
    for _ in range(3):
        assert ANSWER_TAKEN == await reply(story, held, "What is this about?")
    assert ["unclear", "repeated", "repeated"] == outcomes(story)
    await story.beat()
    assert 1 == len(notices(story))


async def test_twenty_answers_at_once_send_one_mail(shared_story: Story) -> None:
    """The same answer twenty times in parallel, and another one among them: one release, one mail to each."""
    held = await shared_story.hold()
    await shared_story.beat()
    replies = [reply(shared_story, held, ASK) for _ in range(10)]
    replies += [reply(shared_story, held, ASK, number=number) for number in range(2, 12)]
    assert {ANSWER_TAKEN} == set(await asyncio.gather(*replies))
    await shared_story.beat()
    assert 1 == len(shared_story.sent("omar@corp.example"))
    assert 1 == outcomes(shared_story).count("revised")


async def test_too_many_and_too_big(story: Story) -> None:
    """Twenty answers an hour about one mail, 10 MB one answer; the next hour it goes on."""
    held = await story.hold()
    for number in range(20):
        assert ANSWER_TAKEN == await reply(story, held, "What?", number=number)
    assert ANSWER_TOO_OFTEN == await reply(story, held, ASK, number=21)
    story.clock[0] = story.clock[0].replace(hour=10, minute=1)
    assert ANSWER_TAKEN == await reply(story, held, ASK, number=21)
    assert ANSWER_TOO_BIG == await reply(story, held, "x" * (11 << 20), number=22)


async def test_without_record_nothing_happens_and_the_answer_comes_again(story: Story) -> None:
    """The audit cannot write: the client keeps the answer, and its next try is taken."""
    held = await story.hold()
    story.audit.broken = True
    for text in (ASK, "WITHDRAW", "DISPUTE it is fine", "What?"):
        with pytest.raises(AuditUnavailable):
            await reply(story, held, text)
    assert held == await story.now(held)
    story.audit.broken = False
    assert ANSWER_TAKEN == await reply(story, held, "WITHDRAW")


async def test_what_is_an_address_for_answers(story: Story) -> None:
    """Ours with a good key, and none at all where answers are switched off."""
    held = await story.hold()
    holds = story.house.settings.holds.model_copy(update={"replies": False})
    off = replace(story.house, settings=story.house.settings.model_copy(update={"holds": holds}))
    assert is_answer(story.house, here(held))
    assert is_answer(story.house, replace(here(held), parameters="NOTIFY=NEVER"))
    assert not is_answer(story.house, Path(text="askonce@corp.example"))
    assert not is_answer(story.house, Path(text="jo+tag@corp.example"))
    assert not is_answer(off, here(held))


async def test_without_answers_no_notice_offers_them(story: Story) -> None:
    """`holds.replies = false`: no address, and no word about it."""
    holds = story.house.settings.holds.model_copy(update={"replies": False})
    house = replace(story.house, settings=story.house.settings.model_copy(update={"holds": holds}))
    quiet = replace(story, house=house)
    await quiet.hold()
    await story.beat()
    [told] = [email.message_from_bytes(raw, policy=email.policy.default) for raw in story.sent("mira@corp.example")]
    assert told["reply-to"] is None
    assert "WITHDRAW" not in text_of(told)
