"""`python -m tests.training.background ARCHIVE...`: what mail looks like that is about something else.

Labelled mails are all about the same few things, so weights learnt from them alone make anything of a mail about
others. This reads archives of real mail and keeps, of every mail that gate and sieve let through and of some that only
the gate does, the digests of the features its weighed sentences share with the labelled ones: figures, no words.
`policies/cases/background.npz` was made from the same half of public mail that the sieve was trained with
(`tests.training.sieve`). *IO*: reads archives, writes that file.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.mail.message import walk
from gateway.mail.reading import read_text
from gateway.policy.labels import Label
from gateway.policy.nearness import relevant
from gateway.policy.packs import load
from gateway.policy.verdict import Scene
from gateway.replay.archive import read
from tests.training.examples import Corpus, Mail, Sentence

TARGET = Path("policies/cases/background.npz")
MOST = 8  # sentences kept of one mail
SOME = 20  # each so many-th mail is kept that the gate lets through and the sieve does not
LABELS = tuple(Label)


def main(archives: list[str]) -> None:
    """Read them, keep what the labelled mails share, and say how much that is."""
    pack = load("ask-once", second=False)
    corpus = Corpus(pack)
    seen = Counter(
        chain.from_iterable(sentence.features.tolist() for mail in corpus.mails for sentence in mail.sentences)
    )
    shared = np.array(sorted(code for code, times in seen.items() if times > 1), dtype=np.uint32)
    sieved = load("ask-once")
    mails = []
    for number, archived in enumerate(read(archives)):
        text = read_text(archived.walked or walk(archived.raw))
        if relevant(text, sieved) or (not number % SOME and relevant(text, pack)):
            scene = Scene(recipients=archived.to, people=max(1, len(archived.to)))
            mails.append(_thinned(corpus.mail_of("background", text, scene), shared))
        if number % 500 == 0:
            print(number, "mails,", len(mails), "kept", flush=True)
    _write(mails)
    print(f"{TARGET}: {TARGET.stat().st_size // 1024} KB")


def _thinned(mail: Mail, shared: NDArray[np.uint32]) -> Mail:
    step = max(1, -(-len(mail.sentences) // MOST))
    kept = mail.sentences[::step]
    return replace(mail, sentences=tuple(replace(one, features=_within(one.features, shared)) for one in kept))


def _within(features: NDArray[np.uint32], shared: NDArray[np.uint32]) -> NDArray[np.uint32]:
    places = np.searchsorted(shared, features)
    places[places == len(shared)] = 0
    return features[shared[places] == features]


def _write(mails: Iterable[Mail]) -> None:
    kept = list(mails)
    sentences = [sentence for mail in kept for sentence in mail.sentences]
    np.savez_compressed(
        TARGET,
        codes=np.concatenate([one.features for one in sentences]),
        lengths=np.array([len(one.features) for one in sentences], dtype=np.uint16),
        sentences=np.array([len(mail.sentences) for mail in kept], dtype=np.uint8),
        many=np.array([mail.many for mail in kept]),
        quoted=np.array([mail.quoted for mail in kept]),
        said=np.array([mail.said for mail in kept], dtype=np.uint8),
        network=np.array([mail.network for mail in kept]),
        fired=np.array([[label in mail.fired for label in LABELS] for mail in kept]),
    )


def background() -> Iterator[Mail]:
    """The mails of the file, in five batches."""
    kept = np.load(TARGET)
    pieces = iter(np.split(kept["codes"], np.cumsum(kept["lengths"].astype(np.int64))[:-1]))
    for number, count in enumerate(kept["sentences"]):
        sentences = tuple(Sentence(features=next(pieces), label=Label.OTHER, weighed=True) for _ in range(int(count)))
        yield Mail(
            batch=f"background_{number % 5}",
            language="en",
            label=Label.OTHER,
            sentences=sentences,
            many=bool(kept["many"][number]),
            quoted=bool(kept["quoted"][number]),
            said=int(kept["said"][number]),
            network=bool(kept["network"][number]),
            fired=frozenset(label for label, found in zip(LABELS, kept["fired"][number], strict=True) if found),
        )


if __name__ == "__main__":
    main(sys.argv[1:])
