"""The command `askonce`. Every mistake of a user's ends as one clear line and exit code 2, never as a traceback."""

import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from gateway import __version__
from gateway.cli.audit import audit
from gateway.cli.check import check
from gateway.cli.config import config
from gateway.cli.demo import demo
from gateway.cli.holds import holds
from gateway.cli.policy import policy
from gateway.cli.serve import serve
from gateway.cli.simulate import simulate
from gateway.complaint import ERROR, INTERRUPTED, complain, heeded
from gateway.config import Log
from gateway.log import set_up

cli = typer.Typer(
    name="askonce",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The e-mail gateway that lets an organisation ask once, and once only.",
    epilog="Example: askonce check draft.eml",
)
cli.command()(serve)
cli.command()(check)
cli.command()(simulate)
cli.command()(demo)
cli.add_typer(config, name="config")
cli.add_typer(policy, name="policy")
cli.add_typer(holds, name="holds")
cli.add_typer(audit, name="audit")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"askonce {__version__}")
        raise typer.Exit


@cli.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version")
    ] = False,
) -> None:
    """The e-mail gateway that lets an organisation ask once, and once only."""
    set_up(Log(level="warning"))


def main() -> None:
    """Entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without the character shows its number
    code = run(sys.argv[1:])
    sys.exit(code if _flush() else ERROR)


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code (the commands document their 0 and 1). What goes wrong was said in one line."""
    return heeded(lambda: _command(arguments))


def _command(arguments: Sequence[str]) -> int:
    try:
        return int(cli(list(arguments), prog_name="askonce", standalone_mode=False) or 0)
    except typer.TyperException as error:
        _misused(error)
    except typer.Abort:
        return INTERRUPTED
    except SystemExit as error:
        if not isinstance(error.__context__, BrokenPipeError):
            raise
        _unread()
    return ERROR


def _misused(error: typer.TyperException) -> None:
    """A command called wrongly: one line that names its help; without any arguments, the help itself."""
    message = str(getattr(error, "message", error))
    if "\n" in message:
        print(message, file=sys.stderr)
        return
    said = getattr(error, "format_message", lambda: message)().rstrip(".")
    command = getattr(getattr(error, "ctx", None), "command_path", "askonce")
    complain(f"{said[:1].lower()}{said[1:]}. {command} --help has examples")


def _flush() -> bool:
    """False when nobody read all of it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _unread()
        return False
    return True


def _unread() -> None:
    """Nobody reads any more (`askonce check ... | head`): what is left goes nowhere, silently."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
