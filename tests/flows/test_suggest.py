"""Suggestions pass: they are judged as they would be sent, with memory, and leave no trace."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from gateway.flows.recheck import readers, recheck
from gateway.flows.suggest import Source, Suggestion, suggest
from gateway.holds.hold import HeldMail
from gateway.holds.offer import ATTACHED
from gateway.holds.revision import editable_text
from gateway.holds.suggestion import says_something
from gateway.mail.envelope import Path
from tests.holds.letters import SIGNED
from tests.policy.reading_cases import cases
from tests.web.desk import ANN, MEMBERS, NOON, TEAM, Desk, letter, open_desk

FEWEST = 0.97  # of the held cases
PLEASE = "Hi,\n\nif you like, put the banner on your LinkedIn profile.\n\nLunch is at one.\n\nAnn\n"


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    """A desk with nothing on it."""
    async with open_desk() as made:
        yield made


async def suggested(desk: Desk, raw: bytes, secret: str = "s") -> tuple[HeldMail, Suggestion | None]:
    """What is suggested for a mail as it came in."""
    held = await desk.hold(raw, secret=secret)
    found = await recheck(desk.house, held, raw, None)
    return held, await suggest(desk.house, held, raw, editable_text(raw), held.subject, found)


async def test_a_suggestion_passes_and_reads_as_a_mail(desk: Desk) -> None:
    """For the labelled mails that are held: nearly all get a suggestion, and each is judged to pass, says something,
    and carries nothing over from the marked sentences."""
    held_mails = found = 0
    for number, case in enumerate(one for one in cases("shared_en.jsonl") if not one.get("html")):
        raw = letter(case["body"], case.get("subject", ""), attachments=())
        held, suggestion = await suggested(desk, raw, secret=f"case-{number}")
        if (await recheck(desk.house, held, raw, None)).passes:
            assert suggestion is None
            continue
        held_mails += 1
        if suggestion is None:
            continue
        found += 1
        assert (await recheck(desk.house, held, raw, suggestion.text, suggestion.subject)).passes
        assert says_something(suggestion.text)
        assert suggestion.changes
    assert held_mails > 50
    assert found / held_mails >= FEWEST


async def test_the_mails_own_artwork_is_offered(desk: Desk) -> None:
    """What is attached or linked is offered; a picture the mail only embeds, as counters of looks are, is not."""
    reminder = "the numbers are in.\n\nJust a reminder to put the new banner on your personal LinkedIn profile."
    _, attached = await suggested(desk, letter(f"Hi,\n\n{reminder}\n", attachments=("banner.png",)), "a")
    _, linked = await suggested(desk, letter(f"Hi,\n\n{reminder}\n\nhttps://corp.example/b.png\n", attachments=()), "b")
    page = f"<p>{reminder.replace(chr(10), '<br>')} It is <a href='https://corp.example/x'>here</a>.</p>"
    counted = f"{page.replace('https://corp.example/x', 'mailto:a@b.example')}<img src='https://t.example/p.png'>"
    _, pressed = await suggested(desk, letter(page, attachments=()).replace(b"text/plain", b"text/html"), "c")
    _, picture = await suggested(desk, letter(counted, attachments=()).replace(b"text/plain", b"text/html"), "d")
    assert attached is not None
    assert linked is not None
    assert pressed is not None
    assert picture is not None
    assert (attached.instead, attached.source) == (ATTACHED, Source.MAIL)
    assert "The artwork is here, for anyone who may ever want it: https://corp.example/b.png" in linked.text
    assert "https://corp.example/x" in pressed.instead
    assert "t.example" not in picture.text


async def test_a_repeat_known_from_memory_becomes_an_offer(desk: Desk) -> None:
    """An ask that only memory holds is turned into words that pass today, and were held without memory's leave."""
    await desk.asked(ANN, NOON - timedelta(days=100))
    _, suggestion = await suggested(desk, letter(PLEASE))
    assert suggestion is not None
    assert suggestion.text == f"Hi,\n\n{ATTACHED}\n\nLunch is at one.\n\nAnn"


async def test_without_artwork_the_ask_is_left_out(desk: Desk) -> None:
    """Nothing is invented: no artwork at hand, and the rest of the mail says something, so the ask goes."""
    await desk.asked(ANN, NOON - timedelta(days=100))
    _, suggestion = await suggested(desk, letter(PLEASE, attachments=()))
    assert suggestion is not None
    assert (suggestion.text, suggestion.source) == ("Hi,\n\nLunch is at one.\n\nAnn", Source.NOBODY)


async def test_a_packs_wording_comes_last(desk: Desk) -> None:
    """Where nothing else would be left, the rule's tested wording stands in, known not to be the mail's own."""
    body = "Hi all,\n\nchanging your LinkedIn banner to ours is mandatory for everybody.\n\nAnn\n"
    _, suggestion = await suggested(desk, letter(body, attachments=()))
    assert suggestion is not None
    assert (suggestion.instead, suggestion.source) == (desk.house.pack.rules["demand"].fix, Source.STOCK)


@pytest.mark.parametrize(
    ("body", "rule", "left"),
    [
        (
            "Hi all,\n\nwho has not yet changed their LinkedIn banner?\n\nAnn",
            "compliance-check",
            "Hi all,\n\n{}\n\nAnn",
        ),
        ("Only Ben and Kim are missing on our LinkedIn banner list.", "call-out", "{}"),
        ("Dana, send me your Instagram password and I put the frame on.", "account-access", "{}"),
    ],
)
async def test_a_mail_that_is_nothing_but_what_is_held_gets_the_rules_words(
    desk: Desk, body: str, rule: str, left: str
) -> None:
    """Where leaving it out leaves nothing, the rule's tested words stand in, between greeting and name."""
    _, suggestion = await suggested(desk, letter(f"{body}\n", attachments=()))
    assert suggestion is not None
    assert suggestion.source is Source.RULE
    assert suggestion.text == left.format(desk.house.pack.rules[rule].fix)


async def test_a_short_mail_about_nothing_else_is_put_otherwise_as_a_whole(desk: Desk) -> None:
    """When sentence by sentence nothing passes, a short mail's words go, and its closing and who writes stay."""
    words = "die Stellenanzeige für die Innere ging über acht private Profile ins Land: Yvonne, beide Katrins und ich."
    gap = "Die Ärzteschaft fehlt auf diesem Gruppenbild komplett, soweit ich sehe."
    raw = letter(f"Guten Morgen,\n\n{words}\n\n{gap}\n\nKollegiale Grüße\nMargit Holste\n", attachments=())
    _, suggestion = await suggested(desk, raw)
    assert suggestion is not None
    fix = desk.house.pack.rules["call-out"].fix_in("de")
    assert suggestion.text == f"Guten Morgen,\n\n{fix}\n\nKollegiale Grüße"


async def test_a_mail_that_cannot_be_edited_gets_none(desk: Desk) -> None:
    """A signed mail keeps its words or stays here."""
    assert (await suggested(desk, SIGNED, "two"))[1] is None


async def test_suggesting_writes_nothing(desk: Desk) -> None:
    """Neither store nor audit knows of it, and no ask is reserved."""
    held, suggestion = await suggested(desk, letter())
    assert suggestion is not None
    assert await desk.now_of(held) == held
    assert desk.audit.events == []
    assert await desk.outgoing() == []


async def test_people_are_counted_behind_lists(desk: Desk) -> None:
    """A list is its members, each person counts once, an outsider counts too."""
    rcpt_to = [Path(text=one) for one in (TEAM, MEMBERS[0], "kim@other.example")]
    assert await readers(desk.house, rcpt_to) == 4
