"""How a pack is measured: rates, intervals, evidence, and what stays locked."""

import json
from pathlib import Path

import pytest

from gateway.errors import UserError
from gateway.policy.cases import Case, files_of, read_cases
from gateway.policy.labels import Label
from gateway.policy.scoring import Judged, Rate, confusion, groups, judged, overlaps, score
from tests.policy.reading_cases import pack


def one(label: str, found: str, *, due: bool, held: bool, pointed: bool | None = None, language: str = "en") -> Judged:
    """A case as judged."""
    return Judged(
        id="x",
        split="open",
        batch="b",
        language=language,
        label=Label(label),
        found=Label(found),
        due=due,
        held=held,
        pointed=pointed,
    )


CASES = [
    one("demand", "demand", due=True, held=True, pointed=True),
    one("demand", "call-out", due=True, held=True, pointed=False),
    one("demand", "other", due=True, held=False, language="de"),
    one("other", "demand", due=False, held=True),
    one("first-ask", "first-ask", due=False, held=False),
    one("first-ask", "other", due=False, held=False),
]


def test_rates_count_what_they_say() -> None:
    """Precision over what was held, recall over what was due, labels over all, asks over first asks."""
    found = score("all", CASES)
    counts = {name: (rate.right, rate.total) for name, rate in found.rates()}
    assert counts == {"precision": (2, 3), "recall": (2, 3), "labels": (2, 6), "asks": (1, 2), "evidence": (1, 2)}


def test_groups_and_confusion_add_up() -> None:
    """Each group has its own rates, and the confusion counts every case once."""
    assert [(group.name, group.mails) for group in groups(CASES, "language")] == [
        ("language de", 1),
        ("language en", 5),
    ]
    assert sum(confusion(CASES).values()) == len(CASES)
    assert confusion(CASES)[Label.DEMAND, Label.CALL_OUT] == 1


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (0, 0, 0.0, 1.0)],
)
def test_the_interval_is_wilsons(right: int, total: int, low: float, high: float) -> None:
    """Known values of the score interval without continuity correction."""
    found = Rate(right=right, total=total).interval
    assert found == pytest.approx((low, high), abs=5e-5)


def test_sentences_overlap_when_they_are_about_the_same_place() -> None:
    """One inside the other, or half of the shorter one's words; not two that share a word."""
    assert overlaps("Could you put up\nthe new banner by Friday?", "could you put up the new banner")
    assert overlaps("Please put the new banner up, folks, by Friday", "put the new banner up today")
    assert not overlaps("The banner is new.", "Thanks to Dana for all the posts.")
    assert not overlaps("", "Thanks.")


def test_never_ask_is_due_to_hold_every_ask() -> None:
    """A first ask is due under a pack that holds asks, and not under ask-once."""
    body = "If you'd like the new banner for your own LinkedIn, it is attached. No pressure at all."
    case = Case(
        id="1",
        split="open",
        batch="b",
        language="en",
        subject="",
        body=body,
        html=False,
        to=("all-staff@north.example",),
        label=Label.FIRST_ASK,
        hold=False,
    )
    assert (judged(case, pack()).due, judged(case, pack("never-ask")).due) == (False, True)
    assert judged(case, pack("never-ask")).held


def test_splits_are_folders(tmp_path: Path) -> None:
    """Open cases lie in the folder, locked and innocent ones in theirs; innocent_*.jsonl is innocent too."""
    for name in ("a.jsonl", "innocent_en.jsonl", "locked/c.jsonl", "innocent/d.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(
            json.dumps({"id": "1", "body": "b", "to": ["x@a.example"], "label": "other", "hold": False})
        )
    assert [[path.name for path in files_of(tmp_path, split)] for split in ("open", "locked", "innocent")] == [
        ["a.jsonl"],
        ["c.jsonl"],
        ["innocent_en.jsonl", "d.jsonl"],
    ]
    assert [case.batch for case in read_cases(tmp_path, ["open", "locked"])] == ["a", "c"]


def test_a_broken_case_is_named_and_a_locked_one_not_quoted(tmp_path: Path) -> None:
    """File and line are told; of a locked case nothing else is."""
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked" / "c.jsonl").write_text('{"id": "secret-words", "label": "secret-label"}\n')
    with pytest.raises(UserError) as caught:
        read_cases(tmp_path, ["locked"])
    assert "c.jsonl:1" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_no_cases_at_all_are_told(tmp_path: Path) -> None:
    """An empty folder is a mistake, not a perfect score."""
    with pytest.raises(UserError, match="no labelled mails"):
        read_cases(tmp_path, ["open"])
