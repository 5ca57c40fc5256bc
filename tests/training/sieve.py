"""`python -m tests.training.sieve [ARCHIVE...]`: count words and write `policies/ask-once/sieve.weights`.

What speaks of the matter are the labelled cases (never those locked away) and the packs' own examples, as far as they
are about a favour; what does not are innocent cases, and real mail: in how many stretches of it each word stands is
kept in `policies/cases/ordinary.npz`, no more. With archives that file is made anew; the one that comes along was made
of public mail: Apache SpamAssassin's lists `easy_ham`, `hard_ham` and `spam_2` (2002 to 2003), and half, by subject, of
the mailing lists of R users (1997 to 2026) and of the mail of a firm in energy (1999 to 2002). *IO*: reads and writes
files.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.mail.message import walk
from gateway.mail.reading import read_text, text_from
from gateway.policy.files import ExampleMail
from gateway.policy.gate import passes
from gateway.policy.labels import Label
from gateway.policy.packs import find, load, sources
from gateway.policy.sieve import SIZE, WIDE, place_of, stretches, words_of, written
from gateway.replay.archive import read as read_archives

CASES, ORDINARY = Path("policies/cases"), Path("policies/cases/ordinary.npz")
TARGET = Path("policies/ask-once/sieve.weights")
MOST = 12  # stretches of one mail
INNOCENT = 0.5  # what a stretch of an innocent case counts: it was written to look guilty
UNSEEN = 0.5  # times that a word stands in stretches where it was never seen
LEAST = 3  # stretches a word must stand in
LOUDEST = 3.0  # log-odds of one word
_TAGS = re.compile(r"<[^>]*>")

Words = list[str]
Counts = NDArray[np.float64]


def main(archives: list[str]) -> None:
    """Count, weigh, write."""
    if archives:
        kept, mails = _counted(_ordinary(archives))
        np.savez_compressed(ORDINARY, counts=kept.astype(np.uint32), stretches=mails)
    real = np.load(ORDINARY)
    innocent, count = _counted(_innocent())
    nothing = real["counts"] + INNOCENT * innocent
    without = _share(nothing, float(real["stretches"]) + INNOCENT * count)
    matter = [_counted(_telling(english=english)) for english in (True, False)]
    odds = np.maximum(*(_share(found, number) for found, number in matter)) - without
    odds[nothing + sum(found for found, _ in matter) < LEAST] = 0.0
    unit = LOUDEST / 127
    TARGET.write_bytes(written(unit, np.rint(np.clip(odds, -LOUDEST, LOUDEST) / unit).astype(np.int8).tobytes()))
    print(f"{TARGET}: {matter[0][1]} and {matter[1][1]} stretches, {int(real['stretches'])} of real mail")


def _share(counts: Counts, number: float) -> Counts:
    return np.log((counts + UNSEEN) / (number + 2 * UNSEEN))


def _counted(found: Iterable[Words]) -> tuple[Counts, int]:
    """In how many of the stretches each word stands, by place, and how many stretches there are."""
    counts, many = np.zeros(SIZE), 0
    for words in found:
        counts[[*{place_of(word) for word in words}]] += 1
        many += 1
    return counts, many


def _ordinary(archives: list[str]) -> Iterator[Words]:
    """Real mail that the gate lets through."""
    detector = load("ask-once", second=False).detector
    assert detector is not None
    for archived in read_archives(archives):
        text = read_text(archived.walked or walk(archived.raw))
        if passes(f"{text.subject}\n{text.text}", detector.gate):
            yield from islice(stretches(words_of(text)), MOST)


def _innocent() -> Iterator[Words]:
    for path in sorted((CASES / "innocent").glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            case = json.loads(line)
            text = text_from(case["subject"], case["body"], html=case.get("html", False))
            yield from islice(stretches(words_of(text)), MOST)


def _telling(*, english: bool) -> Iterator[Words]:
    """Stretches that speak of the matter: where a case's evidence begins, and some words before it."""
    for path in sorted(CASES.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            case = json.loads(line)
            if case["label"] != Label.OTHER and (case.get("language", "en") == "en") == english:
                words = words_of(text_from(case["subject"], case["body"], html=case.get("html", False)))
                short = len([*stretches(words)]) == 1
                yield from [words] if short else _around(words, case.get("evidence", ()))
    if english:
        for rule, _ in sources(find("ask-once")).rules.values():
            hits = rule.hit if rule.label is not Label.OTHER else ()
            yield from (words_of(text_from("", hit.body if isinstance(hit, ExampleMail) else hit)) for hit in hits)


def _around(words: Words, evidence: Iterable[str]) -> Iterator[Words]:
    for one in evidence:
        begin = words_of(text_from("", _TAGS.sub(" ", one)))[:4]
        place = next((at for at in range(len(words)) if begin and words[at : at + len(begin)] == begin), None)
        if place is not None:
            start = max(0, place - len(one) % (WIDE // 2))
            yield words[start : start + WIDE]


if __name__ == "__main__":
    main(sys.argv[1:])
