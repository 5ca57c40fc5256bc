"""The provider of the settings, ready to be asked. IO: reads the client's secret from its file or the environment."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import UserError
from gateway.ports import Clock

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.identity.provider import OpenIdProvider

SECRET = "ASKONCE_CLIENT_SECRET"  # noqa: S105  # the variable's name, not a secret
DONE = "/sign-in/done"  # where the provider sends the browser back to, below the page's own address
_NEEDED = ("joserfc", "httpx")


def open_provider(settings: "Settings", clock: Clock) -> "OpenIdProvider | None":
    """The provider, None where sign-in is off. Nothing is asked of it yet. Raises UserError."""
    section = settings.sign_in
    if section.mode == "off":
        return None
    ready(settings)
    # Imported here: sites without sign-in do without these packages.
    from gateway.identity.fetching import Fetcher
    from gateway.identity.provider import Client, OpenIdProvider

    client = Client(
        issuer=section.issuer,
        client_id=section.client_id,
        redirect=redirect(settings),
        secret=client_secret(section.client_secret_file),
        trust_unverified=section.trust_unverified,
    )
    return OpenIdProvider(client, Fetcher(), clock)


def ready(settings: "Settings") -> str:
    """Where the client's secret comes from, in words. Raises UserError when sign-in could not work."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        what = f"sign-in needs the package {' and '.join(missing)}"
        raise UserError(what, where="sign_in.mode", todo='Install askonce with its extra "sign-in"')
    file = settings.sign_in.client_secret_file
    secret = client_secret(file)
    if not secret:
        return "a client without secret"
    return f"the client's secret from {file or SECRET}"


def redirect(settings: "Settings") -> str:
    """The address to register at the provider."""
    return (settings.web.public_url or f"http://{settings.web.listen}").rstrip("/") + DONE


def client_secret(file: str) -> str:
    """The secret, "" for none. Raises UserError; no message has the secret in it."""
    if not file:
        return os.environ.get(SECRET, "")
    where = f"sign_in.client_secret_file: {file}"
    try:
        secret = Path(file).read_text("utf-8").strip()
    except OSError as error:
        raise UserError(error.strerror or "cannot be read", where=where) from None
    except UnicodeDecodeError:
        raise UserError("is not text", where=where) from None
    if not secret or not secret.isprintable():
        raise UserError("must hold the secret in one line and nothing else", where=where)
    return secret
