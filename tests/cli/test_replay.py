"""`askonce replay` as IT meets it: every kind of archive, killed and resumed, two policies, one page."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.replay import pieces
from tests.cli.conftest import Askonce
from tests.replay.archives import ASK, DEMAND, LUNCH, STORY, Mail, folder, jsonl, maildir, mbox

DOMAIN = ("--internal-domain", "north.example")
KINDS = {"mbox": mbox, "maildir": maildir, "folder": folder, "rows.jsonl": jsonl}


def play(askonce: Askonce, place: Path, *archives: object, **options: str) -> dict[str, Any]:
    """The figures of a replay."""
    more = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    ran = askonce("replay", *archives, "--report", place, "--jobs", 1, *DOMAIN, *more)
    assert 0 == ran.code, ran.err
    found: dict[str, Any] = json.loads(place.with_suffix(".json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_archive_gives_the_same_figures(askonce: Askonce, tmp_path: Path, kind: str) -> None:
    """Five mails in any order: the first ask passes, the one ten days later is a repeat by memory, a demand is held,
    what goes to outsiders is not judged."""
    archive = KINDS[kind](tmp_path / kind)

    found = play(askonce, tmp_path / "report.html", archive)

    assert (found["mails"], found["judged"], found["outside"], found["copies"]) == (5, 4, 1, 0)
    policy = found["policies"][0]
    assert policy["dispositions"] == {"hold": 2, "relay": 2}
    assert (policy["asks"], policy["repeats_by_memory_alone"]) == (1, 1)
    assert policy["rules"]["asked-before"]["stops"] == 1
    assert policy["weeks"] == {"2025-03-17": {"repeat-ask": 1}, "2025-03-31": {"demand": 1}}
    assert not (tmp_path / "report.html.state").exists()


def test_copies_count_once_and_hidden_recipients_are_remembered(askonce: Askonce, tmp_path: Path) -> None:
    """A mail in two mailboxes and in the sender's sent folder is one; who was in Bcc there was asked too."""
    inbox = (Mail(number=1, body=ASK, to=("dana.reyes@north.example",)),)
    sent = (Mail(number=1, body=ASK, to=("dana.reyes@north.example",), bcc=("omar@north.example",), received=False),)
    later = (Mail(number=2, day=9, body=ASK.replace("new", "newest"), to=("omar@north.example",)),)
    maildir(tmp_path / "dana", inbox)
    maildir(tmp_path / "omar", inbox + later)
    maildir(tmp_path / "mira", sent)

    found = play(askonce, tmp_path / "report.html", tmp_path / "dana", tmp_path / "omar", tmp_path / "mira")

    assert (found["mails"], found["copies"], found["judged"]) == (4, 2, 2)
    assert found["policies"][0]["repeats_by_memory_alone"] == 1


def test_odd_times_are_put_right_and_told(askonce: Askonce, tmp_path: Path) -> None:
    """A Date of 1970 gives way to Received, one that is missing to the mbox's own line; the order is the true one."""
    mails = (
        Mail(number=1, day=20, body=ASK, date="Thu, 01 Jan 1970 00:00:00 +0000"),
        Mail(number=2, day=10, body=ASK.replace("new", "other"), date="none", received=False),
        Mail(number=3, day=0, body=LUNCH),
    )

    found = play(askonce, tmp_path / "report.html", mbox(tmp_path / "mails", mails))

    assert found["clocks"] == {"archive": 1, "date": 1, "received": 1}
    assert (found["first"], found["last"]) == ("2025-03-03", "2025-03-23")
    assert [one["day"] for one in found["policies"][0]["samples"]["asked-before"]] == ["2025-03-23"]


def test_two_policies_are_compared(askonce: Askonce, tmp_path: Path) -> None:
    """Where they part is counted and shown: never-ask holds the first ask too."""
    found = play(askonce, tmp_path / "report.html", mbox(tmp_path / "mails"), policy="ask-once", against="never-ask")

    assert [one["dispositions"]["hold"] for one in found["policies"]] == [2, 3]
    assert [(one["first"], one["second"], one["mails"]) for one in found["difference"]] == [("relay", "hold", 1)]
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "Where the two differ" in page
    assert "relay under ask-once, hold under never-ask" in page


def test_the_report_needs_nothing_and_names_nobody(askonce: Askonce, tmp_path: Path) -> None:
    """No address to load from, no script; no name or address of a person in it or in the JSON beside it; what is in
    a mail cannot become part of the page."""
    hostile = Mail(
        number=9, day=3, body=f"{DEMAND} <script>alert(1)</script> Ask Mira Holt or dana.reyes@north.example."
    )
    found = play(askonce, tmp_path / "report.html", mbox(tmp_path / "mails", (*STORY, hostile)))

    page = (tmp_path / "report.html").read_text("utf-8")
    assert found["policies"][0]["dispositions"]["hold"] == 3
    assert not re.search(r"<(script|link|img|iframe|object)\b|\b(src|href)=|@import|url\(", page)
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    for text in (page, json.dumps(found)):
        assert not re.search(r"mira|holt|dana|reyes|north\.example", text, re.IGNORECASE)
    assert (tmp_path / "report.html").stat().st_mode & 0o777 == 0o600


def test_a_mail_that_cannot_be_read_is_counted_and_named(askonce: Askonce, tmp_path: Path) -> None:
    """One broken line of a JSONL file does not end the replay."""
    archive = jsonl(tmp_path / "rows.jsonl")
    with archive.open("a") as file:
        file.write("{broken\n")

    found = play(askonce, tmp_path / "report.html", archive)

    assert (found["mails"], found["unread"]) == (5, 1)
    assert found["unread_first"][0].endswith("rows.jsonl:6")


def test_the_settings_of_a_site_count(askonce: Askonce, tmp_path: Path) -> None:
    """Modes, exceptions and the directory come from the file; a site that only monitors is shown what would be held."""
    (tmp_path / "exceptions.toml").write_text(
        '[[exception]]\nid = "mira"\nreason = "r"\nexpires = 2025-03-25\nrules = ["asked-before"]\n'
        'addresses = ["mira.holt@north.example"]\n'
    )
    (tmp_path / "gateway.toml").write_text(
        '[policy]\nmode = "monitor"\nexceptions = "exceptions.toml"\n[policy.modes]\ndemand = "tag"\n'
        "[memory]\nwindow_days = 100\n"
    )

    found = play(askonce, tmp_path / "report.html", mbox(tmp_path / "mails"), config=str(tmp_path / "gateway.toml"))

    policy = found["policies"][0]
    assert policy["exceptions"] == {"mira": 1}
    assert policy["watched"] == {"demand": 1}
    assert "hold" not in policy["dispositions"]


def test_a_folder_that_cannot_be_written_is_told_first(askonce: Askonce, tmp_path: Path) -> None:
    """One line, exit 2, before anything is judged."""
    ran = askonce("replay", mbox(tmp_path / "mails"), "--report", tmp_path / "none" / "report.html")

    assert 2 == ran.code
    assert "nothing can be written there" in ran.complaint


def test_the_state_of_another_replay_is_refused(askonce: Askonce, tmp_path: Path) -> None:
    """The archive differs: one line that says so; --fresh begins anew; a file that is no state is left alone."""
    report = tmp_path / "report.html"
    state = tmp_path / "report.html.state"
    state.write_text('{"plan": "x", "began": "2026-01-01T00:00:00+00:00", "key": "00"}\n')

    ran = askonce("replay", mbox(tmp_path / "mails"), "--report", report, *DOMAIN)
    assert 2 == ran.code
    assert "state of another replay" in ran.complaint
    state.write_text("my notes")
    assert "not the state of a replay" in askonce("replay", tmp_path / "mails", "--report", report, *DOMAIN).complaint
    assert state.read_text() == "my notes"
    assert 0 == askonce("replay", tmp_path / "mails", "--report", report, "--jobs", 1, "--fresh", *DOMAIN).code


SLOW = """
import sys, time
from gateway.replay import judging, pieces
pieces.STRETCH = 2000
whole = judging.Judge.__call__
def slowly(self, piece):
    answer = whole(self, piece)
    print("piece", piece.number, flush=True)
    time.sleep(float(sys.argv[1]))
    return answer
judging.Judge.__call__ = slowly
from gateway.cli.main import run
sys.exit(run(sys.argv[2:]))
"""


def test_killed_and_started_again_it_gives_the_same_report(
    askonce: Askonce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kill -9 in the middle; the second run judges only what is left, and figures and page are those of a run that was
    never stopped, but for the pseudonyms' key."""
    bodies = (DEMAND, ASK, LUNCH)
    mails = tuple(Mail(number=number, day=number, body=f"{bodies[number % 3]} {'x ' * 300}") for number in range(24))
    archive, report = mbox(tmp_path / "mails", mails), tmp_path / "report.html"
    command = ["replay", str(archive), "--report", str(report), "--jobs", "1", *DOMAIN]

    first = subprocess.Popen([sys.executable, "-c", SLOW, "0.5", *command], stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    for _ in range(3):
        assert first.stdout.readline().startswith("piece")
    first.kill()
    first.wait()
    first.stdout.close()
    state = tmp_path / "report.html.state"
    done = state.read_bytes().count(b'"piece"')
    assert done >= 2
    assert not report.exists()
    with state.open("ab") as file:
        file.write(b'{"piece": 7, "seen": [[')  # a line that the crash tore
    kept = tmp_path / "kept.state"
    shutil.copy(state, kept)

    second = subprocess.run([sys.executable, "-c", SLOW, "0", *command], capture_output=True, text=True, timeout=120)
    assert second.returncode == 0, second.stderr
    monkeypatch.setattr(pieces, "STRETCH", 2000)
    total = len(pieces.cut([str(archive)]))
    assert second.stdout.count("piece ") == total - done
    assert not state.exists()

    whole = tmp_path / "whole"
    whole.mkdir()
    header = kept.read_bytes().split(b"\n")[0]
    (whole / "report.html.state").write_bytes(header + b"\n")
    assert 0 == askonce(*[word.replace(str(report), str(whole / "report.html")) for word in command]).code
    for name in ("report.html", "report.json"):
        assert (tmp_path / name).read_bytes() == (whole / name).read_bytes()


def test_several_processes_give_the_same_report(askonce: Askonce, tmp_path: Path) -> None:
    """Pieces come back in any order; the figures do not change."""
    archives = [maildir(tmp_path / "box"), jsonl(tmp_path / "rows.jsonl"), mbox(tmp_path / "mails")]
    reports = []
    for jobs in (1, 3):
        report = tmp_path / f"{jobs}.html"
        assert 0 == askonce("replay", *archives, "--report", report, "--jobs", jobs, *DOMAIN).code
        found = json.loads(report.with_suffix(".json").read_text("utf-8"))
        found["policies"][0].pop("samples")  # pseudonyms differ from report to report
        reports.append(found)
    assert reports[0] == reports[1]
    assert reports[0]["mails"] == 15
