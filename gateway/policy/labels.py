"""The words of the policy: labels, favours, modes, and which label is shown when several fit. *Pure.*"""

from enum import StrEnum


class Label(StrEnum):
    """What a mail does to its readers. Holding labels first, in the order in which one is shown."""

    ACCOUNT_ACCESS = "account-access"
    DEMAND = "demand"
    CALL_OUT = "call-out"
    COMPLIANCE_CHECK = "compliance-check"
    REPEAT_ASK = "repeat-ask"
    PUBLIC_PRAISE = "public-praise"
    CONTRACTOR_RULE = "contractor-rule"
    FIRST_ASK = "first-ask"
    PRIVATE_THANKS = "private-thanks"
    RESOURCE_OFFER = "resource-offer"
    WORK_HOURS_RULE = "work-hours-rule"
    OTHER = "other"

    @property
    def holding(self) -> bool:
        """True for the labels whose verdict is hold under every pack."""
        return self in HOLDING


HOLDING = frozenset(
    {
        Label.ACCOUNT_ACCESS,
        Label.DEMAND,
        Label.CALL_OUT,
        Label.COMPLIANCE_CHECK,
        Label.REPEAT_ASK,
        Label.PUBLIC_PRAISE,
        Label.CONTRACTOR_RULE,
    }
)
SHOWN_FIRST = {label: place for place, label in enumerate(Label)}


class Favour(StrEnum):
    """A use of a personal account for the organisation; each kind has its own allowance."""

    PROFILE_CHANGE = "profile-change"
    PROMOTION = "promotion"


class Mode(StrEnum):
    """What a rule that fires may do; later is stricter. `advise`: the mail goes out, and its sender gets a friendly
    note."""

    OFF = "off"
    MONITOR = "monitor"
    TAG = "tag"
    ADVISE = "advise"
    HOLD = "hold"
    REJECT = "reject"


STRICTNESS = {mode: place for place, mode in enumerate(Mode)}
