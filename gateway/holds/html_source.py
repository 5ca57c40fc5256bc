"""The source of an HTML document as tokens: tags, comments and text, each with its place.

Only well-behaved sources are cut; anything odd (a quote that is not closed, a script without end) gives None, and the
caller takes another way. Linear in the source. *Pure.* HTML Living Standard, section 13.2.5.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from html import unescape

from gateway.holds.alignment import visible

_NAME = re.compile(r"[a-zA-Z][^\s/>]*")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});?")
_RAW = re.compile("script|style|title|textarea|xmp|iframe|noembed|noframes|noscript|template")
_VOID = re.compile("area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr")
_WRAPPERS = re.compile("p|div|span|font|b|i|u|em|strong|small|big|a|li|ul|ol|h[1-6]|o:p|center|tt|code|sub|sup")


class Kind(Enum):
    """What a token is."""

    TEXT = auto()
    OPEN = auto()
    CLOSE = auto()
    OTHER = auto()  # a comment, a declaration, an element whose content is no text


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Characters `start`..`end` of the source; `name` of a tag in lower case."""

    kind: Kind
    start: int
    end: int
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The characters of a text token and, for each, where it is written in the source."""

    token: int
    text: str
    places: Sequence[tuple[int, int]]


def tokens(source: str) -> list[Token] | None:
    """The document in order, without gaps; None for one that is not well-behaved."""
    found: list[Token] = []
    at = text = 0
    while (tag := source.find("<", at)) >= 0:
        token = _markup(source, tag)
        if token is None:
            if source[tag + 1 : tag + 2].isalpha() or source[tag + 1 : tag + 2] in ("/", "!", "?"):
                return None
            at = tag + 1  # a "<" that is text
            continue
        if text < tag:
            found.append(Token(kind=Kind.TEXT, start=text, end=tag))
        found.append(token)
        at = text = token.end
    if text < len(source):
        found.append(Token(kind=Kind.TEXT, start=text, end=len(source)))
    return found


def _markup(source: str, tag: int) -> Token | None:
    if source.startswith("<!--", tag):
        end = source.find("-->", tag + 4)
        odd = source.startswith((">", "->"), tag + 4)
        return None if end < 0 or odd else Token(kind=Kind.OTHER, start=tag, end=end + 3)
    if source.startswith(("<!", "<?"), tag):
        end = source.find(">", tag)
        return None if end < 0 else Token(kind=Kind.OTHER, start=tag, end=end + 1)
    closing = source.startswith("</", tag)
    name = _NAME.match(source, tag + 2 if closing else tag + 1)
    end = _tag_end(source, name.end()) if name else -1
    if name is None or end < 0:
        return None
    word = name[0].lower()
    if closing or not _RAW.fullmatch(word):
        return Token(kind=Kind.CLOSE if closing else Kind.OPEN, start=tag, end=end, name=word)
    closed = re.compile(rf"</{word}\s*>", re.I).search(source, end)
    return Token(kind=Kind.OTHER, start=tag, end=closed.end(), name=word) if closed else None


def _tag_end(source: str, at: int) -> int:
    """Behind the ">" that ends a tag, quoted values passed over; -1 for none."""
    while True:
        end = source.find(">", at)
        if end < 0:
            return -1
        quotes = [place for quote in "\"'" if (place := source.find(quote, at, end)) >= 0]
        if not quotes:
            return end + 1
        opened = min(quotes)
        at = source.find(source[opened], opened + 1) + 1
        if at == 0 or not source[:opened].rstrip().endswith("="):
            return -1


def written(source: str, number: int, token: Token) -> Written:
    """A text token read: entities are one or two characters each, of one place."""
    text: list[str] = []
    places: list[tuple[int, int]] = []
    at = token.start
    for entity in _ENTITY.finditer(source, token.start, token.end):
        text.append(source[at : entity.start()])
        places += [(place, place + 1) for place in range(at, entity.start())]
        characters = unescape(entity[0])
        text.append(characters)
        places += [entity.span()] * len(characters)
        at = entity.end()
    text.append(source[at : token.end])
    places += [(place, place + 1) for place in range(at, token.end)]
    return Written(token=number, text="".join(text), places=places)


def emptied(source: str, found: Sequence[Token], removed: set[int]) -> set[int]:
    """All tokens that go when these text tokens go: what wrapped nothing else, and a line break behind."""
    gone = set(removed)
    stack: list[list[int]] = []  # [place of the tag, 1 when something in it goes, 1 when something in it stays]
    for number, token in enumerate(found):
        if token.kind is Kind.TEXT:
            if number in removed:
                _mark(stack, 1)
            elif visible(unescape(source[token.start : token.end])):
                _mark(stack, 2)
        elif token.kind is Kind.OPEN and token.name == "br" and _follows_gone(source, found, number, gone):
            gone.add(number)
        elif token.kind is Kind.OPEN and _VOID.fullmatch(token.name):
            if token.name != "br":
                _mark(stack, 2)
        elif token.kind is Kind.OPEN:
            stack.append([number, 0, 0])
        elif token.kind is Kind.CLOSE:
            _close(found, stack, gone, number)
    return gone


def _mark(stack: list[list[int]], what: int) -> None:
    if stack:
        stack[-1][what] = 1


def _close(found: Sequence[Token], stack: list[list[int]], gone: set[int], number: int) -> None:
    """An element ends: it goes when all it held goes. An element without an end tag stays, and so does its parent."""
    if not any(found[place].name == found[number].name for place, _, _ in stack):
        return
    while stack:
        place, going, staying = stack.pop()
        closed = found[place].name == found[number].name
        if closed and going and not staying and _WRAPPERS.fullmatch(found[place].name):
            gone.update(range(place, number + 1))
        elif staying or not closed or not _WRAPPERS.fullmatch(found[place].name):
            staying = 1
        if going:
            _mark(stack, 1)
        if staying:
            _mark(stack, 2)
        if closed:
            return


def _follows_gone(source: str, found: Sequence[Token], number: int, gone: set[int]) -> bool:
    """True for a line break right behind words that go."""
    before = number - 1
    while before >= 0 and before not in gone and found[before].kind is Kind.TEXT:
        if visible(unescape(source[found[before].start : found[before].end])):
            return False
        before -= 1
    return before >= 0 and before in gone and found[before].kind is Kind.TEXT
