"""What we ask of a provider is bounded, whatever stands at its address."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.errors import ProviderUnavailable
from gateway.identity import fetching
from gateway.identity.fetching import MOST_BYTES, REST, Fetcher

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def standing(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Somebody on loopback who talks like this; their address."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the fetcher had enough
        finally:
            writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}/document"
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    """A fetcher that is closed afterwards."""
    made = Fetcher()
    yield made
    await made.close()


def saying(head: str, body: bytes = b"{}") -> Talk:
    """One answer, whole."""

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {head}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()

    return talk


async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An answer without end, until the other side hangs up; bounded, should it never."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    for _number in range(MOST_BYTES // 1024 * 64):
        writer.write(b'"' + b"x" * 1022 + b'"')
        await writer.drain()


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """No answer, until the other side hangs up."""
    await reader.read()


@pytest.mark.parametrize(
    "talk",
    [
        saying("302 Found\r\nLocation: http://127.0.0.1:1/elsewhere"),
        saying("200 OK\r\nContent-Encoding: gzip"),
        saying("200 OK", b"<html>"),
        saying("200 OK", b"[1]"),
        saying("200 OK\r\nContent-Length: 100", b"{}"),
        saying("404 Not Found"),
        saying("not HTTP"),
        endless,
    ],
    ids=["redirect", "compressed", "no JSON", "no object", "cut off", "not found", "no HTTP", "endless"],
)
async def test_whatever_else_than_a_small_json_object_is_no_answer(fetcher: Fetcher, talk: Talk) -> None:
    """A redirect is not followed, nothing is unpacked, nothing oversized is read: the provider is unavailable."""
    async with standing(talk) as address:
        with pytest.raises(ProviderUnavailable):
            await fetcher.get(address)


async def test_silence_ends_with_our_patience(fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that says nothing is given up."""
    monkeypatch.setattr(fetching, "PATIENCE", 0.05)
    async with standing(silent) as address:
        with pytest.raises(ProviderUnavailable, match="does not answer: TimeoutError"):
            await fetcher.get(address)


async def test_nobody_there_is_no_answer(fetcher: Fetcher) -> None:
    """A refused connection is a provider that is unavailable; the log gets the address without its query."""
    with pytest.raises(ProviderUnavailable, match=r"^http://127\.0\.0\.1:1/document does not answer: ConnectError$"):
        await fetcher.get("http://127.0.0.1:1/document?secret=1")


async def test_a_document_that_could_not_be_had_rests_for_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who wait behind one another for a silent provider are told at once; after the rest it is tried again."""
    monkeypatch.setattr(fetching, "PATIENCE", 0.05)
    seconds = [100.0]
    fetcher = Fetcher(lambda: seconds[0])
    try:
        async with standing(silent) as address:
            for after, told in ((0, "TimeoutError"), (REST - 0.1, "a moment ago"), (0.2, "TimeoutError")):
                seconds[0] += after
                with pytest.raises(ProviderUnavailable, match=told):
                    await fetcher.get(address)
        async with standing(saying("200 OK")) as another:
            assert await fetcher.get(another) == {}
    finally:
        await fetcher.close()


async def test_a_certificate_must_be_one_the_system_trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider nobody vouches for is unavailable; one whose authority is in SSL_CERT_FILE is asked."""
    request = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=login.example "
        "-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out certificate.pem"
    )
    made = await asyncio.create_subprocess_exec(*request.split(), cwd=tmp_path, stderr=asyncio.subprocess.DEVNULL)
    assert await made.wait() == 0
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    async with standing(saying("200 OK"), tls) as address:
        stranger = Fetcher()
        with pytest.raises(ProviderUnavailable, match="ConnectError"):
            await stranger.get(address)
        await stranger.close()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        trusting = Fetcher()
        assert await trusting.get(address) == {}
        await trusting.close()


async def test_an_error_with_json_is_read_of_a_posted_form(fetcher: Fetcher) -> None:
    """The token endpoint's refusals come with a status and a word (RFC 6749 section 5.2)."""
    async with standing(saying("400 Bad Request", b'{"error": "invalid_grant"}')) as address:
        answer = await fetcher.post(address, {"code": "x"})
    assert (answer.status, answer.data) == (400, {"error": "invalid_grant"})
