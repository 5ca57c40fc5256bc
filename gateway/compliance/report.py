"""What a verification found: counts, the log's own marks, problems by place, and the head to keep. *Pure* values."""

from dataclasses import dataclass, field

from gateway.audit.chain import Head, Problem

PROBLEMS_KEPT = 100  # of one stream; the rest is counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A record in which the log itself says that something did not reach the disk."""

    file: str
    line: int
    seq: int
    words: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: record {self.seq}: {self.words}"


@dataclass(slots=True, kw_only=True)
class StreamReport:
    """One stream. `first_at`, `last_at` as they stand in the records; `open_pairs`: verdicts without an outcome (of a
    running gateway: mails on their way); `head` its newest record; `anchored`: it was held against a head kept from
    before, so that a cut end would show; `problems` the first ones, `found` how many."""

    name: str
    files: int = 0
    records: int = 0
    first_at: str = ""
    last_at: str = ""
    head: Head = field(default_factory=lambda: Head(seq=0, hash=""))
    anchored: bool = False
    open_pairs: int = 0
    marks: list[Mark] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    found: int = 0

    def add(self, problem: Problem) -> None:
        """Count a problem, and keep it if it is one of the first."""
        self.found += 1
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What a verification found, stream by stream."""

    streams: tuple[StreamReport, ...]
    problems: tuple[Problem, ...]  # the first of each stream, in order

    @property
    def ok(self) -> bool:
        """Nothing is wrong. A mark is no problem: it is the log's own, honest word."""
        return not self.problems

    @property
    def anchored(self) -> bool:
        """Each stream was held against a head kept from before: none ends before it."""
        return all(stream.anchored for stream in self.streams)

    @property
    def records(self) -> int:
        """All of them."""
        return sum(stream.records for stream in self.streams)

    @property
    def found(self) -> int:
        """How many problems there are, those that are not listed too."""
        return sum(stream.found for stream in self.streams)

    @property
    def open_pairs(self) -> int:
        """Verdicts without an outcome."""
        return sum(stream.open_pairs for stream in self.streams)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Marks of all streams."""
        return tuple(mark for stream in self.streams for mark in stream.marks)

    @property
    def first_at(self) -> str:
        """The oldest record's time, RFC 3339; "" without records."""
        return min((stream.first_at for stream in self.streams if stream.first_at), default="")

    @property
    def last_at(self) -> str:
        """The newest record's time."""
        return max((stream.last_at for stream in self.streams), default="")

    @property
    def heads(self) -> dict[str, Head]:
        """The newest record of each stream: keep it elsewhere, and give it to the next verification as `expect`."""
        return {stream.name: stream.head for stream in self.streams if stream.head.seq}
