"""An OpenID provider on loopback for tests: real HTTP, real signatures, one use a code, PKCE and the client's secret
checked. Knobs let it lie, change its keys or fall silent."""

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus, urlencode

from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.web.loopback import address, listening, reserved

CLIENT, CLIENT_SECRET = "askonce", "Pr0vider-secret %&+ of-the-client"
RSA = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})  # one for all tests: making it takes a while
CODE_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a browser brought to the authorization endpoint."""

    query: Mapping[str, str]
    at: datetime
    claims: Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Provider:
    """`person` is who is signed in there; `claims` overlay the ID token's (None leaves one out); `sign` makes the
    token; `document` overlays the discovery document; `page`: the person is shown a page with one button first."""

    redirect: str
    issuer: str = ""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    person: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    keys: list[Key] = field(default_factory=lambda: [RSA])
    sign: Callable[[dict[str, Any]], str] | None = None
    down: bool = False
    page: bool = False
    codes: dict[str, Asked] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        """Its endpoints."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._describe),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
            ]
        )

    async def _describe(self, request: Request) -> Response:
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
        }
        return self._answered("discovery", {**document, **self.document})

    async def _authorize(self, request: Request) -> Response:
        query = dict(request.query_params)
        wanted = {"response_type": "code", "client_id": CLIENT, "redirect_uri": self.redirect}
        assert {name: query.get(name) for name in wanted} == wanted
        assert query["code_challenge_method"] == "S256"
        assert {"openid", "email"} <= set(query["scope"].split())
        code = secrets.token_urlsafe(24)
        self.codes[code] = Asked(query=query, at=self.clock(), claims=self._said(query))
        back = f"{self.redirect}?{urlencode({'code': code, 'state': query['state'], 'iss': self.issuer})}"
        if self.page:
            shown = back.replace("&", "&amp;")
            return HTMLResponse(f'<!doctype html><title>Corp sign-in</title><a id="yes" href="{shown}">It is me</a>')
        return RedirectResponse(back, 302)

    def _said(self, query: Mapping[str, str]) -> dict[str, Any]:
        now = int(self.clock().timestamp())
        claims = {
            "iss": self.issuer,
            "sub": f"id-of-{self.person}",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": query["nonce"],
            "email": self.person,
            "email_verified": True,
        }
        return {name: value for name, value in {**claims, **self.claims}.items() if value is not None}

    async def _token(self, request: Request) -> Response:
        form = dict(await request.form())
        asked = self.codes.pop(str(form.get("code")), None)
        if request.headers.get("authorization") != "Basic " + _basic():
            return JSONResponse({"error": "invalid_client"}, 401)
        digest = hashlib.sha256(str(form.get("code_verifier")).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        good = (
            asked is not None
            and form.get("grant_type") == "authorization_code"
            and form.get("redirect_uri") == self.redirect
            and challenge == asked.query["code_challenge"]
            and (self.clock() - asked.at).total_seconds() < CODE_SECONDS
        )
        if not good or asked is None:
            return JSONResponse({"error": "invalid_grant", "error_description": "no"}, 400)
        signed = self.sign or self.signed
        return self._answered(
            "token", {"access_token": "unused", "token_type": "Bearer", "id_token": signed(dict(asked.claims))}
        )

    def signed(self, claims: dict[str, Any]) -> str:
        """An honest ID token, by the newest key."""
        key = self.keys[-1]
        algorithm = "ES256" if isinstance(key, ECKey) else "RS256"
        return jwt.encode({"alg": algorithm, "kid": key.kid, "x5t": "ignored"}, claims, key)

    async def _keys(self, request: Request) -> Response:
        return self._answered("keys", {"keys": [key.as_dict(private=False) for key in self.keys]})

    def _answered(self, what: str, data: Mapping[str, Any]) -> Response:
        self.asked.append(what)
        return JSONResponse({"error": "server_error"}, 503) if self.down else JSONResponse(dict(data))


def _basic() -> str:
    """What RFC 6749 section 2.3.1 makes of the client's name and secret."""
    pair = urlencode({CLIENT: CLIENT_SECRET}).replace("=", ":")
    assert unquote_plus(pair) == f"{CLIENT}:{CLIENT_SECRET}"
    return base64.b64encode(pair.encode()).decode()


@asynccontextmanager
async def running(provider: Provider) -> AsyncIterator[Provider]:
    """The provider on a free port of this machine; its issuer is that address."""
    place = reserved()
    provider.issuer = address(place)
    async with listening(provider.app(), place):
        yield provider
