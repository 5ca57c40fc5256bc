"""A revision of which nobody would read the end: it stays, whatever becomes of such mail when it comes in. *Pure.*"""

from gateway.holds.revision import NotEditable, Revision, revise
from gateway.holds.signed_name import name_once
from gateway.language.catalogue import later
from gateway.mail.message import walk
from gateway.mail.reading import read_text

TOO_LONG = later("This text is too long to be edited here.")
_UNREAD = ("cap", "encrypted")  # where words can stand that were not judged


def revised(raw: bytes, new_text: str | None, new_subject: str | None, most: int) -> Revision:
    """As `revise`, with the name below the text once, where `most` characters of a mail are judged. Raises NotEditable
    also for more words than that, and where some would go out unread though the mail as it was held could be read."""
    if new_text is not None and len(new_text) > most:
        raise NotEditable(TOO_LONG)
    revision = revise(raw, None if new_text is None else name_once(raw, new_text), new_subject)
    if revision.raw is not raw and _unread(revision.raw, most) and not _unread(raw, most):
        raise NotEditable(TOO_LONG)
    return revision


def _unread(raw: bytes, most: int) -> bool:
    return read_text(walk(raw), max_text=most).unjudgeable in _UNREAD
