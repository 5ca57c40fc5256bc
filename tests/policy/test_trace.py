"""A trace says what the reading saw and why a rule did or did not fire."""

from gateway.mail.reading import text_from
from gateway.policy.trace import Trace, trace
from gateway.policy.verdict import Scene
from tests.policy.reading_cases import EVERYONE, pack

ASK = "The canteen opens at noon.\n\nAll staff must add the new banner to their LinkedIn profile by Friday."


def traced(body: str, *, subject: str = "", to: tuple[str, ...] = EVERYONE) -> Trace:
    """A few words traced."""
    return trace(text_from(subject, body), Scene(recipients=to, people=len(to)), pack())


def test_the_gate_names_its_words() -> None:
    """Words that opened the gate are told; a mail without any is stopped and read all the same."""
    found = traced(ASK)
    assert found.gate.passed
    assert "linked" in found.gate.alone
    clean = traced("The canteen opens at noon.")
    assert not clean.gate.passed
    assert len(clean.sentences) == 1


def test_sentences_carry_slots_marks_and_topics() -> None:
    """The sentence that asks names the favour plainly and demands; the other does not."""
    found = traced(ASK)
    plain, demand = found.sentences
    assert "demands-hard" in demand.marks
    assert "network" in demand.slots
    assert dict(demand.said)["profile-change"] == 3
    assert "demands-hard" not in plain.marks


def test_a_rule_that_fires_lacks_nothing_and_agrees_with_the_verdict() -> None:
    """Rules without anything missing are those of the verdict, or named as overruled."""
    found = traced(ASK)
    firing = {one.rule for one in found.rules if not one.missing}
    assert "demand" in firing
    assert firing - set(found.overruled) == {one.rule_id for one in found.verdict.findings}


def test_a_rule_that_nearly_fires_says_what_it_lacks() -> None:
    """One thing missing is told in words: here a mark, or the readers."""
    found = traced(
        "Dana, many thanks for sharing the opening on your LinkedIn.", to=("dana@north.example", "bo@north.example")
    )
    thanks = next(one for one in found.rules if one.rule == "private-thanks")
    assert thanks.missing == ("is not read by one",)
    assert "sharing the opening" in thanks.sentence


def test_an_excluded_sentence_says_by_which_exclusion() -> None:
    """What only looks like evidence is shown with the exclusion's id."""
    found = traced("The company LinkedIn page has a new banner. All staff must like it.")
    assert any(sentence.excluded for sentence in found.sentences)


def test_the_second_opinion_shows_its_heaviest_words() -> None:
    """Weights come heaviest first, with the sentence the opinion points at."""
    leaning = traced(ASK).leaning
    assert leaning is not None
    weights = [abs(weight) for _, weight in leaning.weights]
    assert weights
    assert weights == sorted(weights, reverse=True)
    assert "must add the new banner" in leaning.sentence
