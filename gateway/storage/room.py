"""Whether there is room on the disk for a small mail. IO: a file without a name."""

import tempfile
from pathlib import Path

_SMALL = 64 * 1024  # bytes


def write_a_little(folder: Path) -> None:
    """Write that much into the folder's file system, and leave nothing. Raises OSError."""
    with tempfile.TemporaryFile(dir=folder) as file:  # gone before anything need reach the disk
        file.write(bytes(_SMALL))
