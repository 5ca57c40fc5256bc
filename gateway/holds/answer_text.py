"""How the words of an answer become the new text of a held mail, and when they are too few for one. *Pure.*

What is taken for the new text replaces all of the mail and goes to everybody on it, without a way back. So most of what
the mail says besides the held sentences must be in it; one proposed wording alone takes the place of those sentences.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from gateway.holds.suggestion import Approach, Marked, draft, telling, without
from gateway.language.catalogue import catalogue

_WORD = re.compile(r"[^\W_]+")
_NEARLY = 0.8  # of the words of an answer and a proposed wording, the least they share
_LEAST_KEPT = 0.4  # of the pairs of words in what a mail says besides its held sentences: about half of its sentences
_MOST_WRAPPED = 40  # lines of one paragraph
_AROUND = " \n\t\"'“”„«»‹›‘’*_"  # what people put around a sentence they quote
_SAY = catalogue("en")  # a title is given for the subject alone, which stays


def with_wording(text: str, held: str, marked: Sequence[str], wordings: Iterable[str]) -> str:
    """The held text with this answer in place of its marked sentences, where the answer is one of the wordings, or
    nearly so; "" for any other answer."""
    said = _words(text)
    if not any(_nearly(said, _words(wording)) for wording in wordings):
        return ""
    instead = " ".join(text.strip(_AROUND).split())
    new = draft(held, "", [Marked(sentence=one, instead=instead) for one in marked], Approach.REPLACE, _SAY)
    return new.text if new else ""


def keeps_enough(text: str, held: str, marked: Sequence[str]) -> bool | None:
    """Whether most of what the held text says besides its marked sentences is in this one too; None where it says
    nothing else."""
    pairs = [pair for sentence in telling(_besides(held, marked)) for pair in pairwise(_words(sentence))]
    if not pairs:
        return None
    new = frozenset(pairwise(_words(text)))
    return sum(pair in new for pair in pairs) >= _LEAST_KEPT * len(pairs)


def unwrapped(text: str, held: str) -> str:
    """The text with each run of lines that is a line or paragraph of the held one, wrapped anew, as it stands there."""
    known = {_flat(one): one for one in (*held.split("\n\n"), *held.split("\n")) if one.strip()}
    lines, out, at = text.split("\n"), list[str](), 0
    while at < len(lines):
        end = _end_of_known(lines, at, known)
        out.append(known[_flat(" ".join(lines[at:end]))] if end else lines[at])
        at = end or at + 1
    return "\n".join(out)


def _end_of_known(lines: Sequence[str], at: int, known: Mapping[str, str]) -> int:
    """Where the longest run of lines from `at` ends that says what one of the known does; 0 where none does."""
    said, found = "", 0
    for end in range(at + 1, min(len(lines), at + _MOST_WRAPPED) + 1):
        if not lines[end - 1].strip():
            break
        said = f"{said} {_flat(lines[end - 1])}".strip()
        found = end if said in known else found
    return found


def _flat(text: str) -> str:
    return " ".join(text.split())


def _besides(held: str, marked: Sequence[str]) -> str:
    """The held text without its marked sentences and without what only made sense with them."""
    rest = draft(held, "", [Marked(sentence=one) for one in marked], Approach.REMOVE, _SAY)
    if rest:
        return rest.text
    for sentence in marked:
        if without(held, sentence) != held:
            return ""
    return held


def _nearly(one: Sequence[str], other: Sequence[str]) -> bool:
    if not one or not other or (one[0], one[-1]) != (other[0], other[-1]):
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= _NEARLY


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
