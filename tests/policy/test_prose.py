"""Sentences are told from what is left of files."""

import base64
import random

import pytest

from gateway.mail.reading import text_from
from gateway.policy.judge import judge
from gateway.policy.labels import Label
from gateway.policy.prose import prose
from gateway.policy.verdict import Scene
from tests.policy.reading_cases import pack

NOISE = random.Random(7)


@pytest.mark.parametrize(
    "sentence",
    [
        "Please share it: linkedin.example/posts/a-long-address-of-a-post-7123456789012345678_abcdefgh?utm_source=x",
        "Share it https://eur03.safelinks.example/?url=https%3A%2F%2Fwww.linkedin.example%2Fposts%2Factivity&data=05%7C",
        "🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉 Share our post on LinkedIn today 🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉",
        "LinkedIn/Facebook/Instagram/X: 100% of us, 3 posts each (by 12/11), #TeamLantern #Heron2026 – no excuses!!",
        "",
    ],
)
def test_sentences_are_prose(sentence: str) -> None:
    """Words between links, pictures and signs are still words."""
    assert prose(sentence)


@pytest.mark.parametrize(
    "noise",
    [
        base64.b64encode(NOISE.randbytes(300)).decode(),
        base64.encodebytes(NOISE.randbytes(300)).decode(),
        NOISE.randbytes(400).decode("cp1252", "replace"),
        NOISE.randbytes(400).decode("latin-1"),
        NOISE.randbytes(200).hex(),
    ],
)
def test_what_is_left_of_a_file_is_not(noise: str) -> None:
    """Base64, hexadecimal digits and bytes read as letters are no sentences."""
    assert not prose(noise)


def test_noise_with_a_networks_name_in_it_is_not_held() -> None:
    """Two hundred thousand characters of noise, with the words that open the gate among them, are nothing."""
    pieces = [base64.encodebytes(NOISE.randbytes(9000)).decode() for _ in range(16)]
    text = text_from("backup", "LinkedIn profile share\n".join(pieces))
    assert judge(text, Scene(recipients=("all@north.example",)), pack()).label is Label.OTHER
