"""One person at the page of one held mail: which mail, at which address, with which form filled in. *Pure.*"""

from dataclasses import dataclass, field

from gateway.holds.hold import HeldMail
from gateway.web.typed import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """`here`: the page's address, without a query; `form`: what was posted, nothing on a look."""

    held: HeldMail
    here: str
    form: Form = field(default_factory=dict)
