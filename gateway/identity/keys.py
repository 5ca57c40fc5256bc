"""The provider's public keys: kept for an hour, and asked for again when a token names one we do not know.

Providers change keys without a word, so an unknown name is asked about once; at most once a minute, since anybody can
make up names. IO: the provider, through `fetching`; the clock comes in. RFC 7517; OpenID Connect Core 1.0 section
10.1.1.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from gateway.errors import ProviderUnavailable, SignInRefused
from gateway.identity.fetching import Fetcher
from gateway.ports import Clock

KEPT = timedelta(hours=1)
ASKED_AGAIN = timedelta(minutes=1)
_MOST_KEYS = 100
_KINDS = ("RSA", "EC", "OKP")  # public ones; a shared secret has no business in a key set


class KeyRing:
    """The keys at one address at a time."""

    def __init__(self, fetcher: Fetcher, clock: Clock) -> None:
        self._fetcher, self._clock = fetcher, clock
        self._keys: tuple[Key, ...] = ()
        self._place = ""
        self._read_at: datetime | None = None
        self._asked_at: datetime | None = None
        self._asking = asyncio.Lock()

    async def key(self, place: str, header: Mapping[str, Any]) -> Key:
        """The key a token's header names. Raises SignInRefused when there is none, ProviderUnavailable."""
        async with self._asking:
            if self._place != place or self._old():
                await self._read(place)
            found = self._named(header)
            if found is None and self._may_ask():
                self._asked_at = self._clock()
                await self._read(place)
                found = self._named(header)
        if found is None:
            raise SignInRefused("the ID token is signed with a key the provider does not have (kid)")
        return found

    def _old(self) -> bool:
        return self._read_at is None or self._clock() - self._read_at > KEPT

    def _may_ask(self) -> bool:
        return self._asked_at is None or self._clock() - self._asked_at > ASKED_AGAIN

    def _named(self, header: Mapping[str, Any]) -> Key | None:
        """By its name; a token without one fits a provider with a single key for that algorithm (section 10.1)."""
        fitting = [one for one in self._keys if _fits(one, str(header["alg"]))]
        name = header.get("kid")
        named = [one for one in fitting if one.kid == name] if name is not None else fitting
        return named[0] if len(named) == 1 else None

    async def _read(self, place: str) -> None:
        document = await self._fetcher.get(place)
        listed = document.get("keys")
        if not isinstance(listed, list):
            raise ProviderUnavailable(f"{place} has no keys")
        self._keys = tuple(key for one in listed[:_MOST_KEYS] if (key := _key(one)) is not None)
        self._place, self._read_at = place, self._clock()


def _key(entry: object) -> Key | None:
    """A key for signatures; what we do not know is passed over (RFC 7517 section 5)."""
    if not isinstance(entry, dict) or entry.get("kty") not in _KINDS or entry.get("use", "sig") != "sig":
        return None
    try:
        return JWKRegistry.import_key(entry)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _fits(key: Key, algorithm: str) -> bool:
    kind = {"R": "RSA", "P": "RSA"}.get(algorithm[0]) or ("EC" if algorithm.startswith("ES") else "OKP")
    return key.key_type == kind and key.alg in (None, algorithm)
