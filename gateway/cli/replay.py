"""`askonce replay`: what a policy would have done to the mail of an archive. Reads the archive, writes a report."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.app import pack_of
from gateway.cli.screen import complaints, console, shown
from gateway.config import Settings, load
from gateway.config import settings as typed
from gateway.crew import cores
from gateway.errors import UserError
from gateway.replay.page import as_html, as_json
from gateway.replay.running import Replay, replayed
from gateway.replay.tally import STOPPED, Figures


def replay(
    archives: Annotated[
        list[str], typer.Argument(metavar="ARCHIVE...", help="An mbox, Maildir, folder (of any of these) or .jsonl")
    ],
    report: Annotated[Path, typer.Option(metavar="FILE.html", help="Where the report goes; FILE.json beside it")],
    policy: Annotated[str, typer.Option(metavar="NAME|DIR", help="The pack; default: the settings', or ask-once")] = "",
    against: Annotated[str, typer.Option(metavar="NAME|DIR", help="A second pack, to see where they differ")] = "",
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings: domains, directory, modes, memory, exceptions")
    ] = None,
    directory: Annotated[str, typer.Option(metavar="FILE", help="People and lists, CSV or TOML")] = "",
    internal_domain: Annotated[
        list[str] | None, typer.Option(metavar="D", help="An internal domain; repeat for more")
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", help="Processes; 0: one a core")] = 0,
    samples: Annotated[int, typer.Option(metavar="N", min=0, max=100, help="Mails shown for each rule")] = 5,
    state: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What is done so far; default: FILE.html.state")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, whatever the state file has")] = False,
) -> None:
    """Play an archive through a policy, in the order of time and with memory, and write a report.

    Nothing is sent or held. Interrupted and started again, it goes on where it was. The report needs no network and
    shows pseudonyms; the state file holds addresses and is removed when the report is written.

    Exit 0: the report is written. 2: an error.

    Examples:

      askonce replay ~/Maildir --report report.html

      askonce replay 2025.mbox --policy my-pack --against ask-once --internal-domain acme.example --report report.html
    """
    settings = _settings(config, policy, directory, internal_domain)
    policies = (settings, _with_pack(settings, against)) if against else (settings,)
    packs = [pack_of(one) for one in policies]
    place = state or report.with_name(f"{report.name}.state")
    _writable(report, place)
    if fresh:
        place.unlink(missing_ok=True)
    wanted = Replay(archives=tuple(archives), policies=policies, state=place, jobs=jobs or cores(), samples=samples)
    with _bar() as moved:
        figures, journal = replayed(wanted, packs, moved)
    made = journal.header.began[:10]
    _write(report, as_html(figures, packs, made))
    _write(report.with_suffix(".json"), json.dumps(as_json(figures, made), indent=1, ensure_ascii=False) + "\n")
    journal.remove()
    _tell(figures, [pack.name for pack in packs], report)


def _settings(config: Path | None, policy: str, directory: str, domains: list[str] | None) -> Settings:
    """The settings file, if there is one, and the options on top. What a rule would do is asked, so a site that only
    monitors so far is replayed with its rules' own modes."""
    read = load(config) if config else typed({}, where="command line")
    data = read.model_dump()
    data["policy"]["mode"] = "pack"
    data["policy"]["pack"] = policy or data["policy"]["pack"]
    data["organisation"]["directory"] = directory or data["organisation"]["directory"]
    data["organisation"]["internal_domains"] = domains or data["organisation"]["internal_domains"]
    return typed(data, where="command line")


def _with_pack(settings: Settings, pack: str) -> Settings:
    """The same with another pack; modes that the settings give to rules it does not have are no mistake here."""
    policy = settings.policy.model_copy(update={"pack": pack})
    known = pack_of(settings.model_copy(update={"policy": policy.model_copy(update={"modes": {}})})).rules
    modes = {rule: mode for rule, mode in policy.modes.items() if rule in known}
    return settings.model_copy(update={"policy": policy.model_copy(update={"modes": modes})})


def _writable(*places: Path) -> None:
    """Said before hours of work, not after."""
    for place in places:
        if not place.parent.is_dir() or not os.access(place.parent, os.W_OK):
            raise UserError("nothing can be written there", where=str(place.parent))


def _write(place: Path, text: str) -> None:
    """Whole or not at all, and for its owner alone: sentences of people's mail are in it."""
    draft = place.with_name(f".{place.name}.draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(place)


@contextmanager
def _bar() -> Iterator["_Moved"]:
    columns = (TextColumn("judging"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=complaints.rich, disable=not complaints.rich.is_terminal) as bar:
        yield _Moved(bar)


class _Moved:
    """Moves the bar."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("judging", total=None)

    def __call__(self, done: int, whole: int) -> None:
        self._bar.update(self._task, completed=done, total=whole)


def _tell(figures: Figures, names: list[str], report: Path) -> None:
    console.print(
        f"{figures.mails:,} mails read, {figures.copies:,} further copies, {figures.outside:,} not internal, "
        f"{figures.judged:,} judged",
        highlight=False,
    )
    for name, tally in zip(names, figures.tallies, strict=True):
        held = sum(tally.dispositions[one] for one in STOPPED)
        console.print(
            f"{name}: {held:,} held, {tally.by_memory:,} of them by memory alone", highlight=False, markup=False
        )
    if figures.unread_count:
        console.print(
            shown(f"{figures.unread_count} could not be read, the first: {figures.unread[0]}"),
            highlight=False,
            markup=False,
        )
    console.print(shown(f"{report}, {report.with_suffix('.json')}"), highlight=False, markup=False)
