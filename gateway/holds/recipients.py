"""Recipients taken off a held mail: out of the envelope, and out of To and Cc, so that nobody answers to somebody who
never got it. Nobody can be put on. *Pure.* RFC 5322 section 3.6.3.
"""

import re
from collections.abc import Collection, Sequence

from gateway.holds.wire_text import edited_header
from gateway.mail.address import address, addresses
from gateway.mail.envelope import Path
from gateway.mail.message import walk

_SEALS = frozenset(("dkim-signature", "domainkey-signature", "arc-seal", "arc-message-signature"))
_MEMBER = re.compile(r'(?:"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\)|<[^<>]*>|[^,"(<])+')
_FIELD = re.compile(rb"[^\r\n][^\n]*(?:\n[ \t][^\n]*)*(?:\n|\Z)")


def staying(rcpt_to: Sequence[Path], off: Collection[str]) -> tuple[Path, ...]:
    """The recipients but for those whose address key is in `off`."""
    keys = {address(one).key for one in off}
    return tuple(path for path in rcpt_to if path.address.key not in keys)


def taken_off(rcpt_to: Sequence[Path], left: Sequence[Path]) -> tuple[Path, ...]:
    """The recipients who are not among those `left`."""
    keys = {path.address.key for path in left}
    return tuple(path for path in rcpt_to if path.address.key not in keys)


def without_recipients(raw: bytes, off: Collection[str]) -> bytes:
    """The mail without these addresses in To and Cc; the same object where they are in neither. A field whose form
    cannot be followed (groups) stays as it is."""
    keys = {address(one).key for one in off}
    head = raw[: walk(raw).header_end]
    put = {name: field for name in ("to", "cc") if (field := _field(name, head, keys)) is not None}
    return edited_header(head, put=put, drop=_SEALS) + raw[len(head) :] if put else raw


def _field(name: str, head: bytes, off: set[str]) -> bytes | None:
    """The field without these members, b"" where none is left; None where nothing is to be done."""
    fields = (found.partition(b":") for found in _FIELD.findall(head))
    value = next((body for key, _, body in fields if key.strip().lower() == name.encode()), b"").decode("latin-1")
    if ":" in value or ";" in value or value.count('"') % 2 or not off.intersection(addresses(value)):
        return None
    members = [" ".join(member.split()) for member in _MEMBER.findall(value)]
    kept = [member for member in members if member and not off.intersection(addresses(member))]
    if not kept:
        return b"To: undisclosed-recipients:;\r\n" if name == "to" else b""
    return (f"{name.capitalize()}: " + ",\r\n ".join(kept) + "\r\n").encode("latin-1")
