"""What a sender's answer to a notice means: a new text, a command, or nothing that we dare to act upon.

The words above the quoted notice count, as the rules for quotes and signatures find them; whatever a program quotes
without marking it is cut off at the notice's own first line. A command stands alone on the first line (DISPUTE may be
followed by its reason): a sentence that begins with such a verb is none. When in doubt it is unclear, and the mail
waits: what is taken for a new text goes to everybody on the mail, and what is taken back reaches nobody. *Pure.*
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from itertools import pairwise

from gateway.holds.answer_text import keeps_enough, unwrapped, with_wording
from gateway.holds.instruction import is_instruction
from gateway.holds.notice import DISPUTE, SEND, WITHDRAW, band_words
from gateway.holds.revision import editable_text
from gateway.holds.sealed import why_sealed
from gateway.holds.signed_name import with_name
from gateway.language.catalogue import every_catalogue, later
from gateway.mail.quoting import is_attribution_line

EMPTY = later("Above the quoted note there was no text. Please write the whole new text of your mail above it.")
STRANGE = later("Your answer has little in common with your mail, so we did not send it. Nobody got anything.")
INSTRUCTION = later(
    "Your answer seems to tell us what to change. We cannot do that for you, so we did not send it."
    " Nobody got anything."
)
NO_REASON = later("Please say in a few words, behind the first one, why this is a mistake.")
GOES_ON = later(
    "Your answer begins with a word that tells us what to do, but its first line goes on. So the mail was neither taken"
    " back nor sent. Please write that word alone on the first line, or else the whole new text of your mail."
)
LONG_WITHDRAWAL = later("The first word takes the mail back, but more text follows it. Please send that word alone.")

_SHORT = 12  # words that may stand below WITHDRAW: "I will write it anew, thanks"
_ALIKE = 0.2  # of the pairs of words in a new text, the least that the mail or a suggestion of ours has too
_LONGEST_REASON = 2000  # characters
_WORD = re.compile(r"[^\W_]+")  # "_" is drawn around what is in italics
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})  # on a keyboard without umlauts
_ALSO = {"anfechten": DISPUTE, "widersprechen": DISPUTE}  # the verb where a note has another word
_BEHIND = " \t\u00a0\u202f:.,;!–—-*_\n"  # between DISPUTE and its reason
_DRAWN = "-_>=* \t"  # what programs draw between an answer and what it quotes
_GAP = r"[\s>*|]+"  # between two words of our first line, however it was quoted and wrapped


class Meaning(Enum):
    """What is to be done."""

    TEXT = auto()
    WITHDRAW = auto()
    DISPUTE = auto()
    UNCLEAR = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`text`: the new text, or the reason of a dispute; of an unclear answer what was read. `why` it is unclear."""

    meaning: Meaning
    text: str = ""
    why: str = ""


def answer_of(raw: bytes, held: bytes, suggestions: Sequence[str] = (), marked: Sequence[str] = ()) -> Answer:
    """The meaning of an answer (a whole message) to the notice of a held mail; `suggestions` are replacements that the
    notices offer, `marked` the sentences that hold it."""
    text = with_name(own_words(raw), raw, held)
    sealed = why_sealed(held)
    if not text:
        return Answer(meaning=Meaning.UNCLEAR, why=sealed or EMPTY)
    composed = unicodedata.normalize("NFC", text)
    word = _WORD.search(composed)
    match _commands().get(_folded(word[0])) if word else None:
        case "DISPUTE" if word:
            return _dispute(composed[word.end() :].lstrip(_BEHIND))
        case str() as command:
            return _alone(command, text)
    if sealed:
        return Answer(meaning=Meaning.TEXT, text=text)  # whoever puts it in says why that cannot be
    return _new_text(text, editable_text(held), suggestions, marked)


def _new_text(text: str, held: str, suggestions: Sequence[str], marked: Sequence[str]) -> Answer:
    """A new text that keeps what the held one says besides, or one proposed wording for the held sentences."""
    if is_instruction(text, held):
        return Answer(meaning=Meaning.UNCLEAR, text=text, why=INSTRUCTION)
    if changed := with_wording(text, held, marked, suggestions):
        return Answer(meaning=Meaning.TEXT, text=changed)
    kept = keeps_enough(text, held, marked)
    if kept is False or not _alike(text, [held, *(suggestions if kept is None else ())]):
        return Answer(meaning=Meaning.UNCLEAR, text=text, why=STRANGE)
    return Answer(meaning=Meaning.TEXT, text=unwrapped(text, held))


def own_words(raw: bytes) -> str:
    """What the answer says above the notice, without quotes and signature; "" for nothing."""
    text = editable_text(raw)
    cuts = [found.start() for found in (band.search(text) for band in _bands()) if found]
    lines = text[: min(cuts, default=len(text))].rstrip(_DRAWN).strip().split("\n")
    while lines and (not lines[-1].strip().strip(_DRAWN) or is_attribution_line(lines[-1])):
        lines.pop()
    return "\n".join(lines)


def _alone(command: str, text: str) -> Answer:
    """WITHDRAW or SEND, when no other word shares its line, and it is no question."""
    first, _, rest = text.partition("\n")
    rest = rest.strip("\n")
    if len(_WORD.findall(unicodedata.normalize("NFC", first))) != 1 or "?" in first:
        return Answer(meaning=Meaning.UNCLEAR, text=text, why=GOES_ON)
    if command == "WITHDRAW":
        return _withdrawal(rest)
    return Answer(meaning=Meaning.TEXT, text=rest) if rest else Answer(meaning=Meaning.UNCLEAR, why=EMPTY)


def _withdrawal(rest: str) -> Answer:
    if len(_WORD.findall(rest)) > _SHORT:
        return Answer(meaning=Meaning.UNCLEAR, why=LONG_WITHDRAWAL)
    return Answer(meaning=Meaning.WITHDRAW)


def _dispute(rest: str) -> Answer:
    if not _WORD.search(rest):
        return Answer(meaning=Meaning.UNCLEAR, why=NO_REASON)
    return Answer(meaning=Meaning.DISPUTE, text=" ".join(rest.split())[:_LONGEST_REASON])


def _alike(text: str, known: Sequence[str]) -> bool:
    """Whether it could be a new version of the mail: a question to us is not, and neither is "thanks, will do"."""
    pairs = _pairs(text)
    theirs = frozenset().union(*map(_pairs, known))
    return bool(pairs) and len(pairs & theirs) >= _ALIKE * len(pairs)


def _pairs(text: str) -> frozenset[tuple[str, str]]:
    return frozenset(pairwise(_WORD.findall(text.casefold())))


@cache
def _commands() -> dict[str, str]:
    """Every command in every language, without accents: a German may answer an English note."""
    known = dict(_ALSO)
    for say in every_catalogue():
        for word in (WITHDRAW, DISPUTE, SEND):
            said = say.gettext(word).casefold()
            known |= {_folded(said): word, _folded(said.translate(_SPELLED)): word}
    return known


def _folded(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(character for character in plain if not unicodedata.combining(character))


@cache
def _bands() -> tuple[re.Pattern[str], ...]:
    lines = {band_words(say, reply=True) for say in every_catalogue()}
    return tuple(re.compile(_GAP.join(map(re.escape, line.split()))) for line in sorted(lines))
