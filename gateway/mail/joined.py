"""What the parts of a mail say, put together to one text with its blocks. *Pure.*"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gateway.mail.closing import says_much
from gateway.mail.courtesies import is_courtesy
from gateway.mail.quoting import Occasion, blocks_of
from gateway.mail.text import Block, BlockKind, MessageText, Source

_OVERRIDDEN = re.compile("\u202e([^\u202c\n]*)")  # letters shown from right to left, whatever they are (UAX 9)
_MAX_COURTESY = 160  # characters


@dataclass(frozen=True, slots=True)
class Piece:
    """What one part says. `known` blocks cover `text` (those of plain text are found later); `visible`: where hidden
    text begins; `links` are (offset, URL); `offset`: where `text` begins in the whole text of the part."""

    part: int
    text: str
    known: tuple[Block, ...] = ()
    visible: int = 0
    links: tuple[tuple[int, str], ...] = ()
    images: int = 0
    html: bool = False
    offset: int = 0

    def blocks(self, occasion: Occasion) -> tuple[Block, ...]:
        """Whose words."""
        return blocks_of(self.text, known=self.known, occasion=occasion)


class Joined:
    """Pieces put together to one text."""

    def __init__(self, occasion: Occasion) -> None:
        self.occasion = occasion
        self.out: list[str] = []
        self.length = self.images = 0
        self.blocks: list[Block] = []
        self.sources: list[Source] = []
        self.links: dict[str, None] = {}

    def add(self, piece: Piece) -> None:
        """Append one; pieces are parted by a blank line, which belongs to the block before it."""
        self.images += piece.images
        blocks = piece.blocks(self.occasion)
        for url in _live(piece.links, blocks):
            self.links[url] = None
        if not piece.text:
            return
        if self.length:
            self.out.append("\n\n")
            self.length += 2
            self.blocks[-1] = replace(self.blocks[-1], end=self.length)
        base = self.length
        self.out.append(piece.text)
        self.length += len(piece.text)
        self.sources.append(Source(start=base, end=self.length, part=piece.part, offset=piece.offset))
        for block in blocks:
            if self.blocks and self.blocks[-1].kind is block.kind:
                self.blocks[-1] = replace(self.blocks[-1], end=base + block.end)
            else:
                self.blocks.append(Block(kind=block.kind, start=base + block.start, end=base + block.end))

    def finished(self, subject: str, attachments: tuple[str, ...], unjudgeable: str) -> MessageText:
        """The whole."""
        text = _shown("".join(self.out))
        return MessageText(
            subject=_shown(subject),
            text=text,
            blocks=_own_after_all(text, self.blocks) if self.occasion is Occasion.NEW else tuple(self.blocks),
            sources=tuple(self.sources),
            attachments=attachments,
            links=tuple(self.links),
            unjudgeable=unjudgeable,
        )


def _own_after_all(text: str, blocks: list[Block]) -> tuple[Block, ...]:
    """In a new mail that says nothing of its own but good wishes, what is marked as a quote is the sender's: it answers
    nothing. So is a signature that speaks to its reader; others stay one, for many a scan or picture is sent with
    nothing else."""
    own = (BlockKind.AUTHORED, BlockKind.FORWARDED)
    said = " ".join(text[one.start : one.end].strip() for one in blocks if one.kind in own)
    if len(said) > _MAX_COURTESY or not is_courtesy(said):
        return tuple(blocks)
    return tuple(replace(one, kind=BlockKind.AUTHORED) if _owns(text, one) else one for one in blocks)


def _owns(text: str, block: Block) -> bool:
    if block.kind is BlockKind.SIGNATURE:
        return any(says_much(line.strip()) for line in text[block.start : block.end].split("\n"))
    return block.kind is BlockKind.QUOTED


def _shown(text: str) -> str:
    """Letters in the order in which they are shown, where somebody turned them round; the text is as long as before."""
    return _OVERRIDDEN.sub(lambda found: "\u202e" + found[1][::-1], text) if "\u202e" in text else text


def _live(links: tuple[tuple[int, str], ...], blocks: tuple[Block, ...]) -> Iterator[str]:
    """URLs in the author's words and in what is forwarded; a link in a signature offers nothing."""
    place = 0
    for at, url in links:
        while place < len(blocks) - 1 and blocks[place].end <= at:
            place += 1
        if not blocks or blocks[place].kind in (BlockKind.AUTHORED, BlockKind.FORWARDED):
            yield url
