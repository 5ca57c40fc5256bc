"""The provider of the settings: where the secret comes from, and what is said when something is missing."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.config import Settings, load
from gateway.errors import UserError
from gateway.identity import opening
from gateway.identity.opening import SECRET, client_secret, open_provider, redirect
from gateway.inspection import check_sign_in


def settings(**section: Any) -> Settings:
    base = {"mode": "optional", "issuer": "https://login.corp.example", "client_id": "askonce"}
    return Settings.model_validate({"web": {"public_url": "https://held.corp.example/x/"}, "sign_in": base | section})


def test_off_opens_nothing() -> None:
    """Without sign-in there is no provider, and nothing to check."""
    assert open_provider(Settings(), lambda: datetime.now(UTC)) is None
    assert check_sign_in(Settings()) == []


def test_the_secret_comes_from_its_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file first; blank space around it is none of it; neither is a client without a secret."""
    file = tmp_path / "secret"
    file.write_text("  s3cret value \n", "utf-8")
    monkeypatch.delenv(SECRET, raising=False)
    assert client_secret("") == ""
    monkeypatch.setenv(SECRET, "from-the-environment")
    assert client_secret("") == "from-the-environment"
    assert client_secret(str(file)) == "s3cret value"


@pytest.mark.parametrize("held", ["", "\n", "two\nlines", "tab\there"])
def test_a_file_that_holds_no_secret_is_refused(tmp_path: Path, held: str) -> None:
    """One line, and nothing else; the words name the setting and the file, never what is in it."""
    file = tmp_path / "secret"
    file.write_text(held, "utf-8")
    with pytest.raises(UserError) as refusal:
        client_secret(str(file))
    assert str(refusal.value) == (
        f"sign_in.client_secret_file: {file}: must hold the secret in one line and nothing else"
    )


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    """With the system's own words; a relative path lies beside the settings file."""
    (tmp_path / "gateway.toml").write_text(
        '[web]\npublic_url = "https://held.corp.example"\n[sign_in]\nmode = "required"\n'
        'issuer = "https://login.corp.example"\nclient_id = "askonce"\nclient_secret_file = "client.secret"\n',
        "utf-8",
    )
    read = load(tmp_path / "gateway.toml")
    with pytest.raises(UserError, match=r"^sign_in\.client_secret_file: /.*/client\.secret: No such file or directory"):
        check_sign_in(read)
    (tmp_path / "client.secret").write_text("s3cret", "utf-8")
    assert check_sign_in(read) == [
        f"sign_in: required, https://login.corp.example, the client's secret from {tmp_path}/client.secret",
        "sign_in: the redirect address to register there is https://held.corp.example/sign-in/done",
    ]


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed without its extra, sign-in says what to do before anything starts."""
    monkeypatch.setattr(opening, "find_spec", lambda name: None if name == "joserfc" else object())
    with pytest.raises(UserError) as refusal:
        check_sign_in(settings())
    assert str(refusal.value) == (
        'sign_in.mode: sign-in needs the package joserfc. Install askonce with its extra "sign-in"'
    )


def test_the_redirect_address_is_below_the_public_one() -> None:
    """Whatever path the page lies at."""
    assert redirect(settings()) == "https://held.corp.example/x/sign-in/done"
