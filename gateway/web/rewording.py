"""One press that applies a rule's own suggestion to the words in the edit box. *Pure.*"""

import re
from collections.abc import Sequence

from gateway.web.reasons import Reason

_SPACES = re.compile(r"\s+")


def reworded(text: str, reason: Reason) -> str:
    """The first held sentence becomes the rule's suggestion, the others of this rule go; a suggestion that already
    stands in the text is not put in twice."""
    if not reason.fix or reason.fix in text:
        return left_out(text, reason)
    wanted = _sentences(reason)
    for place, sentence in enumerate(wanted):
        found = _find(text, sentence)
        if found:
            changed = text[: found.start()] + reason.fix + text[found.end() :]
            return _without(changed, wanted[place + 1 :])
    return text


def left_out(text: str, reason: Reason) -> str:
    """The text without the sentences this rule holds."""
    return _without(text, _sentences(reason))


def _sentences(reason: Reason) -> Sequence[str]:
    return [quote.sentence.strip() for quote in reason.quotes if quote.start >= 0 and quote.sentence.strip()]


def _without(text: str, sentences: Sequence[str]) -> str:
    for sentence in sentences:
        found = _find(text, sentence)
        if found:
            text = _close_gap(text[: found.start()], text[found.end() :])
    return text


def _close_gap(before: str, after: str) -> str:
    """Join what stood around a removed sentence: one blank between sentences, no pile of empty lines."""
    head, tail = before.rstrip(" \t"), after.lstrip(" \t")
    if not head or head.endswith("\n"):
        return head + (tail.lstrip("\n") if not head or head.endswith("\n\n") else tail)
    return head + (tail if not tail or tail.startswith("\n") else " " + tail)


def _find(text: str, sentence: str) -> "re.Match[str] | None":
    """The sentence as it stands, line breaks and blanks apart."""
    return re.search(r"\s+".join(re.escape(word) for word in _SPACES.split(sentence)), text)
