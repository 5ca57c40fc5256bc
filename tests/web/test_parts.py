"""The page's pure parts: marks in place, suggestions applied, words, bounds, colours."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.holds.hold import EarlierAsk
from gateway.holds.lifecycle import HoldState
from gateway.language.catalogue import catalogue
from gateway.mail.text import Block, BlockKind, MessageText
from gateway.policy.labels import Label, Mode
from gateway.policy.pack import Pack
from gateway.policy.verdict import Finding
from gateway.web import words
from gateway.web.forms import body_text, one_line
from gateway.web.pace import Pace, TooOften
from gateway.web.reasons import Quote, Reason, reasons_for
from gateway.web.rewording import left_out, reworded
from gateway.web.sheet import encodable, harmless, lay_out, on_one_line
from gateway.web.story import story
from tests.web.desk import ANN, NOON, Desk

EN = catalogue("en")
EMPTY = Pack(name="none", version="0", digest="0")


def finding(start: int, end: int, label: Label = Label.DEMAND, rule: str = "r", mode: Mode = Mode.HOLD) -> Finding:
    """One finding at these offsets."""
    return Finding(rule_id=rule, label=label, mode=mode, start=start, end=end, sentence="s", because="because")


def reason(*sentences: str, fix: str = "") -> Reason:
    """One reason with these sentences."""
    return Reason(
        number=1,
        rule_id="r",
        label=Label.DEMAND,
        title="t",
        why="",
        advice="",
        fix=fix,
        quotes=tuple(Quote(start=0, end=1, sentence=sentence, because="") for sentence in sentences),
        references=(),
    )


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(-1, 70), st.integers(-1, 70)), max_size=6))
def test_the_sheet_shows_every_visible_character_once_and_in_order(text: str, spans: list[tuple[int, int]]) -> None:
    """Whatever the findings' offsets are, cutting at them loses, doubles and moves nothing."""
    half = len(text) // 2
    blocks = (
        Block(kind=BlockKind.AUTHORED, start=0, end=half),
        Block(kind=BlockKind.QUOTED, start=half, end=len(text)),
    )
    found = [finding(*sorted(span), rule=f"r{number}") for number, span in enumerate(spans)]
    sheet = lay_out(MessageText(subject="x", text=text, blocks=blocks), reasons_for(found, EMPTY, EN))
    shown = "".join(part.text for passage in sheet.passages for part in passage.stretches)
    blank = str.maketrans("", "", "\ufffd" + "".join(c for c in text + " \n" if c.isspace()))
    assert shown.translate(blank) == harmless(text).translate(blank)


def test_overlapping_findings_mark_what_each_of_them_holds() -> None:
    """Two rules on overlapping words: three stretches, each with the reasons that hold it."""
    text = MessageText(subject="", text="abcdef", blocks=(Block(kind=BlockKind.AUTHORED, start=0, end=6),))
    reasons = reasons_for([finding(0, 4, rule="one"), finding(2, 6, Label.REPEAT_ASK, "two")], EMPTY, EN)
    [passage] = lay_out(text, reasons).passages
    assert [(part.text, part.reasons) for part in passage.stretches] == [("ab", (1,)), ("cd", (1, 2)), ("ef", (2,))]


def test_a_finding_in_the_subject_marks_the_subject() -> None:
    """Offsets -1 stand for the subject line."""
    text = MessageText(subject="Reminder: banner", text="", blocks=())
    sheet = lay_out(text, reasons_for([finding(-1, -1)], EMPTY, EN))
    assert [(part.text, part.reasons) for part in sheet.subject] == [("Reminder: banner", (1,))]


def test_hidden_words_are_shown_only_where_they_are_held() -> None:
    """What readers do not see is left out, unless it is the reason."""
    text = MessageText(subject="", text="seenhidden", blocks=(
        Block(kind=BlockKind.AUTHORED, start=0, end=4), Block(kind=BlockKind.HIDDEN, start=4, end=10),
    ))  # fmt: skip
    assert len(lay_out(text, ()).passages) == 1
    assert len(lay_out(text, reasons_for([finding(4, 10)], EMPTY, EN)).passages) == 2


def test_reasons_are_one_for_each_rule_strictest_first_and_only_those_that_hold() -> None:
    """Rules that only watch or tag are no reason; several sentences of one rule are one reason."""
    found = [
        finding(9, 12, Label.REPEAT_ASK, "again"),
        finding(0, 4, Label.DEMAND, "must"),
        finding(5, 8, Label.DEMAND, "must"),
        finding(0, 4, Label.CALL_OUT, "watched", Mode.MONITOR),
        finding(0, 4, Label.FIRST_ASK, "off", Mode.OFF),
    ]
    reasons = reasons_for(found, EMPTY, EN)
    assert [(one.number, one.rule_id, len(one.quotes)) for one in reasons] == [(1, "must", 2), (2, "again", 1)]


@pytest.mark.parametrize(
    ("text", "sentences", "expected"),
    [
        ("One. Two. Three.", ["Two."], "One. Three."),
        ("One.\n\nTwo.\n\nThree.", ["Two."], "One.\n\nThree."),
        ("Two. Three.", ["Two."], "Three."),
        ("One. Two.", ["Two."], "One."),
        ("One. Two\n  more. Three.", ["Two more."], "One. Three."),
        ("One. Two. Three.", ["One.", "Three."], "Two."),
        ("One.", ["Elsewhere."], "One."),
        ("a.*b (c) [d]", [".*b (c)"], "a [d]"),
        ("One.", [""], "One."),
    ],
)
def test_leaving_sentences_out_keeps_the_rest(text: str, sentences: list[str], expected: str) -> None:
    """Only the held sentences go, with the gap they leave; line breaks inside them do not matter."""
    assert left_out(text, reason(*sentences)) == expected


def test_a_suggestion_takes_the_place_of_the_first_sentence() -> None:
    """The first is replaced, the others go; a second press does not put it in twice."""
    why = reason("Two.", "Three.", fix=r"It is \1 kept.")
    once = reworded("One. Two. Three. Four.", why)
    assert once == r"One. It is \1 kept. Four."
    assert reworded(once, why) == once


@given(st.text(max_size=80))
def test_what_is_typed_arrives_as_one_header_line(text: str) -> None:
    """A subject never holds a line break or a control, whatever was posted."""
    line = one_line(text, 40)
    assert len(line) <= 40
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", line)


@given(st.text(max_size=80))
def test_texts_for_the_page_keep_their_length_and_can_be_encoded(text: str) -> None:
    """Offsets stay true, and no lone surrogate can break a page."""
    for made in (harmless(text), encodable(text)):
        assert len(made) == len(text)
        made.encode("utf-8")
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", harmless(text))
    assert "\n" not in on_one_line(text)
    assert "\r" not in body_text(text)


@given(st.text(st.characters(max_codepoint=0x200), max_size=80))
def test_a_text_box_gives_no_controls(text: str) -> None:
    """P11: of the control characters only newline and tab come out of a text box."""
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", body_text(text))


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(days=6, hours=21), "6 days"),
        (timedelta(days=2), "2 days"),
        (timedelta(days=1, hours=5), "29 hours"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(seconds=20), "less than a minute"),
        (timedelta(0), ""),
        (timedelta(days=-1), ""),
    ],
)
def test_the_time_left_is_said_in_plain_words(left: timedelta, expected: str) -> None:
    """Days, hours or minutes, never a sum of them, never more than there is."""
    assert words.remaining(NOON + left, NOON, EN) == expected


@pytest.mark.parametrize("state", list(HoldState))
async def test_every_state_has_its_words(desk: Desk, state: HoldState) -> None:
    """No state of the lifecycle is without a title and a sentence."""
    told = story(replace(await desk.hold(), state=state, changed_at=NOON, changed_by="compliance:Noor"), EN)
    assert told.title
    assert told.told
    assert told.by == "by Noor, compliance"


@pytest.mark.parametrize("state", list(HoldState))
@pytest.mark.parametrize("by", ["", "sender", "delegate:cem@corp.example"])
async def test_a_delegate_is_told_of_a_mail_that_is_not_theirs(desk: Desk, state: HoldState, by: str) -> None:
    """It is "this mail", whatever became of it and whoever saw to it; the sender's own is "your mail"."""
    held = replace(await desk.hold(), state=state, changed_at=NOON, changed_by=by)
    told = story(held, EN, "delegate:cem@corp.example")
    said = f"{told.title} {told.told}".lower()
    assert not any(words in said for words in ("your mail", "waiting for you", "back to you", "your inbox"))
    if state in (HoldState.HELD, HoldState.SENT):
        assert story(held, EN).title.startswith("Your mail")


async def test_memory_tells_only_the_asker(desk: Desk) -> None:
    """One's own asks with their dates, all others in one line without details."""
    held = await desk.hold()
    own = EarlierAsk(asker=ANN, at=datetime(2026, 3, 3, tzinfo=UTC), subject="Mine", people=1)
    other = EarlierAsk(asker="zoe@corp.example", at=datetime(2026, 4, 4, tzinfo=UTC), subject="Theirs", people=9)
    told = words.memory(held.sender, (own, other, other), 365, EN)
    assert told[0] == "You asked this group on 3 March 2026, in “Mine” (1 person)."
    assert len(told) == 2
    assert "Theirs" not in told[1]
    assert "April" not in told[1]


async def test_only_two_checks_run_at_once() -> None:
    """A third waits, and is told to come back when it waited too long."""
    pace = Pace(patience=0.05)
    inside = asyncio.Event()
    leave = asyncio.Event()

    async def check(number: int) -> None:
        async with pace.recheck(f"hold-{number}"):
            inside.set()
            await leave.wait()

    running = [asyncio.create_task(check(number)) for number in range(2)]
    await inside.wait()
    with pytest.raises(TooOften):
        await check(2)
    leave.set()
    await asyncio.gather(*running)
    async with pace.recheck("hold-3"):
        pass


async def test_one_hold_cannot_use_up_the_checks() -> None:
    """A burst for each hold, then a steady few a second; others are not touched by it."""
    now = [0.0]
    pace = Pace(checks=(3, 1), now=lambda: now[0])

    async def once(hold: str) -> bool:
        try:
            async with pace.recheck(hold):
                return True
        except TooOften:
            return False

    assert [await once("a") for _ in range(5)] == [True, True, True, False, False]
    assert await once("b")
    now[0] += 2
    assert [await once("a") for _ in range(3)] == [True, True, False]


async def test_what_pace_remembers_is_bounded() -> None:
    """Five thousand holds leave two thousand traces, and no lock once nobody holds it."""
    pace = Pace()
    for number in range(5000):
        async with pace.turn(f"hold-{number}"):
            pace.first_look(f"hold-{number}")
    assert (len(pace._looks), len(pace._buckets), len(pace._turns)) == (2048, 2048, 0)


async def test_presses_take_turns_and_are_bounded() -> None:
    """Two presses for one hold never run at once; past the burst one is told to wait."""
    pace = Pace(presses=(3, 1), now=lambda: 0.0)
    inside = 0

    async def press() -> bool:
        nonlocal inside
        try:
            async with pace.turn("a"):
                inside += 1
                assert inside == 1
                await asyncio.sleep(0)
                inside -= 1
        except TooOften:
            return False
        return True

    assert sorted(await asyncio.gather(*(press() for _ in range(5)))) == [False, False, True, True, True]
    assert pace._turns == {}


def test_a_look_is_noted_once_a_minute() -> None:
    """The first at once, the next after a minute."""
    now = [0.0]
    pace = Pace(now=lambda: now[0])
    assert pace.first_look("a")
    now[0] = 59
    assert not pace.first_look("a")
    assert pace.first_look("b")
    now[0] = 61
    assert pace.first_look("a")


STYLE = (Path(words.__file__).parent / "static" / "askonce.css").read_text("utf-8")
PAIRS = [
    *[("ink", ground) for ground in ("ground", "paper", "marker", "ask", "good")],
    *[("soft", ground) for ground in ("ground", "paper")],
    *[("accent", ground) for ground in ("ground", "paper", "good")],
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("good-ink", "good"),
    ("alert", "paper"),
    ("badge-ink", "badge"),
]


@pytest.mark.parametrize(("ink", "ground"), PAIRS)
@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_are_easy_to_read(ink: str, ground: str, scheme: int) -> None:
    """Text on its ground has a contrast of at least 4.5 to 1, in both schemes (WCAG 2.2, 1.4.3)."""
    colours = dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", re.findall(r":root\s*\{(.*?)\}", STYLE, re.S)[scheme]))
    one, other = sorted((_luminance(colours[ink]), _luminance(colours[ground])))
    assert (other + 0.05) / (one + 0.05) >= 4.5


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_our_own_files_point_nowhere_else() -> None:
    """Neither style nor script nor templates name another site, and no template switches escaping off."""
    root = Path(words.__file__).parent
    for path in [*root.glob("pages/*.html"), *root.glob("static/*")]:
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text
        assert "https://" not in text.replace('startswith("https://")', "")
        assert "|safe" not in text
        assert "| safe" not in text
        assert not re.search(r"\son\w+=|\sstyle=|<style|innerHTML|eval\(", text)
