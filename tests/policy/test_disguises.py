"""What is disguised is judged like what is said plainly, and its innocent twin passes in the same disguise."""

import base64
from collections.abc import Callable

import pytest

from gateway.mail.glance import glance
from gateway.mail.message import walk
from gateway.mail.reading import read_text
from gateway.policy.judge import judge
from gateway.policy.labels import Mode
from gateway.policy.nearness import hopeless
from gateway.policy.packs import load
from gateway.policy.verdict import Scene

DEMAND = "All staff must put the new banner on their own LinkedIn profile by Friday. I will check who has not."
LUNCH = "The canteen has soup on Monday, pasta on Tuesday and fish on Friday. Please order by noon and tell Maria."
MANY = Scene(recipients=("all-staff@north.example",), people=40, lists=True)

Disguise = Callable[[str], bytes]


def mail(body: str, *, kind: str = "text/plain", subject: str = "Update", more: str = "") -> bytes:
    """A message in UTF-8."""
    head = f"From: boss@north.example\nTo: all-staff@north.example\nSubject: {subject}\n{more}MIME-Version: 1.0\n"
    return f"{head}Content-Type: {kind}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{body}\n".encode()


def page(body: str, sheet: str = "") -> bytes:
    return mail(f"<html><head>{sheet}</head><body>{body}</body></html>", kind="text/html")


def between(sign: str) -> Disguise:
    """This sign between the letters of each word."""
    return lambda said: mail(" ".join(sign.join(word) for word in said.split()))


def replaced(plain: str, by: str) -> Disguise:
    return lambda said: mail(said.translate(str.maketrans(plain, by)))


def coded(encoding: str) -> Disguise:
    """Base64, under this name for it."""
    head = f"Subject: Update\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\n"
    return lambda said: head.encode() + base64.encodebytes(said.encode())


def spliced(junk: str, sheet: str = "") -> Disguise:
    """A page with this in the middle of its longer words."""

    def page_of(said: str) -> bytes:
        words = (
            word if len(word) < 4 else f"{word[: len(word) // 2]}{junk}{word[len(word) // 2 :]}"
            for word in said.split()
        )
        return page(f"<p>{' '.join(words)}</p>", sheet)

    return page_of


def styled(css: str) -> Disguise:
    """Junk in the words, in elements with this style."""
    return spliced(f'<span style="{css}">xw</span>')


def nested(said: str, depth: int) -> bytes:
    """A text in so many multiparts."""
    inner = f"Content-Type: text/plain\n\n{said}\n"
    for n in range(depth):
        inner = f'Content-Type: multipart/mixed; boundary="q{n}w"\n\n--q{n}w\n{inner}--q{n}w--\n'
    return f"Subject: Update\n{inner}".encode()


LEGAL = "This email is confidential. If you are not the intended recipient please delete it."
FORWARDED = (
    "---------- Forwarded message ---------\nFrom: Boss <boss@north.example>\nDate: Mon, 2 Jun 2025\nSubject: Banner\n"
)

DISGUISES: dict[str, Disguise] = {
    "plain": mail,
    "zero width": between("\u200b"),
    "soft hyphens": between("\u00ad"),
    "a control between letters": between("\x01"),
    "private use": between("\ue000"),
    "enclosing marks": lambda said: mail("".join(f"{c}\u20dd" if c.isalpha() else c for c in said)),
    "dots between letters": between("."),
    "pictures in words": lambda said: mail(" ".join(f"{word[:2]}\U0001f525{word[2:]}" for word in said.split())),
    "accents": replaced("aeiousncz", "áèîöúšñčž"),
    "underscores": lambda said: mail(said.replace(" ", "_")),
    "right to left": lambda said: mail(f"\u202e{said[::-1]}\u202c"),
    "bdo": lambda said: page(f'<p><bdo dir="rtl">{said[::-1]}</bdo></p>'),
    "letters in inline blocks": lambda said: page(
        " ".join("".join(f'<div style="display:inline">{c}</div>' for c in word) for word in said.split())
    ),
    "size set again inside": lambda said: page(f'<div style="font-size:0"><p style="font-size:14px">{said}</p></div>'),
    "hidden when printed": lambda said: page(
        f'<p class="a">{said}</p>', '<style media="print">.a{display:none}</style>'
    ),
    "hidden class of another element": lambda said: page(
        f'<p class="a">{said}</p>', "<style>div.a{display:none}</style>"
    ),
    "class hidden and shown": lambda said: page(
        f'<p class="a">{said}</p>',
        "<style>.a{display:none} @media (max-width:9em){.a{display:block!important}}</style>",
    ),
    "shown in spite of its class": lambda said: page(
        f'<p class="a" style="display:block">{said}</p>', "<style>.a{display:none}</style>"
    ),
    "css remarks": lambda said: page(
        " ".join(f'{word[:2]}<i style="display:/**/none">zq</i>{word[2:]}' for word in said.split())
    ),
    "behind legal words": lambda said: mail(f"{LEGAL} {said}"),
    "a memo": lambda said: mail(f"Dear all,\n\nFrom: Pat\nDate: today\nTo: All staff\nSubject: News\n\n{said}"),
    "quote signs in a new mail": lambda said: mail("> " + said.replace(". ", ".\n> ")),
    "a quote's class in a new mail": lambda said: page(f'<div class="gmail_quote">{said}</div>'),
    "passed on with FYI": lambda said: mail(f"FYI\n\n{FORWARDED}\n{said}", subject="Fwd: Banner"),
    "base64 with a remark": coded("base64 (as ever)"),
    "base64 with a semicolon": coded("base64;"),
    "below a hundred and fifty sentences": lambda said: mail(
        "\n\n".join(f"The running group of hall {n} meets at the main gate at five on day {n}." for n in range(150))
        + f"\n\n{said}"
    ),
    "junk hidden by an element's name": spliced("<i>xw</i>", "<style>i{display:none}</style>"),
    "junk hidden by its place": spliced('<i class="a">xw</i>', "<style>u, p > i.a{display:none}</style>"),
    "junk hidden on every screen": spliced('<i class="a">xw</i>', "<style>@media screen{.a{display:none}}</style>"),
    "junk hidden by its id": spliced('<i id="a">xw</i>', "<style>#a{font-size:0}</style>"),
    "junk shrunk": styled("display:inline-block;width:0;transform:scale(0)"),
    "junk clipped": styled("position:absolute;clip-path:inset(100%)"),
    "junk left out": styled("position:absolute;content-visibility:hidden"),
    "junk zoomed away": styled("zoom:0.001"),
    "junk in a font of no size": styled("font:0/0 a"),
    "junk hidden by an escaped name": styled("d\\69 splay:none"),
    "junk hidden in spite of a value no browser knows": styled("display:none;display:seen"),
    "white junk": styled("color:rgb(255,255,255)"),
    "white junk in a font element": spliced('<font color="#ffffff">xw</font>'),
    "hidden class shown with another": lambda said: page(
        f'<p class="a b">{said}</p>', "<style>.a{display:none} .b.a{display:block}</style>"
    ),
    "shown on a telephone": lambda said: page(
        f'<p class="a" style="display:none;font-size:0">{said}</p><p>Good morning</p>',
        "<style>@media (max-width:30em){.a{display:block!important;font-size:1em!important}}</style>",
    ),
    "all of it hidden": lambda said: mail(
        f'<html><body style="display:none"><p>{said}</p></body></html>', kind="text/html"
    ),
    "lines in the line": lambda said: page(
        "".join(f"<p>{said[at : at + 2]}</p>" for at in range(0, len(said), 2)), "<style>p{display:inline}</style>"
    ),
    "in place of a film": lambda said: page(f'<video src="cid:a"><p>{said}</p></video>'),
    "in place of an object": lambda said: page(f'<object data="a">{said}</object><p>Good morning</p>'),
    "for Outlook alone": lambda said: page(f"<!--[if mso]><p>{said}</p><![endif]--><p>Good morning</p>"),
    "for some versions of Outlook": lambda said: page(
        f"<p>Good morning</p><!--[if (gte mso 9)|(IE)]><table><tr><td>{said}</td></tr></table><![endif]-->"
    ),
    "split by what Outlook alone shows": spliced("<!--[if mso]>xw<![endif]-->"),
    "behind a comment in the title": lambda said: page(f"<p>{said}</p><!-- -->", "<title>News <!-- </title>"),
    "written by the style sheet": lambda said: page(
        '<p class="a"></p><p>Good morning</p>', f"<style>.a:before{{content:'{said}'}}</style>"
    ),
    "hair spaces between letters": between("\u200a"),
    "hard blanks between letters": between("\u00a0"),
    "objects between letters": between("\ufffc"),
    "letters in brackets": replaced("".join(map(chr, range(97, 123))), "".join(map(chr, range(0x249C, 0x24B6)))),
    "a letter in each cell": lambda said: page(
        "<table><tr>"
        + "<td></td>".join("".join(f"<td>{c}</td>" for c in word) for word in said.split())
        + "</tr></table>"
    ),
    "a quote below good wishes in a new mail": lambda said: page(
        f'<p>Hello everybody, have a good week.</p><blockquote type="cite">{said}</blockquote>'
    ),
    "a signature that speaks": lambda said: page(f'<p>Good morning all</p><div class="gmail_signature">{said}</div>'),
    "between legal sentences": lambda said: mail(
        "NOTICE: This e-mail and any attachments are confidential and intended solely for the addressee. "
        f"{said} If you received it in error please delete it."
    ),
    "passed on to be done": lambda said: mail(
        f"Please act on this by tomorrow, everybody.\n\n{FORWARDED}\n{said}", subject="Fwd: Banner"
    ),
    "in a mail in the mail, to be done": lambda said: (
        b'Subject: FW: Banner\nContent-Type: multipart/mixed; boundary="q"\n\n--q\nContent-Type: text/plain\n\n'
        b"Please act on the attached mail.\n--q\nContent-Type: message/rfc822\n\n" + mail(said) + b"--q--\n"
    ),
    "below more parts than are looked at": lambda said: (
        b'Subject: Parts\nContent-Type: multipart/mixed; boundary="q"\n\n'
        + b"".join(b"--q\nContent-Type: text/plain\n\nHall %d\n" % n for n in range(600))
        + f"--q\nContent-Type: text/plain\n\n{said}\n--q--\n".encode()
    ),
    "deeper than is looked at": lambda said: nested(said, 30),
    "drawn out letters": lambda said: mail("".join(c * 3 if c in "aeiou" else c for c in said)),
    "in the subject of an answer that points there": lambda said: mail("See subject.", subject=f"Re: {said}"),
}


@pytest.mark.parametrize("name", DISGUISES)
def test_a_disguised_demand_is_held_and_its_twin_is_not(name: str) -> None:
    """Whoever reads the mail reads a demand, or a menu; so do we."""
    found = {
        said: judge(read_text(walk(DISGUISES[name](said).replace(b"\n", b"\r\n"))), MANY, load("ask-once")).mode
        for said in (DEMAND, LUNCH)
    }
    assert found[DEMAND] is Mode.HOLD
    assert found[LUNCH] not in (Mode.HOLD, Mode.REJECT)


@pytest.mark.parametrize("name", DISGUISES)
def test_a_glance_does_not_miss_it(name: str) -> None:
    """The gateway looks at most mail only in passing: what it would hold if it read it, it reads."""
    message = walk(DISGUISES[name](DEMAND).replace(b"\n", b"\r\n"))
    words = glance(message, most=262_144)
    assert words is None or not hopeless(f"{message.subject}\n{words}", load("ask-once"))


@pytest.mark.parametrize("body", ["Thanks, Pat", "Thank you!", "", "Best,\nPat"])
def test_an_answer_does_not_say_what_it_answers(body: str) -> None:
    """Whoever thanks for a demand, or sends it back with nothing but the quote, demands nothing."""
    quoted = f"{body}\n\nOn Mon, 2 Jun 2025 at 09:00, Boss <boss@north.example> wrote:\n> {DEMAND}"
    for said in (quoted, body) if body else (quoted,):
        raw = mail(said, subject=f"Re: {DEMAND}", more="In-Reply-To: <a@north.example>\n")
        found = judge(read_text(walk(raw.replace(b"\n", b"\r\n"))), MANY, load("ask-once"))
        assert found.mode not in (Mode.HOLD, Mode.REJECT)


def test_what_is_quoted_in_an_answer_is_not_ones_own() -> None:
    """The same signs and header in an answer quote somebody else."""
    for body in (
        f"I disagree.\n\n> {DEMAND}",
        f"I disagree.\n\nFrom: Boss\nDate: today\nTo: All\nSubject: News\n\n{DEMAND}",
    ):
        raw = mail(body, subject="Re: News", more="In-Reply-To: <a@north.example>\n")
        text = read_text(walk(raw.replace(b"\n", b"\r\n")))
        assert DEMAND not in text.authored
