"""A published encoder as a network that can be trained, with what our labels need on top of it.

The layers are BERT's (Devlin et al., "BERT", NAACL 2019) and have the names that the published weights have. On top,
each sentence is the mean of its pieces; a mail is its first piece, the mean of all and, in each place, the most that
one of its sentences has. Both are weighed for our labels. Needs PyTorch.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from tests.training.published import Published

WIDE, INNER, HEADS = 384, 1536, 12  # MiniLM-L6 and multilingual-e5-small alike
LONGEST = 512
DROPPED = 0.1
FINE = 1e-12  # of the layers' norms


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Mails beside each other, padded. (mails, pieces): the pieces' numbers, whether each is there, and 1 where it is
    quoted; (mails, sentences, pieces): each sentence's pieces, adding up to 1."""

    pieces: Tensor
    there: Tensor
    kinds: Tensor
    spans: Tensor


class Transformer(nn.Module):
    """Pieces to what each means where it stands: (mails, pieces, WIDE)."""

    def __init__(self, pieces: int, layers: int) -> None:
        super().__init__()
        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": nn.Embedding(pieces, WIDE),
                "position_embeddings": nn.Embedding(LONGEST, WIDE),
                "token_type_embeddings": nn.Embedding(2, WIDE),
                "LayerNorm": nn.LayerNorm(WIDE, eps=FINE),
            }
        )
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(_layer() for _ in range(layers))})
        self.dropped = nn.Dropout(DROPPED)

    def forward(self, pieces: Tensor, kinds: Tensor, there: Tensor | None) -> Tensor:
        own = self.embeddings
        places = torch.arange(pieces.shape[1])
        said = own["word_embeddings"](pieces) + own["position_embeddings"](places) + own["token_type_embeddings"](kinds)
        hidden = self.dropped(own["LayerNorm"](said))
        seen = None if there is None else there[:, None, None, :]
        for layer in self.encoder["layer"]:
            hidden = self._through(layer, hidden, seen)
        return hidden

    def _through(self, layer: nn.ModuleDict, hidden: Tensor, seen: Tensor | None) -> Tensor:
        looks, told = layer["attention"]["self"], layer["attention"]["output"]
        asked, offered, given = (
            looks[name](hidden).unflatten(-1, (HEADS, WIDE // HEADS)).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        drop = DROPPED if self.training else 0.0
        found = scaled_dot_product_attention(asked, offered, given, attn_mask=seen, dropout_p=drop)
        hidden = told["LayerNorm"](hidden + self.dropped(told["dense"](found.transpose(1, 2).flatten(2))))
        inner = gelu(layer["intermediate"]["dense"](hidden))
        last = layer["output"]
        return last["LayerNorm"](hidden + self.dropped(last["dense"](inner)))


def _layer() -> nn.ModuleDict:
    def dense(wide: int, to: int) -> nn.ModuleDict:
        return nn.ModuleDict({"dense": nn.Linear(wide, to), "LayerNorm": nn.LayerNorm(to, eps=FINE)})

    looks = nn.ModuleDict({name: nn.Linear(WIDE, WIDE) for name in ("query", "key", "value")})
    return nn.ModuleDict(
        {
            "attention": nn.ModuleDict({"self": looks, "output": dense(WIDE, WIDE)}),
            "intermediate": nn.ModuleDict({"dense": nn.Linear(WIDE, INNER)}),
            "output": dense(INNER, WIDE),
        }
    )


class Labeller(nn.Module):
    """The log-odds of each label, for mails (mails, labels) and for their sentences (mails, sentences, labels)."""

    def __init__(self, labels: int, *, pieces: int, layers: int) -> None:
        super().__init__()
        self.bert = Transformer(pieces, layers)
        self.mail = nn.Linear(3 * WIDE, labels)
        self.line = nn.Linear(WIDE, labels)
        self.dropped = nn.Dropout(DROPPED)

    def forward(self, read: Read) -> tuple[Tensor, Tensor]:
        hidden = self.bert(read.pieces, read.kinds, read.there)
        lines = read.spans @ hidden
        here = read.there.unsqueeze(-1).float()
        mean = (hidden * here).sum(1) / here.sum(1)
        most = lines.masked_fill(read.spans.sum(-1, keepdim=True) == 0, -1e4).amax(1)
        whole = torch.cat([hidden[:, 0], mean, most], -1)
        return self.mail(self.dropped(whole)), self.line(self.dropped(lines))


class Alone(nn.Module):
    """One mail at a time, as the gateway asks: probabilities of its labels (labels) and its sentences' (sentences,
    labels)."""

    def __init__(self, labeller: Labeller) -> None:
        super().__init__()
        self.labeller = labeller

    def forward(self, pieces: Tensor, kinds: Tensor, spans: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.labeller.bert(pieces, kinds, None)[0]
        lines = spans @ hidden
        whole = torch.cat([hidden[0], hidden.mean(0), lines.amax(0)])
        return self.labeller.mail(whole).softmax(-1), self.labeller.line(lines).softmax(-1)


def begun(published: Published, labels: int) -> Labeller:
    """An encoder as published, with nothing learnt of our labels."""
    words = published.weights["embeddings.word_embeddings.weight"]
    labeller = Labeller(labels, pieces=len(words), layers=published.layers)
    own = labeller.bert.state_dict()
    labeller.bert.load_state_dict({name: published.weights[name] for name in own})
    return labeller
