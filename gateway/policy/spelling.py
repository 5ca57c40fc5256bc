"""How people type letters that their keyboard does not have: "fuer", "Strasse", "publicacion", "coeur". *Pure.*"""

import unicodedata

_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_SWISS = str.maketrans({"ß": "ss"})
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss"})


def spellings(phrase: str) -> frozenset[str]:
    """The phrase as it is written, and the ways to type it without accents, umlauts and ligatures."""
    if phrase.isascii():
        return frozenset({phrase})
    return frozenset({phrase, phrase.translate(_GERMAN), phrase.translate(_SWISS), _bare(phrase)})


def _bare(phrase: str) -> str:
    pieces = unicodedata.normalize("NFD", phrase.translate(_LIGATURES))
    return unicodedata.normalize("NFC", "".join(piece for piece in pieces if not unicodedata.combining(piece)))
