"""A rewritten text part as bytes: its charset, its transfer encoding, its header lines.

The declared charset is kept where it can say the new words and writes ASCII as ASCII, so that line ends and dots are
what they seem; else it becomes UTF-8. What is written is always 7-bit safe (RFC 2045 section 6) and has no line end but
CRLF (RFC 5321 section 2.3.8). Header lines that need no change stay byte for byte. *Pure.*
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.header import Header

from gateway.mail.charset import characters, codec
from gateway.mail.controls import torn

_LONGEST = 900  # octets; RFC 5322 section 2.1.1 allows 998
_ASCII = "\t\r\n" + "".join(map(chr, range(32, 127)))
_FIELD = re.compile(rb"[^\r\n][^\n]*(?:\n[ \t][^\n]*)*(?:\n|\Z)")
_PARAMETER = re.compile(r';((?:[^;"\\]|\\.|"(?:[^"\\]|\\.)*"?)*)')
_DELIMITER_LIKE = re.compile(rb"(?m)^--(?=[^\s])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """`body` with CRLF line ends; `charset` and `encoding` as they stand in the header."""

    body: bytes
    charset: str
    encoding: str


def encoded(text: str, *, charset: str, encoding: str, before: bytes = b"") -> Encoded:
    """`text` (any line ends) for a part that had this charset and transfer encoding. `before`: the part's body as it
    was; lines of it that say the same are written as they were."""
    text = "\r\n".join(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    name, data = _in_charset(text, charset)
    if encoding == "base64":
        return Encoded(body=_base64(data), charset=name, encoding="base64")
    if encoding != "quoted-printable" and _plain(data):
        return Encoded(body=data, charset=name, encoding="7bit")
    high = sum(octet > 126 or octet == 27 for octet in data)
    if encoding != "quoted-printable" and high * 3 > len(data):
        return Encoded(body=_base64(data), charset=name, encoding="base64")
    kept = _kept(before, data) if encoding == "quoted-printable" else None
    return Encoded(body=kept or _quoted(data), charset=name, encoding="quoted-printable")


def _kept(before: bytes, data: bytes) -> bytes | None:
    """Quoted-printable lines as another program wrote them, but for those whose words changed; None where that would
    not read back as `data`."""
    old = before.splitlines(keepends=True)
    said = [binascii.a2b_qp(line) for line in old]
    head = tail = 0
    first, last = 0, len(data)
    while head < len(old) and data.startswith(said[head], first):
        first += len(said[head])
        head += 1
    while (
        tail < len(old) - head and last - len(said[-1 - tail]) >= first and data.endswith(said[-1 - tail], first, last)
    ):
        last -= len(said[-1 - tail])
        tail += 1
    middle = _quoted(data[first:last])
    joint = b"=\r\n" if middle and tail and not middle.endswith(b"\n") else b""
    body = b"".join([*old[:head], middle, joint, *old[len(old) - tail :]])
    return body if binascii.a2b_qp(body) == data and not _DELIMITER_LIKE.search(middle) else None


def _in_charset(text: str, charset: str) -> tuple[str, bytes]:
    if charset and codec(charset):
        data = _said(text, charset)
        if data and characters(data, charset) == text and not torn(data):
            return charset, data
    if not charset and text.isascii():
        return "us-ascii", text.encode("ascii")
    return "utf-8", text.encode("utf-8", "replace")


def _said(text: str, charset: str) -> bytes:
    """`text` in this charset; b"" where it cannot say it, or is no superset of ASCII (EBCDIC, UTF-16, UTF-7)."""
    try:
        return text.encode(charset) if _ASCII.encode(charset) == _ASCII.encode("ascii") else b""
    except (UnicodeError, LookupError):
        return b""


def _plain(data: bytes) -> bool:
    """Fit for 7bit: no long line, no NUL, nothing that could pass for a part's delimiter."""
    lines = data.split(b"\r\n")
    return (
        data.isascii() and b"\x00" not in data and max(map(len, lines)) <= _LONGEST and not _DELIMITER_LIKE.search(data)
    )


def _quoted(data: bytes) -> bytes:
    lines = binascii.b2a_qp(data, istext=True).replace(b"\r\n", b"\n")  # it breaks a sole line by LF alone
    return _DELIMITER_LIKE.sub(b"=2D-", lines.replace(b"\n", b"\r\n"))


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def edited_header(block: bytes, *, put: Mapping[str, bytes], drop: frozenset[str] = frozenset()) -> bytes:
    """A header (blank line included) with these fields (lower-case names; whole lines with CRLF) in the place of the
    old ones, or at its end, and without the fields in `drop`. All others stay byte for byte."""
    ended = block.endswith(b"\r\n\r\n") or block == b"\r\n"
    out, waiting = [], dict(put)
    for found in _FIELD.findall(block):
        name = found.partition(b":")[0].strip().lower().decode("ascii", "replace")
        if name in put:
            out.append(waiting.pop(name, b""))
        elif name not in drop:
            out.append(found if found.endswith(b"\n") else found + b"\r\n")
    return b"".join([*out, *waiting.values(), b"\r\n" if ended or put else b""])


def content_type(value: str, *, kind: str, charset: str) -> bytes:
    """The Content-Type field with another charset; all other parameters as they were written."""
    parameters = [found.strip() for found in _PARAMETER.findall(value)]
    others = [text for text in parameters if text and text.partition("=")[0].strip().rstrip("*").lower() != "charset"]
    shown = "; ".join([value.partition(";")[0].strip() or kind])
    fields = [shown, f'charset="{charset}"', *others]
    return ("Content-Type: " + ";\r\n\t".join(fields) + "\r\n").encode("utf-8", "replace")


def transfer_encoding(encoding: str) -> bytes:
    """The Content-Transfer-Encoding field."""
    return f"Content-Transfer-Encoding: {encoding}\r\n".encode("ascii")


def subject_field(subject: str) -> bytes:
    """The Subject field, RFC 2047 encoded where needed, folded, one line of meaning whatever is put in."""
    words = " ".join("".join(character if character.isprintable() else " " for character in subject).split())
    charset = "us-ascii" if words.isascii() else "utf-8"
    value = Header(words, charset, header_name="Subject", maxlinelen=76).encode(linesep="\r\n")
    return f"Subject: {value}\r\n".encode("ascii")
