"""Connections to the page that never become a request."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.serving import page
from gateway.web.connection import Connection
from gateway.worker import Worker
from tests.web.desk import open_desk

GET = b"GET /check HTTP/1.1\r\nHost: x\r\n\r\n"
Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[bytes], Awaitable[Wire]]


@pytest_asyncio.fixture
async def connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    """The page as it is served, where a head may take a fifth of a second."""
    monkeypatch.setattr(Connection, "head_seconds", 0.2)
    wires: list[Wire] = []
    with socket.create_server(("127.0.0.1", 0)) as door:

        async def made(said: bytes) -> Wire:
            wires.append(await asyncio.open_connection(*door.getsockname()))
            wires[-1][1].write(said)
            return wires[-1]

        async with (
            open_desk({"state": {"directory": str(tmp_path)}}) as desk,
            page(desk.house, door, Worker(desk.house)),
        ):
            yield made
            for _, writer in wires:
                writer.close()


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ", GET + b"GET / HT"])
async def test_a_head_that_never_ends_ends_the_connection(connect: Connect, said: bytes) -> None:
    """Silence, half a line, half a header, half a second request: closed from our side."""
    reader, _ = await connect(said)
    async with asyncio.timeout(20):
        try:
            left = await reader.read()
        except ConnectionResetError:
            left = b""
    assert (b"200 OK" in left) == said.startswith(GET)


async def test_one_connection_past_the_limit_is_not_taken(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are served as before."""
    monkeypatch.setattr("gateway.web.connection.MOST", 1)
    monkeypatch.setattr(Connection, "head_seconds", 20)
    (reader, writer), _ = await connect(b""), await connect(b"")
    third, _ = await connect(b"")
    async with asyncio.timeout(5):
        assert await third.read() == b""
        writer.write(GET)
        assert (await reader.readline()).startswith(b"HTTP/1.1 ")
