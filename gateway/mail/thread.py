"""The thread a mail belongs to: the Message-IDs it answers or follows (RFC 5322 section 3.6.4), and its subject as mail
programs compare it, in the languages whose reply marks they know. *Pure.*
"""

import re

from gateway.mail.message import Message

_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_MARKS = re.compile(
    r"\s*(?:(?:re|aw|antw|antwort|sv|vs|r[ée]p|res|resp|rif|odp|fw|fwd|wg|tr|rv|enc|i)\s*(?:\[\d{1,3}\]|\(\d{1,3}\))?\s*:\s*)+",
    re.I,
)
_MOST = 50  # the newest count: a long thread's References are cut by mail programs too


def thread_of(message: Message) -> tuple[str, ...]:
    """Message-IDs of In-Reply-To and References, each once, at most 50."""
    said = f"{message.header('references')} {message.header('in-reply-to')}"[-20_000:]
    return tuple(dict.fromkeys(_ID.findall(said)))[-_MOST:]


def subject_key(subject: str) -> str:
    """A subject as compared: without reply and forward marks, letter case and white space evened out."""
    return " ".join(_MARKS.sub("", subject).casefold().split())


def is_reply(subject: str) -> bool:
    """True for a subject that says it answers or forwards something."""
    return bool(_MARKS.match(subject))
