"""What the style sheets of an HTML document say of its elements: who is hidden, who is shown after all, who stands in
the line, and which words the sheet itself puts on the page.

Rules for everybody count as hiding; as showing also those inside @media, for somebody sees it then, on a telephone
perhaps. Selectors of one element (class, id, name) are compared as strings, the first few longer ones are left to
lexbor. *Pure.* CSS 2.2 sections 4, 5 and 7, Selectors 3.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.mail.html_style import blurs, declarations, hides, reveals

_STYLE = re.compile(r"<style[^<>]{0,200}>", re.I)
_RULE = re.compile(r"([^{}@;]{1,500})\{([^{}]{0,2000})\}")
_SIMPLE = re.compile(r"(?:[a-z][a-z0-9]*)?(?:[.#][\w-]+)?", re.I)
_LONGER = re.compile(r"[\w\s.#>+~-]{3,100}")
_NAMES = re.compile(r"\.([\w-]+)")
_REMARK = re.compile(r"/\*.*?\*/", re.S)
_PRINTED = re.compile(r"""media\s*=\s*["']?\s*print\b""", re.I)
_EVERYBODY = re.compile(r"@media\s+(?:only\s+)?(?:screen|all)\s*", re.I)
_WORDS = re.compile(r"""[^\s"'].{0,40}\s.{0,1000}""", re.S)
_MOST_LONGER = 6  # selectors that lexbor looks for
_MOST_WORDS = 20  # pieces of text


class Sheet(NamedTuple):
    """`hides`: ".class", "#id", "name", "name.class" that nobody sees; `blurs`: whose letters nobody sees; `longer`:
    selectors of several elements that hide; `shows`: classes that some see whatever the element itself says; `inline`:
    element names that stand in the line; `words`: what the sheet writes."""

    hides: frozenset[str] = frozenset()
    blurs: frozenset[str] = frozenset()
    longer: tuple[str, ...] = ()
    shows: frozenset[str] = frozenset()
    inline: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()


_NOTHING = Sheet()


def sheet_of(html: str) -> Sheet:
    """What the style sheets in a document say."""
    if "<style" not in html and "<STYLE" not in html:
        return _NOTHING
    found = _Found()
    for sheet in _sheets(html):
        for selectors, body in _RULE.findall(_for_everybody(sheet))[:1000]:
            found.read(selectors, declarations(body))
        for selectors, body in _RULE.findall(sheet)[:2000]:
            if reveals(declarations(body)):
                found.seen(selectors, firmly="!" in body)
    return found.sheet()


@dataclass(slots=True)
class _Found:
    """What was found so far."""

    hides: set[str] = field(default_factory=set)
    blurs: set[str] = field(default_factory=set)
    inline: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)
    firmly: set[str] = field(default_factory=set)
    longer: dict[str, None] = field(default_factory=dict)
    words: dict[str, None] = field(default_factory=dict)

    def read(self, selectors: str, said: dict[str, str]) -> None:
        """What one rule for everybody says."""
        writes = said.get("content", "")[1:-1]
        if writes and _WORDS.fullmatch(writes):
            self.words[writes] = None
        hiding, blurring = hides(said), blurs(said)
        flowing = said.get("display", "").startswith("inline") or said.get("float") in ("left", "right")
        if not (hiding or blurring or flowing):
            return
        for selector in map(str.strip, selectors.split(",")):
            if _SIMPLE.fullmatch(selector):
                name, dot, rest = selector.partition(".")
                one = f"{name.lower() if dot else name}{dot}{rest}"
                if hiding:
                    self.hides.add(one)
                elif blurring:
                    self.blurs.add(one)
                elif one.isalnum():
                    self.inline.add(one)
            elif hiding and _LONGER.fullmatch(selector):
                self.longer[selector] = None

    def seen(self, selectors: str, *, firmly: bool) -> None:
        """A rule that shows what it is about, to somebody."""
        names = {name for one in selectors.split(",") for name in _NAMES.findall(_last(one))}
        self.shown |= names
        if firmly:
            self.firmly |= names

    def sheet(self) -> Sheet:
        """The whole."""
        return Sheet(
            hides=frozenset(one for one in self.hides if not self._shows(one)),
            blurs=frozenset(one for one in self.blurs if not self._shows(one)),
            longer=tuple(one for one in self.longer if not self._shows(_last(one)))[:_MOST_LONGER],
            shows=frozenset(self.firmly),
            inline=frozenset(self.inline),
            words=tuple(self.words)[:_MOST_WORDS],
        )

    def _shows(self, element: str) -> bool:
        return not self.shown.isdisjoint(_NAMES.findall(element))


def _last(selector: str) -> str:
    """The element that a selector is about."""
    return (re.split(r"[\s>+~]+", selector.strip()) or [""])[-1]


def _sheets(html: str) -> list[str]:
    """The first ten style sheets, without remarks."""
    found, at = list[str](), 0
    while len(found) < 10 and (opening := _STYLE.search(html, at)):
        end = html.find("<", opening.end())  # the text of a style element ends at its end tag
        while end >= 0 and html[end : end + 7].lower() != "</style":
            end = html.find("<", end + 1)
        at = end if end >= 0 else len(html)
        if not _PRINTED.search(opening[0]):
            found.append(_REMARK.sub("", html[opening.end() : at][:100_000]))
    return found


def _for_everybody(sheet: str) -> str:
    """The sheet with its @media and @supports groups left out, unless they are for every screen."""
    out, at = list[str](), 0
    while (start := sheet.find("@", at)) >= 0:
        out.append(sheet[at:start])
        opening = sheet.find("{", start)
        ending = sheet.find(";", start, opening if opening >= 0 else len(sheet))
        if ending >= 0:
            at = ending + 1
            continue
        if opening < 0:
            return "".join(out)
        at = _group_end(sheet, opening + 1)
        if _EVERYBODY.fullmatch(sheet, start, opening):
            out.append(sheet[opening + 1 : at - 1])
    return "".join([*out, sheet[at:]])


def _group_end(sheet: str, at: int) -> int:
    """Behind the brace that closes the group whose contents begin here."""
    depth = 1
    for brace in re.finditer(r"[{}]", sheet[at:]):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return at + brace.end()
    return len(sheet)
