"""One person at the page of one held mail: which mail, at which address, in which language, which form. *Pure.*"""

from dataclasses import dataclass, field

from gateway.holds.hold import HeldMail
from gateway.web.typed import Form
from gateway.web.voice import Voice


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """`here`: the page's address, without a query; `form`: what was posted, nothing on a look."""

    held: HeldMail
    here: str
    voice: Voice
    form: Form = field(default_factory=dict)
