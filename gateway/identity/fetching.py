"""Asking a provider over HTTP: small JSON answers, in seconds, from the address that was asked and no other.

Takes addresses that were checked (https, or this machine); redirects are not followed, compressed or oversized answers
are not read. A document that could not be had is not asked for again for some seconds, so that people who wait behind
each other for a provider that is down do not add up. IO: the network, with the system's certificates and proxies.
RFC 9110, RFC 8259.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from gateway.errors import ProviderUnavailable

MOST_BYTES = 256 * 1024  # of an answer; real ones have a few KiB
PATIENCE = 10.0  # seconds for one whole answer
REST = 5.0  # seconds without a further try
AT_ONCE = 8  # connections; a further question waits within its patience
_DOCUMENTS = 8  # failures remembered; a provider has two documents
_HEADERS = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "askonce"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP status and the JSON object that came with it."""

    status: int
    data: Mapping[str, Any]


class Fetcher:
    """One pool of connections; `now` gives monotonic seconds. `close` it."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failed: dict[str, float] = {}
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(),
            timeout=PATIENCE,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=AT_ONCE, keepalive_expiry=30),
            headers=_HEADERS,
        )

    async def get(self, url: str) -> Mapping[str, Any]:
        """The JSON object at this address. Raises ProviderUnavailable."""
        if self._now() - self._failed.get(url, -REST) < REST:
            raise ProviderUnavailable(f"{_place(url)} did not answer a moment ago")
        try:
            answer = await self._ask(self._client.build_request("GET", url))
            if answer.status != 200:
                raise ProviderUnavailable(f"{_place(url)} answers {answer.status}")
        except ProviderUnavailable:
            self._failed = {**self._failed, url: self._now()} if len(self._failed) < _DOCUMENTS else {url: self._now()}
            raise
        return answer.data

    async def post(self, url: str, form: Mapping[str, str], authorization: str = "") -> Answer:
        """What comes of a posted form. Raises ProviderUnavailable."""
        headers = {"authorization": authorization} if authorization else {}
        return await self._ask(self._client.build_request("POST", url, data=dict(form), headers=headers))

    async def close(self) -> None:
        """End all connections."""
        await self._client.aclose()

    async def _ask(self, request: httpx.Request) -> Answer:
        place = _place(str(request.url))
        try:
            async with asyncio.timeout(PATIENCE):
                response = await self._client.send(request, stream=True)
                try:
                    body = await _bounded(response, place)
                finally:
                    await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:  # TimeoutError is an OSError
            raise ProviderUnavailable(f"{place} does not answer: {type(error).__name__}") from error
        return Answer(status=response.status_code, data=_object(body, place, response.status_code))


async def _bounded(response: httpx.Response, place: str) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ProviderUnavailable(f"{place} answers compressed, unasked")
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > MOST_BYTES:
            raise ProviderUnavailable(f"{place} answers with more than {MOST_BYTES} bytes")
    return bytes(body)


def _object(body: bytes, place: str, status: int) -> Mapping[str, Any]:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ProviderUnavailable(f"{place} answers {status}, not in JSON") from None
    if not isinstance(data, dict):
        raise ProviderUnavailable(f"{place} answers {status}, no JSON object")
    return data


def _place(url: str) -> str:
    """An address for the log: without what may hold a secret."""
    return url.partition("?")[0]
