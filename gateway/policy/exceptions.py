"""Exceptions: who is left out of a rule, why, and until when. They are objects of their own, never edits to rules.

    [[exception]]
    id = "press-office"
    reason = "Posts in the company's name are their work; agreed with the works council on 3 March 2026."
    expires = 2026-12-31                  # the last day it counts
    rules = ["first-ask", "asked-before"] # left out: all rules
    who = "senders"                       # or "readers": every one of them
    units = ["Communications"]
    groups = ["press@acme.example"]       # members of a list, however nested
    addresses = ["mira@acme.example"]
    domains = ["studio.acme.example"]
    tags = ["spokesperson"]

Whoever fits one of the five is left out. What a rule finds is still found and recorded; it only stops nothing. An
expired exception is ignored. *IO*: `read` reads the file it is given; everything else is *pure*.
"""

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from gateway.errors import UserError
from gateway.mail.address import address, domain_key
from gateway.policy.files import Identifier, Text
from gateway.policy.labels import Mode
from gateway.policy.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A sender or reader as exceptions see them; `groups` are keys of the lists that hold them, of those that an
    exception names; unit and tags in lower case."""

    address: str
    unit: str = ""
    tags: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


class Exemption(BaseModel):
    """One exception."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Identifier
    reason: Text
    expires: date
    rules: tuple[str, ...] = ()
    who: Literal["senders", "readers"] = "senders"
    units: tuple[Text, ...] = ()
    groups: tuple[Text, ...] = ()
    addresses: tuple[Text, ...] = ()
    domains: tuple[Text, ...] = ()
    tags: tuple[Text, ...] = ()

    @field_validator("expires", mode="before")
    @classmethod
    def _a_day(cls, value: object) -> object:
        if isinstance(value, datetime) or not isinstance(value, date | str):
            raise ValueError("must be a day such as 2026-12-31")
        return value

    @model_validator(mode="after")
    def _for_somebody(self) -> Self:
        if not (self.units or self.groups or self.addresses or self.domains or self.tags):
            raise ValueError("says for nobody: give units, groups, addresses, domains or tags")
        return self

    def covers(self, rule: str) -> bool:
        """True when it is about this rule."""
        return not self.rules or rule in self.rules

    def fits(self, party: Party) -> bool:
        """True when this person is left out."""
        domain = party.address.rpartition("@")[2]
        return (
            party.address in {address(one).key for one in self.addresses}
            or any(_within(domain, wanted) for wanted in self.domains)
            or bool(party.groups & self.group_keys)
            or (bool(party.unit) and party.unit in {one.casefold() for one in self.units})
            or bool(party.tags & {one.casefold() for one in self.tags})
        )

    @property
    def group_keys(self) -> frozenset[str]:
        """The groups as addresses are compared."""
        return frozenset(address(one).key for one in self.groups)

    def expired(self, today: date) -> bool:
        """True from the day after `expires`."""
        return today > self.expires


class ExemptionsFile(BaseModel):
    """`exceptions.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exception: Annotated[tuple[Exemption, ...], Field(default=())]


def read(path: Path, rules: Collection[str]) -> tuple[Exemption, ...]:
    """The exceptions in a file; `rules` are the ids there are. Raises UserError with file and key."""
    try:
        found = ExemptionsFile.model_validate(tomllib.loads(path.read_text("utf-8"))).exception
    except OSError as error:
        raise UserError(error.strerror or "cannot be read", where=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"not valid TOML: {error}", where=str(path)) from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        what = "there is no such key" if first["type"] == "extra_forbidden" else first["msg"]
        raise UserError(what.removeprefix("Value error, ").lower(), where=f"{path}: {key}") from None
    _checked(found, rules, path)
    return found


def _checked(found: Sequence[Exemption], rules: Collection[str], path: Path) -> None:
    ids: set[str] = set()
    for number, one in enumerate(found):
        where = f"{path}: exception.{number}"
        if one.id in ids:
            raise UserError(f'the exception "{one.id}" is there twice', where=f"{where}.id")
        ids.add(one.id)
        for rule in one.rules:
            if rule not in rules:
                todo = f"Its rules: {', '.join(sorted(rules))}"
                raise UserError(f'the pack has no rule "{rule}"', where=f"{where}.rules", todo=todo)


def here(
    exemptions: Sequence[Exemption], *, sender: Party, readers: Sequence[Party], today: date
) -> tuple[Exemption, ...]:
    """Those that count for a mail from this sender to these readers, today."""
    return tuple(one for one in exemptions if not one.expired(today) and _fits(one, sender, readers))


def excused(verdict: Verdict, exemptions: Sequence[Exemption]) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict when these exceptions count: what they cover stops nothing any more. And the ids of those that made
    a difference."""
    used: dict[str, None] = {}
    findings = []
    for finding in verdict.findings:
        by = [one.id for one in exemptions if one.covers(finding.rule_id)]
        if by and finding.mode is not Mode.OFF:
            used.update(dict.fromkeys(by))
            finding = replace(finding, mode=Mode.OFF)
        findings.append(finding)
    return replace(verdict, findings=tuple(findings)) if used else verdict, tuple(used)


def _fits(one: Exemption, sender: Party, readers: Sequence[Party]) -> bool:
    if one.who == "senders":
        return one.fits(sender)
    return bool(readers) and all(one.fits(reader) for reader in readers)


def _within(domain: str, wanted: str) -> bool:
    """True for that domain; "*.acme.example" covers its subdomains."""
    if wanted.startswith("*."):
        return domain.endswith(f".{domain_key(wanted[2:])}")
    return bool(domain) and domain == domain_key(wanted)
