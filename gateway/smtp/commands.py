"""The arguments of MAIL and RCPT: a path and its parameters, taken apart without being changed.

It finds where the path ends and what is plainly broken; whether an address is good is the next hop's to say. What
comes out crosses byte for byte (bytes that are no UTF-8 as surrogate escapes). *Pure.* RFC 5321 sections 4.1.1.2,
4.1.1.3 and 4.1.2; RFC 6531 section 3.3; RFC 1870 (SIZE), RFC 6152 and 3030 (BODY).
"""

import re

from gateway.mail.envelope import Path
from gateway.replies import TOO_BIG, Reply

CONTROLS = re.compile(r"[\x00-\x1f\x7f]")

_PLAIN = r'[^\x00-\x20\x7f<>"\\]'
_PAIR = r"\\[^\x00-\x1f\x7f]"
_QUOTED = rf'"(?:[^\x00-\x1f\x7f"\\]|{_PAIR})*"'
_MAILBOX = rf"(?:{_PLAIN}|{_PAIR}|{_QUOTED})"  # no two branches begin alike: matching is linear
_ARGUMENT = re.compile(rf" *(?:<(?P<path>{_MAILBOX}*)>|(?P<bare>{_MAILBOX}+))(?: +(?P<parameters>.*))?")
_PARAMETER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(?:=[^\x00-\x20\x7f]+)?")

SYNTAX_MAIL = Reply(code=501, enhanced="5.5.4", text="Syntax: MAIL FROM:<address> [parameters]")
SYNTAX_RCPT = Reply(code=501, enhanced="5.5.4", text="Syntax: RCPT TO:<address> [parameters]")
BAD_SENDER = Reply(code=553, enhanced="5.1.7", text="Bad sender address syntax")
BAD_RECIPIENT = Reply(code=553, enhanced="5.1.3", text="Bad recipient address syntax")
BAD_PARAMETER = Reply(code=501, enhanced="5.5.4", text="Bad parameter syntax")
BAD_BODY = Reply(code=501, enhanced="5.5.4", text="BODY can be 7BIT or 8BITMIME")


def mail_path(argument: str, *, max_size: int) -> tuple[Path, int] | Reply:
    """The reverse-path ("<>" allowed) and the size the client declares (bytes, 0 when it does not); or the refusal."""
    if argument[:5].upper() != "FROM:":
        return SYNTAX_MAIL
    path = _path(argument[5:], none=SYNTAX_MAIL, bad=BAD_SENDER)
    if isinstance(path, Reply) or not path.parameters:
        return path if isinstance(path, Reply) else (path, 0)
    return _with_size(path, max_size)


def rcpt_path(argument: str) -> Path | Reply:
    """The forward-path, never null; or the refusal."""
    if argument[:3].upper() != "TO:":
        return SYNTAX_RCPT
    path = _path(argument[3:], none=SYNTAX_RCPT, bad=BAD_RECIPIENT)
    return BAD_RECIPIENT if isinstance(path, Path) and not path.text else path


def _path(rest: str, *, none: Reply, bad: Reply) -> Path | Reply:
    match = _ARGUMENT.fullmatch(rest)
    if match is None:
        return bad if rest.strip() else none
    bracketed, bare, parameters = match.groups()
    text = bare if bracketed is None else bracketed
    if text and not _has_mailbox(text):
        return bad
    if not parameters:
        return Path(text=text)
    parameters = parameters.strip(" ")
    if not all(_PARAMETER.fullmatch(word) for word in parameters.split(" ") if word):
        return BAD_PARAMETER
    return Path(text=text, parameters=parameters)


def _has_mailbox(text: str) -> bool:
    """A source route (RFC 5321 appendix C) must be followed by a mailbox, and a mailbox has something on both sides
    of its "@"; without one it is a local name, such as Postmaster."""
    if text.startswith("@"):
        _, _, text = text.partition(":")
    return bool(text) and not text.startswith("@") and not text.endswith("@")


def _with_size(path: Path, max_size: int) -> tuple[Path, int] | Reply:
    size = 0
    for word in path.parameters.split(" "):
        name, _, value = word.partition("=")
        match name.upper():
            case "SIZE":
                if not (value.isascii() and value.isdigit() and len(value) <= 20):
                    return BAD_PARAMETER
                size = int(value)
            case "BODY" if value.upper() not in ("7BIT", "8BITMIME"):
                return BAD_BODY  # BINARYMIME needs BDAT (RFC 3030), which no line-wise inspection can pass on
            case "SMTPUTF8" if "=" in word:
                return BAD_PARAMETER
    return TOO_BIG if size > max_size else (path, size)
