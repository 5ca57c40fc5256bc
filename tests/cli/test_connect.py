"""`config check --connect`: one line for each neighbour, from those that answer and those that do not."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Askonce, Ran
from tests.fixtures_postgresql import PostgresServer
from tests.scripted_next_hop import CLOSING, EHLO, SILENCE, Act, ScriptedNextHop, say
from tests.web.openid_provider import Provider, running

CLOSED = "127.0.0.1:1"  # nobody listens there


async def checked(askonce: Askonce, folder: Path, text: str) -> Ran:
    """What the command says to these settings, while servers of this loop go on."""
    file = folder / "gateway.toml"
    file.write_text(f'[organisation]\ninternal_domains = ["lantern.example"]\n{text}', "utf-8")
    return await asyncio.to_thread(askonce, "config", "check", "--connect", file)


def hop_at(address: str, more: str = "") -> str:
    """Settings with this next hop."""
    return f'[upstream]\naddress = "{address}"\n{more}'


def line_of(ran: Ran, key: str) -> str:
    """The one line about this setting."""
    (found,) = [line for line in ran.out.splitlines() if line.startswith(f"{key}: ")]
    return found


async def test_a_next_hop_that_answers_is_ok(askonce: Askonce, tmp_path: Path) -> None:
    """Exit 0, with what it offers and its limit beside ours; it heard EHLO and QUIT, and no mail."""
    async with ScriptedNextHop() as hop:
        ran = await checked(askonce, tmp_path, hop_at(hop.address))

    line = line_of(ran, "upstream.address")
    assert (0, "") == (ran.code, ran.err)
    assert f"{hop.address}: ok, it offers 8BITMIME, DSN, ENHANCEDSTATUSCODES, PIPELINING, SIZE, SMTPUTF8" in line
    assert "takes mails of 104857600 bytes, and smtp.max_size is 52428800" in line
    assert [b"EHLO", b"QUIT"] == [line.split()[0] for line in hop.connections[0].commands]
    assert ran.out.splitlines()[-1].endswith("gateway.toml: good")


@pytest.mark.parametrize(
    ("offered", "told"),
    [
        (
            EHLO.replace(b"104857600", b"10240000"),
            "takes mails of 10240000 bytes only, though smtp.max_size is 52428800",
        ),
        (EHLO.replace(b" 104857600", b""), "tells no size limit"),
        (EHLO.replace(b"104857600", b"0"), "tells no size limit"),
        (b"250 next.example\r\n", "offers no extensions"),
    ],
    ids=["smaller", "none", "zero", "bare"],
)
async def test_what_it_offers_is_told_and_is_no_mistake(
    askonce: Askonce, tmp_path: Path, offered: bytes, told: str
) -> None:
    """A smaller limit, none, or no extensions at all: the gateway offers accordingly, so exit 0."""
    async with ScriptedNextHop({"EHLO": say(offered)}) as hop:
        ran = await checked(askonce, tmp_path, hop_at(hop.address))

    assert 0 == ran.code
    assert told in line_of(ran, "upstream.address")


@pytest.mark.parametrize(
    ("script", "more", "happened"),
    [
        ({"connect": SILENCE}, "", "no answer within 0.5 seconds"),
        ({"connect": CLOSING}, "", "the next hop closes: "),
        ({"connect": say(b"554 5.7.1 not you\x1b[2J\r\n")}, "", "the connection was answered 554 "),
        ({"EHLO": say(b"451 4.3.0 later\r\n")}, "", "EHLO was answered 451 later"),
        ({}, 'tls = "required"\n', "TLS is required, and STARTTLS is not offered"),
    ],
    ids=["silent", "closing", "refusing", "later", "no TLS"],
)
async def test_a_next_hop_that_does_not_do_is_told(
    askonce: Askonce,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: dict[str, Act],
    more: str,
    happened: str,
) -> None:
    """Exit 2 in good time; the line says what happened and what to look at, and is harmless on a terminal."""
    monkeypatch.setattr("gateway.neighbours.PATIENCE", 0.5)
    async with ScriptedNextHop(script) as hop:
        ran = await checked(askonce, tmp_path, hop_at(hop.address, more))

    line = line_of(ran, "upstream.address")
    assert 2 == ran.code
    assert f"{hop.address}: failed, {happened}" in line
    assert line.endswith("?")
    assert "\x1b" not in ran.out
    assert "1 of 1 connections failed" in ran.complaint
    assert not ran.out.endswith("good\n")


async def test_closed_ports_are_told_each_in_a_line(askonce: Askonce, tmp_path: Path) -> None:
    """Next hop, PostgreSQL and provider that are not there: three lines, in seconds, and no secret in them."""
    text = (
        hop_at(CLOSED)
        + f'[state]\nstore = "postgresql://askonce:canary@{CLOSED}/askonce"\n'
        + f'[sign_in]\nmode = "optional"\nissuer = "http://{CLOSED}"\nclient_id = "askonce"\n'
    )
    began = time.monotonic()
    ran = await checked(askonce, tmp_path, text)

    assert time.monotonic() - began < 15
    assert (2, True) == (ran.code, "3 of 3 connections failed" in ran.complaint)
    assert "Connect call failed" in line_of(ran, "upstream.address")
    assert "Is the database up" in line_of(ran, "state.store")
    assert "does not answer" in line_of(ran, "sign_in.issuer")
    assert "canary" not in ran.out + ran.err


async def test_a_provider_is_asked_for_its_document(askonce: Askonce, tmp_path: Path) -> None:
    """Found and ok; under another name than it has itself, failed."""
    async with ScriptedNextHop() as hop, running(Provider(redirect="http://127.0.0.1:8025/sign-in/done")) as provider:
        section = f'[sign_in]\nmode = "optional"\nissuer = "{provider.issuer}"\nclient_id = "askonce"\n'
        good = await checked(askonce, tmp_path, hop_at(hop.address) + section)
        provider.document["issuer"] = "http://127.0.0.1:2"
        other = await checked(askonce, tmp_path, hop_at(hop.address) + section)

    assert 0 == good.code
    assert f"{provider.issuer}: ok, its discovery document and its keys are there" in line_of(good, "sign_in.issuer")
    assert (2, True) == (other.code, "1 of 2 connections failed" in other.complaint)
    assert "names another issuer" in line_of(other, "sign_in.issuer")


async def test_a_database_is_asked_and_left_as_it_was(
    askonce: Askonce, tmp_path: Path, postgresql_server: PostgresServer, postgresql_url: str
) -> None:
    """An empty one: ok, and no table is made. One whose tables this user may not make: failed, with the reason."""
    name = postgresql_url.partition("@/")[2].partition("?")[0]
    postgresql_server.sql(f"CREATE ROLE guest_{name} LOGIN")
    postgresql_server.sql("REVOKE CREATE ON SCHEMA public FROM public", name)
    guest = postgresql_url.replace("postgres@", f"guest_{name}@")
    async with ScriptedNextHop() as hop:
        empty = await checked(askonce, tmp_path, hop_at(hop.address) + f'[state]\nstore = "{postgresql_url}"\n')
        refused = await checked(askonce, tmp_path, hop_at(hop.address) + f'[state]\nstore = "{guest}"\n')
    tables = postgresql_server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", name)

    assert (0, "0") == (empty.code, tables)
    assert "PostgreSQL: ok, version " in line_of(empty, "state.store")
    assert "its tables can be made" in line_of(empty, "state.store")
    assert 2 == refused.code
    assert "permission denied for schema public. Make this user the database's owner" in line_of(refused, "state.store")
