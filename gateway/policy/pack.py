"""A pack: a policy as data, with its name, version, digest and rules. *Pure.*"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.policy.detector import Detector
from gateway.policy.labels import Favour, Label, Mode
from gateway.policy.opinion import Thresholds

ASKED_BEFORE = "asked-before"  # the rule of every pack that fires on memory, not on text


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A source for an explanation: never "illegal", always where it stands, and when counsel checked it."""

    title: str
    where: str
    checked_on: str = ""  # ISO date; "": not checked by counsel yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as people see it. `why` and `advice` speak to the sender; `fix` is a replacement sentence that passes
    ("" where only removal helps)."""

    id: str
    title: str
    label: Label
    mode: Mode
    why: str
    advice: str
    status: str = "stable"  # experimental, test, stable, deprecated
    favour: Favour | None = None
    fix: str = ""
    references: tuple[Reference, ...] = ()
    false_alarms: tuple[str, ...] = ()
    override: str = "none"  # who may let a mail through against this rule: nobody but compliance


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
