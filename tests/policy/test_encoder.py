"""The encoder: what it reads of a mail, when it is asked, and what happens where it cannot be."""

import hashlib
import pickle
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.cli.policy_work import MEANS, by_means, stretches
from gateway.errors import UserError
from gateway.mail.reading import text_from
from gateway.policy import packs
from gateway.policy.encoder import KIND, Encoded, Encoder
from gateway.policy.encoders import Encoders
from gateway.policy.features import weighed
from gateway.policy.judge import judge
from gateway.policy.labels import Label
from gateway.policy.line import Reading
from gateway.policy.opinion import Opinion, Thresholds, opinion
from gateway.policy.pack import Pack
from gateway.policy.packs import ENCODER, home, load
from gateway.policy.passage import MOST, Passage, passage
from gateway.policy.reading import exclude, read
from gateway.policy.verdict import Scene
from gateway.policy.wordpiece import BEGIN, END, UNKNOWN, WordPiece
from tests.policy.test_opinion import leaning

MANY = Scene(recipients=("all-staff@north.example",))
ASK = "If you like, you could put our new banner on your own LinkedIn profile; nobody minds if you don't."
WORDS = (UNKNOWN, BEGIN, END, "to", "many", "one", "replying", ",", ":", "banner", "linkedin", "profile", "lunch")
PIECES = WordPiece({piece: number for number, piece in enumerate(WORDS)})


def reading_of(body: str, subject: str = "", scene: Scene = MANY) -> Reading:
    detector = load("ask-once").detector
    assert detector is not None
    return read(text_from(subject, body), scene, detector)


def passage_of(reading: Reading) -> Passage:
    return passage(reading, weighed(reading), PIECES)


def named(found: Passage) -> list[str]:
    return [WORDS[number] for number in found.pieces]


def shipped() -> Encoder:
    detector = load("ask-once").detector
    assert detector is not None
    assert detector.encoders is not None
    assert detector.encoders.english is not None
    return detector.encoders.english


class Sure(Encoder):
    """One that says the same of every mail, and counts how often it is asked."""

    def __init__(self, label: Label) -> None:
        super().__init__(Path("nowhere"), "")
        self.label, self.asked = label, 0

    def says(self, reading: Reading, places: Collection[int]) -> Encoded | None:
        self.asked += 1
        chances = {label: float(label is self.label) for label in Label}
        return Encoded(mail=chances, lines={reading.lines[place]: chances for place in places})


def doubting(reading: Reading, likely: dict[Label, float]) -> Opinion:
    found = opinion(reading, leaning(likely))
    assert found is not None
    return found


def judging(asked: Encoder, likely: dict[Label, float], **thresholds: float) -> Pack:
    """The ask-once pack with this encoder, a regression that sees the same in every sentence, and these thresholds."""
    pack = load("ask-once")
    assert pack.detector is not None
    detector = replace(pack.detector, model=leaning(likely), encoders=Encoders(asked))
    return replace(pack, detector=detector, opinion=Thresholds(**thresholds))


def test_it_reads_who_gets_it_the_subject_and_what_counts() -> None:
    """In the mail's order, between marks; each sentence's pieces are known."""
    reading = reading_of("Put the banner on your LinkedIn profile.\n\nLunch is at noon.", "Banner")
    found = passage_of(reading)
    said = named(found)

    assert said[:4] == [BEGIN, "to", "many", ":"]
    assert [line.original.strip() for line, _, _ in found.spans][:2] == [
        "Banner",
        "Put the banner on your LinkedIn profile.",
    ]
    assert next(said[start:end] for _, start, end in found.spans) == ["banner"]
    assert said.count(END) == 2
    assert found.quoted_from == len(said)


def test_it_reads_a_little_of_what_is_quoted() -> None:
    """An answer of two words means what it answers."""
    body = "Done yet, all of you?\n\nOn Monday Kim wrote:\n> Please put the banner on your LinkedIn profile.\n"
    found = passage_of(reading_of(body))
    said = named(found)

    assert "replying" in said
    assert "banner" in said[found.quoted_from :]
    assert "banner" not in said[: found.quoted_from]


def test_of_a_long_mail_it_reads_what_names_the_favour() -> None:
    """There is room for so many pieces; the plainest sentences come first, wherever they stand."""
    chatter = "Somebody may want to share a post about the banner with a friend one of these days, or not. " * 40
    found = passage_of(reading_of(f"{chatter}\n\nPut the banner on your LinkedIn profile."))

    assert len(found.pieces) <= MOST
    assert found.spans[-1][0].original.strip() == "Put the banner on your LinkedIn profile."


def test_exclusions_make_no_difference_to_what_it_reads() -> None:
    """Whether rules fired before it was asked, and so excluded sentences, is not its business."""
    reading = reading_of("Phishing: a fake mail asks you to share your Facebook password. Do not click.")
    found = doubting(reading, {})
    before = passage(reading, found.places, PIECES)
    detector = load("ask-once").detector
    assert detector is not None
    exclude(reading, detector)

    assert any(line.out for line in reading.lines)
    assert passage(reading, found.places, PIECES) == before


def test_what_it_says_adds_up() -> None:
    """Probabilities for the mail and for each sentence that it has read; an open ask is what it thinks it is."""
    reading = reading_of(f"Good morning all.\n\n{ASK}")
    found = shipped().says(reading, weighed(reading))
    assert found is not None

    assert sum(found.mail.values()) == pytest.approx(1.0, abs=1e-4)
    assert set(found.mail) == set(Label)
    assert set(found.lines) <= set(reading.lines)
    assert all(sum(chances.values()) == pytest.approx(1.0, abs=1e-4) for chances in found.lines.values())
    assert max(found.mail, key=found.mail.__getitem__) is Label.FIRST_ASK


def test_two_opinions_that_agree_are_one() -> None:
    """Whatever the share; and without a share the encoder changes nothing."""
    reading = reading_of(ASK)
    alone = doubting(reading, {Label.DEMAND: 0.5, Label.CALL_OUT: -1.0})
    chances = alone.whole().chances
    same = Encoded(mail=chances, lines={})
    other = Encoded(mail={label: float(label is Label.OTHER) for label in Label}, lines={})

    for share in (0.2, 0.5, 1.0):
        assert alone.joined(same, share).whole().chances == pytest.approx(chances, abs=1e-3)
    assert alone.joined(other, 0.0).whole().chances == pytest.approx(chances, abs=1e-3)
    assert alone.joined(other, 1.0).whole().chances[Label.OTHER] > 0.99
    assert alone.joined(None, 0.5) is alone


def test_it_has_its_share_in_each_sentence() -> None:
    """What a sentence is, and which sentence is shown, follows both."""
    reading = reading_of(f"Good morning all.\n\n{ASK}")
    alone = doubting(reading, {Label.DEMAND: 0.0})
    joined = alone.joined(Sure(Label.DEMAND).says(reading, alone.places[-1:]), 0.5)

    assert joined.chance(Label.DEMAND) == pytest.approx((1 + alone.chance(Label.DEMAND)) / 2)
    assert joined.where(Label.DEMAND)[0][0] is reading.lines[alone.places[-1]]


def test_it_is_asked_where_there_is_doubt() -> None:
    """And makes the difference; where the regression is certain, or sees nothing at all, nobody waits for it."""
    demanding, plain = Sure(Label.DEMAND), {Label.OTHER: 0.0, Label.DEMAND: -0.5}
    assert judge(text_from("", ASK), MANY, judging(demanding, plain, hold=0.6)).label is not Label.DEMAND
    assert judge(text_from("", ASK), MANY, judging(demanding, plain, hold=0.6, encoder=0.5)).label is Label.DEMAND
    asked = demanding.asked
    for certain in ({Label.OTHER: 9.0}, {Label.DEMAND: 9.0}):
        judge(text_from("", ASK), MANY, judging(demanding, certain, hold=0.6, encoder=0.5))
    assert demanding.asked == asked


def test_an_unusable_file_leaves_the_regression_alone(tmp_path: Path) -> None:
    """No mail waits or fails for it; the log names the file, once."""
    broken = tmp_path / ENCODER
    broken.write_bytes(KIND.encode())
    encoder = Encoder(broken, hashlib.sha256(KIND.encode()).hexdigest())
    reading = reading_of(ASK)

    with capture_logs() as logs:
        assert [encoder.says(reading, weighed(reading)) for _ in range(2)] == [None, None]

    assert [(one["event"].partition(":")[0], one["file"]) for one in logs] == [("encoder not usable", str(broken))]
    with pytest.raises(UserError, match="not the encoder of a second opinion") as refused:
        encoder.check()
    assert refused.value.where == str(broken)


def test_a_run_that_fails_leaves_the_regression_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of memory, say."""
    encoder, reading = shipped(), reading_of(ASK)
    encoder = Encoder(encoder.place, encoder.digest)
    assert encoder.says(reading, weighed(reading)) is not None

    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(encoder._opened, "run", fail)
    with capture_logs() as logs:
        assert encoder.says(reading, weighed(reading)) is None
    assert len(logs) == 1


def test_a_file_that_was_changed_since_the_start_is_not_used(tmp_path: Path) -> None:
    """The audit names the one that was there."""
    changed = tmp_path / ENCODER
    changed.write_bytes((home() / "ask-once" / ENCODER).read_bytes() + b" ")
    with pytest.raises(UserError, match="not the file it was"):
        Encoder(changed, shipped().digest).check()


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (b"askonce encoder", b"another encoder", "another encoder"),
        (b"demand call-out", b"demand demand  ", "every label"),
        (b"\n[CLS]\n", b"\n[ABC]\n", "vocabulary"),
        (b"account-access demand", b"demand account-access", ""),
    ],
)
def test_another_models_file_is_refused(tmp_path: Path, was: bytes, now: bytes, said: str) -> None:
    """A file that onnxruntime runs, and that is not ours; another order of the labels is its own business."""
    data = (home() / "ask-once" / ENCODER).read_bytes()
    assert was in data
    other = tmp_path / ENCODER
    other.write_bytes(data.replace(was, now))
    encoder = Encoder(other, hashlib.sha256(other.read_bytes()).hexdigest())
    if not said:
        encoder.check()
        return
    with pytest.raises(UserError, match=said):
        encoder.check()


def test_a_pack_with_something_else_for_an_encoder_is_refused(tmp_path: Path) -> None:
    """At once, with the file; lint says the same."""
    (tmp_path / "pack.toml").write_text('name = "ours"\nversion = "1"\nextends = "ask-once"\n')
    (tmp_path / ENCODER).write_bytes(b"not an encoder")
    with pytest.raises(UserError, match="not the encoder") as refused:
        load(str(tmp_path))
    assert refused.value.where == str(tmp_path / ENCODER)

    (tmp_path / ENCODER).write_bytes(b"cut: " + KIND.encode())
    found, rest = stretches(tmp_path, fast=True, timed=set())
    assert [(one.kind, one.where) for one in found] == [("fault", str(tmp_path / ENCODER))]
    assert rest == []


def test_without_onnxruntime_the_pack_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """The regression decides alone, and the audit tells by the pack's digest."""
    whole = load("ask-once")
    monkeypatch.setattr(packs, "usable", lambda: False)
    light = load("ask-once")

    assert light.detector is not None
    assert light.detector.encoders is None
    assert light.identity != whole.identity
    demand = "All staff must add the new banner to their LinkedIn profile by Friday."
    assert judge(text_from("", demand), MANY, light).label is Label.DEMAND


def test_an_encoder_handed_to_another_process_is_opened_there() -> None:
    """Only its file's place and digest cross."""
    again, reading = pickle.loads(pickle.dumps(shipped())), reading_of(ASK)
    assert len(pickle.dumps(shipped())) < 1000
    assert again.says(reading, weighed(reading)) is not None


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ("All staff must add the new banner to their LinkedIn profile by Friday.", (1, 0)),
        ("Bitte denkt daran, dass alle bis Freitag das neue Titelbild in ihrem LinkedIn-Profil haben.", (1, 1)),
        ("Merci de mettre la bannière sur votre profil LinkedIn avant vendredi, sans faute.", (1, 1)),
        ("Mettete il banner sul vostro profilo LinkedIn entro venerdì.", (1, 1)),
    ],
)
def test_what_is_not_english_is_read_by_both(body: str, asked: tuple[int, int]) -> None:
    """English by one; everything else by two, who say the mean of what each says; where there is only one, by that."""
    english, others = Sure(Label.DEMAND), Sure(Label.CALL_OUT)
    reading = reading_of(body)
    places = weighed(reading)
    said = Encoders(english, others).says(reading, places)
    assert said is not None
    assert (english.asked, others.asked) == asked
    share = 1 / sum(asked)
    for chances in (said.mail, *said.lines.values()):
        assert (chances[Label.DEMAND], chances[Label.CALL_OUT]) == (share, 1 - share)
    for alone in (Encoders(english), Encoders(None, english)):
        only = alone.says(reading, places)
        assert only is not None
        assert only.mail[Label.DEMAND] == 1.0
    assert not Encoders()


def test_several_threads_share_one() -> None:
    """Opened once, and each has its own answer."""
    encoder = Encoder(shipped().place, shipped().digest)
    readings = [reading_of(ASK), reading_of("All staff must add the banner to their LinkedIn profile by Friday.")] * 4
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda one: encoder.says(one, weighed(one)), readings))
    alone = [encoder.says(one, weighed(one)) for one in readings]
    assert [one and one.mail for one in found] == [one and one.mail for one in alone]


def test_a_pack_judges_by_parts_of_it() -> None:
    """The rules alone, the regression alone, and what else `policy score --by means` compares."""
    pack = load("ask-once")
    parts = {name: by_means(pack, means).detector for name, means in MEANS.items()}
    has = {
        name: (bool(one.conditions), one.model is not None, one.encoders is not None)
        for name, one in parts.items()
        if one
    }
    assert has == {
        "rules alone": (True, False, False),
        "regression alone": (False, True, False),
        "regression and encoder": (False, True, True),
        "rules and regression": (True, True, False),
    }


def test_what_rules_and_regression_know_as_an_offer_is_no_ask() -> None:
    """An encoder alone does not make an ask of it; where the rules find an ask too, it may."""
    offer = "The artwork is attached, for anyone who may ever want it."
    asked = Sure(Label.FIRST_ASK)
    pack = judging(asked, {Label.RESOURCE_OFFER: 0.6}, hold=0.5, doubt=0.5, encoder=0.6)
    text = text_from("Our new banner for LinkedIn", f"Hi,\n\n{offer}\n\nLunch is at one.")
    assert judge(text, MANY, pack).label is Label.RESOURCE_OFFER
    assert judge(text_from("", ASK), MANY, pack).label is Label.FIRST_ASK
    assert asked.asked == 2
