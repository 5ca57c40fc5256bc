"""The command `askonce`. Every mistake of a user's ends as one clear line and exit code 2, never as a traceback."""

import sys
from typing import Annotated

import typer

from gateway import __version__
from gateway.cli.audit import audit
from gateway.cli.check import check
from gateway.cli.config import config
from gateway.cli.demo import demo
from gateway.cli.holds import holds
from gateway.cli.screen import complaints
from gateway.cli.serve import serve
from gateway.cli.simulate import simulate
from gateway.config import Log
from gateway.errors import GatewayError, UserError
from gateway.log import set_up

cli = typer.Typer(
    name="askonce",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The e-mail gateway that lets an organisation ask once, and once only.",
)
cli.command()(serve)
cli.command()(check)
cli.command()(simulate)
cli.command()(demo)
cli.add_typer(config, name="config")
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
    try:
        cli()
    except UserError as error:
        complaints.print(f"askonce: {error}", markup=False, highlight=False)
        sys.exit(2)
    except GatewayError as error:
        complaints.print(f"askonce: {str(error) or error.reply.text}", markup=False, highlight=False)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(2)


if __name__ == "__main__":
    main()
