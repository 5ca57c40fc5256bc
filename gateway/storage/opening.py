"""Opening the store: from a path or URL to a migrated, ready database. IO: the file system, the database.

Safe when several processes open the same new store at the same instant: on both databases one makes the schema while
the others wait.
"""

import asyncio
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy.util import greenlet_spawn

from gateway.errors import UserError
from gateway.storage.database import Database
from gateway.storage.engine import Backend, postgresql, sqlite
from gateway.storage.faults import fault, sqlstate
from gateway.storage.migrations import migrate, up_to_date

_PATIENCE = 10.0  # seconds; others may be making the same new store at this instant
_PAUSE = 0.05  # seconds
_Found = TypeVar("_Found")

POSTGRESQL = ("postgresql:", "postgres:", "postgresql+asyncpg:")
_NO_TABLES = "42501"  # SQLSTATE: since PostgreSQL 15 only a database's owner makes tables, unless let
_NOT_LET_IN = ("28", "3D", _NO_TABLES)  # the first two are classes: wrong user or password, no such database


async def open_store(url_or_path: str) -> Database:
    """A store that is ready for use: a path, "sqlite:///…", ":memory:" or "postgresql://…".

    Raises UserError for what a person must put right (no such folder, not let in, a schema that is too new) and
    StoreUnavailable when the database does not answer.
    """
    backend = await asyncio.to_thread(_backend, url_or_path)
    try:
        await _reached(backend, _migrated)
    except BaseException:
        await greenlet_spawn(backend.engine.dispose)
        raise
    return Database(backend)


async def ask_store(url: str) -> str:
    """What a PostgreSQL says of itself, and whether a gateway can work with it, in words. All that is tried there is
    undone. Raises UserError and StoreUnavailable as `open_store` does."""
    backend = await asyncio.to_thread(_backend, url)
    try:
        return await _reached(backend, _rehearsed)
    finally:
        await greenlet_spawn(backend.engine.dispose)


def check_store(url_or_path: str) -> None:
    """Raises UserError for what is no store of ours to be opened. Connects to nothing, makes nothing."""
    if url_or_path.startswith(POSTGRESQL):
        _backend(url_or_path)
        return
    path = Path(_sqlite_path(url_or_path)).absolute()
    if not path.parent.is_dir():
        raise UserError("there is no such folder", where=f"state.store: {path.parent}", todo="Make it first")


def _backend(text: str) -> Backend:
    if text.startswith(POSTGRESQL):
        return postgresql("postgresql" + text[text.index(":") :])
    path = _sqlite_path(text)
    if path in ("", ":memory:"):
        return sqlite(None)
    return sqlite(_private_file(Path(path).absolute()))


def _sqlite_path(text: str) -> str:
    path = text.removeprefix("sqlite:///").removeprefix("sqlite://")
    if "://" in path:
        raise UserError(
            f'"{path.partition("://")[0]}" is no database we know',
            where="state.store",
            todo="Give a path or a postgresql:// URL",
        )
    return path


def _private_file(path: Path) -> Path:
    """The file, made if need be, readable by its owner only: SQLite gives its log the same mode."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(0o600)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError("there is no such folder", where=str(path.parent), todo="Make it first") from None
    except (PermissionError, IsADirectoryError) as error:
        raise UserError(f"cannot be opened for writing: {error.strerror}", where=str(path)) from None
    except OSError as error:
        raise fault(error) or error from None
    return path


async def _reached(backend: Backend, work: Callable[[Backend], _Found]) -> _Found:
    """Do this with the database, as soon as nobody else holds it."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return await greenlet_spawn(work, backend)
        except Exception as error:
            if (state := sqlstate(error)).startswith(_NOT_LET_IN):
                todo = (
                    "Make this user the database's owner, or GRANT CREATE ON SCHEMA public to it"
                    if state == _NO_TABLES
                    else ""
                )
                raise UserError(str(getattr(error, "orig", error)), where=backend.where, todo=todo) from None
            foreseen = fault(error)
            if foreseen is None:
                raise
            if "database is locked" not in str(error) or time.monotonic() > deadline:
                raise foreseen from error
        await asyncio.sleep(_PAUSE)


def _migrated(backend: Backend) -> None:
    with backend.engine.connect() as connection:
        connection.exec_driver_sql(backend.begin_read)
        done = up_to_date(connection)
        connection.rollback()
        if done:  # nobody who writes is waited for
            return
        connection.exec_driver_sql(backend.begin_write)
        if backend.serial:
            connection.exec_driver_sql(backend.serial)
        migrate(connection, where=backend.where, bytes_type=backend.bytes_type)
        connection.commit()


def _rehearsed(backend: Backend) -> str:
    with backend.engine.connect() as connection:
        connection.exec_driver_sql(backend.begin_read)
        version = connection.exec_driver_sql("SHOW server_version").scalar()
        done = up_to_date(connection)
        connection.rollback()
        connection.exec_driver_sql(backend.begin_write)
        if not done:
            connection.exec_driver_sql(backend.serial)
            migrate(connection, where=backend.where, bytes_type=backend.bytes_type)
        connection.rollback()
    tables = "its tables are there" if done else "its tables can be made, or brought up to date, at the start"
    return f"version {version}; {tables}"
