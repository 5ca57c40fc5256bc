"""A notice's blocks, laid out twice: as plain text and as accessible HTML that asks nothing of any server.

Whatever comes from a mail is hostile: `one_line` takes out controls and direction overrides, the HTML layout escapes
everything. *Pure.*
"""

import re
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from html import escape

_WIDTH = 76  # columns, RFC 5322 section 2.1.1 recommends at most 78
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
_PAGE = (
    "margin:0;padding:16px;background:#ffffff;color:#1f2328;"
    "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif;font-size:16px;line-height:1.5"
)
_COLUMN = "max-width:600px;margin:0 auto"
_LEAD = "margin:0 0 8px;font-size:18px;font-weight:bold"
_HEADING = "margin:20px 0 4px;font-size:15px;font-weight:bold;color:#57606a"
_PARAGRAPH = "margin:0 0 8px"
_QUOTE = "margin:0 0 8px;padding:8px 12px;border-left:4px solid #bf8700;background:#fff8e1;overflow-wrap:anywhere"
_SAMPLE = "margin:0 0 8px;padding:8px 12px;border-left:4px solid #1a7f37;background:#eefbf1;overflow-wrap:anywhere"
_BUTTON = (
    "display:inline-block;padding:12px 20px;background:#0b5cad;color:#ffffff;"
    "text-decoration:none;border-radius:6px;font-weight:bold"
)
_ADDRESS = "margin:0 0 8px;font-size:13px;overflow-wrap:anywhere"
_SMALL = "margin:24px 0 0;font-size:13px;color:#57606a"


class Kind(Enum):
    """How a block is shown."""

    LEAD = auto()
    HEADING = auto()
    PARAGRAPH = auto()
    QUOTE = auto()  # the sender's own words
    SAMPLE = auto()  # words to use instead
    LINK = auto()  # `text` is the address, `label` the button
    SMALL = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of a notice, already cleaned."""

    kind: Kind
    text: str
    label: str = ""


def one_line(text: str, limit: int = 300) -> str:
    """Words of a mail made safe to show: one line, no controls, no direction overrides, at most `limit` characters;
    text with right-to-left letters is isolated, so that it cannot reorder the words around it (UAX #9)."""
    shown = "".join(character if _shown(character) else " " for character in text[: limit * 8])
    shown = " ".join(shown.split())
    if len(shown) > limit:
        shown = shown[: limit - 1].rstrip() + "…"
    leftward = any(unicodedata.bidirectional(character) in ("R", "AL") for character in shown)
    return f"{_ISOLATE}{shown}{_END_ISOLATE}" if leftward else shown


def _shown(character: str) -> bool:
    joiners = "\u200c\u200d"  # Persian and emoji need them
    return character in joiners or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def as_text(blocks: Sequence[Block]) -> str:
    """Plain text, "\\n" line ends, wrapped; links stand alone on their line, unwrapped."""
    text = "\n".join(line for block in blocks for line in _text_lines(block))
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def _text_lines(block: Block) -> list[str]:
    match block.kind:
        case Kind.HEADING:
            return ["", block.text.upper()]
        case Kind.QUOTE | Kind.SAMPLE:
            return ["", *_wrapped(block.text, "    "), ""]
        case Kind.LINK:
            return ["", f"    {block.text}", ""]
        case Kind.SMALL:
            return ["", *_wrapped(block.text, "")]
        case _:
            return _wrapped(block.text, "")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def as_html(blocks: Sequence[Block], *, title: str, language: str) -> str:
    """A whole HTML document: inline styles, no image, font, script or request; reads well on a phone."""
    body = "\n".join(_html(block) for block in blocks)
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n</head>\n"
        f'<body style="{_PAGE}">\n<div style="{_COLUMN}">\n{body}\n</div>\n</body>\n</html>\n'
    )


def _html(block: Block) -> str:
    text = escape(block.text)
    match block.kind:
        case Kind.LEAD:
            return f'<h1 style="{_LEAD}">{text}</h1>'
        case Kind.HEADING:
            return f'<h2 style="{_HEADING}">{text}</h2>'
        case Kind.QUOTE:
            return f'<blockquote dir="auto" style="{_QUOTE}">{text}</blockquote>'
        case Kind.SAMPLE:
            return f'<blockquote dir="auto" style="{_SAMPLE}">{text}</blockquote>'
        case Kind.LINK:
            return (
                f'<p style="margin:12px 0"><a href="{text}" style="{_BUTTON}">{escape(block.label)}</a></p>\n'
                f'<p style="{_ADDRESS}">{text}</p>'
            )
        case Kind.SMALL:
            return f'<p style="{_SMALL}">{text}</p>'
        case Kind.PARAGRAPH:
            return f'<p style="{_PARAGRAPH}">{text}</p>'
