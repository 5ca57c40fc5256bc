"""Cases by several authors and the innocent mails: what is held, what passes, what the gate lets through."""

from pathlib import Path

import pytest

from gateway.mail.reading import text_from
from gateway.policy.cases import Case, read_cases
from gateway.policy.labels import Favour, Label, Mode
from gateway.policy.nearness import relevant
from gateway.policy.packs import load
from gateway.policy.verdict import Scene, Verdict
from tests.policy.reading_cases import POLICIES, cases, pack, said, verdict_on_case

FLOOR = {  # by language: precision, recall and right labels on mails that the weights were trained on
    "en": (0.93, 0.88, 0.8),
    "de": (0.9, 0.8, 0.7),
    "fr": (0.9, 0.8, 0.7),
    "es": (0.9, 0.8, 0.7),
    "pt": (0.9, 0.8, 0.7),
}


@pytest.fixture(scope="module")
def judged() -> list[tuple[Case, Verdict]]:
    """Every twenty-fourth open case and every innocent one with its verdict, worked out once."""
    sampled = [*read_cases(POLICIES / "cases", ["open"])[::24], *read_cases(POLICIES / "cases", ["innocent"])]
    return [(case, verdict_on_case(case)) for case in sampled]


@pytest.mark.parametrize("language", FLOOR)
def test_cases_are_held_as_labelled(language: str, judged: list[tuple[Case, Verdict]]) -> None:
    """On cases the weights were trained on: so many holds are right, so many of those due held, so many labels fit."""
    known = [(case, verdict) for case, verdict in judged if case.language == language and case.split == "open"]
    held = [case for case, verdict in known if verdict.mode is Mode.HOLD]
    right = sum(case.hold for case in held)
    labels = sum(case.label is verdict.label for case, verdict in known)
    precision, recall, label = FLOOR[language]
    assert right / len(held) >= precision
    assert right / sum(case.hold for case, _ in known) >= recall
    assert labels / len(known) >= label


STILL_HELD = frozenset(Path(__file__).with_name("still_held.txt").read_text("utf-8").split())  # ids: not managed yet
ROUNDING = 3  # mails at the threshold that another processor may weigh otherwise


def test_innocent_mail_is_not_held(judged: list[tuple[Case, Verdict]]) -> None:
    """Ordinary mail with the same words is not held, but for what stands in the list; who mends some of it shortens
    that."""
    innocent = [(case.id, verdict) for case, verdict in judged if case.split == "innocent"]
    held = {id_ for id_, verdict in innocent if verdict.mode is Mode.HOLD}
    assert len(innocent) > 500
    assert len(held - STILL_HELD) <= ROUNDING, held - STILL_HELD
    assert len(STILL_HELD - held) <= ROUNDING, STILL_HELD - held
    assert len(STILL_HELD) < 0.02 * len(innocent)


def test_the_gate_lets_every_labelled_case_through() -> None:
    """No mail with any label but "other" is stopped by the gate."""
    stopped = [
        case["id"]
        for name in ("shared_en.jsonl", "authored_d.jsonl", "authored_e.jsonl")
        for case in cases(name)
        if case["label"] != "other"
        and not relevant(text_from(case["subject"], case["body"], html=bool(case.get("html"))), pack())
    ]
    assert stopped == []


def test_never_ask_holds_a_first_ask_and_nothing_else_more() -> None:
    """Under never-ask a first ask is held; an offer, private thanks and a work-hours rule still pass."""
    ask = said("If you'd like the new banner for your own LinkedIn, it is attached.", name="never-ask")
    assert (ask.label, ask.mode) == (Label.FIRST_ASK, Mode.HOLD)
    for body, to in (
        ("All social templates now live at https://a.example/art. Nothing to do.", ("all-staff@north.example",)),
        ("Dana, many thanks for sharing the opening on your LinkedIn.", ("dana.smith@north.example",)),
        ("Please keep your personal Facebook and Instagram for your breaks.", ("all-staff@north.example",)),
    ):
        assert said(body, to=to, name="never-ask").mode is Mode.OFF


def test_an_ask_names_its_favours_and_its_artwork() -> None:
    """A profile change with a link names that favour and artwork; without one there is no artwork."""
    linked = said("Would you like the heron as your Facebook cover? https://a.example/h.png")
    bare = said("If you'd like something for Bird Week as your LinkedIn banner, please feel free.")
    assert (linked.favours, linked.artwork) == ({Favour.PROFILE_CHANGE}, True)
    assert (bare.favours, bare.artwork) == ({Favour.PROFILE_CHANGE}, False)


def test_a_held_ask_still_names_its_favour() -> None:
    """A demand asks too, so that memory can tell an earlier ask."""
    verdict = said("All staff must add the new banner to their LinkedIn profile.")
    assert verdict.label is Label.DEMAND
    assert verdict.favours == {Favour.PROFILE_CHANGE}


def test_only_what_the_sender_wrote_now_is_judged() -> None:
    """A quoted ask is not the sender's; a bare check above it points at it."""
    quoted = (
        "\n\nOn Mon, 5 Oct 2026 at 09:00, Pat <pat@north.example> wrote:\n> Would you like the banner for LinkedIn?\n"
    )
    assert said("Lovely weather today." + quoted, subject="Re: Banner").label is Label.OTHER
    assert said("Any luck with this?" + quoted, subject="Re: Banner").label is Label.COMPLIANCE_CHECK
    assert said("Per, any luck with the Lindgren accounts?" + quoted, subject="Re: Banner").label is Label.OTHER


def test_the_contractor_rule_needs_contractors() -> None:
    """The same words are a rule for employees, and held when the directory knows a contractor among the readers."""
    from gateway.policy.judge import judge

    text = text_from("Focus", "Team, please keep personal Instagram, X and so on for breaks.")
    employees = judge(text, Scene(recipients=("dev@north.example",), people=4, lists=True), pack())
    mixed = judge(text, Scene(recipients=("dev@north.example",), people=4, lists=True, contractors=1), pack())
    assert (employees.label, employees.mode) == (Label.WORK_HOURS_RULE, Mode.OFF)
    assert (mixed.label, mixed.mode) == (Label.CONTRACTOR_RULE, Mode.HOLD)


def test_thanks_before_others_is_praise() -> None:
    """Thanks to one person alone pass; with a second reader they are held."""
    body = "Dear Una, I saw you shared the concert with your friends on Facebook. That was kind of you."
    assert said(body, to=("una@north.example",)).label is Label.PRIVATE_THANKS
    assert said(body, to=("una@north.example", "val@north.example")).label is Label.PUBLIC_PRAISE


def test_a_finding_points_at_the_sentence() -> None:
    """Offsets of a finding are those of the sentence in the text; the subject is (-1, -1)."""
    text = text_from("Hi", "The canteen is open. All staff must add the new banner to their LinkedIn profile. Bye.")
    from gateway.policy.judge import judge

    finding = judge(text, Scene(recipients=("all@north.example",)), pack()).findings[0]
    assert text.text[finding.start : finding.end] == finding.sentence
    assert finding.sentence.startswith("All staff must")


def test_modes_are_set_by_rule_and_capped_by_monitor() -> None:
    """A rule's mode can be changed by id; monitor caps every mode; an unknown rule is refused."""
    assert load("ask-once", modes={"demand": "tag"}).rules["demand"].mode is Mode.TAG
    assert {rule.mode for rule in load("ask-once", monitor=True).rules.values()} <= {Mode.OFF, Mode.MONITOR}
