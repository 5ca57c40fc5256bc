"""Recipients can be taken off, out of envelope and headers alike; nothing else of the mail changes."""

import pytest

from gateway.holds.recipients import staying, without_recipients
from gateway.mail.envelope import Path
from gateway.mail.message import walk

HEAD = b"DKIM-Signature: v=1\r\nFrom: mira@corp.example\r\n%sSubject: New\r\nX-Odd:  a   b\r\n\r\nHello.\r\n"
JUDE = b"=?utf-8?q?J=C3=BC?= <j@x.example>"
NONE = b"To: undisclosed-recipients:;\r\n"


@pytest.mark.parametrize(
    ("before", "off", "after"),
    [
        (b"To: a@x.example, b@x.example\r\n", "b@x.example", b"To: a@x.example\r\n"),
        (b"To: A <a@x.example>,\r\n\tB <B@X.example>\r\n", "b@x.example", b"To: A <a@x.example>\r\n"),
        (b'To: "B, the boss" <b@x.example>, c@x.example\r\n', "b@x.example", b"To: c@x.example\r\n"),
        (b'To: "A, the (" <a@x.example>, b@x.example\r\n', "b@x.example", b'To: "A, the (" <a@x.example>\r\n'),
        (b"To: " + JUDE + b", b@x.example\r\n", "b@x.example", b"To: " + JUDE + b"\r\n"),
        (b"To: b@x.example\r\nCc: c@x.example\r\n", "b@x.example", NONE + b"Cc: c@x.example\r\n"),
        (b"To: a@x.example\r\nCc: b@x.example\r\n", "b@x.example", b"To: a@x.example\r\n"),
    ],
)  # fmt: skip
def test_an_address_leaves_to_and_cc(before: bytes, off: str, after: bytes) -> None:
    """Quoted commas, folded lines and encoded words of the others stay; the signature over it goes."""
    revised = without_recipients(HEAD % before, [off])
    assert revised == (HEAD % after).replace(b"DKIM-Signature: v=1\r\n", b"")


@pytest.mark.parametrize("field", [b"To: friends: b@x.example;\r\n", b'To: "b@x.example\r\n', b"To: c@x.example\r\n"])
def test_what_cannot_be_followed_stays(field: bytes) -> None:
    """Groups, broken quotes and fields without the address keep their bytes."""
    raw = HEAD % field
    assert without_recipients(raw, ["b@x.example"]) is raw


def test_the_envelope_loses_them_in_any_letter_case() -> None:
    """Parameters of the others stay."""
    ann, bea = Path(text="ann@x.example", parameters="NOTIFY=NEVER"), Path(text="Bea@X.example")
    assert staying([ann, bea], ["bea@x.example"]) == (ann,)
    assert staying([ann, bea], []) == (ann, bea)


def test_no_header_is_lost() -> None:
    """All other fields are as they were, in their order."""
    revised = walk(without_recipients(HEAD % b"To: a@x.example, b@x.example\r\n", ["a@x.example"]))
    assert [name for name, _ in revised.headers] == ["from", "to", "subject", "x-odd"]
