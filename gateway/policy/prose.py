"""Whether a sentence is one: words with blanks between them, and not what is left of a file. *Pure.*

Base64 without its heading, dumps and cipher text have letters enough to hold any word by chance, and a model that was
trained on sentences makes anything of them.
"""

import regex

SHORT = 60  # characters; in less there is nothing to tell by
LEAST = 1 / 3  # of the characters stand in words
_WORD = regex.compile(r"[^\w\s]*(?:\p{L}[\p{L}\p{M}'’-]*|\d{1,9})[^\w\s]*")
_ADDRESS = regex.compile(r"\S+\.\S+/\S*|\S+[:@]\S+")  # of pages and people, however long


def prose(sentence: str) -> bool:
    """False for a sentence of more than `SHORT` characters of which few belong to words. Addresses do not count."""
    if len(sentence) <= SHORT:
        return True
    pieces = [piece for piece in sentence.split() if not _ADDRESS.fullmatch(piece)]
    words = sum(len(piece) + 1 for piece in pieces if _WORD.fullmatch(piece))
    return words >= LEAST * sum(len(piece) + 1 for piece in pieces)
