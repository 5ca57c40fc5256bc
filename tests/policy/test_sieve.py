"""The sieve: whether a mail's words together are about the matter."""

import json
from pathlib import Path

import pytest

from gateway.errors import UserError
from gateway.mail.reading import text_from
from gateway.mail.text import MessageText
from gateway.policy.judge import judge
from gateway.policy.nearness import near, relevant
from gateway.policy.pack import Pack
from gateway.policy.packs import SIEVE, home, load
from gateway.policy.sieve import MAGIC, SIZE, WIDE, Sieve, read_sieve, stretches, words_in
from gateway.policy.verdict import Scene

FARAWAY = (
    "Does the header of the data frame have to be the same as in the regression? "
    "I ran the script on Debian and the compiler warns of a missing tag in the package."
)
ASKED = "Please put the new banner on your LinkedIn profile by Friday, all of you."
HINTED = "By my reckoning a shade under a third of teachers have the event on their own timelines."
OWN_RULE = """
id = "data-frames"
title = "No data frames"
label = "demand"
status = "stable"
mode = "hold"
why = "A rule of this site's own."
advice = "Leave them out."
despite = ["software"]
hit = ["Use the data frame."]
miss = ["Use the table."]

[[when]]
say = ["data frame"]
"""


def pack() -> Pack:
    return load("ask-once")


def is_near(text: MessageText, one: Pack | None = None) -> bool:
    chosen = one or pack()
    assert chosen.detector is not None
    return near(text, chosen, chosen.detector)


def test_words_that_open_the_gate_are_not_enough() -> None:
    """Mail about something else in words the gate knows is not read; mail about the matter is."""
    assert not relevant(text_from("Re: regression", FARAWAY), pack())
    assert relevant(text_from("Banner", ASKED), pack())


@pytest.mark.parametrize("beside", ["", " é"])
def test_an_apostrophe_is_part_of_a_word_only_inside_it(beside: str) -> None:
    """Whether all of a text is ASCII makes no difference to its words."""
    text = f"'The TEAM's' don't-x'y'z o'' 'tis a_b, rock'n'roll\t5'{beside}"
    expected = ["the", "team's", "don't", "x'y", "z", "o", "tis", "a", "b", "rock'n", "roll", "5"]
    assert words_in(text) == [*expected, *beside.split()]


def test_a_gate_that_stands_ajar_takes_more() -> None:
    """One weak word is enough where the words together are plainly about the matter, and only there."""
    assert relevant(text_from("", HINTED), pack())
    assert not relevant(
        text_from("", "Which platform and compiler version do you use? The package fails to build on mine."), pack()
    )


def test_one_paragraph_counts_in_the_longest_mail() -> None:
    """Other business before and behind it changes nothing."""
    assert is_near(text_from("Minutes", f"{FARAWAY}\n\n" * 60 + ASKED + f"\n\n{FARAWAY}" * 60))


def test_what_nobody_sees_drowns_nothing() -> None:
    """Hidden words between the others are not weighed."""
    hidden = '<span style="display:none"> compiler regression kernel header matrix </span>'
    body = "<p>" + f" {hidden}".join(ASKED.split()) + "</p>"
    assert is_near(text_from("Banner", body, html=True))


@pytest.mark.parametrize("name", ["L i n k e d I n", "L1nked1n pr0file", "Lin\u200bked\u200bIn"])
def test_disguised_words_are_let_through(name: str) -> None:
    """What only the gate's second look finds is read, whatever the sieve makes of the rest."""
    assert is_near(text_from("", f"The compiler warns: header on {name}, matrix, kernel."))


def test_a_mail_is_as_near_as_what_it_quotes() -> None:
    """An answer that leaves the matter unsaid is about what stands below it."""
    below = f"\n\nOn Mon, 2 Mar 2026, Ann wrote:\n> {ASKED}\n"
    assert is_near(text_from("Re: Banner", f"Any progress there?{below}"))


def test_a_rule_of_a_sites_own_reads_what_the_gate_lets_through(tmp_path: Path) -> None:
    """Neither sieve nor opinion was made with it."""
    (tmp_path / "pack.toml").write_text('name = "mine"\nversion = "1"\nextends = "ask-once"\n')
    (tmp_path / "data-frames.toml").write_text(OWN_RULE)
    own = load(str(tmp_path))

    verdict = judge(text_from("", FARAWAY), Scene(recipients=("all@x.example",)), own)

    assert [finding.rule_id for finding in verdict.findings] == ["data-frames"]


def test_a_pack_may_do_without(tmp_path: Path) -> None:
    """With `near` at 0 all that opens the gate is read, and nothing that sets it ajar."""
    (tmp_path / "pack.toml").write_text('name = "m"\nversion = "1"\nextends = "ask-once"\n[opinion]\nhold = 0.5\n')
    without = load(str(tmp_path))

    assert relevant(text_from("", FARAWAY), without)
    assert not relevant(text_from("", HINTED), without)


def test_stretches_cover_every_word() -> None:
    """They overlap, and the last one ends where the text does."""
    for count in (0, 1, 90, 91, 120, 121, 1000):
        words = [str(number) for number in range(count)]
        found = [*stretches(words)]
        assert {word for stretch in found for word in stretch} == set(words)
        assert all(len(stretch) <= WIDE for stretch in found) or len(found) == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"something else", MAGIC + b"{}\n", MAGIC + b"[1]\n" + bytes(SIZE), MAGIC + b'{"bits": 17}\n' + bytes(SIZE)],
)
def test_a_file_that_is_no_sieve_is_refused_by_name(data: bytes, tmp_path: Path) -> None:
    """With its place, and no traceback."""
    (tmp_path / "pack.toml").write_text('name = "m"\nversion = "1"\nextends = "ask-once"\n[opinion]\nnear = 0.1\n')
    (tmp_path / SIEVE).write_bytes(data)
    with pytest.raises(UserError, match="not the weights of a sieve"):
        load(str(tmp_path))


def test_the_table_is_signed(tmp_path: Path) -> None:
    """A byte above 127 speaks against the matter."""
    place = tmp_path / "sieve"
    place.write_bytes(MAGIC + json.dumps({"bits": 17, "bias": 0, "unit": 1}).encode() + b"\n" + b"\xff" * SIZE)
    assert read_sieve(place).says(["one", "two"]) < 0
    assert isinstance(read_sieve(home() / "ask-once" / SIEVE), Sieve)
