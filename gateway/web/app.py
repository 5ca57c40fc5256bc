"""The review page as one ASGI application.

`web_app` puts the routes together; whoever serves it turns access logs off, since addresses hold secrets. All links are
made from `web.public_url`; a Host header is never used.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router

from gateway.errors import GatewayError
from gateway.ports import House, IdentityProvider
from gateway.web.cookies import Cookies
from gateway.web.door import Door
from gateway.web.drafts import DraftDesk
from gateway.web.forms import Refused
from gateway.web.guests import Guests
from gateway.web.health import Health
from gateway.web.mine import MineDesk
from gateway.web.pace import Pace
from gateway.web.rendering import Pages, base_path
from gateway.web.sender import SenderDesk
from gateway.web.shield import Shield
from gateway.web.sign_in import SignInDesk, ask_to_sign_in

Act = Callable[[Request], Awaitable[Response]]

ROBOTS = "User-agent: *\nDisallow: /\n"


def _nobody() -> None:
    """Nobody waits for what a page puts into the outbox: the next beat finds it."""


def web_app(
    house: House,
    *,
    secret_key: bytes,
    wake: Callable[[], None] = _nobody,
    provider: IdentityProvider | None = None,
    health: Health | None = None,
) -> Starlette:
    """The sender's page, help and health. `secret_key` (32 bytes, the same on all nodes) signs the forms;
    `wake` is called after an action, so that what goes out need not wait for the next beat. With a `provider`, people
    can sign in, as the settings say. `health` knows more than the store does."""
    web = house.settings.web
    pages = Pages(base_path(web), house.settings.organisation.language, sign_in=provider is not None)
    pace = Pace()
    guests = Guests(house, Cookies(key=secret_key, secure=web.public_url.startswith("https:")))
    door = Door(house, pages, guests, secret_key, partial(ask_to_sign_in, pages))
    desk, drafts = SenderDesk(house, pages, pace, door), DraftDesk(house, pages, pace, door)
    public = _Public(pages, health or Health(house.store), replies=house.settings.holds.replies)

    async def act(request: Request) -> Response:
        response = await desk.act(request)
        if response.status_code == 303:  # something was done; a look or a refusal wakes nobody
            wake()
        return response

    routes: list[BaseRoute] = [
        *_held("/h/{secret}", desk, act, drafts),
        *_held("/held/{admitted}", desk, act, drafts),
        Route("/check", drafts.page, methods=["GET"]),
        Route("/check", drafts.ask, methods=["POST"]),
        Route("/v1/check", drafts.check, methods=["POST"]),
        Route("/v1/openapi.json", drafts.describe),
        Route("/healthz", public.health),
        Route("/help", public.help),
        Route("/robots.txt", public.robots),
        Route("/static/{version}/{name}", public.file),
        Route("/", public.home),
    ]
    if provider is not None:
        mine, entry = MineDesk(house, pages, pace, guests), SignInDesk(house, pages, guests, provider)
        routes += [
            Route("/mine", mine.list, methods=["GET"]),
            *_held("/mine/{hold}", desk, act, drafts),
            Route("/sign-in", entry.begin, methods=["GET"]),
            Route("/sign-in/done", entry.done, methods=["GET"]),
            Route("/sign-out", entry.out, methods=["POST"]),
            Route("/sign-out", entry.left, methods=["GET"]),
        ]
    app = Starlette(
        routes=[Mount(pages.base, app=Router(routes, redirect_slashes=False)), *routes] if pages.base else routes,
        middleware=[Middleware(Shield, sorry=public.broken)],
        exception_handlers={
            HTTPException: public.http_error,
            Refused: public.refused,
            GatewayError: public.unreachable,
        },
    )
    app.router.redirect_slashes = False  # that redirect is made from the Host header
    return app


def _held(path: str, desk: SenderDesk, act: Act, drafts: DraftDesk) -> list[BaseRoute]:
    """A held mail's pages: by its link, in a browser that link admitted, or in the list of somebody who signed in."""
    return [
        Route(path, desk.review, methods=["GET"]),
        Route(path, act, methods=["POST"]),
        Route(f"{path}/check", desk.live, methods=["POST"]),
        Route(f"{path}/draft", drafts.page, methods=["GET"]),
        Route(f"{path}/draft", drafts.ask, methods=["POST"]),
    ]


class _Public:
    """What anybody may see, and how errors look."""

    def __init__(self, pages: Pages, health: Health, *, replies: bool) -> None:
        self.pages, self._health, self._replies = pages, health, replies

    async def health(self, request: Request) -> Response:
        """200 when all is well, else 503 and a few words."""
        trouble = await self._health.trouble()
        return PlainTextResponse(f"{trouble or 'ok'}\n", status_code=503 if trouble else 200)

    async def help(self, request: Request) -> Response:
        """The sender's minute of help."""
        return self.pages.page("help.html", voice=self.pages.voice(request), replies=self._replies)

    async def home(self, request: Request) -> Response:
        """A neutral page."""
        return self.pages.page("home.html", voice=self.pages.voice(request))

    async def robots(self, request: Request) -> Response:
        """Nothing here is for search engines (RFC 9309)."""
        return PlainTextResponse(ROBOTS)

    async def file(self, request: Request) -> Response:
        """Our style, script or icon."""
        found = self.pages.file(request.path_params["name"], request.path_params["version"])
        return found or self.pages.gone(self.pages.voice(request))

    async def http_error(self, request: Request, error: Exception) -> Response:
        """404 is the neutral page; 405 says so."""
        assert isinstance(error, HTTPException)
        voice = self.pages.voice(request)
        if error.status_code == 404:
            return self.pages.gone(voice)
        title = voice.say.gettext("That does not work here")
        told = voice.say.gettext("Please open the link in our message again.")
        page = self.pages.sorry(error.status_code, title, told, voice)
        page.headers.update(error.headers or {})
        return page

    async def refused(self, request: Request, error: Exception) -> Response:
        """A form we do not take."""
        assert isinstance(error, Refused)
        voice = self.pages.voice(request)
        told = " ".join((voice.say.gettext(error.words), voice.say.gettext("Nothing was changed.")))
        page = self.pages.sorry(error.status, voice.say.gettext("We could not read this form"), told, voice)
        page.headers["connection"] = "close"  # what is left of the body is not read
        return page

    async def unreachable(self, request: Request, error: Exception) -> Response:
        """Store or next hop do not answer."""
        return self.pages.unreachable(self.pages.voice(request))

    def broken(self, request: Request) -> Response:
        """Something unforeseen."""
        voice = self.pages.voice(request)
        told = voice.say.gettext(
            "Something went wrong on our side. Your mail is safe; please open the link in our message again."
        )
        return self.pages.sorry(500, voice.say.gettext("That should not have happened"), told, voice)
