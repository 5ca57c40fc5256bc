"""A sentence as the patterns see it: lower case, straight quotes, single spaces, names still capitalised. *Pure.*"""

import regex

from gateway.policy.lexicon import FIRST_SIGN, LAST_SIGN, Lexicon

_QUOTES = str.maketrans(
    {"’": "'", "‘": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "…": ".", "‑": "-"}
)
_URL = regex.compile(
    r"(?:https?://|www\.)[^\s<>\"')\]]+|\b[\w-]+(?:\.[\w-]+)*\.example/[^\s<>\"')\]]*", regex.IGNORECASE
)
_SIGNS = regex.compile(f"[{chr(FIRST_SIGN)}-{chr(LAST_SIGN)}]")  # the lexicon's own; nobody writes them into a mail
_PICTURE = regex.compile(r"\.(?:png|jpe?g|gif|svg|webp)\W*$", regex.IGNORECASE)
_ADDRESS = regex.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_CAPITAL = regex.compile(r"(?<![\w@#'])\p{Lu}[\p{L}'-]*")


def straight(text: str) -> str:
    """Quotes made straight, one character for one."""
    return text.translate(_QUOTES)


def fold(text: str, lexicon: Lexicon) -> str:
    """URLs become "<link>" (of a picture "<link> image"), addresses "<address>"; possible names keep their capital."""
    text = text if text.isascii() else _SIGNS.sub(" ", text)
    flat = _URL.sub(_link, " ".join(straight(text).split()))
    flat = _ADDRESS.sub(" <address> ", flat) if "@" in flat else flat

    never = lexicon.slots.get("never-a-name", frozenset())

    def case(match: "regex.Match[str]") -> str:
        word = match[0]
        lower = word.lower()
        stem = lower.removesuffix("'s")
        shouted = len(word) > 1 and word.isupper()
        if shouted or stem in never or lexicon.knows(stem) or _compound(stem, lexicon):
            return lower
        return word if match.start() else _opening(word, flat, match.end())

    return _CAPITAL.sub(case, " ".join(flat.split()))


def _compound(word: str, lexicon: Lexicon) -> bool:
    """ "instagram-profil", "facebook-" as in "Facebook- und Instagram-Profil": begun by a word, not by a name."""
    first, hyphen, _ = word.partition("-")
    return bool(hyphen) and len(first) > 2 and lexicon.knows(first)


def _link(match: "regex.Match[str]") -> str:
    """A link to a picture also names a picture."""
    return " <link> image " if _PICTURE.search(match[0]) else " <link> "


def _opening(word: str, text: str, end: int) -> str:
    """The first word of a sentence: a name when it is followed as one is."""
    following = text[end : end + 6]
    if word.endswith("'s") or regex.match(
        r", \p{Lu}|,? (?:and|&) \p{Lu}| \p{Lu}\p{Ll}|, |:| has | is | did | put|-", following
    ):
        return word
    return word.lower()
