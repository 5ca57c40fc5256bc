"""What is different between a mail as it was held and as it went out: sentences left out, sentences new. *Pure.*"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from gateway.holds.revision import NotEditable, editable_text, revise
from gateway.mail.message import walk

_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")
_MOST = 400  # sentences compared: enough for any mail somebody changes by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """`left_out` and `put_in`: sentences in their order; `subject`: the new one, "" when it stayed; `lost`: sentences
    about what the edit could not keep; `mostly`: more of the text was left out than kept."""

    left_out: tuple[str, ...] = ()
    put_in: tuple[str, ...] = ()
    subject: str = ""
    lost: tuple[str, ...] = ()
    mostly: bool = False

    @property
    def none(self) -> bool:
        """True when it went out as it was written."""
        return not (self.left_out or self.put_in or self.subject or self.lost)


def changes(before: bytes, after: bytes) -> Changes:
    """What the sender changed between two whole messages; linear but for the sentences that differ."""
    if before == after:
        return Changes()
    old, new = editable_text(before), editable_text(after)
    said = _sentences(old)
    left_out, put_in = _differing(said, _sentences(new))
    was, is_ = walk(before).subject, walk(after).subject
    return Changes(
        left_out=left_out,
        put_in=put_in,
        subject="" if was.split() == is_.split() else is_,
        lost=_lost(before, new),
        mostly=2 * len("".join(left_out)) > len("".join(said)),
    )


def _sentences(text: str) -> list[str]:
    return [" ".join(one.split()) for one in _SENTENCE.split(text) if one.strip()][:_MOST]


def _differing(old: Sequence[str], new: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    left_out: list[str] = []
    put_in: list[str] = []
    for what, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what != "equal":
            left_out += old[start:end]
            put_in += new[new_start:new_end]
    return tuple(left_out), tuple(put_in)


def _lost(before: bytes, new: str) -> tuple[str, ...]:
    """The same edit again says what it could not keep: the same words give the same bytes."""
    try:
        return revise(before, new).lost
    except NotEditable:
        return ()
