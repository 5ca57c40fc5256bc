"""The operators' log: what happens, for those who run the gateway. It may be lost; it proves nothing; no body goes in.

One event, one line, on stderr, as text or JSON; the standard library's loggers come out in the same form. Whatever a
stranger wrote is escaped, so nobody can forge a line or repaint a terminal; secret links and credentials are cut out.
Libraries that would print mail when asked for details are pinned: no setting makes them.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, Protocol, TextIO

import orjson
import structlog

HIDDEN = "[redacted]"
CAP = 4096  # characters of one value
# Who would print lines of a mail, SQL parameters, forms or links below the level given here.
PINNED = {
    "mail.log": logging.WARNING,  # aiosmtpd: every line of a session at INFO and DEBUG
    "mail.debug": logging.WARNING,
    "mail.error": logging.WARNING,
    "asyncio": logging.WARNING,
    "aiosqlite": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "sqlalchemy.engine.Engine": logging.WARNING,
    "sqlalchemy.pool": logging.WARNING,
    "httpcore": logging.WARNING,  # headers
    "httpx": logging.WARNING,  # addresses
    "python_multipart": logging.WARNING,
    "python_multipart.multipart": logging.WARNING,
    "uvicorn": logging.WARNING,
    "uvicorn.access": logging.WARNING,  # paths of secret links
    "uvicorn.error": logging.WARNING,
}
_HOSTILE = re.compile(
    r"[\\\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_LINK = re.compile(r"(/h/)[A-Za-z0-9_-]{8,}")  # the path of a notice's link; see gateway.holds.link
_ANSWER = re.compile(r"(\+)[A-Za-z2-7]{48}(?=@)")  # the key of an address for answers; see gateway.holds.answer_address
_CREDENTIAL = re.compile(
    r"(?i)(\bauth[ ]+(?:plain|login|xoauth2|oauthbearer|cram-md5)[ ]+|\bauthorization[ ]*:[ ]*(?:[a-z]+[ ]+)?"
    r"|\b(?:password|passwd|token|secret|api_?key)[ ]?[=:][ ]?)[^\s&;,\"']+"
)
_SIGNS = ("/h/", "+", "auth", "passw", "token", "secret", "api")
_SECRET_KEY = re.compile(r"(?i)password|passwd|token|secret|authorization|cookie|credential")
_PLAIN = re.compile(r"[!#-<>-\[\]-~]+\Z")  # printable ASCII without space, quote, equals sign and backslash

Event = MutableMapping[str, Any]


class LogSettings(Protocol):
    """What of the settings this needs."""

    @property
    def level(self) -> Literal["debug", "info", "warning", "error"]: ...
    @property
    def format(self) -> Literal["text", "json"]: ...


def set_up(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Make structlog and the standard library's logging write to `stream` (stderr). May be called again."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # so that a second call reaches loggers in use
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    final = _as_json if settings.format == "json" else _as_text
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[strip, _harmless, final])
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for name, floor in PINNED.items():
        _pin(logging.getLogger(name), max(floor, root.level))


def clean(text: str) -> str:
    """A string as it may stand in a line: capped, secrets cut out; control and format characters, and the backslash
    that escapes them, as escapes."""
    if len(text) > CAP:
        text = f"{text[:CAP]}…[+{len(text) - CAP}]"
    return _HOSTILE.sub(_escape, without_secrets(text))


def without_secrets(text: str) -> str:
    """The text without the keys of a notice (its link, its address for answers) and without what follows the name of a
    credential."""
    low = text.lower()
    if not any(sign in low for sign in _SIGNS):  # nearly all of it: a cheap look spares the patterns
        return text
    for pattern in (_LINK, _ANSWER, _CREDENTIAL):
        text = pattern.sub(rf"\g<1>{HIDDEN}", text)
    return text


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return {10: "\\n", 13: "\\r", 9: "\\t", 92: "\\\\"}.get(code) or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    )


def _pin(logger: logging.Logger, floor: int) -> None:
    """A level can be changed by whoever imports the library; a filter stays."""
    logger.setLevel(floor)
    logger.handlers[:] = []
    logger.filters[:] = [kept for kept in logger.filters if not isinstance(kept, _Floor)]
    logger.addFilter(_Floor(floor))


class _Floor(logging.Filter):
    def __init__(self, floor: int) -> None:
        super().__init__()
        self._floor = floor

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= self._floor


def _harmless(logger: Any, method: str, event: Event) -> Event:
    return {clean(str(key)): _value(str(key), value) for key, value in event.items()}


def _value(key: str, value: Any) -> Any:
    if _SECRET_KEY.search(key):
        return HIDDEN
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_value("", part) for part in list(value)[:100]]
    if isinstance(value, dict):
        return {clean(str(name)): _value(str(name), part) for name, part in list(value.items())[:100]}
    return clean(str(value))


def _as_json(logger: Any, method: str, event: Event) -> str:
    return orjson.dumps(dict(event), option=orjson.OPT_SORT_KEYS).decode("utf-8")


def _as_text(logger: Any, method: str, event: Event) -> str:
    """`TIME level event key=value …`; a value that is not one plain word is quoted."""
    lead = [event.pop("timestamp", ""), f"{event.pop('level', ''):7}", str(event.pop("event", ""))]
    return " ".join([*lead, *(f"{key}={_quoted(value)}" for key, value in event.items())])


def _quoted(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode("utf-8")
    return text if _PLAIN.match(text) else '"' + text.replace('"', '\\"') + '"'
