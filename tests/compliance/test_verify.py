"""Verification of files, streams and the whole log, in plain words."""

import tracemalloc
from pathlib import Path

import pytest

from gateway.audit.chain import Head, forge, genesis
from gateway.audit.events import AuditEvent
from gateway.compliance.report import PROBLEMS_KEPT
from gateway.compliance.verify import verify
from tests.audit.samples import chained, clean_stream, outcome, verdict, write_stream

LINES = clean_stream(30)
FILES = [LINES[:20], LINES[20:40], LINES[40:]]


def test_a_clean_log_is_counted(tmp_path: Path) -> None:
    """Records, streams, files, time range, heads; nothing wrong."""
    write_stream(tmp_path, "s", FILES)
    write_stream(tmp_path, "t", [clean_stream(2, "t")])
    report = verify(tmp_path)
    assert report.ok
    assert (64, 0, ()) == (report.records, report.open_pairs, report.marks)
    assert [("s", 3, 60), ("t", 1, 4)] == [(one.name, one.files, one.records) for one in report.streams]
    assert report.first_at == report.last_at == "2026-03-03T09:00:00.123456Z"
    assert {"s": 60, "t": 4} == {name: head.seq for name, head in report.heads.items()}


def test_a_stream_and_a_single_file_can_be_verified_too(tmp_path: Path) -> None:
    """A folder is a stream from its start; a file from the middle is believed where it begins."""
    folder = write_stream(tmp_path, "s", FILES)
    assert verify(folder).records == 60
    for path in folder.iterdir():
        assert verify(path).ok
        assert verify(path).records == 20


@pytest.mark.parametrize("gone", [1, 2])
def test_a_missing_file_at_the_start_or_in_between_is_found(tmp_path: Path, gone: int) -> None:
    """The records that were in it are missing, named by the first of them."""
    folder = write_stream(tmp_path, "s", FILES)
    (folder / f"{gone:06d}.jsonl").unlink()
    (problem,) = verify(tmp_path).problems
    assert (20 * gone - 19, "missing", "it and the 19 after it are gone") == (problem.seq, problem.kind, problem.words)
    assert problem.file == str(folder / f"{gone + 1:06d}.jsonl")


def test_the_first_bad_record_is_named_with_file_and_line(tmp_path: Path) -> None:
    """Where it stands, which record it is, and what is wrong: in one line."""
    lines = list(LINES)
    lines[24] = lines[24].replace(b"4096", b"4097")
    folder = write_stream(tmp_path, "s", [lines[:20], lines[20:]])
    report = verify(tmp_path)
    assert not report.ok
    expected = f"{folder}/000002.jsonl:5: record s:25 edited: its bytes are not those it was written with"
    assert [expected] == [str(problem) for problem in report.problems]


def test_a_tail_cut_at_a_border_needs_the_head_that_was_kept(tmp_path: Path) -> None:
    """Without knowledge from outside it is not found, with the head of an earlier report it is."""
    folder = write_stream(tmp_path, "s", FILES)
    heads = verify(tmp_path).heads
    assert verify(tmp_path, expect=heads).ok
    (folder / "000003.jsonl").unlink()
    assert verify(tmp_path).ok
    (problem,) = verify(tmp_path, expect=heads).problems
    assert (41, "cut") == (problem.seq, problem.kind)
    assert "ends at record 40; it went on to 60" in problem.words


def test_a_tail_written_anew_needs_the_head_that_was_kept(tmp_path: Path) -> None:
    """Whoever makes all hashes new from some record on is found by the head of an earlier report."""
    folder = write_stream(tmp_path, "s", FILES)
    heads = verify(tmp_path).heads
    forged = chained([verdict("x", size=1), *(outcome("x") for _ in range(39))], after=_head(LINES[19]))
    (folder / "000002.jsonl").write_bytes(b"".join(forged[:20]))
    (folder / "000003.jsonl").write_bytes(b"".join(forged[20:]))
    assert verify(tmp_path).ok
    assert [(60, "rewritten")] == [(problem.seq, problem.kind) for problem in verify(tmp_path, expect=heads).problems]


def test_a_stream_that_is_gone_is_missed_when_its_head_was_kept(tmp_path: Path) -> None:
    """A whole folder can only be missed by those who know of it."""
    write_stream(tmp_path, "s", FILES)
    report = verify(tmp_path, expect={"t": Head(seq=4, hash="0" * 64)})
    assert [("t", "missing")] == [(problem.stream, problem.kind) for problem in report.problems]


def test_one_stream_s_folder_is_not_blamed_for_the_others(tmp_path: Path) -> None:
    """Heads of all streams fit each stream alone; the whole folder and one that was emptied miss what is theirs."""
    folder = write_stream(tmp_path, "s", FILES)
    write_stream(tmp_path, "t", [clean_stream(2, "t")])
    heads = verify(tmp_path).heads
    assert verify(folder, expect=heads).ok
    for path in folder.iterdir():
        path.unlink()
    for place in (folder, tmp_path):
        assert [("s", "missing")] == [(one.stream, one.kind) for one in verify(place, expect=heads).problems]


def test_an_end_is_proved_only_by_a_head_that_was_kept(tmp_path: Path) -> None:
    """A report says whether each of its streams was held against such a head; one file alone cannot be."""
    folder = write_stream(tmp_path, "s", FILES)
    write_stream(tmp_path, "t", [clean_stream(2, "t")])
    heads = verify(tmp_path).heads
    assert not verify(tmp_path).anchored
    assert not verify(tmp_path, expect={"s": heads["s"]}).anchored
    assert not verify(folder / "000003.jsonl", expect=heads).anchored
    assert verify(tmp_path, expect=heads).anchored
    assert verify(folder, expect=heads).anchored


def test_a_link_to_nowhere_is_a_problem(tmp_path: Path) -> None:
    """A file that cannot be opened is named; nothing is raised."""
    folder = write_stream(tmp_path, "s", FILES)
    link = folder / "000004.jsonl"
    link.symlink_to(tmp_path / "nowhere")
    (problem,) = verify(tmp_path).problems
    assert (str(link), "unreadable", "No such file or directory") == (problem.file, problem.kind, problem.words)


def test_a_stream_that_grew_still_has_the_head_that_was_kept(tmp_path: Path) -> None:
    """The noted record stands in the middle now."""
    write_stream(tmp_path, "s", FILES)
    assert verify(tmp_path, expect={"s": _head(LINES[29])}).ok


def test_one_stream_cannot_stand_in_for_another(tmp_path: Path) -> None:
    """A folder that holds another stream's records is found."""
    write_stream(tmp_path, "s", [clean_stream(2, "other")])
    assert verify(tmp_path).problems[0].kind == "inserted"


def test_verdicts_without_outcome_are_counted(tmp_path: Path) -> None:
    """Pairs count across files; an outcome alone is no pair."""
    events: list[AuditEvent] = [verdict("a"), verdict("b"), outcome("a"), outcome("z"), verdict("c")]
    lines = chained(events)
    write_stream(tmp_path, "s", [lines[:2], lines[2:]])
    assert verify(tmp_path).open_pairs == 2


def test_a_line_made_by_hand_with_a_right_hash_is_no_record(tmp_path: Path) -> None:
    """Rubbish that hashes well is a problem, not an exception."""
    lines, head = list(LINES), _head(LINES[-1])
    for body in (b'{"a":}', b'["a"]', b'{"event.action":"continue","askonce.pending":7}'):
        line, head = forge(body, stream="s", after=head)
        lines.append(line)
    write_stream(tmp_path, "s", [lines])
    assert [(61, "unreadable"), (62, "unreadable")] == [
        (problem.seq, problem.kind) for problem in verify(tmp_path).problems
    ]


@pytest.mark.parametrize("rubbish", [b"\0" * 100_000, b"\n" * 5000, bytes(range(256)) * 40, b"x" * 3_000_000])
def test_rubbish_is_a_problem_and_never_an_exception(tmp_path: Path, rubbish: bytes) -> None:
    """Whatever stands in a file, verification ends with a report."""
    folder = write_stream(tmp_path, "s", FILES)
    (folder / "000002.jsonl").write_bytes(rubbish)
    report = verify(tmp_path)
    assert report.problems[0].seq == 21
    assert len(report.problems) <= PROBLEMS_KEPT < 200


def test_nothing_to_verify_is_said(tmp_path: Path) -> None:
    """An empty folder or a wrong path is not a proof."""
    assert [problem.words for problem in verify(tmp_path).problems] == ["there are no audit files here"]
    assert not verify(tmp_path / "none").ok


def test_progress_is_told_up_to_the_end(tmp_path: Path) -> None:
    """The callback hears of bytes read and bytes in all."""
    write_stream(tmp_path, "s", [clean_stream(3000)])
    told: list[tuple[int, int]] = []
    verify(tmp_path, progress=lambda done, total: told.append((done, total)))
    assert len(told) > 2
    assert told[-1][0] == told[-1][1]
    assert told == sorted(told)


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    """A log of 10 MB is verified in less than two."""
    lines, head, number = [], genesis("s"), 0
    body = b'{"@timestamp":"2026-03-03T09:00:00Z","event.action":"opened","x":"%b"}' % (b"y" * 1000)
    while number < 9000:
        line, head = forge(body, stream="s", after=head)
        lines.append(line)
        number += 1
    write_stream(tmp_path, "s", [lines])
    del lines
    tracemalloc.start()
    try:
        assert verify(tmp_path).ok
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000


def _head(line: bytes) -> Head:
    own = line.split(b'"event.hash":"')[1][:64].decode()
    return Head(seq=int(line.split(b'"event.id":"s:')[1].split(b'"')[0]), hash=own)
