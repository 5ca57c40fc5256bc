"""Rewritten text as bytes: whatever is typed in whatever charset, no line end but CRLF comes of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.holds.wire_text import encoded
from gateway.mail import charset as charsets
from gateway.mail.charset import characters
from gateway.mail.controls import torn

SMUGGLED = b"\n.\nMAIL FROM:<ceo@evil.example>\nRCPT TO:<v@corp.example>\nDATA\nSubject: hi\n\nsmuggled\n.\nQUIT\n"
ENCODINGS = ("7bit", "8bit", "quoted-printable", "base64")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("charset", sorted(charsets._CODECS))
def test_no_charset_smuggles_a_line_end(charset: str, encoding: str) -> None:
    """P11: words whose bytes in this charset would be commands to a lenient next hop come out as words."""
    made = encoded(SMUGGLED.decode(charset, "replace"), charset=charset, encoding=encoding)
    assert not torn(made.body)
    assert b"\r\n.\r\n" not in made.body.replace(b"\r\n.", b"\r\n..")


@given(st.text(max_size=200), st.sampled_from(sorted(charsets._CODECS)), st.sampled_from(ENCODINGS))
@settings(max_examples=300, deadline=None)
def test_nothing_typed_tears_a_line(text: str, charset: str, encoding: str) -> None:
    """P11: any text in any charset and transfer encoding leaves without bare CR, bare LF and NUL."""
    assert not torn(encoded(text, charset=charset, encoding=encoding).body)


@pytest.mark.parametrize("ends", ["", "\n"])
def test_a_long_line_is_broken_by_crlf(ends: str) -> None:
    """The soft line breaks of quoted-printable are CRLF too, where the text is a single line without an end."""
    made = encoded("é" * 200 + ends, charset="utf-8", encoding="quoted-printable", before=b"old words=\r\n here")
    assert not torn(made.body)


def test_ebcdic_becomes_utf_8() -> None:
    """A charset in which CR LF are other bytes is not kept."""
    made = encoded("Hello\nall", charset="cp037", encoding="8bit")
    assert ("utf-8", "Hello\r\nall") == (made.charset, characters(made.body, made.charset))
