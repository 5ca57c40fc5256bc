"""The two databases: how each is connected to, and the few statements in which they differ. IO: none until used.

Only SQLAlchemy Core is imported; its asyncio extension would bring the ORM, 8 MB in every worker. An engine with an
async driver is used as that extension uses it: through `greenlet_spawn`, see `transaction.py`.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from gateway.errors import UserError

LOCK_WAIT = 2.2  # seconds, once for the turn in this process and once for the database's lock
CALL_LIMIT = 4.7  # seconds until a unit is open or refused, a statement done, a commit durable; the port promises 5
_CONNECT_WAIT = 3.0
_COMMAND_WAIT = 4.5
_IDLE_LIMIT = 10_000  # milliseconds: a node that stops in the middle of a unit loses it, and its locks
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # in WAL mode: the log is synced at every commit, before it is acknowledged
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA journal_size_limit=16777216",  # bytes of log kept after a checkpoint
)
_SERIAL_KEY = 4_702_111_234_474_983_745  # any constant of our own, one for every node


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One database. `begin_*`: the statements a unit opens with; `serial`: makes state changes wait for one another
    over all nodes ("" where opening a writing unit does); `clock`: asks for
    the time, microseconds since 1970 ("": the database is on this machine); `…_take_turns`: who waits for whom inside
    this process."""

    engine: Engine
    where: str
    begin_write: str
    begin_read: str
    serial: str
    clock: str
    bytes_type: str
    writers_take_turns: bool = False
    readers_take_turns: bool = False


def sqlite(path: Path | None) -> Backend:
    """SQLite in one file, or in memory for None; that is one connection, so everybody takes turns."""
    engine = create_engine(
        URL.create("sqlite+aiosqlite", database=str(path) if path else ":memory:"),
        hide_parameters=True,  # an error's text goes into the operators' log, where no mail may stand
        connect_args={"timeout": LOCK_WAIT, "isolation_level": None},  # transactions begin as we say
        **({"pool_size": 2, "max_overflow": 6, "pool_timeout": LOCK_WAIT} if path else {}),
    )
    event.listen(engine, "connect", _set_pragmas)
    # Terminating waits for the driver's thread twice; cancelled in between, as at the end of asyncio.run, the second
    # wait never ends. Closing waits once.
    dialect = engine.dialect
    dialect.has_terminate, dialect.do_terminate = False, dialect.do_close  # type: ignore[method-assign]
    return Backend(
        engine=engine,
        where=str(path or ":memory:"),
        begin_write="BEGIN IMMEDIATE",
        begin_read="BEGIN",
        serial="",
        clock="",
        bytes_type="BLOB",
        writers_take_turns=True,
        readers_take_turns=path is None,
    )


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def postgresql(text: str) -> Backend:
    """PostgreSQL by its URL. Raises UserError for one that cannot be read, or without the driver."""
    url = _asyncpg_url(text)
    settings = {
        "application_name": "askonce",
        "lock_timeout": f"{_COMMAND_WAIT * 800:.0f}",
        "idle_in_transaction_session_timeout": str(_IDLE_LIMIT),
    }
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": _CONNECT_WAIT, "command_timeout": _COMMAND_WAIT, "server_settings": settings},
        pool_size=2,
        max_overflow=6,
        pool_timeout=LOCK_WAIT,
        pool_pre_ping=True,  # after a restart of the server the first unit already works
    )
    return Backend(
        engine=engine,
        where=url.render_as_string(hide_password=True),
        begin_write="SET TRANSACTION ISOLATION LEVEL READ COMMITTED READ WRITE",
        begin_read="SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
        clock="SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
        serial=f"SELECT pg_advisory_xact_lock({_SERIAL_KEY})",
        bytes_type="BYTEA",
    )


def _asyncpg_url(text: str) -> URL:
    if find_spec("asyncpg") is None:
        raise UserError("PostgreSQL needs the asyncpg package", where="state.store", todo="Install askonce[postgresql]")
    try:
        url = make_url(text).set(drivername="postgresql+asyncpg")
    except (ArgumentError, ValueError):
        todo = "Write it like postgresql://user@host/name"
        raise UserError("not a database URL", where="state.store", todo=todo) from None
    mode = url.query.get("sslmode")  # libpq's name for what asyncpg calls ssl
    return url.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode}) if mode else url
