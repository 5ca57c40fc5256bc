"""In which language a text is written."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.language.tags import LANGUAGES
from gateway.language.written import written_in
from gateway.mail.html_text import html_text

CASES = Path(__file__).parents[2] / "policies" / "cases"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Who has not changed their banner yet?", "en"),
        ("Bitte denkt daran, das Titelbild auszutauschen.", "de"),
        ("Merci de mettre la bannière sur votre profil.", "fr"),
        ("Por favor, pongan la nueva portada en su perfil.", "es"),
        ("Por favor, coloquem a nova capa no perfil de vocês.", "pt"),
        ("Banner!", "nl"),
        ("", "nl"),
    ],
)
def test_a_sentence_tells_its_language(text: str, expected: str) -> None:
    """A few small words are enough; a text without any is left to the caller's guess."""
    assert expected == written_in(text, "nl")


def test_labelled_mails_are_told_apart() -> None:
    """Of the packs' labelled mails at most two in a thousand are taken for another language."""
    wrong, read = Counter[str](), Counter[str]()
    for file in sorted(CASES.glob("*.jsonl")):
        for case in map(json.loads, file.read_text("utf-8").splitlines()):
            body = html_text(case["body"]).text if case.get("html") else case["body"]
            read[case["language"]] += 1
            wrong[case["language"]] += written_in(body, case["language"]) != case["language"]
    assert set(LANGUAGES) == set(read)
    assert all(wrong[language] <= 0.002 * read[language] for language in read), wrong


@given(st.text(max_size=200))
def test_any_text_has_an_answer(text: str) -> None:
    """One of our languages or the default, whatever stands there."""
    assert written_in(text, "nl") in (*LANGUAGES, "nl")
