"""What must not cross is found and mended."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.controls import mended, torn, without_controls


@pytest.mark.parametrize("raw", [b"a\nb", b"a\rb", b"a\r\n\nb", b"a\r\r\nb", b"a\n\rb", b"\r\n\r", b"\n", b"a\0b"])
def test_bare_bytes_are_found_and_mended(raw: bytes) -> None:
    """A bare CR, a bare LF and a NUL are each found wherever they stand."""
    assert torn(raw)
    assert not torn(mended(raw))


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\0", b"\r\n", b"x"]), max_size=8).map(b"".join))
def test_whole_lines_stay_as_they_are(raw: bytes) -> None:
    """What is not torn is not mended, and what is mended is not torn."""
    assert torn(raw) == any(byte in raw.replace(b"\r\n", b"") for byte in b"\r\n\0")
    assert not torn(mended(raw))
    assert torn(raw) or mended(raw) == raw


def test_newline_and_tab_are_no_controls() -> None:
    """All other controls of C0 and C1, and DEL, are dropped."""
    every = "".join(map(chr, range(0x100)))
    assert "\t\n" + every[0x20:0x7F] + every[0xA0:] == without_controls(every)
