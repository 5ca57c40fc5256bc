"""The outermost layer of the review page: every response leaves with the same strict headers, nothing unforeseen leaks.

The policy lets a page load its own style and script and nothing else (CSP level 3); no address of ours goes to another
site (Referrer Policy); nothing is kept by caches (RFC 9111 section 5.2.2.5) but the style and script themselves. An
error inside becomes one calm page, and one line in the operators' log without the address, which holds a secret.
"""

import traceback
from collections.abc import Callable
from pathlib import PurePath

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger(__name__)

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", POLICY.encode("ascii")),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"x-robots-tag", b"noindex, nofollow, noarchive"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_NO_STORE = (b"cache-control", b"no-store")


class Shield:
    """Wraps `inside`; `sorry` makes the page for an unforeseen error."""

    def __init__(self, inside: ASGIApp, sorry: Callable[[Request], Response]) -> None:
        self.inside, self.sorry = inside, sorry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request (ASGI 3)."""
        if scope["type"] != "http":
            await self.inside(scope, receive, send)
            return
        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = _with_ours(message.get("headers", ()))
            await send(message)

        try:
            await self.inside(scope, receive, guarded)
        except Exception as error:
            log.error("review page failed", method=scope["method"], error=type(error).__name__, where=_where(error))
            if begun:
                return  # the server ends a response that was left half
            await self.sorry(Request(scope))(scope, receive, guarded)


def _where(error: Exception) -> str:
    """The way to the error, innermost last: names and lines only, since messages and locals may hold secrets."""
    steps = traceback.extract_tb(error.__traceback__)[-6:]
    return " > ".join(f"{PurePath(step.filename).name}:{step.lineno} {step.name}" for step in steps)


def _with_ours(headers: "list[tuple[bytes, bytes]] | tuple[()]") -> list[tuple[bytes, bytes]]:
    ours = {name for name, _ in HEADERS}
    kept = [(name, value) for name, value in headers if name.lower() not in ours]
    cached = any(name.lower() == b"cache-control" for name, _ in kept)
    return [*kept, *HEADERS] if cached else [*kept, *HEADERS, _NO_STORE]
