"""README and the runbook speak of what there is: commands, options, files, rooms."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from gateway.cli.main import cli

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", "deploy/runbook.md", "policies/README.md"]
_CALL = re.compile(r"^\s+(?:\$ |sudo )?askonce ([a-z][^#\n]*)", re.MULTILINE)
_FILE = re.compile(r"`((?:gateway|policies|tests|deploy)/[\w./-]+)`")


def calls() -> list[tuple[str, str]]:
    """Every `askonce ...` that stands in an indented block of a page."""
    return [(page, call.strip()) for page in PAGES for call in _CALL.findall((ROOT / page).read_text("utf-8"))]


@pytest.mark.parametrize(("page", "call"), calls())
def test_each_command_shown_is_a_real_one_with_real_options(page: str, call: str) -> None:
    """What a page tells people to type is taken by the program."""
    command: object = typer.main.get_command(cli)
    words = shlex.split(call)
    while words and words[0] in getattr(command, "commands", {}):
        command = getattr(command, "commands")[words.pop(0)]  # noqa: B009 - a group, seen above
    options = {option for parameter in getattr(command, "params", ()) for option in parameter.opts}

    assert not hasattr(command, "commands"), f"{page}: askonce {call} names no command"
    assert {word.partition("=")[0] for word in words if word.startswith("--")} - {"--help"} <= options


@pytest.mark.parametrize("page", PAGES)
def test_each_file_named_is_there(page: str) -> None:
    """A path in a page leads somewhere."""
    named = _FILE.findall((ROOT / page).read_text("utf-8"))

    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_room_map_lists_each_package() -> None:
    """README's table has every folder of gateway/, each as a path."""
    rooms = {folder.parent.name for folder in (ROOT / "gateway").glob("*/__init__.py")}
    rows = "".join(line for line in (ROOT / "README.md").read_text("utf-8").splitlines() if line.startswith("| `"))

    assert {room for room in rooms if not re.search(rf"[`/]{room}/`", rows)} == set()
