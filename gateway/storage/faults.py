"""What a database's trouble means for a mail: every foreseeable fault becomes StoreUnavailable or NoSpace.

Codes: SQLite result codes (sqlite.org/rescode.html), PostgreSQL SQLSTATE (its manual, appendix A). *Pure.*
"""

import errno
import sqlite3

from sqlalchemy import exc

from gateway.errors import GatewayError, NoSpace, StoreUnavailable

_BUGS = (exc.IntegrityError, exc.DataError, exc.ProgrammingError)
# A shared-memory file that cannot grow is how a full disk shows when the write-ahead log's index is opened.
_SQLITE_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
_POSTGRESQL_FULL = frozenset({"53100", "53400"})  # disk_full, configuration_limit_exceeded


def fault(error: Exception) -> GatewayError | None:
    """The GatewayError for `error`, or None when it is nobody's foreseeable trouble but a mistake of ours."""
    if isinstance(error, GatewayError):
        return error
    cause = _driver_error(error)
    if _full(cause):
        return NoSpace(str(cause))
    return StoreUnavailable(f"{type(cause).__name__}: {cause}") if _foreseen(error, cause) else None


def sqlstate(error: BaseException) -> str:
    """The SQLSTATE a PostgreSQL error carries, "" for others."""
    cause = _driver_error(error)
    return str(getattr(cause, "sqlstate", "") or "")


def _driver_error(error: BaseException) -> BaseException:
    return (error.orig or error) if isinstance(error, exc.DBAPIError) else error


def _full(cause: BaseException) -> bool:
    if getattr(cause, "sqlite_errorcode", None) in _SQLITE_FULL or sqlstate(cause) in _POSTGRESQL_FULL:
        return True
    return isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)


def _foreseen(error: Exception, cause: BaseException) -> bool:
    if isinstance(error, _BUGS):
        return False
    # asyncpg raises errors of its own while it connects; it is not imported where SQLite is enough.
    driver = type(cause).__module__.partition(".")[0] == "asyncpg"
    return driver or isinstance(error, (exc.DBAPIError, exc.TimeoutError, sqlite3.Error, OSError))
