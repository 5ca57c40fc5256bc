"""What a process of the gateway is told by the one that started it: the settings, checked already; the pack, compiled
already; which of its sockets it is to use, and the name of its audit stream.

Settings and pack lie in memory that all processes of a gateway have open, for nobody else to read. They are taken as
they are, and so the processes that stay do without what checks settings and reads packs: 15 MB in each. A process
leaves the rules where they lie until the first mail is near the matter: 25 MB more. IO: a file in memory, without a
name.
"""

import copyreg
import gc
import mmap
import os
import pickle
import threading
from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from gateway.policy.detector import Detector
from gateway.policy.pack import Pack

if TYPE_CHECKING:
    from gateway.config import Settings

_LIGHT = (
    "gate",
    "sieve",
    "model",
    "encoders",
)  # of a detector: what tells whether a mail is near the matter, and files
_FIELDS = frozenset(field.name for field in fields(Detector))


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Settings and pack, for every process of a gateway."""

    settings: "Settings"
    pack: Pack


def written(settings: "Settings", pack: Pack) -> int:
    """A descriptor from which `taken` reads these; it is the caller's, who hands it to children."""
    descriptor = os.memfd_create("orders")
    with open(descriptor, "wb", closefd=False) as file:
        light = {name: getattr(pack.detector, name) for name in _LIGHT} if pack.detector else None
        _dump((settings.model_dump(mode="json"), replace(pack, detector=None), light), file)
        _dump(pack.detector, file)
    return descriptor


def taken(descriptor: int, *, late: bool = False) -> Orders:
    """The orders there. Attributes are all there is of the settings: they are not checked again. The descriptor stays
    open, and may be read as often as one likes; with `late` it must stay open, for the day when the pack is used."""
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as memory:
        settings, pack, light = pickle.load(memory)  # noqa: S301  # our own parent's memory
        at = memory.tell()
    if light is not None:
        rest = partial(_detector, descriptor, at)
        pack = replace(pack, detector=cast("Detector", LateDetector(light, rest)) if late else rest())
    sections = {name: _plain(name, section) for name, section in settings.items()}
    return Orders(settings=cast("Settings", _plain("settings", sections)), pack=pack)


class LateDetector:
    """A detector of which only `light` attributes are here: what a `Detector` has, this has, read when it is asked
    for."""

    def __init__(self, light: Mapping[str, Any], read: Callable[[], Detector]) -> None:
        self.__dict__.update(light)
        self._read, self._one = read, threading.Lock()

    def __getattr__(self, name: str) -> Any:
        """Called only for what is not here yet."""
        if name not in _FIELDS:
            raise AttributeError(name)
        with self._one:  # thread at a time: it is large
            if name not in self.__dict__:
                whole = self._read()
                self.__dict__.update({field: getattr(whole, field) for field in _FIELDS})
                gc.freeze()  # it stays: the collector need not look through it
        return self.__dict__[name]


def _detector(descriptor: int, at: int) -> Detector:
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as memory:
        memory.seek(at)
        return cast("Detector", pickle.load(memory))  # noqa: S301  # our own parent's memory


def _dump(value: object, file: BinaryIO) -> None:
    pickler = pickle.Pickler(file, protocol=5)
    pickler.dispatch_table = {**copyreg.dispatch_table, MappingProxyType: _read_only}
    pickler.dump(value)


def _plain(name: str, values: Mapping[str, Any]) -> object:
    """A read-only value with these attributes; lists as the tuples they were."""
    kind = namedtuple(name, values)  # type: ignore[misc]  # the fields are known at run time only
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def _read_only(mapping: "MappingProxyType[Any, Any]") -> tuple[Any, tuple[dict[Any, Any]]]:
    """How a read-only mapping is pickled."""
    return _mapping, (dict(mapping),)


def _mapping(values: dict[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(values)
