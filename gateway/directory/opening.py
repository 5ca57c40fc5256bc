"""Opening the directory that the settings name. IO: reads its files, in a thread."""

from pathlib import Path

from gateway.directory.fixed import EmptyDirectory
from gateway.directory.reloading import FileDirectory
from gateway.errors import UserError
from gateway.ports import Directory

FORMATS = (".toml", ".csv")


async def open_directory(path: str, reload_seconds: int) -> Directory:
    """The directory at this path (.toml or .csv), read again at most every `reload_seconds` when it changes; the empty
    directory for "". Raises UserError naming file, line and what to do."""
    if not path:
        return EmptyDirectory()
    if Path(path).suffix.casefold() not in FORMATS:
        raise UserError("not a directory file", where=path, todo=f"Its name ends in {' or '.join(FORMATS)}")
    directory = FileDirectory(Path(path), reload_seconds)
    await directory.load()
    return directory
