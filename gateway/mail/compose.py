"""A mail of our own, as bytes: deterministic, in ASCII, and nothing in it can break out of its header line.

RFC 5322, RFC 2046 (multipart/alternative; multipart/mixed with the original as message/rfc822), RFC 2047 (encoded
words), RFC 2045 (quoted-printable). *Pure*: date, id and boundary seed come in.
"""

import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.utils import format_datetime

from gateway.mail.address import domain_key
from gateway.mail.controls import on_one_line

_WIDTH = 76
_NAME = re.compile(r"[!-9;-~]{1,76}")
_ATOM = re.compile(r"[^A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.@:\[\]\"]")
_PLAIN = re.compile(r"[ -~]*")


def compose(
    *,
    from_: str,
    to: str,
    subject: str,
    text: str,
    html: str,
    headers: Mapping[str, str] | Iterable[tuple[str, str]],
    message_id: str,
    date: datetime,
    boundary_seed: str,
    attached: bytes | None = None,
    reply_to: str = "",
) -> bytes:
    """The message, CRLF line ends, no line over 998 bytes.

    `from_`, `to` and `reply_to` ("" for none) are addresses, with a display name before "<" if wanted; `message_id` is
    ASCII; `headers` come after the usual ones in their order; `attached` is the original message, given back as
    message/rfc822. Same arguments, same bytes.
    """
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    fields = [
        ("From", _mailbox(from_)),
        ("To", _mailbox(to)),
        *((("Reply-To", _mailbox(reply_to)),) if reply_to else ()),
        ("Subject", _unstructured("Subject", subject)),
        ("Date", format_datetime(date)),
        ("Message-ID", _token(message_id)),
        *((name, _unstructured(name, value)) for name, value in pairs if _NAME.fullmatch(name)),
        ("MIME-Version", "1.0"),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in fields).encode("ascii")
    alternative = _multipart("alternative", [_text("plain", text), _text("html", html)], f"{boundary_seed} a")
    if attached is None:
        return head + alternative
    return head + _multipart("mixed", [alternative, _original(attached)], f"{boundary_seed} m", attached)


def encoded_words(text: str) -> list[str]:
    """`text` as encoded words of at most 75 characters (RFC 2047 section 2), none of them tearing a character."""
    words, chunk = [], b""
    for character in text:
        data = character.encode("utf-8", "replace")
        if len(chunk) + len(data) > 45:
            words.append(_word(chunk))
            chunk = b""
        chunk += data
    return [*words, _word(chunk)] if chunk else words


def _word(data: bytes) -> str:
    return f"=?utf-8?B?{binascii.b2a_base64(data, newline=False).decode('ascii')}?="


def _unstructured(name: str, value: str) -> str:
    """A value on folded lines; anything but printable ASCII goes into encoded words."""
    value = on_one_line(value)
    plain = _PLAIN.fullmatch(value) and "=?" not in value
    words = value.split(" ") if plain else encoded_words(value)
    if any(len(word) > 900 for word in words):
        words = encoded_words(value)
    return _folded(len(name) + 2, words)


def _folded(used: int, words: list[str]) -> str:
    lines, line = [], ""
    for word in words:
        if line and used + len(line) + 1 + len(word) > _WIDTH:
            lines.append(line)
            line, used = word, 1
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])


def _mailbox(text: str) -> str:
    """An address with its display name; the name quoted or encoded, the address reduced to what may stand there."""
    name, bracket, rest = on_one_line(text).rpartition("<")
    if not bracket:
        return _address(text)
    name, spec = name.strip().strip('"'), _address(rest.partition(">")[0])
    if not name:
        return f"<{spec}>"
    if _PLAIN.fullmatch(name) and "=?" not in name and len(name) < 60:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"\r\n <{spec}>'
    return _folded(6, [*encoded_words(name), f"<{spec}>"])


def _address(text: str) -> str:
    local, at, domain = text.strip().rpartition("@")
    return (_ATOM.sub("?", local) + at + ascii_domain(domain))[:500]


def ascii_domain(domain: str) -> str:
    """The domain as it may stand in a header: A-labels for other letters, "invalid" where there are none."""
    if not domain.isascii():
        domain = domain_key(domain)
        domain = domain if domain.isascii() else "invalid"
    return _ATOM.sub("?", domain)


def _token(text: str) -> str:
    return re.sub(r"[^!-~]", "", text)[:900]


def _multipart(kind: str, parts: list[bytes], seed: str, inside: bytes = b"") -> bytes:
    boundary = _boundary(seed, [*parts, inside])
    line = boundary.encode("ascii")
    body = b"".join(b"--" + line + b"\r\n" + part + b"\r\n" for part in parts)
    return (
        f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n\r\n'.encode("ascii")
        + body
        + b"--"
        + line
        + b"--\r\n"
    )


def _boundary(seed: str, parts: list[bytes]) -> str:
    """A line that occurs in none of the parts."""
    for number in range(1000):
        boundary = "=_" + hashlib.sha256(f"{seed} {number}".encode("utf-8", "replace")).hexdigest()[:32]
        if not any(boundary.encode("ascii") in part for part in parts):
            return boundary
    raise ValueError("no boundary is free")


def _text(kind: str, text: str) -> bytes:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    # binary mode off: line ends stay line ends; b2a_qp keeps lines within 76 characters
    body = b"\r\n".join(_quoted_line(line) for line in lines)
    head = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head.encode("ascii") + body + b"\r\n"


def _quoted_line(line: str) -> bytes:
    coded = binascii.b2a_qp(line.encode("utf-8", "replace"), istext=True)
    coded = coded.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if coded.startswith((b".", b"From ")):  # some servers change such lines
        coded = b"=%02X" % coded[0] + coded[1:]
    return coded


def _original(raw: bytes) -> bytes:
    """RFC 2046 section 5.2.1: message/rfc822 takes no encoding but 7bit and 8bit."""
    encoding = b"7bit" if raw.isascii() else b"8bit"
    head = b'Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename="original.eml"\r\n'
    return head + b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + raw
