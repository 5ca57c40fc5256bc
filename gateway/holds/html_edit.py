"""New words in an HTML part: unchanged lines keep their formatting, changed ones take the look of what they replace.

Where the document cannot be followed line by line, it is rebuilt as simple paragraphs. What the sender took out is
never left behind in either case. *Pure.*
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gateway.holds.alignment import (
    NOT_AUTHORED,
    Line,
    Segment,
    authored_lines,
    performed,
    placed,
    script,
    segments,
    visible,
)
from gateway.holds.html_touch import expected, shows, touched
from gateway.language.catalogue import later
from gateway.mail.html_text import html_text
from gateway.mail.reading import text_from
from gateway.mail.text import BlockKind, MessageText

SIMPLER_LINES = later("The lines you changed lose some of their formatting (bold, colours, links); all others keep it.")
SIMPLER_WHOLE = later("The formatting becomes simple paragraphs.")

_MAX_DEPTH = 5000  # open elements; the parser's time grows with the square of the depth
_UNSEEN = re.compile(r"script|style|head|title|template|object|iframe|frame|noframes|audio|video|map|canvas")
_WRAPPERS = re.compile(
    r"p|div|span|font|b|i|u|em|strong|small|big|a|li|ul|ol|h1|h2|h3|h4|h5|h6|o:p|center|tt|code|sub"
    r"|sup"
)
_TAGS = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]*)")
_VOID = re.compile(r"area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr|p|li|td|th|tr|option")
_META_CHARSET = re.compile(r"""(<meta\b[^>]{0,200}?charset\s*=\s*["']?)([\w.:-]{2,40})""", re.I)
_BULLET = "\u2022 "


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedHtml:
    """The document after the edit; `lost` says what could not be kept, in sentences."""

    html: str
    lost: tuple[str, ...] = ()


def edited_html(source: str, reading: MessageText, new: Sequence[str]) -> EditedHtml:
    """`source` with the authored lines of its `reading` replaced by `new`."""
    lines = authored_lines(reading)
    if not _too_deep(source):
        changed = touched(source, reading, lines, new)
        if changed and _holds(changed[0], lines, new) and shows(changed[0]) == expected(reading, lines, new):
            return EditedHtml(html=changed[0], lost=(SIMPLER_LINES,) if changed[1] else ())
        edited = _Document(source, reading, lines).edited(new)
        if edited and _holds(edited.html, lines, new):
            return edited
    return EditedHtml(html=_rebuilt(source, reading, new), lost=(SIMPLER_WHOLE,))


def with_charset(html: str, charset: str) -> str:
    """The document with its own word on its charset corrected."""
    return _META_CHARSET.sub(lambda found: found[1] + charset, html, count=5)


class _Document:
    """A document under edit: its visible text nodes, cut into the sender's lines."""

    def __init__(self, source: str, reading: MessageText, lines: Sequence[Line]) -> None:
        self.tree = LexborHTMLParser(source.replace("\x00", "\ufffd"))
        page = html_text(source)
        self.lines = lines
        self.nodes = _shown(self.tree, [page.text[run.start : run.end] for run in page.runs])
        texts = [node.text_content or "" for node in self.nodes]
        self.cuts = segments(texts, placed(texts, reading, lines))
        self.mark = _unused(source)

    def edited(self, new: Sequence[str]) -> EditedHtml | None:
        """None when the document has no place for the new words."""
        mark = self.mark
        new = [line.replace(mark, "") for line in new]
        present = frozenset(cut.line for cut in self.cuts if cut.line != NOT_AUTHORED)
        edit = script(self.lines, new, present)
        if edit.top:
            return self._on_top(edit.top)
        changed = performed(self.cuts, edit, f"{mark}br", weight=self._weight)
        gone = self._links_gone(changed)
        changed = {item: self._unbulleted(item, text) for item, text in changed.items()}
        linked, lost_links = _linked(changed, gone, mark)
        self._write(linked)
        pieces = Counter(cut.line for cut in self.cuts)
        mixed = any(pieces[line] > 1 for line in edit.drop)
        html = _unmarked(self.tree.html or "", mark, [address for _, address in gone])
        return EditedHtml(html=html, lost=(SIMPLER_LINES,) if mixed or lost_links else ())

    def _on_top(self, lines: Sequence[str]) -> EditedHtml | None:
        body = self.tree.body
        if body is None:
            return None
        text = f"{self.mark}br".join([*lines, "", ""])
        if body.child is None:
            body.insert_child(text)
        else:
            body.child.insert_before(text)
        return EditedHtml(html=_unmarked(self.tree.html or "", self.mark, []))

    def _weight(self, cut: Segment) -> float:
        """New words go where most of the old ones stood, rather not into a link."""
        return len(cut.text) - (100_000 if _link_around(self.nodes[cut.item]) else 0)

    def _links_gone(self, changed: dict[int, str]) -> list[tuple[str, str]]:
        """(words, address) of links that lose all their words."""
        linked: dict[int, list[int]] = {}
        anchors: dict[int, LexborNode] = {}
        for number, node in enumerate(self.nodes):
            anchor = _link_around(node)
            if anchor is not None:
                anchors[anchor.mem_id] = anchor
                linked.setdefault(anchor.mem_id, []).append(number)
        gone: list[tuple[str, str]] = []
        for mark, numbers in linked.items():
            if all(not visible(changed.get(number, "x")) for number in numbers):
                words = "".join(self.nodes[number].text_content or "" for number in numbers).strip()
                gone.append((words, anchors[mark].attributes.get("href") or ""))
        return gone

    def _unbulleted(self, item: int, text: str) -> str:
        """A list item brings its own bullet."""
        return text[len(_BULLET) :] if text.startswith(_BULLET) and _inside(self.nodes[item], "li") else text

    def _write(self, changed: dict[int, str]) -> None:
        parents: list[LexborNode] = []
        for item, text in sorted(changed.items(), reverse=True):
            node = self.nodes[item]
            if visible(text):
                node.replace_with(text)
                continue
            if node.parent is not None:
                parents.append(node.parent)
            following = node.next
            if following is not None and following.tag == "br":
                following.decompose()
            node.decompose()
        _prune(parents)


def _shown(tree: LexborHTMLParser, runs: Sequence[str]) -> list[LexborNode]:
    """The text nodes a reader sees: those that stand in the rendering, in order."""
    found: list[LexborNode] = []
    wanted = [visible(run) for run in runs]
    for node in _text_nodes(tree.root):
        if len(found) < len(wanted) and visible(node.text_content or "") == wanted[len(found)]:
            found.append(node)
    return found


def _text_nodes(root: LexborNode | None) -> Iterator[LexborNode]:
    """All text nodes in document order but those no reader sees; without recursion."""
    stack = [root.child if root is not None else None]
    while stack:
        node = stack.pop()
        if node is None:
            continue
        stack.append(node.next)
        if node.tag == "-text":
            yield node
        elif not _UNSEEN.fullmatch(node.tag or "") and node.child is not None:
            stack.append(node.child)


def _inside(node: LexborNode, tag: str) -> bool:
    above = node.parent
    for _ in range(6):
        if above is None or above.tag == "body":
            return False
        if above.tag == tag:
            return True
        above = above.parent
    return False


def _link_around(node: LexborNode) -> LexborNode | None:
    above = node.parent
    for _ in range(6):
        if above is None or above.tag == "body":
            return None
        if above.tag == "a" and above.attributes.get("href"):
            return above
        above = above.parent
    return None


def _prune(parents: list[LexborNode]) -> None:
    """Take away wrappers that hold nothing any more, from the inside out."""
    seen: set[int] = set()
    while parents:
        node = parents.pop()
        if node.mem_id in seen or not _WRAPPERS.fullmatch(node.tag or "") or _holds_something(node):
            continue
        seen.add(node.mem_id)
        above = node.parent
        node.decompose()
        if above is not None:
            parents.append(above)


def _holds_something(node: LexborNode) -> bool:
    child = node.child
    while child is not None:
        if child.tag != "-comment" and (child.tag not in ("-text", "br") or visible(child.text_content or "")):
            return True
        child = child.next
    return False


def _linked(changed: dict[int, str], gone: Sequence[tuple[str, str]], mark: str) -> tuple[dict[int, str], bool]:
    """Links whose words live on in the new text are put around them again; True when one could not be."""
    lost = False
    speaking = [item for item, text in changed.items() if text.strip()]
    for number, (words, _) in enumerate(gone):
        home = next((item for item in speaking if len(words) > 2 and words in changed[item]), None)
        if home is None:
            lost = True
            continue
        changed[home] = changed[home].replace(words, f"{mark}a{number}o{words}{mark}a{number}c", 1)
    return changed, lost


def _unused(source: str) -> str:
    """A word that stands nowhere in the document."""
    number = 0
    while f"zq{number}zq" in source:
        number += 1
    return f"zq{number}zq"


def _unmarked(html: str, mark: str, addresses: Sequence[str]) -> str:
    """The document with real tags in the places of the marks."""

    def tag(found: re.Match[str]) -> str:
        if found[1] is None:
            return "<br>"
        return f'<a href="{escape(addresses[int(found[1])])}">' if found[2] == "o" else "</a>"

    return re.sub(rf"{mark}(?:br|a(\d+)([oc]))", tag, html)


def _too_deep(source: str) -> bool:
    depth = 0
    for found in _TAGS.finditer(source):
        if not _VOID.fullmatch(found[2].lower()):
            depth += -1 if found[1] else 1
            if depth > _MAX_DEPTH:
                return True
    return False


def _holds(html: str, lines: Sequence[Line], new: Sequence[str]) -> bool:
    """The proof of an edit: every new line is there to read, no line that was taken out is."""
    now = visible(text_from("", html, html=True).authored)
    wanted = visible("".join(new))
    whole = visible(html_text(html).text)
    taken_out = [visible(line.text) for line in lines]
    left_behind = any(len(line) > 8 and line not in wanted and line in now for line in taken_out)
    return not left_behind and all(visible(line).removeprefix("\u2022") in whole for line in new)


def _rebuilt(source: str, reading: MessageText, new: Sequence[str]) -> str:
    """Simple paragraphs: the new words, then what was quoted, then the pictures that came with the mail."""
    kept = [
        ("blockquote", reading.text[block.start : block.end].strip("\n").split("\n"))
        for block in reading.blocks
        if block.kind not in (BlockKind.AUTHORED, BlockKind.HIDDEN)
    ]
    body = [_paragraphs("p", new), *(_paragraphs(tag, lines) for tag, lines in kept)]
    pictures = dict.fromkeys(re.findall(r"""<img\b[^>]{0,500}?src\s*=\s*["']?(cid:[^"'\s>]{1,200})""", source, re.I))
    body += [f'<p><img src="{escape(picture)}" alt=""></p>' for picture in pictures]
    return '<html><head><meta charset="utf-8"></head><body>\n' + "\n".join(body) + "\n</body></html>\n"


def _paragraphs(tag: str, lines: Sequence[str]) -> str:
    text = "\n".join(escape(line) for line in lines)
    inner = [part.replace("\n", "<br>\n") for part in re.split(r"\n{2,}", text.strip("\n"))]
    return "\n".join(f"<{tag}>{part}</{tag}>" for part in inner)
