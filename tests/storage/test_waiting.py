"""The file that says whose mail is held."""

from pathlib import Path

from gateway.storage.waiting import WaitingFile


def test_what_the_office_writes_every_process_sees(tmp_path: Path) -> None:
    """Another reader of the file knows at once who waits, and who no longer does."""
    office, edge = WaitingFile(tmp_path / "waiting"), WaitingFile(tmp_path / "waiting")
    assert "mira@corp.example" not in edge
    office.publish({"mira@corp.example", "j\udcffrg\n@corp.example"})
    assert "mira@corp.example" in edge
    assert "j\udcffrg\n@corp.example" in edge
    office.publish(set())
    assert "mira@corp.example" not in edge
    assert "" not in edge


def test_a_process_knows_its_own_holds_before_the_office_does(tmp_path: Path) -> None:
    """From the hold on, until the next file is there."""
    office, edge = WaitingFile(tmp_path / "waiting"), WaitingFile(tmp_path / "waiting")
    edge.add("mira@corp.example")
    assert "mira@corp.example" in edge
    office.publish({"omar@corp.example"})
    assert "mira@corp.example" not in edge


def test_nothing_is_written_when_nothing_changed(tmp_path: Path) -> None:
    """The same senders leave the file as it is; it is readable for us alone."""
    office = WaitingFile(tmp_path / "waiting")
    office.publish({"mira@corp.example"})
    before = (tmp_path / "waiting").stat()
    office.publish({"mira@corp.example"})
    assert before.st_ino == (tmp_path / "waiting").stat().st_ino
    assert 0o600 == before.st_mode & 0o777
    assert ["waiting"] == [path.name for path in tmp_path.iterdir()]


def test_a_file_that_is_none_says_nothing(tmp_path: Path) -> None:
    """Garbage or a missing file: nobody is known to wait, and nothing fails."""
    (tmp_path / "waiting").write_bytes(b"\xff\xfe\x80")
    assert "mira@corp.example" not in WaitingFile(tmp_path / "waiting")
