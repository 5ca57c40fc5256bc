"""A whole message from a few fields, the way scenarios, JSONL archives and the demo give them.

8-bit UTF-8 with CRLF line ends; attachments are named only, and get a few bytes of content. *Pure.*
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

_BOUNDARY = "=_letter_part"
_PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """The fields of one mail; `date` and `message_id` may be "" and are then left out."""

    sender: str
    to: Sequence[str]
    subject: str
    body: str
    html: bool = False
    attachments: Sequence[str] = ()
    message_id: str = ""
    date: str = ""


def written(letter: Letter) -> bytes:
    """The letter as RFC 5322 bytes."""
    return "\r\n".join([*_head(letter), *_content(letter), ""]).encode("utf-8", "surrogateescape")


def _head(letter: Letter) -> list[str]:
    fields = {
        "From": letter.sender,
        "To": ", ".join(letter.to),
        "Subject": letter.subject,
        "Date": letter.date,
        "Message-ID": letter.message_id,
        "MIME-Version": "1.0",
    }
    return [f"{name}: {' '.join(value.split())}" for name, value in fields.items() if value]


def _content(letter: Letter) -> list[str]:
    kind = "text/html" if letter.html else "text/plain"
    text = [f"Content-Type: {kind}; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", *letter.body.splitlines()]
    if not letter.attachments:
        return text
    lines = [f'Content-Type: multipart/mixed; boundary="{_BOUNDARY}"', "", f"--{_BOUNDARY}", *text]
    for name in letter.attachments:
        safe = name.replace('"', "").replace("\\", "")
        lines += [f"--{_BOUNDARY}", f'Content-Type: {_type_of(safe)}; name="{safe}"']
        lines += [f'Content-Disposition: attachment; filename="{safe}"', "Content-Transfer-Encoding: base64"]
        lines += ["", _PICTURE]
    return [*lines, f"--{_BOUNDARY}--"]


def _type_of(name: str) -> str:
    endings = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif"}
    return endings.get(name[name.rfind(".") :].casefold(), "application/octet-stream")
