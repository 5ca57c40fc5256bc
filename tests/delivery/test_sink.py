"""The Maildir sink, spoken to by the real client."""

import asyncio
import os
from pathlib import Path

import pytest

from gateway.delivery.sink import MaildirSink, keep
from gateway.errors import UserError
from gateway.mail.content import Content
from gateway.mail.envelope import Path as MailPath
from tests.delivery.conftest import FACTS, HEADERS, RECIPIENT, SENDER, connect, deliver


async def test_keeps_mail_with_its_envelope(tmp_path: Path) -> None:
    """Every accepted mail is one file in `new`, byte for byte, below its Return-Path and Delivered-To lines."""
    sink = MaildirSink(tmp_path / "mail")
    await sink.start()
    async with connect(sink.address) as upstream:
        transaction = upstream.begin(SENDER, FACTS)
        for name in ("ben", "cyn"):
            assert (await transaction.rcpt(MailPath(text=f"{name}@lantern.example"))).accepted
        content = Content(wire=b"Subject: soup\r\n\r\n..\r\n8-bit \xe9 " + b"long " * 2000 + b"\r\n")
        assert (await transaction.send(HEADERS, content)).accepted
        replies = await asyncio.gather(*(deliver(upstream) for _ in range(20)))
    await sink.stop()
    assert all(reply.accepted for reply in replies)
    first, *others = sink.mails()
    envelope = (
        b"Return-Path: <ana@lantern.example>\r\n"
        b"Delivered-To: ben@lantern.example\r\nDelivered-To: cyn@lantern.example\r\n"
    )
    assert envelope + HEADERS + bytes(content.plain()) == first.read_bytes()
    assert (20, []) == (len(others), list((tmp_path / "mail" / "tmp").iterdir()))


async def test_offers_pipelining(tmp_path: Path) -> None:
    """The sink offers what the client makes use of."""
    sink = MaildirSink(tmp_path)
    await sink.start()
    async with connect(sink.address) as upstream:
        assert {"PIPELINING", "8BITMIME", "SMTPUTF8"} <= set(await upstream.extensions())
    await sink.stop()


async def test_no_250_for_what_was_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full the mail stays with its client."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    sink = MaildirSink(tmp_path)
    await sink.start()
    async with connect(sink.address) as upstream:
        monkeypatch.setattr(os, "fsync", full)
        assert (await deliver(upstream, rcpt_to=RECIPIENT)).code == 452
    await sink.stop()
    assert [] == [*sink.mails(), *(tmp_path / "tmp").iterdir()]


async def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    """A port that is taken is one clear line."""
    sink = MaildirSink(tmp_path)
    await sink.start()
    with pytest.raises(UserError):
        await MaildirSink(tmp_path, sink.address).start()
    await sink.stop()


def test_synced_before_it_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is synced while in `tmp`, and the folder after the move."""
    seen: list[tuple[int, int]] = []
    for folder in ("tmp", "new"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(
        os, "fsync", lambda _: seen.append((len(os.listdir(tmp_path / "tmp")), len(os.listdir(tmp_path / "new"))))
    )
    keep(tmp_path, b"x")
    assert [(1, 0), (0, 1)] == seen
