"""The terminal: one console, one way to refuse, strangers' text made harmless. Writes to standard output and error."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console


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


def complain(message: str) -> None:
    """What is wrong, in one line on standard error."""
    complaints.print(f"askonce: {shown(' '.join(message.split()))}", markup=False, highlight=False)


def chosen(form: str) -> None:
    """Refuse a --format there is not."""
    if form not in ("text", "json"):
        refuse(f'--format {form}: choose "text" or "json"')


def shown(text: str, *, lines: bool = False) -> str:
    """Text of strangers for a terminal: control and invisible characters are shown, never obeyed."""
    return "".join(_visible(one, lines=lines) for one in text)


def _visible(one: str, *, lines: bool) -> str:
    if one.isprintable() or (lines and one == "\n"):
        return one
    if one.isspace() and ord(one) > 0x9F and one not in "\u2028\u2029":
        return " "
    return f"\\x{ord(one):02x}"
