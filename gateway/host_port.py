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
    return parts.scheme == "https" or (parts.scheme == "http" and _here(host))


def _here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
