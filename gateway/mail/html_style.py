"""What inline style and old attributes say of an element: is it seen, in which colour, is its white space kept.

CSS is read as far as mail uses it: declarations of a style attribute, the last one wins, and simple class rules that
hide. *Pure.*
"""

import re
from functools import lru_cache
from typing import NamedTuple


class Look(NamedTuple):
    """`colour`/`ground` "#rrggbb" or "" when not set here; `verbatim` None when white space is not spoken of."""

    hidden: bool = False
    colour: str = ""
    ground: str = ""
    verbatim: bool | None = None


_PLAIN = Look()
_NUMBER = re.compile(r"-?\d*\.?\d+")
_STYLE = re.compile(r"<style[^<>]{0,200}>", re.I)
_CLASS_RULE = re.compile(r"([^{}@;]{1,500})\{([^{}]{0,2000})\}")
_CLASS = re.compile(r"^(?:[a-z][a-z0-9]*)?\.([\w-]+)$", re.I)
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
        hidden=_hidden(said) or own == "transparent",
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
            if _hidden(_declarations(body)):
                found = (_CLASS.match(selector.strip()) for selector in selectors.split(","))
                names.update(match[1] for match in found if match)
    return frozenset(names)


def _sheets(html: str) -> list[str]:
    """The first ten style sheets."""
    found, at = list[str](), 0
    while len(found) < 10 and (opening := _STYLE.search(html, at)):
        end = html.find("<", opening.end())  # the text of a style element ends at its end tag
        while end >= 0 and html[end : end + 7].lower() != "</style":
            end = html.find("<", end + 1)
        at = end if end >= 0 else len(html)
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
    for declaration in style.lower().split(";"):
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
        or said.get("visibility") in ("hidden", "collapse")
        or _small(said.get("font-size"), 1.0)
        or _small(said.get("opacity"), 0.05)
        or said.get("mso-hide") == "all"
        or _small(said.get("max-height"), 0.0)
        or _small(said.get("max-width"), 0.0)
        or (said.get("overflow") == "hidden" and (_small(said.get("height"), 1.0) or _small(said.get("width"), 1.0)))
        or _away(said, "text-indent")
        or (
            said.get("position") in ("absolute", "fixed")
            and any(_away(said, side) for side in ("left", "top", "right"))
        )
        or said.get("clip", "").replace(" ", "").startswith("rect(0")
    )


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
