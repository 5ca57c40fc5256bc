"""What an encoder reads of a mail: the pieces of the sentences that count, in the mail's order. *Pure.*"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from gateway.mail.normal import normalise
from gateway.policy.line import Line, Reading
from gateway.policy.segment import Kind

MOST = 192  # pieces that are read of a mail
MOST_OF_LINE = 80  # pieces of one sentence
MOST_OF_QUOTED = 32  # pieces of a quoted one
QUOTED = 3  # quoted sentences that are read
_FRAME = 12  # pieces that are kept free for what frames the sentences
_LONGEST = 1200  # characters of a sentence that can matter: pieces are seldom longer than words


class Pieces(Protocol):
    """What an encoder's vocabulary makes of text: `wordpiece.WordPiece` or `unigram.Unigram`."""

    begin: int  # the numbers of the pieces that frame what is read
    end: int

    def of(self, text: str) -> list[int]:
        """The numbers of the text's pieces, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The numbers of the pieces; from which one on they are quoted; of each sentence the first of its pieces and the
    one behind its last."""

    pieces: tuple[int, ...]
    quoted_from: int
    spans: tuple[tuple[Line, int, int], ...]


def passage(reading: Reading, places: Collection[int], pieces: Pieces) -> Passage:
    """Who reads it, the subject, and as many of the sentences at `places` as there is room for, those that name the
    favour most plainly first; then a little of what is quoted. Exclusions make no difference to it."""
    chosen = _chosen(reading, places, pieces)
    found = [pieces.begin, *pieces.of(_address(reading))]
    spans = []
    for place in sorted(chosen):
        line = reading.lines[place]
        spans.append((line, len(found), len(found) + len(chosen[place])))
        found += chosen[place]
        if line.sentence.kind is Kind.SUBJECT:
            found.append(pieces.end)
    found.append(pieces.end)
    beneath = _quoted(reading, pieces, MOST - _FRAME - sum(map(len, chosen.values())))
    if beneath:
        beneath.append(pieces.end)
    return Passage(pieces=(*found, *beneath), quoted_from=len(found), spans=tuple(spans))


def _address(reading: Reading) -> str:
    return f"to {'many' if reading.many else 'one'}{', replying' if reading.quoted else ''}:"


def _chosen(reading: Reading, places: Collection[int], pieces: Pieces) -> dict[int, list[int]]:
    """The pieces of the sentences that are read, by place."""
    lines = reading.lines
    subjects = {place for place, line in enumerate(lines) if line.sentence.kind is Kind.SUBJECT}
    chosen: dict[int, list[int]] = {}
    left = MOST - _FRAME
    for place in sorted({*places, *subjects}, key=lambda at: (at not in subjects, -lines[at].said, at)):
        said = _pieces(lines[place], pieces)[:MOST_OF_LINE]
        if said and len(said) <= left:
            chosen[place] = said
            left -= len(said)
    return chosen


def _quoted(reading: Reading, pieces: Pieces, left: int) -> list[int]:
    found: list[int] = []
    for line in reading.quoted[:QUOTED]:
        found += _pieces(line, pieces)[: max(0, min(MOST_OF_QUOTED, left - len(found)))]
    return found


def _pieces(line: Line, pieces: Pieces) -> list[int]:
    return pieces.of(normalise(line.original).text.strip()[:_LONGEST])
