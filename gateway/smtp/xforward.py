"""XFORWARD and XCLIENT: what a trusted mail server says about its own client.

*Pure.* Postfix XFORWARD_README and XCLIENT_README; xtext: RFC 3461 section 4.
"""

import re
from dataclasses import replace
from ipaddress import ip_address

from gateway.mail.envelope import SessionFacts

_ATTRIBUTE = re.compile(r"([A-Za-z]+)=([^\x00-\x20\x7f]*)")
_XTEXT = re.compile(r"\+([0-9A-Fa-f]{2})")
_BROKEN_XTEXT = re.compile(r"\+(?![0-9A-Fa-f]{2})")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_UNKNOWN = frozenset({"[UNAVAILABLE]", "[TEMPUNAVAIL]"})
_FIELDS = {"NAME": "peer_name", "ADDR": "peer_address", "HELO": "helo", "PROTO": "protocol", "IDENT": "identity"}

FORWARD_NAMES = frozenset({*_FIELDS, "PORT", "SOURCE"})
CLIENT_NAMES = frozenset({"NAME", "ADDR", "PORT", "PROTO", "HELO"})


def apply(facts: SessionFacts, argument: str, names: frozenset[str]) -> SessionFacts:
    """The facts with the attributes of one command put in; [UNAVAILABLE] empties one. Raises ValueError on an
    attribute outside `names` or a malformed value."""
    changes: dict[str, str | int] = {}
    for word in argument.split():
        match = _ATTRIBUTE.fullmatch(word)
        if match is None or (name := match[1].upper()) not in names:
            raise ValueError("attribute")
        value = "" if match[2].upper() in _UNKNOWN else _plain(match[2])
        if name == "PORT":
            changes["peer_port"] = _port(value)
        elif name == "ADDR":
            changes["peer_address"] = _address(value)
        elif name in _FIELDS:
            changes[_FIELDS[name]] = value
        elif value.upper() not in ("", "LOCAL", "REMOTE"):
            raise ValueError("SOURCE")
    if not changes and not argument.strip():
        raise ValueError("no attribute")
    return replace(facts, **changes)  # type: ignore[arg-type]  # values follow _FIELDS


def _plain(xtext: str) -> str:
    if _BROKEN_XTEXT.search(xtext):
        raise ValueError("xtext")
    raw = _XTEXT.sub(lambda found: chr(int(found[1], 16)), xtext)
    if len(raw) > 1024 or _CONTROLS.search(raw):
        raise ValueError("value")
    try:
        return raw.encode("latin-1").decode("utf-8")  # encoded octets are UTF-8 octets
    except UnicodeError:
        return raw


def _port(value: str) -> int:
    if not value:
        return 0
    if not (value.isascii() and value.isdigit() and len(value) <= 5 and int(value) <= 65535):
        raise ValueError("PORT")
    return int(value)


def _address(value: str) -> str:
    if not value:
        return ""
    return str(ip_address(value[5:] if value[:5].upper() == "IPV6:" else value))
