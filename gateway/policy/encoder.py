"""The encoder: a compact network that reads the sentences of a mail together and says what the mail is. *IO*: opens a
file, once a mail first needs it: most never do.

The regression beside it counts words; an encoder (Vaswani et al., "Attention is all you need", NIPS 2017) has learnt
from a great deal of other text which of them mean the same. Ours is MiniLM (Wang et al., NeurIPS 2020), fine-tuned on
the labelled cases by `make encoder`, in a file that onnxruntime runs where it is installed (`askonce[encoder]`).
"""

import hashlib
import json
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import structlog

from gateway.errors import UserError
from gateway.policy import unigram, wordpiece
from gateway.policy.labels import Label
from gateway.policy.line import Line, Reading
from gateway.policy.passage import Pieces, passage

KIND = "askonce encoder 1"  # the file's own word for what it is, under "kind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """How likely each label is for the mail, and for each sentence that was read; `encoders`: how many say so."""

    mail: Mapping[Label, float]
    lines: Mapping[Line, Mapping[Label, float]]
    encoders: int = 1


def usable() -> bool:
    """Whether what runs an encoder is installed."""
    return find_spec("onnxruntime") is not None


class Encoder:
    """An encoder in the file at `place`, which must still have this digest (SHA-256) when it is opened: the audit names
    it. Handed to another process, it is opened there."""

    def __init__(self, place: Path, digest: str) -> None:
        self.place, self.digest = place, digest
        self._one = threading.Lock()  # mail at a time: memory stays within bounds, and the cores are shared anyway
        self._opened: _Session | None = None
        self._failed = False

    def __reduce__(self) -> tuple[Any, ...]:
        return Encoder, (self.place, self.digest)

    def says(self, reading: Reading, places: Collection[int]) -> Encoded | None:
        """What it makes of the sentences at these places; None, with one line in the log, where it cannot be used: no
        mail fails for it."""
        with self._one:
            if self._failed:
                return None
            try:
                self._opened = self._opened or _Session(self.place, self.digest)
                return self._opened.run(reading, places)
            except Exception as error:  # whatever onnxruntime raises
                self._failed = True
                log = structlog.get_logger(__name__)
                log.error("encoder not usable: the regression decides alone", file=str(self.place), error=str(error))
                return None

    def check(self) -> None:
        """Raises UserError for a file that is no encoder."""
        try:
            _Session(self.place, self.digest)
        except Exception as error:
            what = str(error).partition("\n")[0]
            raise UserError(f"not the encoder of a second opinion: {what}", where=str(self.place)) from None


class _Session:
    """An opened file. Raises ValueError, or whatever onnxruntime raises, for one that is not ours."""

    def __init__(self, place: Path, digest: str) -> None:
        import onnxruntime  # heavy: only where a mail needs it

        data = place.read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            raise ValueError("it is not the file it was at the start")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # the gateway's processes share the cores
        options.log_severity_level = 3  # errors
        self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        said = self._session.get_modelmeta().custom_metadata_map
        if said.get("kind") != KIND:
            raise ValueError(f'it says "{said.get("kind")}", wanted "{KIND}"')
        self._labels = tuple(map(Label, said["labels"].split()))
        if set(self._labels) != set(Label):
            raise ValueError("it does not know every label")
        self._pieces = _vocabulary(said)
        self._run((0, 0, 0), 3, [(0, 2)])

    def run(self, reading: Reading, places: Collection[int]) -> Encoded | None:
        """What it says of these sentences; None when there are none."""
        read = passage(reading, places, self._pieces)
        if not read.spans:
            return None
        mail, lines = self._run(read.pieces, read.quoted_from, [(start, end) for _, start, end in read.spans])
        return Encoded(mail=mail, lines={line: row for (line, _, _), row in zip(read.spans, lines, strict=True)})

    def _run(
        self, pieces: tuple[int, ...], quoted_from: int, spans: list[tuple[int, int]]
    ) -> tuple[dict[Label, float], list[dict[Label, float]]]:
        import numpy as np

        shares = np.zeros((len(spans), len(pieces)), np.float32)
        for row, (start, end) in enumerate(spans):
            shares[row, start:end] = 1 / (end - start)
        kinds = (np.arange(len(pieces)) >= quoted_from).astype(np.int64)[None]
        given = {"pieces": np.array([pieces], np.int64), "kinds": kinds, "spans": shares}
        mail, lines = self._session.run(["mail", "lines"], given)
        return self._named(mail), [self._named(row) for row in lines]

    def _named(self, row: Any) -> dict[Label, float]:
        return dict(zip(self._labels, row.tolist(), strict=True))


def _vocabulary(said: Mapping[str, str]) -> Pieces:
    """What a file tells of its pieces: with their probabilities when they are cut by those. Raises ValueError."""
    pieces = said["vocabulary"].split("\n")
    kind = unigram if "scores" in said else wordpiece
    if not {kind.BEGIN, kind.END, kind.UNKNOWN} <= set(pieces):
        raise ValueError("its vocabulary lacks pieces")
    if "scores" in said:
        return unigram.Unigram(dict(zip(pieces, json.loads(said["scores"]), strict=True)))
    return wordpiece.WordPiece({piece: number for number, piece in enumerate(pieces)})
