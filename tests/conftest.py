"""What all tests share: real programs are required by name, and a missing one is said, never hidden."""

import os
import shutil

import pytest

SEARCH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
os.environ["PATH"] = SEARCH


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked `real("program", ...)` where a program is missing; with CI=true that is a failure."""
    for marker in item.iter_markers("real"):
        missing = [program for program in marker.args if shutil.which(program) is None]
        if not missing:
            continue
        line = f"needs {', '.join(missing)}: install it or run as root with apt"
        if os.environ.get("CI") == "true":
            pytest.fail(line, pytrace=False)
        pytest.skip(line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with real servers first: they wait more than they work, and a long one begun last would be waited for."""
    items.sort(key=lambda item: "/tests/real/" not in item.path.as_posix())
