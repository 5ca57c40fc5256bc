"""Who has a held mail, as a small file of this node: the office writes it, SMTP processes look at it.

So clean mail of everybody else costs no store, only a look at the file's date: `ports.Waiting`. IO: one file.
"""

import os
from collections.abc import Collection
from pathlib import Path

_MOST = 20_000  # senders; with more held at once nobody's correction is noticed beyond


class WaitingFile:
    """`ports.Waiting` on a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own: set[str] = set()  # held by this process since the file was last read
        self._read: frozenset[str] = frozenset()
        self._seen: tuple[int, int] | None = None

    def __contains__(self, sender: object) -> bool:
        """See the port."""
        self._refresh()
        return sender in self._own or sender in self._read

    def add(self, sender: str) -> None:
        """See the port."""
        self._own.add(sender)

    def publish(self, senders: Collection[str]) -> None:
        """See the port. Written beside and put in place whole, so that nobody reads half a file."""
        self._refresh()
        wanted = frozenset(sorted(senders)[:_MOST])
        if wanted == self._read and self._seen:
            return
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write("\0".join(sorted(wanted)).encode("utf-8", "surrogatepass"))
        os.replace(draft, self._path)

    def _refresh(self) -> None:
        try:
            found = os.stat(self._path)
            seen = (found.st_mtime_ns, found.st_ino)
            if seen != self._seen:
                words = self._path.read_bytes().decode("utf-8", "surrogatepass")
                self._read, self._seen = frozenset(words.split("\0")) - {""}, seen
                self._own.clear()
        except (OSError, UnicodeDecodeError):
            self._seen = None
