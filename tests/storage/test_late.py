"""The late store: nothing is loaded before it is asked, and then it is the real one."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.errors import StoreUnavailable
from gateway.storage.late import LateStore
from gateway.storage.opening import open_store

LOADED = """
import sys
from gateway.storage.late import LateStore
import gateway.serving
LateStore("nowhere.db")
print("sqlalchemy" in sys.modules)
"""


async def test_it_is_the_same_store_as_the_one_opened_at_once(tmp_path: Path) -> None:
    """What one writes the other reads; two units at once open it once."""
    path = str(tmp_path / "askonce.db")
    await (await open_store(path)).close()
    late = LateStore(path)
    try:
        async with late.begin(write=False) as unit, late.begin(write=False) as other:
            assert await unit.holds.find() == await other.holds.find() == []
    finally:
        await late.close()


async def test_trouble_when_opening_keeps_the_mail_outside(tmp_path: Path) -> None:
    """A folder that is gone is an error the edge can answer with 4yz, and is tried again the next time."""
    late = LateStore(str(tmp_path / "gone" / "askonce.db"))

    with pytest.raises(StoreUnavailable):
        async with late.begin():
            pass
    (tmp_path / "gone").mkdir()
    async with late.begin(write=False) as unit:
        assert await unit.holds.find() == []
    await late.close()


def test_a_process_that_serves_smtp_has_no_database_loaded() -> None:
    """Importing what an SMTP process needs, and making its store, leaves SQLAlchemy out."""
    said = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, timeout=60)

    assert said.stdout.strip() == "False"
