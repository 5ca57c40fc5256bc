"""What a message says to its reader, as one text with a map back to where each character came from. *Pure.*"""

from dataclasses import dataclass
from enum import StrEnum


class BlockKind(StrEnum):
    """Whose words a stretch of text is, and whether a reader sees it."""

    AUTHORED = "authored"
    QUOTED = "quoted"
    FORWARDED = "forwarded"
    SIGNATURE = "signature"
    DISCLAIMER = "disclaimer"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Characters `start` to `end` of `MessageText.text`."""

    kind: BlockKind
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Characters `start`..`end` of the text came from part number `part` of `Message.parts` (-1: the subject),
    beginning at character `offset` of that part's decoded (and, for HTML, rendered) text."""

    start: int
    end: int
    part: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageText:
    """`subject` decoded; `text` the body as a reader sees it (original characters, "\\n" line ends), alternatives
    that say the same joined once; `blocks` cover `text` in order without gaps; `sources` map it back to parts.

    `attachments`: file names (or content types) of attached files and inline images; `links`: URLs in order;
    `unjudgeable`: why the words cannot be read ("encrypted", "image-only", "broken", ...), "" when they can.
    """

    subject: str
    text: str
    blocks: tuple[Block, ...]
    sources: tuple[Source, ...] = ()
    attachments: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    unjudgeable: str = ""

    def of(self, *kinds: BlockKind) -> str:
        """The text of the blocks of these kinds, joined by blank lines."""
        return "\n\n".join(self.text[block.start : block.end] for block in self.blocks if block.kind in kinds)

    @property
    def authored(self) -> str:
        """What the sender wrote now."""
        return self.of(BlockKind.AUTHORED)
