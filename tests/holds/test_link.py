"""The link of a held mail: made from a key, stored as a hash, put into its notice on the way out."""

import quopri
import re
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from gateway.holds.answer_address import answer_key
from gateway.holds.link import (
    answer_place,
    filled,
    link_place,
    link_secret,
    place_mark,
    placed,
    same_token,
    token_hash,
)

KEY = bytes(range(32))
HOLD, OTHER = "0192f3a4" * 4, "0" * 32


def test_a_secret_is_long_harmless_in_a_url_and_its_holds_own() -> None:
    """43 characters of base64url; another hold or another key has another one."""
    secret = link_secret(KEY, "01a2")

    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", secret)
    assert len({secret, link_secret(KEY, "01a3"), link_secret(bytes(32), "01a2")}) == 3
    assert len(link_place(KEY, HOLD)) == len(secret)
    assert len(answer_place(KEY, HOLD)) == len(answer_key(KEY, HOLD))


def test_only_the_secret_fits_its_hash() -> None:
    """The hash opens for its secret and for nothing else."""
    secret = link_secret(KEY, "01a2")

    assert same_token(secret, token_hash(secret))
    assert not same_token(secret[:-1] + "x", token_hash(secret))
    assert secret not in token_hash(secret)


@given(st.text(alphabet="ab =/", max_size=150), st.text(alphabet="ab =/", max_size=100))
def test_the_place_holders_are_filled_wherever_a_line_broke(before: str, after: str) -> None:
    """In quoted-printable, with soft line breaks at any place, each hold's keys are filled in and all else stays."""
    text = f"{before}https://gate.example/h/{link_place(KEY, HOLD)}{after}{link_place(KEY, OTHER)}"
    text += f" {answer_place(KEY, HOLD)}"
    raw = quopri.encodestring(text.encode()).replace(b"\n", b"\r\n")
    marks = {place_mark(KEY, hold): hold for hold in (HOLD, OTHER)}
    assert set(marks) == placed(raw)

    out = filled(raw, marks, link=partial(link_secret, KEY), answer=partial(answer_key, KEY))

    expected = text.replace(link_place(KEY, HOLD), link_secret(KEY, HOLD)).replace(
        link_place(KEY, OTHER), link_secret(KEY, OTHER)
    )
    expected = expected.replace(answer_place(KEY, HOLD), answer_key(KEY, HOLD))
    assert expected == quopri.decodestring(out.replace(b"\r\n", b"\n")).decode()


def test_what_only_looks_like_a_place_stays() -> None:
    """A mark of another hold or of another key, and a hold's id in its stead, are left as they are."""
    ours = {place_mark(KEY, HOLD): HOLD}
    raw = " ".join([link_place(KEY, OTHER), answer_place(bytes(32), HOLD), f"askonce-lnk{HOLD}"]).encode()

    assert raw == filled(raw, ours, link=partial(link_secret, KEY), answer=partial(answer_key, KEY))
