"""What EHLO offers: what the next hop offers and we can pass on, and what is ours alone.

*Pure.* RFC 5321 section 4.1.1.1.
"""

from collections.abc import Mapping

PASSED_ON = (  # extensions that are nothing but parameters of MAIL and RCPT, or words in replies: they cross verbatim
    "8BITMIME",  # RFC 6152
    "SMTPUTF8",  # RFC 6531
    "ENHANCEDSTATUSCODES",  # RFC 2034
    "DSN",  # RFC 3461
    "MT-PRIORITY",  # RFC 6710
    "DELIVERBY",  # RFC 2852
    "FUTURERELEASE",  # RFC 4865
    "RRVS",  # RFC 7293
    "MTRK",  # RFC 3885
    "NO-SOLICITING",  # RFC 3865
    "SUBMITTER",  # RFC 4405
    "CONPERM",  # RFC 4141
)
XFORWARD = "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"
XCLIENT = "XCLIENT NAME ADDR PORT PROTO HELO"


def offer(next_hop: Mapping[str, str], *, max_size: int, starttls: bool, trusted: bool) -> list[str]:
    """EHLO lines after the greeting. `next_hop`: keywords (upper case) with their parameters; `max_size` in bytes;
    `trusted`: the peer's XFORWARD and XCLIENT are believed."""
    lines = ["PIPELINING", f"SIZE {_size(next_hop.get('SIZE', ''), max_size)}"]
    lines += [f"{word} {next_hop[word]}".rstrip() for word in PASSED_ON if word in next_hop]
    if starttls:
        lines.append("STARTTLS")
    return [*lines, XFORWARD, XCLIENT] if trusted else lines


def _size(theirs: str, ours: int) -> int:
    """The smaller limit; 0 or nothing means none (RFC 1870 section 4)."""
    limit = int(theirs) if theirs.isascii() and theirs.isdigit() else 0
    return min(limit, ours) if limit else ours
