"""Who is signed in: the session in the browser's cookie, remembered in the store until its time is over.

Only the SHA-256 of a session's secret is stored, so a copy of the store signs nobody in. IO: the store, the directory.
"""

import hashlib
import hmac
import secrets
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from gateway.holds.link import token_hash
from gateway.ports import House
from gateway.web.cookies import Cookies
from gateway.web.standing import Standing, standing


class Guests:
    """Sessions of the page; where sign-in is off nobody has one."""

    def __init__(self, house: House, cookies: Cookies) -> None:
        self.house, self.cookies = house, cookies
        self.mode = house.settings.sign_in.mode

    async def known(self, request: Request) -> Standing | None:
        """Who sent this request, None for nobody we know. Raises StoreUnavailable."""
        secret = self.cookies.session(request.cookies)
        if self.mode == "off" or not secret:
            return None
        async with self.house.store.begin(write=False) as unit:
            address = await unit.sessions.who(token_hash(secret), now=self.house.clock())
        return await standing(self.house, address) if address else None

    async def welcome(self, request: Request, response: Response, address: str) -> None:
        """Sign this address in, in this browser; a session it had ends. Raises StoreUnavailable."""
        secret, now = secrets.token_urlsafe(32), self.house.clock()
        lasts = timedelta(hours=self.house.settings.sign_in.session_hours)
        async with self.house.store.begin() as unit:
            before = self.cookies.session(request.cookies)
            if before:
                await unit.sessions.end(token_hash(before))
            await unit.sessions.open(token_hash(secret), address, now=now, until=now + lasts)
        self.cookies.put_session(response, secret, int(lasts.total_seconds()))

    async def leave(self, request: Request, response: Response) -> None:
        """Sign out: the session is worth nothing any more, wherever a copy may be. Raises StoreUnavailable."""
        async with self.house.store.begin() as unit:
            await unit.sessions.end(token_hash(self.cookies.session(request.cookies)))
        self.cookies.drop_session(response)

    def form_key(self, request: Request) -> bytes:
        """What signs the forms of this session: a form served to one session is worth nothing in another."""
        mark = token_hash(self.cookies.session(request.cookies))
        return hmac.new(self.cookies.key, f"session\0{mark}".encode("ascii"), hashlib.sha256).digest()

    def fits(self, request: Request, purpose: str, token: str) -> bool:
        """Constant-time comparison of a form's token that is about no mail."""
        made = self.token(request, purpose)
        return hmac.compare_digest(made.encode("ascii"), token.encode("utf-8", "replace"))

    def token(self, request: Request, purpose: str) -> str:
        """Such a token, for the form as it is served."""
        return hmac.new(self.form_key(request), f"form\0{purpose}".encode("ascii"), hashlib.sha256).hexdigest()
