"""A notice's blocks, laid out twice: as plain text and as accessible HTML that asks nothing of any server.

It looks like nothing a colleague would write: a band on top says whose note it is. Colours are inline, for programs
that know nothing else, and again in one style sheet for dark screens; every pair of them keeps the contrast of WCAG 2.2
(1.4.3). Whatever comes from a mail is hostile: `one_line` takes out controls and direction overrides, the HTML layout
escapes everything. *Pure.*
"""

import re
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from html import escape

from gateway.mail.controls import on_one_line

_WIDTH = 76  # columns, RFC 5322 section 2.1.1 recommends at most 78
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"

# Class -> (text, ground, edge), by day and by night.
DAY: Mapping[str, tuple[str, str, str]] = {
    "page": ("#1f2328", "#ffffff", "#ffffff"),
    "band": ("#ffffff", "#33415c", "#33415c"),
    "soft": ("#57606a", "#ffffff", "#ffffff"),
    "quote": ("#1f2328", "#fff4d6", "#9a6700"),
    "sample": ("#1f2328", "#e9f9ee", "#1a7f37"),
    "act": ("#ffffff", "#0b5cad", "#0b5cad"),
}
NIGHT: Mapping[str, tuple[str, str, str]] = {
    "page": ("#e6e9ec", "#15181c", "#15181c"),
    "band": ("#f2f5f8", "#3c4f73", "#3c4f73"),
    "soft": ("#aab4be", "#15181c", "#15181c"),
    "quote": ("#f3e8cf", "#3a2f14", "#d9a520"),
    "sample": ("#d8f3e0", "#12301d", "#3fb95f"),
    "act": ("#06121f", "#79b8ff", "#79b8ff"),
}
_SHAPES = {
    "page": "margin:0;padding:0;font-family:system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif;"
    "font-size:16px;line-height:1.5",
    "band": "margin:0;padding:10px 16px;font-size:14px;font-weight:bold",
    "quote": "margin:0 0 8px;padding:8px 12px;border-left:4px solid;overflow-wrap:anywhere",
    "sample": "margin:0 0 8px;padding:8px 12px;border-left:4px solid;overflow-wrap:anywhere",
    "act": "display:inline-block;padding:12px 20px;text-decoration:none;border-radius:6px;font-weight:bold",
}
_COLUMN = "max-width:600px;margin:0 auto"
_BODY = "padding:16px"
_LEAD = "margin:0 0 8px;font-size:20px;line-height:1.35;font-weight:bold;overflow-wrap:anywhere"
_HEADING = "margin:20px 0 4px;font-size:15px;font-weight:bold"
_PARAGRAPH = "margin:0 0 8px;overflow-wrap:anywhere"
_CHOICE = "margin:0 0 6px;padding-left:12px;overflow-wrap:anywhere"
_COMMAND = (
    "margin:0 0 8px;padding-left:12px;font-family:ui-monospace,Consolas,monospace;font-size:14px;overflow-wrap:anywhere"
)
_ADDRESS = "margin:0 0 8px;font-size:14px;overflow-wrap:anywhere"
_SMALL = "margin:24px 0 0;font-size:14px"


class Kind(Enum):
    """How a block is shown."""

    BAND = auto()  # whose note this is
    LEAD = auto()
    HEADING = auto()
    PARAGRAPH = auto()
    QUOTE = auto()  # the sender's own words
    SAMPLE = auto()  # words to use instead
    CHOICE = auto()  # `label` is what to write, with its colon, `text` what it does
    LINK = auto()  # `text` is the address, `label` the button
    COMMAND = auto()  # what to type, on a line of its own, unwrapped
    SMALL = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of a notice, already cleaned."""

    kind: Kind
    text: str
    label: str = ""


def lead(text: str) -> Block:
    """The one sentence that says it all."""
    return Block(kind=Kind.LEAD, text=text)


def heading(text: str) -> Block:
    """What the next blocks are about."""
    return Block(kind=Kind.HEADING, text=text)


def paragraph(text: str) -> Block:
    """A few sentences."""
    return Block(kind=Kind.PARAGRAPH, text=text)


def command(text: str) -> Block:
    """What to type."""
    return Block(kind=Kind.COMMAND, text=text)


def quote(text: str) -> Block:
    """The sender's own words."""
    return Block(kind=Kind.QUOTE, text=text)


def one_line(text: str, limit: int = 300) -> str:
    """Words of a mail made safe to show: one line, no controls, no direction overrides, at most `limit` characters;
    text with right-to-left letters is isolated, so that it cannot reorder the words around it (UAX #9)."""
    shown = "".join(character if _shown(character) else " " for character in text[: limit * 8])
    shown = on_one_line(shown)
    if len(shown) > limit:
        shown = shown[: limit - 1].rstrip() + "…"
    leftward = any(unicodedata.bidirectional(character) in ("R", "AL") for character in shown)
    return f"{_ISOLATE}{shown}{_END_ISOLATE}" if leftward else shown


def _shown(character: str) -> bool:
    joiners = "\u200c\u200d"  # Persian and emoji need them
    return character in joiners or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def as_text(blocks: Sequence[Block]) -> str:
    """Plain text, "\\n" line ends, wrapped; links and commands stand alone on their line, unwrapped."""
    lines: list[str] = []
    before = None
    for block in blocks:
        lines += [""] if before is Kind.CHOICE and block.kind is not Kind.CHOICE else []  # the list ends
        lines += _text_lines(block)
        before = block.kind
    text = "\n".join(lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def _text_lines(block: Block) -> list[str]:
    match block.kind:
        case Kind.BAND:
            return [*_wrapped(f"--- {block.text} ---", ""), ""]
        case Kind.HEADING:
            return ["", *_wrapped(block.text.upper(), "")]
        case Kind.QUOTE | Kind.SAMPLE:
            return ["", *_wrapped(block.text, "    "), ""]
        case Kind.CHOICE:
            return _wrapped(f"{block.label} {block.text}", "    ", first="  * ")
        case Kind.LINK | Kind.COMMAND:
            return ["", f"    {block.text}", ""]
        case Kind.SMALL:
            return ["", *_wrapped(block.text, "")]
        case _:
            return _wrapped(block.text, "")


def _wrapped(text: str, indent: str, *, first: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first or indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def as_html(blocks: Sequence[Block], *, title: str, language: str) -> str:
    """A whole HTML document: no image, font, script or request; reads well on a phone, in the dark, read aloud."""
    bands = "".join(_html(block) for block in blocks if block.kind is Kind.BAND)
    body = "\n".join(_html(block) for block in blocks if block.kind is not Kind.BAND)
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="supported-color-schemes" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_SHEET}</style>\n</head>\n"
        f'<body {_as("page")}>\n<div style="{_COLUMN}">\n{bands}\n<main style="{_BODY}">\n{body}\n</main>\n</div>\n'
        "</body>\n</html>\n"
    )


def _html(block: Block) -> str:
    text = escape(block.text)
    match block.kind:
        case Kind.BAND:
            return f"<p {_as('band')}>{text}</p>"
        case Kind.LEAD:
            return f'<h1 style="{_LEAD}">{text}</h1>'
        case Kind.HEADING:
            return f"<h2 {_as('soft', _HEADING)}>{text}</h2>"
        case Kind.QUOTE:
            return f'<blockquote dir="auto" {_as("quote")}>{text}</blockquote>'
        case Kind.SAMPLE:
            return f'<blockquote dir="auto" {_as("sample")}>{text}</blockquote>'
        case Kind.CHOICE:
            return f'<p style="{_CHOICE}"><strong>{escape(block.label)}</strong> {text}</p>'
        case Kind.LINK:
            return (
                f'<p style="margin:12px 0"><a href="{text}" {_as("act")}>{escape(block.label)}</a></p>\n'
                f"<p {_as('soft', _ADDRESS)}>{text}</p>"
            )
        case Kind.COMMAND:
            return f'<p style="{_COMMAND}">{text}</p>'
        case Kind.SMALL:
            return f"<p {_as('soft', _SMALL)}>{text}</p>"
        case Kind.PARAGRAPH:
            return f'<p style="{_PARAGRAPH}">{text}</p>'


def _as(name: str, shape: str = "") -> str:
    """Class and inline style of one kind of thing, by day."""
    text, ground, edge = DAY[name]
    shape = shape or _SHAPES[name]
    edged = f";border-color:{edge}" if "border" in shape else ""
    # a block on the page's own ground leaves the ground to the page
    ground = "" if name == "soft" else f";background:{ground}"
    return f'class="{name}" style="{shape};color:{text}{ground}{edged}"'


def _night() -> str:
    rules = [
        f".{name}{{color:{text}!important;background:{ground}!important;border-color:{edge}!important}}\n"
        for name, (text, ground, edge) in NIGHT.items()
    ]
    return f":root{{color-scheme:light dark}}\n@media (prefers-color-scheme:dark){{\n{''.join(rules)}}}\n"


_SHEET = _night()
