"""Notices as mail: whom they go to, where their link leads, what they are known by."""

import email
import email.policy
from dataclasses import replace

import pytest

from gateway.config import settings
from gateway.directory.fixed import Fixed
from gateway.flows.answer import is_answer
from gateway.flows.notify import advise_mail, held_mail_notice, language_of, link, notice_from
from gateway.mail.address import domain_key
from gateway.mail.envelope import Path
from gateway.mail.message import walk
from gateway.mail.text import MessageText
from gateway.mail.trace_headers import is_own_notice
from gateway.policy.verdict import Scene, Verdict
from gateway.worker import Worker
from tests.flows.house import ASK, DEMAND, KEY, PACK, SENDER, Story, judge, mail


def verdict(text: str) -> Verdict:
    """The stand-in's verdict."""
    return judge(MessageText(subject="", text=text, blocks=()), Scene(), PACK)


def asking() -> Verdict:
    """The verdict on a first ask."""
    words = MessageText(subject=ASK, text=ASK, blocks=())
    return judge(words, Scene(), PACK)


async def test_advice_comes_after_the_mail_and_blames_nobody(story: Story) -> None:
    """The note says that the mail was sent, what to supply next time, and that it counts as the one ask."""
    note = advise_mail(story.house, mail_id="m1", sender=SENDER, message=walk(mail(ASK)), verdict=asking())
    assert note is not None
    assert (note.kind, note.mail_from.text, note.rcpt_to, note.hold_id) == (
        "notice",
        "",
        (Path(text="mira@corp.example"),),
        "",
    )
    read = email.message_from_bytes(note.raw, policy=email.policy.default)
    text = " ".join(read.get_body(("plain",)).get_content().split())
    assert read["subject"] == "Sent - and a tip for next time: New banners"
    assert "has been sent. You need not do anything." in text
    assert "Supply the artwork" in text
    assert "within 365 days" in text


@pytest.mark.parametrize(
    ("sender", "extra"),
    [(Path(text=""), ""), (SENDER, "Auto-Submitted: auto-replied\r\n"), (SENDER, "List-Id: <a.b>\r\n")],
)
async def test_no_advice_to_nobody(story: Story, sender: Path, extra: str) -> None:
    """Null senders and automatic mail get no advice (P17)."""
    message = walk(mail(ASK, extra=extra))
    assert advise_mail(story.house, mail_id="m1", sender=sender, message=message, verdict=asking()) is None


async def test_no_advice_where_nothing_was_asked(story: Story) -> None:
    """A mail that asks for nothing gets no advice."""
    message = walk(mail("Lunch."))
    assert advise_mail(story.house, mail_id="m1", sender=SENDER, message=message, verdict=verdict("Lunch.")) is None


@pytest.mark.parametrize(
    ("web", "expected"),
    [
        ({}, "http://127.0.0.1:8025/h/s"),
        ({"public_url": "https://mail.corp.example/review/"}, "https://mail.corp.example/review/h/s"),
        ({"listen": "off"}, ""),
    ],
)
def test_where_the_link_leads(web: dict[str, str], expected: str) -> None:
    """The public address, else the page's own, else no link at all."""
    assert link(settings({"web": web}, where="test"), "s") == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"organisation": {"internal_domains": ["*.corp.example", "corp.example"]}}, "askonce@corp.example"),
        ({"smtp": {"hostname": "gate.corp.example"}}, "askonce@gate.corp.example"),
        ({"holds": {"notice_from": "mailroom@corp.example"}}, "mailroom@corp.example"),
    ],
)
def test_whom_notices_are_from(data: dict[str, object], expected: str) -> None:
    """The set address, else the first whole internal domain, else this host."""
    assert notice_from(settings(data, where="test")) == expected


@pytest.mark.parametrize(
    ("extra", "directory", "setting", "expected"),
    [
        ("Accept-Language: de-DE, en-US\r\nContent-Language: fr\r\n", "es", "pt", "de"),
        ("Content-Language: fr-CA\r\n", "es", "pt", "fr"),
        ("Accept-Language: nl-NL\r\nContent-Language: nl\r\n", "es", "pt", "es"),
        ("", "pt-BR", "de", "pt"),
        ("", "nl", "de", "de"),
        ("", "", "pt", "pt"),
        ("", "", "en", "en"),
    ],
)
async def test_senders_are_written_to_in_their_language(
    story: Story, extra: str, directory: str, setting: str, expected: str
) -> None:
    """What the mail says its writer reads comes first, then its own language, the directory's entry, the setting."""
    people = {"people": {"mira@corp.example": {"language": directory}}, "lists": {}}
    organisation = story.house.settings.organisation.model_copy(update={"language": setting})
    house = replace(
        story.house,
        directory=Fixed.from_mapping(people),
        settings=story.house.settings.model_copy(update={"organisation": organisation}),
    )
    assert expected == await language_of(house, walk(mail(ASK, extra=extra)), SENDER)


@pytest.mark.parametrize("domain", ["bücher.example", "xn--bcher-kva.example", "BÜCHER.example", "例え.example"])
async def test_a_notice_from_a_domain_in_other_letters_is_known_again(story: Story, domain: str) -> None:
    """Its mark fits the Message-ID it leaves with, and the address for answers leads to its hold."""
    held = await story.hold()
    holds = story.house.settings.holds.model_copy(update={"notice_from": f"askonce@{domain}"})
    house = replace(story.house, settings=story.house.settings.model_copy(update={"holds": holds}))
    async with house.store.begin() as unit:
        await unit.outbox.put(held_mail_notice(house, held, mail(DEMAND)))
    await replace(story, house=house, worker=Worker(house)).beat()
    raw = story.sent("mira@corp.example")[-1]
    assert is_own_notice(walk(raw), KEY)
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert read["message-id"].endswith(f"@{domain_key(domain)}>")
    assert is_answer(house, Path(text=read["reply-to"]))
    assert is_answer(house, Path(text=f"{read['reply-to'].partition('@')[0]}@{domain}"))
