"""After an edit of one sentence everything else in the mail is unchanged, in whatever program wrote it."""

import re
from difflib import SequenceMatcher
from html import unescape

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gateway.holds.alignment import visible
from gateway.holds.html_edit import SIMPLER_WHOLE
from gateway.holds.revision import editable_text, revise
from gateway.mail.message import walk
from gateway.mail.reading import read_text
from gateway.policy.segment import sentences
from tests.holds.letters import EDITABLE
from tests.holds.test_revision import bodies

_NAMES = re.compile(r'alt="([^"]*)"')
_TAG = re.compile(r"<[^>]*>")


def has_letters(text: str) -> bool:
    """A reading may leave out alternatives that say no word at all."""
    return any(map(str.isalpha, text))


LETTERS = "abcdefgh äß你שλ&<.,!?"
WORDS = st.text(st.sampled_from(LETTERS), min_size=1, max_size=40).map(str.strip).filter(has_letters)


def stretches(raw: bytes) -> list[str]:
    """The sentences of what the sender wrote, as they stand."""
    own = editable_text(raw)
    return [own[one.start : one.end] for one in sentences(own)]


def alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def one_place(old: str, new: str) -> tuple[str, str]:
    """What is left of both when all that they begin and end with alike is set aside."""
    head = alike(old, new)
    old, new = old[head:], new[head:]
    tail = alike(old[::-1], new[::-1])
    return old[: len(old) - tail], new[: len(new) - tail]


@pytest.mark.parametrize("name", EDITABLE)
def test_each_sentence_can_be_edited_alone(name: str) -> None:
    """For each sentence in turn: every version changes in one place only, all tags of it stay, no other part and no
    header but those of the content is touched, and the mail reads as edited."""
    raw = EDITABLE[name]
    own, found = editable_text(raw), stretches(raw)
    assert found
    for sentence in found:
        edit_alone(raw, own, sentence, "Otherwise said")


@given(st.sampled_from(sorted(EDITABLE)), st.integers(0, 20), WORDS)
@settings(max_examples=200, deadline=None)
def test_any_words_in_place_of_any_sentence(name: str, which: int, words: str) -> None:
    """Whatever is put in place of whichever sentence."""
    raw = EDITABLE[name]
    own = editable_text(raw)
    found = stretches(raw)
    sentence = found[which % len(found)]
    assume(" ".join(words.split()) != " ".join(sentence.split()))
    edit_alone(raw, own, sentence, words)


def plain(body: str) -> str:
    """One kind of line end, and no word on the charset, which follows the words."""
    return re.sub(r"charset=[\w-]+", "", body.replace("\r\n", "\n"))


def said(text: str) -> str:
    """The letters of a text without tags, addresses and marks."""
    return "".join(re.findall(r"[^\W_]+", unescape(_TAG.sub(" ", text.replace("[image: ", " ")))))


def edit_alone(raw: bytes, own: str, sentence: str, words: str) -> None:
    """Edit one sentence and compare all the rest."""
    bullet = re.match(r"\u2022 ", sentence)
    wanted = own.replace(sentence, (bullet[0] if bullet else "") + words, 1)
    revision = revise(raw, wanted)
    revised = revision.raw
    assert visible(words) in visible(read_text(walk(revised)).text)  # what is left may look like a signature by now
    _other_parts_stay(raw, revised)
    if SIMPLER_WHOLE in revision.lost:  # only for words a picture says by its alternative text
        assert any(visible(sentence) in visible(name) for name in _NAMES.findall(unescape(bodies(raw)[-1])))
        return
    for old, new in zip(bodies(raw), bodies(revised), strict=True):
        gone, put = one_place(plain(old), plain(new))
        if revision.lost:
            spare = iter(_TAG.findall(gone))
            assert all(tag in spare for tag in _TAG.findall(put)), (gone, put)  # tags of its own words alone may go
        else:
            assert _TAG.findall(gone) == _TAG.findall(put), (gone, put)
        assert said(gone) in said(sentence), (gone, sentence)
        assert said(put) in said(words), (put, words)


def _other_parts_stay(raw: bytes, revised: bytes) -> None:
    before, after = walk(raw), walk(revised)
    for one, other in zip(before.parts, after.parts, strict=True):
        if one.content_type not in ("text/plain", "text/html"):
            assert raw[one.header_start : one.end] == revised[other.header_start : other.end]
    kept = [
        line for line in raw[: before.header_end].split(b"\r\n") if not line.lower().startswith((b"content-", b"dkim"))
    ]
    matched = SequenceMatcher(None, kept, revised[: after.header_end].split(b"\r\n"), autojunk=False)
    assert sum(block.size for block in matched.get_matching_blocks()) >= len(kept) - 3  # folded lines of those two


@pytest.mark.parametrize("name", ["quoted-printable", "outlook"])
def test_lines_in_quoted_printable_stay_as_they_were_written(name: str) -> None:
    """Another program's own way to write a line is kept for every line that did not change (RFC 2045 section 6.7)."""
    raw = EDITABLE[name].replace(b"all", b"a=6Cl").replace(b"alle", b"a=6Cle")
    sentence = stretches(raw)[-1]
    revised = revise(raw, editable_text(raw).replace(sentence, "Other words")).raw
    assert revised.count(b"a=6Cl") == raw.count(b"a=6Cl")
