"""`askonce config`: is this settings file right? Reads the file and what it points at, and asks whom it names."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.screen import console, refuse, shown
from gateway.config import Settings, load
from gateway.inspection import check_settings
from gateway.neighbours import neighbours

config = typer.Typer(no_args_is_help=True, help="Settings.")


@config.callback()
def root() -> None:
    """Settings."""


@config.command("check")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A settings file such as deploy/gateway.toml")],
    connect: Annotated[
        bool, typer.Option("--connect", help="Also ask the next hop, PostgreSQL and the OpenID provider, for 5 seconds")
    ] = False,
) -> None:
    """Check a settings file: keys, values, the pack and the directory it names.

    Exit 0: good. 2: not, with file and key; or somebody it names does not answer as they should.

    Examples:

      askonce config check deploy/gateway.toml

      askonce config check --connect /etc/askonce/gateway.toml
    """
    settings = load(file)
    for line in asyncio.run(check_settings(settings, where=str(file))):
        console.print(line, markup=False, highlight=False)
    if connect:
        _connect(settings, file)
    console.print(f"{file}: good", markup=False, highlight=False)


def _connect(settings: Settings, file: Path) -> None:
    tried = asyncio.run(neighbours(settings))
    for one in tried:
        console.print(shown(one.line), markup=False, highlight=False)
    failed = sum(not one.good for one in tried)
    if failed:
        refuse(f"{file}: {failed} of {len(tried)} connections failed, see above")
