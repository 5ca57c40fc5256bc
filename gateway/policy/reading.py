"""A mail read sentence by sentence: marks, topics, and who reads it. *Pure.*

`read` takes the text and the scene and gives a `Reading`. Work is linear: sentences are short, and each pattern runs
only on sentences that have the words it needs.
"""

from dataclasses import dataclass, field
from itertools import islice

import regex

from gateway.mail.normal import normalise
from gateway.mail.text import BlockKind, MessageText
from gateway.policy.detector import Condition, Detector, Exclusion
from gateway.policy.fold import fold
from gateway.policy.labels import Favour
from gateway.policy.pattern import Pattern
from gateway.policy.readers import many_readers
from gateway.policy.segment import Kind, Sentence, sentences
from gateway.policy.verdict import Scene

SHORT = 11  # sentences; in a mail this short everything may refer to everything
MOST = 1500  # sentences that are read; nobody writes more to colleagues


@dataclass(slots=True, eq=False)
class Line:
    """One sentence as read: `start`/`end` in `MessageText.text`; `strength` by favour as said in the sentence itself,
    `reach` the same when what it refers to is counted; `marks` what it does; `out` ids of exclusions that cover it."""

    sentence: Sentence
    start: int
    end: int
    original: str
    folded: str
    words: set[str]
    marks: set[str] = field(default_factory=set)
    strength: dict[Favour, int] = field(default_factory=dict)
    reach: dict[Favour, int] = field(default_factory=dict)
    out: set[str] = field(default_factory=set)

    @property
    def said(self) -> int:
        """How plainly a favour is named here (0 to 3)."""
        return max(self.strength.values(), default=0)

    @property
    def reached(self) -> int:
        """How plainly a favour is meant here (0 to 3)."""
        return max(self.reach.values(), default=0)


@dataclass(slots=True, eq=False, kw_only=True)
class Reading:
    """The lines of a mail (the subject first), lines of what it quotes, and whether many read it."""

    lines: list[Line]
    quoted: list[Line]
    many: bool
    scene: Scene
    text: MessageText
    marks: set[str] = field(default_factory=set)


def read(text: MessageText, scene: Scene, detector: Detector) -> Reading:
    """Sentences, marks, topics, references, exclusions: in this order."""
    own, beneath = _whose(text)
    lines = [*_subject(text, detector), *_lines(text, own, detector)]
    quoted = _lines(text, beneath, detector)
    reading = Reading(lines=lines, quoted=quoted, many=False, scene=scene, text=text)
    reading.many = many_readers(
        scene, [line.folded for line in lines if line.sentence.kind is not Kind.SUBJECT][:2], detector.lexicon
    )
    known: dict[str, Line] = {}
    for line in (*lines, *quoted):
        twin = known.setdefault(line.folded, line)
        if twin is line:
            _mark(line, detector)
        else:
            line.marks, line.strength = set(twin.marks), dict(twin.strength)
    reading.marks = _circumstances(text, scene).union(*(line.marks for line in lines))
    _exclude(reading, detector)
    _refer(reading)
    return reading


def _whose(text: MessageText) -> tuple[tuple[BlockKind, ...], tuple[BlockKind, ...]]:
    """Kinds of blocks that are the sender's words now, and kinds their words may point at."""
    wrote = any(text.text[b.start : b.end].strip() for b in text.blocks if b.kind is BlockKind.AUTHORED)
    if wrote:
        return (BlockKind.AUTHORED,), (BlockKind.QUOTED, BlockKind.FORWARDED)
    return (BlockKind.AUTHORED, BlockKind.FORWARDED), (
        BlockKind.QUOTED,
    )  # a bare forward passes the ask on as one's own


def _circumstances(text: MessageText, scene: Scene) -> set[str]:
    """Marks that come from the envelope and not from the words."""
    found = {"contractors-read"} if scene.contractors else set()
    return found | ({"artwork"} if text.attachments or text.links else set())


_PREFIX = regex.compile(r"^(?:\s*(?:re|fw|fwd|aw|wg|sv|tr|rv)\s*(?:\[\d+\])?:\s*)+", regex.IGNORECASE)


def _subject(text: MessageText, detector: Detector) -> list[Line]:
    """The subject as a line; a reply's or forward's subject is not the sender's words now, but still a topic."""
    bare = _PREFIX.sub("", text.subject).strip()
    if not bare:
        return []
    sentence = Sentence(kind=Kind.SUBJECT, start=-1, end=-1, paragraph=-1)
    line = _line(sentence, -1, -1, bare, detector)
    if bare != text.subject.strip():
        line.out.add("thread")
    return [line]


def _lines(text: MessageText, kinds: tuple[BlockKind, ...], detector: Detector) -> list[Line]:
    found: list[Line] = []
    paragraphs = 0
    for block in text.blocks:
        if block.kind not in kinds:
            continue
        cut = islice(sentences(text.text[block.start : block.end], base=block.start), MOST - len(found))
        for sentence in cut:
            placed = Sentence(
                kind=sentence.kind, start=sentence.start, end=sentence.end, paragraph=sentence.paragraph + paragraphs
            )
            found.append(_line(placed, placed.start, placed.end, text.text[placed.start : placed.end], detector))
        paragraphs = found[-1].sentence.paragraph + 1 if found else 0
    return found


def _line(sentence: Sentence, start: int, end: int, original: str, detector: Detector) -> Line:
    folded = fold(normalise(original).text, detector.lexicon)
    return Line(sentence, start, end, original, folded, detector.lexicon.scan(folded))


def _mark(line: Line, detector: Detector) -> None:
    text, words = line.folded, line.words
    for name, pattern in detector.marking.candidates(words):
        if name not in line.marks and pattern.found(text, words):
            line.marks.add(name)
    for topic in detector.topics:
        if line.strength.get(topic.favour, 0) >= topic.strength:
            continue
        if _says(topic.say, line) and not _says(topic.none, line):
            line.strength[topic.favour] = topic.strength


def _says(patterns: tuple[Pattern, ...], line: Line) -> bool:
    return any(pattern.found(line.folded, line.words) for pattern in patterns)


def holds(condition: Condition, line: Line, place: int, reading: Reading) -> bool:
    """True when the condition holds for `reading.lines[place]`."""
    marks = line.marks
    if not condition.also <= marks or condition.none & marks:
        return False
    if condition.mark and not condition.mark & marks:
        return False
    if condition.audience and (condition.audience == "many") is not reading.many:
        return False
    if not _topical(condition, line):
        return False
    if condition.anywhere and not condition.anywhere & reading.marks:
        return False
    if condition.nowhere & reading.marks:
        return False
    if condition.near and not condition.near & _around(place, reading):
        return False
    if condition.apart and condition.apart & _around(place, reading):
        return False
    return not condition.say or _says(condition.say, line)


def _topical(condition: Condition, line: Line) -> bool:
    if condition.favour is not None:
        said, reached = line.strength.get(condition.favour, 0), line.reach.get(condition.favour, 0)
    else:
        said, reached = line.said, line.reached
    if condition.under and said >= condition.under:
        return False
    return said >= condition.here and reached >= condition.about


def _around(place: int, reading: Reading) -> set[str]:
    paragraph = reading.lines[place].sentence.paragraph
    around: set[str] = set()
    for other in range(max(0, place - 2), min(len(reading.lines), place + 3)):
        around |= reading.lines[other].marks
    for other in range(max(0, place - 8), min(len(reading.lines), place + 9)):
        if reading.lines[other].sentence.paragraph == paragraph:
            around |= reading.lines[other].marks
    return around


def _exclude(reading: Reading, detector: Detector) -> None:
    paragraphs: dict[int, list[Line]] = {}
    for line in reading.lines:
        paragraphs.setdefault(line.sentence.paragraph, []).append(line)
    for exclusion in detector.exclusions:
        done: set[int] = set()
        for place, line in enumerate(reading.lines):
            key = _key(exclusion.scope, place, line)
            if key in done or "thread" in line.out or not holds(exclusion.when, line, place, reading):
                continue
            done.add(key)
            covered = {"mail": reading.lines, "sentence": [line]}.get(exclusion.scope)
            _silence(exclusion, paragraphs[line.sentence.paragraph] if covered is None else covered)


def _key(scope: str, place: int, line: Line) -> int:
    """Equal for lines that an exclusion covers together, so that each stretch is covered once."""
    return {"mail": 0, "sentence": place}.get(scope, line.sentence.paragraph)


def _silence(exclusion: Exclusion, covered: list[Line]) -> None:
    if not any(exclusion.unless & line.marks for line in covered):
        for line in covered:
            line.out.add(exclusion.id)


def _refer(reading: Reading) -> None:
    """Give each line the topics it refers to: its paragraph's, its neighbours', the mail's, the quotation's."""
    body = [line for line in reading.lines if line.sentence.kind not in _FRAME]
    short = len(body) <= SHORT
    mail = _strongest([line for line in reading.lines if _lends(line) and "thread" not in line.out])
    quoted = _strongest([*reading.quoted, *(line for line in reading.lines if "thread" in line.out)])
    for place, line in enumerate(reading.lines):
        if not _lends(line):
            continue
        line.reach = dict(line.strength)
        if line.said >= 3 or line.sentence.kind is Kind.SIGN_OFF or (line.marks & _ELSEWHERE and line.said < 2):
            continue
        _take(line, mail if short else _strongest(_beside(place, reading.lines)))
        if len(body) <= 4 and "bare-check" in line.marks:
            _take(line, quoted)


_FRAME = (Kind.SUBJECT, Kind.GREETING, Kind.SIGN_OFF)
_ELSEWHERE = frozenset({"other-topic", "tool"})


def _beside(place: int, lines: list[Line]) -> list[Line]:
    """The lines of the same paragraph, and the two before."""
    paragraph = lines[place].sentence.paragraph
    around = lines[max(0, place - 9) : place + 10]
    same = [line for line in around if line.sentence.paragraph == paragraph]
    beside = (*same, *lines[max(0, place - 2) : place])
    return [line for line in beside if _lends(line) and "thread" not in line.out]


def _lends(line: Line) -> bool:
    return not (line.out - {"thread"})


def _strongest(lines: list[Line]) -> dict[Favour, int]:
    found: dict[Favour, int] = {}
    for line in lines:
        for favour, strength in line.strength.items():
            found[favour] = max(strength, found.get(favour, 0))
    return found


def _take(line: Line, topics: dict[Favour, int]) -> None:
    for favour, strength in topics.items():
        line.reach[favour] = max(strength, line.reach.get(favour, 0))
