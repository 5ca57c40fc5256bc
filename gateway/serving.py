"""Running the gateway: N SMTP processes on one port, and this one with the review page and the beat.

A child runs `child` with orders on its standard input (`supervisor.py`). SIGTERM drains: sessions finish the
mail they are at, and what is past its final dot has its answer. SIGHUP has certificate and key read again, for
handshakes from then on. IO: sockets, signals, processes.
"""

import asyncio
import gc
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import structlog
import uvloop

from gateway.app import (
    EDGE,
    exemptions_of,
    named,
    now,
    open_house,
    pack_of,
    provider_of,
    settle_orphans,
    state_folder,
)
from gateway.complaint import heeded
from gateway.delivery.transaction import SLOWEST
from gateway.errors import UserError
from gateway.flows.answer import is_answer
from gateway.flows.receive import receive
from gateway.host_port import host_port
from gateway.keys import installation_key
from gateway.log import set_up
from gateway.orders import Orders, taken, written
from gateway.ports import House
from gateway.smtp.server import Edge
from gateway.supervisor import Supervisor
from gateway.worker import Worker

if TYPE_CHECKING:
    from gateway.config import Settings

log = structlog.get_logger(__name__)

OFFICE = "import sys; from gateway.serving import office; sys.exit(office(*map(int, sys.argv[1:])))"
# A terminal that closes sends SIGHUP to a whole group, children included: it is for the parent to tell them.
CHILD = (
    "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
    "import sys; from gateway.serving import child; sys.exit(child())"
)
PATIENCE = 5.0  # seconds a child may take beyond its drain
BESIDE = 15.0  # seconds that judging, storing and recording a mail may take beside the next hop
NO_PAGE = -1  # instead of the descriptor of the page's socket


def serve(settings: "Settings") -> NoReturn:
    """Become the gateway. Whatever can be wrong with settings, pack or ports is found out here, before; what was needed
    for that is left behind by executing Python anew. Raises UserError when it cannot start."""
    # Imported here: the processes that stay do without what only looks at settings.
    from gateway.inspection import check_places, check_sign_in

    set_up(settings.log)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # also beyond execv, until there is a certificate to read again
    pack = pack_of(settings)
    exemptions_of(settings, pack)
    check_sign_in(settings)
    check_places(settings)
    state_folder(settings)
    with ExitStack() as stack:
        place = stack.enter_context(_reserved(settings.smtp.listen, key="smtp.listen"))
        settings = named(settings, {"smtp": {"listen": _shown(place.getsockname())}})
        door = None
        if settings.web.listen != "off":
            door = stack.enter_context(_reserved(settings.web.listen, key="web.listen"))
            settings = named(settings, {"web": {"listen": _shown(door.getsockname())}})
        handed = [written(settings, pack), place.fileno(), door.fileno() if door else NO_PAGE]
        for descriptor in handed:
            if descriptor != NO_PAGE:
                os.set_inheritable(descriptor, True)
        os.execv(sys.executable, [sys.executable, "-c", OFFICE, *map(str, handed)])  # noqa: S606  # ourselves


def office(orders: int, place: int, door: int) -> int:
    """The gateway's own process, by the descriptors of its orders, its reserved SMTP port and its page's socket: run
    until SIGTERM or SIGINT; the exit code."""
    told = taken(orders, late=True)
    set_up(told.settings.log)
    for descriptor in (orders, place, door):
        if descriptor != NO_PAGE:
            os.set_inheritable(descriptor, False)
    with ExitStack() as stack:
        stack.enter_context(socket.socket(fileno=place))
        page_socket = stack.enter_context(socket.socket(fileno=door)) if door != NO_PAGE else None
        return heeded(lambda: uvloop.run(_serve(told, orders, page_socket)))


async def _serve(told: Orders, orders: int, door: socket.socket | None) -> int:
    stopping, settings = _stop_signal(), told.settings
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(open_house(settings, stream="office", pack=told.pack))
        worker = Worker(house)
        streams = [f"{EDGE}{number}" for number in range(1, settings.smtp.workers + 1)]
        told_each = [{"stream": stream, "orders": orders} for stream in streams]
        edges = Supervisor([sys.executable, "-c", CHILD], told_each, inherited=(orders,))
        if door:
            await stack.enter_async_context(page(house, door, worker, edges.any_ready))
        beat = asyncio.create_task(worker.run())
        longest = settings.smtp.drain_seconds + to_answer(settings)
        stack.push_async_callback(_ended, worker, beat, longest)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _reload, edges)
        try:
            await edges.start()
        except RuntimeError as error:
            await edges.stop(1)
            raise UserError(str(error), todo="The log above says why") from None
        stack.push_async_callback(_drained, edges, worker, beat, longest)
        await settle_orphans(settings, house, streams)
        _spare_the_collector()
        print(
            f"askonce ready: SMTP {settings.smtp.listen} -> {settings.upstream.address}, review page "
            f"{_address(settings)}, state {state_folder(settings)}",
            flush=True,
        )
        await stopping.wait()
        log.info("draining")
    return 0


def _reserved(listen: str, *, key: str) -> socket.socket:
    """The port, bound but not listened on: it stays ours, and port 0 becomes a number all children share."""
    host, port = host_port(listen, key=key)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise UserError(f"{listen} cannot be had: {error.strerror or error}", where=key) from None
    return sock


@asynccontextmanager
async def page(
    house: House, door: socket.socket, worker: Worker, serving: Callable[[], bool] = lambda: True
) -> AsyncIterator[None]:
    """The review page on this socket, while the block runs; `serving` tells whether mail is taken."""
    # Imported here, so that the SMTP processes do without them.
    import uvicorn

    from gateway.storage.room import write_a_little
    from gateway.web.app import web_app
    from gateway.web.connection import MOST, Connection
    from gateway.web.health import Health

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            """Signals are ours."""
            yield

    key = installation_key(state_folder(house.settings) / "keys", "web.key")
    provider = provider_of(house)
    health = Health(house.store, serving=serving, write=partial(write_a_little, state_folder(house.settings)))
    server = Server(
        uvicorn.Config(
            web_app(house, secret_key=key, wake=worker.wake, provider=provider, health=health),
            http=Connection,
            limit_concurrency=MOST,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
        )
    )
    task = asyncio.create_task(server.serve(sockets=[door]))
    try:
        yield
    finally:
        server.should_exit = True
        await task
        if provider is not None:
            await provider.close()


def _address(settings: "Settings") -> str:
    if settings.web.listen == "off":
        return "off"
    return settings.web.public_url or f"http://{settings.web.listen}"


def _shown(name: tuple[Any, ...]) -> str:
    return f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"


def _stop_signal() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


def _reload(edges: Supervisor) -> None:
    log.info("reload: certificate and key are read again; other settings need a restart")
    edges.reload()


async def _drained(edges: Supervisor, worker: Worker, beat: "asyncio.Task[None]", seconds: float) -> None:
    """Both at once, for a service manager does not wait for ever."""
    await asyncio.gather(edges.stop(seconds + PATIENCE), _ended(worker, beat, seconds))


async def _ended(worker: Worker, beat: "asyncio.Task[None]", seconds: float) -> None:
    """Deliveries under way may finish; what does not is tried again after its lease."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await worker.stop()
    beat.cancel()
    await asyncio.gather(beat, return_exceptions=True)


def to_answer(settings: "Settings") -> float:
    """Seconds in which every mail past its final dot is answered, as large as a mail may be."""
    return settings.upstream.data_timeout + settings.smtp.max_size / SLOWEST + BESIDE


def child() -> int:
    """One SMTP process: told on standard input, "ready" to standard output, drain at its end of file."""
    told = json.loads(sys.stdin.buffer.readline())
    orders = taken(told["orders"], late=True)
    set_up(orders.settings.log)
    try:
        return uvloop.run(_child(orders, told["stream"]))
    except UserError as error:
        log.error("cannot serve", error=str(error))
        return 2


async def _child(orders: Orders, stream: str) -> int:
    loop, smtp = asyncio.get_running_loop(), orders.settings.smtp
    loop.add_signal_handler(signal.SIGINT, lambda: None)  # Ctrl-C reaches the whole group; the parent tells us when
    stopping = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    async with open_house(orders.settings, stream=stream, late=True, pack=orders.pack) as house:
        edge = Edge(
            smtp,
            house.next_hop,
            partial(receive, house),
            now,
            smtp.hostname,
            spool_directory=_spool(orders.settings),
            is_ours=partial(is_answer, house),
        )
        await edge.start()
        loop.add_reader(sys.stdin.fileno(), _heed, edge, stopping)
        _spare_the_collector()
        print("ready", flush=True)
        await stopping.wait()
        loop.remove_reader(sys.stdin.fileno())
        await edge.drain(smtp.drain_seconds, to_answer(orders.settings))
        await edge.stop()
    return 0


def _heed(edge: Edge, stopping: asyncio.Event) -> None:
    """What the parent says after the orders: a line to read the certificate again, the end to drain."""
    if os.read(sys.stdin.fileno(), 4096):
        _renew(edge)
    else:
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())  # it would be told again and again
        stopping.set()


def _renew(edge: Edge) -> None:
    smtp = edge.desk.settings
    if not smtp.tls_certificate:
        return
    files = {"certificate": smtp.tls_certificate, "key": smtp.tls_key}
    try:
        edge.reload()
    except UserError as error:
        log.error("the certificate was not read again; the old one stays in use", error=str(error), **files)
    else:
        log.info("the certificate was read again", **files)


def _spool(settings: "Settings") -> Path:
    """Large messages in flight lie beside the state, not on a small temporary file system. Raises UserError."""
    folder = state_folder(settings) / "spool"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _spare_the_collector() -> None:
    """What is loaded now stays: the collector need not look through it again and again while mail passes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
