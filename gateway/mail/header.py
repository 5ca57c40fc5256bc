"""Header fields: unfolded (RFC 5322), their encoded words (RFC 2047) and their parameters (RFC 2045, RFC 2231).

Every function is linear in its input and capped; what is past a cap is named in `defects`. *Pure.*
"""

import base64
import binascii
import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from gateway.mail.charset import characters
from gateway.mail.content import Raw

_SMALL_BLOCK = 240  # bytes
_NAME = re.compile(r"[^\s:]+")
_MAX_WORDS = 4000  # encoded words in one value
_MAX_PARAMETERS = 100  # parameters, or segments of parameters, of one value

_ENCODED_WORD = re.compile(r"=\?([^?\s=]{1,75})\?([bBqQ])\?([^?]*)\?=")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_CONTROLS = {**dict.fromkeys([*range(32), *range(127, 160), 0x2028, 0x2029]), 9: " "}
_PARAMETER = re.compile(r';\s*+([^\s=;"]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"?|[^;]*+)', re.S)
_ESCAPED = re.compile(r"\\(.)", re.S)


class Fields:
    """The header of a message or part: `items` are (lower-case name, unfolded value) in order."""

    __slots__ = ("_first", "items")

    def __init__(self, items: tuple[tuple[str, str], ...]) -> None:
        self.items = items
        self._first = dict(reversed(items))

    def first(self, name: str) -> str:
        """The first value of `name` (lower case), "" when absent."""
        return self._first.get(name, "")

    def repeated(self, name: str) -> bool:
        """True when the field stands there more than once."""
        return len(self._first) < len(self.items) and sum(key == name for key, _ in self.items) > 1


def mark(defects: dict[str, None], name: str) -> None:
    """Remember a defect, each name once, in order."""
    defects[name] = None


def fields(raw: Raw, start: int, end: int, cap: int, count: int, defects: dict[str, None]) -> tuple[Fields, int]:
    """The header that begins at `start`, and the offset of the body behind it.

    `cap` bytes and `count` fields are read, then "header-cap". A line that is no header line ends the header
    ("no-separator"), as mail readers have it.
    """
    if raw[start : start + 2] == b"\r\n":
        return Fields(()), min(start + 2, end)
    stop, body = _blank_line(raw, start, end)
    if stop - start > cap:
        mark(defects, "header-cap")
        stop = start + cap
    block = raw[start:stop]
    if len(block) < _SMALL_BLOCK and (known := _small(block)) and len(known.items) <= count:
        return known, body
    lines = _unfolded(block)
    if len(lines) > count:
        mark(defects, "header-cap")
        del lines[count:]
    items: list[tuple[str, str]] = []
    for number, line in enumerate(lines):
        name, colon, value = line.partition(":")
        if not colon or not name or " " in name or "\t" in name:
            name = name.rstrip(" \t")
            if not colon or not name or " " in name or "\t" in name:
                if not line or (number == 0 and line.startswith(("From ", ">From "))):
                    continue  # the envelope line of an mbox
                mark(defects, "no-separator")
                return Fields(tuple(items)), _field_start(raw, start, stop, number)
        items.append((name.lower(), value.strip(" \t\r")))
    return Fields(tuple(items)), body


@lru_cache(maxsize=512)
def _small(block: bytes) -> Fields | None:
    """The fields of a small header, as parts have them, nearly always the same few; None unless all of it is plain."""
    lines = _unfolded(block)
    pairs = [line.partition(":") for line in lines]
    if len(lines) > 20 or any(not colon or not name or not _NAME.fullmatch(name) for name, colon, _ in pairs):
        return None
    return Fields(tuple((name.lower(), value.strip(" \t\r")) for name, _, value in pairs))


def _blank_line(raw: Raw, start: int, end: int) -> tuple[int, int]:
    """End of the header and start of the body; all of it is header when there is no blank line."""
    if raw[start : start + 1] == b"\n":
        return start, start + 1
    crlf = raw.find(b"\n\r\n", start, end)
    bare = raw.find(b"\n\n", start, end if crlf < 0 else crlf)
    if bare >= 0:
        return bare + 1, bare + 2
    return (crlf + 1, crlf + 3) if crlf >= 0 else (end, end)


def _unfolded(block: bytes) -> list[str]:
    """Logical lines: a line end before a blank is no end (RFC 5322 section 2.2.3)."""
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError:
        text = characters(block, "cp1252")
    text = text.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", "\t")
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _field_start(raw: Raw, start: int, stop: int, number: int) -> int:
    """Offset of logical line `number` of the header."""
    at = start
    while number >= 0:
        begin = at
        newline = raw.find(b"\n", at, stop)
        at = newline + 1 if newline >= 0 else stop
        while raw[at : at + 1] in (b" ", b"\t") and at < stop:
            newline = raw.find(b"\n", at, stop)
            at = newline + 1 if newline >= 0 else stop
        number -= 1
    return begin


def decoded(value: str, defects: dict[str, None] | None = None) -> str:
    """A header value as people read it, on one line: encoded words decoded (RFC 2047), controls removed."""
    if "=?" in value:
        value = _words_decoded(value, {} if defects is None else defects)
    return value if value.isascii() and value.isprintable() else value.translate(_CONTROLS)


def _words_decoded(value: str, defects: dict[str, None]) -> str:
    out: list[str] = []
    charset, pending, last = "", b"", 0
    for number, word in enumerate(_ENCODED_WORD.finditer(value)):
        if number >= _MAX_WORDS:
            mark(defects, "word-cap")
            break
        between = value[last : word.start()]
        name = word[1].partition("*")[0].lower()  # RFC 2231 section 5: a language may follow the charset
        if not last or between.strip() or name != charset:
            # a multi-byte character may be torn over two words of one charset: those are decoded together
            out.append(characters(pending, charset) if pending else "")
            out.append(between if not last or between.strip() else "")
            pending = b""
            charset = name
        pending += _word_bytes(word[2], word[3])
        last = word.end()
    out.append(characters(pending, charset) if pending else "")
    return "".join([*out, value[last:]])


def _word_bytes(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return _HEX.sub(lambda found: bytes([int(found[1], 16)]), data.replace(b"_", b" "))
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4))
    except (binascii.Error, ValueError):
        return data


def parameterised(value: str, defects: dict[str, None]) -> tuple[str, dict[str, str]]:
    """A value such as `text/plain; charset=utf-8`: its first word in lower case, its parameters by lower-case name.

    RFC 2231 continuations and charsets are put together; past 100 parameters "parameter-cap".
    """
    if len(value) < 120:
        kind, found = _parameterised(value)
        return kind, dict(found)
    if value.count(";") > _MAX_PARAMETERS:
        mark(defects, "parameter-cap")
    return _parameterised.__wrapped__(value)


@lru_cache(maxsize=1024)
def _parameterised(value: str) -> tuple[str, dict[str, str]]:
    kind, _, _ = value.partition(";")
    kind = _uncommented(kind).strip().lower()
    plain: dict[str, str] = {}
    segments: dict[str, list[tuple[int, bool, str]]] = {}
    for number, found in enumerate(_PARAMETER.finditer(value)):
        if number >= _MAX_PARAMETERS:
            break
        name, text = found[1].lower(), _unquoted(found[2])
        base, star, rest = name.partition("*")
        if not star:
            plain.setdefault(name, text)
            continue
        number_text, encoded = (rest[:-1], True) if rest.endswith("*") else (rest, rest == "")
        if number_text and not (number_text.isascii() and number_text.isdigit() and len(number_text) < 5):
            continue
        segments.setdefault(base, []).append((int(number_text or 0), encoded, text))
    for base, pieces in segments.items():
        plain[base] = _joined(sorted(pieces, key=lambda piece: piece[0]))
    return kind, plain


def _joined(pieces: list[tuple[int, bool, str]]) -> str:
    """RFC 2231 sections 3 and 4: the first extended segment names the charset."""
    charset, data = "", b""
    for place, (_, encoded, text) in enumerate(pieces):
        if encoded and place == 0 and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        data += unquote_to_bytes(text) if encoded else text.encode("utf-8", "replace")
    return characters(data, charset.lower() or "utf-8")


def _unquoted(text: str) -> str:
    if text.startswith('"'):
        inner = text[1:-1] if len(text) > 1 and text.endswith('"') else text[1:]
        return _ESCAPED.sub(r"\1", inner) if "\\" in inner else inner
    return _uncommented(text).strip()


def _uncommented(text: str) -> str:
    """Without a trailing (comment), as in `text/plain (see below)`."""
    return text.partition("(")[0] if "(" in text else text
