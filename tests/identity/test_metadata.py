"""A discovery document is taken when it is this issuer's and leads to safe addresses."""

import pytest

from gateway.errors import ProviderUnavailable
from gateway.identity.metadata import Metadata, metadata, metadata_place

ISSUER = "https://login.corp.example/realms/staff"
GOOD = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth?kc_locale=en",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/certs",
}


@pytest.mark.parametrize(
    ("issuer", "place"),
    [
        (ISSUER, f"{ISSUER}/.well-known/openid-configuration"),
        (f"{ISSUER}/", f"{ISSUER}/.well-known/openid-configuration"),
    ],
)
def test_the_document_lies_below_the_issuer(issuer: str, place: str) -> None:
    """With or without a final slash (Discovery section 4)."""
    assert metadata_place(issuer) == place


def test_its_addresses_are_taken() -> None:
    """A query of the authorization endpoint is part of it; the client's secret goes into the header."""
    expected = Metadata(authorization=f"{ISSUER}/auth?kc_locale=en", token=f"{ISSUER}/token", keys=f"{ISSUER}/certs")
    assert metadata(GOOD, ISSUER) == expected


@pytest.mark.parametrize(
    ("methods", "in_form"),
    [
        (["client_secret_basic", "client_secret_post"], False),
        (["client_secret_post"], True),
        (["private_key_jwt"], False),
        ("client_secret_post", False),
        (None, False),
    ],
)
def test_the_secret_goes_into_the_form_where_it_must(methods: object, in_form: bool) -> None:
    """Only where the provider takes it there alone."""
    document = GOOD | {"token_endpoint_auth_methods_supported": methods}
    assert metadata(document, ISSUER).secret_in_form is in_form


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": f"{ISSUER}/"},
        {"issuer": "https://login.corp.example/realms/Staff"},
        {"issuer": None},
        {"token_endpoint": "http://login.corp.example/token"},
        {"token_endpoint": "ftp://login.corp.example/token"},
        {"jwks_uri": 7},
        {"jwks_uri": "https://"},
        {"jwks_uri": "https://login.corp.example:port/"},
        {"authorization_endpoint": "https://login.corp.example/auth#here"},
        {"authorization_endpoint": "https://login.corp.example/a b"},
        {"authorization_endpoint": "https://login.corp.example/" + "a" * 2000},
    ],
    ids=str,
)
def test_a_document_of_another_or_with_unsafe_addresses_is_refused(change: dict[str, object]) -> None:
    """The issuer must be the very one; every address https, or of this machine."""
    with pytest.raises(ProviderUnavailable):
        metadata(GOOD | change, ISSUER)
