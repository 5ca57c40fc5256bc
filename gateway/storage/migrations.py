"""The schema, step by step: numbered, forward only, each step run once in one transaction.

A step is never edited after a release; a new one is added below it. Several processes may start at the same instant:
one runs the steps, the others wait and find them done. A schema newer than this program is refused. IO: the database.
"""

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gateway.errors import UserError

# {bytes} is BLOB in SQLite and BYTEA in PostgreSQL; BIGINT is a 64-bit integer in both.
STEPS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE asks (id TEXT PRIMARY KEY, asker TEXT NOT NULL, fingerprint TEXT NOT NULL, at BIGINT NOT NULL,"
        " state TEXT NOT NULL CHECK (state IN ('reserved', 'confirmed', 'cancelled')), subject TEXT NOT NULL)",
        "CREATE INDEX asks_fingerprint ON asks (fingerprint)",
        "CREATE INDEX asks_state ON asks (state, at)",
        "CREATE TABLE ask_keys (ask_id TEXT NOT NULL REFERENCES asks (id) ON DELETE CASCADE, favour TEXT NOT NULL,"
        " person TEXT NOT NULL, PRIMARY KEY (ask_id, favour, person))",
        "CREATE INDEX ask_keys_person ON ask_keys (favour, person)",
        "CREATE TABLE holds (id TEXT PRIMARY KEY, mail_from TEXT NOT NULL, rcpt_to TEXT NOT NULL,"
        " sender TEXT NOT NULL, subject TEXT NOT NULL, message_id TEXT NOT NULL, fingerprint TEXT NOT NULL,"
        " label TEXT NOT NULL, labels TEXT NOT NULL, findings TEXT NOT NULL, earlier TEXT NOT NULL,"
        " pack TEXT NOT NULL, held_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, token_hash TEXT NOT NULL,"
        " state TEXT NOT NULL, version INTEGER NOT NULL, size INTEGER NOT NULL, language TEXT NOT NULL,"
        " changed_at BIGINT, changed_by TEXT NOT NULL, note TEXT NOT NULL, ask_id TEXT NOT NULL)",
        "CREATE INDEX holds_token ON holds (token_hash)",
        "CREATE INDEX holds_fingerprint ON holds (fingerprint)",
        "CREATE INDEX holds_state ON holds (state, expires_at)",
        "CREATE TABLE holds_bytes (owner TEXT NOT NULL REFERENCES holds (id) ON DELETE CASCADE,"
        " position INTEGER NOT NULL, piece {bytes} NOT NULL, PRIMARY KEY (owner, position))",
        "CREATE TABLE outbox (id TEXT PRIMARY KEY, kind TEXT NOT NULL, mail_from TEXT NOT NULL, rcpt_to TEXT NOT NULL,"
        " due BIGINT NOT NULL, created_at BIGINT NOT NULL, hold_id TEXT NOT NULL, ask_id TEXT NOT NULL,"
        " attempts INTEGER NOT NULL, leased_until BIGINT)",
        "CREATE INDEX outbox_due ON outbox (due)",
        "CREATE TABLE outbox_bytes (owner TEXT NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,"
        " position INTEGER NOT NULL, piece {bytes} NOT NULL, PRIMARY KEY (owner, position))",
    ),
    (
        "ALTER TABLE holds ADD COLUMN told_at BIGINT",
        "ALTER TABLE holds ADD COLUMN reminded_at BIGINT",
        "ALTER TABLE holds ADD COLUMN thread TEXT NOT NULL DEFAULT '[]'",
        "UPDATE holds SET told_at = held_at",
        "CREATE INDEX holds_sender ON holds (sender, state)",
        "CREATE TABLE answers (hold_id TEXT NOT NULL REFERENCES holds (id) ON DELETE CASCADE, mark TEXT NOT NULL,"
        " at BIGINT NOT NULL, PRIMARY KEY (hold_id, mark))",
    ),
    (
        "CREATE TABLE sessions (mark TEXT PRIMARY KEY, address TEXT NOT NULL, until BIGINT NOT NULL)",
        "CREATE INDEX sessions_until ON sessions (until)",
    ),
    (
        "CREATE TABLE outbox_wordings (owner TEXT PRIMARY KEY REFERENCES outbox (id) ON DELETE CASCADE,"
        " subject TEXT NOT NULL, text TEXT NOT NULL)",
    ),
)


def up_to_date(connection: Connection) -> bool:
    """True when there is nothing to do. The caller's transaction may be spoiled by the question and is to be undone."""
    try:
        found = connection.exec_driver_sql("SELECT max(version) FROM schema_version").scalar()
    except DBAPIError:  # no such table yet; whatever else it is, migrating will meet it again
        return False
    return bool(found == len(STEPS))


def migrate(connection: Connection, *, where: str, bytes_type: str) -> None:
    """Bring the schema up to `len(STEPS)`. The caller's transaction shuts out every other writer and is committed by
    the caller. Raises UserError for a schema this program is too old for."""
    connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
    found = connection.exec_driver_sql("SELECT max(version) FROM schema_version").scalar() or 0
    if found > len(STEPS):
        raise UserError(
            f"the store has schema {found}, this program knows {len(STEPS)}",
            where=where,
            todo="Install the newer askonce that made it, or point state.store at another place",
        )
    for number in range(found, len(STEPS)):
        for statement in STEPS[number]:
            connection.exec_driver_sql(statement.replace("{bytes}", bytes_type))
    if found < len(STEPS):
        connection.exec_driver_sql("DELETE FROM schema_version")
        connection.execute(text("INSERT INTO schema_version (version) VALUES (:version)"), {"version": len(STEPS)})
