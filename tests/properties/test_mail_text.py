"""Properties of reading mail, for any bytes and any text."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.charset import characters
from gateway.mail.compose import compose
from gateway.mail.content import stuffed
from gateway.mail.decoding import from_base64
from gateway.mail.header import decoded, parameterised
from gateway.mail.html_text import html_text
from gateway.mail.message import walk
from gateway.mail.normal import normalise
from gateway.mail.quoting import blocks_of
from gateway.mail.reading import read_text, text_from
from gateway.mail.text import Block, MessageText

PIECES = st.sampled_from(
    [
        b"\r\n", b"\n", b"\r\n\r\n", b"--", b"--b", b"--b--", b"boundary=b", b"Content-Type: ", b"multipart/mixed; ",
        b"multipart/alternative; boundary=\"b\"\r\n\r\n", b"text/html; charset=utf-7\r\n", b"message/rfc822\r\n\r\n",
        b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n",
        b"Subject: =?utf-8?b?",
        b"=?q?q?=41?=", b"<div style='display:none'>", b"<blockquote type=cite>", b"</div>", b"> quoted",
        b"On 1 May 2024 wrote:",
        b"From: a@x.example", b"Sent: x\r\nTo: y", b"-- \r\n", b"PS", b"\xff\xfe", b"\x00", b"=3D",
        b"filename*0*=utf-8''%", b";", b":",
        b"&shy;", b"&#x1F600;", b"+2AA-", b"BEGIN:VCALENDAR\r\nSUMMARY:x", b"<img alt=x>", b"\xe2\x80\x8b",
    ]
)  # fmt: skip
MAILS = st.lists(st.one_of(PIECES, st.binary(max_size=8)), max_size=40).map(b"".join)
ODD = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("a b.L1@\u00ad\u200bі\u0336é\u0301ﬁ㎏\n>")),
    max_size=200,
)


def covers(blocks: tuple[Block, ...], length: int) -> bool:
    """In order, without gap or overlap, none empty."""
    edges = [0, *(block.end for block in blocks)]
    return edges[-1] == length and all(
        block.start == start < block.end for block, start in zip(blocks, edges, strict=False)
    )


def sound(text: MessageText) -> bool:
    """Blocks cover the text, sources lie in it, nothing that cannot be written as UTF-8."""
    text.text.encode(), text.subject.encode()
    inside = all(0 <= source.start <= source.end <= len(text.text) for source in text.sources)
    return inside and covers(text.blocks, len(text.text))


@given(MAILS)
@settings(max_examples=400)
def test_walking_never_fails(raw: bytes) -> None:
    """Any bytes are a message; its parts lie within it, in order, their text reads."""
    message = walk(raw)
    assert all(0 <= part.header_start <= part.start <= part.end <= len(raw) for part in message.parts)
    assert all(one.end <= other.start for one, other in zip(message.parts, message.parts[1:], strict=False))
    text = read_text(message)
    assert sound(text)
    assert all(0 <= source.part < len(message.parts) for source in text.sources)


@given(MAILS, st.integers(1, 50))
def test_the_cap_on_text_is_kept(raw: bytes, cap: int) -> None:
    """Not much more than the allowed text is read, whatever it is made of, and then the mail says so."""
    text = read_text(walk(raw), max_text=cap)
    assert len(text.text) <= 3 * cap + 200 or text.unjudgeable


@given(ODD)
@settings(max_examples=400)
def test_normalising_keeps_its_map(text: str) -> None:
    """Offsets never run backwards, stay in range, and begin and end with the text."""
    done = normalise(text)
    places = [done.original(place, place + 1) for place in range(len(done.text))]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(one[0] <= other[0] for one, other in pairwise(places))
    assert done.original(0, len(done.text))[1] == len(text) or not done.text
    assert normalise(text) == done


@given(st.text(st.characters(codec="ascii", exclude_characters="013457@$"), max_size=80))
def test_a_plain_word_stays(text: str) -> None:
    """Text without disguise is left alone."""
    words = text.replace(" ", "\n")
    if "\n".join(words.split()) == words and not any(len(word) == 1 for word in words.split()):
        assert normalise(words + " word").text.endswith(" word")


@given(
    st.sampled_from(
        ["Über München größer", "años mañana señor", "déjà vu façade", "coração São João", "Привет, мир", "日本語"]
    )
)
def test_accents_and_other_scripts_survive(text: str) -> None:
    """Letters of real languages stay what they are."""
    assert normalise(text).text == text


@given(st.lists(st.one_of(st.sampled_from([b".", b"..", b"\r\n", b"a", b"\r\n."]), st.binary(max_size=5)), max_size=30))
def test_dot_stuffing_is_exact(pieces: list[bytes]) -> None:
    """What is stuffed and unstuffed is what it was, but for a missing last line end."""
    plain = b"".join(pieces).replace(b"\r", b"").replace(b"\n", b"\r\n")
    back = bytes(stuffed(plain).plain())
    assert back == (plain if plain.endswith(b"\r\n") or not plain else plain + b"\r\n")
    assert not any(
        line.startswith(b".") and not line.startswith(b"..") for line in bytes(stuffed(plain).wire).split(b"\r\n")
    )


@given(ODD, st.booleans())
def test_fields_given_as_text(body: str, html: bool) -> None:
    """Any body given as a field reads, and its blocks cover it."""
    assert sound(text_from("Fwd: x", body.replace("\r", ""), html=html))


@given(
    st.lists(
        st.sampled_from(
            [
                "> a",
                "On 1 May 2024 x@y.example wrote:",
                "From: a",
                "Sent: b",
                "To: c",
                "-- ",
                "Thanks,",
                "Ann",
                "PS: do",
                "",
                "word " * 12,
            ]
        ),
        max_size=30,
    )
)
def test_blocks_cover_any_text(lines: list[str]) -> None:
    """Blocks are in order, without gaps."""
    text = "\n".join(lines)
    assert covers(blocks_of(text), len(text))


@given(st.text(max_size=300))
def test_html_never_fails(source: str) -> None:
    """Any text is HTML, and its blocks cover what is seen of it."""
    page = html_text(source.encode("utf-8", "replace").decode())
    assert covers(page.blocks, len(page.text))
    assert all(0 <= run.start < run.end <= len(page.text) for run in page.runs)


@given(
    st.binary(max_size=100),
    st.one_of(st.text(max_size=20), st.sampled_from(["utf-7", "utf-16", "hz", "iso-2022-jp", "cp037"])),
)
def test_any_charset_gives_characters(data: bytes, charset: str) -> None:
    """No charset name and no bytes fail; what comes out is whole characters."""
    found = characters(data, charset)
    assert found.encode("utf-8").decode("utf-8") == found
    assert not any("\ud800" <= character <= "\udfff" for character in found)


@given(st.text(max_size=100))
def test_header_values_never_fail(value: str) -> None:
    """Any value decodes to one printable line, and has parameters or none."""
    assert "\n" not in decoded(value)
    assert "\r" not in decoded(value)
    parameterised(value, {})


@given(st.binary(max_size=60))
def test_base64_never_fails(data: bytes) -> None:
    """Any bytes are base64 to a tolerant reader, and never grow."""
    assert len(from_base64(data)) <= len(data)


@given(ODD, ODD, ODD)
def test_what_is_composed_reads_back(subject: str, text: str, name: str) -> None:
    """Our own mail says what it was given, and holds exactly the header fields it was given."""
    raw = compose(
        from_=f"{name} <gate@x.example>", to="ann@x.example", subject=subject, text=text, html="<p>x</p>",
        headers={"X-One": name}, message_id="<1@x.example>", date=datetime(2026, 1, 1, tzinfo=UTC), boundary_seed="s",
    )  # fmt: skip
    message = walk(raw)
    names = ["from", "to", "subject", "date", "message-id", "x-one", "mime-version", "content-type"]
    assert [name for name, _ in message.headers] == names
    assert message.subject == decoded(" ".join(subject.split()))
    assert message.defects == ()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
