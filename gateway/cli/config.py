"""`askonce config`: is this settings file right? Reads the file and what it points at."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.screen import console
from gateway.config import load
from gateway.inspection import check_settings

config = typer.Typer(no_args_is_help=True, help="Settings.")


@config.callback()
def root() -> None:
    """Settings."""


@config.command("check")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A settings file such as deploy/gateway.toml")],
) -> None:
    """Check a settings file: keys, values, the pack and the directory it names.

    Exit 0: good. 2: not, with file and key.

    Example: askonce config check deploy/gateway.toml
    """
    settings = load(file)
    for line in asyncio.run(check_settings(settings, where=str(file))):
        console.print(line, markup=False, highlight=False)
    console.print(f"{file}: good", markup=False, highlight=False)
