"""A pack: a policy as data, with its name, version, digest and rules. *Pure.*"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from gateway.policy.detector import Detector
from gateway.policy.labels import Favour, Label, Mode
from gateway.policy.opinion import Thresholds

Override = Literal["none", "justify", "acknowledge"]
_LEAST_FREE: tuple[Override, ...] = ("none", "justify", "acknowledge")
ASKED_BEFORE = "asked-before"  # the rule of every pack that fires on memory, not on text


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A source for an explanation: never "illegal", always where it stands, since when, and when counsel checked it."""

    title: str
    where: str
    since: str = ""  # ISO date from which it stands as quoted; "": it names none
    checked_on: str = ""  # ISO date; "": not checked by counsel yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A rule's words for people, in one language; `fix`: its replacement sentence for mails written in it."""

    title: str
    why: str
    advice: str
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as people see it. `why` and `advice` speak to the sender; `fix` is a replacement sentence that passes
    ("" where only removal helps). `tellings`: all of these by language tag, for those who read or write another
    language."""

    id: str
    title: str
    label: Label
    mode: Mode
    why: str
    advice: str
    status: str = "stable"  # see `packs.MOST`
    favour: Favour | None = None
    fix: str = ""
    references: tuple[Reference, ...] = ()
    false_alarms: tuple[str, ...] = ()
    override: Override = "none"  # whether its sender may send a mail against this rule all the same
    tellings: Mapping[str, Telling] = field(default_factory=dict)

    def telling(self, language: str) -> Telling:
        """Title, why and advice in this language (a first subtag); the pack's own words where it has none."""
        own = Telling(title=self.title, why=self.why, advice=self.advice, fix=self.fix)
        return self.tellings.get(language) or own

    def fix_in(self, language: str) -> str:
        """The replacement for a sentence of a mail in this language; the pack's own where it has none."""
        return self.telling(language).fix or self.fix

    @property
    def fixes(self) -> tuple[str, ...]:
        """The replacements in all languages."""
        every = (self.fix, *(telling.fix for telling in self.tellings.values()))
        return tuple(dict.fromkeys(filter(None, every)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """`rules` by id, modes already as the site set them. `detector`: how the rules read; None reads nothing.
    `opinion`: what the second opinion may do."""

    name: str
    version: str
    digest: str
    rules: Mapping[str, Rule] = field(default_factory=dict)
    detector: Detector | None = field(default=None, compare=False, repr=False)
    opinion: Thresholds = field(default_factory=Thresholds)

    @property
    def identity(self) -> str:
        """Name, version and digest: what the audit keeps."""
        return f"{self.name} {self.version} sha256:{self.digest}"

    def override(self, rules: Iterable[str]) -> Override:
        """Whether a mail that these rules stop may go out by its sender's own word: "none" (compliance alone decides),
        "justify" (with a reason on record) or "acknowledge" (once they confirmed that they read why). The strictest
        rule counts; a rule that is not of this pack lets nobody."""
        found = [self.rules[rule].override if rule in self.rules else "none" for rule in rules]
        return min(found, key=_LEAST_FREE.index, default="none")
