"""`askonce audit`: is the log what was written? Reads files only."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.screen import console
from gateway.compliance.verify import verify as verified

audit = typer.Typer(no_args_is_help=True, help="The proof log.")


@audit.callback()
def root() -> None:
    """The proof log."""
