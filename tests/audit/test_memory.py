"""The audit that is a list."""

from gateway.audit.memory import MemoryAudit
from gateway.ports import Audit
from tests.audit.samples import outcome, verdict


async def test_events_are_kept_in_order() -> None:
    """Records and notes stand in the list in the order in which they came."""
    memory = MemoryAudit()
    audit: Audit = memory
    await audit.record(verdict("a"))
    audit.note(outcome("a"))
    await audit.record(verdict("b"))
    assert memory.events == [verdict("a"), outcome("a"), verdict("b")]
