"""What may stand in the audit, and in which form: the one place to change when addresses become pseudonyms.

No body, password or token is ever part of an event. Addresses are stored as they are. Free text (a reply of the next
hop, a note somebody typed, a sentence of the mail) may quote the secret link of a notice or a credential: these are
cut out. *Pure.*
"""

import re

HIDDEN = "[redacted]"
_LINK = re.compile(r"(/h/)[A-Za-z0-9_-]{8,}")  # the path of a notice's link; see gateway.holds.link
_CREDENTIAL = re.compile(
    r"(?i)(\bauth[ ]+(?:plain|login|xoauth2|oauthbearer|cram-md5)[ ]+|\bauthorization[ ]*:[ ]*(?:[a-z]+[ ]+)?"
    r"|\b(?:password|passwd|token|secret|api_?key)[ ]?[=:][ ]?)[^\s&;,\"']+"
)
_SIGNS = ("/h/", "auth", "passw", "token", "secret", "api")


def address(text: str) -> str:
    """An address as the audit keeps it."""
    return text


def free_text(text: str) -> str:
    """Words that others chose, without secret links and credentials."""
    low = text.lower()
    if not any(sign in low for sign in _SIGNS):  # nearly all of it: a cheap look spares the patterns
        return text
    return _CREDENTIAL.sub(rf"\g<1>{HIDDEN}", _LINK.sub(rf"\g<1>{HIDDEN}", text))
