"""Replies cut out of the byte stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.delivery.reply_reader import MAX_REPLY, MalformedReply, ReplyReader

WELL_FORMED = [
    (b"250 2.1.5 Ok\r\n", 250, "2.1.5", "Ok"),
    (b"250\r\n", 250, "", ""),
    (b"250 \r\n", 250, "", ""),
    (b"550-5.1.1 No such user\r\n550 5.1.1 Ask postmaster\r\n", 550, "5.1.1", "No such user\nAsk postmaster"),
    (b"450-4.2.0\r\n450 4.2.0 later\r\n", 450, "4.2.0", "\nlater"),
    ("550 5.1.1 Empfänger unbekannt – ж\r\n".encode(), 550, "5.1.1", "Empfänger unbekannt – ж"),
    (b"550 4.1.1 a code of another class\r\n", 550, "", "4.1.1 a code of another class"),
    (b"354 go\r\n", 354, "", "go"),
    (b"250 \xff\xfe\r\n", 250, "", "\ufffd\ufffd"),
]
MALFORMED = [
    b"hello there\r\n",
    b"250 fine\n",
    b"250 one\rtwo\r\n",
    b"250 nul\x00\r\n",
    b"250\tfine\r\n",
    b"25 fine\r\n",
    b"650 fine\r\n",
    b"050 fine\r\n",
    b"\xb2\xb5\xb0 fine\r\n",
    b"250-one\r\n251 two\r\n",
    b"250-one\r\nfine\r\n",
    b"\r\n",
    b"250 " + b"x" * MAX_REPLY + b"\r\n",
    b"250-" + b"x" * MAX_REPLY,
    b"250-more\r\n" * 7000 + b"250 done\r\n",
]


@pytest.mark.parametrize(("wire", "code", "enhanced", "text"), WELL_FORMED)
def test_takes_apart(wire: bytes, code: int, enhanced: str, text: str) -> None:
    """Code, enhanced code and text are told apart, and the bytes stay as they were."""
    (reply,) = ReplyReader().feed(wire)
    assert (code, enhanced, text, wire) == (reply.code, reply.enhanced, reply.text, reply.wire())


@pytest.mark.parametrize("wire", MALFORMED, ids=range(len(MALFORMED)))
def test_refuses_what_is_no_reply(wire: bytes) -> None:
    """Garbage, bare CR, bare LF, NUL, mixed codes and endless replies are refused, whole or bit by bit."""
    with pytest.raises(MalformedReply):
        ReplyReader().feed(wire)
    with pytest.raises(MalformedReply):
        bit_by_bit(wire)


def bit_by_bit(wire: bytes) -> None:
    reader = ReplyReader()
    for start in range(0, len(wire), 7):
        reader.feed(wire[start : start + 7])


@given(st.lists(st.sampled_from([wire for wire, *_ in WELL_FORMED]), max_size=8), st.lists(st.integers(1, 40)))
def test_any_segmentation(wires: list[bytes], cuts: list[int]) -> None:
    """The same replies come out however the stream is cut into segments."""
    stream, reader, out = b"".join(wires), ReplyReader(), []
    for cut in [*cuts, len(stream)]:
        piece, stream = stream[:cut], stream[cut:]
        out += [reply.wire() for reply in reader.feed(piece)] if piece else []
    assert wires == out
    assert not reader.pending
