"""What a process of the gateway is told by the one that started it: the settings, checked already; the pack, compiled
already; which of its sockets it is to use, and the name of its audit stream.

Settings and pack lie in memory that all processes of a gateway have open, for nobody else to read. They are taken as
they are, and so the processes that stay do without what checks settings and reads packs: 15 MB in each. A process that
seldom judges leaves the rules where they lie until it does: 25 MB more. IO: a file in memory, without a name.
"""

import copyreg
import mmap
import os
import pickle
from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from gateway.policy.detector import Detector, Gate
from gateway.policy.pack import Pack

if TYPE_CHECKING:
    from gateway.config import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Settings and pack, for every process of a gateway."""

    settings: "Settings"
    pack: Pack


def written(settings: "Settings", pack: Pack) -> int:
    """A descriptor from which `taken` reads these; it is the caller's, who hands it to children."""
    descriptor = os.memfd_create("orders")
    with open(descriptor, "wb", closefd=False) as file:
        _dump(
            (settings.model_dump(mode="json"), replace(pack, detector=None), pack.detector and pack.detector.gate), file
        )
        _dump(pack.detector, file)
    return descriptor


def taken(descriptor: int, *, late: bool = False) -> Orders:
    """The orders there. Attributes are all there is of the settings: they are not checked again. The descriptor stays
    open, and may be read as often as one likes; with `late` it must stay open, for the day when the pack is used."""
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as memory:
        settings, pack, gate = pickle.load(memory)  # noqa: S301  # our own parent's memory
        at = memory.tell()
    if gate is not None:
        rest = partial(_detector, descriptor, at)
        pack = replace(pack, detector=cast("Detector", LateDetector(gate, rest)) if late else rest())
    sections = {name: _plain(name, section) for name, section in settings.items()}
    return Orders(settings=cast("Settings", _plain("settings", sections)), pack=pack)


class LateDetector:
    """A detector whose gate is here, and which is read when a mail passes that: what a `Detector` has, this has."""

    def __init__(self, gate: Gate, read: Callable[[], Detector]) -> None:
        self.gate, self._read = gate, read

    def __getattr__(self, name: str) -> Any:
        """Called only for what is not here yet."""
        if name.startswith("__"):
            raise AttributeError(name)
        whole = self._read()
        self.__dict__.update({one.name: getattr(whole, one.name) for one in fields(whole)})
        return getattr(whole, name)


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
