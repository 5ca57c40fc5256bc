"""Budgets shared by all sessions of one process: connections, bytes in flight, and whom we trust. *Pure.*"""

from ipaddress import IPv6Address, ip_address, ip_network


class Connections:
    """How many clients are connected, in total and from one address."""

    __slots__ = ("_by_peer", "_per_peer", "_total", "open")

    def __init__(self, total: int, per_peer: int) -> None:
        self._total, self._per_peer = total, per_peer
        self.open = 0
        self._by_peer: dict[str, int] = {}

    def enter(self, peer: str) -> bool:
        """Count a client in; False, and not counted, when there are too many."""
        count = self._by_peer.get(peer, 0)
        if self.open >= self._total or count >= self._per_peer:
            return False
        self.open += 1
        self._by_peer[peer] = count + 1
        return True

    def leave(self, peer: str) -> None:
        """Count a client out that `enter` counted in."""
        self.open -= 1
        left = self._by_peer[peer] - 1
        if left:
            self._by_peer[peer] = left
        else:
            del self._by_peer[peer]


class Budget:
    """Bytes of all messages in flight, in memory or spooled."""

    __slots__ = ("limit", "used")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    @property
    def free(self) -> int:
        """Bytes nobody has taken."""
        return self.limit - self.used

    def take(self, size: int) -> bool:
        """Reserve bytes; False, and nothing reserved, when they are not there."""
        if size > self.free:
            return False
        self.used += size
        return True

    def give(self, size: int) -> None:
        """Give bytes back."""
        self.used -= size


class Peers:
    """Clients by their networks: who may connect, whose XFORWARD is believed. Raises ValueError for no network."""

    __slots__ = ("_known", "_networks")

    def __init__(self, networks: tuple[str, ...]) -> None:
        self._networks = [ip_network(text, strict=False) for text in networks]
        self._known: dict[str, bool] = {}

    def __contains__(self, host: str) -> bool:
        known = self._known.get(host)
        if known is None:
            if len(self._known) > 1000:
                self._known.clear()
            known = self._known[host] = self._holds(host)
        return known

    def _holds(self, host: str) -> bool:
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)
