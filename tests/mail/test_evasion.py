"""What is written to hide from a filter is read as its reader reads it."""

import base64
import quopri

import pytest

from gateway.mail.message import walk
from gateway.mail.normal import normalise
from gateway.mail.reading import read_text, text_from
from gateway.mail.text import BlockKind

SENTENCE = "Please put the new banner on your LinkedIn profile."


def mail(kind: str, body: bytes, *, encoding: str = "8bit", more: str = "") -> bytes:
    """A message of one part."""
    head = f"From: a@x.example\r\nTo: b@x.example\r\nSubject: hello\r\n{more}MIME-Version: 1.0\r\n"
    return f"{head}Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body


def parts(kind: str, *bodies: tuple[str, bytes]) -> bytes:
    """A multipart of these parts, each (its header lines, its body)."""
    inner = b"".join(b"--=_b\r\n" + head.encode() + b"\r\n\r\n" + body + b"\r\n" for head, body in bodies)
    return mail(f'multipart/{kind}; boundary="=_b"', inner + b"--=_b--\r\n", encoding="7bit")


def seen(raw: bytes) -> str:
    """All words a rule gets to match."""
    text = read_text(walk(raw))
    return normalise(text.of(BlockKind.AUTHORED, BlockKind.FORWARDED)).text


def html(words: str) -> bytes:
    """A mail whose HTML says `words`."""
    return mail("text/html; charset=utf-8", f"<html><body><p>{words}</p></body></html>".encode())


plain = "text/plain; charset="
UTF7 = b"".join(b"+" + base64.b64encode(c.encode("utf-16-be")).rstrip(b"=") + b"-" for c in SENTENCE)
NESTED = mail("text/plain; charset=utf-8", SENTENCE.encode())
TORN = b"\r\n".join(base64.b64encode(piece) for piece in (SENTENCE[:10].encode(), SENTENCE[10:].encode()))

WHOLE = {
    "base64": mail(plain + "utf-8", base64.encodebytes(SENTENCE.encode()), encoding="base64"),
    "base64 without padding": mail(
        plain + "utf-8", base64.b64encode(SENTENCE.encode() + b"!").rstrip(b"="), encoding="BASE64"
    ),
    "base64 in padded pieces": mail(plain + "utf-8", TORN, encoding="base64"),
    "base64 with foreign characters": mail(
        plain + "utf-8",
        b" *".join(base64.b64encode(SENTENCE.encode())[i : i + 5] for i in range(0, 99, 5)),
        encoding="base64",
    ),
    "quoted-printable": mail(plain + "utf-8", quopri.encodestring(SENTENCE.encode()), encoding="quoted-printable"),
    "quoted-printable, all of it, torn": mail(
        plain + "utf-8", b"=\r\n".join(b"=%02x" % byte for byte in SENTENCE.encode()), encoding="Quoted-Printable"
    ),
    "encoding in odd case and blanks": mail(
        plain + "utf-8", base64.encodebytes(SENTENCE.encode()), encoding="  BaSe64 "
    ),
    "UTF-7": mail(
        plain + "utf-7",
        UTF7,
    ),
    "UTF-16 with mark": mail(plain + "utf-16", base64.encodebytes(SENTENCE.encode("utf-16")), encoding="base64"),
    "UTF-16 without mark": mail(plain + "utf-16", base64.encodebytes(SENTENCE.encode("utf-16-le")), encoding="base64"),
    "UTF-16BE": mail(plain + "utf-16be", base64.encodebytes(SENTENCE.encode("utf-16-be")), encoding="base64"),
    "UTF-16 not declared": mail("text/plain", base64.encodebytes(SENTENCE.encode("utf-16-le")), encoding="base64"),
    "UTF-32": mail(plain + "utf-32", base64.encodebytes(SENTENCE.encode("utf-32")), encoding="base64"),
    "EBCDIC": mail(plain + "cp037", base64.encodebytes(SENTENCE.encode("cp037")), encoding="base64"),
    "unknown charset": mail(plain + "x-martian", SENTENCE.encode()),
    "charset that is no charset": mail(plain + "punycode", SENTENCE.encode()),
    "UTF-8 declared as ASCII": mail(plain + "us-ascii", SENTENCE.encode()),
    "iso-2022-jp": mail(plain + "iso-2022-jp", ("日本 " + SENTENCE).encode("iso-2022-jp")),
    "RFC 2231 charset": mail(
        "text/plain; charset*0=utf; charset*1=-7",
        UTF7,
    ),
    "split over inline tags": html("Please put the new b<b>ann</b>er on your Linked<span>I</span>n pro<wbr>file."),
    "split by comments": html("Please put the new ban<!-- x -->ner on your Linked<!---->In profile."),
    "split by hidden text": html(
        "Please put the new ban<span style='display:none'>qq</span>ner on your "
        "Linked<i style='font-size:0px'>x</i>In profile."
    ),
    "split by white text": html(
        "Please put the new banner on your Linked<font color='#ffffff' style='background:#FFF'>x</font>In profile."
    ),
    "character references": html("".join(f"&#{ord(c)};" for c in SENTENCE)),
    "named references": html("Please put the new banner on your&nbsp;Linked&shy;In profile&period;"),
    "soft hyphens": mail(plain + "utf-8", "Please put the new ban\u00adner on your Linked\u00adIn profile.".encode()),
    "zero width": mail(
        plain + "utf-8", "Please put the new b\u200ba\u200cn\u200dn\u2060er on your Linked\ufeffIn profile.".encode()
    ),
    "bidi controls": mail(
        plain + "utf-8", "Please put the new \u202abanner\u202c on your Linked\u200fIn \u2067profile\u2069.".encode()
    ),
    "variation selectors and tags": mail(
        plain + "utf-8", "Please put the new banner on your Link\ufe0fed\U000e0041In profile.".encode()
    ),
    "homoglyphs": mail(plain + "utf-8", "Рlеаsе рut thе nеw bаnnеr оn уоur LіnkеdΙn рrоfіlе.".encode()),
    "fullwidth": mail(plain + "utf-8", "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in SENTENCE).encode()),
    "mathematical": mail(
        plain + "utf-8", "".join(chr(0x1D5EE + ord(c) - 97) if c.islower() else c for c in SENTENCE).encode()
    ),
    "struck through by combining marks": mail(
        plain + "utf-8",
        "Please put the new banner on your L\u0336i\u0336n\u0336k\u0336e\u0336d\u0336In profile.".encode(),
    ),
    "exotic blanks": mail(plain + "utf-8", SENTENCE.replace(" ", "\u2003").encode()),
    "letters between signs": mail(plain + "utf-8", b"Please put the new b.a.n.n.e.r on your L i n k e d I n profile."),
    "leetspeak": mail(plain + "utf-8", b"Pl3ase put the new b4nner on your L1nkedIn pr0file."),
    "alternative text of a picture": html(f"<img src='cid:1' alt='{SENTENCE}'>"),
    "calendar": mail(
        "text/calendar; charset=utf-8; method=REQUEST",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"
        b"SUMMARY:Please put the new ban\r\n ner on your Linked\r\n\tIn profile.\r\nEND:VEVENT\r\n",
    ),
    "text attachment": parts(
        "mixed",
        ("Content-Type: text/plain", b"See attached."),
        (
            'Content-Type: application/octet-stream; name="read.txt"\r\nContent-Disposition: attachment',
            SENTENCE.encode(),
        ),
    ),
    "nested message": parts("mixed", ("Content-Type: text/plain", b"FYI"), ("Content-Type: message/rfc822", NESTED)),
    "attached .eml": parts(
        "mixed",
        ("Content-Type: text/plain", b"FYI"),
        (
            "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
            'Content-Disposition: attachment; filename="x.eml"',
            base64.encodebytes(NESTED),
        ),
    ),
    "only the plain part says it": parts(
        "alternative",
        ("Content-Type: text/plain", b"Hello.\r\n\r\n" + SENTENCE.encode()),
        ("Content-Type: text/html", b"<p>Hello.</p><p>The canteen is closed.</p>"),
    ),
    "only the HTML part says it": parts(
        "alternative",
        ("Content-Type: text/plain", b"Hello.\r\n\r\nThe canteen is closed."),
        ("Content-Type: text/html", b"<p>Hello.</p><p>" + SENTENCE.encode() + b"</p>"),
    ),
    "the plain part says it with words the HTML part has too": parts(
        "alternative",
        ("Content-Type: text/plain", SENTENCE.encode()),
        ("Content-Type: text/html", b"<p>Your profile is new. Put on the banner. LinkedIn, please.</p>"),
    ),
    "the HTML part hides what the plain part says": parts(
        "alternative",
        ("Content-Type: text/plain", SENTENCE.encode()),
        ("Content-Type: text/html", f"<p>Hello.</p><p style='display:none'>{SENTENCE}</p>".encode()),
    ),
    "an alternative nested in related": parts(
        "related",
        (
            "Content-Type: multipart/alternative; boundary=i",
            b"--i\r\nContent-Type: text/html\r\n\r\n" + SENTENCE.encode() + b"\r\n--i--",
        ),
        ("Content-Type: image/png", b"x"),
    ),
    "multipart without boundary": mail("multipart/mixed", SENTENCE.encode()),
    "boundary not named but used": mail(
        "multipart/mixed",
        b"--zzz\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.b64encode(SENTENCE.encode())
        + b"\r\n--zzz--",
    ),
    "no final boundary": mail("multipart/mixed; boundary=q", b"--q\r\n\r\n" + SENTENCE.encode()),
    "no blank line behind the header": b"From: a@x.example\r\nSubject: hi\r\n" + SENTENCE.encode() + b"\r\n\r\nbye\r\n",
    "bare line feeds": mail("text/plain", SENTENCE.encode()).replace(b"\r\n", b"\n"),
    "unknown transfer encoding": mail("text/plain", SENTENCE.encode(), encoding="x-none"),
    "text type nobody knows": mail("text/x-new", SENTENCE.encode()),
    "malformed content type": mail("text", SENTENCE.encode()),
    "format flowed": mail("text/plain; format=flowed", SENTENCE.replace("on your", "on \r\nyour").encode()),
    "a postscript below the signature": mail(
        "text/plain", b"Hello.\r\n\r\nBest regards,\r\nAnn\r\n\r\nPS: " + SENTENCE.encode() + b"\r\n"
    ),
    "below the signature mark": mail("text/plain", b"Hello.\r\n-- \r\nAnn\r\nHR\r\n\r\n" + SENTENCE.encode() + b"\r\n"),
    "between quoted lines": mail("text/plain", b"> one\r\n> two\r\n" + SENTENCE.encode() + b"\r\n> three\r\n"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_the_sentence_comes_out(name: str) -> None:
    """However it is encoded, split or placed, the sentence is there in plain letters."""
    assert SENTENCE.rstrip(".") in " ".join(seen(WHOLE[name]).split())


def test_the_subject_counts() -> None:
    """A subject in encoded words is read, even when a character is torn over two of them."""
    tail = base64.b64encode("LinkedIn é".encode()[:-1]).decode()
    head = f"Subject: =?utf-8?q?Your_?=\r\n =?utf-8?b?{tail}?= =?utf-8?q?=A9!?=\r\n"
    assert walk(head.encode() + b"\r\nhi\r\n").subject == "Your LinkedIn é!"


def test_hidden_text_is_set_apart() -> None:
    """What a reader does not see stands in a block of its own, behind what is seen."""
    text = text_from("hi", f"<p>Lunch at noon.</p><div style='display:none'>{SENTENCE}</div>", html=True)
    assert text.authored.strip() == "Lunch at noon."
    assert text.of(BlockKind.HIDDEN) == SENTENCE


@pytest.mark.parametrize(
    "style",
    [
        "display:none",
        "DISPLAY : NONE !important",
        "visibility:hidden",
        "font-size:0",
        "font-size:1px",
        "opacity:0",
        "max-height:0;overflow:hidden",
        "height:0px;overflow:hidden",
        "position:absolute;left:-9999px",
        "text-indent:-9999px",
        "color:#fff;background-color:white",
        "color:rgb(255,255,255);background:#ffffff",
        "color:transparent",
    ],
)
def test_styles_that_hide(style: str) -> None:
    """Each of the usual ways to hide text hides it here too."""
    text = text_from("hi", f'<p>Lunch</p><p style="{style}">secret</p>', html=True)
    assert text.of(BlockKind.HIDDEN) == "secret"


@pytest.mark.parametrize(
    "style",
    ["font-size:11.0pt", "opacity:0.9", "color:#ffffff;background:#336699", "display:block", "font-size:0.9em",
     "display:none;display:block", "max-height:100px", "text-indent:-18.0pt", "margin-left:-5px"],
)  # fmt: skip
def test_styles_that_do_not_hide(style: str) -> None:
    """Ordinary styling leaves text seen."""
    text = text_from("hi", f'<p>Lunch</p><p style="{style}">open</p>', html=True)
    assert "open" in text.authored


def test_a_class_that_hides() -> None:
    """A style sheet's class rule hides too; one for small screens only does not."""
    sheet = "<style>.pre, x.y {display:none} @media (max-width:600px) { .wide { display:none } }</style>"
    text = text_from("hi", f"{sheet}<p class='a pre'>secret</p><p class=wide>open</p>", html=True)
    assert (text.of(BlockKind.HIDDEN), text.authored.strip()) == ("secret", "open")


UNREAD = {
    "encrypted": parts(
        'encrypted; protocol="application/pgp-encrypted"',
        ("Content-Type: application/pgp-encrypted", b"Version: 1"),
        ("Content-Type: application/octet-stream", b"-----BEGIN PGP MESSAGE-----"),
    ),
    "encrypted inline": mail("text/plain", b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEM\r\n-----END PGP MESSAGE-----\r\n"),
    "encrypted by S/MIME": mail("application/pkcs7-mime; smime-type=enveloped-data", b"MIIB", encoding="base64"),
    "image-only": parts("mixed", ("Content-Type: image/png", b"x")),
    "image-only in HTML": html("<img src='https://x.example/a.png'>"),
    "cap of parts": parts("mixed", *[("Content-Type: text/plain", b"x")] * 600),
    "cap of text": mail("text/plain", b"word " * 60_000),
    "cap of header": b"X-A: " + b"y" * 120_000 + b"\r\n\r\nhello\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", UNREAD)
def test_what_cannot_be_judged_says_why(name: str) -> None:
    """Encrypted, pictures only, or past a cap: never a silent pass."""
    assert read_text(walk(UNREAD[name])).unjudgeable == name.partition(" ")[0].partition("_")[0]


@pytest.mark.parametrize("body", [b"", b"\r\n", b"hello"])
def test_an_empty_mail_stays_judgeable(body: bytes) -> None:
    """There is nothing unread in a mail without words."""
    assert read_text(walk(mail("text/plain", body))).unjudgeable == ""


def test_alternatives_that_say_the_same_count_once() -> None:
    """The words are there once, taken from the HTML part."""
    raw = parts(
        "alternative",
        ("Content-Type: text/plain", SENTENCE.encode()),
        ("Content-Type: text/html", b"<p>" + SENTENCE.encode() + b"</p>"),
    )
    text = read_text(walk(raw))
    assert text.text.count("LinkedIn") == 1
    assert text.sources[0].part == 1
