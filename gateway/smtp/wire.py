"""A reply as the bytes that may leave: one reply stays one reply, whatever text the next hop or an error brought.

*Pure.* RFC 5321 section 4.2.
"""

import re

from gateway.replies import LOCAL_ERROR, Reply

_WELL_FORMED = re.compile(rb"(?:[245]\d\d-[^\r\n\0]*\r\n)*[245]\d\d(?: [^\r\n\0]*)?\r\n")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


def wire(reply: Reply) -> bytes:
    """The reply's wire form, verbatim where it is well-formed: every line ended by CRLF, no other CR, LF or NUL, all
    lines of one code. Otherwise its code with its text made harmless; 451 when even the code is no final reply."""
    raw = reply.wire()
    if _WELL_FORMED.fullmatch(raw) and (raw.count(b"\n") == 1 or _one_code(raw)):
        return raw
    return _harmless(reply)


def _one_code(raw: bytes) -> bool:
    return len({line[:3] for line in raw.splitlines()}) == 1


def _harmless(reply: Reply) -> bytes:
    if not (200 <= reply.code < 300 or 400 <= reply.code < 600):
        return LOCAL_ERROR.wire()
    lead = (
        f"{reply.code} {reply.enhanced}" if re.fullmatch(r"\d\.\d{1,3}\.\d{1,3}", reply.enhanced) else f"{reply.code}"
    )
    text = _CONTROLS.sub(" ", reply.text).strip()[:900]
    return f"{lead} {text}".encode("utf-8", "replace") + b"\r\n"
