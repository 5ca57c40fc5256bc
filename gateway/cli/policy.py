"""`askonce policy`: what whoever writes rules needs: test, score, lint, explain, schema. Reads files."""

import asyncio
import json
from collections.abc import Collection
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from gateway.app import pack_named
from gateway.cli.policy_score import show_score
from gateway.cli.policy_trace import as_json, show_trace
from gateway.cli.policy_work import MEANS, linting, scored, stretches, tested, testing
from gateway.cli.screen import chosen, console, refuse, shown
from gateway.crew import cores, work
from gateway.directory.opening import open_directory
from gateway.errors import UserError
from gateway.flows.assess import UNJUDGEABLE
from gateway.mail.message import walk
from gateway.mail.reading import read_text
from gateway.policy.cases import SPLITS, Case, read_cases
from gateway.policy.exceptions import read as read_exemptions
from gateway.policy.lint import Remark, sorted_remarks
from gateway.policy.lint import exceptions as expired_exceptions
from gateway.policy.packs import find, home
from gateway.policy.schema import KINDS
from gateway.policy.schema import schema as schema_of
from gateway.policy.scoring import Judged
from gateway.policy.trace import trace
from gateway.policy.verdict import Scene
from gateway.replay.archive import read

policy = typer.Typer(no_args_is_help=True, help="Tools for whoever writes rules.")

_CHUNK = 40  # cases a worker takes at a time
Packs = Annotated[
    list[str] | None, typer.Argument(metavar="[PACK...]", help="Names or folders; default: all that come along")
]
Jobs = Annotated[int, typer.Option(metavar="N", help="Processes; 0: one a core")]


@policy.callback()
def root() -> None:
    """Tools for whoever writes rules."""


@policy.command("test")
def examples(
    packs: Packs = None,
    rule: Annotated[list[str] | None, typer.Option(metavar="ID", help="Only this rule; may be given again")] = None,
    jobs: Jobs = 0,
) -> None:
    """Run every rule's hits, misses and tested rewrites; say which fail, and what fired instead.

    `todo_hit` and `todo_miss` are expected to fail; those that no longer do are named. The examples of an experimental
    rule are told and not counted, those of a deprecated one are not run.

    Exit 0: all as they should be. 1: a failure. 2: an error.

    Examples:

      askonce policy test

      askonce policy test my-pack --rule weekly-selfie
    """
    failed = count = expected = 0
    for name in packs or _all_packs():
        rules = _among(tested(name), rule or (), name)
        pack_named(name)  # compiled once, here, and taken off the shelf by every worker
        answers = work(partial(testing, str(find(name))), rules, jobs=_jobs(jobs, len(rules)))
        for answer in sorted(answers, key=lambda answer: rules.index(answer.rule)):
            count += answer.run
            expected += answer.expected
            failed += len(answer.failures)
            for line in (*answer.failures, *answer.notes):
                console.print(shown(line), markup=False, highlight=False)
    console.print(f"{count} examples run, {failed} failed, {expected} expected to fail", highlight=False)
    raise typer.Exit(1 if failed else 0)


def _among(rules: list[str], wanted: Collection[str], pack: str) -> list[str]:
    """The rules that are wanted, all when none is named."""
    for one in wanted:
        if one not in rules:
            refuse(f"--rule {one}: {pack} has no such rule; it has {', '.join(rules)}")
    return [one for one in rules if not wanted or one in wanted]


@policy.command("score")
def score(
    split: Annotated[str, typer.Option(metavar="open|locked|innocent|all")] = "open",
    pack: Annotated[str, typer.Option(metavar="NAME|DIR", help="The pack to judge by")] = "ask-once",
    by: Annotated[str, typer.Option(metavar="language,label,batch,means", help="Also by each of these")] = "",
    cases: Annotated[Path | None, typer.Option(metavar="FOLDER", help="The labelled mails")] = None,
    wrong: Annotated[bool, typer.Option("--wrong", help="List what is judged wrongly (open cases only)")] = False,
    jobs: Jobs = 0,
    form: Annotated[str, typer.Option("--format", metavar="text|json")] = "text",
) -> None:
    """Measure a pack on labelled mails: precision, recall, labels, with 95 % intervals.

    Locked cases are only ever counted, never shown. `--by means` judges them again by the rules alone, by the second
    opinion's parts alone, and by the rules with its regression.

    Exit 0: measured. 2: an error.

    Examples:

      askonce policy score --by language,label --wrong

      askonce policy score --split locked --pack never-ask --format json
    """
    chosen(form)
    if split not in (*SPLITS, "all"):
        refuse(f"--split {split}: choose one of {', '.join((*SPLITS, 'all'))}")
    if wrong and split != "open":
        refuse(f"--wrong lists open cases only, and --split is {split}: the others are counted, never shown")
    parts = [part for part in by.split(",") if part]
    for part in parts:
        if part not in ("language", "label", "batch", "means"):
            refuse(f"--by {part}: choose of language, label, batch, means")
    found = read_cases(cases or home() / "cases", SPLITS if split == "all" else (split,))
    pieces = [found[start : start + _CHUNK] for start in range(0, len(found), _CHUNK)]
    identity = pack_named(pack).identity  # compiled once, here, and taken off the shelf by every worker
    said = {means: _judged(pack, means, pieces, jobs) for means in ("", *(MEANS if "means" in parts else ()))}
    show_score(said, split=split, pack=identity, by=parts, wrong=wrong, form=form)


def _judged(pack: str, means: str, pieces: list[list[Case]], jobs: int) -> list[Judged]:
    answers = work(partial(scored, str(find(pack)), means), pieces, jobs=_jobs(jobs, len(pieces)))
    return sorted((one for answer in answers for one in answer), key=lambda one: (one.split, one.batch, one.id))


@policy.command("lint")
def lint(
    packs: Packs = None,
    strict: Annotated[bool, typer.Option("--strict", help="Notes count as faults")] = False,
    fast: Annotated[bool, typer.Option("--fast", help="Leave out the patterns' time, which takes a minute")] = False,
    exceptions: Annotated[Path | None, typer.Option(metavar="FILE", help="A site's exceptions, looked at too")] = None,
    jobs: Jobs = 0,
    form: Annotated[str, typer.Option("--format", metavar="text|json")] = "text",
) -> None:
    """Look for faults (exit 1) and for what a person should look at (notes).

    Faults: what the schema refuses, dates that are none, patterns whose time grows faster than the text. Notes: words
    and marks nobody uses, rules that fire on the same examples, references nobody checked within a year, exceptions
    whose time is up.

    Exit 0: no fault. 1: a fault. 2: an error.

    Examples:

      askonce policy lint

      askonce policy lint my-pack --fast --strict
    """
    chosen(form)
    today = datetime.now(UTC).date()
    found: list[Remark] = []
    timed: set[str] = set()
    for name in packs or _all_packs():
        broken, pieces = stretches(find(name), fast=fast, timed=timed)
        found += broken
        for answer in work(partial(linting, str(find(name)), today), pieces, jobs=_jobs(jobs, len(pieces))):
            found += answer
    if exceptions:
        known = {rule for name in packs or _all_packs() for rule in tested(name)} | {UNJUDGEABLE}
        found += expired_exceptions(exceptions, read_exemptions(exceptions, known), today)
    found = sorted_remarks(found)
    if form == "json":
        print(json.dumps([{"kind": one.kind, "where": one.where, "what": one.what} for one in found]))
    else:
        for one in found:
            console.print(shown(str(one)), markup=False, highlight=False, style="red" if one.kind == "fault" else None)
        faulty = sum(one.kind == "fault" for one in found)
        console.print(f"{faulty} faults, {len(found) - faulty} notes", highlight=False)
    raise typer.Exit(1 if any(strict or one.kind == "fault" for one in found) else 0)


@policy.command("explain")
def explain(
    mail: Annotated[str, typer.Argument(metavar="MAIL|-", help="An .eml, mbox, Maildir, folder or .jsonl")],
    pack: Annotated[str, typer.Option(metavar="NAME|DIR", help="The pack to judge by")] = "ask-once",
    directory: Annotated[str, typer.Option(metavar="FILE", help="People and lists, CSV or TOML")] = "",
    form: Annotated[str, typer.Option("--format", metavar="text|json")] = "text",
) -> None:
    """Trace a mail: the gate, its sentences, which rules fired, which nearly did and what they lacked.

    Exit 0: traced. 2: an error.

    Examples:

      askonce policy explain draft.eml

      askonce policy explain --pack my-pack --format json draft.eml
    """
    chosen(form)
    compiled = pack_named(pack)
    people = asyncio.run(open_directory(directory, 60))
    for archived in read([mail]):
        audience = asyncio.run(people.expand(archived.to))
        scene = Scene(
            recipients=archived.to,
            people=max(1, len(set(audience.keys) - {archived.sender})),
            lists=bool(audience.lists),
            contractors=sum(person.contractor for person in audience.people),
            sender=archived.sender,
        )
        traced = trace(read_text(walk(archived.raw)), scene, compiled)
        if form == "json":
            print(json.dumps({"id": archived.id, **as_json(traced)}, ensure_ascii=True))
        else:
            show_trace(archived.id, traced)


@policy.command("schema")
def schema(
    kind: Annotated[str, typer.Argument(metavar="rule|pack|exceptions|words|topics|gate")] = "rule",
    write: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write all of them here, one file each")] = None,
) -> None:
    """Print the JSON Schema of a kind of file, for editors.

    Exit 0: printed or written. 2: an error.

    Examples:

      askonce policy schema rule

      askonce policy schema --write policies/schema
    """
    if kind not in KINDS:
        refuse(f"there is no schema for {kind}: choose one of {', '.join(KINDS)}")
    if not write:
        print(_pretty(kind))
        return
    if not write.is_dir():
        raise UserError("there is no such folder", where=str(write))
    for one in KINDS:
        (write / f"{one}.json").write_text(f"{_pretty(one)}\n", "utf-8")


def _pretty(kind: str) -> str:
    return json.dumps(schema_of(kind), indent=2, ensure_ascii=False)


def _all_packs() -> list[str]:
    return sorted(path.parent.name for path in home().glob("*/pack.toml"))


def _jobs(wanted: int, pieces: int) -> int:
    """Processes worth starting."""
    return min(wanted or cores(), max(1, pieces))
