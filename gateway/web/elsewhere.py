"""Where held words stand that are not in the edit box: in an attachment, a calendar entry, a forwarded mail. *Pure.*"""

from collections.abc import Sequence
from enum import StrEnum

from gateway.language.catalogue import Catalogue, later
from gateway.mail.message import Message, Part
from gateway.mail.text import BlockKind, MessageText
from gateway.web.reasons import Quote, Reason


class Place(StrEnum):
    """Where words stand; those in the BOX can be edited."""

    BOX = "box"
    ATTACHMENT = "attachment"
    CALENDAR = "calendar"
    FORWARDED = "forwarded"
    FIXED = "fixed"


_SAID = {
    Place.ATTACHMENT: later("Marked words stand in an attachment, which cannot be changed here."),
    Place.CALENDAR: later("Marked words stand in the calendar entry, which cannot be changed here."),
    Place.FORWARDED: later("Marked words stand in the mail you forward, which cannot be changed here."),
    Place.FIXED: later("Marked words stand in a part of the mail that cannot be changed here."),
}
_OF_BLOCK = {BlockKind.AUTHORED: Place.BOX, BlockKind.FORWARDED: Place.FORWARDED}


def places(message: Message) -> tuple[Place, ...]:
    """The place of each part of a message, by number; editing changes none."""
    return tuple(map(_place, message.parts))


def _place(part: Part) -> Place:
    kind, name = part.content_type, part.filename.lower()
    if kind in ("text/calendar", "application/ics") or name.endswith((".ics", ".vcs")):
        return Place.CALENDAR
    if kind in ("message/rfc822", "message/global") or name.endswith(".eml"):
        return Place.FORWARDED
    inline = part.disposition != "attachment" and not name and kind in ("text/plain", "text/html")
    return Place.BOX if inline else Place.ATTACHMENT


def in_box(reasons: Sequence[Reason], text: MessageText, parts: Sequence[Place]) -> frozenset[int]:
    """Numbers of the reasons some of whose words stand in the box, where a press can change them."""
    return frozenset(
        reason.number
        for reason in reasons
        for quote in reason.quotes
        if quote.start >= 0 and quote.sentence.strip() and _stands(quote, text, parts) is Place.BOX
    )


def elsewhere(reasons: Sequence[Reason], text: MessageText, parts: Sequence[Place], say: Catalogue) -> tuple[str, ...]:
    """A sentence for each place beside the box in which marked words stand."""
    found = {
        _stands(quote, text, parts)
        for reason in reasons
        for quote in reason.quotes
        if quote.start >= 0 and quote.sentence.strip()
    }
    return tuple(say.gettext(said) for place, said in _SAID.items() if place in found)


def _stands(quote: Quote, text: MessageText, parts: Sequence[Place]) -> Place:
    part = next((one.part for one in text.sources if one.start <= quote.start < one.end), -1)
    place = parts[part] if 0 <= part < len(parts) else Place.BOX
    if place is not Place.BOX:
        return place
    block = next((one.kind for one in text.blocks if one.start <= quote.start < one.end), BlockKind.AUTHORED)
    return _OF_BLOCK.get(block, Place.FIXED)
