"""The chain names the first bad record and what is wrong with it."""

import pytest

from gateway.audit.chain import Line, Problem, check, forge, genesis, read
from tests.audit.samples import clean_stream


def problems(lines: list[bytes], stream: str = "s", *, whole: bool = True) -> list[Problem]:
    """What is wrong with these lines."""
    numbered = [
        Line(file="f", number=number, data=line.removesuffix(b"\n"), whole=line.endswith(b"\n"))
        for number, line in enumerate(lines, start=1)
    ]
    steps = check(numbered, after=genesis(stream) if whole else None, stream=stream if whole else "")
    return [step.problem for step in steps if step.problem]


def said(found: list[Problem]) -> list[tuple[int, int, str]]:
    """Line, record and kind of each problem."""
    return [(problem.line, problem.seq, problem.kind) for problem in found]


LINES = clean_stream(5)


def test_a_clean_stream_has_no_problem() -> None:
    """Nothing is said of lines as they were written."""
    assert problems(LINES) == []


def test_a_file_from_the_middle_is_believed_where_it_begins() -> None:
    """Without knowledge of what came before, the first record stands for itself."""
    assert problems(LINES[4:], whole=False) == []


def test_a_link_reads_back_as_it_was_forged() -> None:
    """Stream, place, and both hashes stand at the end of the line."""
    line, head = forge(b'{"a":1}', stream="smtp-0", after=genesis("smtp-0"))
    link = read(line.rstrip(b"\n"))
    assert link is not None
    assert ("smtp-0", 1, genesis("smtp-0").hash, head.hash, True) == (
        link.stream,
        link.seq,
        link.prev,
        link.hash,
        link.intact,
    )


@pytest.mark.parametrize("place", [0, 4, 9])
def test_an_edited_record_is_named(place: int) -> None:
    """First, middle or last: a changed value is found by the record's own hash."""
    lines = list(LINES)
    lines[place] = lines[place].replace(b"corp.example", b"corp.exbmple").replace(b'"Ok"', b'"No"')
    assert said(problems(lines)) == [(place + 1, place + 1, "edited")]


def test_an_edit_with_a_new_hash_is_named_by_the_record_after_it() -> None:
    """Making the record's own hash anew does not help: the next record was written after another one."""
    forged, _ = forge(b'{"event.action":"verdict"}', stream="s", after=genesis("s"))
    assert said(problems([forged, *LINES[1:]])) == [(1, 1, "edited")]


@pytest.mark.parametrize("place", [0, 3, 8])
def test_a_deleted_record_is_missing(place: int) -> None:
    """The gap is named by the place of the record that is gone."""
    assert said(problems(LINES[:place] + LINES[place + 1 :])) == [(place + 1, place + 1, "missing")]


def test_a_run_of_deleted_records_is_one_problem() -> None:
    """Four records gone in a row are said in one line."""
    (found,) = problems(LINES[:2] + LINES[6:])
    assert ((3, 3, "missing"), "it and the 3 after it are gone") == (said([found])[0], found.words)


@pytest.mark.parametrize("copy", [0, 4, 5, 9])
def test_an_inserted_copy_is_named(copy: int) -> None:
    """A record that stands twice is inserted at its second place, whether it is an older or a later one."""
    lines = [*LINES[:5], LINES[copy], *LINES[5:]]
    found = said(problems(lines))
    assert len(found) == 1
    assert found[0][2] == "inserted"
    assert found[0][0] == (6 if copy != 5 else 7)


def test_a_foreign_line_is_inserted() -> None:
    """A line that no record is made of, or one of another stream, is an insertion."""
    other = clean_stream(3, "other")[3]
    for foreign in (b"# hello\n", b"\n", b"{}\n", other):
        assert said(problems([*LINES[:3], foreign, *LINES[3:]])) == [(4, 4, "inserted")]


@pytest.mark.parametrize(("one", "two"), [(0, 1), (3, 4), (8, 9), (0, 9), (2, 7), (7, 9)])
def test_swapped_records_are_one_problem(one: int, two: int) -> None:
    """Two records that changed places are named once, at the first of them."""
    lines = list(LINES)
    lines[one], lines[two] = lines[two], lines[one]
    assert said(problems(lines)) == [(one + 1, one + 1, "swapped")]


def test_an_unfinished_last_line_is_torn() -> None:
    """Half a line at the end is what a crash, or a clumsy cut, leaves."""
    assert said(problems([*LINES[:9], LINES[9][:50]])) == [(10, 10, "torn")]


def test_a_stream_cannot_pass_for_another() -> None:
    """Records of a renamed stream are foreign where another is expected, from the first one."""
    found = said(problems(clean_stream(2, "other"), "s"))
    assert found[0] == (1, 1, "inserted")


def test_a_renamed_stream_with_new_hashes_needs_the_right_genesis() -> None:
    """The first record is linked to the stream's name."""
    line, _ = forge(b'{"a":1}', stream="s", after=genesis("other"))
    assert said(problems([line])) == [(1, 1, "edited")]


def test_several_problems_are_all_named_in_order() -> None:
    """After a problem the walk goes on, and finds the next."""
    lines = list(LINES)
    lines[1] = lines[1].replace(b'"Ok"', b'"No"')
    del lines[6]
    assert said(problems(lines)) == [(2, 2, "edited"), (7, 7, "missing")]
