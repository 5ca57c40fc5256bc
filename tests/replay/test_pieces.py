"""An archive in pieces: whole messages, each once, the same each time."""

from pathlib import Path

import pytest

from gateway.errors import UserError
from gateway.replay import pieces
from gateway.replay.pieces import cut, messages
from tests.replay.archives import STORY, Mail, folder, jsonl, maildir, mbox


def test_a_from_in_running_text_begins_no_message() -> None:
    """Only after a blank line, and only above a header field; line ends of either kind."""
    one = (
        b"From a@b Mon Mar  3 09:00:00 2025\nSubject: x\n\nFrom here on it rains.\nFrom now: on\n\nFrom there, no.\n\n"
    )
    assert list(messages(one + one)) == [0, len(one)]
    crlf = one.replace(b"\n", b"\r\n")
    assert list(messages(crlf + crlf)) == [0, len(crlf)]
    assert list(messages(b"nothing here")) == []


def test_a_big_file_is_cut_between_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stretches join to the whole file, begin at messages, and know their first message's number."""
    monkeypatch.setattr(pieces, "STRETCH", 3000)
    mails = tuple(Mail(number=number, body="x " * 400) for number in range(20))
    path = mbox(tmp_path / "big.mbox", mails)
    found = cut([str(path)])
    assert len(found) > 3
    assert [piece.number for piece in found] == list(range(len(found)))
    whole = path.read_bytes()
    assert b"".join(whole[piece.start : piece.end] for piece in found) == whole
    counts = [len(list(messages(whole[piece.start : piece.end]))) for piece in found]
    assert sum(counts) == 20
    assert [piece.first for piece in found] == [1 + sum(counts[:number]) for number in range(len(found))]
    assert cut([str(path)]) == found


def test_a_folder_holds_archives_of_every_kind(tmp_path: Path) -> None:
    """Maildirs with their subfolders, .eml files, mbox and JSONL files are all found; other files are not mail."""
    maildir(tmp_path / "box")
    maildir(tmp_path / "box" / ".Sent")
    folder(tmp_path / "single")
    mbox(tmp_path / "Inbox")
    jsonl(tmp_path / "rows.jsonl")
    (tmp_path / "notes.txt").write_text("no mail")
    found = cut([str(tmp_path)])
    assert sorted(piece.form for piece in found) == ["files", "jsonl", "mbox"]
    assert len(next(piece for piece in found if piece.form == "files").files) == 3 * len(STORY)


@pytest.mark.parametrize("name", ["nothing", "empty.mbox", "empty"])
def test_no_mail_is_told(tmp_path: Path, name: str) -> None:
    """A path that is not there, an empty file and an empty folder are named."""
    (tmp_path / "empty.mbox").write_text("")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=name):
        cut([str(tmp_path / name)])
