"""The sieve behind the gate: do the words of a mail, taken together, speak of the matter at all? *IO*: `read_sieve`
reads a file; everything else is pure.

The gate asks for one word, and "frame", "header" and "like" stand in half of all mail. The sieve says how likely these
words are in mail about such a favour, not in mail about anything else: logistic regression (Cox, J. R. Stat. Soc. B 20,
1958) over the words of a stretch of text, so that one paragraph counts in the longest mail. Words are those a reader
sees, quoted ones too: an answer may leave the matter unsaid. `python -m tests.training.sieve` trains it.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from gateway.mail.normal import is_plain, normalise
from gateway.mail.text import BlockKind, MessageText
from gateway.policy.features import digest

MAGIC = b"askonce sieve 1\n"
BITS = 17
SIZE = 1 << BITS  # places: a byte each, signed
WIDE, STEP = 60, 30  # words of a stretch, and from one to the next
FEW = 8  # words: a shorter stretch counts as one of so many
_SEEN = (BlockKind.AUTHORED, BlockKind.QUOTED, BlockKind.FORWARDED, BlockKind.SIGNATURE)
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_APART = "".join(chr(code) if chr(code).isalnum() or chr(code) == "'" else " " for code in range(128))


@dataclass(frozen=True, slots=True, eq=False)
class Sieve:
    """`table`: for each place a signed byte, so many times `unit` of log-odds; `bias`: the log-odds of no words."""

    bias: float
    unit: float
    table: bytes

    def says(self, words: list[str], *, enough: float = math.inf) -> float:
        """The log-odds that the stretch that says most is about the matter: each word's, over the root of how many
        there are. Looks no further once a stretch says `enough`."""
        signed = memoryview(self.table).cast("b")
        odds = {word: signed[place_of(word)] for word in set(words)}
        most = -math.inf
        for stretch in stretches(words):
            some = set(stretch)
            most = max(most, self.bias + self.unit * sum(map(odds.__getitem__, some)) * damped(len(some)))
            if most >= enough:
                break
        return most


def words_of(text: MessageText) -> list[str]:
    """The words a reader sees, in order and lower case, whatever hides in them."""
    return words_in(f"{text.subject}\n{text.of(*_SEEN)}")


def words_in(seen: str) -> list[str]:
    """The same of a plain text."""
    if not is_plain(seen):
        return _WORD.findall(normalise(seen).text.lower().replace("’", "'"))
    words = seen.lower().translate(_APART).split()  # as the pattern would, in a quarter of its time
    if "'" not in seen:
        return words
    return [word for piece in words for word in (_WORD.findall(piece) if "'" in piece else (piece,))]


def stretches(words: list[str]) -> Iterator[list[str]]:
    """The words in overlapping stretches; a short text is one."""
    if len(words) <= WIDE + STEP:
        yield words
    else:
        yield from (words[start : start + WIDE] for start in range(0, len(words) - STEP, STEP))


@lru_cache(maxsize=8192)
def place_of(word: str) -> int:
    """The place of a word's byte, 0 to SIZE - 1."""
    return digest(word) & (SIZE - 1)


def damped(count: int) -> float:
    """What each of so many different words counts."""
    return 1 / math.sqrt(max(count, FEW))


def written(bias: float, unit: float, table: bytes) -> bytes:
    """The file of a sieve."""
    return MAGIC + json.dumps({"bits": BITS, "bias": bias, "unit": unit}).encode() + b"\n" + table


def read_sieve(place: Path) -> Sieve:
    """The sieve in a file. Raises OSError, and ValueError for a file that is none."""
    magic, line, table = (*place.read_bytes().split(b"\n", 2), b"", b"")[:3]
    if magic + b"\n" != MAGIC:
        raise ValueError("it does not begin as a sieve does")
    said = json.loads(line)
    if not isinstance(said, dict) or said.get("bits") != BITS or len(table) != SIZE:
        raise ValueError("it is cut, too long or of another size")
    return Sieve(bias=float(said["bias"]), unit=float(said["unit"]), table=table)
