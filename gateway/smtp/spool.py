"""A large message on disk while it is in flight: a temporary file without a name, gone with its last user.

IO: the file system, blocking; whoever writes does it off the loop.
"""

import mmap
import tempfile
from pathlib import Path


class Spool:
    """An unlinked temporary file; `directory` None is the system's."""

    __slots__ = ("_file",)

    def __init__(self, directory: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile(buffering=0, dir=directory)  # noqa: SIM115  # closed by `close`

    def write(self, data: bytes) -> None:
        """Append all of it. Raises OSError."""
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]

    def mapped(self, size: int) -> mmap.mmap:
        """The first `size` bytes (at least one) as memory that the kernel may page out; outlives `close`."""
        return mmap.mmap(self._file.fileno(), size, access=mmap.ACCESS_READ)

    def close(self) -> None:
        """Let go of the file; it vanishes with the last mapping."""
        self._file.close()
