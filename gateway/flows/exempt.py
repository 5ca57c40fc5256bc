"""Which exceptions count for one mail: who its sender and readers are, as the directory has them.

Asked only for mail in which a rule finds something, and only where the site has exceptions. IO: the directory and the
clock, through ports.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.mail.audience import Audience, Person
from gateway.ports import House

if TYPE_CHECKING:
    from gateway.policy.exceptions import Exemption, Party


async def exemptions_here(house: House, *, sender: str, audience: Audience) -> "tuple[Exemption, ...]":
    """The exceptions that count for a mail of this sender (an address key) to these people, today."""
    today = house.clock().date()
    live = [one for one in house.exemptions if not one.expired(today)]
    if not live:
        return ()
    # Imported here, by sites that have exceptions: others do without what reads their file.
    from gateway.policy.exceptions import here

    groups = {key: await _members(house, key) for key in sorted({key for one in live for key in one.group_keys})}
    person = await house.directory.person(sender)
    readers = [_party(one.address, one, groups) for one in audience.people]
    readers += [_party(key, None, groups) for key in audience.unresolved]
    others = [reader for reader in readers if reader.address != sender]
    return here(live, sender=_party(sender, person, groups), readers=others, today=today)


async def _members(house: House, group: str) -> frozenset[str]:
    return frozenset((await house.directory.expand([group])).keys)


def _party(key: str, person: Person | None, groups: dict[str, frozenset[str]]) -> "Party":
    from gateway.policy.exceptions import Party

    own = person.address if person else key
    return Party(
        address=own,
        unit=person.unit.casefold() if person else "",
        tags=frozenset(tag.casefold() for tag in person.tags) if person else frozenset(),
        groups=frozenset(group for group, members in groups.items() if own in members or own == group),
    )


def covered(exemptions: "Sequence[Exemption]", rule: str) -> tuple[str, ...]:
    """Ids of those that are about this rule."""
    return tuple(one.id for one in exemptions if one.covers(rule))
