"""Characters that must not cross: bare CR, bare LF and NUL in a message; controls and line ends in words people give
us. *Pure.*

RFC 5321 section 2.3.8: who takes another line end than CRLF may see another end of data than we do.
"""

import re

_CONTROLS = dict.fromkeys((*range(0x09), *range(0x0B, 0x20), 0x7F, *range(0x80, 0xA0)))
_SPACES = re.compile(r"\s+")
_NO_BREAK = "\u00a0\u2007\u202f"
_LINE_END = re.compile(rb"\r\n|\r|\n|\0")


def torn(raw: bytes) -> bool:
    """True when it holds a bare CR, a bare LF or a NUL."""
    ends = raw.count(b"\r\n")
    return raw.count(b"\n") != ends or raw.count(b"\r") != ends or b"\0" in raw


def mended(raw: bytes) -> bytes:
    """The message with CRLF for each line end of whatever kind, and without NUL."""
    return _LINE_END.sub(lambda found: b"" if found[0] == b"\0" else b"\r\n", raw)


def without_controls(text: str) -> str:
    """`text` without the control characters of C0, C1 and DEL; newline and tab stay."""
    return text.translate(_CONTROLS)


def on_one_line(text: str) -> str:
    """`text` without line ends: each run of white space is one space, a no-break space that stands alone stays."""
    return _SPACES.sub(lambda found: found[0] if found[0] in _NO_BREAK else " ", text).strip()
