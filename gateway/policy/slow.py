"""Patterns whose time grows faster than the text they look through.

Each pattern meets texts made to hurt it: its own words over and over, everything but its last word, names, blanks and
quotes without end. What counts is how the time grows when the text does, since no machine is as fast as another: eight
times the text may take about eight times as long, not sixty-four. *Pure*, but for the clock it is given: that of the
process, not of the wall.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import regex

from gateway.policy.pattern import LatePattern

LONG = 100_000  # characters
SHORT = LONG // 8
BAR = 0.050  # seconds for LONG
GROWTH = 20.0  # LONG over SHORT: 8 is linear, 64 quadratic
TINY = SHORT // 8
DOUBTFUL = 12.0  # growth from TINY to SHORT below which the long text need not be tried
NOISE = 0.00002  # seconds for TINY, 0.0005 for SHORT: below that nothing is told about growth
_AGAIN = 3  # measurements behind a suspicion; the least of them counts
_TOO_SLOW = 1.0  # seconds for LONG; too much however it grows
_FUSE = 10.0  # seconds of the wall's clock for one search; a busy machine must not make a pattern slow
_WORD = regex.compile(r"[\p{L}']+")
_SLOT = regex.compile(r"\\L<(\w+)>")

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """A pattern, what it met, how long the long text took (seconds), and how much longer than the short one."""

    source: str
    met: str
    seconds: float
    growth: float

    def __str__(self) -> str:
        met = f"100 KB of \u201c{self.met.strip()}\u201d"
        if self.seconds >= _TOO_SLOW:
            return f"too slow: over {_TOO_SLOW:.0f} s for {met}"
        return (
            f"super-linear: {self.seconds * 1000:.0f} ms for {met}, {self.growth:.0f} times those for an eighth of it"
        )


def slow(source: str, pattern: LatePattern, clock: Clock) -> Slow | None:
    """What is wrong with the pattern's time, if anything is. Raises ValueError when it is malformed."""
    made = pattern.make()
    for piece in cruel(source, made):
        tiny, short, long = (_filled(piece, length) for length in (TINY, SHORT, LONG))
        if _growth(made, tiny, short, clock) < DOUBTFUL:
            continue
        took = _seconds(made, long, clock)
        if took < BAR:
            continue
        took = min([took, *(_seconds(made, long, clock) for _ in range(_AGAIN if took < _TOO_SLOW else 0))])
        growth = took / max(min(_seconds(made, short, clock) for _ in range(_AGAIN)), 8 * NOISE)
        if took >= _TOO_SLOW or (took >= BAR and growth > GROWTH):
            return Slow(source=source, met=piece[:60], seconds=took, growth=growth)
    return None


def _growth(made: "regex.Pattern[str]", short: str, long: str, clock: Clock) -> float:
    return _seconds(made, long, clock) / max(_seconds(made, short, clock), NOISE)


def cruel(source: str, made: "regex.Pattern[str]") -> Iterator[str]:
    """Pieces that, repeated, keep the pattern trying."""
    words = _WORD.findall(source)
    lists = made.named_lists
    slots = [sorted(lists[name])[0] for name in _SLOT.findall(made.pattern) if lists.get(name)]
    spoken = [*words, *slots]
    yield " ".join([*words[:-1], ""]) or " "
    yield from (f"{word} " for word in dict.fromkeys(spoken[:3]))
    yield " ".join([*spoken, ""]) or " "
    yield "Anna Bell "
    yield "a"
    yield " "
    yield '", '


def _filled(piece: str, length: int) -> str:
    return (piece * (length // len(piece) + 1))[:length]


def _seconds(made: "regex.Pattern[str]", text: str, clock: Clock) -> float:
    began = clock()
    try:
        made.search(text, timeout=_FUSE)
    except TimeoutError:
        return _FUSE
    return clock() - began
