"""HTML that would explode in a parser is read without one; large honest HTML is not taken for it."""

import time

import pytest

from gateway.mail.html_guard import is_bomb
from gateway.mail.html_text import html_text

ROW = "<tr><td><p><b>Ann</b> &amp; <a href='https://x.example/'>Bob</a><td><font size=2><i>done</i></font></td></tr>"
FONTS = "".join(f"<font size={number}>" for number in range(290))
BOMBS = {
    "elements in elements": "<div>" * 50_000 + "word",
    "formatting made open again in each paragraph": "<p>" + FONTS + "</p>" + "<p>word</p>" * 50_000,
    "ends that close nothing": "<div><object></div></object>" * 20_000 + "word",
    "ends shut out by a cell": "<div><table><td></div></td></table>" * 20_000 + "word",
    "formatting behind a foreign cell": "<table><td><svg><font size=1><td>" * 10_000 + "word",
    "selects": "<select><div></select>" * 20_000 + "word",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_read_in_bounded_time(name: str) -> None:
    """Whether or not it is recognised, nothing takes long, and the words are read or the mail is said to be cut."""
    start = time.process_time()
    page = html_text(BOMBS[name])
    assert time.process_time() - start < 1.5
    assert "word" in page.text or page.cut


def test_a_few_tags_can_do_no_harm() -> None:
    """Just below the number of tags that are looked at, the worst document is parsed in a moment."""
    source = "<p>" + "".join(f"<font size={number}>" for number in range(148)) + "</p>" + "<p>w" * 149
    assert not is_bomb(source)
    start = time.process_time()
    html_text(source)
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize("rows", [10, 1000, 4000])
def test_a_large_table_is_no_bomb(rows: int) -> None:
    """Thousands of rows of ordinary, slightly untidy HTML are parsed."""
    page = html_text(f"<table>{ROW * rows}</table>", max_text=1_000_000)
    assert not page.cut
    assert page.text.count("done") == rows


def test_a_bomb_keeps_its_words() -> None:
    """Read without a tree, the words are there in lines, and the reading says that it was cut."""
    page = html_text("<div>" * 5000 + "<!-- no --><style>p{}</style>Linked<b>In</b><br>caf&eacute;")
    assert (page.text, page.cut) == ("LinkedIn\ncafé", True)
