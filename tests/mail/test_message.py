"""The walker: structure as the standard library has it, caps on everything, time that does not run away."""

import email
import email.policy
import mmap
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from email.message import EmailMessage, Message
from pathlib import Path

import pytest

from gateway.mail import decoding
from gateway.mail.message import Limits, walk
from gateway.mail.reading import read_text

HEAD = b"From: a@x.example\r\nTo: b@x.example\r\nSubject: hi\r\nMIME-Version: 1.0\r\n"


def continuations(count: int) -> bytes:
    """A Content-Type with many RFC 2231 segments."""
    return (
        b"Content-Type: text/plain;\r\n"
        + b"".join(b" name*%d=a;\r\n" % number for number in range(count))
        + b" x=y\r\n\r\nhi\r\n"
    )


def nested(depth: int) -> bytes:
    """Multiparts in multiparts."""
    opening = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number) for number in range(depth)
    )
    return HEAD + opening + b"\r\nhi\r\n" + b"".join(b"--b%d--\r\n" % number for number in reversed(range(depth)))


HAZARDS = {
    "20,000 RFC 2231 continuations": HEAD + continuations(20_000),
    "20,000 RFC 2231 continuations in a part": HEAD
    + b"Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n"
    + continuations(20_000)
    + b"--q--\r\n",
    "20,000 encoded words": b"Subject: " + b"=?utf-8?q?=41?=\r\n " * 20_000 + b"x\r\n\r\nhi\r\n",
    "20,000 encoded words in changing charsets": b"Subject: "
    + b"=?utf-8?q?=41?= =?cp1252?q?b?=\r\n " * 10_000
    + b"x\r\n\r\nhi\r\n",
    "100,000 parts": HEAD
    + b"Content-Type: multipart/mixed; boundary=q\r\n\r\n"
    + b"--q\r\n\r\nx\r\n" * 100_000
    + b"--q--\r\n",
    "3,000 nested multiparts": nested(3000),
    "100,000 header fields": b"A: b\r\n" * 100_000 + b"\r\nhi\r\n",
    "1 MB of almost-boundaries": HEAD
    + b"Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\r\n"
    + b"--qq\r\n" * 170_000
    + b"--q--\r\n",
    "a folded header of 100,000 lines": b"Subject: a\r\n" + b" b\r\n" * 100_000 + b"\r\nhi\r\n",
    "encoded words that never end": b"Subject: " + b"=?utf-8?q?" * 9_000 + b"\r\n\r\nhi\r\n",
    "quotes that never end": HEAD + b'Content-Type: text/plain; name="' + b'\\"' * 40_000 + b"\r\n\r\nhi\r\n",
    "semicolons": HEAD + b"Content-Type: text/plain" + b" ;" * 40_000 + b"\r\n\r\nhi\r\n",
    "HTML tags that never end": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div><b>" * 100_000,
    "HTML blockquotes in blockquotes": HEAD
    + b"Content-Type: text/html\r\n\r\n"
    + b"<div class=gmail_quote><blockquote type=cite>x" * 10_000,
    "signature in signature": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div class=gmail_signature>x " * 10_000,
    "style sheets of braces": HEAD + b"Content-Type: text/html\r\n\r\n<style>" + b"a{@media{" * 20_000 + b"</style>x",
    "style sheet without end": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<style>" * 20_000,
    "attributions that never come": HEAD + b"\r\n" + b"On 1 May 2024 a@x.example\r\nfoo wrote:\r\nbar\r\n" * 6_000,
    "quote signs": HEAD + b"\r\n" + b">" * 260_000,
    "combining marks": HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\na" + "\u0316\u0301".encode() * 60_000,
    "base64 padding": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QQ==" * 100_000,
    "UTF-7 shifts": HEAD + b"Content-Type: text/plain; charset=utf-7\r\n\r\n" + b"+2AA-" * 40_000,
    "URLs": HEAD + b"\r\n" + b"https://" * 30_000,
    "dashes": HEAD + b"\r\n" + b"-- \r\n" * 40_000,
    "header block lines": HEAD + b"\r\n" + b"From: x\r\n" * 25_000,
    "sign-offs": HEAD + b"\r\n" + b"Best regards,\r\n" * 15_000,
}  # fmt: skip


@pytest.mark.parametrize("name", HAZARDS)
def test_hazards_are_read_in_no_time(name: str) -> None:
    """Mail made to be slow is walked in a moment, and read completely in little more, on a busy machine too."""
    raw = HAZARDS[name]
    start = time.process_time()
    message = walk(raw)
    walked = time.process_time() - start
    read_text(message)
    assert walked < 1.0
    assert time.process_time() - start < 5.0


@pytest.mark.parametrize(
    ("name", "defect"),
    [
        ("20,000 RFC 2231 continuations in a part", "header-cap"),
        ("20,000 encoded words", "header-cap"),
        ("100,000 parts", "part-cap"),
        ("3,000 nested multiparts", "depth-cap"),
        ("100,000 header fields", "header-cap"),
        ("1 MB of almost-boundaries", "part-cap"),
    ],
)
def test_a_cap_is_never_silent(name: str, defect: str) -> None:
    """What was not read is named, and such a mail is not judged as if it had been."""
    message = walk(HAZARDS[name])
    assert defect in message.defects
    assert read_text(message).unjudgeable == "cap"


def test_exactly_the_allowed_parts_are_read() -> None:
    """500 parts are fine, 501 are one too many."""
    part = b"--q\r\n\r\nx\r\n"
    head = HEAD + b"Content-Type: multipart/mixed; boundary=q\r\n\r\n"
    assert walk(head + part * 500 + b"--q--\r\n").defects == ()
    assert walk(head + part * 501 + b"--q--\r\n").defects == ("part-cap",)


def test_exactly_the_allowed_depth_is_read() -> None:
    """20 multiparts in each other are fine, 21 are one too many."""
    assert walk(nested(20)).defects == ()
    assert walk(nested(21)).defects == ("depth-cap",)
    assert walk(nested(3), limits=Limits(depth=2)).defects == ("depth-cap",)


@pytest.mark.parametrize("depth", [1, 5, 20])
def test_paths_are_those_of_imap(depth: int) -> None:
    """A part's path is its RFC 3501 section number."""
    assert walk(nested(depth)).parts[0].path == ".".join(["1"] * depth)


def test_a_mapped_file_reads_like_bytes() -> None:
    """An mmap of a spool file gives the same message."""
    raw = HAZARDS["100,000 parts"][:5000]
    with tempfile.TemporaryFile() as file:
        file.write(raw)
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            assert walk(mapped).parts == walk(raw).parts
            assert read_text(walk(mapped)) == read_text(walk(raw))


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("attachment; filename=banner.png", "banner.png"),
        ('attachment; filename="ban\\"ner.png"', 'ban"ner.png'),
        ("attachment; filename*=utf-8''b%C3%A4nner.png", "bänner.png"),
        ("attachment; filename*0*=utf-8''b%C3%A4n; filename*1=ner.png", "bänner.png"),
        ('attachment; filename*1="ner.png"; filename*0="ban"', "banner.png"),
        ('attachment; filename="=?utf-8?q?b=C3=A4nner.png?="', "bänner.png"),
        ("attachment; filename=b\u00e4nner.png", "bänner.png"),
        ('attachment; filename="a;b.png"', "a;b.png"),
        ("attachment; filename=", ""),
        ("attachment; filename*x=1; filename=a.png", "a.png"),
        ('attachment; filename="never ends', "never ends"),
        ("attachment;\r\n\tfilename=a.png", "a.png"),
        ("ATTACHMENT ; FileName = a.png", "a.png"),
        ('attachment; filename="a\x1b[2J\x00.png"', "a[2J.png"),
    ],
)
def test_file_names(header: str, name: str) -> None:
    """Plain, quoted, RFC 2231 and RFC 2047 names are decoded, without control characters."""
    raw = b"Content-Disposition: " + header.encode() + b"\r\n\r\nx\r\n"
    part = walk(raw).parts[0]
    assert (part.filename, part.disposition) == (name, "attachment")


@pytest.mark.parametrize(
    ("subject", "decoded"),
    [
        ("=?utf-8?b?SGk=?= there", "Hi there"),
        ("a =?utf-8?q?b?= =?utf-8?q?c?= d", "a bc d"),
        ("=?iso-8859-1*de?q?=FCber?=", "über"),
        ("=?utf-8?q?a_b=0D=0ABcc:_x?=", "a bBcc: x"),
        ("=?nope?q?x?=", "x"),
        ("=?utf-8?b?***?=", ""),
        ("=?utf-8?q?x", "=?utf-8?q?x"),
        ("=?utf-8?q?two words?=", "two words"),
        ("gr\u00fc\u00dfe", "grüße"),
        ("a\tb\x00c\x1b", "a bc"),
    ],
)
def test_subjects(subject: str, decoded: str) -> None:
    """Encoded words (RFC 2047) are decoded, blanks between them fall away, controls too."""
    assert walk(f"Subject: {subject}\r\n\r\n".encode()).subject == decoded


def test_headers_keep_their_order_and_repeat() -> None:
    """Names are lower case, values unfolded, all of them there."""
    raw = b"Received: a\r\n\tb\r\nX-A: 1\r\nreceived:c\r\n\r\n"
    message = walk(raw)
    assert message.headers == (("received", "a\tb"), ("x-a", "1"), ("received", "c"))
    assert message.header("received") == "a\tb"
    assert message.header_end == len(raw)


def test_a_line_that_is_no_header_begins_the_body() -> None:
    """As mail readers have it, and with a defect."""
    raw = b"Subject: a\r\n folded\r\nThis is no header\r\nmore\r\n"
    message = walk(raw)
    assert raw[message.header_end :] == b"This is no header\r\nmore\r\n"
    assert message.defects == ("no-separator",)


def leaves(message: Message) -> Iterator[Message]:
    """The standard library's leaf parts, a message/rfc822 being one."""
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        for part in message.get_payload():
            yield from leaves(part)  # type: ignore[arg-type]
    else:
        yield message


def corpus() -> dict[str, bytes]:
    """Mails the standard library composes, and those its own tests bring where they are installed."""
    found = {f"made-{number}": made(number) for number in range(24)}
    folder = Path(sysconfig.get_paths()["stdlib"]) / "test" / "test_email" / "data"
    folder = folder if folder.is_dir() else folder.parent.parent / "test_email" / "data"
    for file in sorted(folder.glob("msg_*.txt")):
        found[file.name] = file.read_bytes()
    return found


def made(number: int) -> bytes:
    """A well-formed mail of many shapes."""
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"] = "Zoë <z@x.example>", "b@x.example"
    message["Subject"] = "Grüße aus Köln " * (number % 5 + 1)
    message.set_content(
        "Hallo Welt, dies ist ein Text für alle.\n" * (number + 1),
        cte=("quoted-printable", "base64", "8bit")[number % 3],
    )
    if number % 2:
        message.add_alternative("<p>Hallo <b>Welt</b></p>\n", subtype="html")
    if number % 4 == 3:
        message.get_payload()[1].add_related(b"\x89PNG" * 9, "image", "png", cid="<pic@x.example>")  # type: ignore[union-attr,index]
    for place in range(number // 6):
        message.add_attachment(bytes(range(256)) * 5, "application", "pdf", filename=f"Übersicht {place}.pdf")
    if number % 5 == 4:
        inner = EmailMessage(policy=email.policy.SMTP)
        inner["Subject"] = "inner"
        inner.set_content("inner text")
        message.add_attachment(inner)
    return message.as_bytes()


@pytest.mark.parametrize("name", corpus())
def test_the_standard_library_sees_the_same(name: str) -> None:
    """As many parts, of the same types, with the same bytes and file names."""
    raw = corpus()[name]
    theirs = list(leaves(email.message_from_bytes(raw)))
    ours = walk(raw).parts
    # a multipart whose boundary never occurs is text to its reader; the library leaves it a multipart without parts
    expected = [part.get_content_type() for part in theirs]
    assert [part.content_type for part in ours] == ["text/plain" if "multipart" in kind else kind for kind in expected]
    for mine, other in zip(ours, theirs, strict=True):
        if mine.content_type.startswith("message/") or other.is_multipart():
            continue
        payload = other.get_payload(decode=True)
        assert isinstance(payload, bytes)
        data, _ = decoding.content(raw, mine, cap=1 << 20)
        assert data.replace(b"\r\n", b"\n").rstrip(b"\n") == payload.replace(b"\r\n", b"\n").rstrip(b"\n")
        if other.get_content_disposition() == "attachment" and name.startswith("made"):
            assert mine.filename == str(
                email.message_from_bytes(bytes(other), policy=email.policy.default).get_filename()
            )
