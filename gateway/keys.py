"""Secrets of this installation, made once and kept in the state folder (0600). Reads and writes files."""

import os
import secrets
from pathlib import Path


def installation_key(folder: Path, name: str) -> bytes:
    """32 random bytes kept as `folder`/`name`; made at the first call, also when two processes call at once."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    if not path.exists():
        _make(path)
    return path.read_bytes()


def _make(path: Path) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(secrets.token_bytes(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # fails when another process was first: its key is the one
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)
