"""A mail as read: its lines, what each does and is about. *Pure.*

Marks are looked for when a condition first asks for them, and remembered: most sentences of most mail are asked little.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.mail.text import MessageText
from gateway.policy.detector import Marking
from gateway.policy.labels import Favour
from gateway.policy.pattern import Pattern
from gateway.policy.segment import Sentence
from gateway.policy.verdict import Scene


@dataclass(slots=True, eq=False)
class Line:
    """One sentence as read: `start`/`end` in `MessageText.text`; `strength` by favour as said in the sentence itself,
    `reach` the same when what it refers to is counted; `out` ids of exclusions that cover it; `words` and `signed` the
    scan of `folded`."""

    sentence: Sentence
    start: int
    end: int
    original: str
    folded: str
    words: set[str]
    marking: Marking
    known: dict[str, bool] = field(default_factory=dict)
    candidates: dict[str, list[Pattern]] | None = None
    strength: dict[Favour, int] = field(default_factory=dict)
    reach: dict[Favour, int] = field(default_factory=dict)
    out: set[str] = field(default_factory=set)
    signed: str = ""

    def says(self, patterns: Iterable[Pattern]) -> bool:
        """True when one of the patterns is found in the sentence."""
        folded, words, signed = self.folded, self.words, self.signed
        return any(pattern.found(folded, words, signed) for pattern in patterns)

    def does(self, mark: str) -> bool:
        """True when the sentence has the mark."""
        known = self.known.get(mark)
        if known is None:
            if self.candidates is None:
                self.candidates = self.marking.candidates(self.words)
            known = self.known[mark] = self.says(self.candidates.get(mark, ()))
        return known

    def does_any(self, marks: Iterable[str]) -> bool:
        """True when it has one of the marks."""
        return any(self.does(mark) for mark in marks)

    @property
    def said(self) -> int:
        """How plainly a favour is named here (0 to 3)."""
        return max(self.strength.values(), default=0)

    @property
    def reached(self) -> int:
        """How plainly a favour is meant here (0 to 3)."""
        return max(self.reach.values(), default=0)


@dataclass(slots=True, eq=False, kw_only=True)
class Reading:
    """The lines of a mail (the subject first), lines of what it quotes, whether many read it, and marks that come from
    the envelope and not from the words."""

    lines: list[Line]
    quoted: list[Line]
    many: bool
    scene: Scene
    text: MessageText
    circumstances: frozenset[str] = frozenset()

    def does_any(self, marks: Iterable[str]) -> bool:
        """True when some line, or the envelope, has one of the marks."""
        return any(mark in self.circumstances or any(line.does(mark) for line in self.lines) for mark in marks)

    def around(self, place: int) -> list[Line]:
        """The line, its paragraph, and two lines on either side."""
        paragraph = self.lines[place].sentence.paragraph
        first = max(0, place - 8)
        return [
            line
            for other, line in enumerate(self.lines[first : place + 9], first)
            if abs(other - place) <= 2 or line.sentence.paragraph == paragraph
        ]
