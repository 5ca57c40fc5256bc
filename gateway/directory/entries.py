"""A directory file's entries, checked and made into a roster; the same checks for every file format. *Pure.*

An address belongs to one person or one list, in any spelling; whatever contradicts that is refused with its place.
Managers and list members need not be in the file: they may be outside, or elsewhere.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from email_validator import EmailNotValidError, validate_email

from gateway.directory.people import Roster, reports_of
from gateway.errors import UserError
from gateway.mail.address import address as parsed
from gateway.mail.audience import Person

EMPLOYED = ("employee", "staff", "permanent", "fixed-term", "part-time", "apprentice", "trainee", "intern", "volunteer")
ENGAGED = ("contractor", "freelancer", "consultant", "agency", "external", "temporary", "vendor", "self-employed")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonEntry:
    """A person as written; `where` is file, line and key for whoever must correct it."""

    where: str
    address: str
    employment: str = ""
    manager: str = ""
    aliases: tuple[str, ...] = ()
    language: str = ""
    unit: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """A list, or some of its members, as written; several entries of one list add up."""

    where: str
    address: str
    members: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


def roster(people: Iterable[PersonEntry], lists: Iterable[ListEntry]) -> Roster:
    """The roster of these entries. Raises UserError naming the entry's place and what to do."""
    owners = _Owners()
    persons = {}
    for entry in people:
        person = _person(entry)
        owners.claim(person.address, person.address, entry.where, f"person {person.address}")
        persons[person.address] = person
        for alias in entry.aliases:
            owners.claim(_key(alias, entry.where), person.address, entry.where, f"person {person.address}")
    members = _lists(lists, owners)
    aliases = {key: own for key, own in owners.own.items() if key != own}
    persons = {key: _led_by(person, aliases) for key, person in persons.items()}
    return Roster(people=persons, lists=members, aliases=aliases, reports=reports_of(persons))


def _lists(entries: Iterable[ListEntry], owners: "_Owners") -> dict[str, tuple[str, ...]]:
    members: dict[str, dict[str, None]] = {}
    for entry in entries:
        key = _key(entry.address, entry.where)
        if key not in members:
            owners.claim(key, key, entry.where, f"list {key}")
        for alias in entry.aliases:
            owners.claim(_key(alias, entry.where), key, entry.where, f"list {key}")
        known = members.setdefault(key, {})
        known.update(dict.fromkeys(_key(member, entry.where) for member in entry.members))
    return {key: tuple(known) for key, known in members.items()}


class _Owners:
    """Whose each address is, and where that was said."""

    def __init__(self) -> None:
        self.own: dict[str, str] = {}
        self._said: dict[str, str] = {}

    def claim(self, key: str, owner: str, where: str, who: str) -> None:
        if key in self.own:
            raise UserError(
                f'"{key}" is there twice: {self._said[key]} has it already',
                where=where,
                todo="An address belongs to one person or one list; remove one of the two",
            )
        self.own[key] = owner
        self._said[key] = who


def _person(entry: PersonEntry) -> Person:
    language = entry.language.strip()
    if language and not _LANGUAGE.fullmatch(language):
        raise UserError(f'"{language}" is not a language', where=entry.where, todo='Write it like "en" or "pt-BR"')
    return Person(
        address=_key(entry.address, entry.where),
        employment=_employment(entry),
        manager=_key(entry.manager, entry.where) if entry.manager.strip() else "",
        language=language,
        unit=entry.unit.strip(),
        tags=tuple(dict.fromkeys(tag.strip() for tag in entry.tags if tag.strip())),
    )


def _employment(entry: PersonEntry) -> str:
    """A misspelt "employee" would count as a contractor, so only words we know are taken."""
    word = entry.employment.strip().casefold() or EMPLOYED[0]
    if word not in (*EMPLOYED, *ENGAGED):
        todo = f"Write {', '.join(EMPLOYED)} for the payroll, or {', '.join(ENGAGED)}"
        raise UserError(f'"{entry.employment}" is not an employment', where=entry.where, todo=todo)
    return word


def _led_by(person: Person, aliases: dict[str, str]) -> Person:
    manager = aliases.get(person.manager, person.manager)
    if manager == person.manager:
        return person
    return replace(person, manager=manager)


def _key(text: str, where: str) -> str:
    """The key of an address that any mail server could take: internal names such as "corp.local" are fine."""
    try:
        validate_email(
            text.strip(),
            check_deliverability=False,
            globally_deliverable=False,
            allow_quoted_local=True,
            allow_domain_literal=True,
        )
    except EmailNotValidError as error:
        raise UserError(f'"{text}" is not an address', where=where, todo=str(error)) from None
    return parsed(text).key
