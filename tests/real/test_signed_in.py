"""Signing in at the gateway as IT runs it: processes of its own, real mail, a provider on loopback."""

import asyncio
import smtplib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from gateway.identity.opening import DONE, SECRET
from tests.counting_sink import CountingSink
from tests.gateway_process import GatewayProcess, start_gateway
from tests.web.desk import forms, links
from tests.web.openid_provider import CLIENT, CLIENT_SECRET, Provider, running

MIRA, PA = "mira@lantern.example", "pa@lantern.example"
DEMAND = (
    "Subject: The banner\r\nTo: jo@lantern.example\r\nMessage-ID: <s@lantern.example>\r\n\r\n"
    "Everybody must put the new banner on their own LinkedIn profile by Friday.\r\n"
)


@pytest.fixture
def sink() -> Iterator[CountingSink]:
    """Where mail goes on to."""
    one = CountingSink()
    yield one
    one.stop()


async def test_a_delegate_takes_back_a_mail_that_was_really_held(
    sink: CountingSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent by SMTP, held, found in the list after signing in, taken back; the audit on disk says by whom. The secret
    comes from the environment, and is in no file."""
    monkeypatch.setenv(SECRET, CLIENT_SECRET)
    async with running(Provider(redirect="")) as provider:
        gateway = await asyncio.to_thread(start, tmp_path, sink.port, provider.issuer)
        try:
            provider.redirect, provider.person = gateway.web + DONE, PA
            await asyncio.to_thread(send, gateway.port)
            async with httpx.AsyncClient(base_url=gateway.web, timeout=20) as browser:
                listed = await signed_in(browser)
                assert "The banner" in listed
                [path] = [link for link in links(listed) if link.startswith("/mine/")]
                page = (await browser.get(path)).text
                assert f"You act for <bdi>{MIRA}</bdi>" in page
                form = next(one for one in forms(page) if one.purpose == "withdraw").fields
                assert (await browser.post(path, data={**form, "sure": "yes"})).status_code == 303
                assert "You took this mail back" in (await browser.get(path)).text
        finally:
            assert await asyncio.to_thread(gateway.terminate) == 0
    written = await asyncio.to_thread(files, tmp_path)
    assert [name for name, held in written.items() if name.endswith(".jsonl") and b"delegate:" + PA.encode() in held]
    assert [name for name, held in written.items() if CLIENT_SECRET.encode() in held] == []


def start(folder: Path, upstream: int, issuer: str) -> GatewayProcess:
    settings = folder / "gateway.toml"
    settings.write_text(
        f'[sign_in]\nmode = "required"\nissuer = "{issuer}"\nclient_id = "{CLIENT}"\n'
        f'[sign_in.delegates]\n"{MIRA}" = ["{PA}"]\n',
        "utf-8",
    )
    return start_gateway(folder / "state", upstream=upstream, web="127.0.0.1:0", arguments=["--config", str(settings)])


def files(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def send(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        client.sendmail(MIRA, ["jo@lantern.example"], DEMAND)


async def signed_in(browser: httpx.AsyncClient) -> str:
    """From the page that asks, over the provider, to the list."""
    page = await browser.get("/mine")
    for _ in range(6):
        if page.is_redirect:
            page = await browser.get(urljoin(str(page.url), page.headers["location"]))
        elif "Please sign in" in page.text:
            page = await browser.get(next(link for link in links(page.text) if "/sign-in" in link))
    assert page.status_code == 200
    return page.text
