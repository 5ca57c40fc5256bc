"""Signing in on the review page: to the provider, back again, and out.

The way there is a plain link (GET), because the browser must leave for another site, which our forms cannot; it changes
nothing but a cookie of this browser. On the way back the `state` must name a sign-in this very browser began, so nobody
is signed in as somebody else by a link; then the code is taken to the provider. Afterwards only pages of ours are gone
to. Signing out touches no mail. What the operators' log says of a failure holds no code and no token. IO: the provider,
the store.
"""

import re
import secrets
from urllib.parse import quote, urlencode

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.errors import ProviderUnavailable, SignInRefused
from gateway.language.catalogue import later
from gateway.mail.address import address as parsed
from gateway.ports import House, IdentityProvider
from gateway.web.access import from_elsewhere
from gateway.web.cookies import CROSSING_TIME, MOST_CROSSINGS, Crossing
from gateway.web.forms import body_text, read_form
from gateway.web.guests import Guests
from gateway.web.rendering import Pages
from gateway.web.sheet import encodable
from gateway.web.voice import Voice

log = structlog.get_logger(__name__)

LIST = "/mine"
_TARGETS = re.compile(r"/(mine(/[\w-]{1,64}(/draft)?)?|h/[\w-]{1,128}(/draft)?|check)", re.ASCII)
_NOT_BEGUN = later("This browser did not begin this sign-in, or it took too long.")
_NOT_TOLD = later("Your organisation’s sign-in did not tell us who you are.")
_WORD = re.compile(r"[a-z_]{1,60}")  # an error code of RFC 6749 section 4.1.2.1


class SignInDesk:
    """The handlers."""

    def __init__(self, house: House, pages: Pages, guests: Guests, provider: IdentityProvider) -> None:
        self.house, self.pages, self.guests, self.provider = house, pages, guests, provider
        self.cookies = guests.cookies

    async def begin(self, request: Request) -> Response:
        """GET: to the provider."""
        voice = self.pages.voice(request)
        crossing = Crossing(
            state=secrets.token_urlsafe(16),
            secret=secrets.token_urlsafe(32),
            target=self._target(request.query_params.get("to", "")),
            ends=self.house.clock() + CROSSING_TIME,
            language=voice.chosen,
        )
        try:
            place = await self.provider.entrance(
                state=crossing.state, nonce=crossing.nonce, challenge=crossing.challenge
            )
        except ProviderUnavailable as error:
            return self._unavailable(error, voice)
        response = RedirectResponse(place, status_code=303)
        begun = self.cookies.crossings(request.cookies)
        for old in begun if len(begun) >= MOST_CROSSINGS else ():
            self.cookies.drop_crossing(response, old)
        self.cookies.put_crossing(response, crossing)
        return response

    async def done(self, request: Request) -> Response:
        """GET: back from the provider, with a code or an error."""
        answer = request.query_params
        crossing = self.cookies.crossing(request.cookies, answer.get("state", ""), self.house.clock())
        if crossing is None:
            told = _NOT_TOLD if "untold" in answer else _NOT_BEGUN
            return self._again(told, self.pages.voice(request), self._target(answer.get("to", "")))
        response = await self._arrived(request, crossing)
        self.cookies.drop_crossing(response, crossing.state)  # one answer each
        return response

    async def out(self, request: Request) -> Response:
        """POST: sign out here. The provider's own session is the provider's."""
        form, voice = await read_form(request), self.pages.voice(request)
        if from_elsewhere(request.headers) or not self.guests.fits(request, "sign-out", form.get("token", "")):
            return self._to(LIST, voice)
        response = self.pages.page("signed_out.html", voice=voice)
        await self.guests.leave(request, response)
        return response

    async def left(self, request: Request) -> Response:
        """GET: the page of one who is signed out, in another language say; changes nothing."""
        voice = self.pages.voice(request)
        if await self.guests.known(request) is not None:
            return self._to(LIST, voice)
        return self.pages.page("signed_out.html", voice=voice)

    async def _arrived(self, request: Request, crossing: Crossing) -> Response:
        answer, voice = request.query_params, self.pages.voice(request, chosen=crossing.language)
        try:
            _accept(answer.get("error"), answer.get("iss"), self.house.settings.sign_in.issuer)
            address = await self.provider.identify(
                code=answer.get("code", ""), verifier=crossing.verifier, nonce=crossing.nonce
            )
        except SignInRefused as error:
            log.warning("sign-in refused", reason=str(error))
            return self._again(_NOT_TOLD, voice, crossing.target)
        except ProviderUnavailable as error:
            return self._unavailable(error, voice)
        response = self._to(self._target(crossing.target), voice)
        await self.guests.welcome(request, response, parsed(address).key)
        log.info("signed in", address=address)
        return response

    def _target(self, wanted: str) -> str:
        """Where to go afterwards: one of our own pages, whatever is asked for."""
        return wanted if _TARGETS.fullmatch(wanted) else LIST

    def _to(self, path: str, voice: Voice) -> Response:
        return RedirectResponse(voice.way(f"{self.pages.base}{path}"), status_code=303)

    def _again(self, told: str, voice: Voice, target: str) -> Response:
        """Read in another language, the page still says this and leads there: its menu's links carry both."""
        again = entrance(self.pages, voice, target)
        carried = urlencode({"to": target, **({"untold": ""} if told == _NOT_TOLD else {})}, safe="/")
        said = voice.say.gettext(told)
        return self.pages.page(
            "not_signed_in.html", voice=voice, status=400, told=said, entrance=again, carried=f"&{carried}"
        )

    def _unavailable(self, error: ProviderUnavailable, voice: Voice) -> Response:
        log.warning("the OpenID provider is unavailable", reason=str(error))
        say, by_link = voice.say, self.house.settings.sign_in.mode == "optional"
        told = say.gettext(
            "Your organisation’s sign-in does not answer just now. Your mail is safe; please try again soon."
        )
        more = say.gettext("The link in our message opens it meanwhile.") if by_link else ""
        return self.pages.sorry(503, say.gettext("One moment, please"), f"{told} {more}".strip(), voice)


def _accept(error: str | None, issuer: str | None, expected: str) -> None:
    """An error instead of a code, or an answer of another provider (RFC 9207). Raises SignInRefused."""
    if issuer is not None and issuer != expected:
        raise SignInRefused("the answer is of another issuer")
    if error is not None:
        raise SignInRefused(f"the provider says {error if _WORD.fullmatch(error) else 'an error'}")


def entrance(pages: Pages, voice: Voice, target: str) -> str:
    """The link that begins a sign-in and leads to this page of ours afterwards."""
    begin = voice.way(f"{pages.base}/sign-in")
    return f"{begin}{'&' if '?' in begin else '?'}to={quote(target, safe='/')}"


async def ask_to_sign_in(pages: Pages, request: Request, target: str) -> Response:
    """The page in place of one that only a signed-in person may see; the same whether there is such a mail or not. What
    was typed before a session ended is shown, not lost. Raises Refused."""
    typed = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    form = await read_form(request) if request.method == "POST" and typed else {}
    kept = body_text(form.get("text", form.get("reason", "")))
    status = 403 if request.method == "POST" else 200
    voice = pages.voice(request)
    begin = entrance(pages, voice, target)
    return pages.page("sign_in.html", voice=voice, status=status, entrance=begin, kept=encodable(kept))
