"""The cheap look before the judgement: is a mail near the matter at all? *Pure.*

Most mail is not, and costs microseconds: a gate asks for words, and a sieve whether they stand together as they do in
mail about such a favour. Only what is near is read by rules and opinion.
"""

from gateway.mail.text import MessageText
from gateway.policy.detector import Detector
from gateway.policy.gate import Opening, disguised, opening, passes
from gateway.policy.pack import Pack, Rule
from gateway.policy.sieve import Sieve, words_in, words_of
from gateway.policy.weights import logit

AJAR = 0.3  # probability from which on the sieve lets a mail through that opens the gate no further than ajar


def relevant(text: MessageText, pack: Pack) -> bool:
    """True when the words of subject and body are near the matter, or open the gate to a rule of the site's own. Linear
    in the text, microseconds on clean mail."""
    detector = pack.detector
    if detector is None:
        return False
    return near(text, pack, detector) or (bool(own_rules(pack, detector)) and passes(_whole(text), detector.gate))


def near(text: MessageText, pack: Pack, detector: Detector) -> bool:
    """Whether gate and sieve let the text through: else neither the rules that they were made for nor the opinion look
    at it. Where the gate stands ajar the sieve wants to hear more; what the gate finds only disguised it lets through,
    for it could know none of those words."""
    opened, least = opening(_whole(text), detector.gate), pack.opinion.near
    if detector.sieve is None or not least or opened is Opening.SHUT:
        return opened is Opening.WIDE
    if opened is Opening.AJAR:
        least = max(least, AJAR)
    elif disguised(_whole(text), detector.gate):
        return True
    return _says(detector.sieve, words_of(text), least)


def hopeless(glance: str, pack: Pack) -> bool:
    """Whether a glance at a mail, all the words its reader could see and some more, shows that it need not be read."""
    detector = pack.detector
    opened = opening(glance, detector.gate) if detector else Opening.SHUT
    if detector is None or opened is Opening.WIDE:
        return detector is None
    if opened is Opening.SHUT or detector.sieve is None or not pack.opinion.near:
        return True
    return not _says(detector.sieve, words_in(glance), max(pack.opinion.near, AJAR))


def _says(sieve: Sieve, words: list[str], least: float) -> bool:
    enough = logit(least)
    return sieve.says(words, enough=enough) >= enough


def _whole(text: MessageText) -> str:
    return f"{text.subject}\n{text.text}"


def own_rules(pack: Pack, detector: Detector) -> list[Rule]:
    """Rules that neither sieve nor opinion were made with: they see whatever has words they could need."""
    known = detector.model.header.rules if detector.model else frozenset()
    return [rule for rule in pack.rules.values() if rule.id not in known]
