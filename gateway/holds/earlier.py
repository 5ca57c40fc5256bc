"""What others asked before, as the sender of a held mail is told it: that they did, never who or when. *Pure.*

The notice and the pages say the same sentence; one's own ask each tells with its date.
"""

from gateway.language.catalogue import Catalogue


def others_asked(window_days: int, say: Catalogue, *, besides: bool) -> str:
    """One sentence; `besides`: it stands beside the reader's own ask."""
    if besides:
        said = say.ngettext(
            "Others asked at least one person on this mail for the same favour in the last day.",
            "Others asked at least one person on this mail for the same favour in the last {number} days.",
            window_days,
        )
    else:
        said = say.ngettext(
            "Somebody else in your organisation asked at least one person on this mail for the same favour in the last"
            " day.",
            "Somebody else in your organisation asked at least one person on this mail for the same favour in the last"
            " {number} days.",
            window_days,
        )
    return said.format(number=say.number(window_days))
