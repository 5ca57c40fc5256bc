"""An ASGI application on a port of this machine, while a test runs."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette


def reserved() -> socket.socket:
    """A free port, ours from now on: its number can be told before anything listens there."""
    place = socket.socket()
    place.bind(("127.0.0.1", 0))
    return place


@asynccontextmanager
async def listening(app: Starlette, place: socket.socket) -> AsyncIterator[str]:
    """The application there; yields its address."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, log_level="error", lifespan="off", ws="none"))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    running = asyncio.create_task(server.serve(sockets=[place]))
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event to wait for
        await asyncio.sleep(0.01)
    try:
        yield address(place)
    finally:
        server.should_exit = True
        await running


def address(place: socket.socket) -> str:
    """How it is reached."""
    return f"http://127.0.0.1:{place.getsockname()[1]}"
