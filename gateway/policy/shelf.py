"""The shelf: a pack's compiled patterns, kept in a file between runs.

Compiling all patterns of a pack takes seconds, taking them off the shelf some 70 ms; a process does either only when
the first mail needs a pattern, so a process that meets none pays nothing. *IO*: one cache file, which is believed only
when it belongs to us and nobody else may write it, since unpickling runs what it says. Losing it loses time only.
"""

import gc
import hashlib
import os
import pickle
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import regex

_SHAPE = "3"  # of the file


class Shelf:
    """Compiled patterns by expression. Without a `place` it is empty."""

    def __init__(self) -> None:
        self.place: Path | None = None
        self._kept: dict[str, regex.Pattern[str]] | None = None

    def take(self, expression: str) -> "regex.Pattern[str] | None":
        """The compiled pattern, None when it is not on the shelf."""
        if self.place is None:
            return None
        if self._kept is None:
            self._kept = _read(self.place)
            gc.freeze()  # hundreds of thousands of objects that stay: not to be looked through for ever after
        return self._kept.get(expression)

    def filled(self) -> bool:
        """True when there is something on it."""
        return self.place is not None and self.place.exists()

    def sow(self, seed: Path) -> None:
        """Begin with what another shelf has, whose patterns are made of the same words."""
        if not self._kept:
            self._kept = _read(seed)

    def fill(self, compiled: Iterable[tuple[str, "regex.Pattern[str]"]], seed: Path | None = None) -> None:
        """Write them down, and leave them as `seed` for the next shelf; a file system that does not want them is no
        trouble."""
        if self.place is None:
            return
        draft = self.place.with_name(f".{self.place.name}.{os.getpid()}")
        with suppress(OSError):
            self.place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                pickle.dump(dict(compiled), file, protocol=5)
            draft.replace(self.place)
            if seed is not None:
                os.link(self.place, draft)
                draft.replace(seed)
                draft.unlink(missing_ok=True)  # where both were the same file already, replacing did nothing


def shelf_name(digest: str) -> str:
    """The file's name: another pack, another `regex` or another Python has another shelf."""
    words = f"{_SHAPE} {digest} {regex.__version__} {sys.version}"
    return f"{hashlib.sha256(words.encode()).hexdigest()[:32]}.patterns"


def _read(place: Path) -> dict[str, "regex.Pattern[str]"]:
    try:
        with place.open("rb") as file:
            facts = os.fstat(file.fileno())
            if facts.st_uid != os.geteuid() or stat.S_IMODE(facts.st_mode) & 0o022:
                return {}
            kept = pickle.load(file)  # noqa: S301 - our own file, checked above
    except Exception:  # a file torn or from another time is no file; unpickling may raise anything
        return {}
    return kept if isinstance(kept, dict) else {}
