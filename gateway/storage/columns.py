"""Three column types that read and write the same on SQLite and on PostgreSQL. *Pure.*

`Words` keeps any string, also one that neither database takes as text: mail may carry NUL and bytes that are no UTF-8
(they arrive as lone surrogates, PEP 383). `Instant` keeps aware datetimes as microseconds since 1970, UTC. `Document`
keeps lists and mappings as JSON in one stable form: sorted keys, no spaces, ASCII.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Dialect, Text
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ESCAPED = "\x1bjson:"  # what such a string is stored behind


def written(text: str) -> str:
    """The form of any string that both databases take; the same string for ordinary text."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _ESCAPED + json.dumps(text)
    return _ESCAPED + json.dumps(text) if "\0" in text or text.startswith(_ESCAPED) else text


def read(stored: str) -> str:
    """The string that `written` was given."""
    if not stored.startswith(_ESCAPED):
        return stored
    text: str = json.loads(stored[len(_ESCAPED) :])
    return text


def micros(at: datetime) -> int:
    """Microseconds since 1970, UTC. Raises ValueError for a naive datetime."""
    if at.tzinfo is None:
        raise ValueError("a naive datetime: instants are aware, UTC")
    return (at - _EPOCH) // _MICROSECOND


def instant(number: int) -> datetime:
    """The aware datetime, UTC, of so many microseconds since 1970."""
    return _EPOCH + number * _MICROSECOND


class Words(TypeDecorator[str]):
    """Any string."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Into the database."""
        return None if value is None else written(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Out of the database."""
        return None if value is None else read(value)


class Instant(TypeDecorator[datetime]):
    """An aware datetime."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Into the database."""
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Out of the database."""
        return None if value is None else instant(value)


class Document(TypeDecorator[Any]):
    """A JSON value; lone surrogates and NUL survive, because JSON escapes them."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """Into the database."""
        return json.dumps(value, sort_keys=True, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Out of the database."""
        return None if value is None else json.loads(value)
