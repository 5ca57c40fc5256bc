"""Settings: the file documents them all, and a mistake is named with file and key."""

import re
import tomllib
from pathlib import Path

import pytest

from gateway.app import pack_of
from gateway.config import Settings, load
from gateway.errors import UserError
from gateway.host_port import host_port, meet

ROOT = Path(__file__).parent.parent
DOCUMENTED = ROOT / "deploy" / "gateway.toml"
BAD = sorted((Path(__file__).parent / "bad_config").glob("*.toml"))


def test_the_documented_file_states_every_setting_with_its_default() -> None:
    """deploy/gateway.toml holds exactly the settings there are, at their defaults."""
    documented = tomllib.loads(DOCUMENTED.read_text("utf-8"))
    expected = Settings().model_dump(mode="json")

    assert expected == documented


def test_every_documented_setting_has_a_comment() -> None:
    """Each line of deploy/gateway.toml that sets something says in words what it sets."""
    lines = [line for line in DOCUMENTED.read_text("utf-8").splitlines() if re.match(r"\w+ = ", line)]

    assert [line for line in lines if not re.search(r"# \S+ ?\S+", line)] == []


def test_every_example_in_the_documented_file_can_be_taken(tmp_path: Path) -> None:
    """The lines that are there as examples (`# key = value`) are good settings, and name rules and sections we have."""
    text = re.sub(r"(?m)^# (?=[\w\"@.]+ = )", "", DOCUMENTED.read_text("utf-8"))
    assert text != DOCUMENTED.read_text("utf-8")
    (tmp_path / "gateway.toml").write_text(text)

    read = load(tmp_path / "gateway.toml")

    assert read.policy.modes
    assert read.sign_in.delegates
    assert pack_of(read)


def test_files_lie_beside_the_settings(tmp_path: Path) -> None:
    """A relative path begins at the settings file, wherever the program is started; a pack's name is no path."""
    (tmp_path / "gateway.toml").write_text(
        '[organisation]\ndirectory = "people.csv"\n[smtp]\ntls_certificate = "a.pem"\ntls_key = "/etc/b.pem"\n'
        '[policy]\npack = "ask-once"\n'
    )
    read = load(tmp_path / "gateway.toml")
    assert read.organisation.directory == str(tmp_path / "people.csv")
    assert (read.smtp.tls_certificate, read.smtp.tls_key) == (str(tmp_path / "a.pem"), "/etc/b.pem")
    assert read.policy.pack == "ask-once"

    (tmp_path / "gateway.toml").write_text('[policy]\npack = "packs/ours"\n')
    assert load(tmp_path / "gateway.toml").policy.pack == str(tmp_path / "packs/ours")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("127.0.0.1:25", "127.0.0.1:25", True),
        ("0.0.0.0:25", "127.0.0.1:25", True),
        ("[::1]:25", "[::]:25", True),
        ("127.0.0.1:25", "127.0.0.1:26", False),
        ("0.0.0.0:25", "mx.acme.example:25", False),
        ("127.0.0.1:0", "127.0.0.1:0", False),
    ],
)
def test_places_that_are_the_same(one: str, other: str, same: bool) -> None:
    """Two ports collide on one address, or when one side listens on all; port 0 never does."""
    assert meet(one, other) is same


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_file_is_refused_with_file_and_key(path: Path) -> None:
    """The first line of each bad file is a comment with the error it must give, after the file's name."""
    expected = path.read_text("utf-8").splitlines()[0].removeprefix("# ")

    with pytest.raises(UserError) as refusal:
        load(path)

    assert f"{path}: {expected}" == str(refusal.value)


def test_a_missing_file_is_one_plain_line(tmp_path: Path) -> None:
    """A path that is not there is named, with the system's own words."""
    with pytest.raises(UserError, match=r"nothing\.toml: No such file or directory"):
        load(tmp_path / "nothing.toml")


@pytest.mark.parametrize(("text", "expected"), [("127.0.0.1:25", ("127.0.0.1", 25)), ("[::1]:2525", ("::1", 2525))])
def test_host_and_port_are_split(text: str, expected: tuple[str, int]) -> None:
    """An IPv6 address stands in brackets."""
    assert expected == host_port(text, key="smtp.listen")


@pytest.mark.parametrize("text", ["25", "localhost", "a:b", "a:99999", ":25"])
def test_a_broken_host_and_port_names_its_key(text: str) -> None:
    """The refusal says which setting and how to write it."""
    with pytest.raises(UserError, match=r"^smtp\.listen: .* is not HOST:PORT\. Write it like"):
        host_port(text, key="smtp.listen")
