"""Errors that carry their SMTP answer.

What is raised inside ends at the edge as its `reply`; the details stay inside. The default is 451: the mail stays
with the client and nothing is lost. Errors for the person at the command line are `UserError`. *Pure.*
"""

from gateway.replies import LOCAL_ERROR, NEXT_HOP_UNAVAILABLE, NO_SPACE, STORE_UNAVAILABLE, Reply


class GatewayError(Exception):
    """Anything we foresee that stops a mail; `reply` is what the client is told."""

    reply: Reply = LOCAL_ERROR


class NextHopUnavailable(GatewayError):
    """The next hop refused the connection, fell silent, closed early or spoke garbage."""

    reply = NEXT_HOP_UNAVAILABLE


class NoAnswer(NextHopUnavailable):
    """The next hop did not answer the final dot: it may have the mail."""


class StoreUnavailable(GatewayError):
    """The store is locked, gone or read-only."""

    reply = STORE_UNAVAILABLE


class NoSpace(StoreUnavailable):
    """The disk is full, or a storage limit is reached."""

    reply = NO_SPACE


class AuditUnavailable(GatewayError):
    """A verdict record cannot be made durable; without it there is no effect."""

    reply = NO_SPACE


class ProviderUnavailable(GatewayError):
    """The OpenID provider does not answer, or not as one does; what went wrong is for the operators."""


class SignInRefused(GatewayError):
    """The OpenID provider's answer does not prove who this is. The words say what is wrong, and hold no secret."""


class UserError(Exception):
    """A mistake in settings, packs or arguments: `what`, `where` (file and key) and `todo`, one clear line."""

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        self.what, self.where, self.todo = what, where, todo
        super().__init__(": ".join(part for part in (where, what) if part) + (f". {todo}" if todo else ""))
