"""The client against a real next hop."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.delivery.conftest import connect, deliver
from tests.real.postfix import Postfix, free_port, open_folder, remove, start_postfix


@pytest.fixture
def postfix() -> Iterator[Postfix]:
    """A private Postfix, told to believe XFORWARD."""
    folder = open_folder()
    server = start_postfix(folder, gateway_port=free_port())
    try:
        yield server
    finally:
        server.stop()
        remove(folder)


@pytest.mark.real("postfix")
async def test_postfix_logs_the_client_of_each_mail(postfix: Postfix) -> None:
    """Several mails over one connection: each is delivered, and Postfix logs our client for each."""
    async with connect(f"127.0.0.1:{postfix.reinject}", data_timeout=20, command_timeout=20) as upstream:
        assert [True] * 3 == [(await deliver(upstream)).accepted for _ in range(3)]
    assert len(postfix.wait_for(3)) == 3
    assert postfix.log().count("[192.0.2.7]") >= 3
    goodbye = "ehlo=1 xforward=3 mail=3 rcpt=3 data=3 quit=1"
    for _ in range(200):  # Postfix writes its line a moment after the connection has ended
        if goodbye in postfix.log():
            break
        await asyncio.sleep(0.05)
    assert goodbye in postfix.log()
