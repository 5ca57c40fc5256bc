"""What a crash leaves is made good when the stream is opened again, and said in the log."""

import hashlib
import json
from pathlib import Path

import pytest

from gateway.audit.events import AuditEvent, StreamContinued
from gateway.audit.writer import open_stream, recover_orphans
from gateway.compliance.verify import verify
from gateway.errors import AuditUnavailable, StoreUnavailable
from tests.audit.samples import AT, chained, clean_stream, clock, mail_ids, outcome, verdict, write_stream


async def reopened(root: Path, stream: str = "s", **options: object) -> list[dict[str, object]]:
    """Open and close a stream; the records this added."""
    before = sum(path.read_bytes().count(b"\n") for path in (root / stream).glob("*.jsonl"))
    audit = await open_stream(root, stream, clock=lambda: AT, **options)  # type: ignore[arg-type]
    await audit.close()
    lines = [line for path in sorted((root / stream).glob("*.jsonl")) for line in path.read_bytes().splitlines()]
    return [json.loads(line) for line in lines[before:]]


def actions(records: list[dict[str, object]]) -> list[object]:
    """What happened, in order."""
    return [record["event.action"] for record in records]


async def test_a_clean_stream_just_goes_on(tmp_path: Path) -> None:
    """Nothing is marked and nothing completed."""
    write_stream(tmp_path, "s", [clean_stream(3)])
    added = await reopened(tmp_path)
    assert actions(added) == ["start", "stop"]
    assert (0, 0) == (added[0]["askonce.recovered"], added[0]["askonce.completed"])
    assert verify(tmp_path).ok


@pytest.mark.parametrize("kept", [1, 40, 300])
async def test_a_torn_line_gives_way_to_a_mark_that_quotes_it(tmp_path: Path, kept: int) -> None:
    """The mark has the piece's length, hash and words; verification accepts it and lists it."""
    lines = clean_stream(3)
    piece = lines[5][:kept]
    folder = write_stream(tmp_path, "s", [[*lines[:4], piece]])
    assert [problem.kind for problem in verify(tmp_path).problems] == ["torn"]
    added = await reopened(tmp_path)
    assert actions(added) == ["recovered", "start", "stop"]
    assert added[0]["askonce.torn.bytes"] == kept
    assert added[0]["askonce.torn.sha256"] == hashlib.sha256(piece).hexdigest()
    assert added[0]["askonce.torn.begin"] == piece.decode()
    report = verify(tmp_path)
    assert report.ok
    assert [(mark.line, "torn, marked" in mark.words) for mark in report.marks] == [(5, True)]
    assert (folder / "000001.jsonl").read_bytes().endswith(b"\n")


async def test_a_long_torn_piece_of_rubbish_is_marked_whole(tmp_path: Path) -> None:
    """Two megabytes of NUL, longer than their mark, go as well, and are counted."""
    write_stream(tmp_path, "s", [[*clean_stream(3), b"\0" * 2_000_000]])
    added = await reopened(tmp_path)
    assert added[0]["askonce.torn.bytes"] == 2_000_000
    assert added[0]["askonce.torn.sha256"] == hashlib.sha256(b"\0" * 2_000_000).hexdigest()
    assert verify(tmp_path).ok


async def test_a_torn_piece_stays_until_its_mark_is_durable(tmp_path: Path) -> None:
    """When the disk refuses the mark, the piece is not taken away; the next start marks what is there."""
    write_stream(tmp_path, "s", [[*clean_stream(3), b"\0" * 200_000]])

    def refuse(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with pytest.raises(AuditUnavailable):
        await open_stream(tmp_path, "s", clock=clock, sync=refuse)
    assert (tmp_path / "s" / "000001.jsonl").stat().st_size > 200_000
    added = await reopened(tmp_path)
    assert actions(added) == ["recovered", "start", "stop"]
    report = verify(tmp_path)
    assert report.ok
    assert len(report.marks) == 2  # the one that was written and not known to be durable, and that of the rest


async def test_a_verdict_without_outcome_is_completed_as_unknown(tmp_path: Path) -> None:
    """Before the start record, each open pair gets its outcome, oldest first."""
    events: list[AuditEvent] = [verdict("a"), verdict("b"), outcome("b"), verdict("c")]
    write_stream(tmp_path, "s", [chained(events)])
    added = await reopened(tmp_path)
    assert actions(added) == ["outcome", "outcome", "start", "stop"]
    assert [("a", "unknown"), ("c", "unknown")] == [
        (record["askonce.mail_id"], record["askonce.outcome"]) for record in added[:2]
    ]
    assert added[2]["askonce.completed"] == 2
    assert verify(tmp_path).open_pairs == 0
    assert actions(await reopened(tmp_path)) == ["start", "stop"]


async def test_what_the_store_knows_of_a_mail_is_its_outcome(tmp_path: Path) -> None:
    """`fate` is asked for each open pair; only without an answer is it unknown."""
    write_stream(tmp_path, "s", [chained([verdict("a"), verdict("b")])])

    async def fate(mail_id: str) -> str | None:
        return "held" if mail_id == "b" else None

    added = await reopened(tmp_path, fate=fate)
    assert [record["askonce.outcome"] for record in added[:2]] == ["unknown", "held"]


async def test_when_the_store_cannot_say_nothing_is_guessed(tmp_path: Path) -> None:
    """An error of `fate` reaches the caller; the pair is still open at the next start."""
    write_stream(tmp_path, "s", [chained([verdict("a")])])

    async def fate(mail_id: str) -> str | None:
        raise StoreUnavailable

    with pytest.raises(StoreUnavailable):
        await open_stream(tmp_path, "s", clock=clock, fate=fate)
    assert actions(await reopened(tmp_path))[0] == "outcome"


async def test_pairs_open_across_files_are_found_in_the_last_one(tmp_path: Path) -> None:
    """A further file begins with what was pending, so older ones are not read: they may be away."""
    first: list[AuditEvent] = [verdict("old"), verdict("done")]
    second: list[AuditEvent] = [
        StreamContinued(mail_id="", at=AT, pending=("old", "done")),
        outcome("done"),
        verdict("new"),
    ]
    lines = chained([*first, *second])
    folder = write_stream(tmp_path, "s", [lines[:2], lines[2:]])
    (folder / "000001.jsonl").write_bytes(b"unreadable")
    await reopened(tmp_path)
    assert mail_ids(folder, "outcome") == ["done", "old", "new"]


@pytest.mark.parametrize("rest", [b"", b'{"@timestamp":"20'])
async def test_a_crash_between_a_new_file_and_its_first_record_is_no_gap(tmp_path: Path, rest: bytes) -> None:
    """An empty or torn newest file goes on from the one before it, and begins with what is pending."""
    folder = write_stream(tmp_path, "s", [chained([verdict("a"), outcome("a"), verdict("b")]), [rest]])
    added = await reopened(tmp_path)
    expected = ["continue", *(["recovered"] if rest else []), "outcome", "start", "stop"]
    assert actions(added) == expected
    assert added[0]["askonce.pending"] == ["b"]
    assert len(list(folder.glob("*.jsonl"))) == 2
    assert verify(tmp_path).ok


async def test_thousands_of_open_pairs_are_all_completed(tmp_path: Path) -> None:
    """Nothing is lost between the survey and the log."""
    write_stream(tmp_path, "s", [chained([verdict(f"m{number}") for number in range(12_000)])])
    added = await reopened(tmp_path, fsync=False)
    assert len(added) == 12_002
    assert verify(tmp_path).open_pairs == 0


async def test_tampering_is_not_tidied_away(tmp_path: Path) -> None:
    """An edited last record, complete with its line end, stays, and stays found, after the stream goes on."""
    lines = clean_stream(3)
    lines[5] = lines[5].replace(b'"Ok"', b'"No"')
    write_stream(tmp_path, "s", [lines])
    await reopened(tmp_path)
    assert [(problem.seq, problem.kind) for problem in verify(tmp_path).problems] == [(6, "edited")]


async def test_a_copy_at_the_end_does_not_turn_the_stream_back(tmp_path: Path) -> None:
    """An old record appended again is found, and the stream goes on from its newest record."""
    lines = clean_stream(3)
    write_stream(tmp_path, "s", [[*lines, lines[1]]])
    await reopened(tmp_path)
    assert [(problem.line, problem.kind) for problem in verify(tmp_path).problems] == [(7, "inserted")]


async def test_streams_of_processes_that_are_no_more_are_completed(tmp_path: Path) -> None:
    """Orphans get their marks and outcomes; live ones, by name or by lock, are left alone."""
    for name in ("gone", "clean", "named"):
        events: list[AuditEvent] = [verdict("a"), *([outcome("a")] if name == "clean" else [])]
        write_stream(tmp_path, name, [chained(events, name)])
    with (tmp_path / "gone" / "000001.jsonl").open("ab") as file:
        file.write(b"torn")
    locked = await open_stream(tmp_path, "locked", clock=clock)
    await locked.record(verdict("x"))
    (tmp_path / "empty").mkdir()
    assert await recover_orphans(tmp_path, {"named"}, clock=clock) == ("gone",)
    assert mail_ids(tmp_path / "gone", "outcome") == ["a"]
    assert mail_ids(tmp_path / "named", "outcome") == mail_ids(tmp_path / "locked", "outcome") == []
    await locked.close()
    report = verify(tmp_path)
    assert report.ok
    assert len(report.marks) == 1
    assert await recover_orphans(tmp_path / "none", (), clock=clock) == ()


async def test_the_newest_record_is_found_above_rubbish(tmp_path: Path) -> None:
    """Lines of rubbish at the end are found by verifying, and the stream goes on from its newest record."""
    write_stream(tmp_path, "s", [[*clean_stream(30), *[b"rubbish\n"] * 100]])
    added = await reopened(tmp_path)
    assert str(added[0]["event.id"]) == "s:61"
    assert verify(tmp_path).problems[0].seq == 61
