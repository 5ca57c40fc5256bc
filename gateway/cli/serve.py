"""`askonce serve`: run the gateway. Flags override the settings file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.config import Settings, load
from gateway.config import settings as typed


def serve(
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Settings; see deploy/gateway.toml")] = None,
    listen: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Where mail comes in")] = None,
    upstream: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="The next hop")] = None,
    internal_domain: Annotated[
        list[str] | None, typer.Option(metavar="D", help="An internal domain; repeat for more")
    ] = None,
    policy: Annotated[str | None, typer.Option(metavar="NAME|DIR", help="The pack to judge by")] = None,
    state: Annotated[str | None, typer.Option(metavar="DIR", help="Where state is kept")] = None,
    web: Annotated[str | None, typer.Option(metavar="HOST:PORT|off", help="The review page")] = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="SMTP processes on one port")] = None,
) -> None:
    """Run the gateway until SIGTERM, which lets open transfers finish.

    Examples:

      askonce serve --upstream 127.0.0.1:10026 --internal-domain acme.example

      askonce serve --config /etc/askonce/gateway.toml
    """
    from gateway.serving import serve as run

    flags = {
        ("smtp", "listen"): listen,
        ("smtp", "workers"): workers,
        ("upstream", "address"): upstream,
        ("organisation", "internal_domains"): tuple(internal_domain) if internal_domain else None,
        ("policy", "pack"): policy,
        ("state", "directory"): state,
        ("web", "listen"): web,
    }
    run(overridden(load(config) if config else Settings(), flags))


def overridden(settings: Settings, flags: dict[tuple[str, str], Any]) -> Settings:
    """The settings with the given flags on top; None leaves a setting as it is. Raises UserError."""
    data = settings.model_dump()
    for (section, key), value in flags.items():
        if value is not None:
            data[section][key] = value
    return typed(data, where="command line")
