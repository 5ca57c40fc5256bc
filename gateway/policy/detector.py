"""How a pack reads: words, topics, marks, exclusions and the conditions of its rules, compiled. *Pure.*

Words make *marks* (what a sentence does: reminds, thanks, counts, asks ...) and *topics* (which favour it is about, and
how plainly). *Exclusions* take away what only looks like one. A rule fires on a sentence for which one of its
*conditions* holds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from gateway.policy.labels import Favour
from gateway.policy.lexicon import Lexicon
from gateway.policy.pattern import LatePattern, Pattern

if TYPE_CHECKING:
    from gateway.policy.encoders import Encoders
    from gateway.policy.sieve import Sieve
    from gateway.policy.weights import Weights

Scope = Literal["sentence", "paragraph", "mail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """All that is given must hold. Of the sentence: `say` (one pattern is found), `mark` (it has one of these),
    `also` (all of these), `none` (none of these). Around it: `near` (one of these within its paragraph or the
    sentences beside it), `apart` (none of these there), `anywhere` (one of these in the mail),
    `nowhere` (none of these in the mail).

    `about`: how plainly (1 hinted, 2 likely, 3 plain) the favour is the topic of the sentence, said there or referred
    to; `here`: the same, but said in the sentence itself; `under`: said there less plainly
    than this. `audience`: "one", "many" or "" for either.
    """

    say: tuple[Pattern, ...] = ()
    mark: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()
    none: frozenset[str] = frozenset()
    near: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    anywhere: frozenset[str] = frozenset()
    nowhere: frozenset[str] = frozenset()
    about: int = 0
    here: int = 0
    under: int = 0
    favour: Favour | None = None
    audience: Literal["", "one", "many"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """Where `when` holds, the sentence, its paragraph or the whole mail is no evidence, unless one of the marks
    `unless` is found in that scope."""

    id: str
    scope: Scope
    when: Condition
    unless: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One of `say` makes a sentence about `favour`, as plainly as `strength` (1 to 3)."""

    favour: Favour
    strength: int
    say: tuple[Pattern, ...]
    none: tuple[Pattern, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gate:
    """`alone`: any one of these in the lower-case text makes it worth reading; `together`: two of these do; one of
    those, or of `ajar`, makes it worth a look by the sieve. Known by identity: what is made of it once is found again
    without going through all words."""

    alone: tuple[str, ...]
    together: tuple[str, ...] = ()
    ajar: tuple[str, ...] = ()


class Marking:
    """Marks by name, found by the rarest thing each of their patterns needs."""

    def __init__(self, marks: Mapping[str, tuple[Pattern, ...]]) -> None:
        self.marks = marks
        self._by_word: dict[str, list[tuple[str, Pattern]]] = {}
        self._always: dict[str, list[Pattern]] = {}
        for name, patterns in marks.items():
            for pattern in patterns:
                if not pattern.needs:
                    self._always.setdefault(name, []).append(pattern)
                for word in pattern.needs[0] if pattern.needs else ():
                    self._by_word.setdefault(word, []).append((name, pattern))

    def candidates(self, words: set[str]) -> dict[str, list[Pattern]]:
        """By mark, the patterns that a sentence with these words could match."""
        found = {name: list(patterns) for name, patterns in self._always.items()}
        for word in words & self._by_word.keys():
            for name, pattern in self._by_word[word]:
                found.setdefault(name, []).append(pattern)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """Everything the judge runs. `topics` with the plainest first, and `naming` their patterns
    by place; `conditions` by rule id; `despite`: rules that exclusions do not silence; `model` and `encoders`: what
    the second opinion goes by; `sieve`: what a mail must pass to be read at all."""

    lexicon: Lexicon
    gate: Gate
    marking: Marking
    topics: tuple[Topic, ...]
    naming: Marking
    exclusions: tuple[Exclusion, ...]
    conditions: Mapping[str, tuple[Condition, ...]]
    despite: Mapping[str, frozenset[str]] = field(default_factory=dict)
    model: "Weights | None" = field(default=None, repr=False)
    encoders: "Encoders | None" = field(default=None, repr=False)
    sieve: "Sieve | None" = field(default=None, repr=False)

    def late_patterns(self) -> Iterator[LatePattern]:
        """All patterns there are."""
        for says in self.marking.marks.values():
            yield from (pattern.compiled for pattern in says)
        for topic in self.topics:
            yield from (pattern.compiled for pattern in (*topic.say, *topic.none))
        whens = [exclusion.when for exclusion in self.exclusions]
        for condition in (*whens, *(one for some in self.conditions.values() for one in some)):
            yield from (pattern.compiled for pattern in condition.say)
