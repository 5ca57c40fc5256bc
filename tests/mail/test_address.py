"""Addresses as compared: one mailbox, one key; two mailboxes, two."""

import pytest

from gateway.mail.address import address, domain_key


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("Mira@Corp.Example", "mira@corp.example."),
        ("JÜRGEN@corp.example", "jürgen@corp.example"),
        ("ju\u0308rgen@corp.example", "J\u00fcrgen@corp.example"),
        ("J\u030c@corp.example", "\u01f0@corp.example"),
        ("bob@BÜCHER.example", "bob@xn--bcher-kva.example"),
        ("bob@bu\u0308cher.example", "bob@XN--BCHER-KVA.example"),
        ("bob@straße.example", "bob@xn--strae-oqa.example"),
        ("bob@ＣＯＲＰ。example", "bob@corp.example"),
    ],
)
def test_ways_to_write_a_mailbox_have_one_key(one: str, same: str) -> None:
    """Letter case, composed and decomposed letters, U-labels and A-labels do not matter."""
    assert address(one).key == address(same).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("groß@corp.example", "gross@corp.example"),
        ("aſk@corp.example", "ask@corp.example"),
        ("ﬁ@corp.example", "fi@corp.example"),
        ("νικος@corp.example", "νικοσ@corp.example"),
        ("bob@straße.example", "bob@strasse.example"),
        ("bob@νικος.example", "bob@νικοσ.example"),
    ],
)
def test_two_mailboxes_have_two_keys(one: str, other: str) -> None:
    """Letters that only a case-folding takes for others stay apart, in a domain as IDNA 2008 has it."""
    assert address(one).key != address(other).key


@pytest.mark.parametrize(
    "domain", ["", ".", "☕.example", "ä" * 5000, "ä..example", "-ä.example", "ä\u200d.example", "ä_b.example"]
)
def test_a_domain_that_idna_does_not_know_is_compared_as_written(domain: str) -> None:
    """Nothing is refused here, and a key's key is itself."""
    assert domain_key(domain) == domain_key(domain_key(domain).upper())
