"""A held mail with other words: what the sender wrote is replaced, everything else stays as it was.

Headers, attachments, inline pictures, calendar entries and quoted mail keep their bytes; the plain-text and the HTML
version both say the new words. Signatures over the old words go. The same words again give the same bytes. *Pure.*
RFC 2045, RFC 2046, RFC 6376 (DKIM), RFC 8617 (ARC).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.holds.alignment import authored_lines, distributed
from gateway.holds.alternative import edited_alike, said
from gateway.holds.differences import differences
from gateway.holds.html_edit import edited_html, with_charset
from gateway.holds.plain_edit import edited_plain
from gateway.holds.wire_text import Encoded, content_type, edited_header, encoded, subject_field, transfer_encoding
from gateway.language.catalogue import later
from gateway.mail import decoding
from gateway.mail.controls import without_controls
from gateway.mail.message import Message, Part, walk
from gateway.mail.reading import read_text
from gateway.mail.text import BlockKind, MessageText

SIGNED = later("This mail is digitally signed; changing it would break the signature. Take it back and send it anew.")
ENCRYPTED = later("This mail is encrypted and cannot be changed here. Take it back and send it anew.")
NO_TEXT = later("This mail has no text that could be changed here. Take it back and send it anew.")

WRITTEN_ANEW = later("Another version of this mail says it in other words; that version is written anew.")
OWN_WORDS = later("Another version of this mail has words of its own where you changed something; they go too.")

_SEALS = frozenset(
    (
        "dkim-signature",
        "domainkey-signature",
        "x-google-dkim-signature",
        "arc-seal",
        "arc-message-signature",
        "arc-authentication-results",
        "content-md5",
        "content-length",
    )
)
_SIGNED_TYPES = ("multipart/signed",)
_ENCRYPTED_TYPES = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
_MOST = 1 << 24  # characters of one text part


class NotEditable(Exception):
    """The mail cannot be edited; `reason` is one plain sentence for its sender."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """The mail after the edit; `lost`: sentences about what could not be kept; the same object when nothing changed."""

    raw: bytes
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Parts that say the same to different readers, and the lines the sender wrote in them."""

    parts: tuple[int, ...]
    lines: tuple[str, ...]


def editable_text(raw: bytes) -> str:
    """What the sender wrote, as the edit box shows it: "\\n" line ends; "" when there is nothing that can be edited."""
    return _text(_groups(walk(raw)))


def sealed_by(message: Message, text: str) -> str:
    """Why no words of a message that says this can be changed: it is encrypted or signed; "" where it is neither."""
    kinds = {*message.multiparts.values(), *(part.content_type for part in message.parts)}
    if kinds.intersection(_ENCRYPTED_TYPES) or "-----BEGIN PGP MESSAGE-----" in text:
        return ENCRYPTED
    if kinds.intersection(_SIGNED_TYPES) or "-----BEGIN PGP SIGNED MESSAGE-----" in text:
        return SIGNED
    return ""


def revise(raw: bytes, new_text: str | None, new_subject: str | None = None) -> Revision:
    """The mail with `new_text` in place of what its sender wrote, and another subject; None leaves either as it is.

    Raises NotEditable for signed and encrypted mail and for mail without text.
    """
    message = walk(raw)
    groups = _groups(message)
    wanted = _lines(_text(groups) if new_text is None else new_text)
    body_changed = wanted != _lines(_text(groups))
    subject_changed = new_subject is not None and new_subject.split() != message.subject.split()
    if not body_changed and not subject_changed:
        return Revision(raw=raw)
    edits: list[tuple[int, int, bytes]] = []
    lost: dict[str, None] = {}
    top: dict[str, bytes] = (
        {"subject": subject_field(new_subject)} if subject_changed and new_subject is not None else {}
    )
    if body_changed:
        _refuse_sealed(message, groups)
        for part, lines, missed in _shares(message, groups, wanted):
            put, body, less = _rewritten(message, part, lines)
            lost.update(dict.fromkeys((*missed, *less)))
            edits.append((part.start, part.end, body))
            if part.start == message.header_end:
                top |= put
            else:
                header = edited_header(raw[part.header_start : part.start], put=put, drop=frozenset(("content-md5",)))
                edits.append((part.header_start, part.start, header))
        if not message.header("mime-version"):
            top["mime-version"] = b"MIME-Version: 1.0\r\n"
    edits.append((0, message.header_end, edited_header(raw[: message.header_end], put=top, drop=_SEALS)))
    return Revision(raw=_spliced(raw, edits), lost=tuple(lost))


def _text(groups: Sequence[_Group]) -> str:
    return "\n\n".join("\n".join(group.lines) for group in groups if group.lines)


def _lines(text: str) -> list[str]:
    """Lines without controls and trailing blanks, without blank lines at either end, whatever line ends a form sent."""
    text = without_controls(text.replace("\r\n", "\n").replace("\r", "\n")).strip("\n")
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        del lines[0]
    return lines


def _groups(message: Message) -> list[_Group]:
    """The editable parts, alternatives together, each group with the lines its sender wrote."""
    together: dict[str, list[int]] = {}
    for number, part in enumerate(message.parts):
        if _editable(part):
            together.setdefault(_root(part, message), []).append(number)
    whole = read_text(message)
    return [_Group(parts=tuple(parts), lines=tuple(_written(message, parts, whole))) for parts in together.values()]


def _editable(part: Part) -> bool:
    plain = part.disposition != "attachment" and not part.filename
    return plain and part.content_type in ("text/plain", "text/html")


def _root(part: Part, message: Message) -> str:
    """The path of the outermost multipart/alternative around a part, else its own."""
    steps = part.path.split(".")
    roots = (".".join(steps[:length]) for length in range(len(steps)))
    found = next((root for root in roots if message.multiparts.get(root) == "multipart/alternative"), None)
    return part.path if found is None else f"{found}.*"


def _written(message: Message, parts: Sequence[int], whole: MessageText) -> list[str]:
    """What the sender wrote in a group: once, when its alternatives say the same, preferably as the HTML has it,
    whose lines are not wrapped; all of it, when they differ."""
    heard = [source.part for source in whole.sources if source.part in parts]
    if len(set(heard)) > 1:
        return _lines("\n\n".join(_authored_of(whole, set(parts))))
    own = {number: _own_words(_alone(message, message.parts[number])) for number in parts}
    chosen = heard[0] if heard else parts[0]
    for number in parts:
        if message.parts[number].content_type == "text/html" and said(own[number]) == said(own[chosen]):
            chosen = number
    return _lines(own[chosen])


def _own_words(reading: MessageText) -> str:
    return "\n".join(line.text for line in authored_lines(reading))


def _authored_of(whole: MessageText, parts: set[int]) -> list[str]:
    """The sender's words in these parts, block by block."""
    return [
        whole.text[max(block.start, source.start) : min(block.end, source.end)].strip("\n")
        for source in whole.sources
        if source.part in parts
        for block in whole.blocks
        if block.kind is BlockKind.AUTHORED and block.start < source.end and block.end > source.start
    ]


def _alone(message: Message, part: Part) -> MessageText:
    """The reading of one part by itself."""
    return read_text(replace(message, parts=(part,), multiparts={}))


def _refuse_sealed(message: Message, groups: Sequence[_Group]) -> None:
    if reason := sealed_by(message, _text(groups)) or ("" if groups else NO_TEXT):
        raise NotEditable(reason)


def _shares(
    message: Message, groups: Sequence[_Group], new: list[str]
) -> list[tuple[Part, list[str], tuple[str, ...]]]:
    """The new lines of each part that changes, and what it loses by them."""
    speaking = [group for group in groups if group.lines] or list(groups[:1])
    shares = distributed([group.lines for group in speaking], new) if len(speaking) > 1 else [new]
    return [
        (message.parts[number], *version)
        for group, lines in zip(speaking, (_lines("\n".join(share)) for share in shares), strict=True)
        if lines != list(group.lines)
        for number, version in _versions(message, group, lines)
        if version is not None
    ]


def _versions(
    message: Message, group: _Group, new: list[str]
) -> list[tuple[int, tuple[list[str], tuple[str, ...]] | None]]:
    """The new lines of each version of a group and what is lost; each changes where it has the words that changed, and
    is new as a whole where it cannot be followed, or no version has them; None for one that has none of them."""
    own = {number: _own_words(_alone(message, message.parts[number])) for number in group.parts}
    shown, changed = "\n".join(group.lines), len(differences(group.lines, new))
    alike = {
        number: None if _lines(text) == list(group.lines) else edited_alike(group.lines, new, text.split("\n"))
        for number, text in own.items()
    }
    found: list[tuple[int, tuple[list[str], tuple[str, ...]] | None]] = []
    leading = any(_lines(text) == list(group.lines) for text in own.values())
    nowhere = frozenset(range(changed)).intersection(*(one.missing if one else () for one in alike.values()))
    for number, text in own.items():
        one = alike[number]
        if _lines(text) == list(group.lines):
            found.append((number, (new, ())))
        elif one is None or (nowhere and not leading) or _left_behind(shown, new, one.lines):
            found.append((number, (new, () if said(text) == said(shown) else (WRITTEN_ANEW,))))
        elif len(one.missing) == changed:
            found.append((number, None))
        else:
            found.append((number, (list(one.lines), () if one.exact else (OWN_WORDS,))))
    return found


def _left_behind(shown: str, new: Sequence[str], now: Sequence[str]) -> bool:
    """True when a line that was taken out of the text shown still stands in a version."""
    wanted, standing = " ".join(said("\n".join(new))), " ".join(said("\n".join(now)))
    taken = (" ".join(said(line)) for line in shown.split("\n"))
    return any(len(line) > 8 and line not in wanted and f" {line} " in f" {standing} " for line in taken)


def _rewritten(message: Message, part: Part, new: Sequence[str]) -> tuple[dict[str, bytes], bytes, tuple[str, ...]]:
    """Header fields and body of one part after the edit, and what was lost."""
    source, _ = decoding.text(message.raw, part, cap=_MOST)
    before = bytes(message.raw[part.start : part.end])
    reading = _alone(message, part)
    lost: tuple[str, ...] = ()
    if part.content_type == "text/html":
        edited = edited_html(source, reading, new)
        text, lost = edited.html, edited.lost
        written = encoded(text, charset=part.charset, encoding=part.encoding, before=before)
        if written.charset != part.charset:
            written = encoded(with_charset(text, written.charset), charset=part.charset, encoding=part.encoding)
    else:
        flowed = part.parameters.get("format", "").lower() == "flowed"
        text = edited_plain(source, reading, new, flowed=flowed)
        written = encoded(text, charset=part.charset, encoding=part.encoding, before=before)
    return _fields(message, part, written), _ended(message, part, written.body), lost


def _fields(message: Message, part: Part, written: Encoded) -> dict[str, bytes]:
    head = walk(bytes(message.raw[part.header_start : part.start])) if part.start != message.header_end else message
    value = head.header("content-type")
    return {
        "content-type": content_type(value, kind=part.content_type, charset=written.charset),
        "content-transfer-encoding": transfer_encoding(written.encoding),
    }


def _ended(message: Message, part: Part, body: bytes) -> bytes:
    """The last part of a message ends in a line end; before a delimiter there is one already."""
    last = part.end == len(message.raw)
    return body if body.endswith(b"\r\n") or not last else body + b"\r\n"


def _spliced(raw: bytes, edits: Sequence[tuple[int, int, bytes]]) -> bytes:
    out, at = [], 0
    for start, end, data in sorted(edits):
        out += [raw[at:start], data]
        at = end
    return b"".join([*out, raw[at:]])
