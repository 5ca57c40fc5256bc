"""What lint finds in a pack, each in a pack that has it."""

import re
import time
from datetime import date
from pathlib import Path

import pytest

from gateway.policy.lexicon import Lexicon
from gateway.policy.lint import Remark, faults, overlapping, references, statuses, twins, unused
from gateway.policy.packs import find, load, sources
from gateway.policy.pattern import compile_pattern
from gateway.policy.slow import slow

TODAY = date(2026, 6, 1)
PACK = 'name = "trial"\nversion = "1"\nextends = "ask-once"\n'
HEAD = 'id = "{id}"\ntitle = "t"\nlabel = "demand"\nmode = "monitor"\nwhy = "w"\nadvice = "a"\n'


def trial(folder: Path, **rules: str) -> Path:
    """A pack with these rule files."""
    (folder / "pack.toml").write_text(PACK)
    for name, text in rules.items():
        (folder / f"{name}.toml").write_text(HEAD.format(id=name) + text)
    return folder


def whats(found: list[Remark]) -> str:
    """All remarks in one text."""
    return "\n".join(map(str, found))


def test_every_fault_is_told_not_only_the_first(tmp_path: Path) -> None:
    """Two wrong files and two wrong keys give four remarks, each with file and key."""
    trial(tmp_path, one='nonsense = 1\nstatus = "perhaps"\n', two="hit = 3\n")
    (tmp_path / "three.toml").write_text("= no toml")
    found = list(faults(tmp_path))
    assert len(found) == 4
    assert {remark.kind for remark in found} == {"fault"}
    for where in ("one.toml: nonsense", "one.toml: status", "two.toml: hit", "three.toml"):
        assert where in whats(found)


def test_references_are_looked_at_every_year(tmp_path: Path) -> None:
    """Unchecked or older than a year: a note. A day that is none, or is to come: a fault. Checked lately: nothing."""
    days = ["", "2025-01-01", "2025-13-40", "2027-01-01", "2026-01-01"]
    sources_ = ", ".join(f'{{ title = "t", where = "w", checked_on = "{day}" }}' for day in days)
    trial(tmp_path, one=f"references = [{sources_}]\n")
    found = list(references({"one": sources(tmp_path).rules["one"]}, TODAY))
    assert [(remark.kind, remark.where[-12]) for remark in found] == [
        ("note", "0"),
        ("note", "1"),
        ("fault", "2"),
        ("fault", "3"),
    ]


def test_a_source_cannot_stand_since_a_day_that_never_was(tmp_path: Path) -> None:
    """A day that is none, or is to come, is a fault; no day and a past one are nothing."""
    days = ["", "2025-13-40", "2027-01-01", "2016-01-01"]
    source = 'title = "t", where = "w", checked_on = "2026-01-01"'
    sources_ = ", ".join(f'{{ {source}, since = "{day}" }}' for day in days)
    trial(tmp_path, one=f"references = [{sources_}]\n")
    found = list(references({"one": sources(tmp_path).rules["one"]}, TODAY))
    assert [(remark.kind, remark.where[-7:]) for remark in found] == [("fault", "1.since"), ("fault", "2.since")]


def test_rules_on_the_same_examples_are_named(tmp_path: Path) -> None:
    """A rule that fires on most of another's hits is told, with how many; so is an example two rules claim."""
    hits = [
        f"All staff must add the new banner to their LinkedIn profile by {day}." for day in ("Monday", "Friday", "noon")
    ]
    trial(tmp_path, again=f'hit = {hits!r}\nmiss = ["m"]\n[[when]]\nmark = ["demands", "demands-hard"]\n')
    trial(tmp_path, more=f'hit = ["{hits[0]}"]\n[[when]]\nmark = ["demands"]\n')
    read = sources(tmp_path)
    assert '"demand" fires on 3 of its 3 hits too' in whats(list(overlapping(read, load(str(tmp_path)))))
    assert "has the same example" in whats(list(twins(read)))


def test_words_nobody_uses_are_named(tmp_path: Path) -> None:
    """A slot without a pattern and a mark without a rule are notes; used and asked-for ones are not."""
    language = tmp_path / "english"
    language.mkdir()
    for file in find("ask-once").parent.joinpath("english").iterdir():
        (language / file.name).write_bytes(file.read_bytes())
    with (language / "words.toml").open("a") as file:
        file.write('\nnobody-says = ["zounds"]\n')
    with (language / "marks.toml").open("a") as file:
        file.write('\nnobody-asks = ["zounds"]\n')
    pack = tmp_path / "trial"
    pack.mkdir()
    (pack / "pack.toml").write_text(PACK + 'languages = ["english"]\n')
    found = whats(list(unused(sources(pack))))
    assert "words.toml: nobody-says" in found
    assert "marks.toml: nobody-asks" in found
    assert not re.search(r"(words.toml: network|marks.toml: (demands|refers))\b", found)


def test_a_rule_that_proves_nothing_is_named(tmp_path: Path) -> None:
    """No hit, no miss, deprecated: each is a note."""
    trial(tmp_path, one='status = "deprecated"\n[[when]]\nmark = ["demands"]\n')
    found = whats(list(statuses(sources(tmp_path))))
    assert "deprecated" in found
    assert "leaves alone" in found


@pytest.mark.parametrize(
    "source", ["yours\\b[^.?]*\\?", "(what|how) about (you|yours)\\b.*\\?", "^\\W*(just |me |and )*(bump|ping).{0,90}$"]
)
def test_a_super_linear_pattern_is_found(source: str) -> None:
    """Patterns whose time grows with the square of the text, or worse."""
    late = compile_pattern(source, Lexicon({"s": ["x"]})).compiled
    found = slow(source, late, time.process_time)
    assert found is not None
    assert "100 KB" in str(found)


@pytest.mark.parametrize("source", ["have you (had|got) .. {s}", "{s} ... {s}", "by (monday|friday)"])
def test_an_ordinary_pattern_is_not(source: str) -> None:
    """Slots, alternatives and bounded gaps grow with the text and no faster."""
    late = compile_pattern(source, Lexicon({"s": ["banner", "picture"]})).compiled
    assert slow(source, late, time.process_time) is None


def test_the_packs_that_come_along_have_no_fault() -> None:
    """Schema and dates of both packs are right."""
    for name in ("ask-once", "never-ask"):
        assert list(faults(find(name))) == []
        assert [one for one in references(sources(find(name)).rules, TODAY) if one.kind == "fault"] == []
