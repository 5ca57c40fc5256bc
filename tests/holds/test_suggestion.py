"""Drafts of other words: they read as a mail somebody would send."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.holds.suggestion import PLAIN_SUBJECT, Approach, Marked, draft, replaced, says_something, without
from gateway.language.catalogue import catalogue

EN = catalogue("en")
OFFER = "The artwork is attached, for anyone who may ever want it."
NUMBERS = "the numbers for October are in."
MONDAY = "More on Monday from the office."
ASK = "Please put the banner up by Friday."


def drafted(text: str, *sentences: str, approach: Approach = Approach.REPLACE, instead: str = OFFER) -> str | None:
    """The words of a draft in which these sentences are marked."""
    found = draft(text, "Banner", [Marked(sentence=one, instead=instead) for one in sentences], approach, EN)
    return found.text if found else None


@pytest.mark.parametrize(
    ("text", "marks", "expected"),
    [
        (f"Hi all,\n\n{NUMBERS}\n\n{ASK}\n\nAnn", [ASK], f"Hi all,\n\n{NUMBERS}\n\n{OFFER}\n\nAnn"),
        (f"Hi,\n\n{ASK} It takes two minutes.\n\n{NUMBERS}", [ASK], f"Hi,\n\n{OFFER}\n\n{NUMBERS}"),
        (f"Hi all, {ASK.lower()}\n\nAnn", [f"Hi all, {ASK.lower()}"], f"Hi all, the{OFFER[3:]}\n\nAnn"),
        (f"To do:\n- Tea for ten people\n- {ASK}", [f"- {ASK}"], f"To do:\n- Tea for ten people\n- {OFFER}"),
        (
            f"{NUMBERS} Two words for all of\nyou and me. Three.",
            ["Two words for all of you and me."],
            f"{NUMBERS} {OFFER}",
        ),
    ],
)
def test_an_offer_takes_the_place_of_the_ask(text: str, marks: list[str], expected: str) -> None:
    """In its paragraph, behind its greeting, as its item; what only made sense with it goes along."""
    assert drafted(text, *marks) == expected


def test_an_offer_is_made_once() -> None:
    """The first marked sentence becomes the offer, the others go; one that stands there already is not repeated."""
    text = f"Hi,\n\n{ASK}\n\n{NUMBERS}\n\nDo it today, all of you.\n\nAnn"
    assert drafted(text, ASK, "Do it today, all of you.") == f"Hi,\n\n{OFFER}\n\n{NUMBERS}\n\nAnn"
    assert drafted(f"{OFFER}\n\n{NUMBERS}\n\n{ASK}", ASK) == f"{OFFER}\n\n{NUMBERS}"


@pytest.mark.parametrize(
    ("text", "mark", "expected"),
    [
        (f"Hi,\n\n{NUMBERS} {ASK} {MONDAY}", ASK, f"Hi,\n\n{NUMBERS} {MONDAY}"),
        (f"{NUMBERS}\n\nPlease:\n- {ASK}\n\n{MONDAY}", f"- {ASK}", f"{NUMBERS}\n\n{MONDAY}"),
        (f"News\n\n1. {NUMBERS}\n2. {ASK}\n3. {MONDAY}", f"2. {ASK}", f"News\n\n1. {NUMBERS}\n2. {MONDAY}"),
        (f"- {NUMBERS}\n- {ASK} {MONDAY}", f"- {ASK}", f"- {NUMBERS}\n- {MONDAY}"),
        (f"Hi all, {ASK.lower()} {MONDAY}", f"Hi all, {ASK.lower()}", f"Hi all,\n\n{MONDAY}"),
        (f"{ASK} (Yes / No)\n\n{NUMBERS}", ASK, NUMBERS),
    ],
)  # fmt: skip
def test_what_is_left_out_leaves_no_trace(text: str, mark: str, expected: str) -> None:
    """No orphan bullet, heading, number, question form or gap."""
    assert drafted(text, mark, approach=Approach.REMOVE) == expected


@pytest.mark.parametrize(
    "text",
    [ASK, f"Hi all,\n\n{ASK}\n\nBest,\nAnn", f"Hi,\n\nHope you are well.\n\n{ASK}\n\nThanks so much!\n\nAnn"],
)
def test_a_mail_of_greetings_is_not_proposed(text: str) -> None:
    """Where nothing but greetings and thanks would be left, there is no draft."""
    assert drafted(text, ASK, approach=Approach.REMOVE) is None


def test_a_whole_paragraph_goes() -> None:
    """The wider approach takes all sentences of the paragraph, and greets and signs as before."""
    text = f"Hi all,\n\nThe brand is new and bright. {ASK} We all count on one another in this.\n\n{NUMBERS}\n\nAnn"
    assert drafted(text, ASK, approach=Approach.REPLACE_PARAGRAPH) == f"Hi all,\n\n{OFFER}\n\n{NUMBERS}\n\nAnn"
    assert drafted(text, ASK, approach=Approach.REMOVE_PARAGRAPH) == f"Hi all,\n\n{NUMBERS}\n\nAnn"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Reminder: new banner", "New banner"),
        ("Gentle reminder // cover image", "Cover image"),
        ("Final call - your profile", "Your profile"),
        ("Have you changed it yet?", PLAIN_SUBJECT),
        ("REMINDER", PLAIN_SUBJECT),
    ],
)
def test_a_marked_subject_is_put_plainly(subject: str, expected: str) -> None:
    """Without its nagging word, else as a plain information; the change is told."""
    found = draft(NUMBERS, subject, [Marked(sentence=subject, in_subject=True)], Approach.REMOVE, EN)
    assert found is not None
    assert (found.subject, found.text) == (expected, NUMBERS)
    assert [(one.sentence, one.instead, one.in_subject) for one in found.changes] == [(subject, expected, True)]


@pytest.mark.parametrize(
    ("language", "subject", "expected"),
    [
        ("de", "Kleine Erinnerung: neues Titelbild", "Neues Titelbild"),
        ("de", "Zur Erinnerung - Banner", "Banner"),
        ("de", "Wer fehlt noch?", "Zur Information"),
        ("fr", "Petit rappel : nouvelle bannière", "Nouvelle bannière"),
        ("fr", "RELANCE", "Pour information"),
        ("es", "Último recordatorio: nueva portada", "Nueva portada"),
        ("pt", "Lembrete – nova capa", "Nova capa"),
    ],
)
def test_a_marked_subject_is_put_plainly_in_the_mails_language(language: str, subject: str, expected: str) -> None:
    """The nagging word goes in each language, and where nothing is left a plain subject stands in the mail's own."""
    marks = [Marked(sentence=subject, in_subject=True)]
    found = draft(NUMBERS, subject, marks, Approach.REMOVE, catalogue(language))
    assert found is not None
    assert expected == found.subject


def test_what_is_changed_is_told() -> None:
    """Every sentence that goes stands among the changes, with what takes its place."""
    found = draft(
        f"{NUMBERS}\n\n{ASK} It takes a minute.", "", [Marked(sentence=ASK, instead=OFFER)], Approach.REPLACE, EN
    )
    assert found is not None
    assert [(one.sentence, one.instead) for one in found.changes] == [(ASK, OFFER), ("It takes a minute.", "")]


def test_words_that_are_not_there_change_nothing() -> None:
    """A mark the text does not hold makes no draft, and replacing or leaving it out keeps the text."""
    assert drafted(NUMBERS, "Elsewhere entirely.") is None
    assert replaced(NUMBERS, "Elsewhere entirely.", OFFER) == without(NUMBERS, "Elsewhere entirely.") == NUMBERS


SENTENCES = st.sampled_from(
    [NUMBERS, ASK, "Lunch is at one in the big hall.", "It takes a minute.", "- Tea for ten people", f"- {ASK}",
     "1. First of all the minutes are out", f"2. {ASK}", "To do:", "Hi all,", "Thanks!", "Ann", "", ""]
)  # fmt: skip


@given(st.lists(SENTENCES, min_size=1, max_size=9), st.sampled_from(list(Approach)))
@settings(max_examples=300, deadline=None)
def test_any_draft_reads_as_a_mail(lines: list[str], approach: Approach) -> None:
    """Whatever the mail, a draft says something, has no bare bullet and no pile of empty lines, and brings no word
    that was neither the sender's nor the offer's."""
    text = "\n".join(lines)
    found = draft(text, "Banner", [Marked(sentence=ASK, instead=OFFER)], approach, EN)
    if found is None:
        return
    assert says_something(found.text)
    assert ASK not in found.text
    assert not re.search(r"^[ \t]*(?:[-*•]|\d+[.)])[ \t]*$", found.text, re.M)
    assert found.text.count("\n\n\n") <= text.count("\n\n\n")
    assert set(re.findall(r"[^\W\d]+", found.text.casefold())) <= set(
        re.findall(r"[^\W\d]+", f"{text} {OFFER}".casefold())
    )
