"""What a person sends us: one bounded form or one bounded JSON object, as plain text fields.

Only `application/x-www-form-urlencoded` and JSON are read (no multipart, so no files and no parts to count). Reads the
request's body.
"""

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request

from gateway.language.catalogue import later
from gateway.mail.controls import without_controls

MAX_BODY = 4 * 1024 * 1024  # bytes: 256 Ki characters, three bytes each, percent-encoded, and some room
MAX_FIELDS = 1016  # our own few, and one for each recipient that can be ticked
MAX_SUBJECT = 400  # characters
MAX_REASON = 2000  # characters
_PATIENCE = 30.0  # seconds for a whole body
_DROPPED = dict.fromkeys((*range(0x20), 0x7F, *range(0x80, 0xA0), 0x2028, 0x2029), " ")


class Refused(Exception):
    """A request we do not take: `status` (413, 415, 400, 408) and one plain sentence."""

    def __init__(self, status: int, words: str) -> None:
        self.status, self.words = status, words
        super().__init__(words)


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of a posted form; of a repeated field, the last. Raises Refused."""
    _only(request, "application/x-www-form-urlencoded")
    body = await _body(request)
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="replace"
        )
    except ValueError:
        raise Refused(400, later("This form has more fields than ours.")) from None
    return dict(pairs)


async def read_bytes(request: Request, kind: str, limit: int) -> bytes:
    """The body of a request of this content type, at most `limit` bytes. Raises Refused."""
    _only(request, kind)
    return await _body(request, limit)


async def read_json(request: Request) -> Mapping[str, str]:
    """The text fields of a posted JSON object. Raises Refused."""
    _only(request, "application/json")
    try:
        data = orjson.loads(await _body(request))
    except orjson.JSONDecodeError:
        raise Refused(400, later("This is not JSON.")) from None
    if not isinstance(data, dict) or len(data) > MAX_FIELDS:
        raise Refused(400, later("One JSON object with a few fields is wanted."))
    return {name: value for name, value in data.items() if isinstance(value, str)}


def one_line(text: str, limit: int) -> str:
    """A header-safe line: no line breaks, no controls, at most `limit` characters (RFC 5322 section 2.2)."""
    return " ".join(text.translate(_DROPPED).split())[:limit]


def body_text(text: str) -> str:
    """A text box's content with the line ends the sender's mail has in our hands ("\\n"), and no other controls than
    these and tabs."""
    return without_controls(text.replace("\r\n", "\n").replace("\r", "\n"))


def _only(request: Request, kind: str) -> None:
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != kind:
        raise Refused(415, later("Please use the form on the page."))


async def _body(request: Request, limit: int = MAX_BODY) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise Refused(413, later("This text is too long to be edited here."))
    body = bytearray()
    try:
        async with asyncio.timeout(_PATIENCE):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise Refused(413, later("This text is too long to be edited here."))
    except TimeoutError:
        raise Refused(408, later("The form did not arrive in time.")) from None
    return bytes(body)
