"""The lines we put on top of a mail, and the marks we know it by: Received, our loop mark, the mark of our notices.

RFC 5321 section 4.4 (Received); HMAC (RFC 2104) for the notice mark. Whatever comes from the client is reduced to
harmless characters before it stands in a header. *Pure.*
"""

import hashlib
import hmac
import re
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from gateway.mail.envelope import Envelope
from gateway.mail.message import Message

LOOP_HEADER = "X-Askonce-Pass"
NOTICE_HEADER = "X-Askonce-Notice"
_LOOP_NAME = LOOP_HEADER.lower()

_UNSAFE = re.compile(r"[^A-Za-z0-9.:_\-\[\]+=/]+")
_UNSAFE_MAILBOX = re.compile(r"[^!#-'*+\-/-9=?A-Z^-~@.]+")  # atoms of RFC 5322, "@" and "."
_WIDTH = 78


def received_line(envelope: Envelope, *, hostname: str, mail_id: str, at: datetime) -> str:
    """Our Received field and our loop mark, folded, CRLF-ended. `at` is an aware datetime."""
    session = envelope.session
    lead, mark = _of_client(session.peer_address, session.peer_name, session.helo, session.protocol, hostname)
    words = [f"id {_safe(mail_id) or 'none'}"]
    if len(envelope.rcpt_to) == 1:
        words.append(f"for <{_mailbox(envelope.rcpt_to[0].text)}>")
    words[-1] += ";"
    words.append(_second(at.replace(microsecond=0)))
    return _folded(lead, words) + mark


@lru_cache(maxsize=256)
def _of_client(address: str, name: str, helo: str, protocol: str, hostname: str) -> tuple[str, str]:
    """What all mails of a client have in common: how the Received field begins, and the loop mark."""
    peer = _safe(address) or "unknown"
    literal = f"IPv6:{peer}" if ":" in peer else peer
    known = f"{_safe(name)} [{literal}]" if name else f"[{literal}]"
    words = [f"from {_safe(helo) or 'unknown'}", f"({known.strip()})", f"by {_safe(hostname) or 'localhost'}"]
    words.append(f"with {_safe(protocol) or 'ESMTP'}")
    mark = _folded(f"{LOOP_HEADER}:", [_safe(hostname) or "localhost"])
    return _folded("Received:", words).removesuffix("\r\n"), mark


_second = lru_cache(maxsize=8)(format_datetime)  # a busy second has thousands of mails


def received_hops(message: Message) -> int:
    """How many Received fields the message has (RFC 5321 section 6.3)."""
    return [name for name, _ in message.headers].count("received")


def own_passes(message: Message, hostname: str) -> int:
    """How often the message has been through the gateway on this host."""
    found = [value.strip() for name, value in message.headers if name == _LOOP_NAME]
    return found.count(_safe(hostname) or "localhost") if found else 0


def notice_mark(key: bytes, mail_id: str) -> str:
    """The value of NOTICE_HEADER for the notice whose Message-ID is `mail_id`: only who has `key` can make it."""
    return hmac.new(key, b"notice\0" + mail_id.strip().encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def is_own_notice(message: Message, key: bytes) -> bool:
    """True for a mail of ours: its mark fits its Message-ID. Compared in constant time."""
    value = message.header(NOTICE_HEADER.lower()).strip().encode("utf-8", "replace")
    return bool(value) and hmac.compare_digest(notice_mark(key, message.message_id).encode("ascii"), value)


def _safe(text: str) -> str:
    return _UNSAFE.sub("?", text)[:255]


def _mailbox(text: str) -> str:
    return _UNSAFE_MAILBOX.sub("?", text)[:320]


def _folded(begun: str, words: list[str]) -> str:
    """A header field that goes on with these words, folded between them at 78 characters (RFC 5322 section 2.1.1). It
    never folds right behind the field's name."""
    lines, line = begun[: begun.rfind("\n") + 1], begun[begun.rfind("\n") + 1 :]
    for word in words:
        if len(line) + 1 + len(word) > _WIDTH and (lines or " " in line):
            lines += line + "\r\n"
            line = "\t" + word
        else:
            line += " " + word
    return f"{lines}{line}\r\n"
