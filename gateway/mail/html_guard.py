"""HTML that would cost a parser more than linear time or memory, recognised before it is parsed.

The standard's tree construction (HTML section 13.2.6) searches the stack of open elements at each tag and makes open
formatting elements again in each new block, so thousands of either are a bomb. Such a document is read without a tree.
*Pure.*
"""

import html
import re


def _names(line: str) -> frozenset[str]:
    return frozenset(line.split())


_FEW_TAGS = 300  # so few can do no harm
_MOST_OPEN = 300  # elements inside each other; browsers stop at 512
_MOST_FORMATTING = 40  # <b>, <font> ... left open
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_VOID = _names("area base br col embed hr img input link meta param source track wbr")
_CLOSES_ITSELF = _names("p li td th tr dt dd option optgroup thead tbody tfoot colgroup rb rt rp rtc")
_FORMATTING = _names("a b big code em font i nobr s small strike strong tt u")
_CELLS = _names("td th tr caption table tbody thead tfoot")
_BOUNDARIES = _names("table object applet marquee template svg math select")
_ODD = re.compile(r"<(?:object|applet|marquee|template|svg|math|select)\b", re.I)

_LOWER = {upper: upper + 32 for upper in range(65, 91)}
_LINE = re.compile(
    r"(?i)</?(?:br|p|div|h[1-6]|li|ul|ol|tr|table|blockquote|section|article|pre|hr|dd|dt|center|header|footer)\b[^<>]*>?"
)
_CELL = re.compile(r"(?i)<t[dh]\b[^<>]*>?")
_ANY = re.compile(r"</?[a-zA-Z!?][^<>]*>?")


def is_bomb(source: str) -> bool:
    """True when the tags of a document lie too deep in each other."""
    if source.count("<") < _FEW_TAGS:
        return False
    open_: list[str] = []
    formatting: list[str] = []
    marks: list[int] = []  # how many formatting elements were open when each table began
    forgets = _ODD.search(source) is None  # cells end their formatting elements, unless the odd ones are about
    for closes, written in _TAG.findall(source):
        name = written.lower()
        if forgets and marks and name in _CELLS:
            del formatting[marks[-1] :]
        if name in _FORMATTING:
            _formatted(formatting, name, bool(closes))
        elif name not in _VOID and name not in _CLOSES_ITSELF:
            if not closes:
                open_.append(name)
                if name == "table":
                    marks.append(len(formatting))
            elif _closed(open_, name) and name == "table" and marks:
                marks.pop()
        if len(open_) > _MOST_OPEN or len(formatting) > _MOST_FORMATTING:
            return True
    return False


def _formatted(formatting: list[str], name: str, closes: bool) -> None:
    if not closes:
        formatting.append(name)
    elif name in formatting:
        formatting.reverse()
        formatting.remove(name)
        formatting.reverse()


def _closed(open_: list[str], name: str) -> bool:
    """Close the innermost element of this name, unless a boundary of scope stands before it."""
    for place in range(len(open_) - 1, -1, -1):
        if open_[place] == name:
            del open_[place:]
            return True
        if open_[place] in _BOUNDARIES:
            return False
    return False


def without_tree(source: str) -> str:
    """The words of such a document: tags taken out, lines where blocks begin, nothing known of what is hidden."""
    text = _CELL.sub("\t", _LINE.sub("\n", _without_unseen(source)))
    return re.sub(r"[ \r\f]+", " ", html.unescape(_ANY.sub("", text))).strip()


def _without_unseen(source: str) -> str:
    """Without comments, style sheets and scripts."""
    for begins, ends in (("<!--", "-->"), ("<style", "</style"), ("<script", "</script")):
        out, at, low = list[str](), 0, source.translate(_LOWER)
        while (start := low.find(begins, at)) >= 0:
            out.append(source[at:start])
            end = low.find(ends, start)
            close = source.find(">", end) if end >= 0 else -1
            at = close + 1 if close >= 0 else len(source)
        out.append(source[at:])
        source = "".join(out)
    return source
