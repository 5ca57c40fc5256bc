"""A mail read sentence by sentence: topics, what refers to them, what is no evidence, and who reads it. *Pure.*

`read` takes the text and the scene and gives a `Reading`; `exclude` then takes away what only looks like evidence. Work
is linear: sentences are short, and each pattern runs only on sentences that have the words it needs.
"""

from itertools import islice

import regex

from gateway.mail.normal import normalise
from gateway.mail.text import BlockKind, MessageText
from gateway.policy.detector import Detector, Exclusion
from gateway.policy.firing import holds
from gateway.policy.fold import fold
from gateway.policy.labels import Favour
from gateway.policy.line import Line, Reading
from gateway.policy.prose import prose
from gateway.policy.readers import many_readers
from gateway.policy.segment import Kind, Sentence, sentences
from gateway.policy.verdict import Scene

SHORT = 11  # sentences; in a mail this short everything may refer to everything
MOST = 1500  # sentences that are read; nobody writes more to colleagues


def read(text: MessageText, scene: Scene, detector: Detector) -> Reading:
    """Sentences, topics and references, with nothing excluded yet: all that could be evidence is there."""
    own, beneath = _whose(text, many=many_readers(scene, [], detector.lexicon))
    body = _lines(text, own, detector)
    quoted = _lines(text, beneath, detector)
    lines = [*_subject(text, detector, alone=not quoted and _points_at_subject(body)), *body]
    opening = [line.folded for line in lines if line.sentence.kind is not Kind.SUBJECT][:2]
    twins: dict[str, Line] = {}
    for line in (*lines, *quoted):
        twin = twins.setdefault(line.folded, line)
        if twin is line:
            _name_topics(line, detector)
        else:
            line.known, line.strength = twin.known, twin.strength
    reading = Reading(
        lines=lines,
        quoted=quoted,
        many=many_readers(scene, opening, detector.lexicon),
        scene=scene,
        text=text,
        circumstances=_circumstances(text, scene),
    )
    _refer(reading)
    return reading


def exclude(reading: Reading, detector: Detector) -> None:
    """Take away what only looks like evidence. Never makes a line reach further than before."""
    paragraphs: dict[int, list[Line]] = {}
    for line in reading.lines:
        paragraphs.setdefault(line.sentence.paragraph, []).append(line)
    for exclusion in detector.exclusions:
        done: set[int] = set()
        for place, line in enumerate(reading.lines):
            key = _key(exclusion.scope, place, line)
            if key in done or "thread" in line.out or not holds(exclusion.when, place, reading):
                continue
            done.add(key)
            covered = {"mail": reading.lines, "sentence": [line]}.get(exclusion.scope)
            _silence(exclusion, paragraphs[line.sentence.paragraph] if covered is None else covered)
    _refer(reading)


_POINTS_BELOW = regex.compile(  # all that is said above a mail that is passed on
    r"\W*(?:(?:hi|hello|hey|dear|good morning|morning)(?: (?:all|everyone|everybody|team|folks|both|colleagues))?\W+)?"
    r"(?:fyi|fya|f\.y\.i\.?|for (?:your )?(?:information|info|attention|action)"
    r"|(?:please )?see(?: (?:the )?(?:below|attached|attachment|enclosed)(?: (?:mail|message))?)?"
    r"|as below|below|please (?:read|note|see) (?:this|below)|zur (?:kenntnis|info|information)|z\.?\s?k\.?|siehe unten"
    r"|pour (?:information|info)|voir ci-dessous|para (?:su |vuestra )?(?:informaci[óo]n|conhecimento)|ver abajo"
    r"|ver abaixo|segue abaixo)\W*(?:(?:thanks|thank you|regards|best|cheers|danke|merci|gracias|obrigad[oa])\W*)?"
    r"(?:\n\s*\p{L}+\W*){0,2}",
    regex.IGNORECASE,
)


_BACKS = regex.compile(  # words with which one passes on to many what they are to do
    r"\W*(?:(?:hi|hello|hey|dear|good morning)(?: (?:all|everyone|everybody|team|folks|both|colleagues))?\W+)?"
    r"(?:(?:(?:please )?see (?:below|attached|the (?:mail|message) below)\W+)?"
    r"(?:please|kindly) (?:do (?:it|so|this|as (?:it says|asked|below))|act on|follow|take care of|see to)"
    r"|bitte (?:beachten|erledigen|umsetzen|daran halten|macht das)|merci de (?:faire|suivre|vous y conformer)"
    r"|por favor,? (?:hac[eé]dlo|h[áa]ganlo|s[ií]ganlo|fa[çc]am isso|cumpram))"
    r"(?:\s+\p{L}++(?:'\p{L}++)?,?){0,7}\W*"
    r"(?:(?:thanks|thank you|regards|best|cheers|danke|merci|gracias|obrigad[oa])\W*)?(?:\s*\p{Lu}\p{L}+\W*){0,2}",
    regex.IGNORECASE,
)


def _whose(text: MessageText, *, many: bool) -> tuple[tuple[BlockKind, ...], tuple[BlockKind, ...]]:
    """Kinds of blocks that are the sender's words now, and kinds their words may point at."""
    authored = " ".join(text.text[b.start : b.end] for b in text.blocks if b.kind is BlockKind.AUTHORED)
    forwards = any(b.kind is BlockKind.FORWARDED for b in text.blocks)
    if authored.strip() and not (forwards and _passes_on(authored, many=many)):
        return (BlockKind.AUTHORED,), (BlockKind.QUOTED, BlockKind.FORWARDED)
    return (BlockKind.AUTHORED, BlockKind.FORWARDED), (
        BlockKind.QUOTED,
    )  # a bare forward passes the ask on as one's own


def _passes_on(authored: str, *, many: bool) -> bool:
    """Whether these words only hand on what is below them."""
    if len(authored) > 300:
        return False
    return bool(_POINTS_BELOW.fullmatch(authored) or (many and _BACKS.fullmatch(authored)))


def _circumstances(text: MessageText, scene: Scene) -> frozenset[str]:
    """Marks that come from the envelope and not from the words."""
    artwork = bool(text.attachments or text.links)
    return frozenset(name for name, true in (("contractors-read", scene.contractors), ("artwork", artwork)) if true)


_PREFIX = regex.compile(
    r"^(?:\s*(?:re|r[ée]f|r[ée]p|res|fw|fwd|aw|antw?|wg|wtr?|sv|vs|tr|rv|enc|reenv)\s*(?:\[\d+\])?\s?:\s*)+",
    regex.IGNORECASE,
)


_SEE_SUBJECT = regex.compile(
    r"\W*(?:(?:please )?see (?:the )?(?:subject|title|above)(?: line)?|as (?:above|per subject|in the subject)"
    r"|(?:the )?(?:subject|title) says (?:it all|everything)|siehe (?:betreff|oben)|voir (?:l['’])?objet"
    r"|v(?:er|éase|eja) (?:el |o )?as[su]u?nto|fyi|for (?:your )?information)\W*",
    regex.IGNORECASE,
)
_COURTESY = regex.compile(
    r"\W*(?:thanks|thank you|regards|cheers|best|danke|merci|gracias|obrigad[oa])\b(?:\W+\p{L}+){0,2}\W*",
    regex.IGNORECASE,
)


def _points_at_subject(body: list[Line]) -> bool:
    """Whether the subject is all that is said: nothing is, or that it says it. Thanks alone answer it."""
    said = [line for line in body if any(map(str.isalpha, line.original))]
    points = [line for line in said if _SEE_SUBJECT.fullmatch(line.original)]
    return not said or (bool(points) and all(line in points or _is_courteous(line) for line in said))


def _is_courteous(line: Line) -> bool:
    return line.sentence.kind in (Kind.GREETING, Kind.SIGN_OFF) or bool(_COURTESY.fullmatch(line.original))


def _subject(text: MessageText, detector: Detector, *, alone: bool) -> list[Line]:
    """The subject as a line; a reply's or forward's subject is not the sender's words now, but still a topic, unless it
    stands `alone`."""
    bare = _PREFIX.sub("", text.subject).strip()
    if not bare:
        return []
    sentence = Sentence(kind=Kind.SUBJECT, start=-1, end=-1, paragraph=-1)
    line = _line(sentence, bare, normalise(bare).text, detector)
    if bare != text.subject.strip() and not alone:
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
            original = text.text[placed.start : placed.end]
            plain = normalise(original).text
            if prose(plain):
                found.append(_line(placed, original, plain, detector))
        paragraphs = found[-1].sentence.paragraph + 1 if found else 0
    return found


def _line(sentence: Sentence, original: str, plain: str, detector: Detector) -> Line:
    folded = fold(plain, detector.lexicon)
    scan = detector.lexicon.scan(folded)
    return Line(
        sentence, sentence.start, sentence.end, original, folded, scan.words, detector.marking, signed=scan.signed
    )


def _name_topics(line: Line, detector: Detector) -> None:
    named = detector.naming.candidates(line.words)
    for place in sorted(map(int, named)):
        topic = detector.topics[place]
        if line.strength.get(topic.favour, 0) >= topic.strength:
            continue
        if line.says(named[str(place)]) and not line.says(topic.none):
            line.strength[topic.favour] = topic.strength


def _key(scope: str, place: int, line: Line) -> int:
    """Equal for lines that an exclusion covers together, so that each stretch is covered once."""
    return {"mail": 0, "sentence": place}.get(scope, line.sentence.paragraph)


def _silence(exclusion: Exclusion, covered: list[Line]) -> None:
    if not any(line.does_any(exclusion.unless) for line in covered):
        for line in covered:
            line.out.add(exclusion.id)


def _refer(reading: Reading) -> None:
    """Give each line the topics it refers to: its paragraph's, its neighbours', the mail's, the quotation's."""
    body = [line for line in reading.lines if line.sentence.kind not in _FRAME]
    short = len(body) <= SHORT
    mail = _strongest([line for line in reading.lines if _lends(line) and "thread" not in line.out])
    quoted = _strongest([*reading.quoted, *(line for line in reading.lines if "thread" in line.out)])
    for place, line in enumerate(reading.lines):
        line.reach = dict(line.strength) if _lends(line) else {}
        if not _lends(line) or line.said >= 3 or line.sentence.kind is Kind.SIGN_OFF:
            continue
        if len(body) <= 4 and quoted and line.does("bare-check"):
            _take(line, quoted)
        if line.said < 2 and line.does_any(_ELSEWHERE):
            continue
        _take(line, _strongest(_beside(place, reading.lines)))
        if short and (line.said or line.does_any(_POINTING)):
            _take(line, mail)


_FRAME = (Kind.SUBJECT, Kind.GREETING, Kind.SIGN_OFF)
_ELSEWHERE = frozenset({"other-topic", "tool"})
_POINTING = frozenset({"refers", "bare-check"})


def _beside(place: int, lines: list[Line]) -> list[Line]:
    """The lines of the same paragraph, and the two before."""
    paragraph = lines[place].sentence.paragraph
    around = lines[max(0, place - 9) : place + 10]
    bullet = lines[place].sentence.kind is Kind.BULLET  # items of a list stand for themselves
    same = [
        line
        for line in around
        if line.sentence.paragraph == paragraph and not (bullet and line.sentence.kind is Kind.BULLET)
    ]
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
