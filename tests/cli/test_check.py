"""`askonce check`: every form of mail that is read, the stable JSON, the exit codes, and hostile input."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Askonce, process

HOLD = "Please change your LinkedIn photo to our new banner by Friday. This is mandatory."
ASK = "Hi all, if you like, you are welcome to use our banner as your LinkedIn background. No need to."
CLEAN = "Hi all, the stand-up moves to 10:30 on Thursday."


def mail(text: str, *, sender: str = "hilda@acme.example", to: str = "team@acme.example", end: str = "\r\n") -> bytes:
    return end.join([f"From: {sender}", f"To: {to}", "Subject: Hello", "", text, ""]).encode()


def answers(out: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.splitlines()]


def dispositions(out: str) -> list[object]:
    return [answer["disposition"] for answer in answers(out)]


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_an_eml_is_judged_whatever_its_line_ends(askonce: Askonce, tmp_path: Path, end: str) -> None:
    """CRLF and LF are read alike; a held mail makes exit code 1."""
    (tmp_path / "draft.eml").write_bytes(mail(HOLD, end=end))

    ran = askonce("check", "--format", "json", tmp_path / "draft.eml")

    assert (1, ["hold"], "") == (ran.code, dispositions(ran.out), ran.err)


def test_the_json_form_is_stable(askonce: Askonce, tmp_path: Path) -> None:
    """The keys of an answer and of a finding are the documented ones, in order."""
    (tmp_path / "draft.eml").write_bytes(mail(HOLD))

    [answer] = answers(askonce("check", "--format", "json", tmp_path / "draft.eml").out)
    findings = answer["findings"]

    assert ["id", "disposition", "label", "labels", "findings"] == list(answer)
    assert isinstance(findings, list)
    assert findings
    assert all(["rule", "label", "favour", "sentence", "because"] == list(finding) for finding in findings)
    assert "demand" == answer["label"]
    assert any(finding["sentence"] in HOLD for finding in findings)


def test_a_mail_that_passes_ends_with_0(askonce: Askonce, tmp_path: Path) -> None:
    """Ordinary mail: relay, label other, no findings, exit 0."""
    (tmp_path / "draft.eml").write_bytes(mail(CLEAN))

    ran = askonce("check", "--format", "json", tmp_path / "draft.eml")

    assert 0 == ran.code
    assert [("relay", "other", ["other"], [])] == [
        (one["disposition"], one["label"], one["labels"], one["findings"]) for one in answers(ran.out)
    ]


def test_the_text_form_shows_sentence_and_reason(askonce: Askonce, tmp_path: Path) -> None:
    """Without --format a person reads disposition, label and the sentence."""
    (tmp_path / "draft.eml").write_bytes(mail(HOLD))

    ran = askonce("check", tmp_path / "draft.eml")

    assert ran.out.startswith("hold ")
    assert "mandatory" in ran.out


MBOX = b"".join(
    b"From hilda@acme.example Mon Jun  1 09:00:00 2026\n" + mail(text, end="\n") + b"\n"
    for text in (CLEAN, HOLD, f"{CLEAN}\n>From the office\n>>From afar")
)


def test_an_mbox_gives_each_message_in_order(askonce: Askonce, tmp_path: Path) -> None:
    """Three messages, one of them with quoted From lines that do not start a fourth."""
    (tmp_path / "archive.mbox").write_bytes(MBOX)

    ran = askonce("check", "--format", "json", tmp_path / "archive.mbox")

    assert ["relay", "hold", "relay"] == dispositions(ran.out)
    assert [f"{tmp_path}/archive.mbox#{number}" for number in (1, 2, 3)] == [one["id"] for one in answers(ran.out)]


def test_a_maildir_gives_cur_and_new(askonce: Askonce, tmp_path: Path) -> None:
    """Read and unread messages are judged, a half-written one in tmp is not."""
    for part, text in (("cur", HOLD), ("new", CLEAN), ("tmp", HOLD)):
        (tmp_path / part).mkdir()
        (tmp_path / part / f"1.{part}").write_bytes(mail(text, end="\n"))

    assert ["hold", "relay"] == dispositions(askonce("check", "--format", "json", tmp_path).out)


def test_a_folder_gives_its_eml_files_by_name(askonce: Askonce, tmp_path: Path) -> None:
    """Also below and in capitals; other files are left alone, and a folder named like a mail is no mail."""
    (tmp_path / "b").mkdir()
    (tmp_path / "c.eml").mkdir()
    (tmp_path / "a.EML").write_bytes(mail(CLEAN))
    (tmp_path / "b" / "x.eml").write_bytes(mail(HOLD))
    (tmp_path / "notes.txt").write_bytes(mail(HOLD))

    assert ["relay", "hold"] == dispositions(askonce("check", "--format", "json", tmp_path).out)


JSONL = "\n".join(
    json.dumps(one)
    for one in (
        {"id": "raw", "raw": mail(HOLD, end="\n").decode()},
        {"id": "no sender", "to": ["team@acme.example"], "subject": "x", "body": HOLD},
        {
            "id": "html",
            "from": "h@acme.example",
            "to": ["t@acme.example"],
            "subject": "x",
            "body": f"<p>{HOLD}",
            "html": True,
        },
        {"id": "clean", "from": "h@acme.example", "to": ["t@acme.example"], "subject": "x", "body": CLEAN},
        {"id": "named", "from": "H <h@acme.example>", "to": ["T <t@acme.example>"], "subject": "x", "body": HOLD},
    )
).encode()


def test_jsonl_gives_each_object_in_order(askonce: Askonce, tmp_path: Path) -> None:
    """Whole messages and fields, HTML, no sender, display names: each under its own id; empty lines are nothing."""
    (tmp_path / "mails.jsonl").write_bytes(JSONL.replace(b"\n", b"\n\n"))

    ran = askonce("check", "--format", "json", "--internal-domain", "acme.example", tmp_path / "mails.jsonl")

    assert [("raw", "hold"), ("no sender", "hold"), ("html", "hold"), ("clean", "relay"), ("named", "hold")] == [
        (one["id"], one["disposition"]) for one in answers(ran.out)
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (mail(HOLD), ["hold"]),
        (mail(CLEAN, end="\n"), ["relay"]),
        (MBOX, ["relay", "hold", "relay"]),
        (JSONL, ["hold", "hold", "hold", "relay", "hold"]),
        (b"\xef\xbb\xbf" + JSONL, ["hold", "hold", "hold", "relay", "hold"]),
    ],
    ids=["crlf", "lf", "mbox", "jsonl", "jsonl with a byte order mark"],
)
def test_standard_input_is_read_in_each_form(askonce: Askonce, data: bytes, expected: list[str]) -> None:
    """ "-" tells a message, an mbox and JSONL apart."""
    assert expected == dispositions(askonce("check", "--format", "json", "-", stdin=data).out)


def test_several_paths_are_answered_in_the_order_given(askonce: Askonce, tmp_path: Path) -> None:
    """The order of the arguments is the order of the answers."""
    (tmp_path / "z.eml").write_bytes(mail(HOLD))
    (tmp_path / "a.eml").write_bytes(mail(CLEAN))

    ran = askonce("check", "--format", "json", tmp_path / "z.eml", tmp_path / "a.eml")

    assert ["hold", "relay"] == dispositions(ran.out)


@pytest.mark.parametrize(
    ("sender", "to", "expected"),
    [
        ("hilda@acme.example", "team@acme.example", "hold"),
        ("hilda@acme.example", "press@other.example", "relay"),
        ("someone@other.example", "team@acme.example", "relay"),
        ("hilda@acme.example", "press@other.example, team@acme.example", "hold"),
        ("hilda@acme.example", "", "hold"),
    ],
    ids=["internal", "to outsiders", "from outside", "mixed", "a draft to nobody yet"],
)
def test_only_internal_mail_is_judged(askonce: Askonce, tmp_path: Path, sender: str, to: str, expected: str) -> None:
    """With --internal-domain, mail from or to outsiders only is relayed."""
    (tmp_path / "draft.eml").write_bytes(mail(HOLD, sender=sender, to=to))

    ran = askonce("check", "--format", "json", "--internal-domain", "acme.example", tmp_path / "draft.eml")

    assert [expected] == dispositions(ran.out)


def test_never_ask_holds_a_first_ask(askonce: Askonce, tmp_path: Path) -> None:
    """The same mail: advise under ask-once (no artwork), hold under never-ask by name and by folder."""
    (tmp_path / "draft.eml").write_bytes(mail(ASK))
    folder = Path(__file__).parents[2] / "policies" / "never-ask"

    found = [
        dispositions(askonce("check", "--format", "json", *flags, tmp_path / "draft.eml").out)
        for flags in ((), ("--policy", "never-ask"), ("--policy", folder))
    ]

    assert [["advise"], ["hold"], ["hold"]] == found


def test_the_directory_says_who_is_a_contractor(askonce: Askonce, tmp_path: Path) -> None:
    """A rule for working hours is fine for employees and held for a contractor."""
    people = tmp_path / "people.toml"
    people.write_text('[people."kit@acme.example"]\nemployment = "contractor"\n')
    text = "Please stay off your personal social media during working hours."
    (tmp_path / "draft.eml").write_bytes(mail(text, to="kit@acme.example"))

    found = [
        dispositions(askonce("check", "--format", "json", *flags, tmp_path / "draft.eml").out)
        for flags in ((), ("--directory", people))
    ]

    assert [["relay"], ["hold"]] == found


BAD = {
    "empty.eml": (b"", "empty.eml: nothing in it"),
    "broken.jsonl": (b'\n{"id": 1,', "broken.jsonl:2: not a mail: broken JSON at character"),
    "no_to.jsonl": (b'{"id":"a","subject":"x","body":"y"}', 'no_to.jsonl:1: not a mail: "to" is missing'),
    "no_body.jsonl": (b'{"id":"a","to":["a@b.example"]}', '"body" is missing'),
    "number.jsonl": (b'{"id":"a","raw":5}', '"raw" is no text'),
    "to_number.jsonl": (b'{"id":"a","to":5,"subject":"","body":""}', '"to" is no list of texts'),
    "list.jsonl": (b"[1]", "list.jsonl:1: not a mail: not an object"),
    "latin.jsonl": (b'{"id":"a","to":["a@b.example"],"body":"caf\xe9"}', "byte 43 is not UTF-8"),
    "surrogate.jsonl": (b'{"id":"a","to":["a@b.example"],"body":"\\ud800"}', "a lone surrogate"),
    "deep.jsonl": (b"[" * 100_000, "deep.jsonl:1: not a mail: nested too deep"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_mail_is_named_with_file_and_line(askonce: Askonce, tmp_path: Path, name: str) -> None:
    """One line on standard error, exit 2, and what was wrong in plain words."""
    data, expected = BAD[name]
    (tmp_path / name).write_bytes(data)

    ran = askonce("check", tmp_path / name)

    assert 2 == ran.code
    assert expected in ran.complaint


@pytest.mark.parametrize(
    "data",
    [bytes(range(256)) * 20, b"\x00" * 5000, b"Subject: " + b"x" * 3_000_000 + b"\n\nhello", b"\r\n\r\n\x1b[2J"],
    ids=["binary", "nul", "huge line", "escape"],
)
def test_garbage_is_judged_as_mail_without_words(askonce: Askonce, tmp_path: Path, data: bytes) -> None:
    """Whatever the bytes, an .eml gets an answer."""
    (tmp_path / "x.eml").write_bytes(data)

    ran = askonce("check", "--format", "json", tmp_path / "x.eml")

    assert (0, ["relay"], "") == (ran.code, dispositions(ran.out), ran.err)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("nowhere.eml",), "nowhere.eml: No such file or directory"),
        (("/proc/self/mem",), "/proc/self/mem: Input/output error"),
        (("-",), "-: nothing in it"),
        (("--policy", "nope", "-"), 'there is no policy pack "nope"'),
        (("--directory", "nowhere.csv", "-"), "nowhere.csv: No such file or directory"),
        (("--format", "xml", "-"), '--format xml: choose "text" or "json"'),
        (("--internal-domain", "a b", "-"), '"a b" is not a mail domain'),
        (("--nope", "-"), "askonce check --help has examples"),
        ((), "askonce check --help has examples"),
    ],
)
def test_a_wrong_call_is_one_line(askonce: Askonce, arguments: tuple[str, ...], expected: str) -> None:
    """Missing files, packs, directories and options: exit 2 and the reason."""
    ran = askonce("check", *arguments)

    assert 2 == ran.code
    assert expected in ran.complaint


def test_an_empty_folder_is_named(askonce: Askonce, tmp_path: Path) -> None:
    """A folder without mail is a mistake, not a success."""
    assert f"{tmp_path}: no mail in this folder" in askonce("check", tmp_path).complaint


def test_control_characters_of_a_mail_are_shown_not_obeyed(askonce: Askonce, tmp_path: Path) -> None:
    """An escape sequence in an id or a sentence never reaches the terminal as such."""
    line = {"id": "a\x1b[2Jb", "to": ["t@acme.example"], "subject": "x", "body": HOLD.replace("new", "\x1b]0;new\x07")}
    (tmp_path / "m.jsonl").write_text(json.dumps(line))

    ran = askonce("check", tmp_path / "m.jsonl")

    assert "\\x1b[2J" in ran.out
    assert not set("\x1b\x07") & set(ran.out)


def test_a_terminal_without_the_characters_gets_their_numbers(tmp_path: Path) -> None:
    """An ASCII terminal is no reason to fail."""
    (tmp_path / "draft.eml").write_bytes(mail(HOLD))

    ran = process("check", tmp_path / "draft.eml", environment=[("PYTHONIOENCODING", "ascii")])

    assert (1, "") == (ran.code, ran.err)
    assert "\\u201c" in ran.out


def test_a_reader_that_leaves_early_gets_no_traceback(tmp_path: Path) -> None:
    """`askonce check ... | head -1` says nothing on standard error."""
    line = json.dumps({"to": ["t@acme.example"], "subject": "x", "body": CLEAN})
    (tmp_path / "m.jsonl").write_text(f"{line}\n" * 3000)
    command = [sys.executable, "-m", "gateway.cli.main", "check", "--format", "json", str(tmp_path / "m.jsonl")]

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        said = running.stderr.read()

    assert b"" == said
    assert 2 == running.returncode
