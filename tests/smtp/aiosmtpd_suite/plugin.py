"""A pytest plugin that lets aiosmtpd's own test suite run against our session.

It stands in for two test-only packages of the suite's (pkg_resources, pytest_mock), swaps the SMTP class before the
suite is imported, compares replies by their code (the wording is ours), and leaves out what is different on purpose.
"""

import importlib.resources
import socket
import sys
import types
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from unittest import mock

import aiosmtpd.controller
import aiosmtpd.smtp
import pytest
from aiosmtpd.testing.statuscodes import StatusCode

from tests.smtp.aiosmtpd_suite.adapter import Adapted
from tests.smtp.aiosmtpd_suite.differences import DIFFERENCES


class Mocker:
    """The few of pytest_mock's ways that the suite uses."""

    Mock = mock.Mock

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def patch(self, target: str, *arguments: Any, **options: Any) -> Any:
        return self._stack.enter_context(mock.patch(target, *arguments, **options))

    def spy(self, thing: Any, name: str) -> Any:
        return self._stack.enter_context(mock.patch.object(thing, name, side_effect=getattr(thing, name)))


@pytest.fixture(scope="session")
def session_mocker() -> Iterator[Mocker]:
    with ExitStack() as stack:
        yield Mocker(stack)


@pytest.fixture
def mocker() -> Iterator[Mocker]:
    with ExitStack() as stack:
        yield Mocker(stack)


def _stand_in(name: str, **contents: Any) -> None:
    module = types.ModuleType(name)
    module.__dict__.update(contents)
    sys.modules[name] = module


def _same_code(self: StatusCode, other: object) -> bool:
    return isinstance(other, tuple) and bool(other) and self.code == other[0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _swap() -> None:
    _stand_in("pytest_mock", MockFixture=Mocker)
    _stand_in(
        "pkg_resources", resource_filename=lambda package, name: str(importlib.resources.files(package).joinpath(name))
    )
    aiosmtpd.smtp.SMTP = aiosmtpd.controller.SMTP = Adapted
    StatusCode.__eq__ = _same_code
    StatusCode.__hash__ = tuple.__hash__
    from aiosmtpd.tests import conftest

    conftest.HostPort.__new__.__defaults__ = ("127.0.0.1", _free_port())


_swap()  # at import: pytest loads the suite's conftest before any hook of ours


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the listed differences; an entry that names no test any more is an error."""
    used: set[str] = set()
    kept, left_out = [], []
    for item in items:
        name = item.nodeid.rpartition("/")[2]
        reason = next((entry for entry in DIFFERENCES if f"{name}$".startswith(entry)), None)
        used.update([reason] if reason else [])
        (left_out if reason else kept).append(item)
    if stale := set(DIFFERENCES) - used:
        raise pytest.UsageError(f"no such test: {sorted(stale)}")
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept
