"""The composition root: the only place that knows which adapter stands behind which port.

Each function here builds the same house on other ground: a gateway's own process, the command line on a gateway's
state, judging without memory, a simulation on a clock of its own. IO: opens files, databases and connections.
"""

import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gateway.audit.events import VerdictReached
from gateway.audit.memory import MemoryAudit
from gateway.audit.writer import open_stream, recover_orphans
from gateway.delivery.memory import MemoryNextHop
from gateway.delivery.sink import MaildirSink
from gateway.delivery.upstream import Upstream
from gateway.directory.fixed import EmptyDirectory, Fixed
from gateway.directory.opening import open_directory
from gateway.errors import StoreUnavailable, UserError
from gateway.flows.assess import UNJUDGEABLE
from gateway.flows.receive import receive
from gateway.flows.release import release
from gateway.flows.withdraw import withdraw
from gateway.holds.lifecycle import HoldState
from gateway.identity.opening import open_provider
from gateway.keys import installation_key
from gateway.mail.content import stuffed
from gateway.mail.envelope import Envelope, SessionFacts
from gateway.mail.envelope import Path as MailPath
from gateway.mail.letter import Letter, written
from gateway.policy.pack import Pack
from gateway.ports import Directory, House, Store
from gateway.storage.late import LateStore
from gateway.storage.waiting import WaitingFile
from gateway.worker import Worker

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.identity.provider import OpenIdProvider
    from gateway.policy.exceptions import Exemption

EDGE = "edge-"  # how the audit streams of SMTP processes begin


def now() -> datetime:
    """The time of day, UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """32 hex digits: 12 of milliseconds, 20 at random; sortable by time, unique over nodes."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


def _typed(data: dict[str, Any], *, where: str) -> "Settings":
    # Imported here: an SMTP process gets settings that were checked already, and does without what checks them.
    from gateway.config import settings

    return settings(data, where=where)


def pack_of(settings: "Settings") -> Pack:
    """The pack as this site set it. Raises UserError."""
    from gateway.policy.packs import complete, load  # not at the top, see `_typed`

    policy = settings.policy
    pack = load(policy.pack, modes=policy.modes, monitor=policy.mode == "monitor")
    complete(pack, _cache())
    return pack


def pack_named(name_or_path: str) -> Pack:
    """A pack as its author wrote it, without any site's settings. Raises UserError."""
    return pack_of(_typed({"policy": {"pack": name_or_path}}, where="command line"))


def exemptions_of(settings: "Settings", pack: Pack) -> "tuple[Exemption, ...]":
    """The site's exceptions, expired ones included. Raises UserError."""
    if not settings.policy.exceptions:
        return ()
    from gateway.policy.exceptions import read

    return read(Path(settings.policy.exceptions), {*pack.rules, UNJUDGEABLE})


def _cache() -> Path:
    """Where compiled patterns are kept: the user's cache folder."""
    home = os.environ.get("CACHE_DIRECTORY") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "askonce"


def state_folder(settings: "Settings") -> Path:
    """The state folder, made when missing. Raises UserError."""
    folder = Path(settings.state.directory)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(error.strerror or str(error), where=f"state.directory: {folder}") from None
    return folder


@asynccontextmanager
async def open_house(
    settings: "Settings", *, stream: str, late: bool = False, pack: Pack | None = None
) -> AsyncIterator[House]:
    """A gateway process's house: real store, directory, next hop, and the audit stream of that name. With `late` the
    store is opened when it is first needed. `pack`: the settings' pack, where it is compiled already."""
    folder = state_folder(settings)
    async with AsyncExitStack() as stack:
        store = await _store(settings.state.store or str(folder / "askonce.db"), late)
        stack.push_async_callback(store.close)
        pack = pack or pack_of(settings)
        audit = await open_stream(
            folder / "audit",
            stream,
            clock=now,
            pack=pack.identity,
            fsync=settings.state.audit_fsync,
            fate=partial(outcome_known, store, stream),
        )
        stack.push_async_callback(audit.close)
        upstream = Upstream(settings.upstream, hostname=named(settings).smtp.hostname)
        stack.push_async_callback(upstream.close)
        directory = await open_directory(settings.organisation.directory, settings.organisation.reload_seconds)
        yield House(
            settings=named(settings),
            pack=pack,
            store=store,
            directory=directory,
            next_hop=upstream,
            audit=audit,
            clock=now,
            new_id=new_id,
            notice_key=installation_key(folder / "keys", "notice.key"),
            exemptions=exemptions_of(settings, pack),
            waiting=WaitingFile(folder / "waiting"),
        )


async def _store(url: str, late: bool) -> Store:
    if late:
        return LateStore(url)
    # Imported here: it is the heaviest part, and a process that only passes mail on does without it.
    from gateway.storage.opening import open_store

    try:
        return await open_store(url)
    except StoreUnavailable as error:
        raise UserError(
            f"the store does not answer: {error}",
            where="state.store",
            todo="Is the database up, and may this machine connect to it?",
        ) from None


def provider_of(house: House) -> "OpenIdProvider | None":
    """Who vouches for people at this house's page; None where sign-in is off. Raises UserError."""
    return open_provider(house.settings, house.clock)


async def outcome_known(store: Store, stream: str, mail_id: str) -> str | None:
    """What the store knows of a mail whose outcome a crash left out of this stream. SMTP processes hold mails, and
    release those whose notice was answered; the others judge held mails again, to release them."""
    async with store.begin(write=False) as unit:
        held = await unit.holds.get(mail_id)
        answered = held is not None and await unit.answers.since(mail_id, held.held_at - timedelta(seconds=1)) > 0
    if held is None:
        return None
    gone = held.state in (HoldState.SENDING, HoldState.SENT, HoldState.FAILED)
    return "released" if gone and (answered or not stream.startswith(EDGE)) else "held"


async def settle_orphans(settings: "Settings", house: House, live: Collection[str]) -> None:
    """Complete the audit streams of processes that are no more."""
    folder = state_folder(settings) / "audit"
    await recover_orphans(
        folder, live, clock=now, fsync=settings.state.audit_fsync, fate=partial(outcome_known, house.store, EDGE)
    )


def named(settings: "Settings", known: Mapping[str, Mapping[str, Any]] = MappingProxyType({})) -> "Settings":
    """The machine's own name where none is set, and what else is `known` by now, by section and key."""
    smtp = {} if settings.smtp.hostname else {"hostname": socket.getfqdn()}
    for section, values in (("smtp", smtp), *known.items()):
        if values:
            changed = getattr(settings, section).model_copy(update=dict(values))
            settings = settings.model_copy(update={section: changed})
    return settings


@asynccontextmanager
async def office(settings: "Settings") -> AsyncIterator[House]:
    """A house for the command line, on the state of a gateway that may be running."""
    _existing(Path(settings.state.directory))
    async with open_house(settings, stream="cli") as house:
        yield house


def _existing(folder: Path) -> None:
    """Raises UserError when there is no such folder."""
    if not folder.is_dir():
        raise UserError("there is no such state folder", where=str(folder), todo="Give --state or --config")


async def judging_house(*, pack: str, directory: str, domains: tuple[str, ...]) -> House:
    """A house that can judge and remembers nothing. Raises UserError."""
    settings = _typed({"organisation": {"internal_domains": domains}, "policy": {"pack": pack}}, where="command line")
    people = await open_directory(directory, settings.organisation.reload_seconds) if directory else EmptyDirectory()
    return await _light_house(settings, people, MemoryAudit())


async def judging_by(settings: "Settings") -> House:
    """A house that judges by these settings: their directory, modes and exceptions. Raises UserError."""
    people = await open_directory(settings.organisation.directory, settings.organisation.reload_seconds)
    return await _light_house(settings, people, MemoryAudit(), late=True)


async def _light_house(settings: "Settings", directory: Directory, audit: MemoryAudit, *, late: bool = False) -> House:
    pack = pack_of(settings)
    return House(
        settings=settings,
        pack=pack,
        exemptions=exemptions_of(settings, pack),
        store=await _store(":memory:", late),
        directory=directory,
        next_hop=MemoryNextHop(),
        audit=audit,
        clock=now,
        new_id=new_id,
        notice_key=secrets.token_bytes(32),
    )


async def demo_sink(folder: Path) -> MaildirSink:
    """A small next hop that keeps what arrives as Maildir, started on a loopback port."""
    sink = MaildirSink(folder, "127.0.0.1:0")
    await sink.start()
    return sink


class Simulation:
    """The gateway on a clock of its own: `now` is set by whoever plays."""

    def __init__(self, house: House, audit: MemoryAudit) -> None:
        self.now = now()
        self.house = replace(house, clock=lambda: self.now)
        self._audit = audit
        self._worker = Worker(self.house)

    async def send(self, letter: Letter) -> VerdictReached:
        """Let a mail through the receive flow; the verdict on record."""
        raw = written(letter)
        sender = MailPath(text=letter.sender)
        onward = self.house.next_hop.begin(sender, SessionFacts())
        rcpt_to = tuple(MailPath(text=to) for to in letter.to)
        for path in rcpt_to:
            await onward.rcpt(path)
        envelope = Envelope(mail_from=sender, rcpt_to=rcpt_to, session=SessionFacts(), received_at=self.now)
        await receive(self.house, envelope, stuffed(raw), onward)
        return [event for event in self._audit.events if isinstance(event, VerdictReached)][-1]

    async def beat(self) -> None:
        """What the worker does at this moment: deliver, expire, settle."""
        await self._worker.beat_once()

    async def step(self, step: str, message_id: str) -> None:
        """`release` (as compliance would) or `withdraw` the newest hold of this message. Raises KeyError."""
        async with self.house.store.begin(write=False) as unit:
            found = [held for held in await unit.holds.find(limit=100_000) if held.message_id == message_id]
        if not found:
            raise KeyError(f"nothing is held under {message_id}")
        if step == "release":
            await release(
                self.house, found[-1].id, new_text=None, new_subject=None, actor="compliance:-", decision=True
            )
        else:
            await withdraw(self.house, found[-1].id, actor="sender")
        await self.beat()


@asynccontextmanager
async def simulation(*, pack: str, people: Mapping[str, Any], memory: Mapping[str, Any]) -> AsyncIterator[Simulation]:
    """A simulation with this directory; its domains are the internal ones. Raises UserError."""
    known = [*people.get("people", {}), *people.get("lists", {})]
    domains = tuple(sorted({address.rpartition("@")[2].lower() for address in known}))
    settings = _typed(
        {
            "policy": {"pack": pack},
            "memory": dict(memory),
            "organisation": {"internal_domains": domains},
            "smtp": {"hostname": "simulation.example"},
        },
        where="scenario",
    )
    audit = MemoryAudit()
    house = await _light_house(settings, Fixed.from_mapping(people), audit)
    try:
        yield Simulation(house, audit)
    finally:
        await house.store.close()
