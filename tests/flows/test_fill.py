"""Keys go into a notice on its way out: those of its recipient's own holds, and nothing else in it changes."""

import quopri
import re
from dataclasses import replace

import pytest

from gateway.flows.release import release
from gateway.flows.withdraw import withdraw
from gateway.holds.answer_address import answer_key
from gateway.holds.hold import HeldMail
from gateway.holds.link import link_secret
from gateway.mail.envelope import Path
from tests.flows.house import ASK, DEMAND, KEY, SENDER, Story, mail

EVE = Path(text="eve@corp.example")
PLACE = re.compile(r"askonce-(?:lnk|answers-)[0-9a-f]{32}")


async def waiting_text(story: Story, held: HeldMail) -> str:
    """The notice of a hold as a copy of the store shows it, transfer encoding off."""
    async with story.house.store.begin() as unit:
        waiting = await unit.outbox.lease(now=story.clock[0], until=story.clock[0], limit=100)
        [raw] = [await unit.outbox.raw(one.id) for one in waiting if one.hold_id == held.id]
    return unquoted(raw)


def unquoted(raw: bytes) -> str:
    """A mail without its quoted-printable line breaks and codes."""
    return quopri.decodestring(raw.replace(b"\r\n", b"\n")).decode("utf-8")


def repeating(places: list[str]) -> bytes:
    """A mail that says these words wherever a notice repeats a mail."""
    words = " ".join(places)
    return mail(f"{DEMAND} {words}", subject=f"Banner {words}", message_id=f"<{'.'.join(places)}@corp.example>")


async def test_the_place_of_another_persons_hold_is_left_as_it_is(story: Story) -> None:
    """Whoever writes the places of a stranger's notice, or his hold's id in their stead, into subject, text and
    Message-ID of a mail gets the same words back, in its notice and in the returned original, and no key."""
    victim = await story.hold()
    seen = sorted(set(PLACE.findall(await waiting_text(story, victim))))
    assert 2 == len(seen)
    places = [*seen, f"askonce-lnk{victim.id}", f"askonce-answers-{victim.id}"]
    raw = repeating(places)
    await story.hold(f"{DEMAND} {' '.join(places)}", sender=EVE, raw=raw)
    await story.beat()
    await story.beat(days=8)

    told = story.sent(EVE.text)
    assert raw.replace(b"\r\n.", b"\r\n") in told[-1]
    for text in map(unquoted, told):
        assert all(place in text for place in places)
        assert link_secret(KEY, victim.id) not in text
        assert answer_key(KEY, victim.id) not in text


async def test_a_place_names_its_hold_to_nobody_without_the_key(story: Story) -> None:
    """What stands in the store is no id."""
    held = await story.hold()
    places = PLACE.findall(await waiting_text(story, held))
    assert places
    assert not any(held.id in place for place in places)


async def test_the_attached_original_is_never_filled(story: Story) -> None:
    """Even the places of the sender's own hold come back in it as they were written."""
    held = await story.hold()
    raw = repeating(sorted(set(PLACE.findall(await waiting_text(story, held)))))
    await story.hold(raw=raw)
    await story.beat()
    await story.beat(days=8)
    assert [raw in one for one in story.sent(SENDER.text)].count(True) == 1


async def test_a_notice_waits_for_the_node_whose_key_made_it(story: Story) -> None:
    """A node with another key leaves it alone; the one that made it fills it in."""
    held = await story.hold()
    story.worker._house = replace(story.house, notice_key=b"the key of another node")
    await story.beat()
    assert [] == story.sent(SENDER.text)
    story.worker._house = story.house
    await story.beat(hours=1)
    [raw] = story.sent(SENDER.text)
    assert link_secret(KEY, held.id) in unquoted(raw)


async def test_words_like_a_place_keep_no_notice_back(story: Story) -> None:
    """A notice that has no places of its own goes out although the subject looks like one."""
    held = await story.hold(raw=mail(DEMAND, subject="askonce-lnk" + "0" * 32))
    await story.beat()
    await withdraw(story.house, held.id, actor="sender")
    await story.beat()
    assert 2 == len(story.sent(SENDER.text))


@pytest.mark.parametrize("kind", ["held", "reminder"])
async def test_a_notice_is_filled_in_after_its_hold_has_ended(story: Story, kind: str) -> None:
    """The link then tells what became of the mail."""
    held = await story.hold()
    if kind == "reminder":
        await story.beat()
        story.hop.down = True
        await story.beat(days=6, hours=1)
        story.hop.down = False
    await withdraw(story.house, held.id, actor="sender")
    await story.beat(hours=1)
    texts = [text for text in map(unquoted, story.sent(SENDER.text)) if "/h/" in text]
    assert all(link_secret(KEY, held.id) in text for text in texts)
    assert (1 if kind == "held" else 2) == len(texts)


async def test_a_released_mail_does_not_name_its_hold(story: Story) -> None:
    """The Received line that every recipient reads has an id of its own."""
    held = await story.hold()
    await release(story.house, held.id, new_text=ASK, new_subject=None, actor="sender")
    await story.beat()
    [wire] = story.sent("omar@corp.example")
    assert re.search(rb"id [0-9a-f]{32}", wire)
    assert held.id.encode() not in wire
