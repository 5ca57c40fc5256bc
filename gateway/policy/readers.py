"""Does one person read this mail, or many? From the envelope, the shape of the addresses, and the greeting. *Pure.*"""

import regex

from gateway.mail.courtesies import SALUTATIONS, SEVERAL, any_of
from gateway.policy.lexicon import Lexicon
from gateway.policy.verdict import Scene

_PLURAL = regex.compile(
    r"^(?:(?:hi+|hey+|hello|hiya|howdy|dear|good \w+|morning|afternoon|evening|g'?day|happy \w+)[ ,]+)?"
    r"(?:\w+ ){0,2}?(?:all|everyone|everybody|every one|team|teams|folks|guys|lads|ladies|colleagues|both|gang|crew|"
    r"people|friends|y'?all|troops|peeps|legends|girls|chaps|gents|partners|managers|house|staff|fam|gentlemen|squad|youse|"
    r"managers|leads|directors|grads|volunteers|\w+ers)(?: (?:team|all))?[ ,!:.–—-]*(?:$|[,!:–—-] )"
    r"|^(?:chers tous|namaste all|y'all|guys|lads|folks|team|ladies)\b",
    regex.IGNORECASE,
)

_HELLO, _SEVERAL = f"(?i:{any_of(SALUTATIONS)})", any_of(SEVERAL)
_PLURAL_ELSEWHERE = regex.compile(
    rf"(?:^|, |\b(?:und|et|y|e) ){_HELLO}[ ,]+(?:[\w.*:·/'-]+ ){{0,3}}?{_SEVERAL}(?:[ ,!:.–—-]|$)"
    rf"|^{_SEVERAL} ?[!]*(?:[,!:]|$)|^(?:equip[oae]|team|leute|pessoal) \w+ ?[,!:]"
    r"|^(?:mes )?(?:chers|chères|estimad[oa]s|querid[oa]s|prezad[oa]s|car[oa]s)\b"
    rf"|^{_HELLO},? \p{{Lu}}[\w'-]+(?:, \p{{Lu}}[\w'-]+)*,? (?:und|et|y|e|&) \p{{Lu}}[\w'-]+"
    rf"|^{_HELLO} \p{{Lu}}[\w'-]+, {_HELLO} \p{{Lu}}"
)


def _nobody(address: str, opening: list[str]) -> bool:
    """A bare word that the greeting does not take up, such as "yard@": a mailbox rather than a person."""
    local = address.partition("@")[0]
    if not local.isalpha() or len(local) < 3:
        return False
    start = " ".join(opening)[:120]
    single = regex.match(r"(?:(?:hi|hello|dear|hey|hiya|morning|good \w+),? )?\p{Lu}[\p{L}'-]+[,!.: –-]", start)
    single = single or regex.match(rf"{_HELLO},? (?:[\w.]+ )?\p{{Lu}}[\p{{L}}'-]+", start)
    return not (single or _SINGLE.search(start) or local.lower()[:3] in start.lower())


_SINGLE = regex.compile(
    r"\b(?:mate|pal|buddy|bro|sis|hun|love|dear|darling|boss|man|friend|sir|madam|chief|my dear)\b", regex.IGNORECASE
)
_NAMED = regex.compile(
    r"^(?:[Hh]i|[Hh]ello|[Dd]ear|[Hh]ey)?,? ?\p{Lu}[\w'-]+(?:, \p{Lu}[\w'-]+)*,? (?:and|&) \p{Lu}[\w'-]+"
)
_CALLED = regex.compile(
    r"(?:^|, )(?:lads|everyone|folks|guys|y'all|team|all|peeps|gang|ladies)[!.,]*$|, (?:lads|folks|guys|team|all),"
    r"| (?:lads|everyone|folks|guys|y'all|(?<!at )all|peeps|gang|ladies)[!.,]*$"
)


def many_readers(scene: Scene, opening: list[str], lexicon: Lexicon) -> bool:
    """True when more than one person reads it; `opening` the first folded lines of the body."""
    if scene.several:
        return True
    if scene.lists:  # a list of one
        return False
    if any(_role(address, lexicon) for address in scene.recipients):
        return True
    if scene.recipients and _nobody(scene.recipients[0], opening):
        return True
    if any(found.search(line[:80]) for line in opening[:1] for found in (_PLURAL, _NAMED, _PLURAL_ELSEWHERE)):
        return True
    return any(_CALLED.search(line) for line in opening)


def _role(address: str, lexicon: Lexicon) -> bool:
    local = address.partition("@")[0].lower()
    words = [word for word in regex.split(r"[\W_\d]+", local) if word]
    if any(word in lexicon.slots.get("mailbox", frozenset()) for word in words):
        return True
    plural = len(words[-1:]) == 1 and words[-1].endswith("s") and "." not in local
    plural = plural and words[-1] not in lexicon.slots.get("name-ending-in-s", frozenset())
    return plural or any(character.isdigit() or character == "-" for character in local)
