"""New words in an HTML source, touching only the characters that differ: every other byte of it stays as it was.

Takes the way of `html_source`; gives None where the document cannot be followed, and the caller rebuilds it. *Pure.*
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from gateway.holds.alignment import Line, visible
from gateway.holds.differences import Change, differences, located, own_offsets
from gateway.holds.html_source import Kind, Token, Written, emptied, tokens, written
from gateway.mail.html_text import html_text
from gateway.mail.text import MessageText

_BULLET = "\u2022 "


@dataclass(slots=True, kw_only=True)
class Splices:
    """What becomes of the source: characters of items taken out, words put in at places of the source. `spread`: a
    change reached over pieces of different look."""

    taken: dict[int, set[int]] = field(default_factory=dict)
    put: list[tuple[int, str]] = field(default_factory=list)
    spread: bool = False


def touched(source: str, reading: MessageText, lines: Sequence[Line], new: Sequence[str]) -> tuple[str, bool] | None:
    """The source with the authored lines of its reading replaced by `new`, and whether some look was lost."""
    found = tokens(source)
    shown = _shown(source, found) if found else None
    if found is None or shown is None:
        return None
    document = _Document(source, found, shown, reading, lines)
    splices = Splices()
    for change in differences([line.text for line in lines], new):
        if not document.performs(change, splices):
            return None
    return document.spliced(splices), splices.spread


def expected(reading: MessageText, lines: Sequence[Line], new: Sequence[str]) -> str:
    """What must show after the edit, whosever words each of them are taken for by then; bullets aside."""
    own, at = "\n".join(line.text for line in lines), own_offsets(lines)
    text, done = list[str](), 0
    for change in differences([line.text for line in lines], new):
        shown = [at[n] for n in range(change.start, change.end) if visible(own[n])]
        before = [at[n] for n in range(change.start) if visible(own[n])]
        start = shown[0] if shown else before[-1] + 1 if before else max(done, lines[0].start if lines else 0)
        text += [reading.text[done:start], change.new]
        done = shown[-1] + 1 if shown else start
    return visible("".join([*text, reading.text[done:]])).replace(_BULLET[0], "")


def shows(html: str) -> str:
    """All that a document shows, in the form of `expected`."""
    return visible(html_text(html).text).replace(_BULLET[0], "")


def _shown(source: str, found: Sequence[Token]) -> list[Written] | None:
    """The text a reader sees: the pieces that stand in the rendering, in order; None where they do not agree."""
    page = html_text(source)
    wanted = [run for run in (visible(page.text[run.start : run.end]) for run in page.runs) if run]
    shown: list[Written] = []
    for number, token in enumerate(found):
        if token.kind is Kind.TEXT and len(shown) < len(wanted):
            piece = written(source, number, token)
            if visible(piece.text) == wanted[len(shown)]:
                shown.append(piece)
    return shown if len(shown) == len(wanted) else None


class _Document:
    """A source under edit."""

    def __init__(
        self, source: str, found: Sequence[Token], shown: Sequence[Written], reading: MessageText, lines: Sequence[Line]
    ) -> None:
        self.source, self.found, self.shown = source, found, shown
        self.own = "\n".join(line.text for line in lines)
        where = located([piece.text for piece in shown], reading)
        self.at: list[tuple[int, int] | None] = [where.get(offset) for offset in own_offsets(lines)]
        self.links = _inside_links(found)

    def performs(self, change: Change, splices: Splices) -> bool:
        """Note what this change does; False where it cannot be done in place."""
        old = self.own[change.start : change.end]
        if "\n" in old.strip("\n") and change.new.count("\n") == old.count("\n"):
            return self._line_by_line(change, splices)
        taken: dict[int, list[int]] = {}
        for number in range(change.start, change.end):
            place = self.at[number]
            if place is None:
                if visible(self.own[number]) and self.own[number] != _BULLET[0]:
                    return False
                continue
            taken.setdefault(place[0], []).append(place[1])
        words = change.new
        if not taken:
            return self._inserted(change, splices)
        if "\n" in old.strip("\n") and visible(words) and "\n" not in words:
            words = words.strip()  # lines become one
        for item, offsets in taken.items():
            text, first, last = self.shown[item].text, min(offsets), max(offsets) + 1
            if item == min(taken) and old[:1].isspace() and not words[:1].isspace():
                first = len(text[:first].rstrip())  # the blank in front of the words goes with them
            if item == max(taken) and old[-1:].isspace() and not words[-1:].isspace():
                last += len(text[last:]) - len(text[last:].lstrip())
            if item != min(taken) and not visible(text[:first]):
                first = 0  # blanks between two pieces of the old words go with them
            if item != max(taken) and not visible(text[last:]):
                last = len(text)
            splices.taken.setdefault(item, set()).update(range(first, last))
        splices.spread = splices.spread or (len(taken) > 1 and bool(visible(words)))
        seat = max(taken, key=lambda item: len(taken[item]) - (100_000 if self.shown[item].token in self.links else 0))
        if visible(words):
            splices.put.append((self.shown[seat].places[min(taken[seat])][0], self._edges(old, words)))
        return True

    def _line_by_line(self, change: Change, splices: Splices) -> bool:
        at = change.start
        for old, new in zip(self.own[change.start : change.end].split("\n"), change.new.split("\n"), strict=True):
            if old != new and not self.performs(Change(start=at, end=at + len(old), new=new), splices):
                return False
            at += len(old) + 1
        return True

    def _edges(self, old: str, new: str) -> str:
        """The new words without the white space that the old ones leave standing around them."""
        new = new.removeprefix(_BULLET) if old.startswith(_BULLET) else new
        new = new.lstrip() if old[:1].isspace() or old.startswith(_BULLET) else new
        new = new.rstrip() if old[-1:].isspace() else new
        return _html(new)

    def _inserted(self, change: Change, splices: Splices) -> bool:
        """Words put in where none go: behind the character before them, or in front of the one behind."""
        if not visible(change.new):
            return "\n" not in change.new and "\n" not in self.own[change.start : change.end]
        before = next(
            (self.at[n] for n in range(change.start - 1, -1, -1) if self.at[n] and visible(self.own[n])), None
        )
        if before is not None:
            item, offset = before
            piece = self.shown[item]
            ends = offset + 1 >= len(piece.text.rstrip())
            place = self._behind_link(piece.token) if ends and "\n" in change.new else piece.places[offset][1]
            splices.put.append((place, _html(change.new.rstrip("\n") if "\n" in change.new else change.new)))
            return True
        behind = next(
            (self.at[n] for n in range(change.end, len(self.own)) if self.at[n] and visible(self.own[n])), None
        )
        if behind is None:
            return False
        splices.put.append((self.shown[behind[0]].places[behind[1]][0], _html(change.new)))
        return True

    def _first(self, numbers: range) -> tuple[int, int] | None:
        """The place of the first of these characters that shows."""
        return next((self.at[number] for number in numbers if self.at[number] and visible(self.own[number])), None)

    def _behind_link(self, token: int) -> int:
        """Behind a text, or behind the link it stands in."""
        if token not in self.links:
            return self.found[token].end - (len(self._text(token)) - len(self._text(token).rstrip()))
        return self.found[self.links[token]].end

    def _text(self, token: int) -> str:
        return self.source[self.found[token].start : self.found[token].end]

    def spliced(self, splices: Splices) -> str:
        """The source after all of it."""
        whole = {
            self.shown[item].token
            for item, offsets in splices.taken.items()
            if not visible("".join(letter for n, letter in enumerate(self.shown[item].text) if n not in offsets))
            and not self._receives(self.found[self.shown[item].token], splices)
        }
        gone = emptied(self.source, self.found, whole)
        cuts = [(self.found[number].start, self.found[number].end) for number in gone]
        for item, offsets in splices.taken.items():
            if self.shown[item].token not in whole:
                cuts += [self.shown[item].places[offset] for offset in offsets]
        edits = [(start, end, "") for start, end in set(cuts)] + [(place, place, words) for place, words in splices.put]
        out, at = [], 0
        for start, end, words in sorted(edits, key=lambda edit: (edit[0], edit[1])):
            out += [self.source[at : max(at, start)], words]
            at = max(at, end)
        return "".join([*out, self.source[at:]])

    def _receives(self, token: Token, splices: Splices) -> bool:
        return any(token.start <= place <= token.end for place, _ in splices.put)


def _html(text: str) -> str:
    return "<br>".join(escape(line, quote=False) for line in text.split("\n"))


def _inside_links(found: Sequence[Token]) -> Mapping[int, int]:
    """For each text token inside a link, the token that closes the link."""
    links: dict[int, int] = {}
    inside: list[int] | None = None
    for number, token in enumerate(found):
        if token.name == "a" and token.kind is Kind.OPEN:
            inside = []
        elif token.name == "a" and token.kind is Kind.CLOSE and inside is not None:
            links.update(dict.fromkeys(inside, number))
            inside = None
        elif token.kind is Kind.TEXT and inside is not None:
            inside.append(number)
    return links
