"""The second opinion: what it may do, what it never does, and what its file and its training promise."""

import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.errors import UserError
from gateway.mail.reading import text_from
from gateway.policy.features import Features, digest, weighed
from gateway.policy.judge import judge
from gateway.policy.labels import Label, Mode
from gateway.policy.opinion import Thresholds
from gateway.policy.pack import Pack
from gateway.policy.packs import WEIGHTS, home, load
from gateway.policy.reading import read
from gateway.policy.verdict import Scene, Verdict
from gateway.policy.weights import SIZE, ZERO, Header, Weights, opened, place_of, seal_of, written
from tests.training.__main__ import Model, file_of
from tests.training.network import Network, rows_of, trained
from tests.training.regression import chances, fit

MANY = Scene(recipients=("all-staff@north.example",))
DEMAND = "All staff must add the new banner to their LinkedIn profile by Friday."
PLAIN = "The quarterly figures are ready. Our LinkedIn page has a new banner, made by the agency."


def as_likeliest(labels: tuple[Label, ...]) -> dict[str, tuple[float, ...]]:
    """A head by which a mail is what its likeliest sentence is."""
    rows = {
        f"{one} at most": tuple(float(label is one) for label in labels) for one in labels if one is not Label.OTHER
    }
    return rows | {"bias": (0.0,) * len(labels)}


NO_HEAD = {"bias": (0.0, 0.0)}


def leaning(odds: Mapping[Label, float], *, weighed_rules: bool = True) -> Weights:
    """A model that sees the same in every sentence."""
    rules = frozenset(load("ask-once").rules) if weighed_rules else frozenset()
    header = Header(
        labels=tuple(Label),
        bias=tuple(odds.get(label, 0.0 if label is Label.OTHER else -9.0) for label in Label),
        step=(1.0,) * len(Label),
        head=as_likeliest(tuple(Label)),
        rules=rules,
    )
    return opened(memoryview(written(header, bytes(SIZE), bytes([ZERO]) * SIZE * len(Label))))


def knowing(name: str) -> Weights:
    """A model that knows one feature, which says 0.5 for a demand."""
    header = Header(
        labels=(Label.DEMAND, Label.OTHER), bias=(0.5, 0.0), step=(0.25, 1.0), head=NO_HEAD, rules=frozenset()
    )
    rows, seals = bytearray([ZERO]) * SIZE * 2, bytearray(SIZE)
    place = place_of(digest(name))
    rows[2 * place], seals[place] = ZERO + 2, seal_of(digest(name))
    return opened(memoryview(written(header, bytes(seals), bytes(rows))))


def thinking(odds: Mapping[Label, float], *, weighed_rules: bool = True, **thresholds: float) -> Pack:
    """The ask-once pack with such a model, and no encoder."""
    pack = load("ask-once")
    assert pack.detector is not None
    model = leaning(odds, weighed_rules=weighed_rules)
    return replace(pack, detector=replace(pack.detector, model=model, encoders=None), opinion=Thresholds(**thresholds))


def said(body: str, pack: Pack, scene: Scene = MANY) -> Verdict:
    """The verdict on a mail without subject."""
    return judge(text_from("", body), scene, pack)


def test_a_sure_opinion_holds_what_no_rule_finds() -> None:
    """From the threshold on it holds, with the sentence, the label's rule and how sure it is."""
    verdict = said(PLAIN, thinking({Label.DEMAND: 4.0}, hold=0.9))
    assert (verdict.mode, verdict.label, verdict.findings[0].rule_id) == (Mode.HOLD, Label.DEMAND, "demand")
    assert "LinkedIn" in " ".join(finding.sentence for finding in verdict.findings)
    assert all(0.97 < finding.sure < 0.99 for finding in verdict.findings)


def test_an_opinion_never_speaks_for_the_memory() -> None:
    """A repeat-ask found by the model alone is told as the text's, not as an earlier ask somebody remembers."""
    verdict = said(PLAIN, thinking({Label.REPEAT_ASK: 4.0}, hold=0.9))
    assert {"repeat-ask"} == {finding.rule_id for finding in verdict.findings}


def test_an_unsure_opinion_holds_nothing() -> None:
    """Below the threshold, and with the default thresholds however sure, the rules alone decide."""
    assert said(PLAIN, thinking({Label.DEMAND: 1.0}, hold=0.9)).mode is Mode.OFF
    assert said(PLAIN, thinking({Label.DEMAND: 30.0})).findings == ()
    assert said(DEMAND, thinking({})).mode is Mode.HOLD


def test_where_no_network_is_named_it_must_be_surer() -> None:
    """`unnamed` stands in the place of `hold` for a mail without a network; named, `hold` counts again."""
    pack = thinking({Label.DEMAND: 1.0}, hold=0.5, unnamed=0.9)
    nameless = "The quarterly figures are ready. Our profile picture is new, made by the agency."
    assert said(nameless, thinking({Label.DEMAND: 1.0}, hold=0.5)).mode is Mode.HOLD
    assert said(nameless, pack).mode is Mode.OFF
    assert (
        said("The quarterly figures are ready. The new banner is the right size for LinkedIn.", pack).mode is Mode.HOLD
    )


def test_what_exclusions_cover_wants_a_surer_opinion() -> None:
    """A sentence about the company's own page is not held alone by an opinion that is merely likely."""
    own = "Please put the banner on the company Facebook and LinkedIn pages by Thursday."
    assert said(own, thinking({Label.DEMAND: 1.0}, hold=0.5)).mode is Mode.OFF
    assert said(own, thinking({Label.DEMAND: 4.0}, hold=0.5)).mode is Mode.HOLD


def test_grave_doubt_lets_pass_what_the_rules_hold() -> None:
    """Below `doubt` a hold of the rules passes; above it stands, and is the rules' own."""
    assert said(DEMAND, thinking({Label.DEMAND: -2.0}, doubt=0.3)).mode is Mode.OFF
    kept = said(DEMAND, thinking({Label.DEMAND: 0.0}, doubt=0.3))
    assert (kept.mode, kept.findings[0].sure) == (Mode.HOLD, 0.0)


def test_a_rule_the_model_was_not_weighed_with_has_the_last_word() -> None:
    """A site's own rule holds however unsure the model is, since it never saw that rule."""
    assert said(DEMAND, thinking({}, weighed_rules=False, hold=0.5, doubt=0.5)).mode is Mode.HOLD


def test_an_ask_that_only_the_model_finds_names_its_favour() -> None:
    """Memory needs to know what is asked for, whoever found the ask."""
    verdict = said(PLAIN, thinking({Label.FIRST_ASK: 4.0}, hold=0.9))
    assert (verdict.label, verdict.mode) == (Label.FIRST_ASK, Mode.OFF)
    assert verdict.favours


def test_a_working_hours_rule_read_by_contractors_is_held_whoever_finds_it() -> None:
    """Who works for us the directory knows; the model's finding is held for their sake too."""
    pack = thinking({Label.WORK_HOURS_RULE: 4.0}, hold=0.9)
    assert said(PLAIN, pack).mode is Mode.OFF
    mixed = replace(MANY, contractors=1)
    assert (said(PLAIN, pack, mixed).label, said(PLAIN, pack, mixed).mode) == (Label.CONTRACTOR_RULE, Mode.HOLD)


def test_mail_that_names_no_favour_is_not_weighed() -> None:
    """Without a favour in it there is nothing to have an opinion on."""
    pack = thinking({Label.DEMAND: 30.0}, hold=0.6)
    assert said("Lunch is at noon, please bring the badge photos.", pack).findings == ()


def test_features_are_of_the_sentences_about_the_favour() -> None:
    """Only sentences that name a favour and their neighbours are weighed; each sees what stands beside it."""
    detector = load("ask-once").detector
    assert detector is not None
    body = "Figures are in.\n\nLunch is at noon.\n\nPut the banner on your LinkedIn.\n\nIt rains.\n\nParking is shut."
    reading = read(text_from("", body), MANY, detector)
    places = weighed(reading)
    assert ["Lunch", "Put", "It"] == [reading.lines[place].original.split()[0].strip(".") for place in places]
    seen = set(Features(reading).of(places[1]))
    assert {"o linkedin", "o your linkedin", "p lunch", "q rains", "P figures", "Q parking", "many"} <= seen
    assert "o lunch" not in seen


def test_the_shipped_weights_are_read_and_count_for_the_digest(tmp_path: Path) -> None:
    """The pack's digest covers its weights; a file that is none is refused with its name."""
    detector = load("ask-once").detector
    assert detector is not None
    assert detector.model is not None
    assert detector.model.header.rules == frozenset(load("ask-once").rules)
    folder = tmp_path / "ask-once"
    folder.mkdir()
    for path in (path for path in (home() / "ask-once").iterdir() if path.is_file()):
        (folder / path.name).write_bytes(path.read_bytes())
    same = load(str(folder)).digest
    weights = folder / WEIGHTS
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.write_bytes(changed)
    assert same == load("ask-once").digest != load(str(folder)).digest
    for broken in (b"", b"nothing of the kind", bytes(changed[:-1]), bytes(changed[:100]) + b"\n" + bytes(changed)):
        weights.write_bytes(broken)
        with pytest.raises(UserError, match=r"opinion\.weights"):
            load(str(folder))


def test_a_model_says_what_was_written() -> None:
    """Probabilities are the softmax of bias and steps; `pull` is what one feature adds."""
    model = knowing("o share")
    assert model.pulls(["o share", "o like"], Label.DEMAND) == {"o share": 0.5, "o like": 0.0}
    assert model.probabilities(["o share", "o share"])[Label.DEMAND] == pytest.approx(1 / (1 + np.exp(-1.0)))
    assert model.probabilities([])[Label.DEMAND] == pytest.approx(1 / (1 + np.exp(-0.5)))


def test_a_stranger_whose_place_is_taken_adds_nothing() -> None:
    """A feature that the model does not know is not taken for the one whose place its digest leads to."""
    known_name = "o share"
    known = digest(known_name)
    names = (f"o {number}" for number in range(20_000_000))
    stranger = next(name for name in names if digest(name) != known and place_of(digest(name)) == place_of(known))
    model = knowing(known_name)
    assert model.pulls([known_name, stranger], Label.DEMAND) == {known_name: 0.5, stranger: 0.0}
    assert model.probabilities([stranger]) == model.probabilities([])


def test_a_model_handed_to_another_process_is_mapped_there() -> None:
    """Pickled, the shipped weights are a file's name and no megabytes; a model of no file goes as its bytes."""
    detector = load("ask-once").detector
    assert detector is not None
    assert detector.model is not None
    parcel = pickle.dumps(detector.model)
    names = ["o share", "many"]
    assert len(parcel) < 1000
    assert pickle.loads(parcel).probabilities(names) == detector.model.probabilities(names)
    model = leaning({Label.DEMAND: 2.0})
    assert pickle.loads(pickle.dumps(model)).probabilities(names) == model.probabilities(names)


def test_training_learns_what_separates_and_is_repeatable() -> None:
    """What goes with a class pulls towards it, also what only two features say together, and it comes out the same."""
    known, worth = codes(1, 2, 3, 9), np.array([1.0, 1.0, 1.0, 0.5])
    kinds = [codes(1, 9), codes(2, 9), codes(1, 2, 3), codes(3)]
    rows = rows_of([kinds[number % 4] for number in range(800)], known, worth)
    assert rows.sum() == 200 * (1.5 + 1.5 + 3 + 1)
    answers = [(0, 0, 1, 2)[number % 4] for number in range(800)]
    network = trained(rows, answers, 3, 4, rounds=400, dropped=0.1)
    said = network.chances(rows_of([*kinds, codes(8)], known, worth))
    assert said[:4].argmax(axis=1).tolist() == [0, 0, 1, 2]
    assert said[:4].max(axis=1).min() > 0.8
    again = trained(rows, answers, 3, 4, rounds=400, dropped=0.1)
    assert (network.table == again.table).all()


@pytest.mark.parametrize("subject", ["New banners", "LinkedIn banners", "New profile pictures", "Nouvelle bannière"])
@pytest.mark.parametrize("body", ["See attached.\n", "", "Hi all,\n\nSee attached.\n\nBest,\nAnn\n"])
def test_names_of_things_lean_on_nobody(subject: str, body: str) -> None:
    """However sure it is, the opinion alone holds no mail that only names what is attached; a question it does."""
    sure = thinking({Label.DEMAND: 9.0}, hold=0.5)
    assert judge(text_from(subject, body), MANY, sure).mode is not Mode.HOLD
    assert judge(text_from(subject, "Any news of your LinkedIn banner?"), MANY, sure).mode is Mode.HOLD


def test_two_encoders_ease_less_than_one() -> None:
    """What both see is seen; without a threshold of its own, as with one."""
    one = Thresholds(hold=0.5, eased=0.15)
    two = replace(one, eased_by_two=0.08)
    assert [one.alone((), network=True, encoders=number) for number in range(3)] == pytest.approx([0.5, 0.35, 0.35])
    assert [two.alone((), network=True, encoders=number) for number in range(3)] == pytest.approx([0.5, 0.35, 0.42])


def test_the_file_says_what_training_says() -> None:
    """A signed byte for each weight is enough: the loudest are not cut short, and the hidden numbers come through."""
    chance = np.random.default_rng(3)
    names = [f"o word{number}" for number in range(400)]
    order = np.argsort([digest(name) for name in names])
    known = codes(*sorted(digest(name) for name in names))
    table = chance.normal(0, 0.02, (400, len(Label) + 4))
    table[:5] *= 60
    network = Network(table, np.full(4, 0.1), chance.normal(0, 0.5, (4, len(Label))), np.zeros(len(Label)))
    worth = np.ones(400)
    model = opened(memoryview(file_of(Model(known, worth, network), {"bias": (0.0,) * len(Label)}, frozenset())))
    for _ in range(50):
        chosen = chance.choice(400, 30, replace=False).tolist()
        said = network.chances(rows_of([known[sorted(chosen)]], known, worth))[0]
        found = model.probabilities([names[order[place]] for place in chosen])
        assert [found[label] for label in Label] == pytest.approx(said.tolist(), abs=0.06)


def test_the_head_learns_what_numbers_say() -> None:
    """The regression of the whole mail separates, and its probabilities add up to 1."""
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]] * 20)
    weights = fit(rows, [0, 1, 2] * 20, 3, 1e-3)
    said = chances(rows[:3], weights)
    assert said.argmax(axis=1).tolist() == [0, 1, 2]
    assert said.sum(axis=1).tolist() == pytest.approx([1, 1, 1])


def codes(*digests: int) -> NDArray[np.uint32]:
    return np.array(digests, dtype=np.uint32)
