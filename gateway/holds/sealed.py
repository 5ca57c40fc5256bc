"""Whether a mail can be edited at all. *Pure.*"""

from gateway.holds.revision import NotEditable, editable_text, revise


def why_sealed(raw: bytes) -> str:
    """Why no words of this mail can be changed (it is signed, encrypted, has no text), one plain sentence; "" where
    they can."""
    other = "..." if editable_text(raw) == "." else "."
    try:
        revise(raw, other)
    except NotEditable as error:
        return error.reason
    return ""
