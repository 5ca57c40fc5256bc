"""Whatever is done to a log is found, and nothing is said of one that is as it was written (promise of the audit)."""

import itertools
import random
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.chain import Head, Line, check, forge, genesis, read
from gateway.compliance.verify import verify
from tests.audit.samples import chained, clean_stream, finding, outcome, verdict, write_stream

LINES = clean_stream(12)
COUNT = len(LINES)
PLACES = st.integers(0, COUNT - 1)


def bad(lines: list[bytes], cuts: tuple[int, ...] = (8, 16)) -> list[tuple[int, str]]:
    """Record and kind of each problem of a stream with these lines, split into files before `cuts`."""
    with tempfile.TemporaryDirectory() as folder:
        edges = [0, *cuts, len(lines)]
        files = [lines[start:end] for start, end in itertools.pairwise(edges)]
        write_stream(Path(folder), "s", files)
        return [(problem.seq, problem.kind) for problem in verify(Path(folder)).problems]


@settings(max_examples=150, deadline=None)
@given(place=PLACES, data=st.data())
def test_any_edit_of_any_byte_names_its_record(place: int, data: st.DataObject) -> None:
    """One byte changed to any other value, the line end included, is found at its record."""
    line = LINES[place]
    offset = data.draw(st.integers(0, len(line) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda byte: byte != line[offset]))
    lines = [*LINES[:place], line[:offset] + bytes([value]) + line[offset + 1 :], *LINES[place + 1 :]]
    assert bad(lines)[0][0] == place + 1


@settings(max_examples=100, deadline=None)
@given(place=PLACES, data=st.data())
def test_any_bytes_taken_out_or_put_in_name_their_record(place: int, data: st.DataObject) -> None:
    """Some bytes deleted from a line, or put into it, are found at its record."""
    line = LINES[place]
    start = data.draw(st.integers(0, len(line) - 1))
    end = data.draw(st.integers(start, len(line)))
    added = data.draw(st.binary(max_size=20))
    changed = line[:start] + added + line[end:]
    if changed == line or (place == COUNT - 1 and not changed):  # the last record cut off whole: needs a kept head
        return
    assert bad([*LINES[:place], changed, *LINES[place + 1 :]])[0][0] == place + 1


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, COUNT - 2), length=st.integers(1, 5))
def test_any_records_deleted_are_missing(place: int, length: int) -> None:
    """A run of records that is gone (and not the end of the stream) is named by its first."""
    length = min(length, COUNT - 1 - place)
    assert bad(LINES[:place] + LINES[place + length :])[0] == (place + 1, "missing")


@settings(max_examples=100, deadline=None)
@given(place=st.integers(0, COUNT), copy=PLACES)
def test_any_record_inserted_again_is_found(place: int, copy: int) -> None:
    """A copy of a record put anywhere is found at the record before which it stands."""
    found = bad([*LINES[:place], LINES[copy], *LINES[place:]])
    behind_itself = place + 2 if place == copy else place + 1  # right before itself, the second one is the copy
    assert len(found) == 1
    assert found[0][0] == behind_itself
    assert found[0][1] in ("inserted", "missing" if place == COUNT else "inserted")


@settings(max_examples=100, deadline=None)
@given(one=PLACES, two=PLACES)
def test_any_two_records_swapped_are_found(one: int, two: int) -> None:
    """Two records that changed places are named at the first of them."""
    lines = list(LINES)
    lines[one], lines[two] = lines[two], lines[one]
    expected = [] if one == two else [(min(one, two) + 1, "swapped")]
    assert expected == bad(lines)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=300), min_size=1, max_size=8), st.binary(max_size=50))
def test_hostile_strings_keep_one_line_one_record(texts: list[str], raw: bytes) -> None:
    """Whatever the strings of events hold, each event is one line, and the log verifies."""
    texts = [*texts, raw.decode("utf-8", "surrogateescape"), "\r\n\x1b\u2028\x00\ud800"]
    events = [
        event
        for text in texts
        for event in (
            verdict(text, sender=text, recipients=(text, text), message_id=text, findings=(finding(text, text),)),
            outcome(text, reply=text),
        )
    ]
    lines = chained(list(events))
    assert all(line.count(b"\n") == 1 and len(line.decode("utf-8").splitlines()) == 1 for line in lines)
    assert bad(lines, cuts=()) == []


def test_ten_thousand_mutations_are_all_found() -> None:
    """Edits, deletions, insertions, swaps, records made anew: 100 % found, the first bad record named."""
    dice = random.Random(11)
    for _ in range(10_000):
        lines = list(LINES)
        expected = _mutate(lines, dice)
        found = _problems(lines)
        assert found, "a mutation was not found"
        assert found[0] == expected


def test_a_thousand_clean_logs_raise_no_alarm() -> None:
    """Logs of any length, with pieces of all kinds, verify."""
    dice = random.Random(12)
    for number in range(1000):
        name = f"s{number}"
        assert _problems(clean_stream(dice.randint(1, 12), name), name) == []


def _mutate(lines: list[bytes], dice: random.Random) -> int:
    """Do one thing to the lines; the record it must be found at."""
    place = dice.randrange(COUNT - 1)
    match dice.randrange(6):
        case 0:
            line, offset = lines[place], dice.randrange(len(lines[place]) - 1)
            flipped = line[offset] ^ (1 << dice.randrange(8))
            lines[place] = line[:offset] + bytes([flipped]) + line[offset + 1 :]
        case 1:
            del lines[place]
        case 2:
            lines.insert(place, b'{"forged":true}\n')
        case 3:
            other = dice.randrange(place + 1, COUNT)
            lines[place], lines[other] = lines[other], lines[place]
        case 4:
            before = read(lines[place].rstrip(b"\n"))
            assert before
            after = Head(seq=place, hash=before.prev)
            lines[place], _ = forge(b'{"event.action":"outcome"}', stream="s", after=after)
        case _:
            lines[place] = lines[place].replace(b'"m', b'"n', 1)
    return place + 1


def _problems(lines: list[bytes], stream: str = "s") -> list[int]:
    """Records that are named, for lines read as a file is read."""
    pieces = b"".join(lines).split(b"\n")[:-1]
    numbered = [Line(file="f", number=number, data=data) for number, data in enumerate(pieces, start=1)]
    return [step.problem.seq for step in check(numbered, after=genesis(stream), stream=stream) if step.problem]
