"""One ask of one or two favours, put to the people of one mail. *Pure.*"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.policy.labels import Favour


class AskState(StrEnum):
    """RESERVED before relaying, CONFIRMED by the next hop's 250, CANCELLED by its refusal."""

    RESERVED = "reserved"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class AskKey:
    """What is remembered: this favour was asked of this person (address key)."""

    favour: Favour
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """`fingerprint` is the same for every transmission of one mail; `at` when it was reserved, then delivered."""

    id: str
    keys: frozenset[AskKey]
    asker: str
    fingerprint: str
    at: datetime
    state: AskState = AskState.RESERVED
    subject: str = ""
