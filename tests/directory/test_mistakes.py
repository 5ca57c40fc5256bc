"""Every mistake in a directory file is one clear line: where, what, and what to do.

Each case in `tests/bad_directories` is a folder with a `directory.toml` or a `people.csv`, and in `expected` the line
without the folder's path.
"""

from pathlib import Path

import pytest

from gateway.directory.opening import open_directory
from gateway.errors import UserError

CASES = sorted(folder for folder in (Path(__file__).parent.parent / "bad_directories").iterdir() if folder.is_dir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_mistake_is_one_clear_line(case: Path) -> None:
    """The expected words, and nothing else."""
    path = next(path for name in ("directory.toml", "people.csv") if (path := case / name).exists())
    with pytest.raises(UserError) as refused:
        await open_directory(str(path), 60)
    assert str(refused.value).replace(f"{case}/", "") == (case / "expected").read_text("utf-8").rstrip("\n")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing.toml", "missing.toml: No such file or directory"),
        ("missing.csv", "missing.csv: No such file or directory"),
        ("people.xlsx", "people.xlsx: not a directory file. Its name ends in .toml or .csv"),
    ],
)
async def test_a_file_that_cannot_be_is_named(tmp_path: Path, name: str, words: str) -> None:
    """A file that is not there, or not of a kind we read."""
    with pytest.raises(UserError) as refused:
        await open_directory(str(tmp_path / name), 60)
    assert str(refused.value) == f"{tmp_path}/{words}"
