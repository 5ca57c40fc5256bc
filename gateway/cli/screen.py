"""The terminal: one console, one way to refuse, strangers' text made harmless. Writes to standard output and error."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from gateway.complaint import complain, shown

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["chosen", "complaints", "console", "refuse", "shown"]


class Screen:
    """A rich console, loaded with the first word: the gateway itself prints none, and does without its 7 MB."""

    def __init__(self, *, stderr: bool = False) -> None:
        self._stderr = stderr

    def print(self, *words: object, **style: Any) -> None:
        """See `rich.console.Console.print`."""
        self._console.print(*words, **style)

    @cached_property
    def _console(self) -> "Console":
        from rich.console import Console

        return Console(stderr=self._stderr, soft_wrap=True, emoji=False)


console = Screen()
complaints = Screen(stderr=True)


def refuse(message: str) -> NoReturn:
    """Say what is wrong in one line and leave with exit code 2."""
    complain(message)
    raise typer.Exit(2)


def chosen(form: str) -> None:
    """Refuse a --format there is not."""
    if form not in ("text", "json"):
        refuse(f'--format {form}: choose "text" or "json"')
