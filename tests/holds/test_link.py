"""The link of a held mail: made from a key, stored as a hash, put into its notice on the way out."""

import quopri
import re

from hypothesis import given
from hypothesis import strategies as st

from gateway.holds.link import PLACE, link_secret, linked, same_token, token_hash

KEY = bytes(range(32))


def test_a_secret_is_long_harmless_in_a_url_and_its_holds_own() -> None:
    """43 characters of base64url; another hold or another key has another one."""
    secret = link_secret(KEY, "01a2")

    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", secret)
    assert len({secret, link_secret(KEY, "01a3"), link_secret(bytes(32), "01a2")}) == 3
    assert len(PLACE) == len(secret)


def test_only_the_secret_fits_its_hash() -> None:
    """The hash opens for its secret and for nothing else."""
    secret = link_secret(KEY, "01a2")

    assert same_token(secret, token_hash(secret))
    assert not same_token(secret[:-1] + "x", token_hash(secret))
    assert secret not in token_hash(secret)


@given(st.text(alphabet="ab =/", max_size=150), st.text(alphabet="ab =/", max_size=100))
def test_the_place_holder_is_filled_wherever_a_line_broke(before: str, after: str) -> None:
    """In quoted-printable, with soft line breaks at any place, the reader gets the secret and all else as it was."""
    secret = link_secret(KEY, "01a2")
    text = f"{before}https://gate.example/h/{PLACE}{after}"
    raw = quopri.encodestring(text.encode()).replace(b"\n", b"\r\n")

    filled = quopri.decodestring(linked(raw, secret).replace(b"\r\n", b"\n")).decode()

    assert filled == text.replace(PLACE, secret)
