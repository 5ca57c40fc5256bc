"""A glance at a message: every word its reader could see, and some more, for a small part of what reading costs.

Most mail has nothing in it that any rule could need. The glance gives the gate a text to look through that holds at
least all that `reading.read_text` would show; only a mail that passes the gate is read properly. Where the glance
cannot be sure of that it says so, and the mail is read. *Pure.*
"""

import html
import re

from gateway.mail import decoding
from gateway.mail.message import Message, Part

_TEXTS = frozenset(("text/plain", "text/html"))
_SILENT = ("image/", "audio/", "video/", "font/")
_SILENT_TYPES = frozenset(
    ("application/pdf", "application/zip", "application/octet-stream", "application/pkcs7-signature")
)
_SILENT_NAMES = (".png", ".jpg", ".jpeg", ".gif", ".pdf", ".zip", ".docx", ".xlsx", ".pptx", ".p7s", ".webp", ".mp4")
_OFFICE = ("application/vnd.openxmlformats-", "application/vnd.ms-", "application/vnd.oasis.")
_FEW = 80  # characters; with so little text beside pictures it may be the pictures that speak
# In the order a browser meets them: comments (a "<!-->" is one already), elements nobody sees, tags with every quote
# closed. What is left of a tag after that has quotes we do not understand.
_UNSEEN = re.compile(
    r"<!--(?!-?>)(?!\[if).*?--!?>"  # what Outlook shows of comments is looked at
    r"|<(style|script)\b[^>\"']*(?:\"[^\"<>]*\"[^>\"']*|'[^'<>]*'[^>\"']*)*>.*?</\1\s*>"
    r"|<[a-z/!?][^<>\"']*(?:\"[^\"<>]*\"[^<>\"']*|'[^'<>]*'[^<>\"']*)*>",
    re.IGNORECASE | re.DOTALL,
)
# The third of these alone, for a text that has neither of the others.
_TAG = re.compile(r"<[A-Za-z/?][^<>\"']*(?:\"[^\"<>]*\"[^<>\"']*|'[^'<>]*'[^<>\"']*)*>")
_HIDING = ("<!", "<style", "<script")
_TURNED = "\u202e"  # letters from here on are shown from right to left (UAX 9)
_TURNING = ("<bdo", "unicode-bidi")
# An element inside a word, which may be hidden: what its reader sees is then another word than all of them together.
# It begins with the sign that is looked for, since letters stand everywhere.
_SPLICED = re.compile(
    r"<(?<=\w<)(?:[a-z]{1,8}\s[^<>]{0,300}(?:style|class|id|hidden|color)\b[^<>]{0,300}>[^<>]{0,80}</[a-z]{1,8}>\w"
    r"|!(?:--)?\[)",
    re.I,
)
_BARE = re.compile(r"<(?<=\w<)[a-z]{1,8}>[^<>]{1,80}</[a-z]{1,8}>\w")  # the same, where there is a style sheet
# A comment's beginning where it is only text; a style sheet that writes words.
_STRANGE = re.compile(
    r"<(?:title|textarea|xmp|noscript|noembed|noframes|iframe)\b[^<>]{0,300}>[^<]{0,2000}<!--|content:\s*[\"'][^\"'<>]{0,80}\s"
)
_LEFT = re.compile(r"<[a-z/!?]", re.IGNORECASE)
_ALT = re.compile(r"alt\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)")  # on lower-case text

_VALUE = re.compile(r"value\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)")
_BLANKS = str.maketrans(dict.fromkeys("\t\n\v\f\r\x1c\x1d\x1e\x1f", " "))


def glance(message: Message, *, most: int) -> str | None:
    """All words in reach, white space folded; None when only a reading can tell. `most`: characters of a part."""
    if message.defects or _TURNED in message.subject:
        return None
    seen: dict[str, None] = {}
    pictures = False
    for part in message.parts:
        if part.content_type in _TEXTS and not part.filename and part.disposition != "attachment":
            words = _words(message, part, most)
            if words is None:
                return None
            seen[words] = None  # alternatives that say the same are looked at once
        elif _silent(part):
            pictures = pictures or part.content_type.startswith("image/")
        else:
            return None
    text = " ".join(seen)
    return None if pictures and len(text) < _FEW else text


def _words(message: Message, part: Part, most: int) -> str | None:
    text, cut = decoding.wording(message.raw, part, cap=most)
    if cut or len(text) > most or "delsp" in part.parameters or _TURNED in text:
        return None
    if part.content_type == "text/plain":
        return None if "-----BEGIN PGP" in text else _folded(text)
    lowered = text.lower()
    if any(word in lowered for word in _TURNING) or _SPLICED.search(lowered) or _STRANGE.search(lowered):
        return None
    if "<style" in lowered and _BARE.search(lowered):
        return None
    simple = text.isascii() and not any(sign in lowered for sign in _HIDING)
    shown = (_TAG if simple else _UNSEEN).sub("", text)
    if "<" in shown and _LEFT.search(shown):
        return None
    said = " ".join(_ALT.findall(lowered)) if "alt" in lowered else ""
    if "<input" in lowered:
        said = f"{said} {' '.join(_VALUE.findall(lowered))}"
    if "&" in shown or "&" in said:
        shown, said = html.unescape(shown), html.unescape(said)
        if _TURNED in shown:
            return None
    return _folded(f"{shown} {said}" if said else shown)


def _folded(text: str) -> str:
    """White space as single spaces, none at the ends. ASCII, nearly all mail, needs no list of its words for that."""
    if not text.isascii():
        return " ".join(text.split())
    text = text.replace("\r\n", " ")
    if not text.isprintable():
        text = text.translate(_BLANKS)
    while "  " in text:
        text = text.replace("  ", " ")
    return text.strip(" ")


def _silent(part: Part) -> bool:
    """True for a part that has no words a reading would find."""
    kind, name = part.content_type, part.filename.lower()
    if kind.startswith(_SILENT):
        return True
    known = kind in _SILENT_TYPES or kind.startswith(_OFFICE)
    return known and (not name or name.endswith(_SILENT_NAMES))
