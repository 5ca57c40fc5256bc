"""Is the log what was written? Reads the files of one stream or of all, a line at a time; changes nothing.

What is found by itself: any record edited, missing, inserted or swapped, any file missing at the start or in between, a
torn end. What is not: records cut off the end at a line's border (or whole newest files, or a whole stream), and a tail
written anew with new hashes. Keep the head that each report gives somewhere else, and pass it as `expect` next
time: then these are found too, up to that head.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.audit.canonical import LINE_CAP
from gateway.audit.chain import Head, Line, Problem, Step, check, genesis
from gateway.audit.events import StreamRecovered
from gateway.audit.survey import follow, says, segments
from gateway.compliance.report import Mark, StreamReport, VerifyReport

Progress = Callable[[int, int], None]  # bytes read, bytes in all
_EVERY = 1024 * 1024  # bytes between two words of progress
_UNFINISHED_WAIT = 0.2  # seconds: a line without its end may be on its way


def verify(path: Path, *, expect: Mapping[str, Head] | None = None, progress: Progress | None = None) -> VerifyReport:
    """Verify a file, a stream's folder or the audit's whole folder. A file that is not a stream's first is
    believed where it begins. Never raises on what the files hold: what cannot be read is a problem, "unreadable"."""
    places = _found(path)
    meter = _Meter(progress, sum(_size(file) for place in places for file in place.files))
    streams = [_Reading(place, expect or {}, meter).report() for place in places]
    if not path.is_file() and not segments(path):
        streams += _absent(_awaited(path, expect or {}, places), {stream.name for stream in streams}, path)
    if not streams:
        streams.append(_nothing(path))
    meter.tell()
    return VerifyReport(
        streams=tuple(streams), problems=tuple(problem for stream in streams for problem in stream.problems)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The files of one stream. `name` "": as the records say; `whole`: it should be there from its start; `alone`: one
    file, which others may follow."""

    name: str
    files: list[Path]
    whole: bool = True
    alone: bool = False


def _found(path: Path) -> list[_Found]:
    if path.is_file():
        return [_Found(name="", files=[path], whole=path.stem.isdecimal() and int(path.stem) == 1, alone=True)]
    if not path.is_dir():
        return []
    if files := segments(path):
        return [_Found(name="", files=files)]
    folders = sorted(folder for folder in path.iterdir() if folder.is_dir())
    return [_Found(name=folder.name, files=files) for folder in folders if (files := segments(folder))]


def _awaited(path: Path, expect: Mapping[str, Head], places: list[_Found]) -> Mapping[str, Head]:
    """The heads whose streams should be in this folder: all of them, but for a stream's folder that is empty now."""
    name = path.resolve().name
    return {name: expect[name]} if not places and name in expect else expect


def _size(file: Path) -> int:
    """In bytes; 0 for what cannot be looked at, and is told of when it is read."""
    try:
        return file.stat().st_size
    except OSError:
        return 0


class _Meter:
    """Tells how far we are."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total = progress, total
        self._read = self._told = 0

    def add(self, size: int) -> None:
        self._read += size
        if self._read - self._told >= _EVERY:
            self.tell()

    def tell(self) -> None:
        self._told = self._read
        if self._progress:
            self._progress(self._read, max(self._total, self._read))


class _Reading:
    """The walk over one stream's files. Memory: a line or three, the mails that are pending, the first problems."""

    def __init__(self, found: _Found, expect: Mapping[str, Head], meter: _Meter) -> None:
        name, files, self._whole, self._alone = found.name, found.files, found.whole, found.alone
        self._files, self._expect, self._meter = files, expect, meter
        self._pending: dict[str, None] = {}
        self._report = StreamReport(name=name or _name_in(files), files=len(files))

    def report(self) -> StreamReport:
        report, name = self._report, self._report.name
        after = genesis(name) if self._whole and name else None
        for step in check(self._lines(), after=after, stream=name):
            self._take(step)
        report.open_pairs = len(self._pending)
        self._compare_head()
        return report

    def _take(self, step: Step) -> None:
        report, link = self._report, step.link
        if step.problem:
            report.add(step.problem)
        if link is None:
            return
        report.records += 1
        if not link.intact:
            return
        if link.stream == report.name and link.seq >= report.head.seq:
            report.head = Head(seq=link.seq, hash=link.hash)
        self._compare(step)
        record = says(step.line.data)
        if not record:
            words = "its hash is right, but it is no record: it was made by hand"
            report.add(self._problem(step.line, link.seq, "unreadable", words))
        self._read(step, record)

    def _read(self, step: Step, record: dict[str, Any]) -> None:
        report = self._report
        report.last_at = str(record.get("@timestamp", ""))
        report.first_at = report.first_at or report.last_at
        follow(self._pending, record)
        if record.get("event.action") == StreamRecovered.action and step.link:
            words = _mark_words(record)
            report.marks.append(Mark(file=step.line.file, line=step.line.number, seq=step.link.seq, words=words))

    def _compare(self, step: Step) -> None:
        """The record that was the head some time ago must be that record still."""
        known, link = self._expect.get(self._report.name), step.link
        if known and link and link.seq == known.seq and link.hash != known.hash:
            words = (
                "it is not the record that was the head when you noted it: it, or what comes before it, was rewritten"
            )
            self._report.add(self._problem(step.line, link.seq, "rewritten", words))

    def _compare_head(self) -> None:
        """The stream must reach as far as it did some time ago; one file alone need not."""
        known, report = self._expect.get(self._report.name), self._report
        report.anchored = known is not None and not self._alone
        if known and report.head.seq < known.seq and not self._alone:
            end = Line(file=str(self._files[-1]), number=0, data=b"")
            words = f"the stream ends at record {report.head.seq}; it went on to {known.seq} when you noted its head"
            report.add(self._problem(end, report.head.seq + 1, "cut", words))

    def _problem(self, line: Line, seq: int, kind: str, words: str) -> Problem:
        return Problem(file=line.file, line=line.number, stream=self._report.name, seq=seq, kind=kind, words=words)

    def _lines(self) -> Iterator[Line]:
        for path in self._files:
            last = path is self._files[-1]
            try:
                yield from self._of_file(path, last=last)
            except OSError as error:
                line = Line(file=str(path), number=0, data=b"")
                words = error.strerror or "the file cannot be read"
                self._report.add(self._problem(line, self._report.head.seq + 1, "unreadable", words))

    def _of_file(self, path: Path, *, last: bool) -> Iterator[Line]:
        with path.open("rb") as file:
            number = 0
            while data := file.readline(LINE_CAP):
                number += 1
                if not data.endswith(b"\n") and last and len(data) < LINE_CAP:
                    data += self._rest(file)
                self._meter.add(len(data))
                whole = data.endswith(b"\n")
                yield Line(file=str(path), number=number, data=data[:-1] if whole else data, whole=whole)

    @staticmethod
    def _rest(file: Any) -> bytes:
        """A gateway at work may be in the middle of a write."""
        time.sleep(_UNFINISHED_WAIT)
        rest: bytes = file.readline(LINE_CAP)
        return rest


def _name_in(files: list[Path]) -> str:
    """The stream's name as its sound records say it; when they differ, its folder's."""
    folder = files[0].parent.resolve().name
    names = [step.link.stream for step in check(_first_lines(files)) if step.link and step.link.intact]
    return folder if folder in names or not names else names[0]


def _first_lines(files: list[Path]) -> Iterator[Line]:
    for path in files:
        try:
            with path.open("rb") as file:
                for number in range(1, 11):
                    data = file.readline(LINE_CAP)
                    yield Line(file=str(path), number=number, data=data.rstrip(b"\n"))
        except OSError:
            continue


def _mark_words(record: dict[str, Any]) -> str:
    if lost := record.get("askonce.lost_notes"):
        return f"{lost} records that could wait were lost while the disk was full"
    size, digest = record.get("askonce.torn.bytes", 0), record.get("askonce.torn.sha256", "")
    return (
        f"torn, marked: {size} bytes of an unfinished line, which a crash leaves and a cut too, gave way to this "
        f"record (SHA-256 {digest})"
    )


def _absent(expect: Mapping[str, Head], seen: set[str], path: Path) -> list[StreamReport]:
    """Streams that somebody knows and nobody finds."""
    reports = []
    for name, head in expect.items():
        if name not in seen:
            report = StreamReport(name=name)
            words = f"the whole stream is gone; it had {head.seq} records when you noted its head"
            report.add(Problem(file=str(path), line=0, stream=name, seq=1, kind="missing", words=words))
            reports.append(report)
    return reports


def _nothing(path: Path) -> StreamReport:
    report = StreamReport(name="")
    words = "there are no audit files here" if path.exists() else "there is no such file or folder"
    report.add(Problem(file=str(path), line=0, stream="", seq=0, kind="unreadable", words=words))
    return report
