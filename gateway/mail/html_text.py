"""HTML as its reader sees it: text with line breaks, whose words they are, links, and hidden text set apart.

The document is parsed by lexbor (HTML standard's tree construction) and walked without recursion, with caps on its
size and number of nodes. Text over inline tags joins; hidden text stands behind the visible text, so that it cannot
split a word. *Pure.*
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.mail.html_guard import is_bomb, without_tree
from gateway.mail.html_marks import Mark, mark_of
from gateway.mail.html_sheet import Sheet, sheet_of
from gateway.mail.html_style import Look, is_paper, look
from gateway.mail.text import Block, BlockKind

MAX_NODES = 60_000
MAX_DEPTH = 4_000
_MAX_SELECTED = 65_536  # characters
_SHORT = 30  # characters of junk in a word

_PLAIN = Look()
_LOOKS = frozenset(("width", "height", "color", "bgcolor", "hidden"))
_SPACES = re.compile(r"[ \t\n\r\f]+")
_INLINE_DATA = re.compile(r"""data:[a-z]+/[^"'\s>)]{200,}""", re.I)
_UNSEEN = frozenset(("script", "style", "head", "title", "template", "iframe", "frame", "noframes", "map"))
_BREAKS = {
    name: breaks
    for breaks, names in (
        (1, "div li tr dt dd form section article header footer main nav aside address center option legend fieldset"),
        (1, "figure figcaption caption details summary thead tbody tfoot"),
        (2, "p h1 h2 h3 h4 h5 h6 ul ol dl table blockquote pre hr"),
    )
    for name in names.split()
}


class Run(NamedTuple):
    """Characters `start`..`end` of the text are text node number `node` of the document, in document order."""

    start: int
    end: int
    node: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlText:
    """`blocks` cover `text`; `links` and `images` are (offset in `text`, URL); `cut`: a cap ended the reading."""

    text: str
    blocks: tuple[Block, ...]
    links: tuple[tuple[int, str], ...] = ()
    images: tuple[tuple[int, str], ...] = ()
    runs: tuple[Run, ...] = ()
    cut: bool = False


class _Frame(NamedTuple):
    """What holds inside an element."""

    kind: BlockKind = BlockKind.AUTHORED
    hidden: bool = False
    faint: bool = False  # not seen, unless something inside says so
    turned: bool = False  # shown from right to left
    verbatim: bool = False  # white space counts
    colour: str = ""
    ground: str = ""


def html_text(html: str, *, max_text: int = 262_144) -> HtmlText:
    """The rendered text of a document or fragment; at most `max_text` characters, then `cut`. Never raises."""
    if len(html) > 65_536:
        html = _INLINE_DATA.sub("data:", html)
    if is_bomb(html):
        text = without_tree(html)[:max_text]
        return HtmlText(text=text, blocks=_all_authored(text), cut=True)
    tree = LexborHTMLParser(html.replace("\x00", "\ufffd"))
    sheet = sheet_of(html)
    page = _Page(max_text, sheet, _hidden_by(sheet.longer, tree, len(html)))
    if tree.root is not None:
        page.read(tree.root)
    for words in sheet.words:
        page.lines = 1
        page.say(words, _Frame(), -1)
    return page.finished()


def _hidden_by(selectors: tuple[str, ...], tree: LexborHTMLParser, size: int) -> frozenset[int]:
    """The elements that these selectors are about. What looks for them takes time as the square of a document's size,
    so a large one is not asked."""
    if not selectors or size > _MAX_SELECTED:
        return frozenset()
    return frozenset(node.mem_id for selector in selectors for node in tree.css(selector))


def _looked(style: str, attributes: dict[str, str | None]) -> Look:
    return look(style, *(attributes.get(name) or "" for name in ("width", "height", "color", "bgcolor")))


def _shown(attributes: dict[str, str | None]) -> bool:
    style = attributes.get("style")
    return style is not None and look(style).shown


def _stands_in_line(node: LexborNode) -> bool:
    """Whether an element that begins a line of its own is told not to."""
    style = node.attributes.get("style")
    return style is not None and ("inline" in style or "float" in style) and look(style).inline


def _all_authored(text: str) -> tuple[Block, ...]:
    return (Block(kind=BlockKind.AUTHORED, start=0, end=len(text)),) if text else ()


@dataclass(slots=True)
class _Page:
    """The page being read."""

    max_text: int
    sheet: Sheet
    selected: frozenset[int]  # hidden by the sheet's longer selectors
    out: list[str] = field(default_factory=list)
    length: int = 0
    unseen: list[str] = field(default_factory=list)
    blocks: list[tuple[BlockKind, int]] = field(default_factory=list)
    links: list[tuple[int, str]] = field(default_factory=list)
    images: list[tuple[int, str]] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    lines: int = 0  # line breaks due before the next word
    space: bool = False
    cells: int = 0  # begun since the last word
    rest: BlockKind | None = None  # from here on everything is this
    nodes: int = 0
    cut: bool = False

    def read(self, root: LexborNode) -> None:
        """Walk the tree in document order."""
        stack: list[tuple[LexborNode | None, _Frame, int]] = []
        node, frame = root.child, _Frame()
        while True:
            if node is None:
                if not stack:
                    return
                node, frame, breaks = stack.pop()
                if breaks > self.lines:
                    self.lines = breaks
                continue
            self.nodes += 1
            if self.nodes > MAX_NODES or self.length > self.max_text:
                self.cut = True
                return
            tag = node.tag
            if tag == "-text":
                self.say(node.text_content or "", frame, self.nodes)
            elif tag and tag[0] not in "-!" and tag not in _UNSEEN:
                breaks = _BREAKS.get(tag, 0)
                if breaks and (tag in self.sheet.inline or _stands_in_line(node)):
                    breaks = 0
                inner = self.enter(node, tag, frame, breaks)
                if len(stack) < MAX_DEPTH:
                    child = node.child
                    if child is not None:
                        stack.append((node.next, frame, breaks))
                        node, frame = child, inner
                        continue
                else:
                    self.cut = True
            node = node.next

    def enter(self, node: LexborNode, tag: str, frame: _Frame, breaks: int) -> _Frame:
        """What begins with this element: a line, a cell, a picture, a quote."""
        if breaks > self.lines:
            self.lines = breaks
        attributes = node.attributes
        if tag == "br":
            self.broken(frame)
        elif tag in ("td", "th"):
            self.cells += 1
        if attributes:
            frame = self.dressed(node, tag, attributes, frame)
        if node.mem_id in self.selected or (tag in self.sheet.hides and not _shown(attributes)):
            frame = frame._replace(hidden=True)
        elif not attributes and tag in self.sheet.blurs:
            frame = frame._replace(faint=True)
        if tag == "li":
            self.say("\u2022 ", frame, -1)
        elif tag in ("pre", "textarea"):
            frame = frame._replace(verbatim=True)
        return frame

    def dressed(self, node: LexborNode, tag: str, attributes: dict[str, str | None], frame: _Frame) -> _Frame:
        """The frame as this element's attributes change it."""
        kind, hidden, faint, turned, verbatim, colour, ground = frame
        turned = turned or (tag == "bdo" and attributes.get("dir") == "rtl")
        seen = _PLAIN
        style = attributes.get("style")
        if style or not _LOOKS.isdisjoint(attributes):
            seen = look(style or "") if _LOOKS.isdisjoint(attributes) else _looked(style or "", attributes)
            colour, ground = seen.colour or colour, seen.ground or ground
            faint = faint if seen.faint is None else seen.faint
            turned = turned or seen.turned
            hidden = hidden or seen.hidden or ("hidden" in attributes and not seen.shown)
            hidden = hidden or bool(seen.colour and colour == ground)
            verbatim = seen.verbatim if seen.verbatim is not None else verbatim
        if is_paper(seen.colour) and not is_paper(frame.colour) and self.inside_word(node):
            hidden = hidden or not ground or is_paper(ground)
        hidden, faint = self.by_sheet(tag, attributes, seen, hidden, faint)
        mark = mark_of(node, tag, attributes)
        if mark is not None:
            kind = self.marked(mark, kind)
        if tag == "a":
            self.link(attributes.get("href"), kind, hidden or faint)
        elif tag == "img":
            self.picture(attributes, kind, hidden)
        elif tag == "input" and attributes.get("type") in ("button", "submit", "text", None):
            self.say(attributes.get("value") or "", frame, -1)
        return _Frame(kind, hidden, faint, turned, verbatim, colour, ground)

    def by_sheet(
        self, tag: str, attributes: dict[str, str | None], seen: Look, hidden: bool, faint: bool
    ) -> tuple[bool, bool]:
        """Whether the element is hidden or faint, as the style sheets change it."""
        names = [f".{name}" for name in (attributes.get("class") or "").split()]
        if names and not self.sheet.shows.isdisjoint(name[1:] for name in names):
            return False, False
        if not (self.sheet.hides or self.sheet.blurs):
            return hidden, faint
        if attributes.get("id"):
            names.append(f"#{attributes['id']}")
        names += [f"{tag}{name}" for name in names]
        hidden = hidden or (not seen.shown and not self.sheet.hides.isdisjoint(names))
        if seen.faint is None and not self.sheet.blurs.isdisjoint((tag, *names)):
            faint = True
        return hidden, faint

    def inside_word(self, node: LexborNode) -> bool:
        """Whether a few letters stand between those of a word."""
        after = node.next
        if self.space or self.lines or not self.out or after is None or after.tag != "-text":
            return False
        following = after.text_content or ""
        return self.out[-1][-1:].isalnum() and following[:1].isalnum() and len(node.text(deep=True)) <= _SHORT

    def marked(self, mark: Mark, kind: BlockKind) -> BlockKind:
        """A mail program's mark: inside it, or from it on."""
        if mark.to_end and self.rest is None:
            self.rest = mark.kind
        return mark.kind if kind is BlockKind.AUTHORED else kind

    def link(self, url: str | None, kind: BlockKind, hidden: bool) -> None:
        """Remember where a link stands."""
        if url and not hidden and len(self.links) < 1000 and url.strip()[:8].lower().startswith(("http:", "https:")):
            self.links.append((self.length, _SPACES.sub("", url)[:4000]))

    def picture(self, attributes: dict[str, str | None], kind: BlockKind, hidden: bool) -> None:
        """A picture speaks through its alternative text; the tiny ones only count readers."""
        if attributes.get("width") in ("0", "1") or attributes.get("height") in ("0", "1"):
            return
        if len(self.images) < 1000:
            self.images.append((self.length, _SPACES.sub("", attributes.get("src") or "")[:4000]))
        words = attributes.get("alt") or ""
        if words.strip():
            self.say(f" {words} ", _Frame(kind, hidden), -1)

    def broken(self, frame: _Frame) -> None:
        """A <br>: a line end of its own."""
        if self.out and not (frame.hidden or frame.faint):
            self.lines = self.lines + 1 if self.lines < 8 else 8
            self.space = False

    def say(self, words: str, frame: _Frame, node: int) -> None:
        """Put words out, with the breaks and blanks that are due before them."""
        if not frame.verbatim:
            if "\n" in words or "  " in words or "\t" in words or "\r" in words:
                words = _SPACES.sub(" ", words)
        elif words.isspace():
            self.lines += words.count("\n")
        if not words or words.isspace():
            self.space = True
            return
        if frame.hidden or frame.faint:
            self.unseen.append(words)
            return
        if frame.turned:
            words = words[::-1]
        if frame.verbatim:
            core, lead, tail = words.rstrip(), words[0].isspace() and not self.lines, words[-1].isspace()
        else:
            core = words.strip(" ")
            lead, tail = words[0] == " ", words[-1] == " "
        self.put(core, lead, self.rest or frame.kind, node)
        self.space = tail

    def put(self, core: str, lead: bool, kind: BlockKind, node: int) -> None:
        """Words without blanks around them, as a run of the text."""
        gap = ""
        if self.out:
            if self.lines:
                gap = "\n" * self.lines
            elif self.cells:
                gap = "\t\t" if self.cells > 1 else "\t"  # an empty one is a blank between words of letters in cells
            elif self.space or lead:
                gap = " "
        if gap:
            self.out.append(gap)
        start = self.length + len(gap)
        self.lines = self.cells = 0
        self.out.append(core)
        self.length = start + len(core)
        if not self.blocks or self.blocks[-1][0] is not kind:
            self.blocks.append((kind, start))
        if node >= 0:
            self.runs.append(Run(start, self.length, node))

    def finished(self) -> HtmlText:
        """The whole, hidden text last."""
        if self.unseen:
            hidden = _SPACES.sub(" ", "".join(self.unseen)).strip()[: self.max_text]
            gap = "\n\n" if self.out else ""
            self.out.append(gap + hidden)
            kind = BlockKind.HIDDEN if self.blocks else BlockKind.AUTHORED  # some see it, if there is nothing else
            self.blocks.append((kind, self.length + len(gap)))
        text = "".join(self.out)
        starts = [start for _, start in self.blocks[1:]] + [len(text)]
        blocks = (
            [
                Block(kind=kind, start=start if number else 0, end=end)
                for number, ((kind, start), end) in enumerate(zip(self.blocks, starts, strict=True))
            ]
            if self.blocks
            else []
        )
        return HtmlText(
            text=text,
            blocks=tuple(blocks),
            links=tuple(self.links),
            images=tuple(self.images),
            runs=tuple(self.runs),
            cut=self.cut,
        )
