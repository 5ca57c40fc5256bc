"""Whose held mail a signed-in person may see and act on: their own, and that of senders who name them as a delegate.

Addresses are compared as everywhere (`mail.address`), and one person's addresses count as one where the directory
knows them. IO: the directory, through its port.
"""

from dataclasses import dataclass

from gateway.holds.hold import HeldMail
from gateway.mail.address import address as parsed
from gateway.ports import House

# Kinds of actor, as the history and the audit write them before ":ADDRESS"; "sender" alone came by the link.
SENDER, DELEGATE, BEARER = PERSONS = "sender", "delegate", "bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A signed-in person: the `address` (a key) that was vouched for, all their `own` addresses, and the addresses they
    act for."""

    address: str
    own: frozenset[str]
    acts_for: frozenset[str] = frozenset()

    def actor(self, held: HeldMail) -> str:
        """Under which name they act on this mail, "" when they may not."""
        if held.sender in self.own:
            return f"{SENDER}:{self.address}"
        return f"{DELEGATE}:{self.address}" if held.sender in self.acts_for else ""

    @property
    def as_bearer(self) -> str:
        """The name of one who has another's link, where the link alone is enough."""
        return f"{BEARER}:{self.address}"


async def standing(house: House, address: str) -> Standing:
    """What this address may do today: settings and directory are asked anew each time."""
    own = await house.directory.addresses(address)
    acts_for: set[str] = set()
    for sender, delegates in house.settings.sign_in.delegates.items():
        if own & {parsed(one).key for one in delegates}:
            acts_for |= await house.directory.addresses(sender)
    return Standing(address=address, own=own, acts_for=frozenset(acts_for) - own)


def kind(actor: str) -> str:
    """ "sender", "delegate", "bearer", "compliance", …"""
    return actor.partition(":")[0]
