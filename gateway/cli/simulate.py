"""`askonce simulate`: scenarios in time, through the same receive flow as in production, with a clock of their own.

A scenario is one JSON object a line: `id`, `title`, `mode` (the pack), `directory` (`lists`, `people`) and `mails`. An
entry of `mails` is a mail (`at`, `from`, `to`, `message_id`, `subject`, `body`, optional `attachments`, `html`,
`expect`) or a step (`at` and `release` or `withdraw` with a message id). Reads one file, writes to the terminal.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.app import Simulation, simulation
from gateway.cli.screen import chosen, console, shown
from gateway.errors import GatewayError, UserError
from gateway.mail.letter import Letter

STEPS = ("release", "withdraw")


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One mail's outcome; `expect` is "" when the scenario does not say."""

    scenario: str
    index: int
    message_id: str
    outcome: str
    expect: str
    label: str
    why: str
    subject: str

    @property
    def as_expected(self) -> bool:
        return self.expect in ("", self.outcome)


def simulate(
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="Scenarios, one JSON object a line")],
    form: Annotated[str, typer.Option("--format", metavar="text|json")] = "text",
) -> None:
    """Play scenarios with memory and say whether each mail went as expected.

    Exit 0: all as expected. 1: a mismatch. 2: an error.

    Example: askonce simulate tests/scenarios/timelines.jsonl
    """
    chosen(form)
    mismatches = played = 0
    with asyncio.Runner() as runner:
        for where, scenario in _scenarios(file):
            outcomes = runner.run(_play(where, scenario))
            _show(scenario, outcomes, form)
            played += len(outcomes)
            mismatches += sum(not outcome.as_expected for outcome in outcomes)
    if form == "text":
        console.print(f"{played} mails played, {mismatches} not as expected")
    raise typer.Exit(1 if mismatches else 0)


def _scenarios(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        lines = file.read_text("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise UserError(f"byte {error.start + 1} is not UTF-8", where=str(file)) from None
    except (OSError, ValueError) as error:
        raise UserError(getattr(error, "strerror", None) or str(error), where=str(file)) from None
    if not any(line.strip() for line in lines):
        raise UserError("nothing in it", where=str(file))
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            scenario = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UserError(f"not a scenario: broken JSON: {error}", where=f"{file}:{number}") from None
        if wrong := _wrong(scenario):
            raise UserError(f"not a scenario: {wrong}", where=f"{file}:{number}")
        yield f"{file}:{number}", scenario


def _wrong(scenario: object) -> str:
    """What is wrong with the form of a scenario; "" when nothing is."""
    if not isinstance(scenario, dict) or not isinstance(scenario.get("mails"), list):
        return 'an object with a list "mails" is wanted'
    for key in ("directory", "memory"):
        if not isinstance(scenario.get(key, {}), dict):
            return f'"{key}" is no object'
    if not isinstance(scenario.get("mode", ""), str):
        return '"mode" is no text'
    faults = (f"mails[{index}]: {_fault(entry)}" for index, entry in enumerate(scenario["mails"]) if _fault(entry))
    return next(faults, "")


def _fault(entry: object) -> str:
    if not isinstance(entry, dict):
        return "no object"
    step = next((step for step in STEPS if step in entry), "")
    texts = ("at", step) if step else ("at", "from", "body")
    for key in texts:
        if not isinstance(entry.get(key), str):
            return f'"{key}" is {"no text" if key in entry else "missing"}'
    for key in ("message_id", "subject", "expect"):
        if not isinstance(entry.get(key, ""), str):
            return f'"{key}" is no text'
    for key in () if step else ("to", "attachments"):
        value = entry.get(key, [] if key == "attachments" else None)
        values = [value] if isinstance(value, str) else value
        if (
            not isinstance(values, list)
            or not all(isinstance(one, str) for one in values)
            or (key, values) == ("to", [])
        ):
            return f'"{key}" is {"no list of texts" if key in entry else "missing"}'
    try:
        _moment(entry["at"])
    except ValueError:
        return f'"at" is no time: {entry["at"]}'
    return ""


def _moment(text: str) -> datetime:
    """ISO 8601; without an offset it is UTC."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


async def _play(where: str, scenario: dict[str, Any]) -> list[Played]:
    try:
        async with simulation(
            pack=scenario.get("mode", "ask-once"),
            people=scenario.get("directory", {}),
            memory=scenario.get("memory", {}),
        ) as world:
            outcomes = [await _entry(world, scenario, index) for index in range(len(scenario["mails"]))]
    except UserError as error:
        raise UserError(str(error), where=where) from None
    except GatewayError as error:
        raise UserError(f"a mail is refused: {error or error.reply.text}", where=where) from None
    except KeyError as error:
        raise UserError(str(error.args[0]), where=where) from None
    except (AttributeError, TypeError, ValueError) as error:
        raise UserError(f"a field has a wrong form: {error}", where=where) from None
    return [outcome for outcome in outcomes if outcome]


async def _entry(world: Simulation, scenario: dict[str, Any], index: int) -> Played | None:
    entry = scenario["mails"][index]
    world.now = _moment(entry["at"])
    await world.beat()
    for step in STEPS:
        if step in entry:
            await world.step(step, entry[step])
            return None
    verdict = await world.send(_letter(entry))
    return Played(
        scenario=str(scenario.get("id", "")),
        index=index,
        message_id=entry.get("message_id", ""),
        outcome=verdict.disposition,
        expect=entry.get("expect", ""),
        label=verdict.label or "other",
        why=" ".join(finding.because for finding in verdict.findings),
        subject=entry.get("subject", ""),
    )


def _letter(entry: dict[str, Any]) -> Letter:
    to = entry["to"]
    return Letter(
        sender=entry["from"],
        to=[to] if isinstance(to, str) else to,
        subject=entry.get("subject", ""),
        body=entry["body"],
        html=bool(entry.get("html", False)),
        attachments=entry.get("attachments", ()),
        message_id=entry.get("message_id", ""),
        date=format_datetime(_moment(entry["at"])) if not entry.get("message_id") else "",
    )


def _show(scenario: dict[str, Any], outcomes: list[Played], form: str) -> None:
    if form == "json":
        keys = ("scenario", "index", "message_id", "outcome", "expect", "label", "why")
        for outcome in outcomes:
            print(json.dumps({key: getattr(outcome, key) for key in keys}))
        return
    console.print(
        shown(f"{scenario.get('id', '')}  {scenario.get('title', '')}"), markup=False, highlight=False, style="bold"
    )
    for outcome in outcomes:
        mark = "ok " if outcome.as_expected else "NOT AS EXPECTED"
        wanted = "" if outcome.as_expected else f" (expected {outcome.expect})"
        line = f"  {mark} {outcome.outcome}{wanted}  {outcome.label}  “{outcome.subject}”"
        console.print(shown(line), markup=False, highlight=False, style=None if outcome.as_expected else "red")
        if outcome.why:
            console.print(shown(f"      {outcome.why}"), markup=False, highlight=False, style="dim")
