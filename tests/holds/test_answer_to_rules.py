"""A question to us is never taken for the new text of a mail, whatever words the rules bring."""

import pytest

from gateway.holds.answer import Meaning, answer_of
from gateway.policy.packs import load
from tests.web.desk import letter


@pytest.mark.parametrize("asked", ["What is this?", "Why is this held?", "How is that up to me?", "It is up to you."])
def test_a_question_is_not_a_new_text(asked: str) -> None:
    """For every rule's own words that a notice may have proposed."""
    raw = f"From: ann@corp.example\r\nSubject: Re: Not sent yet\r\n\r\n{asked}\r\n".encode()
    for rule in load("ask-once").rules.values():
        assert answer_of(raw, letter("Put it up by Friday.\n"), rule.fixes).meaning is Meaning.UNCLEAR, rule.id
