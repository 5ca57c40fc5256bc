"""A bounce in the form machines understand too: multipart/report with a delivery status for each recipient.

RFC 6522 (multipart/report), RFC 3464 (delivery status), RFC 3461 section 5.2.1 (NOTIFY, ENVID, ORCPT). *Pure.*
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from gateway.holds.endings import Refusal
from gateway.mail.envelope import Path

_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
_UNSAFE = re.compile(r"[^ -~]")
_NO_TIME_LEFT = "4.4.7"  # RFC 3463 section 3.5: delivery time expired


def wants_no_report(path: Path) -> bool:
    """NOTIFY=NEVER, or a NOTIFY without FAILURE: the sender asked not to be told (RFC 3461 section 4.1)."""
    wanted = parameter(path.parameters, "NOTIFY")
    return bool(wanted) and "FAILURE" not in wanted.upper().split(",")


def parameter(parameters: str, name: str) -> str:
    """The value of an ESMTP parameter, "" when absent (RFC 5321 section 4.1.2)."""
    pairs = (word.partition("=") for word in parameters.split())
    return next((value for key, _, value in pairs if key.upper() == name), "")


def delivery_status(
    refusals: Sequence[Refusal], *, reporter: str, envelope_id: str, arrived: datetime, tried: datetime
) -> bytes:
    """The fields of a message/delivery-status part: one block for the mail, one for each recipient."""
    mail = [f"Reporting-MTA: dns; {_safe(reporter) or 'localhost'}"]
    mail += [f"Original-Envelope-Id: {_safe(envelope_id)}"] if envelope_id else []
    mail += [f"Arrival-Date: {format_datetime(arrived)}"]
    blocks = [mail, *(_recipient(refusal, tried) for refusal in refusals)]
    return "\r\n".join("\r\n".join([*block, ""]) for block in blocks).encode("ascii")


def _recipient(refusal: Refusal, tried: datetime) -> list[str]:
    said = _STATUS.match(refusal.text)
    status = said[1] if said else f"{str(refusal.code)[0]}.0.0" if refusal.code else _NO_TIME_LEFT
    kind = "rfc822" if refusal.recipient.isascii() else "utf-8"
    recipient = refusal.recipient if kind == "rfc822" else refusal.recipient.encode("unicode_escape").decode("ascii")
    lines = [f"Final-Recipient: {kind}; {_safe(recipient)}", "Action: failed", f"Status: {status}"]
    if refusal.code:
        lines.append(f"Diagnostic-Code: smtp; {_safe(f'{refusal.code} {refusal.text}')}")
    return [*lines, f"Last-Attempt-Date: {format_datetime(tried)}"]


def as_report(notice: bytes, status: bytes, original: bytes) -> bytes:
    """The notice (a whole message without attachment) as the first part of a report with status and original."""
    head, _, body = notice.partition(b"\r\n\r\n")
    own, described = _parted(head)
    encoding = b"7bit" if original.isascii() else b"8bit"
    parts = [
        described + b"\r\n" + body,
        b"Content-Type: message/delivery-status\r\n\r\n" + status,
        b'Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename="original.eml"\r\n'
        b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + original,
    ]
    boundary = _boundary(parts)
    kind = b'Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="' + boundary + b'"\r\n\r\n'
    inner = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    return own + kind + inner + b"--" + boundary + b"--\r\n"


def _parted(head: bytes) -> tuple[bytes, bytes]:
    """Header lines of the whole mail, and those that describe its content."""
    own: list[bytes] = []
    described: list[bytes] = []
    for field in re.findall(rb"[^\r\n][^\n]*(?:\n[ \t][^\n]*)*(?:\n|\Z)", head + b"\r\n"):
        (described if field.lower().startswith(b"content-") else own).append(field)
    return b"".join(own), b"".join(described)


def _boundary(parts: Sequence[bytes]) -> bytes:
    """A line that stands in none of the parts."""
    digest = hashlib.sha256(b"".join(parts)).hexdigest()
    number = 0
    while any(f"=_{digest[:24]}_{number}".encode("ascii") in part for part in parts):
        number += 1
    return f"=_{digest[:24]}_{number}".encode("ascii")


def _safe(text: str) -> str:
    return _UNSAFE.sub("?", " ".join(text.split()))[:900]
