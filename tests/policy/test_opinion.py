"""The second opinion: what it may do, what it never does, and that its weights are what training makes of the cases."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.errors import UserError
from gateway.mail.reading import text_from
from gateway.policy.judge import judge
from gateway.policy.labels import Label, Mode
from gateway.policy.opinion import Model, Thresholds, Weights, features
from gateway.policy.pack import Pack
from gateway.policy.packs import home, load
from gateway.policy.reading import read
from gateway.policy.verdict import Scene, Verdict
from tests.training.regression import Row, fit

MANY = Scene(recipients=("all-staff@north.example",))
DEMAND = "All staff must add the new banner to their LinkedIn profile by Friday."
PLAIN = "The quarterly figures are ready. Our LinkedIn page has a new banner, made by the agency."


def thinking(bias: float, **thresholds: float) -> Pack:
    """The ask-once pack with a model that is always as sure as `bias` makes it."""
    pack = load("ask-once")
    assert pack.detector is not None
    labels = {Label.DEMAND: Weights(bias=1.0, of={}), Label.PUBLIC_PRAISE: Weights(bias=0.0, of={})}
    model = Model(hold=Weights(bias=bias, of={}), labels=labels)
    return replace(pack, detector=replace(pack.detector, model=model), opinion=Thresholds(**thresholds))


def said(body: str, pack: Pack, scene: Scene = MANY) -> Verdict:
    """The verdict on a mail without subject."""
    return judge(text_from("", body), scene, pack)


def test_a_sure_opinion_holds_what_no_rule_finds() -> None:
    """From the threshold on it holds, with the sentence, the label's rule and how sure it is."""
    verdict = said(PLAIN, thinking(4.0, hold=0.9))
    (finding,) = verdict.findings
    assert (verdict.mode, verdict.label, finding.rule_id) == (Mode.HOLD, Label.DEMAND, "demand")
    assert "LinkedIn" in finding.sentence
    assert 0.98 < finding.sure < 0.99


def test_an_opinion_never_speaks_for_the_memory() -> None:
    """A repeat-ask found by the model alone is told as the text's, not as an earlier ask somebody remembers."""
    pack = thinking(4.0, hold=0.9)
    assert pack.detector is not None
    model = Model(hold=Weights(bias=4.0, of={}), labels={Label.REPEAT_ASK: Weights(bias=1.0, of={})})
    verdict = said(PLAIN, replace(pack, detector=replace(pack.detector, model=model)))
    assert ["repeat-ask"] == [finding.rule_id for finding in verdict.findings]


def test_an_unsure_opinion_holds_nothing() -> None:
    """Below the threshold, and with the default thresholds however sure, the rules alone decide."""
    assert said(PLAIN, thinking(1.0, hold=0.9)).findings == ()
    assert said(PLAIN, thinking(30.0)).findings == ()
    assert said(DEMAND, thinking(-30.0)).mode is Mode.HOLD


def test_grave_doubt_lets_pass_what_the_rules_hold() -> None:
    """Below `doubt` a hold of the rules passes; above it stands, and is the rules' own."""
    assert said(DEMAND, thinking(-2.0, doubt=0.3)).mode is Mode.OFF
    kept = said(DEMAND, thinking(0.0, doubt=0.3))
    assert (kept.mode, kept.findings[0].sure) == (Mode.HOLD, 0.0)


def test_what_rules_know_as_harmless_is_never_held_by_opinion() -> None:
    """Private thanks, offers and work-hours rules pass however sure the model is."""
    for body, to in (
        ("All social templates now live at https://a.example/art. Nothing to do.", "all-staff@north.example"),
        ("Dana, many thanks for sharing the opening on your LinkedIn.", "dana.smith@north.example"),
        ("Please keep your personal Facebook and Instagram for your breaks.", "all-staff@north.example"),
    ):
        assert said(body, thinking(30.0, hold=0.6), Scene(recipients=(to,))).mode is Mode.OFF


def test_words_of_others_are_no_ground_for_an_opinion() -> None:
    """A reply that names no favour itself is not held for what it quotes."""
    quoted = "On 5 Oct 2026, Pat <pat@north.example> wrote:\n> The banner for your LinkedIn is here.\n"
    body = "Per, any luck with the Lindgren accounts?\n\n" + quoted
    assert judge(text_from("Re: Banner", body), MANY, thinking(30.0, hold=0.6)).mode is Mode.OFF


def test_mail_that_names_no_favour_is_not_weighed() -> None:
    """Without a favour in it there is nothing to have an opinion on."""
    assert said("Lunch is at noon, please bring the badge photos.", thinking(30.0, hold=0.6)).findings == ()


def test_the_shipped_weights_are_read_and_count_for_the_digest(tmp_path: Path) -> None:
    """The pack's digest covers `opinion.json`; a file that is none is refused with its name."""
    detector = load("ask-once").detector
    assert detector is not None
    assert detector.model is not None
    assert len(detector.model.hold.of) > 1000
    for name in ("ask-once", "english"):
        folder = tmp_path / name
        folder.mkdir()
        for path in (home() / name).iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
    same = load(str(tmp_path / "ask-once")).digest
    weights = tmp_path / "english" / "opinion.json"
    weights.write_bytes(weights.read_bytes() + b"\n")
    assert same == load("ask-once").digest != load(str(tmp_path / "ask-once")).digest
    weights.write_text('{"hold": 7}')
    with pytest.raises(UserError, match=r"opinion\.json"):
        load(str(tmp_path / "ask-once"))


def test_training_learns_what_separates_and_is_repeatable() -> None:
    """What goes with yes pulls up, what goes with no pulls down, and the same rows give the same weights."""
    rows = [Row(features=("a", "c") if number % 2 else ("b", "c"), yes=bool(number % 2)) for number in range(40)]
    weights = fit(rows, step=0.25)
    assert weights.sure({"a", "c"}) > 0.9
    assert weights.sure({"b", "c"}) < 0.1
    assert weights == fit(rows, step=0.25)


def test_features_are_of_the_sentences_about_the_favour() -> None:
    """Words of a sentence that names a favour and of its neighbours count, those further away do not."""
    detector = load("ask-once").detector
    assert detector is not None
    body = "Figures are in.\n\nLunch is at noon.\n\nPut the banner on your LinkedIn.\n\nThanks.\n\nParking is closed."
    seen = features(read(text_from("", body), MANY, detector))
    assert {"o linkedin", "n lunch", "many"} <= seen
    assert not {"n figures", "o lunch", "n parking"} & seen
