"""`python -m tests.training.sieve [ARCHIVE...]`: train the sieve, into `policies/ask-once/sieve.weights`.

What is about the matter are the labelled cases (never those locked away) and the packs' own examples, as far as they
are about a favour, each where its evidence stands; what is not are the other paragraphs of long cases, innocent cases,
and real mail, of which `policies/cases/ordinary.npz` keeps of some stretches the places of their words, no words.
With archives that file is made anew; the one that comes along was made of half, by subject, of public mail of many
kinds: mailing lists (1997 to 2026; English, Spanish, Portuguese, German), mail of a firm in energy (1999 to 2002) and
of two American authorities (2009 to 2013, 2020), campaign mail (2020), newsletters (1997 to 2026; in six languages),
personal mail, and spam. The same cases give the same file. *IO*: reads and writes files.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.mail.message import walk
from gateway.mail.reading import read_text, text_from
from gateway.policy.files import ExampleMail
from gateway.policy.gate import passes
from gateway.policy.labels import Label
from gateway.policy.packs import find, load, sources
from gateway.policy.sieve import SIZE, STEP, WIDE, damped, place_of, stretches, words_of, written
from gateway.replay.archive import read as read_archives

CASES, ORDINARY = Path("policies/cases"), Path("policies/cases/ordinary.npz")
TARGET = Path("policies/ask-once/sieve.weights")
MOST = 12  # stretches of one case
SOME = 2  # stretches of one real mail: the one that the sieve so far finds likeliest, and another
REAL, BESIDE = 2.0, 0.3  # what such a stretch counts; and one of an innocent case, or beside the evidence of another
ROUNDS, AT_ONCE, PACE = 5, 512, 0.04
HELD_BACK = 0.01  # the penalty of large weights
LEAST = 3  # stretches a word must stand in
_TAGS = re.compile(r"<[^>]*>")

Words = list[str]
Places = NDArray[np.uint32]
Floats = NDArray[np.float64]


def main(archives: list[str]) -> None:
    """Read, train, write."""
    if archives:
        _keep([_places(words) for words in _ordinary(archives)])
    real = _kept()
    telling = [_places(words) for words in (*_telling(), *_hits())]
    beside = [_places(words) for words in _beside()]
    rows = [*telling, *beside, *real]
    worth = np.repeat([1.0, BESIDE, REAL], [len(telling), len(beside), len(real)])
    bias, odds = _trained(rows, np.arange(len(rows)) < len(telling), worth)
    unit = float(np.abs(odds).max()) / 127
    TARGET.write_bytes(written(round(bias, 4), unit, np.rint(odds / unit).astype(np.int8).tobytes()))
    print(f"{TARGET}: {len(telling)} stretches about the matter, {len(beside)} beside it, {len(real)} of real mail")


def _trained(rows: list[Places], about: NDArray[np.bool_], worth: Floats) -> tuple[float, Floats]:
    """The bias and each place's log-odds: Adam (Kingma and Ba, ICLR 2015)."""
    chance = np.random.default_rng(7)
    odds = np.zeros(SIZE + 1)  # the last is the bias
    first, second, step = np.zeros(SIZE + 1), np.zeros(SIZE + 1), 0
    for _ in range(ROUNDS):
        order = chance.permutation(len(rows))
        for start in range(0, len(order), AT_ONCE):
            some, step = order[start : start + AT_ONCE], step + 1
            steep = _steep(odds, [rows[row] for row in some], about[some], worth[some])
            first, second = 0.9 * first + 0.1 * steep, 0.999 * second + 0.001 * steep**2
            odds -= PACE * first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    seen = np.bincount(np.concatenate(rows), minlength=SIZE)
    return float(odds[-1]), np.where(seen >= LEAST, odds[:-1], 0.0)


def _steep(odds: Floats, rows: list[Places], about: NDArray[np.bool_], worth: Floats) -> Floats:
    """How the loss grows with each weight."""
    lengths = np.array([len(row) for row in rows])
    places, counts = np.concatenate(rows), np.repeat([damped(length) for length in lengths], lengths)
    said = np.add.reduceat(odds[places] * counts, np.cumsum(lengths) - lengths) + odds[-1]
    wrong = worth * (1 / (1 + np.exp(-said)) - about) / len(rows)
    steep = np.bincount(places, weights=np.repeat(wrong, lengths) * counts, minlength=SIZE + 1)
    steep += 2 * HELD_BACK * odds * np.bincount(places, minlength=SIZE + 1) / len(places)
    steep[-1] = wrong.sum()
    return steep


def _places(words: Words) -> Places:
    return np.array(sorted({place_of(word) for word in words}) or [0], dtype=np.uint32)


def _keep(rows: list[Places]) -> None:
    np.savez_compressed(ORDINARY, places=np.concatenate(rows), lengths=np.array([*map(len, rows)], dtype=np.uint16))


def _kept() -> list[Places]:
    kept = np.load(ORDINARY)
    return np.split(kept["places"], np.cumsum(kept["lengths"].astype(np.int64))[:-1])


def _ordinary(archives: list[str]) -> Iterator[Words]:
    """Some of each mail that the gate lets through."""
    detector, chance = load("ask-once").detector, np.random.default_rng(7)
    sieve = detector.sieve if detector else None
    assert detector is not None
    assert sieve is not None
    for archived in read_archives(archives):
        text = read_text(archived.walked or walk(archived.raw))
        if passes(f"{text.subject}\n{text.text}", detector.gate):
            every = [*stretches(words_of(text))]
            likeliest = max(range(len(every)), key=lambda place: sieve.says(every[place]))
            yield from (every[place] for place in {likeliest, *chance.permutation(len(every))[: SOME - 1]})


def _telling() -> Iterator[Words]:
    """Stretches about the matter: short mails whole, of long ones those in which evidence begins."""
    for case, words in _cases(CASES):
        if case["label"] != Label.OTHER:
            short = len(words) <= WIDE + STEP
            begins = () if short else _begins(words, case.get("evidence", ()))
            yield from [words] if short else (words[max(0, at - at % STEP) :][:WIDE] for at in begins)


def _hits() -> Iterator[Words]:
    for rule, _ in sources(find("ask-once")).rules.values():
        for hit in rule.hit if rule.label is not Label.OTHER else ():
            yield words_of(text_from("", hit.body if isinstance(hit, ExampleMail) else hit))


def _beside() -> Iterator[Words]:
    """Innocent mail, and the other paragraphs of long cases."""
    for _, words in _cases(CASES / "innocent"):
        yield from islice(stretches(words), MOST)
    for case, words in _cases(CASES):
        begins = [*_begins(words, case.get("evidence", ()))] if len(words) > WIDE + STEP else []
        for number, stretch in enumerate(islice(stretches(words), MOST if begins else 0)):
            if not any(-STEP // 2 <= place - STEP * number < WIDE for place in begins):
                yield stretch


def _cases(folder: Path) -> Iterator[tuple[dict[str, Any], Words]]:
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            case = json.loads(line)
            yield case, words_of(text_from(case["subject"], case["body"], html=case.get("html", False)))


def _begins(words: Words, evidence: Iterable[str]) -> Iterator[int]:
    """The places where sentences of the evidence begin."""
    for one in evidence:
        begin = words_of(text_from("", _TAGS.sub(" ", one)))[:4]
        yield from (at for at in range(len(words)) if begin and words[at : at + len(begin)] == begin)


if __name__ == "__main__":
    main(sys.argv[1:])
