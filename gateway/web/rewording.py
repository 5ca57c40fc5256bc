"""One press that applies a suggestion for one rule to the words in the edit box. *Pure.*"""

from collections.abc import Sequence

from gateway.holds.suggestion import replaced, without
from gateway.web.reasons import Reason


def reworded(text: str, reason: Reason) -> str:
    """The first held sentence becomes the suggestion, the others of this rule go; a suggestion that already stands in
    the text is not put in twice."""
    if not reason.fix or reason.fix in text:
        return left_out(text, reason)
    for place, sentence in enumerate(_sentences(reason)):
        changed = replaced(text, sentence, reason.fix)
        if changed != text:
            return _without(changed, _sentences(reason)[place + 1 :])
    return text


def left_out(text: str, reason: Reason) -> str:
    """The text without the sentences this rule holds."""
    return _without(text, _sentences(reason))


def _sentences(reason: Reason) -> Sequence[str]:
    return [quote.sentence.strip() for quote in reason.quotes if quote.start >= 0 and quote.sentence.strip()]


def _without(text: str, sentences: Sequence[str]) -> str:
    for sentence in sentences:
        text = without(text, sentence)
    return text
