"""What a scan finds, and how phrases of further languages stand in the text that patterns read."""

import os
import subprocess
import sys

import pytest

from gateway.policy.fold import fold
from gateway.policy.lexicon import FIRST_SIGN, Lexicon
from gateway.policy.pattern import compile_pattern

LEXICON = Lexicon(
    {"share": ["shar(e|es)"], "network": ["linkedin"], "own": ["own"]},
    {"share": ["teilt"], "network": ["soziale medien"], "own": ["eigen(e|es)"], "art": ["bild"], "name": ["x"]},
)


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("share it on linkedin", {"share", "network"}),
        ("teilt das eigene bild", {"share", "own", "art"}),
        ("soziale medien, linkedin", {"network"}),
        ("soziale medienarbeit", set()),
        ("teilte", set()),
    ],
)
def test_slots_are_found_in_every_language(text: str, slots: set[str]) -> None:
    """Phrases are found as whole words, whichever language they are of."""
    assert {word[1:-1] for word in LEXICON.scan(text).words if word[0] == "{"} == slots


def test_only_further_languages_are_signed() -> None:
    """A text of the first language stands as it is; in another, signs stand for phrases, other words stay."""
    assert LEXICON.scan("share it on linkedin").signed == ""
    signed = LEXICON.scan("bitte teilt es auf linkedin").signed
    assert signed.replace(signed[6], "_") == "bitte _ es auf linkedin"


@pytest.mark.parametrize(
    "text", ["bitte teilt es: soziale medien", "teilt es auf linkedin", "share it: soziale medien"]
)
def test_a_pattern_over_slots_reads_all_languages(text: str) -> None:
    """The same pattern matches in one language, in another, and in a mixture."""
    pattern = compile_pattern("{share} .. {network}", LEXICON)
    scan = LEXICON.scan(text)
    assert pattern.found(text, scan.words, scan.signed)


def test_a_pattern_may_speak_of_words_and_slots() -> None:
    """A word of a further language that a pattern spells out is found beside a slot too."""
    pattern = compile_pattern("{own} .. bild", LEXICON)
    scan = LEXICON.scan("own bild")
    assert pattern.found("own bild", scan.words, scan.signed)


def test_a_mail_cannot_bring_signs() -> None:
    """Private characters in a mail are blanks, so nobody writes a slot into a text that has none."""
    assert fold(f"a {chr(FIRST_SIGN)} b é", LEXICON) == "a b é"


def test_signs_are_the_same_in_every_process() -> None:
    """Whatever order a process keeps its sets in, a phrase of a further language has one sign: patterns compiled in
    one process are taken off the shelf in another."""
    spoken = (
        "from gateway.policy.packs import load; detector = load('ask-once').detector;"
        " print(sorted((name, sorted(words)) for name, words in detector.lexicon.spelled.items()))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", spoken],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=120,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
