"""XFORWARD and XCLIENT: telling the next hop who our client is.

Only attributes the next hop offers are named; one we do not know is "[UNAVAILABLE]", so that nothing of another
client stays behind. Values are xtext (RFC 3461 section 4). *Pure.* Postfix XFORWARD_README, XCLIENT_README.
"""

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address

from gateway.mail.envelope import SessionFacts

MAX_LINE = 512  # bytes of a command line with its CRLF (RFC 5321 section 4.5.3.1.4)
UNAVAILABLE = "[UNAVAILABLE]"
_ORDER = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE")
_CLIENT_ORDER = ("NAME", "ADDR", "PORT", "PROTO", "HELO")
_LIMIT = 255  # bytes of one value before encoding, as Postfix takes them


def xforward(facts: SessionFacts, offered: str) -> tuple[bytes, ...]:
    """XFORWARD command lines for the attributes in `offered` (the EHLO parameters), each at most 512 bytes."""
    return _lines("XFORWARD", facts, offered, _ORDER)


def xclient(facts: SessionFacts, offered: str) -> tuple[bytes, ...]:
    """XCLIENT command lines; after each the session starts anew."""
    return _lines("XCLIENT", facts, offered, _CLIENT_ORDER)


def xtext(value: str) -> str:
    """Everything but printable ASCII without "+" and "=" becomes "+XX" (RFC 3461 section 4)."""
    octets = value.encode("utf-8", "surrogateescape")[:_LIMIT]
    return "".join(chr(octet) if 33 <= octet <= 126 and octet not in b"+=" else f"+{octet:02X}" for octet in octets)


def _lines(verb: str, facts: SessionFacts, offered: str, order: tuple[str, ...]) -> tuple[bytes, ...]:
    names = set(offered.upper().split())
    values = _values(facts)
    lines: list[str] = []
    for word in (f" {name}={values[name]}" for name in order if name in names):
        if lines and len(lines[-1]) + len(word) + 2 <= MAX_LINE:
            lines[-1] += word
        else:
            lines.append(verb + word)
    return tuple(f"{line}\r\n".encode("ascii") for line in lines)


def _values(facts: SessionFacts) -> Mapping[str, str]:
    proto = "ESMTP" if facts.protocol.upper().startswith("E") else "SMTP"
    return {
        "NAME": xtext(facts.peer_name) or UNAVAILABLE,
        "ADDR": _address(facts.peer_address),
        "PORT": str(facts.peer_port or UNAVAILABLE),
        "PROTO": proto if facts.protocol else UNAVAILABLE,
        "HELO": xtext(facts.helo) or UNAVAILABLE,
        "IDENT": xtext(facts.identity) or UNAVAILABLE,
        "SOURCE": "REMOTE" if facts.peer_address else UNAVAILABLE,  # "LOCAL" would let a next hop rewrite headers
    }


def _address(text: str) -> str:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return UNAVAILABLE
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else f"IPV6:{address}"
    return str(address)
