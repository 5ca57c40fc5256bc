"""The glance holds every word a reading would find, or says that it cannot be sure."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.glance import glance
from gateway.mail.letter import Letter, written
from gateway.mail.message import walk
from gateway.mail.reading import read_text
from gateway.policy.nearness import hopeless, relevant
from gateway.policy.packs import load

CASES = Path(__file__).parents[2] / "policies" / "cases" / "shared_en.jsonl"
PACK = load("ask-once")
HOSTILE = [
    "<p>Linked<span>In</span></p>",
    "<p>Linked<!-- > -->In</p>",
    "<!-->LinkedIn-->",
    "<!--->LinkedIn",
    "<style> <!-- </style> LinkedIn -->",
    '<b title="a>b">Linked</b>In',
    '<b x">LinkedIn<i y">',
    '<b x=a=">LinkedIn"></b>',
    "1 < 2 and LinkedIn > 3",
    "<3 LinkedIn >",
    '<img alt="our LinkedIn banner">',
    "<img alt = LinkedIn>",
    '<input value="LinkedIn">',
    "Linked&#73;n",
    "Linked&shy;In",
    "Linked\u200bIn",
    "<a href='x'>Lin</a><b>kedIn</b>",
    "<a href='it's>LinkedIn</a>'",
    "<script>x='</scr'+'ipt>'</script>LinkedIn",
    "<style>p{}</style >LinkedIn",
    "<? php > LinkedIn ?>",
    "</ p > LinkedIn",
    "L i n k e d I n",
    "L.i.n.k.e.d.I.n",
    "L1nkedIn",
    "ＬｉｎｋｅｄＩｎ",
]


def _message(body: str, *, html: bool) -> bytes:
    return written(Letter(sender="a@lantern.example", to=("b@lantern.example",), subject="Hi", body=body, html=html))


@pytest.mark.parametrize("html", [True, False])
@pytest.mark.parametrize("body", HOSTILE)
def test_what_a_reading_finds_the_glance_lets_through(body: str, html: bool) -> None:
    """However the word is written, a mail whose reading passes the gate is not stopped at the glance."""
    message = walk(_message(f"Hello, have a look at {body} please. The rest is about soup, at some length.", html=html))
    words = glance(message, most=100_000)

    if relevant(read_text(message), PACK):
        assert words is None or not hopeless(words, PACK)


@given(st.text(alphabet="<>\"'=!-/ abLinkedIn&;#\n", max_size=80))
def test_no_html_hides_a_word_from_the_glance(noise: str) -> None:
    """Every run of letters a reading shows is in the glance as well, or the glance gives up."""
    message = walk(_message(f"{noise} LinkedIn {noise}", html=True))
    words = glance(message, most=100_000)
    if words is None:
        return
    squeezed = "".join(words.split())
    shown = read_text(message)

    assert all("".join(line.split()) in squeezed for line in shown.text.split() if line.isalpha())


def test_every_case_that_matters_passes_the_glance() -> None:
    """No labelled mail but `other` is stopped before it is read."""
    stopped = []
    for line in CASES.read_text("utf-8").splitlines():
        case = json.loads(line)
        raw = written(
            Letter(sender="", to=case["to"], subject=case["subject"], body=case["body"], html=case.get("html", False))
        )
        message = walk(raw)
        words = glance(message, most=100_000)
        gone = words is not None and hopeless(f"{message.subject}\n{words}", PACK)
        if case["label"] != "other" and gone:
            stopped.append(case["id"])

    assert stopped == []


@pytest.mark.parametrize(
    "head",
    [
        "Content-Type: multipart/encrypted; boundary=x",
        "Content-Type: application/pkcs7-mime; smime-type=enveloped-data",
        "Content-Type: text/calendar",
        "Content-Type: message/rfc822",
        'Content-Type: text/plain; name="notes.txt"',
        "Content-Type: text/plain; format=flowed; delsp=yes",
        "Content-Type: image/png",
    ],
)
def test_what_only_a_reading_can_tell_is_left_to_it(head: str) -> None:
    """Encrypted, nested, attached and picture-only mail is read."""
    assert glance(walk(f"{head}\r\n\r\nhello\r\n".encode()), most=100_000) is None
