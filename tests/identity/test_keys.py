"""The key ring takes public keys for signatures, and picks by name, or by kind where there is only one."""

import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from gateway.errors import ProviderUnavailable, SignInRefused
from gateway.identity.fetching import Fetcher
from gateway.identity.id_token import claims_of, opened
from gateway.identity.keys import KeyRing
from tests.web.openid_provider import RSA

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
EC = ECKey.generate_key("P-256", {"kid": "ec"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
SHARED = OctKey.generate_key(256, {"kid": "shared"})
SEALING = RSA.as_dict(private=False) | {"kid": "sealing", "use": "enc"}


class Told(Fetcher):
    """A fetcher that is told what it finds."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document

    async def get(self, url: str) -> Mapping[str, Any]:
        """That."""
        return self.document


def ring(*keys: object) -> KeyRing:
    entries = [key if isinstance(key, dict) else key.as_dict(private=False) for key in keys]  # type: ignore[attr-defined]
    return KeyRing(Told({"keys": entries}), lambda: NOON)


@pytest.mark.parametrize(
    ("header", "kid"),
    [
        ({"alg": "RS256", "kid": "first"}, "first"),
        ({"alg": "PS512", "kid": "first"}, "first"),
        ({"alg": "ES256", "kid": "ec"}, "ec"),
        ({"alg": "EdDSA", "kid": "ed"}, "ed"),
        ({"alg": "RS256"}, "first"),
        ({"alg": "ES256"}, "ec"),
    ],
)
async def test_a_key_is_found_by_name_or_as_the_only_one(header: dict[str, str], kid: str) -> None:
    """What is no key for signatures is passed over, and does not stand in the way."""
    found = await ring(RSA, EC, ED, SEALING, {"kty": "new"}, {"kty": "RSA", "n": "?"}).key("here", header)
    assert found.kid == kid


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "ES256", "kid": "first"},
        {"alg": "RS256", "kid": "ec"},
        {"alg": "RS256", "kid": "sealing"},
        {"alg": "RS256", "kid": "shared"},
        {"alg": "RS256", "kid": ""},
        {"alg": "EdDSA"},
    ],
)
async def test_a_key_that_does_not_fit_is_none(header: dict[str, str]) -> None:
    """The wrong kind, one for sealing, a shared secret: refused."""
    with pytest.raises(SignInRefused, match="kid"):
        await ring(RSA, EC, SEALING, SHARED.as_dict(private=True)).key("here", header)


async def test_two_keys_of_one_name_or_kind_leave_it_open() -> None:
    """Nothing is guessed: a token that could be by either is refused."""
    twin = RSA.as_dict(private=False) | {"kid": "twin"}
    for header in ({"alg": "RS256"}, {"alg": "RS256", "kid": "twin"}):
        with pytest.raises(SignInRefused):
            await ring(RSA, twin, twin).key("here", header)


async def test_a_document_without_keys_is_no_answer() -> None:
    """The provider is unavailable then, not the person refused."""
    with pytest.raises(ProviderUnavailable):
        await KeyRing(Told({"keys": "none"}), lambda: NOON).key("here", {"alg": "RS256"})


@pytest.mark.parametrize(
    ("algorithm", "key"), [("RS256", RSA), ("PS384", RSA), ("ES256", EC), ("EdDSA", ED), ("Ed25519", ED)]
)
def test_what_a_fitting_key_has_signed_is_read(algorithm: str, key: Key) -> None:
    """Every family of algorithms, the old name of Ed25519 included."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        token = jwt.encode({"alg": algorithm}, {"sub": "ann"}, key, algorithms=[algorithm])
    assert claims_of(opened(token), key) == {"sub": "ann"}


def test_a_short_key_proves_nothing() -> None:
    """RSA with less than 2,048 bits is refused, whatever it has signed (RFC 7518 section 3.3)."""
    with pytest.warns(SecurityWarning):
        short = RSAKey.generate_key(1024, auto_kid=True)
    token = jwt.encode({"alg": "RS256"}, {"sub": "ann"}, short)
    with pytest.raises(SignInRefused, match="too weak"):
        claims_of(opened(token), short)
