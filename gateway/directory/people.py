"""Who is known: people, lists and every address they answer to, as one value. *Pure.*

All addresses are key forms (`mail.address`). An alias is another address of a person or list; `user+tag@` is `user@`
where only the latter is known (subaddressing, RFC 5233).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.mail.address import address as parsed
from gateway.mail.audience import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """`people` by their own key; `lists`: members of each list as they were written, as keys; `aliases`: further
    address to own key, of a person or a list; `reports`: manager's key to the people who name that manager."""

    people: Mapping[str, Person] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    reports: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def known(self, address: str) -> str:
        """The own key of the person or list behind an address; the address's key itself when nobody is known there."""
        mailbox = parsed(address)
        found = self._own(mailbox.key)
        if found:
            return found
        user, tagged, _ = mailbox.key.partition("+")
        bare = f"{user}@{mailbox.key.rpartition('@')[2]}"
        return (self._own(bare) if tagged and user else "") or mailbox.key

    def _own(self, key: str) -> str:
        own = self.aliases.get(key, key)
        return own if own in self.people or own in self.lists else ""

    def person(self, address: str) -> Person | None:
        """The person behind any of their addresses."""
        return self.people.get(self.known(address))

    def addresses(self, address: str) -> frozenset[str]:
        """Keys of all addresses of the person who has exactly this one; else just its key."""
        key = parsed(address).key
        own = self.aliases.get(key, key)
        if own not in self.people:
            return frozenset({key})
        return frozenset({own, *(alias for alias, owner in self.aliases.items() if owner == own)})

    def team(self, address: str) -> frozenset[str]:
        """Keys of this person, those with the same manager, that manager, and this person's reports."""
        own = self.known(address)
        person = self.people.get(own)
        circle = {own} | self.reports.get(own, frozenset())
        if person and person.manager:
            circle |= {person.manager} | self.reports.get(person.manager, frozenset())
        return frozenset(circle)


def reports_of(people: Mapping[str, Person]) -> dict[str, frozenset[str]]:
    """Who reports to whom, from the people's own managers."""
    found: dict[str, set[str]] = {}
    for key, person in people.items():
        if person.manager:
            found.setdefault(person.manager, set()).add(key)
    return {manager: frozenset(reports) for manager, reports in found.items()}
