"""From a message to what it says: the parts a reader sees, each decoded, as one text with its blocks.

Alternatives that say the same count once; where they differ both are read. Forwarded messages and text attachments
are read too. What cannot be read is named in `MessageText.unjudgeable`. *Pure.* RFC 2046, RFC 3676, RFC 5545.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from gateway.mail import decoding
from gateway.mail.calendar import calendar_text
from gateway.mail.flowed import unflowed
from gateway.mail.html_text import html_text
from gateway.mail.joined import Joined, Piece
from gateway.mail.list_marks import without_list_marks
from gateway.mail.message import Message, Part, walk
from gateway.mail.outlook import outlook_view
from gateway.mail.quoting import Occasion
from gateway.mail.text import Block, BlockKind, MessageText

_CAPS = frozenset(("header-cap", "part-cap", "depth-cap", "word-cap"))
_BREAKING = frozenset(("no-boundary", "boundary-not-found", "bad-content-type"))
_HTML = frozenset(("text/html", "application/xhtml+xml"))
_TEXTS = _HTML | {"application/ics"}
_ENCRYPTED = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"))
_FORWARD_SUBJECT = re.compile(
    r"\s*(?:(?:re|r[ée]p|res|aw|sv)\s*:\s*)*(?:fwd?|wg|wtr?|tr|rv|enc|reenv|i|doorst)\s*:", re.I
)
_ANSWER_SUBJECT = re.compile(r"\s*(?:re|r[ée]f|r[ée]p|res|aw|antw?|sv|vs|ynt)\s*(?:\[\d+\])?\s?:", re.I)
_URL = re.compile(r"""https?://[^\s<>"')\]]{2,2000}""", re.I)
_WORD = re.compile(r"\w+")
_NOISE = re.compile(r"<(?:https?|mailto|tel):[^>\s]*>|https?://\S+|\[(?:cid|image):[^\]]*\]|\[https?:[^\]]*\]", re.I)
_TEXT_NAMES = (".txt", ".md", ".text", ".ics", ".vcs", ".html", ".htm", ".eml", ".csv", ".rtf")
_MAX_NESTED = 5  # messages in messages
_MAX_HTML = 8  # characters of HTML for each character of text we are ready to read


def read_text(message: Message, *, max_text: int = 262_144) -> MessageText:
    """What the message says to its reader, at most `max_text` characters, then "cap". Never raises."""
    answers = any(message.header(name) for name in ("in-reply-to", "references"))
    return _Reader(message, max_text, _occasion(message.subject, answers=answers)).read(0)


def _occasion(subject: str, *, answers: bool = False) -> Occasion:
    if _FORWARD_SUBJECT.match(subject):
        return Occasion.FORWARD
    return Occasion.ANSWER if answers or _ANSWER_SUBJECT.match(subject) else Occasion.NEW


def text_from(subject: str, body: str, *, html: bool = False, attachments: tuple[str, ...] = ()) -> MessageText:
    """The same for a mail given as fields; `attachments` are file names."""
    joined = Joined(_occasion(subject))
    joined.add(_html_piece(0, body, len(body) + 1000)[0] if html else _plain_piece(0, body.replace("\r\n", "\n")))
    return joined.finished(subject, attachments, "")


class _Reader:
    """One message being read."""

    def __init__(self, message: Message, max_text: int, occasion: Occasion) -> None:
        self.message, self.max_text, self.occasion = message, max_text, occasion
        self.attachments: list[str] = []
        self.views: list[Piece] = []  # the same HTML as another mail program shows it
        self.images = 0
        self.encrypted = self.cut = False
        self.rest = max_text

    def read(self, depth: int) -> MessageText:
        """All parts, in order."""
        joined = Joined(self.occasion)
        for group in self._groups():
            for piece in self._said(group, depth):
                joined.add(piece)
        text = joined.finished(self.message.subject, tuple(self.attachments), "")
        reason = self._unjudgeable(text, joined.images)
        if not reason:
            return text
        return joined.finished(self.message.subject, tuple(self.attachments), reason)

    def _groups(self) -> Iterator[list[int]]:
        """Numbers of parts; those of one multipart/alternative stand together."""
        multiparts, group, root = self.message.multiparts, list[int](), None
        for number, part in enumerate(self.message.parts):
            home = _alternative(part.path, multiparts)
            if group and (home is None or home != root):
                yield group
                group = []
            group.append(number)
            root = home
        if group:
            yield group

    def _said(self, group: list[int], depth: int) -> list[Piece]:
        """What the parts of a group say, the same only once."""
        found: list[Piece] = []
        for number in group:
            piece = self._part(number, self.message.parts[number], depth)
            if piece is not None:
                found.append(piece)
        if len(found) > 1 and len(group) > 1:
            found = _without_repeats(found, self.occasion)
        if self.views:
            said = set[tuple[str, str]]().union(*(_pairs(piece.text[: piece.visible]) for piece in found))
            found += [more for view in self.views for more in _beyond(view, said, self.occasion)]
            self.views.clear()
        return found

    def _part(self, number: int, part: Part, depth: int) -> Piece | None:
        kind = part.content_type
        name = part.filename.lower()
        if kind in _ENCRYPTED and part.parameters.get("smime-type", "") != "signed-data":
            self.encrypted = True
        if part.disposition == "attachment" or part.filename or not kind.startswith(("text/", "message/")):
            self.attachments.append(part.filename or kind)
        if kind.startswith("image/"):
            self.images += 1
            return None
        if kind in ("message/rfc822", "message/global") or (name.endswith(".eml") and not kind.startswith("text/")):
            return self._nested(number, part, depth)
        if not (kind.startswith("text/") or kind in _TEXTS or name.endswith(_TEXT_NAMES)):
            return None
        if self.rest <= 0:
            self.cut = True
            return None
        return self._text(number, part, kind, name)

    def _text(self, number: int, part: Part, kind: str, name: str) -> Piece | None:
        raw = self.message.raw
        if kind in _HTML or (not kind.startswith("text/") and name.endswith((".html", ".htm"))):
            source, cut = decoding.text(raw, part, cap=self.rest * _MAX_HTML)
            piece, rendered_cut = _html_piece(number, source, self.rest)
            self.cut = self.cut or cut or rendered_cut
            view = outlook_view(source)
            if view:
                self.views.append(_html_piece(number, view, self.rest)[0])
        else:
            source, cut = decoding.text(raw, part, cap=self.rest)
            self.cut = self.cut or cut
            if kind in ("text/calendar", "application/ics") or name.endswith((".ics", ".vcs")):
                source = calendar_text(source)
            elif part.parameters.get("format", "").lower() == "flowed":
                source = unflowed(source, delete_space=part.parameters.get("delsp", "").lower() == "yes")
            elif kind in ("text/enriched", "text/richtext", "text/rtf") or name.endswith(".rtf"):
                source = _unmarked(source)
            if "-----BEGIN PGP MESSAGE-----" in source:
                self.encrypted = True
            piece = _plain_piece(number, source)
        self.rest -= len(piece.text)
        return piece

    def _nested(self, number: int, part: Part, depth: int) -> Piece | None:
        """A message in the message: all it says is forwarded."""
        data, cut = decoding.content(self.message.raw, part, cap=64 * self.max_text)
        if depth >= _MAX_NESTED or self.rest <= 0:
            self.cut = True
            return None
        inner = walk(data)
        reader = _Reader(inner, self.rest, Occasion.FORWARD)
        said = reader.read(depth + 1)
        self.cut = self.cut or cut or reader.cut or bool(_CAPS.intersection(inner.defects))
        self.encrypted = self.encrypted or reader.encrypted
        self.attachments += said.attachments
        whole = f"{said.subject}\n\n{said.text}" if said.subject else said.text
        self.rest -= len(whole)
        if not whole.strip():
            return None
        kinds = (Block(kind=BlockKind.FORWARDED, start=0, end=len(whole)),)
        return Piece(number, whole, kinds, len(whole), tuple((0, url) for url in said.links), reader.images)

    def _unjudgeable(self, text: MessageText, images: int) -> str:
        if self.encrypted:
            return "encrypted"
        if self.cut or _CAPS.intersection(self.message.defects):
            return "cap"
        silent = not any(
            _WORD.search(text.text, block.start, block.end)
            for block in text.blocks
            if block.kind is not BlockKind.HIDDEN
        )
        if silent and _BREAKING.intersection(self.message.defects):
            return "broken"
        return "image-only" if silent and (self.images or images) else ""


def _alternative(path: str, multiparts: dict[str, str]) -> str | None:
    """The outermost multipart/alternative around a part; None when there is none."""
    if not multiparts:
        return None
    steps = path.split(".")
    for length in range(len(steps)):
        root = ".".join(steps[:length])
        if multiparts.get(root) == "multipart/alternative":
            return root
    return None


def _plain_piece(number: int, source: str) -> Piece:
    return Piece(number, source, visible=len(source), links=_urls(source))


def _html_piece(number: int, source: str, max_text: int) -> tuple[Piece, bool]:
    page = html_text(source, max_text=max_text)
    named = tuple((at, url) for at, url in page.links + page.images if url[:4].lower() == "http")
    links = tuple(sorted(named + _urls(page.text), key=lambda link: link[0]))
    hidden = page.blocks[-1] if page.blocks and page.blocks[-1].kind is BlockKind.HIDDEN else None
    visible = hidden.start if hidden else len(page.text)
    return Piece(number, page.text, page.blocks, visible, links, len(page.images), html=True), page.cut


def _urls(text: str) -> tuple[tuple[int, str], ...]:
    """Where URLs stand in plain text."""
    if "://" not in text:
        return ()
    found = zip(_URL.finditer(text), range(1000), strict=False)
    return tuple((match.start(), match[0].rstrip(".,;:!?")) for match, _ in found)


def _without_repeats(pieces: list[Piece], occasion: Occasion) -> list[Piece]:
    """Of alternatives the one that says most (HTML when they are level), and what the others say beyond it."""
    if len(pieces) == 2 and _words(pieces[0]) == _words(pieces[1]):
        return [next((piece for piece in pieces if piece.html), pieces[0])]
    pairs = [_pairs(piece.text[: piece.visible]) for piece in pieces]
    best = max(
        range(len(pieces)), key=lambda number: (pieces[number].html and pairs[number] != set(), len(pairs[number]))
    )
    out = [pieces[best]]
    for number, piece in enumerate(pieces):
        if number != best and not pairs[number] <= pairs[best]:
            out += _beyond(piece, pairs[best], occasion)
    return out


def _words(piece: Piece) -> list[str]:
    return piece.text[: piece.visible].split()


def _pairs(text: str) -> set[tuple[str, str]]:
    """Words and the words next to them, letter case, the marks of lists and the addresses of links aside."""
    text = without_list_marks(text)
    if "://" in text or "[" in text or "<" in text:
        text = _NOISE.sub(" ", text)
    words = _WORD.findall(text.casefold())
    return {*pairwise(words), *zip(words, words, strict=True)}


def _beyond(piece: Piece, said: set[tuple[str, str]], occasion: Occasion) -> list[Piece]:
    """Runs of the author's own lines that say what `said` lacks: a word, or more than a few neighbours."""
    out: list[Piece] = []
    for block in piece.blocks(occasion):
        if block.kind not in (BlockKind.AUTHORED, BlockKind.FORWARDED):
            continue
        start = first = block.start
        for line in piece.text[block.start : block.end].splitlines(keepends=True):
            end = start + len(line)
            if not _says(line, said):
                if first < start:
                    out.append(_excerpt(piece, block.kind, first, start))
                first = end
            start = end
        if first < start:
            out.append(_excerpt(piece, block.kind, first, start))
    return out


def _says(line: str, said: set[tuple[str, str]]) -> bool:
    """True for a line with something new."""
    pairs = _pairs(line)
    new = pairs - said
    return len(new) * 4 > len(pairs) or any(one == other for one, other in new)


def _excerpt(piece: Piece, kind: BlockKind, start: int, end: int) -> Piece:
    text = piece.text[start:end].rstrip("\n")
    links = tuple((at - start, url) for at, url in piece.links if start <= at < end)
    known = (Block(kind=kind, start=0, end=len(text)),)
    return Piece(piece.part, text, known, len(text), links, offset=start)


def _unmarked(source: str) -> str:
    """The words of RTF or enriched text, roughly."""
    if source.lstrip().startswith("{\\rtf"):
        source = re.sub(r"\\(?:par|line|tab)\b ?", "\n", source)
        source = re.sub(
            r"\\'([0-9a-fA-F]{2})", lambda found: bytes([int(found[1], 16)]).decode("cp1252", "replace"), source
        )
        return re.sub(r"\\[a-zA-Z]{1,32}-?\d{0,10} ?|[{}]", "", source)
    return re.sub(r"<[^<>]{0,200}>", "", source)
