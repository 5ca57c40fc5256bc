"""Recipients expanded to the people behind them. *Pure.*

Lists may nest, repeat and contain each other; every person comes out once, in the order first met. A list behind which
nobody is found counts as one member under its own address, as does an address nobody knows.
"""

from collections.abc import Sequence

from gateway.directory.people import Roster
from gateway.mail.audience import Audience


def expand(roster: Roster, addresses: Sequence[str]) -> Audience:
    """The audience of these addresses."""
    lists: dict[str, None] = {}
    members: dict[str, None] = {}
    for address in addresses:
        met = _behind(roster, roster.known(address), lists)
        members.update(met or {roster.known(address): None})
    return Audience(
        people=tuple(roster.people[key] for key in members if key in roster.people),
        lists=tuple(lists),
        unresolved=tuple(key for key in members if key not in roster.people),
    )


def _behind(roster: Roster, start: str, lists: dict[str, None]) -> dict[str, None]:
    """Members reached from one address, in order; the lists passed through are noted in `lists`. No recursion: a
    directory may nest deeper than Python's stack."""
    members: dict[str, None] = {}
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        key = waiting.pop()
        if key in seen:
            continue
        seen.add(key)
        inside = roster.lists.get(key)
        if inside is not None:
            lists[key] = None
        if inside:
            waiting.extend(roster.known(member) for member in reversed(inside))
        else:
            members[key] = None
    return members
