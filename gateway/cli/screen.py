"""The terminal: one console, and one way to refuse. Writes to standard output and error."""

from typing import NoReturn

import typer
from rich.console import Console

console = Console(soft_wrap=True)
complaints = Console(stderr=True, soft_wrap=True)


def refuse(message: str) -> NoReturn:
    """Say what is wrong in one line and leave with exit code 2."""
    complaints.print(f"askonce: {message}", markup=False, highlight=False)
    raise typer.Exit(2)
