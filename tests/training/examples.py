"""Labelled mails as the second opinion is trained on them: sentences, each with what it does. *IO*: reads files."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.mail.reading import text_from
from gateway.mail.text import MessageText
from gateway.policy.detector import Detector
from gateway.policy.features import Features, digest, weighed
from gateway.policy.files import Example, ExampleMail
from gateway.policy.judge import found_by_rules
from gateway.policy.labels import HOLDING, Label
from gateway.policy.line import Reading
from gateway.policy.opinion import named, networked
from gateway.policy.pack import Pack
from gateway.policy.packs import find, sources
from gateway.policy.reading import read
from gateway.policy.verdict import Scene

CASES = Path("policies/cases")
INNOCENT = "innocent"  # batches of mail that asks for nothing
EXAMPLES = "examples"  # the batch of the packs' own
ONE = ("dana.smith@north.example",)
TO_ONE = frozenset(  # what is the same said to one person: authors write it to many, but not because it must be
    {
        Label.DEMAND,
        Label.REPEAT_ASK,
        Label.COMPLIANCE_CHECK,
        Label.ACCOUNT_ACCESS,
        Label.CONTRACTOR_RULE,
        Label.FIRST_ASK,
    }
)
TIMES = 5  # each of those is seen
_LEAST = 8  # letters: a shorter sentence inside another proves nothing
_SIGNS = re.compile(r"[\W_]+")
_TAGS = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence: the digests of its features, and its label. `weighed`: whether the gateway would weigh it; of
    innocent mail all sentences are learnt from."""

    features: NDArray[np.uint32]
    label: Label
    weighed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One labelled mail; `fired`: the labels that the rules find in it; `said`: how plainly it names a favour;
    `network`: whether it names a network."""

    batch: str
    language: str
    label: Label
    sentences: tuple[Sentence, ...]
    many: bool
    quoted: bool
    said: int
    network: bool
    fired: frozenset[Label]

    @property
    def hold(self) -> bool:
        return self.label in HOLDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A mail as read, what it is, and the sentences that it is that for."""

    batch: str
    language: str
    label: Label
    reading: Reading
    evidence: tuple[str, ...]

    def proofs(self) -> list[Label]:
        """The label of each of its sentences: the mail's where it is named as evidence, or is part of what is."""
        wanted = [_letters(one) for one in self.evidence]
        return [self.label if _proves(_letters(line.original), wanted) else Label.OTHER for line in self.reading.lines]


def labelled(pack: Pack) -> Iterator[Labelled]:
    """All that is trained on: the cases, and the packs' own examples."""
    assert pack.detector is not None
    yield from _cases(pack.detector)
    yield from _hits(pack, pack.detector)


def _cases(detector: Detector) -> Iterator[Labelled]:
    for path in (*sorted(CASES.glob("*.jsonl")), *sorted((CASES / INNOCENT).glob("*.jsonl"))):
        for line in path.read_text("utf-8").splitlines():
            case = json.loads(line)
            text = text_from(case["subject"], case["body"], html=case.get("html", False))
            yield Labelled(
                batch=path.stem,
                language=case.get("language", "en"),
                label=Label(case["label"]),
                reading=_read(text, tuple(case["to"]), detector),
                evidence=tuple(case.get("evidence", ())),
            )


def _hits(pack: Pack, detector: Detector) -> Iterator[Labelled]:
    """The packs' own examples: the whole text is what it is an example of; what no rule finds anything in, though one
    might, is nothing."""
    seen: set[Example] = set()
    for rule, _ in sources(find(pack.name)).rules.values():
        hits = ((example, rule.label) for example in (*rule.hit, *rule.todo_hit))
        for example, label in (*hits, *((example, Label.OTHER) for example in rule.miss)):
            mail = example if isinstance(example, ExampleMail) else ExampleMail(body=example)
            for readers in (mail.to, ONE) if label in TO_ONE and isinstance(example, str) else (mail.to,):
                text = text_from(mail.subject, mail.body)
                reading, again = _read(text, readers, detector), _read(text, readers, detector)  # rules exclude
                silent = label is not Label.OTHER or not found_by_rules(list(pack.rules.values()), again, detector)
                if example not in seen and silent:
                    yield Labelled(batch=EXAMPLES, language="en", label=label, reading=reading, evidence=(mail.body,))
            seen.add(example)


def _read(text: MessageText, to: tuple[str, ...], detector: Detector) -> Reading:
    return read(text, Scene(recipients=to, people=len(to)), detector)


class Corpus:
    """All that is trained on, read once; `tags` by a feature's digest: where it is seen ("o", "p", "m", ...)."""

    def __init__(self, pack: Pack) -> None:
        assert pack.detector is not None
        self._pack, self._detector = pack, pack.detector
        self.tags: dict[int, str] = {}
        self.mails: list[Mail] = []
        for one in labelled(pack):
            self.mails += repeat(self._mail(one), TIMES if one.batch == EXAMPLES else 1)

    def mail_of(self, batch: str, text: MessageText, scene: Scene) -> Mail:
        """A mail that asks for nothing."""
        reading = read(text, scene, self._detector)
        return self._mail(Labelled(batch=batch, language="en", label=Label.OTHER, reading=reading, evidence=()))

    def _mail(self, one: Labelled) -> Mail:
        reading = one.reading
        features, proofs = Features(reading), one.proofs()
        counted = set(weighed(reading))
        innocent = one.batch.startswith(INNOCENT)
        sentences = tuple(
            Sentence(features=self._digests(features.of(place)), label=proofs[place], weighed=place in counted)
            for place in (range(len(reading.lines)) if innocent else sorted(counted))
        )
        found = found_by_rules(list(self._pack.rules.values()), reading, self._detector)
        return Mail(
            batch=one.batch,
            language=one.language,
            label=one.label,
            sentences=sentences,
            many=reading.many,
            quoted=bool(reading.quoted),
            said=named(reading),
            network=networked(reading),
            fired=frozenset(finding.label for finding in found),
        )

    def _digests(self, names: Iterator[str]) -> NDArray[np.uint32]:
        found = set()
        for name in names:
            code = digest(name)
            self.tags.setdefault(code, name.partition(" ")[0])
            found.add(code)
        return np.array(sorted(found), dtype=np.uint32)


def _letters(text: str) -> str:
    return _SIGNS.sub("", _TAGS.sub(" ", text)).lower()


def _proves(sentence: str, proofs: list[str]) -> bool:
    """Whether this sentence is one that the label was given for, or part of one, or has one in it."""
    return any(
        proof and min(len(sentence), len(proof)) >= _LEAST and (sentence in proof or proof in sentence)
        for proof in proofs
    )
