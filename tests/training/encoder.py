"""`python -m tests.training.encoder [english|others]`: fine-tune an encoder on the labelled cases: MiniLM for English
into `policies/ask-once/opinion.onnx`, multilingual-e5-small for the other languages into `opinion.others.onnx`.

Reads what `tests.training` reads, never what is locked away. Half an hour a round on two cores. The same cases give
very nearly the same file: sums of floating-point numbers on several cores are not bit for bit the same.
"""

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gateway.mail.normal import normalise
from gateway.policy.features import weighed
from gateway.policy.labels import Label
from gateway.policy.packs import ENCODER, ENCODER_OF_OTHERS, load
from gateway.policy.passage import Pieces, passage
from tests.training.examples import EXAMPLES, TIMES, TO_ONE, Labelled, labelled
from tests.training.onnx_file import write
from tests.training.published import e5, minilm
from tests.training.transformer import Labeller, Read, begun

LABELS = tuple(Label)
SAME_TO_ONE = TO_ONE | {Label.OTHER}
READERS = 2  # the piece that says who reads a mail: [CLS] to many ...
FOLDER = Path("policies/ask-once")
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
ENGLISH_AMONG_OTHERS = 8  # each eighth English mail is read by the encoder of other languages too
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
    parser.add_argument("languages", choices=("english", "others"), nargs="?", default="english")
    parser.add_argument("--rounds", type=float, default=ROUNDS, help="over all mails; 0 only writes the file")
    parser.add_argument("--start", type=Path, help="weights that an earlier run kept, to go on from")
    parser.add_argument("--keep", type=Path, help="where weights are kept as training goes on")
    wanted = parser.parse_args()
    torch.manual_seed(7)
    mails = list(labelled(load("ask-once", second=False)))
    english = wanted.languages == "english"
    published = minilm() if english else e5(_words(mails))
    labeller = begun(published, len(LABELS))
    if not english:  # pieces that no case has must stay what they are beside those that some have
        labeller.bert.embeddings.requires_grad_(False)
    if wanted.start:
        labeller.load_state_dict(torch.load(wanted.start))
    if wanted.rounds:
        heard = mails if english else _abroad(mails)
        train(labeller, examples(heard, published.pieces), wanted.rounds, keep=wanted.keep)
    target = FOLDER / (ENCODER if english else ENCODER_OF_OTHERS)
    write(labeller, LABELS, published.said, target)
    print(f"{target}: {target.stat().st_size // 1024} KB")


def _words(mails: Sequence[Labelled]) -> Iterator[str]:
    """All that the mails say."""
    for mail in mails:
        for line in (*mail.reading.lines, *mail.reading.quoted):
            yield normalise(line.original).text


def _abroad(mails: Sequence[Labelled]) -> list[Labelled]:
    """All that is not English, and of the English ones some: what a mail does is the same in every language."""
    return [mail for number, mail in enumerate(mails) if mail.language != "en" or not number % ENGLISH_AMONG_OTHERS]


def examples(mails: Sequence[Labelled], pieces: Pieces) -> list[Example]:
    """All that is trained on and has sentences that count."""
    (many,), (one,) = pieces.of("many"), pieces.of("one")
    found: list[Example] = []
    for number, mail in enumerate(mails):
        example = _example(mail, pieces)
        if example:
            found += repeat(example, TIMES if mail.batch == EXAMPLES else 1)
        if example and not number % ALSO_TO_ONE and mail.label in SAME_TO_ONE and example.pieces[READERS] == many:
            found.append(replace(example, pieces=(*example.pieces[:READERS], one, *example.pieces[READERS + 1 :])))
    print(f"{len(found)} mails, {sum(len(one.pieces) for one in found)} pieces", flush=True)
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
