"""An audit that keeps its events in a list: for simulations, checks and tests. *Pure.*"""

from gateway.audit.events import AuditEvent


class MemoryAudit:
    """Implements `ports.Audit`; `events` in the order in which they came."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []

    async def record(self, event: AuditEvent) -> None:
        """As durable as memory is."""
        self.events.append(event)

    def note(self, event: AuditEvent) -> None:
        """Keeps the order."""
        self.events.append(event)
