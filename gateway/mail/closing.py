"""How a mail ends: signatures, contact lines and legal disclaimers in plain text.

A sign-off's name and address are set apart; the first line that speaks to the reader again ends them. *Pure.* RFC 3676
section 4.3 for "-- ".
"""

import re
from dataclasses import dataclass

from gateway.mail.courtesies import SIGN_OFFS, SPEAKS_ON, any_of
from gateway.mail.text import BlockKind

_S, _D = BlockKind.SIGNATURE, BlockKind.DISCLAIMER

_MOBILE = re.compile(
    r"(?:sent from (?:my |outlook|mail for|yahoo|proton)|get outlook for "
    r"|(?:diese nachricht wurde )?von meine[mr] .{0,50}gesendet"
    r"|(?:diese nachricht wurde .{0,60}|)gesendet (?:von|mit|über) |.{0,20}outlook für .{0,20}$"
    r"|holen sie sich outlook "
    r"|envoy[ée] (?:de mon|depuis|à partir|de l['’]|avec) |(?:obtenez|télécharger|obtenir) outlook "
    r"|provenance : courrier "
    r"|enviado (?:desde|do|con|com|a partir|via|através|por) |(?:obtener|consigue|obter|obtenha) (?:o )?outlook "
    r"|verstuurd vanaf |verzonden vanaf |inviato da(?:l mio)? )",
    re.I,
)
_SIGN_OFF = re.compile(
    r"(?:(?:with )?(?:many |best |kind(?:est)? |warm(?:est)? )?(?:regards|wishes)|best|cheers"
    r"|thanks|thank you|thx|many thanks"
    r"|thanks (?:again|all|everyone|so much|a lot|in advance)|thanks and (?:best |kind )?regards|sincerely|yours"
    r"|yours (?:sincerely|faithfully|truly)|all the best|take care|cordially|respectfully|br|rgds"
    rf"|{any_of(SIGN_OFFS)}"
    r"|met vriendelijke groet(?:en)?|groet(?:en|jes)?|cordiali saluti|distinti saluti|un saluto|saluti)"
    r"[\s,.!]*",
    re.I,
)
_CONTACT = re.compile(
    r"\+?\d[\d ()./-]{6,}\d|@|www\.|https?://|\s\|\s|\b(?:t[eé]l|phone|mobile?|fax|t|m"
    r"|telefon|teléfono|telefone|handy|móvil|cel|celular|telemóvel|portable)\b\s*[:.+]",
    re.I,
)
_SOCIAL = re.compile(
    r"(?:follow|find|connect with|join|like) (?:us|me)\b|folgen sie|folgt uns|folge uns|suivez|retrouvez"
    r"|s[íi]g[ua]e?nos"
    r"|s[íi]guenos|siga-nos|sigam-nos|volg ons",
    re.I,
)
_AFTERTHOUGHT = re.compile(
    r"(?:p\.?\s?p?\.?\s?s\b|oh\b|also\b|please\b|pls\b|can\b|could\b|would\b|will\b|do\b|don['’]?t\b|did\b"
    r"|has\b|have\b"
    r"|btw\b|by the way\b|reminder\b|remember\b|one more\b|and\b|but\b|nb\b|n\.b|edit\b|update\b|we\b|i\b(?!\.)"
    rf"|i['’]|you\b|if\b|let\b|just\b|note\b|{any_of(SPEAKS_ON)}\b)",
    re.I,
)
_LEGAL = (  # pieces of words, lower case
    *(
        "confidential",
        "privileged",
        "intended recipient",
        "intended solely",
        "intended only",
        "intended for",
        "in error",
    ),
    *("attachments", "attached files", "delete it", "delete this", "delete the", "notify the sender", "unauthori"),
    *("virus", "registered in", "registered office", "registered number", "company number", "company no", "monitor"),
    *("consider the environment", "disclaimer", "originated outside", "originated from outside", "external sender"),
    *("external email", "external e-mail", "do not click", "views expressed", "opinions expressed", "addressee"),
    *("vertraulich", "irrtümlich", "bestimmt", "geschäftsführer", "amtsgericht", "handelsregister", "confidentiel"),
    *("destinataire", "pièces jointes", "confidencial", "destinatari", "por error", "por engano", "vertrouwelijk"),
    *("unbefugt", "sitz der gesellschaft", "registergericht", "hrb", "ust-id", "falls sie nicht der", "absender"),
    *("siège social", "expéditeur", "par erreur", "avant d'imprimer", "non autorisé", "usage exclusif", "rcs "),
    *("destinatári", "remitente", "remetente", "uso exclusivo", "no autorizad", "não autorizad", "archivos adjuntos"),
    *("ficheiros anexos", "antes de imprimir", "protección de datos", "proteção de dados", "prohibid", "proibid"),
    *("geadresseerde", "bijlagen", "riservat", "per errore", "allegati"),
)
_NEXT = re.compile(r"[.!?]\s+(?=[^\W\d_a-z])")  # where a sentence of a line begins
_OF_LAW = (  # what sentences between those are about, in pieces of words, lower case
    *("e-mail", "email", "message", "recipient", "sender", "liabil", "law", "disclos", "copy", "copies", "copying"),
    *("distribut", "reproduc", "transmission", "information", "prohibit", "responsib", "nachricht", "empfänger"),
    *("haftung", "rechtlich", "weitergabe", "kopie", "correo", "mensaje", "mensagem", "messag", "courriel", "bericht"),
    *("responsabil", "ontvanger", "contents", "error", "secur", "encrypt", "paper", "print", "company", "limited"),
)
_SENTENCE = 7  # blanks in a sentence that speaks for itself
_SAYS = 5  # words of a sentence that says something by itself
_MIN_LEGAL = 3  # different marks in one paragraph
_MAX_SIGNATURE_LINES = 14


@dataclass(slots=True)
class Line:
    """One line of a text being read: `words` stripped, `end` behind its line end, `kind` as far as it is known."""

    start: int
    end: int
    words: str
    kind: BlockKind | None = None
    fixed: bool = False


def mark_signatures(lines: list[Line]) -> None:
    """ "-- " to the end of its paragraph group, "Sent from my phone", and the contact lines below a sign-off."""
    for number, line in enumerate(lines):
        if line.kind is not None or not line.words:
            continue
        if line.words == "--" or line.words in ("\u2014", "__"):
            line.kind = _S
            _sign(lines, number + 1, after_delimiter=True)
        elif len(line.words) < 80 and _MOBILE.match(line.words):
            line.kind = _S
        elif len(line.words) < 45 and _SIGN_OFF.fullmatch(line.words):
            _sign(lines, number + 1, after_delimiter=False)


def _sign(lines: list[Line], number: int, *, after_delimiter: bool) -> None:
    """Mark what looks like name, title and contact; the first line that speaks to the reader ends it, and so does a
    further paragraph without a way to reach anybody."""
    end, said, new = number, int(after_delimiter), False
    for place in range(number, len(lines)):
        line = lines[place]
        if line.kind is not None or said > _MAX_SIGNATURE_LINES:
            break
        if line.words:
            if said and _speaks(line.words):
                break
            if not said and _speaks(line.words):
                return
            if new and said > int(after_delimiter) and not _reachable(lines, place):
                break
            said, new, end = said + 1, False, place + 1
        else:
            new = True
    for line in lines[number:end]:
        line.kind = _S


def _reachable(lines: list[Line], number: int) -> bool:
    """A paragraph with a telephone number, an address or an invitation to follow the company."""
    for line in lines[number : number + _MAX_SIGNATURE_LINES]:
        if not line.words:
            return False
        if _CONTACT.search(line.words) or _SOCIAL.match(line.words):
            return True
    return False


def says_much(words: str) -> bool:
    """Whether a line of a signature is a whole sentence to its reader, and no legal one."""
    return words.count(" ") >= _SENTENCE and not _CONTACT.search(words) and not _is_legal(words)


def _is_legal(words: str) -> bool:
    folded = words.casefold()
    return any(turn in folded for turn in (*_LEGAL, *_OF_LAW))


def _speaks(words: str) -> bool:
    """A sentence to the reader rather than a name, a title or an address."""
    count = words.count(" ") + 1
    if (words[0] in "-*\u2022" and count >= 2) or words[-1] == ":":
        return True  # a list
    if ":" in words and words.count(",") >= 2 and not _CONTACT.search(words):
        return True
    if _AFTERTHOUGHT.match(words) and count >= 2:
        return True
    if words[-1] in "?!" and count >= 2:
        return True
    return count >= 9 and not _CONTACT.search(words) and not _legal(words)


def mark_disclaimers(text: str, lines: list[Line]) -> None:
    """Paragraphs of legal words."""
    if not _legal(text):
        return
    number = 0
    while number < len(lines):
        end = number
        while end < len(lines) and _may_be_legal(lines[end]):
            end += 1
        paragraph = " ".join(line.words for line in lines[number:end])
        if len(paragraph) >= 60 and _legal(paragraph[:6000]):
            end += _split(text, lines, number, end)
            for line in _from_first_to_last(lines[number:end]):
                line.kind = _D
        number = max(end, number + 1)


def _split(text: str, lines: list[Line], number: int, end: int) -> int:
    """Lines of several sentences as a line for each; how many there are more."""
    parts = [part for line in lines[number:end] for part in _sentences(text, line)]
    lines[number:end] = parts
    return len(parts) - (end - number)


def _sentences(text: str, line: Line) -> list[Line]:
    starts = [line.start, *(found.end() for found in _NEXT.finditer(text, line.start, line.end))]
    ends = [*starts[1:], line.end]
    return [
        Line(start, stop, text[start:stop].strip(), line.kind, line.fixed)
        for start, stop in zip(starts, ends, strict=True)
        if stop > start
    ]


def _from_first_to_last(lines: list[Line]) -> list[Line]:
    """Of a paragraph with legal words what stands from the first of them to the last, and what is too short to say
    anything: the rest is somebody's own."""
    legal = [number for number, line in enumerate(lines) if any(turn in line.words.casefold() for turn in _LEGAL)]
    if not legal:
        return []
    first, last = legal[0], legal[-1] + 1
    while first and len(lines[first - 1].words.split()) < _SAYS:
        first -= 1
    while last < len(lines) and len(lines[last].words.split()) < _SAYS:
        last += 1
    return [line for line in lines[first:last] if line.words.count(" ") < _SENTENCE or _is_legal(line.words)]


def _may_be_legal(line: Line) -> bool:
    return line.words != "" and line.kind in (None, _S) and not line.fixed


def _legal(paragraph: str) -> bool:
    """Several different legal turns of phrase."""
    folded = paragraph.casefold()
    return sum(turn in folded for turn in _LEGAL) >= _MIN_LEGAL
