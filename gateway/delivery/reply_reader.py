"""The next hop's replies, cut out of the byte stream and kept verbatim.

Strict where leniency would let one reply pass for another: CRLF ends a line, all lines of a reply carry one code, and
a reply has an end (RFC 5321 section 4.2). Takes bytes as they arrive, gives `Reply` values. *Pure.*
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from gateway.replies import Reply

MAX_REPLY = 64 * 1024  # bytes of one reply, all its lines
_CACHED = 512  # bytes; longer replies are not worth remembering
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?: |$)")
_LINE = re.compile(rb"[1-5][0-9]{2}(?:[ -][^\r\n\0]*)?\r\n")


class MalformedReply(Exception):
    """What arrived is no SMTP reply."""


class ReplyReader:
    """Feed it what arrives; it keeps an unfinished reply until the rest comes. Each byte is looked at once."""

    __slots__ = ("_code", "_held", "_line")

    def __init__(self) -> None:
        self._held = bytearray()  # the unfinished reply
        self._line = 0  # where its unfinished line begins
        self._code = b""

    @property
    def pending(self) -> bool:
        """Part of a reply has arrived."""
        return bool(self._held)

    def feed(self, data: bytes) -> Sequence[Reply]:
        """The replies completed by `data`, in order. Raises MalformedReply, after which the stream has no meaning."""
        if not self._held and len(data) <= _CACHED and (known := _whole(data)):
            return known
        self._held += data
        return self._complete(len(self._held) - len(data))

    def _complete(self, seen: int) -> list[Reply]:
        replies: list[Reply] = []
        held = self._held
        while (end := held.find(b"\n", max(seen, self._line)) + 1) > 0:
            last = self._last_line(bytes(held[self._line : end]))
            self._line = end
            if end > MAX_REPLY:
                raise MalformedReply("a reply over 64 KiB")
            if last:
                replies.append(reply_from(bytes(held[:end])))
                del held[:end]
                self._line = seen = 0
                self._code = b""
        if len(held) > MAX_REPLY:
            raise MalformedReply("a reply over 64 KiB")
        return replies

    def _last_line(self, line: bytes) -> bool:
        _check(line)
        if self._code and line[:3] != self._code:
            raise MalformedReply("a reply of several codes")
        self._code = line[:3]
        return line[3:4] != b"-"


@lru_cache(maxsize=512)
def _whole(data: bytes) -> tuple[Reply, ...]:
    """What these bytes say when they are nothing but whole replies of one line, the usual case; () when they are not.
    A busy next hop says the same few things over and over. Raises MalformedReply."""
    if not data.endswith(b"\n"):
        return ()
    lines = data.splitlines(keepends=True)
    if any(line[3:4] == b"-" or not line.endswith(b"\n") for line in lines):
        return ()
    for line in lines:
        _check(line)
    return tuple(reply_from(line) for line in lines)


def reply_from(wire: bytes) -> Reply:
    """The value of one whole reply, which `wire` holds with its final CRLF."""
    return _remembered(wire) if len(wire) <= _CACHED else _reply(wire)


def _check(line: bytes) -> None:
    if _LINE.fullmatch(line) is None:
        raise MalformedReply(f"not a reply line: {line[:80]!r}")


def _reply(wire: bytes) -> Reply:
    lines = [line[4:] for line in wire.decode("utf-8", "replace").split("\r\n")[:-1]]
    found = _ENHANCED.match(lines[0])
    enhanced = found[1] if found and found[1][0] == chr(wire[0]) else ""
    if enhanced:
        lines = [line.removeprefix(enhanced).removeprefix(" ") for line in lines]
    return Reply(code=int(wire[:3]), enhanced=enhanced, text="\n".join(lines), verbatim=wire)


_remembered = lru_cache(maxsize=512)(_reply)  # a busy next hop says the same few things over and over
