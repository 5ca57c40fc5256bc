"""Whom a gateway talks to, tried from this machine: next hop, PostgreSQL, OpenID provider (`config check --connect`).

All are asked at once, for some seconds, and nothing is changed there: the next hop hears EHLO and QUIT, PostgreSQL a
transaction that is undone, the provider two GETs. IO: the network.
"""

import asyncio
import ssl
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.app import named
from gateway.delivery.connection import NEVER
from gateway.delivery.opening import Opening
from gateway.errors import GatewayError, UserError
from gateway.identity.metadata import metadata, metadata_place
from gateway.storage.opening import POSTGRESQL, ask_store

if TYPE_CHECKING:
    from gateway.config import Settings

PATIENCE = 5.0  # seconds for each

_LISTENS = "Does a mail server listen there, and may this machine connect?"
_CERTIFIED = "Does a mail server with STARTTLS listen there, with a certificate good for that name?"
_DATABASE = "Is the database up, and may this machine and this user use it?"
_PROVIDER = "Is it written letter for letter as the provider writes it, and may this machine go there (HTTPS_PROXY)?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One neighbour: what was tried and what came of it, in a line."""

    line: str
    good: bool


async def neighbours(settings: "Settings") -> list[Tried]:
    """All that these settings name. Never raises for what they do."""
    hop, sign_in = settings.upstream, settings.sign_in
    todo = _CERTIFIED if hop.tls == "required" else _LISTENS
    trials = [_tried(f"upstream.address: {hop.address}", _next_hop(settings), todo)]
    if settings.state.store.startswith(POSTGRESQL):
        trials.append(_tried("state.store: PostgreSQL", ask_store(settings.state.store), _DATABASE))
    if sign_in.mode != "off":
        trials.append(_tried(f"sign_in.issuer: {sign_in.issuer}", _provider(sign_in.issuer), _PROVIDER))
    return await asyncio.gather(*trials)


async def _tried(what: str, trial: Awaitable[str], todo: str) -> Tried:
    try:
        async with asyncio.timeout(PATIENCE):
            return Tried(line=f"{what}: ok, {await trial}", good=True)
    except TimeoutError:
        failed = f"no answer within {PATIENCE:g} seconds"
    except UserError as error:
        failed, todo = error.what, error.todo or todo
    except GatewayError as error:
        failed = str(error)
    return Tried(line=f"{what}: failed, {' '.join(failed.split())}. {todo}", good=False)


async def _next_hop(settings: "Settings") -> str:
    """Raises NextHopUnavailable."""
    tls = ssl.create_default_context() if settings.upstream.tls == "required" else None
    opening = Opening(settings=settings.upstream, hostname=named(settings).smtp.hostname, tls=tls)
    connection = await opening.connection(lambda _: None, NEVER)
    connection.quit()
    await connection.closed
    offered = ", ".join(sorted(connection.extensions)) or "no extensions"
    return f"it offers {offered}{' inside TLS' if tls else ''}; {_room(connection.extensions, settings.smtp.max_size)}"


def _room(extensions: dict[str, str], ours: int) -> str:
    """Its size limit beside ours (RFC 1870 section 4: none, or 0, is no limit it would tell)."""
    told = extensions.get("SIZE", "")
    theirs = int(told) if told.isascii() and told.isdigit() else 0
    if not theirs:
        return f"it tells no size limit, so smtp.max_size ({ours} bytes) holds"
    if theirs >= ours:
        return f"it takes mails of {theirs} bytes, and smtp.max_size is {ours}"
    return (
        f"it takes mails of {theirs} bytes only, though smtp.max_size is {ours}: larger ones are refused; "
        "raise its limit (in Postfix message_size_limit) if they should pass"
    )


async def _provider(issuer: str) -> str:
    """Raises ProviderUnavailable."""
    from gateway.identity.fetching import Fetcher  # here: sites without sign-in do without what it needs

    fetcher = Fetcher()
    try:
        known = metadata(await fetcher.get(metadata_place(issuer)), issuer)
        await fetcher.get(known.keys)
    finally:
        await fetcher.close()
    return f"its discovery document and its keys are there; people sign in at {known.authorization}"
