"""Directories that stand in memory: one given as a mapping, and the one of a site that has none. *Pure.*"""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.directory.entries import EMPLOYED
from gateway.directory.expand import expand
from gateway.directory.people import Roster, reports_of
from gateway.mail.address import address as parsed
from gateway.mail.audience import Audience, Person


class Fixed:
    """`ports.Directory` on a roster that does not change."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> "Fixed":
        """From `{"lists": {address: [members]}, "people": {address: {"employment", "manager", "aliases"?,
        "language"?}}}`, the form of scenario files; taken as it is, only spelling is evened out."""
        people = data.get("people") or {}
        aliases = {
            parsed(alias).key: parsed(owner).key
            for owner, facts in people.items()
            for alias in (facts or {}).get("aliases") or ()
        }
        persons = {parsed(own).key: _person(own, facts or {}, aliases) for own, facts in people.items()}
        lists = {
            parsed(own).key: tuple(parsed(member).key for member in members)
            for own, members in (data.get("lists") or {}).items()
        }
        return cls(Roster(people=persons, lists=lists, aliases=aliases, reports=reports_of(persons)))

    async def expand(self, addresses: Sequence[str]) -> Audience:
        """See the port."""
        return expand(self._roster, addresses)

    async def person(self, address: str) -> Person | None:
        """See the port."""
        return self._roster.person(address)

    async def team(self, address: str) -> frozenset[str]:
        """See the port."""
        return self._roster.team(address)

    async def addresses(self, address: str) -> frozenset[str]:
        """See the port."""
        return self._roster.addresses(address)


class EmptyDirectory(Fixed):
    """No directory: each address counts as one member, unresolved."""

    def __init__(self) -> None:
        super().__init__(Roster())


def _person(own: str, facts: Mapping[str, Any], aliases: Mapping[str, str]) -> Person:
    manager = parsed(facts.get("manager") or "").key
    return Person(
        address=parsed(own).key,
        employment=facts.get("employment") or EMPLOYED[0],
        manager=aliases.get(manager, manager),
        language=facts.get("language") or "",
        unit=facts.get("unit") or "",
        tags=tuple(facts.get("tags") or ()),
    )
