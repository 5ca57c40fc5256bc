"""A place on the network as settings write it. *Pure.*"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from gateway.errors import UserError


def host_port(text: str, *, key: str) -> tuple[str, int]:
    """Split "HOST:PORT" or "[IPV6]:PORT". Raises UserError naming the key."""
    host, _, port = text.rpartition(":")
    if not port.isdigit() or not 0 <= int(port) <= 65535 or not host:
        raise UserError(f'"{text}" is not HOST:PORT', where=key, todo='Write it like "127.0.0.1:10025"')
    return host.strip("[]"), int(port)


def private(url: str) -> bool:
    """True for an address nobody on the way can read or change: https, or http within this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port  # raises for a port that is none
    except ValueError:
        return False
    if parts.username is not None or not host or any(sign.isspace() for sign in url):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and this_machine(host))


def web_address(url: str) -> bool:
    """True for what links can begin with: http or https, a host, perhaps a port and a path, and nothing else."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    bare = not (parts.query or parts.fragment or parts.username or any(sign.isspace() for sign in url))
    return parts.scheme in ("http", "https") and bool(parts.hostname) and bare


def opens_elsewhere(url: str) -> bool:
    """Whether other machines get at this address: not one of this machine's own (loopback), nor one of all."""
    host = urlsplit(url).hostname or ""
    return not this_machine(host) and host not in _ALL


def meet(one: str, other: str) -> bool:
    """Whether two places, "HOST:PORT" each, would take one another's connections. Port 0 is any that is free."""
    (here, port), (there, same) = host_port(one, key=""), host_port(other, key="")
    if port != same or port == 0:
        return False
    return here == there or (here in _ALL and this_machine(there)) or (there in _ALL and this_machine(here))


_ALL = frozenset({"0.0.0.0", "::"})  # noqa: S104  # whoever listens there listens everywhere


def this_machine(host: str) -> bool:
    """Whether this is a name or address of loopback."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
