"""`askonce policy` as whoever writes rules meets it."""

import json
from pathlib import Path

import pytest

from gateway.policy.schema import KINDS, schema
from tests.cli.conftest import Askonce

ROOT = Path(__file__).parents[2]
PACK = 'name = "trial"\nversion = "1"\nextends = "ask-once"\n'
RULE = """id = "weekly-selfie"
title = "Asks for a weekly picture in uniform"
label = "demand"
mode = "monitor"
why = "A duty in disguise."
advice = "Leave it out."
hit = ["Everyone posts a selfie in uniform on their own Instagram each week."]
miss = ["Selfies for the staff noticeboard go to Jo."]
{more}
[[when]]
say = ["selfie ... {{network}}"]
none = ["negated"]
"""
DEMAND = "All staff must add the new banner to their LinkedIn profile by Friday."


def trial(folder: Path, more: str = "") -> Path:
    """A small pack of one rule."""
    (folder / "pack.toml").write_text(PACK)
    (folder / "weekly-selfie.toml").write_text(RULE.format(more=more))
    return folder


def cases(folder: Path) -> Path:
    """Labelled mails: two open ones, one locked, one innocent."""
    (folder / "locked").mkdir()
    rows = {
        "open.jsonl": [("o1", DEMAND, "demand", True), ("o2", DEMAND, "other", False)],
        "locked/l.jsonl": [("secret-1", DEMAND + " Hush.", "other", False)],
        "innocent_en.jsonl": [("i1", "The canteen opens at noon.", "other", False)],
    }
    for name, lines in rows.items():
        texts = [
            json.dumps(
                {"id": id_, "body": body, "to": ["all@a.example"], "label": label, "hold": hold, "evidence": [DEMAND]}
            )
            for id_, body, label, hold in lines
        ]
        (folder / name).write_text("\n".join(texts) + "\n")
    return folder


def test_a_good_pack_passes_its_tests(askonce: Askonce, tmp_path: Path) -> None:
    """Exit 0, and one line with the counts."""
    ran = askonce("policy", "test", trial(tmp_path))

    assert 0 == ran.code, ran.out
    assert "0 failed" in ran.out


def test_a_failing_example_is_one_line(askonce: Askonce, tmp_path: Path) -> None:
    """File, key, sentence and what fired instead; exit 1."""
    trial(tmp_path, f'todo_hit = ["Take a selfie on Instagram."]\nfixed = [{{ before = "{DEMAND}", after = "Hi." }}]\n')

    ran = askonce("policy", "test", tmp_path, "--rule", "weekly-selfie")

    assert 1 == ran.code
    assert f"{tmp_path}/weekly-selfie.toml: fixed.0.before: “{DEMAND}” fired: demand" in ran.out
    assert "todo_hit.0: “Take a selfie on Instagram.” is right by now" in ran.out
    assert "1 failed" in ran.out


def test_an_experimental_rule_may_fail(askonce: Askonce, tmp_path: Path) -> None:
    """Its failures are told and not counted."""
    trial(tmp_path, 'status = "experimental"\nfixed = [{ before = "Hi.", after = "Hi." }]\n')

    ran = askonce("policy", "test", tmp_path, "--rule", "weekly-selfie")

    assert 0 == ran.code, ran.out
    assert "experimental, not counted" in ran.out


def test_a_rule_that_is_not_there_is_named(askonce: Askonce, tmp_path: Path) -> None:
    """With those that are; exit 2."""
    ran = askonce("policy", "test", trial(tmp_path), "--rule", "monthly-selfie")

    assert 2 == ran.code
    assert "--rule monthly-selfie" in ran.complaint
    assert "weekly-selfie" in ran.complaint


def test_a_score_is_printed_with_intervals(askonce: Askonce, tmp_path: Path) -> None:
    """Precision, recall and the evidence of the open cases, as text and as JSON; wrong cases on demand."""
    folder = cases(tmp_path)

    text = askonce("policy", "score", "--cases", folder, "--wrong", "--by", "label")
    ran = askonce("policy", "score", "--cases", folder, "--format", "json")

    assert 0 == text.code
    assert "0.500" in text.out
    assert "held wrongly: open/o2" in text.out
    found = json.loads(ran.out)["scores"][0]
    assert (found["precision"]["right"], found["precision"]["of"], found["recall"]["value"]) == (1, 2, 1.0)
    assert found["evidence"]["value"] == 1.0
    assert json.loads(ran.out)["wrong"] == []


def test_a_score_tells_what_each_part_is_worth(askonce: Askonce, tmp_path: Path) -> None:
    """--by means: the rules alone, the second opinion alone, and both, on the same mails."""
    ran = askonce("policy", "score", "--cases", cases(tmp_path), "--by", "means", "--format", "json")
    found = {one["name"]: one for one in json.loads(ran.out)["scores"]}

    parts = ["rules alone", "regression alone", "regression and encoder", "rules and regression"]
    assert list(found) == ["open", *(f"means {part}" for part in parts)]
    assert len({one["mails"] for one in found.values()}) == 1


@pytest.mark.parametrize("split", ["locked", "all", "innocent"])
def test_locked_cases_are_never_listed(askonce: Askonce, tmp_path: Path, split: str) -> None:
    """--wrong is refused for any split but open, and no figure shows a locked case's id or words."""
    folder = cases(tmp_path)

    refused = askonce("policy", "score", "--cases", folder, "--split", split, "--wrong")
    ran = askonce("policy", "score", "--cases", folder, "--split", split, "--by", "batch,label", "--format", "json")

    assert 2 == refused.code
    assert "open cases only" in refused.complaint
    assert 0 == ran.code
    assert "secret" not in ran.out + refused.out
    assert "Hush" not in ran.out + refused.out
    assert json.loads(ran.out)["held_wrongly"] == {"locked": 1, "all": 2, "innocent": 0}[split]


def test_lint_tells_faults_from_notes(askonce: Askonce, tmp_path: Path) -> None:
    """A pack with notes exits 0, or 1 with --strict; a wrong key exits 1 and is named."""
    trial(tmp_path, 'references = [{ title = "t", where = "w" }]\n')

    assert 0 == askonce("policy", "lint", tmp_path, "--fast").code
    assert 1 == askonce("policy", "lint", tmp_path, "--fast", "--strict").code

    trial(tmp_path, "nonsense = 1\n")
    ran = askonce("policy", "lint", tmp_path, "--fast", "--format", "json")
    assert 1 == ran.code
    assert {
        "kind": "fault",
        "where": f"{tmp_path}/weekly-selfie.toml: nonsense",
        "what": "there is no such key",
    } in json.loads(ran.out)


def test_explain_says_why(askonce: Askonce, tmp_path: Path) -> None:
    """The rule that fired and the sentence, as text; the whole trace as JSON."""
    mail = tmp_path / "draft.eml"
    mail.write_text(f"From: ann@a.example\nTo: all@a.example\nSubject: Hi\n\nHello,\n\n{DEMAND}\n")

    text = askonce("policy", "explain", mail)
    ran = askonce("policy", "explain", mail, "--format", "json")

    assert 0 == text.code
    assert "verdict: demand, hold" in text.out
    found = json.loads(ran.out)
    assert found["verdict"]["label"] == "demand"
    assert any(rule["fires"] and rule["rule"] == "demand" for rule in found["rules"])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_of_file_has_its_schema(askonce: Askonce, kind: str) -> None:
    """The command prints what stands in policies/schema, which is what the types say now."""
    ran = askonce("policy", "schema", kind)

    assert 0 == ran.code
    assert schema(kind) == json.loads(ran.out)
    kept = json.loads((ROOT / "policies" / "schema" / f"{kind}.json").read_text("utf-8"))
    assert kept == schema(kind), "askonce policy schema --write policies/schema"


def test_the_schema_explains_every_key_of_a_rule() -> None:
    """An editor can say what each key is for, and refuses unknown ones."""
    rule = schema("rule")
    assert [
        name for name, entry in rule["properties"].items() if "description" not in entry and "$ref" not in entry
    ] == ["favour"]
    assert rule["additionalProperties"] is False


EXCEPTIONS = """[[exception]]
id = "gone"
reason = "The campaign is over."
expires = 2020-01-31
addresses = ["mira@a.example"]
"""


def test_an_expired_exception_is_named(askonce: Askonce, tmp_path: Path) -> None:
    """By lint and by config check, which finds the file beside the settings wherever it is started."""
    (tmp_path / "exceptions.toml").write_text(EXCEPTIONS)
    (tmp_path / "gateway.toml").write_text('[policy]\nexceptions = "exceptions.toml"\n')

    lint = askonce("policy", "lint", "never-ask", "--fast", "--exceptions", tmp_path / "exceptions.toml")
    config = askonce("config", "check", tmp_path / "gateway.toml")

    assert 'exception.0.expires: "gone" expired on 2020-01-31 and is ignored' in lint.out
    assert 0 == config.code
    assert '"gone" expired on 2020-01-31 and is ignored' in config.out


def test_a_broken_exception_stops_config_check(askonce: Askonce, tmp_path: Path) -> None:
    """One line with file and key, exit 2."""
    (tmp_path / "exceptions.toml").write_text(EXCEPTIONS + 'rules = ["nonesuch"]\n')
    (tmp_path / "gateway.toml").write_text('[policy]\nexceptions = "exceptions.toml"\n')

    ran = askonce("config", "check", tmp_path / "gateway.toml")

    assert 2 == ran.code
    assert f'{tmp_path}/exceptions.toml: exception.0.rules: the pack has no rule "nonesuch"' in ran.complaint
