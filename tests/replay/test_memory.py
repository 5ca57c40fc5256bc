"""A replay remembers as production does: every scenario with memory ends the same in both."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.app import judging_by, simulation
from gateway.asks.ask import Ask, AskKey, AskState
from gateway.config import settings
from gateway.mail.letter import Letter
from gateway.policy.labels import Favour
from gateway.replay.judging import Judge, Plan
from gateway.replay.memory import MemoryAsks
from gateway.replay.pieces import cut
from gateway.replay.seen import seen_of
from gateway.replay.weighing import in_order, weighed

SCENARIOS = [
    scenario
    for line in (Path(__file__).parents[1] / "scenarios" / "timelines.jsonl").read_text("utf-8").splitlines()
    if (scenario := json.loads(line)) and not any("release" in mail or "withdraw" in mail for mail in scenario["mails"])
]
AT = datetime(2026, 3, 1, tzinfo=UTC)


def directory(people: dict[str, Any]) -> str:
    """A scenario's directory as a TOML file."""
    lines = []
    for address, facts in people.get("people", {}).items():
        lines += [f'[people."{address}"]', *(f"{key} = {json.dumps(value)}" for key, value in facts.items() if value)]
    for address, members in people.get("lists", {}).items():
        lines += [f'[lists."{address}"]', f"members = {json.dumps(members)}"]
    return "\n".join(lines)


async def simulated(scenario: dict[str, Any]) -> dict[str, str]:
    """What the receive flow does, by Message-ID."""
    found = {}
    async with simulation(
        pack=scenario.get("mode", "ask-once"), people=scenario["directory"], memory=scenario.get("memory", {})
    ) as world:
        for mail in sorted(scenario["mails"], key=lambda mail: mail["at"]):
            world.now = datetime.fromisoformat(mail["at"])
            letter = Letter(
                sender=mail["from"],
                to=[mail["to"]] if isinstance(mail["to"], str) else mail["to"],
                subject=mail.get("subject", ""),
                body=mail["body"],
                html=mail.get("html", False),
                attachments=mail.get("attachments", ()),
                message_id=mail["message_id"],
            )
            event = await world.send(letter)
            found.setdefault(mail["message_id"], event.disposition)
    return found


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["id"])
def test_a_scenario_ends_as_in_production(scenario: dict[str, Any], tmp_path: Path) -> None:
    """The same mails, played as an archive in the wrong order, get the same dispositions as in the receive flow."""
    (tmp_path / "people.toml").write_text(directory(scenario["directory"]))
    written: dict[str, str] = {}  # a transmission again has the date of the first
    mails = [{**mail, "date": written.setdefault(mail["message_id"], mail["at"])} for mail in scenario["mails"]]
    (tmp_path / "mails.jsonl").write_text("".join(json.dumps(mail) + "\n" for mail in reversed(mails)))
    known = [*scenario["directory"].get("people", {}), *scenario["directory"].get("lists", {})]
    read = settings(
        {
            "organisation": {
                "internal_domains": sorted({one.rpartition("@")[2] for one in known}),
                "directory": str(tmp_path / "people.toml"),
            },
            "policy": {"pack": scenario.get("mode", "ask-once")},
            "memory": scenario.get("memory", {}),
        },
        where="test",
    )
    judge = Judge(Plan(policies=(read,), began=datetime(2030, 1, 1, tzinfo=UTC)))
    rows = [row for piece in cut([str(tmp_path / "mails.jsonl")]) for row in json.loads(judge(piece))["seen"]]
    ordered, _ = in_order(seen_of(row) for row in rows)

    async def played() -> list[str]:
        house = await judging_by(read)
        return [one.found[0].disposition.name if one.found else "relay" for one in await weighed([house], ordered)]

    expected = asyncio.run(simulated(scenario))
    assert asyncio.run(played()) == list(expected.values())


async def test_only_a_settled_ask_counts_from_its_delivery() -> None:
    """A cancelled ask is forgotten; a confirmed one counts from when it was delivered, and never for itself."""
    asks, key = MemoryAsks(), AskKey(favour=Favour.PROMOTION, person="dana@north.example")

    def ask(number: int) -> Ask:
        return Ask(id=f"a{number}", keys=frozenset({key}), asker="mira@north.example", fingerprint=str(number), at=AT)

    first = await asks.reserve(ask(1), since=AT, askers=None)
    assert (first.reserved, first.new, first.repeated) == ("a1", frozenset({key}), False)
    await asks.settle("a1", AskState.CANCELLED, AT)
    assert not (await asks.earlier(ask(2), since=AT, askers=None)).repeated
    assert (await asks.reserve(ask(2), since=AT, askers=None)).reserved == "a2"
    await asks.settle("a2", AskState.CONFIRMED, AT.replace(day=5))
    assert (await asks.reserve(ask(3), since=AT.replace(day=5), askers=None)).repeated
    assert not (await asks.earlier(ask(3), since=AT.replace(day=6), askers=None)).repeated
    assert not (await asks.earlier(ask(3), since=AT, askers=frozenset({"other@north.example"}))).repeated
    assert not (await asks.earlier(ask(2), since=AT, askers=None)).repeated
