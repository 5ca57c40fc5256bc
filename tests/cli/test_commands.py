"""What all commands share, `config check`, and `audit verify` as a user meets them."""

import os
from pathlib import Path

import pytest

from gateway import __version__
from tests.audit.samples import clean_stream, write_stream
from tests.cli.conftest import Askonce

ROOT = Path(__file__).parents[2]
BAD_CONFIG = sorted((ROOT / "tests" / "bad_config").glob("*.toml"))
COMMANDS = [
    *("serve", "check", "simulate", "replay", "demo", "config check", "audit verify"),
    *("policy test", "policy score", "policy lint", "policy explain", "policy schema"),
    *("holds list", "holds show", "holds release", "holds uphold", "holds withdraw"),
]


def test_the_version_is_printed(askonce: Askonce) -> None:
    """One line, exit 0."""
    ran = askonce("--version")

    assert (0, f"askonce {__version__}\n") == (ran.code, ran.out)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_each_help_has_an_example(askonce: Askonce, command: str) -> None:
    """--help of every command shows how it is called."""
    ran = askonce(*command.split(), "--help")

    assert 0 == ran.code
    assert f"askonce {command}".strip() in ran.out.partition("Example")[2]


@pytest.mark.parametrize("group", ["", "config", "holds", "audit", "policy"])
def test_without_arguments_the_help_is_shown(askonce: Askonce, group: str) -> None:
    """Exit 2: nothing was done."""
    ran = askonce(*group.split())

    assert 2 == ran.code
    assert "Usage: askonce" in ran.err
    assert "Commands:" in ran.err


@pytest.mark.parametrize("words", ["nonsense", "holds nonsense", "--nonsense"])
def test_an_unknown_command_is_one_line(askonce: Askonce, words: str) -> None:
    """It names what is unknown and where the help is."""
    ran = askonce(*words.split())

    assert 2 == ran.code
    assert "nonsense" in ran.complaint
    assert "--help has examples" in ran.complaint


def test_a_good_settings_file_is_called_good(askonce: Askonce) -> None:
    """The documented file passes, and its pack is named."""
    file = ROOT / "deploy" / "gateway.toml"

    ran = askonce("config", "check", file)

    assert 0 == ran.code
    assert f"{file}: good" == ran.out.splitlines()[-1]
    assert "ask-once" in ran.out


@pytest.mark.parametrize("file", BAD_CONFIG, ids=lambda file: file.stem)
def test_a_bad_settings_file_is_one_line(askonce: Askonce, file: Path) -> None:
    """The error is the one the file's first line announces; exit 2."""
    expected = file.read_text("utf-8").splitlines()[0].removeprefix("# ")

    ran = askonce("config", "check", file)

    assert (2, f"{file}: {expected}") == (ran.code, ran.complaint)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[policy]\npack = "nope"\n', 'there is no policy pack "nope"'),
        ('[organisation]\ndirectory = "nowhere.csv"\n', "nowhere.csv: No such file or directory"),
        (
            '[smtp]\ntls_certificate = "no.pem"\ntls_key = "no.key"\n',
            "smtp.tls_certificate: the certificate cannot be used: No such file or directory",
        ),
        ('[smtp]\nlisten = "127.0.0.1:10026"\n', "upstream.address: 127.0.0.1:10026 is smtp.listen already"),
        ('[web]\nlisten = "0.0.0.0:10025"\n', "web.listen: 0.0.0.0:10025 is smtp.listen already"),
        ('[smtp]\nlisten = "no such host:25"\n', 'smtp.listen: "no such host" is not known'),
        ('[state]\ndirectory = "/etc/passwd/state"\n', "state.directory: /etc/passwd is no folder"),
        ('[state]\nstore = "mysql://x@y/z"\n', 'state.store: "mysql" is no database we know'),
        ('[state]\nstore = "/nowhere/askonce.db"\n', "state.store: /nowhere: there is no such folder"),
        (
            '[sign_in]\nmode = "optional"\nissuer = "https://login.x.example"\nclient_id = "a"\n'
            'client_secret_file = "nowhere.secret"\n',
            "nowhere.secret: No such file or directory",
        ),
    ],
)
def test_what_a_settings_file_points_at_must_be_there(
    askonce: Askonce, tmp_path: Path, text: str, expected: str
) -> None:
    """A missing pack, a missing directory, a missing secret are named."""
    (tmp_path / "gateway.toml").write_text(text)

    ran = askonce("config", "check", tmp_path / "gateway.toml")

    assert 2 == ran.code
    assert expected in ran.complaint


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "links in notices begin with http://127.0.0.1:8025, which opens on this machine alone"),
        ('[smtp]\nlisten = "0.0.0.0:10025"\n', "only this machine may connect, though smtp.listen is 0.0.0.0"),
        ('[smtp]\nlisten = "192.0.2.1:10025"\n', "only this machine may connect, though smtp.listen is 192.0.2.1"),
        ('[policy]\nmode = "monitor"\n', "so nothing is held"),
    ],
)
def test_a_good_settings_file_comes_with_advice(askonce: Askonce, tmp_path: Path, text: str, advice: str) -> None:
    """What a gateway would start with and people would stumble over is said; the file is good all the same."""
    (tmp_path / "gateway.toml").write_text(text)
    ran = askonce("config", "check", tmp_path / "gateway.toml")
    assert ran.code == 0
    assert advice in ran.out


def test_a_store_that_does_not_answer_names_the_setting(askonce: Askonce, tmp_path: Path) -> None:
    """The database is away: one line with the key and what to look at, not the driver's own words alone."""
    (tmp_path / "gateway.toml").write_text(
        f'[state]\ndirectory = "{tmp_path}"\nstore = "postgresql://askonce@127.0.0.1:1/askonce"\n'
    )
    ran = askonce("holds", "list", "--config", tmp_path / "gateway.toml")
    assert ran.code == 2
    assert ran.complaint.startswith("state.store: the store does not answer: ")
    assert "Is the database up" in ran.complaint


@pytest.mark.parametrize("command", ["config check", "audit verify", "holds list --config", "serve --config"])
def test_a_missing_file_is_named(askonce: Askonce, command: str) -> None:
    """A path that is not there ends every command with one line."""
    ran = askonce(*command.split(), "nowhere.toml")

    assert 2 == ran.code
    assert ran.complaint.startswith("nowhere.toml: ")


@pytest.mark.parametrize("where", ["nowhere", "."])
def test_a_folder_without_state_is_refused_and_left_alone(
    askonce: Askonce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """`holds` on a wrong folder says so and makes nothing in it."""
    monkeypatch.chdir(tmp_path)

    ran = askonce("holds", "list", "--state", where)

    assert 2 == ran.code
    assert "--state or --config" in ran.complaint
    assert [] == os.listdir(tmp_path)


def test_a_broken_store_is_one_line(askonce: Askonce, tmp_path: Path) -> None:
    """A state whose database is none."""
    (tmp_path / "askonce.db").write_bytes(b"this is no database, " * 1000)

    ran = askonce("holds", "list", "--state", tmp_path)

    assert 2 == ran.code
    assert ran.complaint


def test_a_folder_without_a_log_is_no_proof(askonce: Askonce, tmp_path: Path) -> None:
    """`audit verify` on an empty folder is a mistake of the call, not a log that stands."""
    ran = askonce("audit", "verify", tmp_path)

    assert 2 == ran.code
    assert "there are no audit files here" in ran.complaint


def test_the_verdict_claims_no_more_than_was_proved(askonce: Askonce, tmp_path: Path) -> None:
    """Without heads `audit verify` vouches for the end that is there; with them, for all records up to them."""
    heads = tmp_path / "heads.json"
    write_stream(tmp_path, "s", [clean_stream(2)])

    alone = askonce("audit", "verify", tmp_path, "--heads", heads)
    held_against = askonce("audit", "verify", tmp_path, "--expect", heads)

    assert (0, 0) == (alone.code, held_against.code)
    assert "cut off the end" in " ".join(alone.out.split())
    assert "cut off the end" not in " ".join(held_against.out.split())
    assert "up to the heads you gave" in " ".join(held_against.out.split())


def test_the_formats_are_two(askonce: Askonce) -> None:
    """Another --format is refused by each command that has it."""
    for command in ("audit verify x", "holds list", "holds show x", "simulate x", "check x"):
        assert "--format xml" in askonce(*command.split(), "--format", "xml").complaint
