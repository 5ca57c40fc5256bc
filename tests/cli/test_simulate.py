"""`askonce simulate`: scenarios with memory, their steps, the stable JSON, and broken files."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Askonce

PEOPLE = {"people": {name: {"employment": "employee"} for name in ("ann@fern.example", "hilda@fern.example")}}
FIRST = "Hi, if you like, you are welcome to use our banner as your LinkedIn background. No need to."
AGAIN = "Hello, would anyone enjoy a picture of our ferns behind their photo on LinkedIn? Entirely as you please."
PUSHY = "Please change your LinkedIn banner to ours. This is mandatory for everyone."


def sent(at: str, body: str, **more: Any) -> dict[str, Any]:
    fields = {"at": f"2026-03-{at}T09:00:00Z", "from": "hilda@fern.example", "to": ["ann@fern.example"]}
    return {**fields, "message_id": f"<{at}@fern.example>", "subject": "x", "body": body, **more}


def step(at: str, what: str, of: str) -> dict[str, Any]:
    return {"at": f"2026-03-{at}T10:00:00Z", what: f"<{of}@fern.example>"}


ART = {"attachments": ["artwork.png"]}


def play(askonce: Askonce, folder: Path, *mails: dict[str, Any], mode: str = "ask-once") -> list[str]:
    """The outcomes of one scenario."""
    file = folder / "scenario.jsonl"
    file.write_text(json.dumps({"id": "s", "mode": mode, "directory": PEOPLE, "mails": mails}))
    ran = askonce("simulate", "--format", "json", file)
    assert "" == ran.err
    return [json.loads(line)["outcome"] for line in ran.out.splitlines()]


def test_each_mail_is_one_object_with_the_stable_keys(askonce: Askonce, tmp_path: Path) -> None:
    """Steps are no mails: they get no object, and the index is the place in the scenario."""
    file = tmp_path / "scenario.jsonl"
    mails = [sent("01", PUSHY, expect="hold"), step("02", "withdraw", "01"), sent("03", FIRST, **ART)]
    file.write_text(json.dumps({"id": "s", "mode": "ask-once", "directory": PEOPLE, "mails": mails}))

    ran = askonce("simulate", "--format", "json", file)
    first, second = (json.loads(line) for line in ran.out.splitlines())

    assert 0 == ran.code
    assert ["scenario", "index", "message_id", "outcome", "expect", "label", "why"] == list(first)
    assert ("s", 0, "<01@fern.example>", "hold", "hold", "demand") == tuple(first.values())[:6]
    assert (2, "relay", "", "first-ask") == (second["index"], second["outcome"], second["expect"], second["label"])


def test_a_mismatch_ends_with_1_and_is_shown(askonce: Askonce, tmp_path: Path) -> None:
    """What was expected stands beside what happened."""
    file = tmp_path / "scenario.jsonl"
    file.write_text(json.dumps({"id": "s", "directory": PEOPLE, "mails": [sent("01", PUSHY, expect="relay")]}))

    ran = askonce("simulate", file)

    assert 1 == ran.code
    assert "NOT AS EXPECTED hold (expected relay)" in ran.out
    assert "1 mails played, 1 not as expected" in ran.out


def test_a_delivered_ask_counts(askonce: Askonce, tmp_path: Path) -> None:
    """The second ask of the same people is held, though its words say nothing of the first."""
    assert ["relay", "hold"] == play(askonce, tmp_path, sent("01", FIRST, **ART), sent("05", AGAIN, **ART))


def test_a_held_ask_never_counts(askonce: Askonce, tmp_path: Path) -> None:
    """Held and left so: the next ask is the first."""
    assert ["hold", "relay"] == play(askonce, tmp_path, sent("01", PUSHY, **ART), sent("05", AGAIN, **ART))


def test_a_withdrawn_ask_never_counts(askonce: Askonce, tmp_path: Path) -> None:
    """Held and withdrawn: the next ask is the first."""
    mails = sent("01", PUSHY, **ART), step("02", "withdraw", "01"), sent("05", AGAIN, **ART)

    assert ["hold", "relay"] == play(askonce, tmp_path, *mails)


def test_a_released_ask_counts_as_delivered(askonce: Askonce, tmp_path: Path) -> None:
    """Held and released: from then on the people have been asked."""
    mails = sent("01", PUSHY, **ART), step("02", "release", "01"), sent("05", AGAIN, **ART)

    assert ["hold", "hold"] == play(askonce, tmp_path, *mails)


def test_an_attachment_is_artwork(askonce: Askonce, tmp_path: Path) -> None:
    """Without it the sender gets advice."""
    assert ["advise"] == play(askonce, tmp_path, sent("01", FIRST))
    assert ["relay"] == play(askonce, tmp_path, sent("01", FIRST, **ART))


def test_html_is_read_as_a_reader_sees_it(askonce: Askonce, tmp_path: Path) -> None:
    """Tags do not hide words."""
    body = PUSHY.replace("mandatory", "man<b>dat</b>ory").replace("LinkedIn", "Linked<i>In</i>")

    assert ["hold"] == play(askonce, tmp_path, sent("01", body, html=True))


def test_the_mode_picks_the_pack(askonce: Askonce, tmp_path: Path) -> None:
    """Under never-ask a first ask is held."""
    assert ["hold"] == play(askonce, tmp_path, sent("01", FIRST, **ART), mode="never-ask")


def test_memory_ends_with_its_scenario(askonce: Askonce, tmp_path: Path) -> None:
    """Two scenarios with the same people do not know of each other."""
    one = json.dumps({"id": "s", "directory": PEOPLE, "mails": [sent("01", FIRST, **ART)]})
    (tmp_path / "two.jsonl").write_text(f"{one}\n\n{one}\n")

    ran = askonce("simulate", "--format", "json", tmp_path / "two.jsonl")

    assert ["relay", "relay"] == [json.loads(line)["outcome"] for line in ran.out.splitlines()]


def scenario(**fields: Any) -> bytes:
    return json.dumps({"id": "s", "directory": PEOPLE, "mails": [], **fields}).encode()


def without(key: str) -> bytes:
    return scenario(
        mails=[sent("01", FIRST), {name: value for name, value in sent("02", FIRST).items() if name != key}]
    )


BAD = {
    "empty": (b"\n", "nothing in it"),
    "not utf-8": (b"\xff\xfe", "byte 1 is not UTF-8"),
    "broken json": (scenario() + b"\n{", ":2: not a scenario: broken JSON"),
    "too deep": (b"[" * 100_000, ":1: not a scenario: broken JSON"),
    "a list": (b"[]", ':1: not a scenario: an object with a list "mails" is wanted'),
    "no mails": (b'{"id":"s"}', 'an object with a list "mails" is wanted'),
    "a mail that is none": (scenario(mails=[5]), "mails[0]: no object"),
    "no time": (without("at"), 'mails[1]: "at" is missing'),
    "no sender": (without("from"), 'mails[1]: "from" is missing'),
    "nobody": (without("to"), 'mails[1]: "to" is missing'),
    "no body": (without("body"), 'mails[1]: "body" is missing'),
    "odd time": (scenario(mails=[{**sent("01", FIRST), "at": "soon"}]), 'mails[0]: "at" is no time: soon'),
    "odd recipients": (scenario(mails=[{**sent("01", FIRST), "to": [5]}]), 'mails[0]: "to" is no list of texts'),
    "unknown pack": (scenario(mode="nope"), ':1: there is no policy pack "nope"'),
    "odd directory": (scenario(directory=[]), ':1: not a scenario: "directory" is no object'),
    "odd people": (scenario(directory={"people": [1]}), ":1: a field has a wrong form"),
    "odd memory": (scenario(memory={"window_days": 0}), "memory.window_days"),
    "a step into nothing": (
        scenario(mails=[step("01", "release", "99")]),
        ":1: nothing is held under <99@fern.example>",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_broken_scenario_is_named_by_line(askonce: Askonce, tmp_path: Path, name: str) -> None:
    """One line with file, line and what is wrong there; exit 2."""
    data, expected = BAD[name]
    (tmp_path / "bad.jsonl").write_bytes(data)

    ran = askonce("simulate", tmp_path / "bad.jsonl")

    assert 2 == ran.code
    assert ran.complaint.startswith(str(tmp_path / "bad.jsonl"))
    assert expected in ran.complaint


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("nowhere.jsonl",), "nowhere.jsonl: No such file or directory"),
        (("/",), "/: Is a directory"),
        (("--format", "xml", "x"), "--format xml"),
        ((), "askonce simulate --help has examples"),
    ],
)
def test_a_wrong_call_is_one_line(askonce: Askonce, arguments: tuple[str, ...], expected: str) -> None:
    """Exit 2 and the reason."""
    ran = askonce("simulate", *arguments)

    assert 2 == ran.code
    assert expected in ran.complaint
