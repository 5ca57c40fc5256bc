"""`askonce audit`: is the log what was written? Reads files only."""

import json
from pathlib import Path
from typing import Annotated

import typer

from gateway.audit.chain import Head
from gateway.cli.screen import chosen, complaints, console, shown
from gateway.compliance.report import VerifyReport
from gateway.compliance.verify import verify as verified
from gateway.errors import UserError

audit = typer.Typer(no_args_is_help=True, help="The proof log.")


@audit.callback()
def root() -> None:
    """The proof log."""


@audit.command()
def verify(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The audit's folder, one stream's folder, or a file")],
    expect: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Heads kept from an earlier run (--heads)")
    ] = None,
    heads: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the heads here if all is well; keep them elsewhere")
    ] = None,
    form: Annotated[str, typer.Option("--format", metavar="text|json")] = "text",
) -> None:
    """Prove that no record was changed, removed, added or moved; name the first bad one.

    That records were cut off the end, or the end was written anew, shows only against heads kept elsewhere: --expect.

    Exit 0: the records there stand as written. 1: something is wrong. 2: an error.

    Examples:

      askonce audit verify /var/lib/askonce/audit

      askonce audit verify state/audit --expect heads-of-yesterday.json --heads heads-of-today.json
    """
    chosen(form)
    if not path.exists():
        raise UserError("there is nothing", where=str(path), todo="Give the audit's folder, as in STATE/audit")
    if path.is_dir() and not any(path.glob("*.jsonl")) and not any(path.glob("*/*.jsonl")) and not expect:
        raise UserError("there are no audit files here", where=str(path), todo="Give STATE/audit")
    report = verified(path, expect=_read_heads(expect) if expect else None)
    if heads and report.ok:  # a log found wrong must not replace the heads that show it
        _write_heads(heads, report)
    if form == "json":
        print(json.dumps(_as_json(report)))
    else:
        _show(report)
    raise typer.Exit(0 if report.ok else 1)


def _write_heads(file: Path, report: VerifyReport) -> None:
    text = json.dumps({name: [head.seq, head.hash] for name, head in report.heads.items()})
    try:
        file.write_text(text + "\n", "utf-8")
    except OSError as error:
        raise UserError(f"the heads cannot be written: {error.strerror}", where=str(file)) from None


def _read_heads(file: Path) -> dict[str, Head]:
    try:
        return {
            name: Head(seq=int(seq), hash=str(known))
            for name, (seq, known) in json.loads(file.read_text("utf-8")).items()
        }
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"these are no heads: {getattr(error, 'strerror', None) or error}", where=str(file)) from None


def _as_json(report: VerifyReport) -> dict[str, object]:
    return {
        "ok": report.ok,
        "anchored": report.anchored,
        "records": report.records,
        "streams": {
            stream.name: {"records": stream.records, "seq": stream.head.seq, "hash": stream.head.hash}
            for stream in report.streams
        },
        "open": report.open_pairs,
        "marks": [str(mark) for mark in report.marks],
        "problems": [str(problem) for problem in report.problems],
        "found": report.found,
        "first": report.first_at,
        "last": report.last_at,
    }


def _show(report: VerifyReport) -> None:
    for stream in report.streams:
        where = f"{stream.name}: {stream.records} records in {stream.files} files"
        console.print(shown(f"{where}, head {stream.head.seq} {stream.head.hash}"), highlight=False, markup=False)
    if report.first_at:
        console.print(f"from {report.first_at} to {report.last_at}", highlight=False, markup=False)
    for mark in report.marks:
        console.print(shown(f"marked: {mark}"), highlight=False, markup=False)
    if report.open_pairs:
        console.print(f"{report.open_pairs} verdicts have no outcome yet", highlight=False)
    for problem in report.problems:
        complaints.print(shown(str(problem)), style="red", highlight=False, markup=False)
    console.print(_verdict(report), highlight=False)


def _verdict(report: VerifyReport) -> str:
    if not report.ok:
        return f"{report.found} problems; the first is named above"
    if report.anchored:
        return "every record stands as it was written; none is missing up to the heads you gave"
    return (
        "every record up to the end that is there stands as it was written; whether records were cut off the end, or "
        "the end was written anew, shows only against heads kept elsewhere: --expect"
    )
