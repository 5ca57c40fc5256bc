"""What the judge found, and on which scene it judged. *Pure.*"""

from dataclasses import dataclass

from gateway.policy.labels import SHOWN_FIRST, STRICTNESS, Favour, Label, Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The circumstances a text is judged in. `recipients`: internal addresses as written on the envelope;
    `people`: how many people that is, lists expanded; `lists`: one of the addresses is a known list;
    `contractors`: how many of them are not on the payroll; `sender`: the author's address key."""

    recipients: tuple[str, ...] = ()
    people: int = 1
    lists: bool = False
    contractors: int = 0
    sender: str = ""

    @property
    def several(self) -> bool:
        """Whether more than one person reads it, as far as envelope and directory tell."""
        return self.people > 1 or (len(self.recipients) > 1 and not self.lists)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule that fired. `start`/`end` are offsets in `MessageText.text` (-1, -1: the subject line); `sentence` the
    sender's words there; `because` one plain sentence for the sender; `favour` may be None (access, work hours).
    `sure`: the second opinion's probability where no rule but it alone finds this, else 0."""

    rule_id: str
    label: Label
    mode: Mode
    start: int
    end: int
    sentence: str
    because: str
    favour: Favour | None = None
    sure: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement on one text, without memory. `label` is the one shown, `labels` all that fit; `favours` what is
    asked for by an ask that text alone allows (first-ask); `artwork`: the asked-for thing is attached or linked."""

    label: Label
    labels: tuple[Label, ...]
    findings: tuple[Finding, ...]
    favours: frozenset[Favour]
    artwork: bool
    pack: str  # "ask-once 1.0.0 sha256:…": name, version and digest
    gated: bool = False  # True: nothing relevant in it, no rule was run

    @property
    def mode(self) -> Mode:
        """The strictest mode of the rules that fired on holding grounds; OFF when none did."""
        modes = [finding.mode for finding in self.findings if finding.mode is not Mode.OFF]
        return max(modes, key=STRICTNESS.__getitem__, default=Mode.OFF)


def shown(labels: frozenset[Label]) -> Label:
    """The label to show when several fit (product: account-access first, other last)."""
    return min(labels, key=SHOWN_FIRST.__getitem__, default=Label.OTHER)
