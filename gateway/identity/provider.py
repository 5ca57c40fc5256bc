"""One OpenID provider, for one client: `ports.IdentityProvider`.

Told once: find the provider's addresses, send the browser there, take the code it comes back with to the token
endpoint, verify the ID token that is given for it. The access token is not used. IO: the provider, through `fetching`.
OpenID Connect Core 1.0 section 3.1, RFC 6749 section 4.1, PKCE: RFC 7636.
"""

import asyncio
import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote_plus, urlencode

from gateway.errors import ProviderUnavailable, SignInRefused
from gateway.identity.fetching import Answer, Fetcher
from gateway.identity.id_token import Expected, claims_of, opened, vouched_address
from gateway.identity.keys import KeyRing
from gateway.identity.metadata import Metadata, metadata, metadata_place
from gateway.ports import Clock

KEPT = timedelta(hours=1)  # how long the provider's addresses are taken as they are
SCOPE = "openid email"
_MOST_CODE = 4096  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """We, as registered at the provider; `secret` "" for a client that has none."""

    issuer: str
    client_id: str
    redirect: str
    secret: str = field(default="", repr=False)
    trust_unverified: bool = False


class OpenIdProvider:
    """`ports.IdentityProvider`. `close` it."""

    def __init__(self, client: Client, fetcher: Fetcher, clock: Clock) -> None:
        self._client, self._fetcher, self._clock = client, fetcher, clock
        self._ring = KeyRing(fetcher, clock)
        self._metadata: Metadata | None = None
        self._read_at: datetime | None = None
        self._reading = asyncio.Lock()

    async def entrance(self, *, state: str, nonce: str, challenge: str) -> str:
        """See the port."""
        asked = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": self._client.redirect,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        place = (await self._known()).authorization
        return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"

    async def identify(self, *, code: str, verifier: str, nonce: str) -> str:
        """See the port."""
        if not 0 < len(code) <= _MOST_CODE:
            raise SignInRefused("there is no code in the answer")
        known = await self._known()
        signed = opened(_id_token(await self._exchange(known, code, verifier)))
        key = await self._ring.key(known.keys, signed.headers())
        expected = Expected(
            issuer=self._client.issuer,
            client_id=self._client.client_id,
            nonce=nonce,
            now=self._clock(),
            trust_unverified=self._client.trust_unverified,
        )
        return vouched_address(claims_of(signed, key), expected)

    async def close(self) -> None:
        """End the connections."""
        await self._fetcher.close()

    async def _exchange(self, known: Metadata, code: str, verifier: str) -> Answer:
        client, authorization = self._client, ""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect}
        form |= {"code_verifier": verifier}
        if client.secret and not known.secret_in_form:
            authorization = _basic(client)
        else:
            form |= {"client_id": client.client_id} | ({"client_secret": client.secret} if client.secret else {})
        return await self._fetcher.post(known.token, form, authorization)

    async def _known(self) -> Metadata:
        """The provider's addresses, looked at again each hour; while it does not answer, those it had."""
        async with self._reading:
            old = self._read_at is None or self._clock() - self._read_at > KEPT
            if self._metadata is None or old:
                try:
                    document = await self._fetcher.get(metadata_place(self._client.issuer))
                    self._metadata = metadata(document, self._client.issuer)
                    self._read_at = self._clock()
                except ProviderUnavailable:
                    if self._metadata is None:
                        raise
            return self._metadata


def _id_token(answer: Answer) -> object:
    if answer.status >= 500 or answer.status == 429:
        raise ProviderUnavailable(f"the token endpoint answers {answer.status}")
    if answer.status != 200:
        said = answer.data.get("error")  # RFC 6749 section 5.2: a word of a short list
        word = said if isinstance(said, str) and said.isascii() and said.isprintable() else "no reason"
        raise SignInRefused(f"the provider does not take the code: {word[:60]}")
    return answer.data.get("id_token")


def _basic(client: Client) -> str:
    """RFC 6749 section 2.3.1: both parts are form-encoded first."""
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.secret)}"
    return "Basic " + base64.b64encode(pair.encode("ascii")).decode("ascii")
