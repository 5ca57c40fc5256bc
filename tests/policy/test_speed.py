"""No text makes the judge slow: work grows with the length, whatever the words."""

import time

import pytest

from gateway.mail.reading import text_from
from gateway.policy.judge import judge
from gateway.policy.nearness import relevant
from gateway.policy.verdict import Scene
from tests.policy.reading_cases import pack

SIZE = 100_000
HOSTILE = {
    "one word": "banner " * (SIZE // 7),
    "no space": "linkedin" + "a" * SIZE,
    "punctuation": "linkedin " + ".!?," * (SIZE // 4),
    "slots": "please share your own linkedin banner by friday " * (SIZE // 48),
    "names": "linkedin " + "Ann, Bob and Cid " * (SIZE // 17),
    "blank lines": "linkedin\n\n" * (SIZE // 10),
    "bullets": "- linkedin 80 %\n" * (SIZE // 16),
    "gaps": "who has " * (SIZE // 8) + " linkedin",
    "quotes": "linkedin " + "'\"" * (SIZE // 2),
    "other languages": "teilt compartan partagez linkedin euren sociales " * (SIZE // 50),
    "digits": "linkedin " + "1 of 2 " * (SIZE // 7),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_judged_in_bounded_time(kind: str) -> None:
    """100 KB of text made to be slow is judged within a generous bound."""
    text = text_from("linkedin", HOSTILE[kind])
    started = time.perf_counter()
    judge(text, Scene(recipients=("all@north.example",)), pack())
    assert time.perf_counter() - started < 20


def test_the_gate_is_linear() -> None:
    """Ten times the text takes about ten times the time, not a hundred times."""
    short, long = (text_from("", "the usual words of a working day, " * count) for count in (1_000, 10_000))
    assert not relevant(long, pack())
    assert _seconds(long) < 60 * max(_seconds(short), 1e-5)


def _seconds(text: object) -> float:
    started = time.perf_counter()
    for _ in range(5):
        relevant(text, pack())  # type: ignore[arg-type]
    return time.perf_counter() - started
