"""Our own lines and mails: Received, loop and notice marks, composed notices, who is never answered, fingerprints."""

import email
import email.policy
from datetime import UTC, datetime

import pytest

from gateway.mail.automatic import is_automatic
from gateway.mail.compose import compose
from gateway.mail.envelope import Envelope, Path, SessionFacts
from gateway.mail.fingerprint import fingerprint
from gateway.mail.message import Message, walk
from gateway.mail.trace_headers import (
    NOTICE_HEADER,
    is_own_notice,
    notice_mark,
    own_passes,
    received_hops,
    received_line,
)

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def line(session: SessionFacts, *recipients: str) -> str:
    """The trace header for this session."""
    envelope = Envelope(
        mail_from=Path(text="a@x.example"),
        rcpt_to=tuple(Path(text=text) for text in recipients),
        session=session,
        received_at=AT,
    )
    return received_line(envelope, hostname="gate.x.example", mail_id="01J", at=AT)


def test_the_received_line_has_its_clauses() -> None:
    """RFC 5321 section 4.4: from, by, with, id, for, date; folded at 78."""
    session = SessionFacts(peer_address="192.0.2.7", peer_name="mx.x.example", helo="mx", protocol="ESMTPS")
    made = line(session, "ann@x.example")
    assert walk(made.encode() + b"\r\n").headers == (
        (
            "received",
            "from mx (mx.x.example [192.0.2.7]) by gate.x.example with ESMTPS\tid 01J for <ann@x.example>;"
            " Mon, 02 Mar 2026 09:30:00 +0000",
        ),
        ("x-askonce-pass", "gate.x.example"),
    )
    assert all(len(row) <= 78 for row in made.split("\r\n"))


def test_one_of_several_recipients_is_not_told_of_another() -> None:
    """No "for" clause with several recipients (RFC 5321 section 7.6)."""
    assert " for " not in line(SessionFacts(), "a@x.example", "b@x.example")


@pytest.mark.parametrize("bad", ["x\r\nBcc: y@x.example", "x\x00(y)", "x" * 5000, "é\u2028", "a;b", "\ud800"])
def test_nothing_breaks_out_of_the_received_line(bad: str) -> None:
    """HELO, names and recipients from the client stay inside the header they stand in."""
    made = line(SessionFacts(helo=bad, peer_name=bad, peer_address=bad, protocol=bad), bad)
    message = walk(made.encode("ascii") + b"\r\n")
    assert [name for name, _ in message.headers] == ["received", "x-askonce-pass"]
    assert max(len(row) for row in made.split("\r\n")) <= 998


def test_hops_and_passes_are_counted() -> None:
    """Received lines of anybody, loop marks of ours."""
    own = line(SessionFacts(), "a@x.example").encode()
    message = walk(own + own + b"Received: by other\r\nX-Askonce-Pass: elsewhere.example\r\n\r\n")
    assert (received_hops(message), own_passes(message, "gate.x.example")) == (3, 2)


def notice(key: bytes, mark_id: str, message_id: str) -> Message:
    """A mail with this id and the mark made for that id."""
    head = f"Message-ID: {message_id}\r\n{NOTICE_HEADER}: {notice_mark(key, mark_id)}\r\n\r\n"
    return walk(head.encode())


def test_own_notices_are_known_by_their_mark() -> None:
    """The mark fits one key and one Message-ID; pasted on another mail it is worth nothing."""
    assert is_own_notice(notice(b"k", "<1@x.example>", "<1@x.example>"), b"k")
    assert not is_own_notice(notice(b"other", "<1@x.example>", "<1@x.example>"), b"k")
    assert not is_own_notice(notice(b"k", "<1@x.example>", "<2@x.example>"), b"k")
    assert not is_own_notice(walk(b"Message-ID: <1@x.example>\r\n\r\n"), b"k")


def composed(**changes: object) -> bytes:
    """A notice."""
    fields: dict[str, object] = {
        "from_": "Gate <gate@x.example>",
        "to": "ann@x.example",
        "subject": "Your mail is held",
        "text": "Hello\n.dot\nFrom here\nGrüße " + "x" * 3000,
        "html": "<p>Grüße</p>",
        "headers": {"Auto-Submitted": "auto-replied"},
        "message_id": "<1@x.example>",
        "date": AT,
        "boundary_seed": "1",
    }
    return compose(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_notice_reads_back_in_another_parser() -> None:
    """The standard library finds the text, the HTML and the original that was attached."""
    original = b"Subject: old\r\n\r\n--=_x\r\nbody \xc3\xa9\r\n"
    parsed = email.message_from_bytes(composed(attached=original), policy=email.policy.default)
    assert parsed.get_content_type() == "multipart/mixed"
    plain, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n").startswith("Hello\n.dot\nFrom here\nGrüße xxx")
    assert html.get_content().strip() == "<p>Grüße</p>"
    attached = next(iter(parsed.iter_attachments()))
    assert attached.get_content_type() == "message/rfc822"
    assert original in composed(attached=original)


def test_the_same_notice_is_the_same_bytes() -> None:
    """Deterministic, in short lines of ASCII, with CRLF only."""
    raw = composed()
    assert raw == composed()
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(len(row) for row in raw.split(b"\r\n")) <= 78


@pytest.mark.parametrize("field", ["from_", "to", "subject", "message_id"])
@pytest.mark.parametrize(
    "bad", ["a\r\nBcc: b@x.example", "a\nb", "=?utf-8?q?a=0D=0ABcc:_x?=", "a\u2028b", "x" * 3000, '"<a']
)
def test_nothing_breaks_out_of_a_field(field: str, bad: str) -> None:
    """Whatever stands in a value, the header has the same fields."""
    names = [name for name, _ in walk(composed()).headers]
    raw = composed(**{field: bad})
    assert [name for name, _ in walk(raw).headers] == names
    assert b"\r\nBcc:" not in raw
    assert max(len(row) for row in raw.split(b"\r\n")) <= 998


def test_a_field_name_that_is_none_is_left_out() -> None:
    """A name with a colon or line end never gets into the header."""
    raw = composed(headers=[("X-A\r\nBcc", "x"), ("X: B", "y"), ("X-C", "z")])
    assert [name for name, _ in walk(raw).headers if name.startswith("x")] == ["x-c"]


@pytest.mark.parametrize(
    ("header", "sender", "automatic"),
    [
        ("X: y", "ann@x.example", False),
        ("X: y", "", True),
        ("X: y", "<>", True),
        ("X: y", "MAILER-DAEMON@x.example", True),
        ("X: y", "no-reply@x.example", True),
        ("X: y", "list-bounces@x.example", True),
        ("X: y", "owner-all@x.example", True),
        ("X: y", "norman@x.example", False),
        ("Auto-Submitted: auto-replied; x=y", "ann@x.example", True),
        ("Auto-Submitted: no", "ann@x.example", False),
        ("Precedence: Bulk", "ann@x.example", True),
        ("Precedence: first-class", "ann@x.example", False),
        ("List-Id: <all.x.example>", "ann@x.example", True),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply", "ann@x.example", True),
        ("X-Auto-Response-Suppress: None", "ann@x.example", False),
        ("Content-Type: multipart/report; report-type=delivery-status", "ann@x.example", True),
    ],
)
def test_who_is_never_answered(header: str, sender: str, automatic: bool) -> None:
    """RFC 3834: null senders, machines, lists and automatic mail."""
    assert is_automatic(walk(f"{header}\r\n\r\nhi\r\n".encode()), sender) is automatic


BASE = b"From: a@x.example\r\nTo: b@x.example\r\nDate: Mon\r\nMessage-ID: <1@x.example>\r\nSubject: s\r\n\r\nbody\r\n"


@pytest.mark.parametrize(
    ("raw", "same"),
    [
        (b"Received: from somewhere\r\nDKIM-Signature: x\r\n" + BASE, True),
        (b"X-Spam: no\r\nReturn-Path: <a@x.example>\r\n" + BASE, True),
        (BASE.replace(b"Subject: s", b"Subject:  s "), True),
        (BASE.replace(b"<1@", b"<2@"), False),
        (BASE.replace(b"body", b"bodY"), False),
        (BASE.replace(b"Subject: s", b"Subject: t"), False),
        (BASE.replace(b"To: b", b"To: c"), True),
    ],
)
def test_fingerprints(raw: bytes, same: bool) -> None:
    """A retry with other trace headers is the same mail; another id, header or body is another."""
    assert (fingerprint(walk(raw), "a@x.example") == fingerprint(walk(BASE), "a@x.example")) is same
    assert fingerprint(walk(BASE), "a@x.example") != fingerprint(walk(BASE), "c@x.example")
