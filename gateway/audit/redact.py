"""What may stand in the audit, and in which form: the one place to change when addresses become pseudonyms.

No body, password or token is ever part of an event. Addresses are stored as they are. Free text (a reply of the next
hop, a note somebody typed, a sentence of the mail) may quote the secret link of a notice or a credential: these are
cut out. *Pure.*
"""

from gateway.log import without_secrets


def address(text: str) -> str:
    """An address as the audit keeps it."""
    return text


def free_text(text: str) -> str:
    """Words that others chose, without secret links and credentials."""
    return without_secrets(text)
