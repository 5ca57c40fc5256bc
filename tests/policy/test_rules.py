"""Every rule of every pack, held against its own examples."""

import tomllib
from typing import Any

import pytest

from gateway.policy.packs import home, sources
from tests.policy.reading_cases import EVERYONE, said

PACKS = sorted(path.parent.name for path in home().glob("*/pack.toml"))


def _examples(kind: str) -> list[Any]:
    found = []
    for name in PACKS:
        for path in sorted((home() / name).glob("*.toml")):
            rule = tomllib.loads(path.read_text("utf-8"))
            for number, example in enumerate(rule.get(kind, ())):
                mail = {"body": example} if isinstance(example, str) else example
                found.append(pytest.param(name, rule["id"], mail, id=f"{name}-{rule['id']}-{number}"))
    return found


def _fired(name: str, mail: dict[str, Any]) -> set[str]:
    verdict = said(mail["body"], subject=mail.get("subject", ""), to=mail.get("to", EVERYONE), name=name)
    return {finding.rule_id for finding in verdict.findings}


@pytest.mark.parametrize(("name", "rule", "mail"), _examples("hit"))
def test_a_rule_fires_on_its_hits(name: str, rule: str, mail: dict[str, Any]) -> None:
    """Each example under `hit` makes its own rule fire."""
    assert rule in _fired(name, mail)


@pytest.mark.parametrize(("name", "rule", "mail"), _examples("miss"))
def test_a_rule_is_silent_on_its_misses(name: str, rule: str, mail: dict[str, Any]) -> None:
    """No example under `miss` makes its rule fire."""
    assert rule not in _fired(name, mail)


@pytest.mark.parametrize("name", PACKS)
def test_a_fix_passes(name: str) -> None:
    """The replacement sentence a rule suggests is not held itself."""
    for rule, path in sources(home() / name).rules.values():
        if rule.fix:
            assert said(rule.fix, name=name).mode == "off", f"{path}: fix"


@pytest.mark.parametrize("name", PACKS)
def test_explanations_accuse_nobody(name: str) -> None:
    """No explanation says illegal or unlawful, and every holding rule says what to do."""
    for rule, path in sources(home() / name).rules.values():
        words = f"{rule.title} {rule.why} {rule.advice} {rule.fix}".lower()
        assert "illegal" not in words, path
        assert "unlawful" not in words, path
        assert rule.advice, path
