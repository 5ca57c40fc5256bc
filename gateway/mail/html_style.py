"""What inline style and old attributes say of an element: is it seen, in which colour, is its white space kept.

CSS is read as far as mail uses it: declarations of a style attribute, the last one wins, and simple class rules that
hide. *Pure.*
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
_STYLE = re.compile(r"<style[^<>]{0,200}>", re.I)
_CLASS_RULE = re.compile(r"([^{}@;]{1,500})\{([^{}]{0,2000})\}")
_CLASS = re.compile(r"^([a-z][a-z0-9]*)?\.([\w-]+)$", re.I)
_REMARK = re.compile(r"/\*.*?\*/", re.S)
_PRINTED = re.compile(r"""media\s*=\s*["']?\s*print\b""", re.I)
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
    said = _declarations(style[:4000])
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


def hiding_classes(html: str) -> frozenset[str]:
    """Classes that a style sheet of the document hides for everybody (rules inside @media are for some)."""
    if "<style" not in html and "<STYLE" not in html:
        return frozenset()
    names: set[str] = set()
    for sheet in _sheets(html):
        for selectors, body in _CLASS_RULE.findall(_without_media(sheet))[:1000]:
            if _conceals(_declarations(body)):
                names.update(_classes(selectors))
        for selectors, body in _CLASS_RULE.findall(sheet)[:2000]:
            if _reveals(_declarations(body)):
                names.difference_update(_classes(selectors))  # somebody sees it, on a telephone perhaps
    return frozenset(names)


def _classes(selectors: str) -> list[str]:
    """Of a rule's selectors those that are a class or an element with one: "name" or "element.name"."""
    found = (_CLASS.match(selector.strip()) for selector in selectors.split(","))
    return [f"{match[1].lower()}.{match[2]}" if match[1] else match[2] for match in found if match]


def _conceals(said: dict[str, str]) -> bool:
    return _hidden(said) or bool(_faint(said, _colour(said.get("color", ""))))


def _reveals(said: dict[str, str]) -> bool:
    return not _conceals(said) and (said.get("display", "none") != "none" or said.get("visibility") == "visible")


def _sheets(html: str) -> list[str]:
    """The first ten style sheets."""
    found, at = list[str](), 0
    while len(found) < 10 and (opening := _STYLE.search(html, at)):
        end = html.find("<", opening.end())  # the text of a style element ends at its end tag
        while end >= 0 and html[end : end + 7].lower() != "</style":
            end = html.find("<", end + 1)
        at = end if end >= 0 else len(html)
        if not _PRINTED.search(opening[0]):
            found.append(html[opening.end() : at][:100_000])
    return found


def _without_media(sheet: str) -> str:
    """The sheet with its @media and @supports groups left out."""
    out, at = [], 0
    while (start := sheet.find("@", at)) >= 0:
        out.append(sheet[at:start])
        opening = sheet.find("{", start)
        ending = sheet.find(";", start, opening if opening >= 0 else len(sheet))
        if ending >= 0:
            at = ending + 1
            continue
        if opening < 0:
            return "".join(out)
        depth, at = 1, opening + 1
        for brace in re.finditer(r"[{}]", sheet[at:]):
            depth += 1 if brace[0] == "{" else -1
            if not depth:
                at += brace.end()
                break
        else:
            return "".join(out)
    return "".join([*out, sheet[at:]])


def _declarations(style: str) -> dict[str, str]:
    said: dict[str, str] = {}
    firm: set[str] = set()
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
        said[name] = value.strip()
    return said


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
