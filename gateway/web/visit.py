"""One person at the page of one held mail: which mail, as whom, where, in which language, with which form. *Pure.*"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gateway.holds.hold import EarlierAsk, HeldMail
from gateway.web.standing import DELEGATE, SENDER, kind
from gateway.web.typed import Form
from gateway.web.voice import Voice


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """`actor` goes into history and audit; `here`: the page's address, without a query; `key` signs the forms; `form`:
    what was posted, nothing on a look; `by_link`: the address holds the secret."""

    held: HeldMail
    actor: str
    here: str
    key: bytes = field(repr=False)
    voice: Voice
    form: Form = field(default_factory=dict)
    by_link: bool = False

    @property
    def acting_for(self) -> str:
        """Whose mail it is, where a delegate acts on it; else ""."""
        return self.held.sender if kind(self.actor) == DELEGATE else ""

    def may_know(self, earlier: Sequence[EarlierAsk]) -> tuple[EarlierAsk, ...]:
        """What memory found, as this person may see it: whose ask it was is for the one who asked alone."""
        if kind(self.actor) == SENDER:
            return tuple(earlier)
        return tuple(replace(ask, asker="", subject="") for ask in earlier)
