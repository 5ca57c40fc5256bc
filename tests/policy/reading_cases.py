"""Cases and small mails as the tests put them to the judge."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from gateway.mail.reading import text_from
from gateway.policy.cases import Case
from gateway.policy.judge import judge
from gateway.policy.pack import Pack
from gateway.policy.packs import load
from gateway.policy.verdict import Scene, Verdict

POLICIES = Path(__file__).resolve().parents[2] / "policies"
EVERYONE = ("all-staff@north.example",)


@cache
def pack(name: str = "ask-once") -> Pack:
    """A pack, compiled once for all tests."""
    return load(name)


def cases(name: str) -> list[dict[str, Any]]:
    """The labelled mails of one file under policies/cases."""
    return [json.loads(line) for line in (POLICIES / "cases" / name).read_text("utf-8").splitlines()]


def verdict_of(case: dict[str, Any], name: str = "ask-once") -> Verdict:
    """The verdict on a case that names only recipients, as `askonce check` sees it."""
    text = text_from(case.get("subject", ""), case["body"], html=bool(case.get("html")))
    return judge(text, Scene(recipients=tuple(case["to"]), people=len(case["to"])), pack(name))


def verdict_on_case(case: Case) -> Verdict:
    """The verdict on a labelled mail."""
    text = text_from(case.subject, case.body, html=case.html)
    return judge(text, Scene(recipients=case.to, people=len(case.to)), pack())


def said(body: str, *, subject: str = "", to: Iterable[str] = EVERYONE, name: str = "ask-once") -> Verdict:
    """The verdict on a few words."""
    return verdict_of({"subject": subject, "body": body, "to": list(to)}, name)
