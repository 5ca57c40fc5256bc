"""The address for answers: known again by its key alone, and made for one hold."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.holds.answer_address import LONGEST_LOCAL, answer_address, answer_key, hold_of_answer

KEY = bytes(range(32))
HOLD = "0192f3a4b5c6d7e8" * 2
FROM = "askonce@corp.example"


def made(hold_id: str = HOLD, key: bytes = KEY, notice_from: str = FROM) -> str:
    """An address for answers."""
    return answer_address(notice_from, answer_key(key, hold_id))


def test_an_address_leads_to_its_hold_in_any_letter_case() -> None:
    """Servers that change letter case, and those that write the domain in A-labels, do not matter."""
    assert HOLD == hold_of_answer(KEY, made(), FROM)
    assert HOLD == hold_of_answer(KEY, made().upper(), FROM)
    german = "post@b\u00fccher.example"
    assert HOLD == hold_of_answer(KEY, made(notice_from="post@xn--bcher-kva.example"), german)


def test_the_local_part_is_not_too_long() -> None:
    """RFC 5321 allows 64 characters, which the longest address of notices leaves room for."""
    local = made(notice_from=f"{'x' * LONGEST_LOCAL}@corp.example").rpartition("@")[0]
    assert 64 == len(local)
    assert re.fullmatch(r"[a-z2-7+]+", local)


@pytest.mark.parametrize(
    "mailbox",
    [
        FROM,
        "mira@corp.example",
        "",
        "askonce+@corp.example",
        "askonce+hello@corp.example",
        made().replace("corp.example", "other.example"),
        made().replace("askonce", "mira"),
        made(key=bytes(32)),
        made()[1:],
        made().replace("@", "a@"),
        made() + ".",
    ],
)
def test_other_addresses_lead_nowhere(mailbox: str) -> None:
    """Another key, box, domain or length is not ours; a final dot of the domain is the same domain."""
    assert hold_of_answer(KEY, mailbox, FROM) == (HOLD if mailbox.endswith(".") else None)


@given(st.integers(min_value=0, max_value=47), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_no_changed_character_leads_anywhere(place: int, letter: str) -> None:
    """One other letter anywhere in the key, also in the bits base32 leaves over, and it is no address of ours."""
    word = answer_key(KEY, HOLD)
    changed = word[:place] + letter + word[place + 1 :]
    found = hold_of_answer(KEY, answer_address(FROM, changed), FROM)
    assert found == (HOLD if changed == word else None)


@given(st.text(max_size=100))
def test_no_text_breaks_it(mailbox: str) -> None:
    """Whatever a client writes as a recipient, the answer is that it is none of ours."""
    assert hold_of_answer(KEY, mailbox, FROM) is None
