"""What we do with a mail, decided from what it says and what was asked before. *Pure.*

The whole mail has one disposition; the strictest rule wins.
"""

from dataclasses import dataclass
from typing import TypeAlias

from gateway.asks.history import AskHistory
from gateway.policy.labels import Favour, Label, Mode
from gateway.policy.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Pass it on; `tags` are the rule ids to name in a header line on top (mode `tag`)."""

    tags: tuple[str, ...] = ()
    name: str = "relay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advise:
    """Pass it on and tell the sender, kindly, what would be better next time: the artwork, or what a rule advises."""

    tags: tuple[str, ...] = ()
    name: str = "advise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Keep it and tell the sender why; `label` is the strictest reason."""

    label: Label
    name: str = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """Refuse it at end of data, permanently."""

    label: Label
    name: str = "reject"


Disposition: TypeAlias = Relay | Advise | Hold | Reject


def decide(verdict: Verdict, history: AskHistory, *, repeat_mode: Mode = Mode.HOLD) -> Disposition:
    """The disposition of one mail; `repeat_mode` is the mode of the pack's rule for repeats found by memory."""
    mode = verdict.mode
    if history.repeated and _stricter(repeat_mode, mode):
        mode = repeat_mode
    label = Label.REPEAT_ASK if history.repeated and not verdict.label.holding else verdict.label
    if mode is Mode.REJECT:
        return Reject(label=label)
    if mode is Mode.HOLD:
        return Hold(label=label)
    tags = tuple(finding.rule_id for finding in verdict.findings if finding.mode is Mode.TAG)
    if mode is Mode.ADVISE:
        return Advise(tags=tags)
    wants_artwork = Favour.PROFILE_CHANGE in verdict.favours and not verdict.artwork
    return Advise(tags=tags) if wants_artwork else Relay(tags=tags)


def _stricter(one: Mode, other: Mode) -> bool:
    order = list(Mode)
    return order.index(one) > order.index(other)
