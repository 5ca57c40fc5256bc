"""The chain: each record carries its place and the hash of the record before it. *Pure.*

A line is the canonical event with three fields at its end, always in this order:

    …,"event.id":"STREAM:SEQ","askonce.prev":"HEX","event.hash":"HEX"}

`event.hash` is the SHA-256 (FIPS 180-4) of the line's bytes up to the comma before it, so every record vouches for
itself, the last one too; `askonce.prev` is the `event.hash` of record SEQ-1, and for record 1 the genesis value of the
stream's name, so no stream can pass for another. Linking by hashes: Haber and Stornetta, "How to time-stamp a digital
document" (J. Cryptology 3, 1991); for logs: Schneier and Kelsey, "Secure audit logs to support computer forensics" (ACM
TISSEC 2, 1999).

What it cannot show by itself: someone who may write the files can compute everything anew from some record to the
end, or cut the end off at a record's border. That needs knowledge from outside: a `Head` kept elsewhere, or a seal.
"""

import hashlib
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_TRAILER = re.compile(
    rb',"event\.id":"([A-Za-z0-9][A-Za-z0-9._-]{0,63}):([1-9][0-9]{0,17})"'
    rb',"askonce\.prev":"([0-9a-f]{64})","event\.hash":"([0-9a-f]{64})"\}\Z'
)
_OWN_HASH = len(',"event.hash":""}') + 64  # bytes at the end of a line which its hash does not cover
_TRAILER_CAP = 400  # bytes; a trailer is shorter
_AHEAD = 2  # records looked at before one is called missing, inserted or swapped


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest record of a stream: its place (0: none yet) and its hash, hex."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line as it stands in a file, without its LF; `whole` is False when the LF is missing (only at the end)."""

    file: str
    number: int  # from 1
    data: bytes
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The chain's fields of one line; `intact`: the line's bytes are those its own hash was made of."""

    stream: str
    seq: int
    prev: str
    hash: str
    intact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something is wrong with record `seq` of `stream`. `kind`: edited, missing, inserted, swapped, torn, cut,
    rewritten or unreadable; `line` 0 when it is no single line."""

    file: str
    line: int
    stream: str
    seq: int
    kind: str
    words: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: record {self.stream}:{self.seq} {self.kind}: {self.words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line after checking: its link (None: it has none) and what is wrong at it, if anything."""

    line: Line
    link: Link | None
    problem: Problem | None = None


def genesis(stream: str) -> Head:
    """What record 1 of this stream is linked to."""
    return Head(seq=0, hash=hashlib.sha256(b"askonce audit stream 1\0" + stream.encode("ascii")).hexdigest())


def forge(body: bytes, *, stream: str, after: Head) -> tuple[bytes, Head]:
    """The line (with LF) that follows `after` and says `body`, a non-empty JSON object; and the new head."""
    seq = after.seq + 1
    covered = b'%b,"event.id":"%b:%d","askonce.prev":"%b"' % (
        body[:-1],
        stream.encode("ascii"),
        seq,
        after.hash.encode("ascii"),
    )
    own = hashlib.sha256(covered).hexdigest()
    return b'%b,"event.hash":"%b"}\n' % (covered, own.encode("ascii")), Head(seq=seq, hash=own)


def read(data: bytes) -> Link | None:
    """The chain's fields of a line (without LF); None when it does not end as a record ends."""
    found = _TRAILER.search(data, max(0, len(data) - _TRAILER_CAP))
    if found is None:
        return None
    stream, seq, prev, own = (part.decode("ascii") for part in found.groups())
    intact = hashlib.sha256(memoryview(data)[:-_OWN_HASH]).hexdigest() == own
    return Link(stream=stream, seq=int(seq), prev=prev, hash=own, intact=intact)


def check(lines: Iterable[Line], *, after: Head | None = None, stream: str = "") -> Iterator[Step]:
    """Walk over the lines of one stream, oldest first, and say at each what is wrong with it.

    `after` None: the first record is believed to be where it says (a file from the middle of a stream). A record of
    another stream than `stream` is foreign; "": the first record's name counts. Two lines are kept, the rest streamed.
    """
    walk = _Walk(stream, after)
    window: deque[tuple[Line, Link | None]] = deque()
    for line in lines:
        window.append((line, read(line.data) if line.whole else None))
        if len(window) > _AHEAD:
            yield walk.step(*window.popleft(), [link for _, link in window])
    while window:
        yield walk.step(*window.popleft(), [link for _, link in window])


class _Walk:
    """Where we are in a stream: the place that comes next, and the hash it must name (None: not to be known)."""

    def __init__(self, stream: str, after: Head | None) -> None:
        self.stream = stream
        self.next = after.seq + 1 if after else 0
        self.prev: str | None = after.hash if after else None
        self.before: Line | None = None
        self.displaced: dict[int, int] = {}  # record found too early -> record whose place it took

    def step(self, line: Line, link: Link | None, ahead: list[Link | None]) -> Step:
        if not self.next or not self.stream:
            self._begin([link, *ahead])
        kind, words = self._judge(line, link, ahead)
        seq, file, number = self.next, line.file, line.number
        if kind == "unlinked" and self.before:  # the record that the others do not vouch for is the one above
            kind, seq, file, number = "edited", seq - 1, self.before.file, self.before.number
        elif kind == "unlinked":
            kind = "edited"
        self._advance(line, link, kind, blamed_above=seq < self.next)
        problem = (
            Problem(file=file, line=number, stream=self.stream, seq=seq, kind=kind, words=words) if words else None
        )
        return Step(line=line, link=link, problem=problem)

    def _begin(self, links: list[Link | None]) -> None:
        """Nobody told us where this is: believe the first sound record."""
        for place, link in enumerate(links):
            if link and link.intact:
                self.stream = self.stream or link.stream
                self.next = self.next or max(1, link.seq - place)
                return

    def _judge(self, line: Line, link: Link | None, ahead: list[Link | None]) -> tuple[str, str]:
        """What is wrong at this place: a kind and words, empty when nothing is."""
        following = [other.seq if other and other.intact else -1 for other in ahead]
        coming = following[:1] == [self.next]  # the record we want stands right below
        if not line.whole:
            return "torn", f"the last line is unfinished ({len(line.data)} bytes): a crash, or a cut inside a line"
        if link is None or not link.intact:
            if coming:
                return "inserted", "a line that no record is made of stands before it"
            return "edited", "its bytes are not those it was written with" if link else "the line is no record"
        if link.stream != self.stream:
            return "inserted", f"a record of another stream ({link.stream}) stands before it"
        if link.seq == self.next:
            return self._linked(link)
        if self.displaced.pop(self.next, None) == link.seq:
            return "exchanged", ""  # the other half of a swap that was named already
        if link.seq < self.next:
            return "inserted", f"record {link.seq} stands here once more"
        if coming and following != [self.next, self.next + 1] and link.seq == self.next + 1:
            return "swapped", f"record {link.seq} stands in its place"
        if coming:
            return "inserted", f"a second record {link.seq} stands before it"
        if following[:1] == [self.next + 1]:
            return "swapped", f"record {link.seq} stands in its place"
        gone = link.seq - self.next
        return "missing", "it is gone" if gone == 1 else f"it and the {gone - 1} after it are gone"

    def _linked(self, link: Link) -> tuple[str, str]:
        if self.prev is None or link.prev == self.prev:
            return "", ""
        if link.seq == 1:
            return "unlinked", "it does not begin as this stream begins"
        return "unlinked", f"it is not the record that record {link.seq} was written after"

    def _advance(self, line: Line, link: Link | None, kind: str, *, blamed_above: bool) -> None:
        """Go on from here as if this line had been right, so that the next problem found is another one."""
        if kind in ("inserted", "torn"):
            return
        if kind == "swapped" and link:
            self.displaced[link.seq] = self.next
        sound = link is not None and (not kind or kind == "missing" or blamed_above)
        self.next = link.seq + 1 if link and kind == "missing" else self.next + 1
        self.prev = link.hash if sound and link else None
        self.before = line
