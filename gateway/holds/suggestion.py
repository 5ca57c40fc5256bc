"""What a held mail could say instead: each held sentence replaced or left out, the rest as it was written.

Takes the sender's words and the marked sentences; gives drafts, the best first. A draft reads as a mail somebody would
send: no item or heading is left without what it was about, no sentence that points at one that is gone, no mail of
nothing but greetings. Whether a draft passes is not known here: `flows.suggest` has it judged. *Pure.*
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from gateway.language.catalogue import Catalogue, later
from gateway.policy.segment import Kind, Sentence, sentences

# Translators: the subject of a mail whose own subject was held.
PLAIN_SUBJECT = later("For information")

_DANGLING = re.compile(
    r"(?:it|its|this|that|these|those|they|them|so|and|but|also|then|thus|otherwise|either way|if not"
    r"|if you (?:have|do|did)|no (?:pressure|worries|rush)|just reply|simply reply|let me know|thanks|thank you"
    r"|cheers|looking forward|doing so"
    r"|the same goes|only takes|takes|come on|well done|please do)\b",
    re.I,
)
_FILLER = re.compile(
    r"(?:i |we |just )?(?:hope|trust)\b.{0,60}|(?:many |a big |with )?(?:thanks|thank you|cheers)\b.{0,60}"
    r"|(?:have|enjoy|happy|see you|speak|talk|let me know|any questions|all the best|take care|ps|p\.s\.)\b.{0,60}|\W*",
    re.I | re.S,
)
_GREETING = re.compile(
    r"(?:hi|hiya|hello|hey|dear|good (?:morning|afternoon|evening)|morning)\b[^,.!?\n]{0,40},[ \t]+", re.I
)
_BULLET = re.compile(r"[ \t]*(?:[-*+•·▪◦‣–—>»✔✓☐☑]|\(?\d{1,2}[.)]|\(?[a-zA-Z][.)])[ \t]+")
_NUMBERED = re.compile(r"([ \t]*\(?)(\d{1,2})([.)][ \t]+)")
_NAGGING = re.compile(
    r"(?:\b(?:(?:friendly|gentle|kind|quick|final|last|second|third|2nd|3rd|another)[ ,]+)*"
    r"(?:reminder|nudge|chaser|follow[ -]?up|last chance|final call|action (?:required|needed)|urgent)\b"
    r"|\b(?:(?:zur|freundliche|kleine|kurze|letzte|zweite|dritte|petite?|derni[èe]re?|deuxi[èe]me|[úu]ltimo|segundo|nuevo|novo"
    r"|gentil|amable)[ ,]+)*(?:erinnerung|letzte chance|dringend|rappel|relance|recordatorio|lembrete|urgente?)\b)"
    r"[ \t]*[:!,/–—-]*[ \t]*",
    re.I,
)
_SHORT = 8  # sentences
_BRIEF = 4  # words; so short a sentence after one that goes belongs to it ("Twenty is not many.")


class Approach(Enum):
    """How a draft treats the held sentences; the gentlest first."""

    REPLACE = auto()  # the first sentence that can be put otherwise is, the others go
    REMOVE = auto()
    REPLACE_PARAGRAPH = auto()
    REMOVE_PARAGRAPH = auto()
    REPLACE_ALL = auto()  # of a short mail everything between greeting and closing


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A held sentence as it stands in the mail; `instead`: what may be said in its place, "" where only leaving it
    out helps."""

    sentence: str
    instead: str = ""
    rule_id: str = ""
    in_subject: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`sentence` as it was; `instead` "" when it is left out; `rule_id` "" for words that only made sense with others
    that go."""

    sentence: str
    instead: str = ""
    rule_id: str = ""
    in_subject: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Other words for the mail, and what is different in them."""

    text: str
    subject: str
    changes: tuple[Change, ...]


def draft(text: str, subject: str, marks: Sequence[Marked], approach: Approach, say: Catalogue) -> Draft | None:
    """The mail with its marked sentences dealt with in this way, `say` in its language; None where nothing can be
    changed, or where what is left would say nothing."""
    body, changes = _body(text, [mark for mark in marks if not mark.in_subject], approach)
    title, retitled = _titled(subject, [mark for mark in marks if mark.in_subject], say.gettext(PLAIN_SUBJECT))
    if not (changes or retitled) or not says_something(body):
        return None
    return Draft(text=body, subject=title, changes=(*retitled, *changes))


def says_something(text: str) -> bool:
    """False for a mail of greetings, thanks and headings alone."""
    return bool(telling(text))


def telling(text: str) -> list[str]:
    """The sentences of a text that say something: no greeting, no thanks, no heading."""
    return [_words(text, one) for one in sentences(text) if _says(_words(text, one), one.kind)]


def _says(words: str, kind: Kind) -> bool:
    """A short last sentence may look like a name below a letter: it is taken for words when it ends like them."""
    told = kind in (Kind.BODY, Kind.BULLET) or (
        kind is Kind.SIGN_OFF and words.endswith((".", "!", "?")) and len(words.split()) >= _BRIEF
    )
    return told and not _FILLER.fullmatch(words)


def replaced(text: str, sentence: str, instead: str) -> str:
    """The text with one sentence put otherwise, and nothing else changed; as it is where the sentence is not in it."""
    place = _find(text, sentence)
    if place is None:
        return text
    inside = (one.kind for one in sentences(text) if one.start < place.end() and one.end > place.start())
    kind = next(inside, Kind.BODY)
    return _performed(text, Sentence(kind=kind, start=place.start(), end=place.end(), paragraph=0), instead)


def without(text: str, sentence: str) -> str:
    """The text without one sentence, and the gap it leaves closed."""
    return replaced(text, sentence, "")


def _titled(subject: str, marks: Sequence[Marked], plain: str) -> tuple[str, tuple[Change, ...]]:
    if not marks or subject == plain:
        return subject, ()
    quiet = _NAGGING.sub("", subject).strip(" :/–—-")
    title = f"{quiet[:1].upper()}{quiet[1:]}" if quiet and quiet != subject else plain
    return title, (Change(sentence=subject, instead=title, rule_id=marks[0].rule_id, in_subject=True),)


def _body(text: str, marks: Sequence[Marked], approach: Approach) -> tuple[str, tuple[Change, ...]]:
    found = list(sentences(text))
    plan = _planned(text, found, marks, approach)
    if not plan:
        return text, ()
    _drop_what_points_at_gone(text, found, plan)
    _drop_headings_of_nothing(text, found, plan)
    changes = tuple(
        Change(sentence=_words(text, found[place]), instead=plan[place].instead, rule_id=plan[place].rule_id)
        for place in sorted(plan)
    )
    gap = any(_NUMBERED.match(text, found[place].start) for place in plan if not plan[place].instead)
    for place in sorted(plan, reverse=True):
        text = _performed(text, found[place], plan[place].instead)
    return (_renumbered(text) if gap else text).strip("\n"), changes


def _planned(text: str, found: Sequence[Sentence], marks: Sequence[Marked], approach: Approach) -> dict[int, Marked]:
    """For each sentence that changes, what becomes of it."""
    plan: dict[int, Marked] = {}
    for mark in marks:
        for place in _standing(text, found, mark.sentence):
            plan.setdefault(place, mark)
    if approach is Approach.REPLACE_ALL:
        _take_all(found, plan)
    elif approach in (Approach.REPLACE_PARAGRAPH, Approach.REMOVE_PARAGRAPH):
        around = {found[place].paragraph: plan[place] for place in sorted(plan, reverse=True)}
        for place, sentence in enumerate(found):
            if sentence.paragraph in around and sentence.kind not in (Kind.GREETING, Kind.SIGN_OFF):
                plan.setdefault(place, Marked(sentence="", instead=around[sentence.paragraph].instead))
    keep = approach in (Approach.REPLACE, Approach.REPLACE_PARAGRAPH, Approach.REPLACE_ALL)
    said = {_flat(text)} if keep else set()
    for place in sorted(plan):
        wanted = plan[place].instead if keep else ""
        if any(_flat(wanted) in one for one in said):
            wanted = ""
        said.update({_flat(wanted)} if wanted else ())
        if wanted:
            keep = False  # said once
        plan[place] = Marked(sentence="", instead=wanted, rule_id=plan[place].rule_id)
    return plan


def _take_all(found: Sequence[Sentence], plan: dict[int, Marked]) -> None:
    """The whole of a short mail is about what is held; a long one says other things, which are not ours to strike. What
    stands below the closing stays: it is who writes."""
    if not plan:
        return
    first, last = plan[min(plan)], max(plan)
    closing = next((n for n in range(last, len(found)) if found[n].kind is Kind.SIGN_OFF), len(found))
    told = [place for place in range(closing) if found[place].kind is not Kind.GREETING]
    if len(told) <= _SHORT:
        for place in told:
            plan.setdefault(place, first)


def _standing(text: str, found: Sequence[Sentence], sentence: str) -> list[int]:
    """Where a sentence stands, line breaks and blanks apart; a part of one counts as the whole."""
    words = sentence.split()
    places = re.finditer(r"\s+".join(map(re.escape, words)), text) if words else ()
    spans = [place.span() for place in places]
    return [
        number for number, one in enumerate(found) if any(one.start < end and one.end > start for start, end in spans)
    ]


def _find(text: str, sentence: str) -> "re.Match[str] | None":
    words = sentence.split()
    return re.search(r"\s+".join(map(re.escape, words)), text) if words else None


def _drop_what_points_at_gone(text: str, found: Sequence[Sentence], plan: dict[int, Marked]) -> None:
    """ "It takes a minute." or "(Yes / No)" after a sentence that goes would be about nothing."""
    for place in sorted(plan):
        follower = place + 1
        while (
            follower < len(found)
            and follower not in plan
            and found[follower].kind in (Kind.BODY, Kind.HEADING)
            and found[follower].paragraph == found[place].paragraph
            and _leans(_words(text, found[follower]))
        ):
            plan[follower] = Marked(sentence="")
            follower += 1


def _leans(words: str) -> bool:
    aside = words.startswith("(") and words.rstrip(".!?").endswith(")")
    return aside or bool(_DANGLING.match(words)) or len(re.findall(r"\w+", words)) <= _BRIEF


def _drop_headings_of_nothing(text: str, found: Sequence[Sentence], plan: dict[int, Marked]) -> None:
    """A heading or a "...:" all of whose items go, goes with them."""
    for place in sorted(plan, reverse=True):
        head = place - 1
        while head in plan and not plan[head].instead:
            head -= 1
        if head < 0 or head in plan or not _announces(text, found[head]):
            continue
        if found[place].paragraph - found[head].paragraph > 1:
            continue
        governed = [
            number
            for number in range(head + 1, len(found))
            if found[number].paragraph == found[place].paragraph and not _announces(text, found[number])
        ]
        if all(number in plan and not plan[number].instead for number in governed):
            plan[head] = Marked(sentence="")


def _announces(text: str, sentence: Sentence) -> bool:
    return sentence.kind is Kind.HEADING or (
        sentence.kind in (Kind.BODY, Kind.BULLET) and _words(text, sentence).endswith(":")
    )


def _performed(text: str, sentence: Sentence, instead: str) -> str:
    start, end = sentence.start, sentence.end
    bullet = _BULLET.match(text, start, end) if sentence.kind is Kind.BULLET else None
    greeting = _GREETING.match(text, start, end) if not text[:start].strip() else None
    if greeting and not text[end:].lstrip(" \t").startswith("\n") and not instead:
        return f"{greeting[0].rstrip()}\n\n{text[end:].lstrip()}"
    kept = greeting[0] if greeting else bullet[0] if bullet else ""
    if instead:
        words = f"{instead[:1].lower()}{instead[1:]}" if greeting else instead
        return text[:start] + kept + words + text[end:]
    if greeting:
        return text[:start] + greeting[0].rstrip() + text[end:]
    rest = text[end:].lstrip(" \t")
    if bullet and rest and not rest.startswith("\n"):
        return text[:start] + bullet[0] + rest  # the item says something else as well
    return _closed(text[:start], text[end:])


def _closed(before: str, after: str) -> str:
    """Join what stood around a sentence that goes: one blank between sentences, no pile of empty lines."""
    head, tail = before.rstrip(" \t"), after.lstrip(" \t")
    if not head or head.endswith("\n"):
        return head + (tail.lstrip("\n") if not head or head.endswith("\n\n") else tail.removeprefix("\n"))
    return head + (tail if not tail or tail.startswith("\n") else " " + tail)


def _renumbered(text: str) -> str:
    """Numbered items count on without a gap where one of them went; `last` is the number before, 0 for none."""
    lines, last = text.split("\n"), 0
    for number, line in enumerate(lines):
        item = _NUMBERED.match(line)
        if item is None:
            last = 0 if line.strip() and not line.startswith((" ", "\t")) else last
            continue
        if int(item[2]) == last + 2:
            lines[number] = f"{item[1]}{last + 1}{line[item.start(3) :]}"
            last += 1
        else:
            last = int(item[2])
    return "\n".join(lines)


def _words(text: str, sentence: Sentence) -> str:
    return text[sentence.start : sentence.end].strip()


def _flat(text: str) -> str:
    return " ".join(text.split())
