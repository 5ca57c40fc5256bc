"""Every directory keeps the contract of `ports.Directory`, whatever file it is kept in."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.directory.fixed import EmptyDirectory, Fixed
from gateway.directory.opening import open_directory
from gateway.mail.audience import Audience, Person
from gateway.ports import Directory

PEOPLE = {
    "ann@x.example": {"employment": "employee", "manager": "hilda@x.example", "aliases": ["a.nn@x.example"]},
    "bo@x.example": {
        "employment": "contractor",
        "manager": "Hilda@X.example",
        "language": "de",
        "unit": "Loans",
        "tags": ["press", "night"],
    },
    "Cy@x.example": {"employment": "employee", "manager": "the.boss@x.example"},
    "hilda@x.example": {"employment": "employee", "manager": None, "aliases": ["the.boss@x.example"]},
    "loner@x.example": {"employment": "employee", "manager": None},
}
LISTS = {
    "all@x.example": ["ann@x.example", "loans@x.example", "Loops@x.example", "guest@y.example"],
    "loans@x.example": ["BO@x.example", "cy@x.example", "a.nn@x.example"],
    "loops@x.example": ["all@x.example", "loops@x.example", "hilda@x.example"],
    "void@x.example": ["void2@x.example"],
    "void2@x.example": ["void@x.example"],
}
ANN = Person(address="ann@x.example", manager="hilda@x.example")
BO = Person(
    address="bo@x.example",
    employment="contractor",
    manager="hilda@x.example",
    language="de",
    unit="Loans",
    tags=("press", "night"),
)
CY = Person(address="cy@x.example", manager="hilda@x.example")
HILDA = Person(address="hilda@x.example")


async def fixed(_: Path) -> Directory:
    return Fixed.from_mapping({"people": PEOPLE, "lists": LISTS})


async def toml(folder: Path) -> Directory:
    lines = []
    for address, facts in PEOPLE.items():
        lines += [f'[people."{address}"]', *(f"{key} = {value!r}" for key, value in facts.items() if value)]
    for address, members in LISTS.items():
        lines += [f'[lists."{address}"]', f"members = {members!r}"]
    return await opened(folder / "directory.toml", "\n".join(lines))


async def comma_csv(folder: Path) -> Directory:
    return await csv(folder, ",", "")


async def spreadsheet_csv(folder: Path) -> Directory:
    return await csv(folder, ";", "\ufeff", "\r\n")


async def csv(folder: Path, delimiter: str, mark: str, end: str = "\n") -> Directory:
    rows = [["Address", "employment", "manager", "aliases", "language", "unit", "tags"]]
    for address, facts in PEOPLE.items():
        aliases = " ".join(facts.get("aliases") or ())
        tags = " ".join(facts.get("tags") or ())
        row = [address, facts["employment"], facts["manager"] or "", aliases, facts.get("language") or ""]
        rows.append([*row, facts.get("unit") or "", tags])
    members = [["list", "member"], *([own, member] for own, some in LISTS.items() for member in some)]
    (folder / "lists.csv").write_text(mark + end.join(map(delimiter.join, members)), newline="")
    return await opened(folder / "people.csv", mark + end.join(map(delimiter.join, rows)))


async def opened(path: Path, text: str) -> Directory:
    write(path, text)
    return await open_directory(str(path), 60)


def write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", newline="")


@pytest.fixture(params=[fixed, toml, comma_csv, spreadsheet_csv], ids=lambda make: make.__name__)
async def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Directory:
    make: Callable[[Path], Awaitable[Directory]] = request.param
    return await make(tmp_path)


async def test_people_are_found_by_any_spelling(directory: Directory) -> None:
    """Own address, alias, other letter case and subaddress lead to the same person; a stranger is None."""
    for address in ("ann@x.example", "ANN@X.EXAMPLE", "A.nn@x.example", "ann+news@x.example", "a.nn+b+c@x.example"):
        assert await directory.person(address) == ANN
    for address in ("zoe@x.example", "all@x.example", "+ann@x.example", "ann@y.example", ""):
        assert await directory.person(address) is None


async def test_recipients_become_people_each_once(directory: Directory) -> None:
    """The same person by several addresses is one member, in the order first met."""
    audience = await directory.expand(["bo@x.example", "Ann+x@x.example", "ann@x.example", "BO@X.example"])
    assert audience == Audience(people=(BO, ANN))


async def test_lists_nest_and_loop(directory: Directory) -> None:
    """Nested lists that contain each other and themselves give each person once, strangers under their own address."""
    audience = await directory.expand(["ALL@x.example"])
    assert audience == Audience(
        people=(ANN, BO, CY, HILDA),
        lists=("all@x.example", "loans@x.example", "loops@x.example"),
        unresolved=("guest@y.example",),
    )
    assert audience.keys == ("ann@x.example", "bo@x.example", "cy@x.example", "hilda@x.example", "guest@y.example")


async def test_a_list_without_anybody_counts_as_itself(directory: Directory) -> None:
    """Lists that only contain each other are one member under the address that was written to."""
    audience = await directory.expand(["Void@x.example"])
    assert audience == Audience(lists=("void@x.example", "void2@x.example"), unresolved=("void@x.example",))


async def test_strangers_count_as_themselves(directory: Directory) -> None:
    """An address nobody knows is one member, in key form, each once; nothing gives nothing."""
    audience = await directory.expand(["Zoe@x.example", "zoe@X.example", "zoe+tag@x.example"])
    assert audience == Audience(unresolved=("zoe@x.example", "zoe+tag@x.example"))
    assert await directory.expand([]) == Audience()


@pytest.mark.parametrize(
    ("address", "team"),
    [
        ("A.NN@x.example", {"ann", "bo", "cy", "hilda"}),
        ("hilda@x.example", {"ann", "bo", "cy", "hilda"}),
        ("loner@x.example", {"loner"}),
        ("zoe@x.example", {"zoe"}),
    ],
)
async def test_a_team_is_manager_colleagues_and_reports(directory: Directory, address: str, team: set[str]) -> None:
    """Those with the same manager, the manager, the person's own reports, and the person; also through a manager's
    alias. Somebody without manager has no colleagues."""
    assert await directory.team(address) == {f"{name}@x.example" for name in team}


async def test_all_addresses_of_a_person_are_known_by_any_of_them(directory: Directory) -> None:
    """Own address and aliases, in any letter case. A tag behind "+" is another address, and lists are nobody."""
    for address in ("Ann@x.example", "A.NN@x.example"):
        assert await directory.addresses(address) == {"ann@x.example", "a.nn@x.example"}
    for other in ("ann+news@x.example", "zoe@x.example", "all@x.example", "loner@x.example"):
        assert await directory.addresses(other.upper()) == {other}


async def test_no_directory_knows_nobody(tmp_path: Path) -> None:
    """Where none is configured each address is one member, its own team, and no person."""
    for empty in (EmptyDirectory(), await open_directory("", 60)):
        assert await empty.expand(["All@x.example", "ann@x.example"]) == Audience(
            unresolved=("all@x.example", "ann@x.example")
        )
        assert await empty.person("ann@x.example") is None
        assert await empty.team("Ann@x.example") == {"ann@x.example"}
        assert await empty.addresses("Ann@x.example") == {"ann@x.example"}
