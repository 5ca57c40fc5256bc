"""What stands in the forms of the review page, as it was typed or as the mail came in. *Pure.*"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.holds.hold import HeldMail
from gateway.web.forms import MAX_REASON, MAX_SUBJECT, body_text, one_line
from gateway.web.held_text import HeldText

Form = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """`reason` of a dispute; `why` it should go out all the same."""

    subject: str
    text: str
    reason: str = ""
    why: str = ""
    off: frozenset[int] = frozenset()  # numbers of the recipients it shall not go to


def typed(form: Form, held: HeldMail, mail: HeldText) -> Typed:
    """What stands in the boxes; what was not sent along stays as it was held."""
    subject, text = form.get("subject"), form.get("text")
    return Typed(
        subject=held.subject if subject is None else one_line(subject, MAX_SUBJECT),
        text=(mail.own or "") if text is None else body_text(text),
        reason=form.get("reason", "")[:MAX_REASON],
        why=form.get("why", "")[:MAX_REASON],
        off=_off(form, len(held.rcpt_to)),
    )


def _off(form: Form, recipients: int) -> frozenset[int]:
    """Recipients taken off: ticked boxes of the form, or their numbers with commas as the script sends them."""
    named = form.get("off", "").split(",")
    return frozenset(
        number for number in range(recipients) if form.get(f"off-{number}") == "yes" or str(number) in named
    )
