"""What inline style and old attributes say of an element: is it seen, in which colour, is its white space kept.

CSS is read as far as mail uses it: declarations, of which the last one wins. *Pure.*
"""

import re
from functools import lru_cache
from typing import NamedTuple


class Look(NamedTuple):
    """`colour`/`ground` "#rrggbb" or "" when not set here; `verbatim` None when white space is not spoken of. `hidden`:
    with all that is inside; `faint`: too, unless something inside says that it is seen (False): letters of no size, of
    no colour, invisible ones; `shown`: it says that it stands there, whatever a style sheet says."""

    hidden: bool = False
    faint: bool | None = None
    shown: bool = False
    inline: bool = False  # stands in the line, whatever the element
    turned: bool = False  # letters from right to left, whatever they are
    colour: str = ""
    ground: str = ""
    verbatim: bool | None = None


_PLAIN = Look()
_NUMBER = re.compile(r"-?\d*\.?\d+")
_REMARK = re.compile(r"/\*.*?\*/", re.S)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\n\r\f]?|([^\n]))")
_DISPLAY = re.compile(
    r"none|contents|(?:inline-)?(?:block|flex|grid|table)|inline|flow-root|list-item|table-[a-z-]{3,20}|run-in"
    r"|inherit|initial|unset|revert|-(?:webkit|moz|ms)-[a-z-]{3,20}"
)
_SIZE = re.compile(r"[ ](0|\d*\.?\d+(?:px|pt|em|rem|ex|%|vw))(?=[ /])")
_SHRUNK = re.compile(r"scale[xy]?\(\s*0?(?:\.0\d*)?\s*[,)]")
_RGB = re.compile(r"rgba?\((\d{1,3})[ ,]+(\d{1,3})[ ,]+(\d{1,3})(?:[ ,/]+([\d.]+))?\)")
_NAMED = {
    "white": "#ffffff",
    "black": "#000000",
    "red": "#ff0000",
    "blue": "#0000ff",
    "green": "#008000",
    "yellow": "#ffff00",
    "gray": "#808080",
    "grey": "#808080",
    "silver": "#c0c0c0",
    "whitesmoke": "#f5f5f5",
}


@lru_cache(maxsize=4096)
def look(style: str, width: str = "", height: str = "", colour: str = "", ground: str = "") -> Look:
    """What a style attribute and the attributes width, height, color and bgcolor come to."""
    if not style and not (colour or ground):
        return Look(hidden=True) if width == "0" or height == "0" else _PLAIN
    said = declarations(style[:4000])
    own = _colour(said.get("color", colour))
    back = _colour(said.get("background-color") or said.get("background") or ground)
    space = said.get("white-space", "")
    return Look(
        hidden=_hidden(said),
        faint=_faint(said, own),
        shown=said.get("display", "none") != "none",
        inline=said.get("display", "").startswith("inline") or said.get("float") in ("left", "right"),
        turned="override" in said.get("unicode-bidi", "") and said.get("direction") == "rtl",
        colour=own if own != "transparent" else "",
        ground=back if back != "transparent" else "",
        verbatim=space.startswith(("pre", "break-spaces")) and space != "pre-line" if space else None,
    )


def hides(said: dict[str, str]) -> bool:
    """Whether an element with these declarations is not seen, with all that is inside."""
    return _hidden(said)


def blurs(said: dict[str, str]) -> bool:
    """Whether its letters are not seen, unless something inside says so."""
    return bool(_faint(said, _colour(said.get("color", ""))))


def reveals(said: dict[str, str]) -> bool:
    """Whether they say that it is seen."""
    shown = said.get("display", "none") != "none" or said.get("visibility") == "visible"
    return shown and not (hides(said) or blurs(said))


def is_paper(colour: str) -> bool:
    """Whether a colour is white, or so near to it that its letters are not seen on paper."""
    return re.fullmatch("#(?:[ef].){3}", colour) is not None


def declarations(style: str) -> dict[str, str]:
    """Names and values of a style attribute or a rule's body: the last counts, the important before others."""
    said: dict[str, str] = {}
    firm: set[str] = set()
    style = style if "\\" not in style else _ESCAPE.sub(_unescaped, style)
    for declaration in _REMARK.sub("", style.lower()).split(";"):
        name, colon, value = declaration.partition(":")
        name = name.strip()
        if not colon:
            continue
        value, important, _ = value.partition("!important")
        if important:
            firm.add(name)
        elif name in firm:
            continue
        value = value.strip()
        if name == "display" and not _DISPLAY.fullmatch(value):
            continue  # no browser knows it
        said[name] = value
        if name == "font" and (size := _SIZE.search(f" {value} ")):
            said["font-size"] = size[1]
    return said


def _unescaped(found: "re.Match[str]") -> str:
    """A character written as CSS escapes it (CSS 2.2 section 4.1.3)."""
    code = int(found[1], 16) if found[1] else 0
    return found[2] or (chr(code) if 0 < code < 0xD800 else "\ufffd")


def _hidden(said: dict[str, str]) -> bool:
    return (
        said.get("display") == "none"
        or _small(said.get("opacity"), 0.05)
        or (
            said.get("overflow") == "hidden"
            and any(_small(said.get(size), 1.0) for size in ("height", "width", "max-height", "max-width"))
        )
        or (
            said.get("position") in ("absolute", "fixed")
            and any(_away(said, side) for side in ("left", "top", "right"))
        )
        or said.get("clip", "").replace(" ", "").startswith("rect(0")
        or said.get("clip-path", "").replace(" ", "").startswith(("inset(50%", "inset(100%", "circle(0"))
        or said.get("content-visibility") == "hidden"
        or bool(_SHRUNK.search(said.get("transform", "")))
        or _small(said.get("zoom"), 0.05)
    )


def _faint(said: dict[str, str], colour: str) -> bool | None:
    """Whether letters are not seen for what is said here; None where nothing is said of it. Inherited (CSS 2.2)."""
    told = [
        said["visibility"] in ("hidden", "collapse") if "visibility" in said else None,
        _small(said["font-size"], 1.0) if "font-size" in said else None,
        colour == "transparent" if colour else None,
        _away(said, "text-indent") if "text-indent" in said else None,
    ]
    known = [one for one in told if one is not None]
    return any(known) if known else None


def _small(value: str | None, most: float) -> bool:
    """A size of at most `most` (px; em and % count as they are, so that 1em is not small)."""
    if not value:
        return False
    number = _NUMBER.match(value)
    if not number:
        return False
    unit = value[number.end() :].strip()
    size = float(number[0])
    return 0 <= size <= (most if unit in ("", "px", "pt") else min(most, 0.1))


def _away(said: dict[str, str], name: str) -> bool:
    number = _NUMBER.match(said.get(name, ""))
    return number is not None and float(number[0]) <= -500


def _colour(value: str) -> str:
    value = value.strip().lower()
    if not value:
        return ""
    if value.startswith("#"):
        digits = value[1:].split()[0] if len(value) > 1 else ""
        return "#" + "".join(digit * 2 for digit in digits) if len(digits) == 3 else "#" + digits[:6]
    found = _RGB.match(value)
    if found:
        if found[4] and not found[4].strip("0."):
            return "transparent"
        return "#" + "".join(f"{min(int(part), 255):02x}" for part in found.group(1, 2, 3))
    if value == "transparent":
        return value
    return _NAMED.get(value.split()[0], value.split()[0])
