"""The thread a mail belongs to: the Message-IDs it answers or follows (RFC 5322 section 3.6.4). *Pure.*"""

import re

from gateway.mail.message import Message

_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_MOST = 50  # the newest count: a long thread's References are cut by mail programs too


def thread_of(message: Message) -> tuple[str, ...]:
    """Message-IDs of In-Reply-To and References, each once, at most 50."""
    said = f"{message.header('references')} {message.header('in-reply-to')}"[-20_000:]
    return tuple(dict.fromkeys(_ID.findall(said)))[-_MOST:]
