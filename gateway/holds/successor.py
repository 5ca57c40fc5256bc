"""Whether a mail is the corrected version of one that is held: sent afresh, by the same sender, to some of the same.

The subject or the thread must agree, and the words must show that both are about the same thing: people write many
mails to the same colleagues, some under the same subject. When in doubt it is another mail, and the held one waits.
*Pure.*
"""

import re
from collections.abc import Collection, Iterable
from itertools import pairwise

from gateway.holds.hold import HeldMail
from gateway.holds.revision import editable_text
from gateway.mail.message import Message
from gateway.mail.thread import is_reply, subject_key, thread_of

_WORD = re.compile(r"\w+")
_TELLING = re.compile(r"[^\W\d_]{5,}")  # words that say what a mail is about
_SAY_NOTHING = frozenset(
    (
        *("about", "after", "again", "their", "there", "these", "those", "which", "where", "while", "would"),
        *("could", "should", "other", "every", "everybody", "everyone", "before", "because", "please", "thank"),
        *("thanks", "hello", "dears", "regards", "wishes", "kindly", "today", "tomorrow", "yesterday"),
        *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february"),
        *("march", "april", "august", "september", "october", "november", "december", "morning", "afternoon"),
        *("evening", "until", "within", "without", "little", "really", "still", "never", "always", "going"),
        *("being", "having", "people", "colleagues"),
    )
)
_LEAST = 2  # telling words in common
_AFRESH = 0.3  # of the telling words of the shorter one, in a mail of its own under the same subject
_IN_THREAD = 0.3  # of the pairs of words of the shorter one, among the many mails of a thread


def may_succeed(message: Message, recipients: Collection[str], held: HeldMail) -> bool:
    """A first look, without the words: subject or thread agree, and somebody is on both. `recipients`: address keys."""
    if message.message_id == held.message_id or not {path.address.key for path in held.rcpt_to} & set(recipients):
        return False
    subject = subject_key(message.subject)
    thread = thread_of(message)
    return bool(
        (subject and subject == subject_key(held.subject)) or held.message_id in thread or _shared(thread, held)
    )


def succeeds(message: Message, held: HeldMail, raw: bytes, suggestions: Iterable[str] = ()) -> bool:
    """The second look, at what both say. `raw`: the held message; `suggestions`: what its notice proposed to write."""
    new, old = editable_text(bytes(message.raw)), editable_text(raw)
    if held.message_id in thread_of(message) or not (is_reply(message.subject) or _shared(thread_of(message), held)):
        said = " ".join(new.split())
        if any(suggestion and suggestion in said for suggestion in suggestions):
            return True
        return _common(_telling(new), _telling(old), least=_LEAST, share=_AFRESH)
    return _common(_pairs(new), _pairs(old), least=_LEAST, share=_IN_THREAD)


def _shared(thread: tuple[str, ...], held: HeldMail) -> bool:
    return bool(set(thread) & set(held.thread))


def _common(one: frozenset[object], other: frozenset[object], *, least: int, share: float) -> bool:
    both = len(one & other)
    return both >= least and both >= share * min(len(one), len(other))


def _telling(text: str) -> frozenset[object]:
    return frozenset(_TELLING.findall(text.casefold())) - _SAY_NOTHING


def _pairs(text: str) -> frozenset[object]:
    return frozenset(pairwise(_WORD.findall(text.casefold())))
