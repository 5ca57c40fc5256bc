"""What was found, for a while: the last few of it, each for a minute. *Pure* but for the clock."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

_Found = TypeVar("_Found")
_SECONDS = 60.0


@dataclass(slots=True, kw_only=True)
class Fresh(Generic[_Found]):
    """By key, at most `most` at a time; `now` gives monotonic seconds."""

    most: int
    now: Callable[[], float] = time.monotonic
    _kept: "OrderedDict[str, tuple[float, _Found]]" = field(default_factory=OrderedDict)

    def get(self, key: str) -> tuple[_Found] | None:
        """What was found, in a tuple, since that may be None itself; None where it is not known any more."""
        kept = self._kept.get(key)
        return (kept[1],) if kept and self.now() - kept[0] < _SECONDS else None

    def put(self, key: str, found: _Found) -> None:
        """Found just now."""
        self._kept[key] = (self.now(), found)
        self._kept.move_to_end(key)
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)
