"""What a provider says of itself, as far as we use it. *Pure.*

OpenID Connect Discovery 1.0 sections 3 and 4; RFC 8414 for the names of client authentication.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.errors import ProviderUnavailable
from gateway.host_port import private

WELL_KNOWN = "/.well-known/openid-configuration"  # Discovery section 4
_MOST_CHARACTERS = 2000  # of an address


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The addresses of a provider. `secret_in_form`: it takes a client's secret in the form only, not in the header."""

    authorization: str
    token: str
    keys: str
    secret_in_form: bool = False


def metadata_place(issuer: str) -> str:
    """Where the document of this issuer lies."""
    return issuer.rstrip("/") + WELL_KNOWN


def metadata(document: Mapping[str, Any], issuer: str) -> Metadata:
    """The document, checked: it must name this very issuer (section 4.3). Raises ProviderUnavailable."""
    if document.get("issuer") != issuer:
        raise ProviderUnavailable(f"the discovery document names another issuer than {issuer}")
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Metadata(
        authorization=_address(document, "authorization_endpoint"),
        token=_address(document, "token_endpoint"),
        keys=_address(document, "jwks_uri"),
        secret_in_form=isinstance(methods, list)
        and "client_secret_post" in methods
        and "client_secret_basic" not in methods,
    )


def _address(document: Mapping[str, Any], name: str) -> str:
    """An address of the document; one in clear would show codes, secrets and keys to whoever is on the way."""
    found = document.get(name)
    if not isinstance(found, str) or len(found) > _MOST_CHARACTERS or "#" in found or not private(found):
        raise ProviderUnavailable(f"{name} in the discovery document is not an https address")
    return found
