"""An ID token: signed by a key of the provider, meant for us, fresh, and about somebody whose address is verified.

Two steps: `claims_of` checks the signature, `vouched_address` what is said. Every algorithm is one with a public key:
neither "none" nor a shared secret can be smuggled in (RFC 8725 sections 3.1 and 3.2). *Pure*: keys and time come in.
OpenID Connect Core 1.0 sections 3.1.3.7 and 5.1; RFC 7515, RFC 7519.
"""

import hmac
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import Key, RSAKey
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact, validate_compact

from gateway.errors import SignInRefused
from gateway.mail.address import address

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
LEEWAY = timedelta(seconds=60)  # how far the provider's clock may be off
OLDEST = timedelta(minutes=10)  # a token is fetched at once; an older one is somebody's copy
_MOST_CHARACTERS = 32 * 1024  # of a token
_MOST_OF_ADDRESS = 320  # characters, RFC 5321 section 4.5.3.1
_LEAST_RSA_BITS = 2048  # RFC 7518 section 3.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token must say; `trust_unverified`: it need not say that the address is verified."""

    issuer: str
    client_id: str
    nonce: str
    now: datetime
    trust_unverified: bool = False


def opened(token: object) -> CompactSignature:
    """A token whose header is one we take; not verified yet. Raises SignInRefused."""
    if not isinstance(token, str) or not token.isascii() or len(token) > _MOST_CHARACTERS:
        raise SignInRefused("there is no ID token in the answer")
    try:
        found = extract_compact(token.encode("ascii"), registry=_registry())
        named = found.headers().get("alg")
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise SignInRefused("the ID token cannot be read") from error
    if named not in ALGORITHMS:
        raise SignInRefused("the ID token is not signed with an algorithm of public keys")
    return found


def claims_of(signed: CompactSignature, key: Key) -> Mapping[str, Any]:
    """The claims of a token that this key has signed. Raises SignInRefused."""
    if key.key_type == "oct" or (isinstance(key, RSAKey) and key.public_key.key_size < _LEAST_RSA_BITS):
        raise SignInRefused("the provider's key is too weak to prove anything")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # "EdDSA" is an old name, not a weak one (RFC 9864)
            good = validate_compact(signed, key, algorithms=ALGORITHMS, registry=_registry())
        claims = orjson.loads(signed.payload) if good else None
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise SignInRefused("the signature of the ID token does not fit") from error
    if not isinstance(claims, dict):
        raise SignInRefused("the signature of the ID token does not fit")
    return claims


def vouched_address(claims: Mapping[str, Any], expected: Expected) -> str:
    """The address key of the person the token is about. Raises SignInRefused with the first thing that is wrong."""
    for right, wrong in _RULES:
        if not right(claims, expected):
            raise SignInRefused(wrong)
    return _address_key(claims)


def _issued_by(claims: Mapping[str, Any], expected: Expected) -> bool:
    return bool(claims.get("iss") == expected.issuer)


def _meant_for_us(claims: Mapping[str, Any], expected: Expected) -> bool:
    meant = claims.get("aud")
    audience = meant if isinstance(meant, list) else [meant]
    party = claims.get("azp")  # with several audiences the one who asked is named
    if expected.client_id not in audience:
        return False
    return party == expected.client_id if party is not None else len(audience) == 1


def _running(claims: Mapping[str, Any], expected: Expected) -> bool:
    ends = _instant(claims, "exp")
    return ends is not None and expected.now.timestamp() < ends + LEEWAY.total_seconds()


def _begun(claims: Mapping[str, Any], expected: Expected) -> bool:
    latest = expected.now.timestamp() + LEEWAY.total_seconds()
    begins, issued = _instant(claims, "nbf"), _instant(claims, "iat")
    return (
        issued is not None and issued <= latest and ("nbf" not in claims or (begins is not None and begins <= latest))
    )


def _fresh(claims: Mapping[str, Any], expected: Expected) -> bool:
    issued = _instant(claims, "iat")
    return issued is not None and expected.now.timestamp() - issued <= (OLDEST + LEEWAY).total_seconds()


def _answers_us(claims: Mapping[str, Any], expected: Expected) -> bool:
    nonce = claims.get("nonce")
    return isinstance(nonce, str) and hmac.compare_digest(nonce.encode(), expected.nonce.encode())


def _about_somebody(claims: Mapping[str, Any], _: Expected) -> bool:
    return isinstance(claims.get("sub"), str) and bool(claims["sub"])


def _verified(claims: Mapping[str, Any], expected: Expected) -> bool:
    """Some providers write the word "true"; a plain no is a no also where silence is trusted."""
    said = claims.get("email_verified")
    return said is True or said == "true" or (said is None and expected.trust_unverified)


def _addressed(claims: Mapping[str, Any], _: Expected) -> bool:
    return bool(_address_key(claims))


_RULES: tuple[tuple[Callable[[Mapping[str, Any], Expected], bool], str], ...] = (
    (_issued_by, "the ID token is of another issuer (iss)"),
    (_meant_for_us, "the ID token is meant for another client (aud, azp)"),
    (_running, "the ID token has expired (exp)"),
    (_begun, "the ID token is not valid yet (iat, nbf)"),
    (_fresh, "the ID token is an old one (iat)"),
    (_answers_us, "the ID token does not answer our question (nonce)"),
    (_about_somebody, "the ID token is about nobody (sub)"),
    (_addressed, "the ID token has no address we could take (email)"),
    (_verified, "the provider does not say that the address is verified (email_verified)"),
)


def _instant(claims: Mapping[str, Any], name: str) -> float | None:
    found = claims.get(name)
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def _address_key(claims: Mapping[str, Any]) -> str:
    """ "" for what is no address, and for a local part that is plain letters only in lower case: the Kelvin sign of
    a "Kim" would be another person's "kim"."""
    said = claims.get("email")
    if not isinstance(said, str) or len(said) > _MOST_OF_ADDRESS or not said.isprintable() or " " in said:
        return ""
    found = address(said)
    folded = found.key.rpartition("@")[0]
    if not found.local or not found.domain or (folded.isascii() and not found.local.isascii()):
        return ""
    return found.key


def _registry() -> JWSRegistry:
    """Header fields we do not know are passed over, as RFC 7515 section 4 asks; "crit" is heeded."""
    return JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
