"""What a calendar invitation says: its summary, description and place (RFC 5545). *Pure.*"""

import re

_FOLD = re.compile(r"\n[ \t]")
_SPOKEN = re.compile(r"(?:SUMMARY|DESCRIPTION|LOCATION|COMMENT|X-ALT-DESC)(?:;|:)", re.I)
_ESCAPE = re.compile(r"\\([\\;,nN])")
_TAG = re.compile(r"<[^<>]{0,500}>")


def calendar_text(source: str) -> str:
    """Unfolded (section 3.1) and unescaped (section 3.3.11) text, each different value once, a line or more each."""
    said: dict[str, None] = {}
    for line in _FOLD.sub("", source).split("\n"):
        if _SPOKEN.match(line):
            said[_value(line)] = None
    return "\n".join(said)


def _value(line: str) -> str:
    """What stands behind the first ":" outside of quotes."""
    quoted = False
    for at, character in enumerate(line):
        if character == '"':
            quoted = not quoted
        elif character == ":" and not quoted:
            value = _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], line[at + 1 :])
            return _TAG.sub(" ", value) if line[:10].upper() == "X-ALT-DESC" else value
    return ""
