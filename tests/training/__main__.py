"""`python -m tests.training`: weigh the labelled cases again and write `policies/ask-once/opinion.weights`.

Reads `policies/cases/*.jsonl`, `policies/cases/innocent/*.jsonl` and the pack's own examples; never what is locked away
under `policies/cases/locked`. Each batch is also judged by weights that have not seen it: that is what the mail's own
regression learns from, and what is printed. The same cases give the same file.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gateway.policy.labels import Label
from gateway.policy.opinion import evidence
from gateway.policy.packs import WEIGHTS, load
from gateway.policy.weights import SIZE, Header, place_of, seal_of, written
from tests.training.background import background
from tests.training.examples import Corpus, Mail
from tests.training.regression import Floats, chances, fit, rows_of

LABELS = tuple(Label)
TARGET = Path("policies/ask-once") / WEIGHTS
PENALTY = 3e-5
ROUNDS = 120
WORTH = {  # features seen further away, or of which there are many, have dearer weights
    "c": 0.5, "many": 0.7, "one": 0.7, "p": 0.5, "q": 0.5, "P": 0.3, "Q": 0.3, "ps": 0.5, "qs": 0.5, "j": 0.5, "m": 0.4,
}  # fmt: skip
LEAST_SEEN = 2  # sentences a feature must stand in
FOLDS = 4
BEHIND_THE_RULES = frozenset(  # batches that whoever wrote the rules had read: their findings there prove nothing
    {"shared_en", "examples", *(f"authored_{letter}" for letter in "abdefgh")}
)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """`codes`: digests of the features it knows, ascending; `weights`: a row for each of them, a last one for the bias,
    and a column for each label."""

    codes: NDArray[np.uint32]
    weights: Floats


def main() -> None:
    """Read, fit, write, and say how far."""
    pack = load("ask-once")
    corpus = Corpus(pack)
    mails = [*corpus.mails, *background()]
    print(f"{len(mails)} mails, {sum(mail.hold for mail in mails)} to hold", flush=True)
    unseen = _unseen(mails, corpus)
    judged = [place for place, mail in enumerate(mails) if mail.batch not in BEHIND_THE_RULES]
    head = _head([mails[place] for place in judged], [unseen[place] for place in judged])
    _report(mails, unseen, head)
    model = _model(mails, corpus.tags)
    fresh = TARGET.with_suffix(".new")
    fresh.write_bytes(_file(model, head, frozenset(pack.rules)))
    fresh.replace(TARGET)  # a gateway that has the old file mapped keeps it
    print(f"{TARGET}: {TARGET.stat().st_size // 1024} KB")


def _unseen(mails: Sequence[Mail], corpus: Corpus) -> list[Floats]:
    """For each mail its sentences' chances, by weights that have not seen its batch."""
    batches = sorted({mail.batch for mail in mails} - {"examples"})
    folds = [frozenset(batches[fold::FOLDS]) for fold in range(FOLDS)]
    found: dict[int, Floats] = {}
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        models = pool.map(_without, repeat(mails), repeat(corpus.tags), folds)
        for fold, (out, model) in enumerate(zip(folds, models, strict=True)):
            for place, mail in enumerate(mails):
                if mail.batch in out or (mail.batch == "examples" and not fold):
                    found[place] = _chances(mail, model)
            print(f"fold {fold + 1} of {FOLDS}", flush=True)
    return [found[place] for place in range(len(mails))]


def _without(mails: Sequence[Mail], tags: Mapping[int, str], out: Collection[str]) -> Model:
    """The regression that has not seen these batches."""
    return _model([mail for mail in mails if mail.batch not in out], tags)


def _model(mails: Sequence[Mail], tags: Mapping[int, str]) -> Model:
    """The regression over all sentences of these mails."""
    sentences = [sentence for mail in mails for sentence in mail.sentences]
    codes, counts = np.unique(np.concatenate([one.features for one in sentences]), return_counts=True)
    kept = codes[counts >= LEAST_SEEN]
    worth = np.array([WORTH.get(tags[int(code)], 1.0) for code in kept])
    answers = [LABELS.index(sentence.label) for sentence in sentences]
    rows = rows_of([sentence.features for sentence in sentences], kept)
    return Model(kept, fit(rows, answers, len(LABELS), PENALTY / worth**2, rounds=ROUNDS))


def _chances(mail: Mail, model: Model) -> Floats:
    weighed = [sentence.features for sentence in mail.sentences if sentence.weighed]
    if not weighed:
        return np.zeros((0, len(LABELS)))
    return chances(rows_of(weighed, model.codes), model.weights)


def _evidence(mail: Mail, found: Floats) -> dict[str, float]:
    lines = [dict(zip(LABELS, row, strict=True)) for row in found.tolist()]
    return evidence(lines, mail.fired, many=mail.many, quoted=mail.quoted, said=mail.said, network=mail.network)


def _head(mails: Sequence[Mail], found: Sequence[Floats]) -> dict[str, float]:
    """The mail's own regression: from the numbers of `opinion.evidence` to held or not."""
    table = [_evidence(mail, one) for mail, one in zip(mails, found, strict=True) if len(one)]
    answers = [int(mail.hold) for mail, one in zip(mails, found, strict=True) if len(one)]
    names = sorted(table[0])
    dense = np.array([[row[name] for name in names] + [1.0] for row in table])
    weights = fit(csr_matrix(dense), answers, 2, np.full(len(names), 1e-3), rounds=400)
    return dict(zip([*names, "bias"], (weights[:, 1] - weights[:, 0]).round(4).tolist(), strict=True))


def _sure(mail: Mail, found: Floats, head: dict[str, float]) -> float:
    if not len(found):
        return 0.0
    odds = head["bias"] + sum(head[name] * value for name, value in _evidence(mail, found).items())
    return float(1 / (1 + np.exp(-odds)))


def _report(mails: Sequence[Mail], unseen: Sequence[Floats], head: dict[str, float]) -> None:
    """Precision and recall by batch and in all, each batch judged by weights that have not seen it."""
    sure = [_sure(mail, found, head) for mail, found in zip(mails, unseen, strict=True)]
    print("the head:", head)
    for batch in sorted({mail.batch for mail in mails}):
        _line(batch, [(one >= 0.5, mail.hold) for one, mail in zip(sure, mails, strict=True) if mail.batch == batch])
    for least in (0.4, 0.5, 0.6, 0.7):
        pairs = zip(sure, mails, strict=True)
        _line(f"from {least}", [(one >= least, mail.hold) for one, mail in pairs if mail.batch not in BEHIND_THE_RULES])


def _line(name: str, pairs: Collection[tuple[bool, bool]]) -> None:
    right = sum(held and due for held, due in pairs)
    held, due = sum(held for held, _ in pairs), sum(due for _, due in pairs)
    if due:
        print(f"{name:16} {len(pairs):5} mails  precision {right / max(held, 1):.3f}  recall {right / due:.3f}")
    else:
        print(f"{name:16} {len(pairs):5} mails  {held} held, none of them due")


def _file(model: Model, head: dict[str, float], rules: frozenset[str]) -> bytes:
    """The tables in steps of a signed byte; what is beyond the 99.9th percentile is cut to it. Where two features lead
    to one place, the one that says more has it."""
    table, bias = model.weights[:-1], model.weights[-1]
    steps = np.maximum(np.quantile(np.abs(table), 0.999, axis=0), 1e-6) / 127
    cut = np.clip(np.rint(table / steps), -127, 127).astype(np.int8)
    loud = np.abs(cut.astype(int)).sum(axis=1)
    seals, tables = np.zeros(SIZE, np.uint8), np.zeros((len(LABELS), SIZE), np.int8)
    for row in np.argsort(loud, kind="stable"):
        if loud[row]:
            place = place_of(int(model.codes[row]))
            seals[place], tables[:, place] = seal_of(int(model.codes[row])), cut[row]
    print(f"{int((loud > 0).sum())} features in {int((seals > 0).sum())} of {SIZE} places", flush=True)
    header = Header(
        labels=LABELS,
        bias=tuple(bias.round(4).tolist()),
        step=tuple(steps.round(8).tolist()),
        head=head,
        rules=rules,
    )
    return written(header, seals.tobytes(), [row.tobytes() for row in tables])


if __name__ == "__main__":
    main()
