"""Threads and subjects as mail programs compare them."""

import pytest

from gateway.mail.message import walk
from gateway.mail.thread import is_reply, subject_key, thread_of


@pytest.mark.parametrize(
    "subject",
    [
        "Banners",
        " banners ",
        "Re: Banners",
        "AW: WG: Banners",
        "Re[2]: RE : banners",
        "RES: ENC: Banners",
        "Rép: Banners",
    ],
)
def test_reply_marks_do_not_count(subject: str) -> None:
    """In every language whose mail programs write them, also stacked and numbered."""
    assert "banners" == subject_key(subject)


def test_what_looks_like_a_mark_but_is_a_word_stays() -> None:
    """Only a mark with its colon goes."""
    assert "regarding banners" == subject_key("Regarding banners")
    assert not is_reply("Response times")
    assert is_reply("AW: Banner")


def test_the_thread_is_what_the_mail_refers_to() -> None:
    """In-Reply-To and References, each once, at most fifty, whatever else stands there."""
    raw = b"References: <a@x.example>\r\n <b@x.example> nonsense\r\nIn-Reply-To: <b@x.example>\r\n\r\n"
    assert ("<a@x.example>", "<b@x.example>") == thread_of(walk(raw))
    long = b"References: " + b"".join(b"<%d@x.example> " % number for number in range(3000)) + b"\r\n\r\n"
    assert 50 == len(thread_of(walk(long)))
    assert () == thread_of(walk(b"Subject: x\r\n\r\n"))
