"""Which of our languages a person reads best, from what their programs and their organisation say.

A mail's `Accept-Language` and `Content-Language` (RFC 3282), a browser's `Accept-Language` (RFC 9110 section 12.5.4)
and a directory's entry all name language tags (RFC 5646); we compare by the first subtag (RFC 4647 section 3.4).
*Pure.*
"""

import re
from collections.abc import Iterable

SOURCE = "en"  # the language the program is written in: its messages are the keys of the catalogues
LANGUAGES = (SOURCE, "de", "fr", "es", "pt")
_MOST = 50  # wishes of one value; browsers send five, whoever sends thousands wants something else
_RANGE = re.compile(r"\s*([A-Za-z]{1,8}(?:[-_][A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*q\s*=\s*(\d(?:\.\d{0,3})?)\s*)?")


def best(*wishes: str, default: str = SOURCE) -> str:
    """The first of our languages that is wished for: each value is a header's or a single tag, "" says nothing.

    Within a value the highest quality counts, then the order. When nobody wishes for one of ours: `default` (which may
    be "", to ask on), or English for a default we do not speak.
    """
    for wish in wishes:
        for tag in wished(wish):
            if tag in LANGUAGES:
                return tag
    return default if default in LANGUAGES or not default else SOURCE


def wished(value: str) -> list[str]:
    """First subtags, lower case, most wanted first; what is no language range is passed over, and so is q=0."""
    ranges = (_RANGE.fullmatch(part) for part in value[:2000].split(",")[:_MOST])
    return [tag for _, tag in sorted(_weighed(match for match in ranges if match), key=lambda pair: -pair[0])]


def _weighed(matches: Iterable[re.Match[str]]) -> list[tuple[float, str]]:
    found = [(float(match[2] or 1), re.split("[-_]", match[1])[0].lower()) for match in matches]
    return [(quality, tag) for quality, tag in found if quality > 0]
