"""The people behind a mail's recipients. *Pure.*"""

from dataclasses import dataclass

_ENGAGED = ("contractor", "freelanc", "consultant", "agency", "external", "temporary", "vendor", "self-employ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person of the directory: `address` is the key form; `employment` such as "employee", "contractor",
    "freelancer"; `manager` the manager's key or ""; `language` such as "en" or ""; `unit` and `tags` as the directory
    has them, for exceptions."""

    address: str
    employment: str = "employee"
    manager: str = ""
    language: str = ""
    unit: str = ""
    tags: tuple[str, ...] = ()

    @property
    def contractor(self) -> bool:
        """True for those who work for the organisation without being on its payroll."""
        word = self.employment.casefold()
        return any(stem in word for stem in _ENGAGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """`people`: every internal person reached, lists expanded, each once; `lists`: internal list addresses met;
    `unresolved`: internal addresses that are neither a known person nor a known list (each counts as one member)."""

    people: tuple[Person, ...] = ()
    lists: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Address keys of all members, people first."""
        return tuple(person.address for person in self.people) + self.unresolved
