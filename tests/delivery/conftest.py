"""What the tests of this room share."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
import uvloop

from gateway.config import Upstream as UpstreamSettings
from gateway.delivery.upstream import Upstream
from gateway.mail.content import Content
from gateway.mail.envelope import Path, SessionFacts
from gateway.replies import Reply

SENDER = Path(text="ana@lantern.example")
RECIPIENT = Path(text="ben@lantern.example")
FACTS = SessionFacts(peer_address="192.0.2.7", helo="pc7.lantern.example")
MAIL = Content(wire=b"Subject: soup\r\n\r\nLentil.\r\n..\r\n")
HEADERS = b"Received: by askonce.example\r\n"

Connect = Callable[..., AbstractAsyncContextManager[Upstream]]


@asynccontextmanager
async def connect(address: str, *, tls_context: Any = None, **settings: Any) -> AsyncIterator[Upstream]:
    """An upstream with short time-outs, closed at the end."""
    quick = {"connect_timeout": 2.0, "command_timeout": 2.0, "data_timeout": 2.0, **settings}
    upstream = Upstream(UpstreamSettings(address=address, **quick), hostname="askonce.example", tls_context=tls_context)
    try:
        yield upstream
    finally:
        await upstream.close()


async def deliver(upstream: Upstream, *, rcpt_to: Path = RECIPIENT, facts: SessionFacts = FACTS) -> Reply:
    """One mail to one recipient: the first answer that is no 2yz, or that to the final dot."""
    transaction = upstream.begin(SENDER, facts)
    reply = await transaction.rcpt(rcpt_to)
    if not reply.accepted:
        await transaction.abort()
        return reply
    return await transaction.send(HEADERS, MAIL)


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[[], Any]]:
    """The standard library's event loop, and the one that runs in production."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
