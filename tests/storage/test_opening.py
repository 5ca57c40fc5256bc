"""Opening a store: what it makes, what it refuses, and in which words."""

import re
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Column, create_engine, inspect

from gateway.errors import StoreUnavailable, UserError
from gateway.storage.migrations import STEPS
from gateway.storage.opening import open_store
from gateway.storage.tables import metadata
from tests.contract.values import RAW, a_hold


async def test_a_store_is_one_private_file(tmp_path: Path) -> None:
    """A new store is one file only its owner can read; its log, while open, has the same mode."""
    path = tmp_path / "store.db"
    store = await open_store(f"sqlite:///{path}")
    async with store.begin() as unit:
        await unit.holds.add(a_hold(), RAW)
    assert _modes(tmp_path) == {"store.db": 0o600, "store.db-shm": 0o600, "store.db-wal": 0o600}
    await store.close()
    assert _modes(tmp_path) == {"store.db": 0o600}


def _modes(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in sorted(folder.iterdir())}


async def test_a_file_others_could_read_is_made_private(tmp_path: Path) -> None:
    """A store copied back from a backup with loose modes is closed to others at the next start."""
    path = tmp_path / "store.db"
    path.touch(0o644)
    path.chmod(0o644)
    await (await open_store(str(path))).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_sqlite_syncs_every_commit(tmp_path: Path) -> None:
    """Every connection uses the write-ahead log with full syncs and checks foreign keys."""
    store = await open_store(str(tmp_path / "store.db"))
    async with store.begin() as unit:
        connection = unit.holds._transaction._open_connection
        values = [
            await unit.holds._transaction._call(lambda name=name: connection.exec_driver_sql(f"PRAGMA {name}").scalar())
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    await store.close()
    assert values == ["wal", 2, 1, 2200]


async def test_a_writing_unit_has_the_writers_place_from_its_beginning(tmp_path: Path) -> None:
    """Nothing read in a writing unit can be outdated when it writes: a second writer does not even begin."""
    one, other = await open_store(str(tmp_path / "store.db")), await open_store(str(tmp_path / "store.db"))
    async with one.begin():
        with pytest.raises(StoreUnavailable, match="locked"):
            await other.begin().__aenter__()
        async with other.begin(write=False) as unit:
            assert await unit.holds.find() == []
    async with other.begin() as unit:
        await unit.holds.add(a_hold(), RAW)
    await one.close()
    await other.close()


async def test_memory_stores_are_apart() -> None:
    """Two stores in memory share nothing."""
    one, other = await open_store(":memory:"), await open_store("sqlite://")
    async with one.begin() as unit:
        await unit.holds.add(a_hold(), RAW)
    async with other.begin(write=False) as unit:
        assert await unit.holds.find() == []
    await one.close()
    await other.close()


async def test_the_schema_is_what_the_tables_say(tmp_path: Path) -> None:
    """The migrations make exactly the tables, columns, keys and nullability the statements are built on."""
    path = tmp_path / "store.db"
    await (await open_store(str(path))).close()
    engine = create_engine(f"sqlite:///{path}")
    made = inspect(engine)
    assert {*metadata.tables, "schema_version"} == set(made.get_table_names())
    for table in metadata.tables.values():
        columns = {column["name"]: column["nullable"] for column in made.get_columns(table.name)}
        assert columns == {
            column.name: _nullable(column, made.get_pk_constraint(table.name)) for column in table.columns
        }
        assert set(made.get_pk_constraint(table.name)["constrained_columns"]) == {key.name for key in table.primary_key}
    engine.dispose()


def _nullable(column: "Column[object]", key: dict[str, list[str]]) -> bool:
    # SQLite alone says that a single TEXT PRIMARY KEY may be null
    return bool(column.nullable) or key["constrained_columns"] == [column.name]


async def test_a_store_of_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    """Mails held before notices were marked count as told; nobody is told of them again."""
    path = tmp_path / "store.db"
    store = await open_store(str(path))
    async with store.begin() as unit:
        await unit.holds.add(a_hold("old"), RAW)
    await store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("DROP INDEX holds_sender")
        for column in ("told_at", "reminded_at", "thread"):
            connection.execute(f"ALTER TABLE holds DROP COLUMN {column}")
        connection.execute("DROP TABLE answers")
        connection.execute("DROP TABLE sessions")
        connection.execute("DROP TABLE outbox_wordings")
        connection.execute("UPDATE schema_version SET version = 1")
    connection.close()
    store = await open_store(str(path))
    async with store.begin() as unit:
        held = await unit.holds.get("old")
        assert held is not None
        assert (held.held_at, None, ()) == (held.told_at, held.reminded_at, held.thread)
        assert [] == await unit.holds.find(untold=True)
        assert await unit.answers.add("old", "mark", held.held_at)
    await store.close()


async def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    """A store that a newer program made is not touched, and the words say what to do."""
    path = tmp_path / "store.db"
    await (await open_store(str(path))).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    connection.close()
    with pytest.raises(UserError) as refused:
        await open_store(str(path))
    assert str(refused.value) == (
        f"{path}: the store has schema 99, this program knows {len(STEPS)}."
        " Install the newer askonce that made it, or point state.store at another place"
    )


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("missing/store.db", "missing: there is no such folder. Make it first"),
        (".", "cannot be opened for writing: Is a directory"),
    ],
)
async def test_a_wrong_path_is_a_clear_word(tmp_path: Path, place: str, words: str) -> None:
    """A folder that is missing, or a folder instead of a file, is named."""
    with pytest.raises(UserError) as refused:
        await open_store(str(tmp_path / place))
    assert str(refused.value).endswith(words)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://x/y", 'state.store: "mysql" is no database we know. Give a path or a postgresql:// URL'),
        (
            "postgresql://x:notaport/y",
            "state.store: not a database URL. Write it like postgresql://user@host/name",
        ),
    ],
)
async def test_a_wrong_url_is_a_clear_word(url: str, words: str) -> None:
    """A URL of another database, or one that cannot be read, says so."""
    with pytest.raises(UserError) as refused:
        await open_store(url)
    assert str(refused.value) == words


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    """Some other file in the store's place stops us before anything is written to it."""
    path = tmp_path / "store.db"
    path.write_bytes(b"Dear diary, " * 1000)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await open_store(str(path))
    assert path.read_bytes() == b"Dear diary, " * 1000


async def test_no_server_is_unavailable(tmp_path: Path) -> None:
    """A PostgreSQL that is not there is trouble that may pass, not a mistake of the settings."""
    with pytest.raises(StoreUnavailable):
        await open_store(f"postgresql://postgres@/x?host={tmp_path}")


def test_the_store_stays_lean() -> None:
    """A worker that imports the store loads neither the ORM nor the drivers."""
    program = (
        "import sys, gateway.storage.opening\n"
        "print(sorted({'sqlalchemy.orm', 'sqlalchemy.ext.asyncio', 'asyncpg', 'aiosqlite'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


async def test_a_database_that_does_not_exist_is_a_clear_word(postgresql_url: str) -> None:
    """A server that answers but has no such database, or does not let us in, is for a person to put right."""
    with pytest.raises(UserError, match='database "nowhere" does not exist'):
        await open_store(re.sub(r"/test_\w+", "/nowhere", postgresql_url))
