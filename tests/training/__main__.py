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

from gateway.policy.labels import HOLDING, Label
from gateway.policy.opinion import evidence
from gateway.policy.packs import WEIGHTS, load
from gateway.policy.weights import SIZE, ZERO, Header, place_of, seal_of, written
from tests.training.background import background
from tests.training.examples import Corpus, Mail
from tests.training.network import Network, rows_of, trained
from tests.training.regression import Floats, chances, fit

Head = dict[str, tuple[float, ...]]

LABELS = tuple(Label)
TARGET = Path("policies/ask-once") / WEIGHTS
HIDDEN = 16  # hidden numbers
ROUNDS = 8
DROPPED = 0.6  # of a sentence's features, in each round
HEAD_PENALTY = 3e-4
WORTH = {  # features seen further away, or of which there are many, have dearer weights
    "c": 0.5, "many": 0.7, "one": 0.7, "p": 0.5, "q": 0.5, "P": 0.3, "Q": 0.3, "ps": 0.5, "qs": 0.5, "j": 0.5, "m": 0.4,
}  # fmt: skip
LEAST_SEEN = 4  # sentences a feature must stand in
FOLDS = 4
BEHIND_THE_RULES = frozenset(  # batches that whoever wrote the rules had read: their findings there prove nothing
    {"shared_en", "examples", *(f"authored_{letter}" for letter in "abdefgh")}
)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """`codes`: digests of the features it knows, ascending; `worth`: of each of them, what its presence counts."""

    codes: NDArray[np.uint32]
    worth: Floats
    network: Network


def main() -> None:
    """Read, fit, write, and say how far."""
    pack = load("ask-once", second=False)
    corpus = Corpus(pack)
    mails = [*corpus.mails, *background()]
    print(f"{len(mails)} mails, {sum(mail.hold for mail in mails)} to hold", flush=True)
    unseen = _unseen(mails, corpus)
    judged = [place for place, mail in enumerate(mails) if mail.batch not in BEHIND_THE_RULES]
    head = _head([mails[place] for place in judged], [unseen[place] for place in judged])
    _report(mails, unseen, head)
    model = _model(mails, corpus.tags)
    fresh = TARGET.with_suffix(".new")
    fresh.write_bytes(file_of(model, head, frozenset(pack.rules)))
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
    """The model that has not seen these batches."""
    return _model([mail for mail in mails if mail.batch not in out], tags)


def _model(mails: Sequence[Mail], tags: Mapping[int, str]) -> Model:
    """The model of all sentences of these mails."""
    sentences = [sentence for mail in mails for sentence in mail.sentences]
    codes, counts = np.unique(np.concatenate([one.features for one in sentences]), return_counts=True)
    kept = np.array([code for code in codes[counts >= LEAST_SEEN] if int(code) in tags], dtype=np.uint32)
    worth = np.array([WORTH.get(tags[int(code)], 1.0) for code in kept])
    answers = [LABELS.index(sentence.label) for sentence in sentences]
    rows = rows_of([sentence.features for sentence in sentences], kept, worth)
    return Model(kept, worth, trained(rows, answers, len(LABELS), HIDDEN, rounds=ROUNDS, dropped=DROPPED))


def _chances(mail: Mail, model: Model) -> Floats:
    weighed = [sentence.features for sentence in mail.sentences if sentence.weighed]
    return model.network.chances(rows_of(weighed, model.codes, model.worth)) if weighed else np.zeros((0, len(LABELS)))


def _evidence(mail: Mail, found: Floats) -> dict[str, float]:
    lines = [dict(zip(LABELS, row, strict=True)) for row in found.tolist()]
    return evidence(lines, mail.fired, many=mail.many, quoted=mail.quoted, said=mail.said, network=mail.network)


def _head(mails: Sequence[Mail], found: Sequence[Floats]) -> Head:
    """The mail's own regression: from the numbers of `opinion.evidence` to its label."""
    weighed = [(mail, one) for mail, one in zip(mails, found, strict=True) if len(one)]
    table = [_evidence(mail, one) for mail, one in weighed]
    names = sorted(table[0])
    dense = np.array([[row[name] for name in names] for row in table])
    weights = fit(dense, [LABELS.index(mail.label) for mail, _ in weighed], len(LABELS), HEAD_PENALTY)
    return {name: tuple(row.round(3).tolist()) for name, row in zip([*names, "bias"], weights, strict=True)}


def _sure(mail: Mail, found: Floats, head: Head) -> float:
    if not len(found):
        return 0.0
    numbers = _evidence(mail, found)
    row = np.array([[numbers[name] for name in head if name != "bias"]])
    said = chances(row, np.array([*(head[name] for name in head if name != "bias"), head["bias"]]))
    return float(said[0, [label in HOLDING for label in LABELS]].sum())


def _report(mails: Sequence[Mail], unseen: Sequence[Floats], head: Head) -> None:
    """Precision and recall by batch and in all, each batch judged by weights that have not seen it."""
    sure = [_sure(mail, found, head) for mail, found in zip(mails, unseen, strict=True)]
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


def file_of(model: Model, head: Head, rules: frozenset[str]) -> bytes:
    """The rows in steps of a signed byte, as large as the loudest weight needs: what is cut short there is what says
    most. Where two features lead to one place, the one that says more has it."""
    network = model.network
    table = network.table * model.worth[:, None]
    steps = np.maximum(np.abs(table).max(axis=0), 1e-6) / 127
    cut = np.rint(table / steps).astype(np.int16)
    loud = np.abs(cut).sum(axis=1)
    seals, kept = np.zeros(SIZE, np.uint8), np.full((SIZE, table.shape[1]), ZERO, np.uint8)
    for row in np.argsort(loud, kind="stable"):
        if loud[row]:
            place = place_of(int(model.codes[row]))
            seals[place], kept[place] = seal_of(int(model.codes[row])), cut[row] + ZERO
    print(f"{int((loud > 0).sum())} features in {int((seals > 0).sum())} of {SIZE} places", flush=True)
    header = Header(
        labels=LABELS,
        bias=tuple(network.bias.round(4).tolist()),
        step=tuple(steps.round(8).tolist()),
        inner=tuple(network.inner.round(4).tolist()),
        outer=tuple(tuple(row) for row in network.outer.round(4).tolist()),
        head=head,
        rules=rules,
    )
    return written(header, seals.tobytes(), kept.tobytes())


if __name__ == "__main__":
    main()
