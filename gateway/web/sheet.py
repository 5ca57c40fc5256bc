"""The held mail as its reader would see it, cut where marks begin and end. *Pure.*

Nothing of the mail's own HTML is used: only its words, as characters. Controls and bidirectional overrides are made
harmless one for one, so offsets stay true.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gateway.mail.text import Block, BlockKind, MessageText
from gateway.web.reasons import Reason

SHOWN = 60_000  # characters of a mail that are shown; the held sentences are quoted beside it in any case
_OVERRIDES = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # would show words in another order than they have
_CONTROLS = (*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, *range(0x80, 0xA0), *range(0xD800, 0xE000))
_BROKEN = dict.fromkeys(_CONTROLS, "\ufffd")
_HARMLESS = {**_BROKEN, **dict.fromkeys(_OVERRIDES, "\u200b")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Characters with the same marks: `reasons` are the numbers of the reasons that hold them, `first` and `last`
    those whose mark begins and ends here."""

    text: str
    reasons: tuple[int, ...] = ()
    last: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One block of the mail."""

    kind: BlockKind
    stretches: tuple[Stretch, ...]

    @property
    def own(self) -> bool:
        """True for what the sender wrote now."""
        return self.kind is BlockKind.AUTHORED


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What the letter on the page shows; `unshown` counts the characters past the limit."""

    subject: tuple[Stretch, ...]
    passages: tuple[Passage, ...]
    attachments: tuple[str, ...]
    unshown: int = 0
    unjudgeable: str = ""


def harmless(text: str) -> str:
    """The same number of characters, without controls, bidirectional overrides and lone surrogates."""
    return text.translate(_HARMLESS)


def encodable(text: str) -> str:
    """The same number of characters, fit for an edit box: only what no page can carry is replaced."""
    return text.translate(_BROKEN)


def on_one_line(text: str, limit: int = 300) -> str:
    """A harmless single line of at most `limit` characters."""
    line = " ".join(harmless(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def lay_out(text: MessageText, reasons: Sequence[Reason]) -> Sheet:
    """Cut subject and body at blocks and marks. Hidden words are shown only where a mark points at them."""
    spans = [
        (quote.start, quote.end, reason.number) for reason in reasons for quote in reason.quotes if quote.start >= 0
    ]
    on_subject = tuple(reason.number for reason in reasons if reason.in_subject)
    passages = (_passage(text.text, block, spans) for block in text.blocks if block.start < SHOWN)
    return Sheet(
        subject=(Stretch(text=on_one_line(text.subject, 1000), reasons=on_subject, last=on_subject),),
        passages=tuple(passage for passage in passages if _visible(passage)),
        attachments=tuple(on_one_line(name, 160) for name in text.attachments),
        unshown=max(0, len(text.text) - SHOWN),
        unjudgeable=text.unjudgeable,
    )


def _visible(passage: Passage) -> bool:
    marked = any(stretch.reasons for stretch in passage.stretches)
    return marked or (passage.kind is not BlockKind.HIDDEN and any(part.text.strip() for part in passage.stretches))


def _passage(text: str, block: Block, spans: Sequence[tuple[int, int, int]]) -> Passage:
    start, end = _trimmed(text, block.start, min(block.end, SHOWN))
    inside = [span for span in spans if span[0] < end and span[1] > start]
    cuts = sorted({start, end, *(min(max(at, start), end) for span in inside for at in span[:2])})
    stretches = (_stretch(text, left, right, inside) for left, right in pairwise(cuts))
    return Passage(kind=block.kind, stretches=tuple(stretches))


def _stretch(text: str, left: int, right: int, spans: Sequence[tuple[int, int, int]]) -> Stretch:
    here = [span for span in spans if span[0] < right and span[1] > left]
    return Stretch(
        text=harmless(text[left:right]),
        reasons=tuple(dict.fromkeys(number for _, _, number in here)),
        last=tuple(dict.fromkeys(number for _, end, number in here if end <= right)),
    )


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Without the blank lines around a block; its first line keeps its indent."""
    body = text[start:end]
    head = len(body) - len(body.lstrip("\n\r"))
    tail = len(body) - len(body.rstrip())
    return (start + head, end - tail) if head + tail < len(body) else (start, start)
