"""A place on the network as settings write it. *Pure.*"""

from gateway.errors import UserError


def host_port(text: str, *, key: str) -> tuple[str, int]:
    """Split "HOST:PORT" or "[IPV6]:PORT". Raises UserError naming the key."""
    host, _, port = text.rpartition(":")
    if not port.isdigit() or not 0 <= int(port) <= 65535 or not host:
        raise UserError(f'"{text}" is not HOST:PORT', where=key, todo='Write it like "127.0.0.1:10025"')
    return host.strip("[]"), int(port)
