"""The source of an HTML document is cut without loss, edited in place, and left alone where it is odd."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.holds.alignment import authored_lines
from gateway.holds.html_edit import edited_html
from gateway.holds.html_source import tokens
from gateway.mail.reading import text_from

WORD_LIST = (
    "<p class=MsoNormal>Dear all,<o:p></o:p></p>\n"
    "<p class=MsoListParagraph style='mso-list:l0 level1'><![if !supportLists]><span>&middot;</span><![endif]>"
    "Bring &amp; share caf&eacute; cake.&nbsp;Thanks &lt;3</p>\n"
    "<P ALIGN=left>Lunch   is\n at <B>one</B>.<BR>Bye</P><!-- end -->"
)


def edited(source: str, old: str, new: str) -> str:
    """The document after an edit of the text a reader sees."""
    reading = text_from("", source, html=True)
    own = "\n".join(line.text for line in authored_lines(reading))
    assert old in own
    return edited_html(source, reading, own.replace(old, new, 1).split("\n")).html


@pytest.mark.parametrize(
    ("old", "new", "gone", "put"),
    [
        ("Dear all", "Dear both", "Dear all", "Dear both"),
        ("Thanks <3", "Bye > & <", "Thanks &lt;3", "Bye &gt; &amp; &lt;"),
        ("Bye", "See you", "Bye", "See you"),
        ("one", "two", "one", "two"),
    ],
)
def test_only_the_words_change_in_the_source(old: str, new: str, gone: str, put: str) -> None:
    """Letter case of tags, quotes, entities, white space, comments and what only Word understands stay to the byte."""
    assert edited(WORD_LIST, old, new) == WORD_LIST.replace(gone, put)


def test_a_paragraph_taken_out_goes_with_its_tags() -> None:
    """The paragraph and what wrapped only its words go; everything else stays to the byte."""
    first, rest = WORD_LIST.split("\n", 1)
    assert edited(WORD_LIST, "Dear all,\n", "").strip() in (rest, first + rest)
    assert "Dear all" not in edited(WORD_LIST, "Dear all,\n", "")
    assert rest in edited(WORD_LIST, "Dear all,\n", "")


def test_a_second_paragraph_in_place_of_one_stands_in_it() -> None:
    """New lines become line breaks where the old ones stood."""
    assert "Dear both,<br><br>Read this:<o:p></o:p></p>" in edited(WORD_LIST, "Dear all,", "Dear both,\n\nRead this:")


@pytest.mark.parametrize("odd", ["<p title='x>y", "<!-- no end", "<script>alert(1)", '<p a">x</p>', "<!-->x-->"])
def test_an_odd_source_is_not_cut(odd: str) -> None:
    """What browsers would read otherwise than a simple scan is left to the parser."""
    assert tokens(odd) is None


def test_a_bracket_in_the_text_is_text() -> None:
    """ "1 < 2" is no tag."""
    assert [token.kind.name for token in tokens("1 < 2 <b>x</b>") or ()] == ["TEXT", "OPEN", "TEXT", "CLOSE"]


PIECES = ["<p>", "</p>", "<br/>", "a", " < ", "&amp;", "<a href='>'>", "<!-- > -->", "'", "<!doctype html>"]


@given(st.lists(st.sampled_from(PIECES)))
def test_tokens_cover_the_source(pieces: list[str]) -> None:
    """Put together again they are the document."""
    source = "".join(pieces)
    found = tokens(source)
    assert found is not None
    assert "".join(source[token.start : token.end] for token in found) == source


@pytest.mark.parametrize(("new", "after"), [("New words. ", "In. New words. See it."), ("", "In. See it.")])
def test_blanks_between_pieces_of_old_words_go_with_them(new: str, after: str) -> None:
    """A sentence with a word in italics leaves no blanks behind where others take its place, or none."""
    source = "<p>In. Put it on your <i>personal</i> profile. See it.</p>"
    assert edited(source, "Put it on your personal profile. ", new) == f"<p>{after}</p>"
