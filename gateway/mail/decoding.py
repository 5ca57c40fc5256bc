"""The content of a part: its transfer encoding undone (RFC 2045 section 6), its characters decoded. *Pure.*

Tolerant where mail readers are: what they show is what has to be read. Work is bounded by `cap`.
"""

import binascii
import re

from gateway.mail.charset import characters
from gateway.mail.content import Raw
from gateway.mail.message import Part

_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w.:-]{2,40})""", re.I)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


def content(raw: Raw, part: Part, *, cap: int) -> tuple[bytes, bool]:
    """At most about `cap` bytes of the part's content, and whether there is more."""
    room = cap
    if part.encoding == "base64":
        room = cap * 3 // 2  # 4 characters for 3 bytes, and line ends
    elif part.encoding == "quoted-printable":
        room = cap * 3
    data = raw[part.start : min(part.end, part.start + room)]
    cut = part.end - part.start > room
    if part.encoding == "base64":
        data = from_base64(data)
    elif part.encoding == "quoted-printable":
        data = binascii.a2b_qp(data)
    elif part.encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        data = _from_uuencode(data)
    return data[:cap], cut or len(data) > cap


def text(raw: Raw, part: Part, *, cap: int) -> tuple[str, bool]:
    """At most `cap` characters of a text part with "\\n" line ends, and whether there is more. Never raises."""
    decoded, cut = wording(raw, part, cap=cap)
    if "\r" in decoded:
        decoded = decoded.replace("\r\n", "\n").replace("\r", "\n")
    return decoded[:cap], cut or len(decoded) > cap


def wording(raw: Raw, part: Part, *, cap: int) -> tuple[str, bool]:
    """As `text`, with line ends as they stand and at most `4 * cap` characters; `cut` says only that there is more."""
    data, cut = content(raw, part, cap=cap * 4)
    charset = part.charset
    if part.content_type == "text/html" and not charset:
        named = _META_CHARSET.search(data[:2048])
        charset = named[1].decode("ascii") if named else ""
    return characters(data, charset), cut


def from_base64(data: bytes) -> bytes:
    """Base64 as readers take it: foreign characters skipped, several padded pieces read on, a torn end completed."""
    try:
        if data.find(b"=", 0, max(len(data) - 8, 0)) < 0:
            return binascii.a2b_base64(data)
    except binascii.Error:
        pass
    return b"".join(_piece(piece) for piece in re.split(rb"=+", data))


def _piece(piece: bytes) -> bytes:
    letters = _NOT_BASE64.sub(b"", piece)
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def _from_uuencode(data: bytes) -> bytes:
    out, inside = [], False
    for line in data.splitlines():
        if line.startswith(b"begin "):
            inside = True
        elif line == b"end":
            break
        elif inside:
            try:
                out.append(binascii.a2b_uu(line))
            except binascii.Error:
                continue
    return b"".join(out)
