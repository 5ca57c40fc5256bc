"""Whose words are these: quotes and forwards in plain text (`closing` knows signatures and disclaimers).

Each line is looked at once. English, German, French, Spanish, Portuguese, Dutch and Italian mail programs are known.
When in doubt a line stays the author's: a quote judged as authored is an annoyance, an ask passed as quoted is a miss.
*Pure.*
"""

import re
from collections.abc import Iterable, Sequence
from enum import Enum, auto

from gateway.mail.closing import Line, mark_disclaimers, mark_signatures
from gateway.mail.text import Block, BlockKind

_A, _Q, _F = BlockKind.AUTHORED, BlockKind.QUOTED, BlockKind.FORWARDED

_FORWARD = re.compile(
    r"(?:[-_=> ]{2,}\s*)?(?:begin forwarded message|forwarded message|anfang der weitergeleiteten (?:nachricht"
    r"|e-?mail)"
    r"|weitergeleitete nachricht|d[ée]but du message (?:r[ée]exp[ée]di[ée]|transf[ée]r[ée])|message transf[ée]r[ée]"
    r"|courriel transf[ée]r[ée]|message r[ée]exp[ée]di[ée]|mensaje reenviado|inicio del mensaje reenviado"
    r"|mensagem (?:encaminhada|reencaminhada)"
    r"|in[íi]cio da mensagem (?:encaminhada|reencaminhada)|doorgestuurd bericht|begin doorgestuurd bericht"
    r"|messaggio inoltrato|inizio messaggio inoltrato)\s*(?::|[-_=]{2,}.*)?",
    re.I,
)
_ORIGINAL = re.compile(
    r"[-_]{2,}\s*(?:original (?:message|appointment)|urspr[üu]ngliche (?:nachricht|e-?mail)|message d['’]origine"
    r"|message original|courriel d['’]origine|mensaje original|mensagem original|oorspronkelijk bericht"
    r"|messaggio originale|reply message"
    r"|original-nachricht)\s*[-_]{2,}",
    re.I,
)
_DASHED_FORWARD = re.compile(r"[-_]{2,}.*[-_]{2,}|.*:")
_FROM = re.compile(r"\*?(?:from|von|absender|de|exp[ée]diteur|remitente|remetente|van|da)\s*:\s*\*?\s*\S", re.I)
_OTHER_FIELD = re.compile(
    r"\*?(?:sent|date|to|cc|subject|gesendet|datum|an|betreff|envoy[ée]|date|[àa]|objet|envoi|enviad[oa](?: el"
    r"| em)?|fecha|data"
    r"|kopie|cci?|cco|copie|wichtigkeit|priorit[ée]|anlagen|pièces jointes|importancia|importância|adjuntos|anexos"
    r"|date d['’]envoi|data de envio|fecha de envío|répondre à|antwort an|responder a|para|asunto|assunto"
    r"|verzonden|aan|onderwerp|inviato|a|oggetto|importance|reply-to)\s*:\s*\*?",
    re.I,
)
_ATTRIBUTION = re.compile(
    r"(?:.*\b(?:wrote|writes)|.*\b(?:schrieb|geschrieben)\b.*|.*\ba [ée]crit|.*\bescribi[óo]|.*\bescreveu"
    r"|.*\b(?:schreef|geschreven)\b.*|.*\bha scritto)\s*:\s*",
    re.I | re.S,
)
_ATTRIBUTION_START = re.compile(r"(?:on|am|den|le|el|em|no dia|a|às|op|il)\b", re.I)
_GREETING = 5  # words that speak to somebody
_WHEN = re.compile(r"\d{4}|\d:\d\d|@")


class Occasion(Enum):
    """Why a mail is written, as its subject and its headers tell. In a NEW one nothing is quoted that no line says is:
    a memo begins like a quoted header, and ">" is only a sign."""

    NEW = auto()
    ANSWER = auto()
    FORWARD = auto()


def is_forward_line(words: str) -> bool:
    """True for a line by which a mail program begins a forwarded message."""
    return bool(_FORWARD.match(words.strip()[:120]))


def is_header_line(words: str) -> bool:
    """True for the "From:" with which a quoted header begins."""
    return bool(_FROM.match(words.strip()[:200]))


def is_attribution_line(words: str) -> bool:
    """True for the "On ... wrote:" by which a mail program begins a quote."""
    return bool(_ATTRIBUTION.fullmatch(words.strip()[:400]))


def blocks_of(text: str, *, known: Sequence[Block] = (), occasion: Occasion = Occasion.ANSWER) -> tuple[Block, ...]:
    """Blocks that cover `text` in order, without gaps.

    `known`: blocks that cover it already (from HTML marks), of which those that are not AUTHORED are kept. In a
    FORWARD a quoted header begins a forwarded original. Linear in the text.
    """
    if not text:
        return ()
    lines = _lines(text, known or (Block(kind=_A, start=0, end=len(text)),))
    _quotes(lines, occasion)
    _marked_forwards(lines, occasion is Occasion.FORWARD)
    mark_signatures(lines)
    mark_disclaimers(text, lines)
    return _merged(lines)


def _lines(text: str, known: Iterable[Block]) -> list[Line]:
    """Lines, cut also where a known block begins."""
    lines: list[Line] = []
    for block in known:
        kind = None if block.kind is _A else block.kind
        start = block.start
        for piece in text[start : block.end].split("\n"):
            end = min(start + len(piece) + 1, block.end)
            if end > start:
                lines.append(Line(start, end, piece.strip(), kind, kind is not None))
            start = end
    return lines


def _quotes(lines: list[Line], occasion: Occasion) -> None:
    """Mark what is quoted or forwarded; from a header block or a marker line on it is all the rest."""
    own_signs = occasion is Occasion.NEW and not any(_says_who(line.words) for line in lines)
    for number, line in enumerate(lines):
        if line.fixed or not line.words or line.kind is not None:
            continue
        first = line.words[0]
        if first == ">":
            if not own_signs and not _mbox_from(lines, number):
                line.kind = _Q
            continue
        if occasion is Occasion.NEW and _is_memo(lines, number):
            continue
        kind = _to_the_end(lines, number, forward=occasion is Occasion.FORWARD)
        if kind is not None:
            _mark_rest(lines, number, kind)
            return
        if line.words[-1] == ":" or "wrote" in line.words:
            _attribution(lines, number)


def _says_who(words: str) -> bool:
    """Whether a line says that what follows was written by somebody, or before."""
    return (
        bool(words)
        and len(words) <= 400
        and (words[-1] == ":" or "wrote" in words or bool(_ORIGINAL.fullmatch(words) or _FORWARD.fullmatch(words)))
    )


def _is_memo(lines: list[Line], number: int) -> bool:
    """ "From: ..., To: ..., Subject: ..." above one's own words: nothing stands before it but who is spoken to."""
    if not _FROM.match(lines[number].words) or not _header_block(lines, number):
        return False
    above = [line.words for line in lines[:number] if line.words]
    return len(above) <= 3 and all(len(words.split()) <= _GREETING or _OTHER_FIELD.match(words) for words in above)


def _to_the_end(lines: list[Line], number: int, *, forward: bool) -> BlockKind | None:
    words = lines[number].words
    if len(words) > 300:
        return None
    first = words[0]
    if first in "-_=" or words[-1] in ":-":
        if _DASHED_FORWARD.fullmatch(words) and _FORWARD.fullmatch(words):
            return _F
        if _ORIGINAL.fullmatch(words):
            return _F if forward else _Q
    if first in "*fFvVdDaAeErR" and _FROM.match(words) and _header_block(lines, number):
        return _F if forward else _Q
    return None


def _header_block(lines: list[Line], number: int) -> bool:
    """At least two more header fields stand within the next lines."""
    found = 0
    for line in lines[number + 1 : number + 9]:
        if line.words and _OTHER_FIELD.match(line.words):
            found += 1
            if found == 2:
                return True
    return False


def _mark_rest(lines: list[Line], number: int, kind: BlockKind) -> None:
    if number and lines[number - 1].words and not lines[number - 1].words.strip("_-"):
        lines[number - 1].kind = kind  # the rule above it
    for line in lines[number:]:
        if not line.fixed or (kind is _F and line.kind is _Q):
            line.kind = kind


def _mbox_from(lines: list[Line], number: int) -> bool:
    """ ">From" alone at a line's start: how mailboxes escape the author's own "From"."""
    if not lines[number].words.startswith(">From "):
        return False
    around = lines[max(number - 1, 0) : number] + lines[number + 1 : number + 2]
    return not any(line.words.startswith(">") for line in around)


def _attribution(lines: list[Line], number: int) -> None:
    """ "On ... wrote:", over up to three lines; what follows decides whether it is one and how much is quoted."""
    first = _attribution_start(lines, number)
    if first is None:
        return
    joined = " ".join(line.words for line in lines[first : number + 1])
    following = next((line for line in lines[number + 1 : number + 5] if line.words), None)
    quoted = following is not None and (following.words[0] == ">" or following.kind is _Q)
    dated = bool(_WHEN.search(joined)) and bool(_ATTRIBUTION_START.match(joined) or "<" in joined)
    if not quoted and not dated:
        return
    for line in lines[first : number + 1]:
        line.kind = _Q
    if not quoted and following is not None and not any(line.words[:1] == ">" for line in lines[number + 1 :]):
        _mark_rest(lines, number + 1, _Q)  # a program that quotes without marks


def _attribution_start(lines: list[Line], number: int) -> int | None:
    """The line on which the attribution that ends on line `number` begins; None when that line ends none."""
    joined, alone = "", None
    for first in range(number, max(number - 3, -1), -1):
        words = lines[first].words
        if not words or lines[first].kind is not None:
            break
        joined = f"{words} {joined}".strip()
        if len(joined) > 400:
            break
        if not _ATTRIBUTION.fullmatch(joined):
            continue
        if _ATTRIBUTION_START.match(words):
            return first
        alone = number if first == number else alone
    return alone


def _marked_forwards(lines: list[Line], forward: bool) -> None:
    """A quote marked in HTML is a forward when it opens with a forward marker, or with a header in a forward."""
    inside = False
    for number, line in enumerate(lines):
        if not line.words:
            continue
        quoted = line.fixed and line.kind is _Q
        if quoted and not inside and _opens_forward(lines, number, forward):
            for other in lines[number:]:
                if other.kind is not _Q:
                    break
                other.kind = _F
        inside = quoted


def _opens_forward(lines: list[Line], number: int, forward: bool) -> bool:
    words = lines[number].words
    return is_forward_line(words) or (forward and is_header_line(words) and _header_block(lines, number))


def _merged(lines: list[Line]) -> tuple[Block, ...]:
    """Runs of lines of one kind; a blank line goes with what stands before it."""
    out: list[tuple[int, int, BlockKind]] = []
    kind = lines[0].kind or _A
    start = 0
    for line in lines:
        own = line.kind or (_A if line.words else kind)
        if own is not kind:
            out.append((start, line.start, kind))
            start, kind = line.start, own
    out.append((start, lines[-1].end, kind))
    return tuple(Block(kind=kind, start=start, end=end) for start, end, kind in out)
