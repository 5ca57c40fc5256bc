"""A rule's examples as tests: what counts as a failure, and what is expected to fail."""

from pathlib import Path

from gateway.policy.examples import Tried, tried
from gateway.policy.packs import load, sources

RULE = """id = "selfie"
title = "t"
label = "demand"
mode = "monitor"
why = "w"
advice = "a"
status = "{status}"
fix = "{fix}"
hit = ["Post a selfie on your LinkedIn.", "Selfies for Jo."]
miss = ["Selfies for Jo.", "Another selfie on LinkedIn, please."]
todo_hit = ["A picture of yourself on Instagram.", "Take a selfie on Instagram."]
todo_miss = ["No selfie on LinkedIn for me."]
fixed = [
  {{ before = "Post a selfie on your LinkedIn.", after = "The pictures are in the brand folder." }},
  {{ before = "Selfies for Jo.", after = "All staff must add the new banner to their LinkedIn profile by Friday." }},
]

[[when]]
say = ["selfie ... {{network}}"]
"""
FOLDER = "The pictures are kept in the brand folder for whoever may ever want one."


def results(folder: Path, *, status: str = "stable", fix: str = FOLDER, more: str = "") -> dict[str, Tried]:
    """The rule's examples tried, by key; `more` stands at the end of its file."""
    (folder / "pack.toml").write_text('name = "trial"\nversion = "1"\nextends = "ask-once"\n')
    (folder / "selfie.toml").write_text(RULE.format(status=status, fix=fix) + more)
    rule, _ = sources(folder).rules["selfie"]
    return {one.key: one for one in tried(rule, load(str(folder)))}


def test_hits_must_fire_and_misses_must_not(tmp_path: Path) -> None:
    """A hit that does not fire and a miss that does are surprises; what fired instead is told."""
    found = results(tmp_path)
    assert {key for key, one in found.items() if one.surprising} == {
        "hit.1",
        "miss.1",
        "fixed.1.before",
        "fixed.1.after",
    }
    assert "selfie" in found["miss.1"].fired
    assert "demand" in found["fixed.1.after"].fired


def test_what_is_not_managed_yet_is_expected_to_fail(tmp_path: Path) -> None:
    """todo examples never surprise; one that is right by now is overcome."""
    found = results(tmp_path)
    assert not any(one.surprising for key, one in found.items() if key.startswith("todo"))
    assert [key for key, one in found.items() if one.overcome] == ["todo_hit.1"]


def test_a_fix_must_itself_pass(tmp_path: Path) -> None:
    """A suggested sentence that would be held is a failure."""
    assert results(tmp_path)["fix"].good
    assert results(tmp_path, fix="All staff must add the banner to their LinkedIn by Friday.")["fix"].surprising


def test_a_fix_must_pass_in_each_language(tmp_path: Path) -> None:
    """The replacement for German mails is judged as the English one is."""
    german = '[de]\ntitle = "t"\nwhy = "w"\nadvice = "a"\nfix = "{}"\n'
    good, bad = "Das Material liegt im Markenordner.", "Bitte tauscht bis Freitag alle euer Titelbild auf LinkedIn aus."
    assert results(tmp_path, more=german.format(good))["de.fix"].good
    assert results(tmp_path, more=german.format(bad))["de.fix"].surprising


def test_a_deprecated_rule_runs_no_tests(tmp_path: Path) -> None:
    """Its examples are history."""
    assert results(tmp_path, status="deprecated") == {}
