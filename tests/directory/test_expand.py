"""Expansion ends, and gives each member once, for every directory there can be."""

import time

from hypothesis import given
from hypothesis import strategies as some

from gateway.directory.expand import expand
from gateway.directory.people import Roster
from gateway.mail.audience import Person

NAMES = some.sampled_from([f"{letter}@x.example" for letter in "abcdefgh"])
GRAPHS = some.dictionaries(NAMES, some.lists(NAMES, max_size=5).map(tuple), max_size=8)


@given(GRAPHS, some.sets(NAMES), some.lists(NAMES, max_size=4))
def test_everybody_reachable_is_there_once(
    lists: dict[str, tuple[str, ...]], people: set[str], addresses: list[str]
) -> None:
    """Members are exactly the ends of all paths through the lists, and nobody written to is lost."""
    persons = {key: Person(address=key) for key in people - lists.keys()}
    audience = expand(Roster(people=persons, lists=lists), addresses)
    assert len(set(audience.keys)) == len(audience.keys)
    assert {person.address for person in audience.people} <= persons.keys()
    assert not persons.keys() & set(audience.unresolved)
    for address in addresses:
        reached = _reach(lists, address)
        ends = {key for key in reached if not lists.get(key)} or {address}
        assert ends <= set(audience.keys)
        assert reached & lists.keys() <= set(audience.lists)
    everywhere = set(addresses).union(*(_reach(lists, address) for address in addresses))
    assert set(audience.keys) <= everywhere


def _reach(lists: dict[str, tuple[str, ...]], start: str) -> set[str]:
    found = {start}
    while True:
        more = found.union(*(lists.get(key, ()) for key in found))
        if more == found:
            return found
        found = more


def test_deep_nesting_is_no_recursion() -> None:
    """A chain of 50,000 lists is followed to its end, in linear time."""
    lists = {f"l{number}@x.example": (f"l{number + 1}@x.example",) for number in range(50_000)}
    began = time.monotonic()
    assert expand(Roster(lists=lists), ["l0@x.example"]).unresolved == ("l50000@x.example",)
    assert time.monotonic() - began < 5
