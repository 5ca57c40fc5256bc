"""A sentence as the patterns see it: lower case, straight quotes, single spaces, names still capitalised. *Pure.*"""

import regex

from gateway.policy.lexicon import Lexicon

_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "…": ".", "‑": "-"})
_URL = regex.compile(r"(?:https?://|www\.)[^\s<>\"')\]]+|\b[\w-]+(?:\.[\w-]+)*\.example/[^\s<>\"')\]]*", regex.IGNORECASE)
_ADDRESS = regex.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_CAPITAL = regex.compile(r"(?<![\w@#'])\p{Lu}[\p{L}'-]*")
_NOT_A_NAME = frozenset(
    """a an the and or but if so as at by for from in into of off on onto out over to up with without it its it's
    he she they we you i i'm i've i'd i'll me my our your his her their this that these those there here who what when where why how
    which whose whoever anyone anybody everyone everybody someone somebody nobody all any some each every both few many most more less no not none
    is are was were be been am do does did don't didn't doesn't have has had haven't hasn't can could cannot can't will would won't wouldn't
    may might must shall should please kindly thank thanks ta cheers hi hello hey dear morning afternoon evening good great lovely nice well happy sorry
    just only also still again now then today tomorrow yesterday tonight once twice soon later last next first second final new old
    monday tuesday wednesday thursday friday saturday sunday mon tue tues wed weds thu thur thurs fri sat sun january february march april may june july
    august september october november december jan feb mar apr jun jul aug sept sep oct nov dec q1 q2 q3 q4 christmas easter
    reminder nudge update note done yes yep yet ok okay quick two three four five six seven eight nine ten one
    feel let let's after before during since because while until till although though however meanwhile anyway besides finally also
    sales marketing finance legal hr it ops operations engineering product design support team teams office company ceo cfo cto md hq uk us eu
    post posts share shares story photo picture banner cover header profile page account link follow like comment tag review reviews head heads""".split()
)


def straight(text: str) -> str:
    """Quotes made straight, one character for one."""
    return text.translate(_QUOTES)


def fold(text: str, lexicon: Lexicon) -> str:
    """URLs become "<link>", addresses "<address>"; capitalised words keep their capital when they may be names."""
    flat = _URL.sub(" <link> ", " ".join(straight(text).split()))
    flat = _ADDRESS.sub(" <address> ", flat) if "@" in flat else flat

    def case(match: "regex.Match[str]") -> str:
        word = match[0]
        lower = word.lower()
        stem = lower.removesuffix("'s")
        shouted = len(word) > 1 and word.isupper()
        if shouted or stem in _NOT_A_NAME or lexicon.knows(stem):
            return lower
        return word if match.start() else _opening(word, flat, match.end())

    return _CAPITAL.sub(case, " ".join(flat.split()))


def _opening(word: str, text: str, end: int) -> str:
    """The first word of a sentence: a name when it is followed as one is."""
    following = text[end : end + 6]
    if word.endswith("'s") or regex.match(r", \p{Lu}|,? (?:and|&) \p{Lu}| \p{Lu}\p{Ll}|, |:| has | is | did | put|-", following):
        return word
    return word.lower()
