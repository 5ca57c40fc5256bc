"""`askonce check`: what would happen to these messages, judged without memory. Reads files, writes to the terminal."""

import asyncio
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from gateway.app import judging_house
from gateway.asks.history import AskHistory
from gateway.cli.screen import chosen, console, shown
from gateway.disposition import decide
from gateway.flows.assess import internal_recipients, is_internal, listen
from gateway.mail.envelope import Path
from gateway.mail.message import walk
from gateway.policy.verdict import Verdict
from gateway.ports import House
from gateway.replay.archive import Archived, read


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One message's answer; `verdict` is None when the mail is not internal."""

    id: str
    disposition: str
    verdict: Verdict | None

    @property
    def held(self) -> bool:
        return self.disposition in ("hold", "reject")


def check(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...|-", help="An .eml, mbox, Maildir, folder of .eml, or .jsonl")
    ],
    policy: Annotated[str, typer.Option(metavar="NAME|DIR", help="The pack to judge by")] = "ask-once",
    directory: Annotated[str, typer.Option(metavar="FILE", help="People and lists, CSV or TOML")] = "",
    internal_domain: Annotated[
        list[str] | None, typer.Option(metavar="D", help="An internal domain; repeat for more")
    ] = None,
    form: Annotated[str, typer.Option("--format", metavar="text|json")] = "text",
) -> None:
    """Judge messages without memory.

    Exit 0: nothing would be held. 1: something would. 2: an error.

    Examples:

      askonce check draft.eml

      askonce check --policy never-ask --format json mails.jsonl

      askonce check --internal-domain acme.example ~/Maildir
    """
    chosen(form)
    with asyncio.Runner() as runner:
        house = runner.run(judging_house(pack=policy, directory=directory, domains=tuple(internal_domain or ())))
        held = False
        try:
            for checked in _checked(runner, house, read(paths)):
                held = held or checked.held
                _print(checked, form)
        finally:
            runner.run(house.store.close())
    raise typer.Exit(1 if held else 0)


def _checked(runner: asyncio.Runner, house: House, mails: Iterable[Archived]) -> Iterator[Checked]:
    for mail in mails:
        yield runner.run(_judge(house, mail))


async def _judge(house: House, mail: Archived) -> Checked:
    """A draft that names nobody yet is judged as mail to colleagues."""
    to = internal_recipients(house, [Path(text=address) for address in mail.to])
    if (mail.to and not to) or (mail.sender and not is_internal(house.settings.organisation, mail.sender)):
        return Checked(id=mail.id, disposition="relay", verdict=None)
    heard = await listen(house, walk(mail.raw), sender=Path(text=mail.sender), recipients=to)
    return Checked(id=mail.id, disposition=decide(heard.verdict, AskHistory()).name, verdict=heard.verdict)


def as_json(checked: Checked) -> dict[str, Any]:
    """The stable form of one answer."""
    verdict = checked.verdict
    return {
        "id": checked.id,
        "disposition": checked.disposition,
        "label": verdict.label.value if verdict else "other",
        "labels": [label.value for label in verdict.labels] if verdict else ["other"],
        "findings": [
            {
                "rule": finding.rule_id,
                "label": finding.label.value,
                "favour": finding.favour.value if finding.favour else None,
                "sentence": finding.sentence,
                "because": finding.because,
            }
            for finding in (verdict.findings if verdict else ())
        ],
    }


def _print(checked: Checked, form: str) -> None:
    if form == "json":
        print(json.dumps(as_json(checked), ensure_ascii=True))
        return
    label = checked.verdict.label.value if checked.verdict else "not internal"
    colour = "red" if checked.held else "green"
    console.print(f"[{colour}]{checked.disposition:7}[/] {label:17} ", end="")
    console.print(shown(checked.id), markup=False, highlight=False)
    for finding in checked.verdict.findings if checked.verdict else ():
        sentence = shown(" ".join(finding.sentence.split()))
        console.print(f"        {finding.rule_id}: “{sentence}”", markup=False, highlight=False, style="bold")
        console.print(f"        {finding.because}", markup=False, highlight=False, style="dim")
