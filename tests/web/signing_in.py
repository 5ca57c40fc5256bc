"""A desk whose people sign in at a provider on loopback, and browsers of theirs."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from starlette.applications import Starlette

from gateway.identity.opening import open_provider
from gateway.web.app import web_app
from tests.web.desk import KEY, Desk, open_desk
from tests.web.openid_provider import CLIENT, CLIENT_SECRET, Provider, running

PUBLIC = "https://held.corp.example"


@dataclass(slots=True, kw_only=True)
class Reception:
    """The desk, its provider, and its page as an application."""

    desk: Desk
    provider: Provider
    app: Starlette

    def browser(self) -> httpx.AsyncClient:
        """A browser that has been nowhere yet."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app, raise_app_exceptions=False), base_url=PUBLIC
        )

    async def to_provider(self, browser: httpx.AsyncClient, to: str = "/mine", **more: str) -> str:
        """Press "Sign in": the address at the provider."""
        answer = await browser.get("/sign-in", params={"to": to, **more})
        assert answer.status_code == 303
        place: str = answer.headers["location"]
        assert place.startswith(f"{self.provider.issuer}/authorize?")
        return place

    async def at_provider(self, place: str, person: str) -> str:
        """This person is signed in there: the address it sends the browser back to, below our own."""
        self.provider.person = person
        async with httpx.AsyncClient() as net:
            back = (await net.get(place)).headers["location"]
        parts = urlsplit(back)
        assert back.startswith(f"{self.provider.redirect}?")
        return f"{parts.path}?{parts.query}"

    async def sign_in(self, browser: httpx.AsyncClient, person: str, to: str = "/mine") -> httpx.Response:
        """All of it; what our page answers."""
        back = await self.at_provider(await self.to_provider(browser, to), person)
        return await browser.get(back)

    async def signed_in(self, person: str) -> httpx.AsyncClient:
        """A browser in which this person has signed in; the desk's own from now on."""
        browser = self.browser()
        answer = await self.sign_in(browser, person)
        assert (answer.status_code, answer.headers["location"]) == (303, "/mine")
        self.desk.client = browser
        return browser


@asynccontextmanager
async def reception(
    folder: Path, mode: str = "optional", *, public: str = PUBLIC, **sign_in: Any
) -> AsyncIterator[Reception]:
    """A reception; the client's secret lies in a file of this folder. `public` is the page's address for people."""
    file = folder / "client.secret"
    file.write_text(CLIENT_SECRET + "\n", "utf-8")
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(running(Provider(redirect=f"{public}/sign-in/done")))
        section = {"mode": mode, "issuer": provider.issuer, "client_id": CLIENT, "client_secret_file": str(file)}
        settings = {"sign_in": {**section, **sign_in}, "web": {"public_url": public}}
        desk = await stack.enter_async_context(open_desk(settings))
        provider.clock = lambda: desk.now
        opened = open_provider(desk.house.settings, desk.house.clock)
        assert opened is not None
        stack.push_async_callback(opened.close)
        yield Reception(desk=desk, provider=provider, app=web_app(desk.house, secret_key=KEY, provider=opened))
