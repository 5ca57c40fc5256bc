"""`askonce holds`: the held mails, from the command line. Reads and changes the store; looks and acts are audited."""

import asyncio
import getpass
import json
import os
import pwd
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from gateway.app import office
from gateway.audit.events import HoldOpened
from gateway.cli.screen import chosen, console, refuse, shown
from gateway.config import Settings, load
from gateway.config import settings as typed
from gateway.flows.dispute import uphold
from gateway.flows.release import Released, release
from gateway.flows.step import Changed
from gateway.flows.withdraw import withdraw
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldState
from gateway.holds.revision import editable_text
from gateway.ports import House

holds = typer.Typer(no_args_is_help=True, help="Held mails.")
Config = Annotated[Path | None, typer.Option(metavar="FILE", help="Settings")]
State = Annotated[str | None, typer.Option(metavar="DIR", help="Where state is kept")]
Form = Annotated[str, typer.Option("--format", metavar="text|json")]
Id = Annotated[str, typer.Argument(metavar="ID", help="A held mail's id, or how it begins")]
Note = Annotated[str, typer.Option(metavar="TEXT", help="What the sender is told; goes into the audit")]
By = Annotated[str, typer.Option(metavar="NAME", help="Who decides; goes into the audit")]
OPEN = (HoldState.HELD, HoldState.DISPUTED, HoldState.SENDING)
_SHORTEST_ID = 6  # characters of an id that may stand for it
_T = TypeVar("_T")


@holds.callback()
def root() -> None:
    """Held mails."""


@holds.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Also those that have ended")] = False,
    config: Config = None,
    state: State = None,
    form: Form = "text",
) -> None:
    """List held mails, oldest first.

    Example: askonce holds list --state /var/lib/askonce
    """

    async def read(house: House) -> list[HeldMail]:
        async with house.store.begin(write=False) as unit:
            return await unit.holds.find(states=() if everything else OPEN, limit=10_000)

    chosen(form)
    found = _run(read, config, state)
    if form == "json":
        for held in found:
            print(json.dumps(as_json(held)))
        return
    for held in found:
        _row(held)
    if not found:
        console.print("nothing is held")


def _row(held: HeldMail) -> None:
    """Two lines, so that an id is never broken and can be copied."""
    first = f"{held.id}  {held.state.value:9}  {held.label.value:16}  held {held.held_at:%Y-%m-%d %H:%M} UTC"
    others = f" and {len(held.rcpt_to) - 1} more" if len(held.rcpt_to) > 1 else ""
    second = f"    {held.sender} to {held.rcpt_to[0].text}{others}: “{held.subject}”"
    for line in (first + f", expires {held.expires_at:%Y-%m-%d %H:%M}", second):
        console.print(shown(line), markup=False, highlight=False)


@holds.command()
def show(hold_id: Id, config: Config = None, state: State = None, form: Form = "text") -> None:
    """Show one held mail: why it is held, and what its sender wrote. The look is recorded.

    Example: askonce holds show 0192f3a4
    """

    async def read(house: House) -> tuple[HeldMail, bytes]:
        async with house.store.begin(write=False) as unit:
            held = await _known(house, hold_id)
            raw = await unit.holds.raw(held.id)
        await house.audit.record(
            HoldOpened(mail_id=held.id, at=house.clock(), hold_id=held.id, actor=_who(), purpose="show")
        )
        return held, raw

    chosen(form)
    held, raw = _run(read, config, state)
    row = as_json(held)
    if form == "json":
        print(json.dumps(row))
        return
    for key, value in row.items():
        console.print(f"{key:12} {_listed(value)}", markup=False, highlight=False)
    console.print("")
    console.print(shown(editable_text(raw), lines=True), markup=False, highlight=False)


@holds.command("release")
def release_(
    hold_id: Id,
    by: By = "",
    note: Note = "",
    config: Config = None,
    state: State = None,
) -> None:
    """Let a held mail go as it is: a decision of compliance, recorded with its name, told to the sender.

    Example: askonce holds release 0192f3a4 --by j.doe --note "It is about our own page."
    """

    async def act(house: House) -> object:
        held = await _known(house, hold_id)
        actor = f"compliance:{by or _who()}"
        return await release(house, held.id, new_text=None, new_subject=None, actor=actor, decision=True, note=note)

    outcome = _run(act, config, state)
    if not isinstance(outcome, Released):
        refuse(f"not released: {_reason(outcome)}")
    console.print(f"{hold_id}: released; it goes out with the gateway's next beat", markup=False, highlight=False)


@holds.command("uphold")
def uphold_(hold_id: Id, by: By = "", note: Note = "", config: Config = None, state: State = None) -> None:
    """Decide a dispute: the hold stands. The sender is told, sees the note on the page, and may still change the mail.

    Example: askonce holds uphold 0192f3a4 --by j.doe --note "The second paragraph asks about people's own profiles."
    """

    async def act(house: House) -> object:
        held = await _known(house, hold_id)
        return await uphold(house, held.id, note=note, actor=f"compliance:{by or _who()}")

    outcome = _run(act, config, state)
    if not isinstance(outcome, Changed):
        refuse(f"not upheld: {_reason(outcome)}; only a disputed hold can be upheld")
    console.print(f"{hold_id}: the hold stands; its sender is told", markup=False, highlight=False)


@holds.command("withdraw")
def withdraw_(hold_id: Id, by: By = "", config: Config = None, state: State = None) -> None:
    """Withdraw a held mail for its sender: it is never sent.

    Example: askonce holds withdraw 0192f3a4 --by helpdesk
    """

    async def act(house: House) -> object:
        held = await _known(house, hold_id)
        return await withdraw(house, held.id, actor=f"operator:{by or _who()}")

    outcome = _run(act, config, state)
    if getattr(outcome, "state", None) is not HoldState.WITHDRAWN:
        refuse(f"not withdrawn: {_reason(outcome)}")
    console.print(f"{hold_id}: withdrawn", markup=False, highlight=False)


def as_json(held: HeldMail) -> dict[str, Any]:
    """One held mail without its words."""
    return {
        "id": held.id,
        "state": held.state.value,
        "label": held.label.value,
        "labels": [label.value for label in held.labels],
        "rules": sorted({finding.rule_id for finding in held.findings}),
        "sender": held.sender,
        "to": [path.text for path in held.rcpt_to],
        "subject": held.subject,
        "message_id": held.message_id,
        "held_at": held.held_at.isoformat(timespec="seconds"),
        "expires_at": held.expires_at.isoformat(timespec="seconds"),
        "size": held.size,
        "changed_by": held.changed_by,
        "note": held.note,
        "pack": held.pack,
    }


def _run(act: Callable[[House], Awaitable[_T]], config: Path | None, state: str | None) -> _T:
    settings = load(config) if config else Settings()
    if state:
        data = settings.model_dump()
        data["state"]["directory"] = state
        settings = typed(data, where="command line")

    folder = Path(settings.state.directory).absolute()
    if not folder.is_dir() or not (settings.state.store or (folder / "askonce.db").is_file()):
        refuse(f"{folder}: no gateway keeps its state here (state.directory); give --state or --config")
    _be_its_owner(folder)

    async def go() -> _T:
        async with office(settings) as house:
            return await act(house)

    return asyncio.run(go())


def _be_its_owner(folder: Path) -> None:
    """What we write there must stay the gateway's own to write, in the audit above all."""
    owner = folder.stat().st_uid
    if os.geteuid() == owner:
        return
    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        name = f"user {owner}"
    refuse(f"{folder} belongs to {name}: run it as {name}, such as: sudo -u {name} askonce holds ...")


async def _known(house: House, hold_id: str) -> HeldMail:
    """The held mail with this id, or the only one whose id begins so."""
    async with house.store.begin(write=False) as unit:
        held = await unit.holds.get(hold_id)
        if held is None and len(hold_id) >= _SHORTEST_ID:
            like = [one for one in await unit.holds.find(limit=100_000) if one.id.startswith(hold_id)]
            if len(like) > 1:
                refuse(f'{len(like)} held mails begin with "{hold_id}"; give more of the id')
            held = like[0] if like else None
    if held is None:
        refuse(f'there is no held mail "{hold_id}"; askonce holds list --all shows them')
    return held


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _reason(outcome: object) -> str:
    held = getattr(outcome, "held", outcome)
    return f"it is {held.state.value} by now" if isinstance(held, HeldMail) else "its words are still held"


def _listed(value: object) -> str:
    return shown(", ".join(map(str, value)) if isinstance(value, list) else str(value))
