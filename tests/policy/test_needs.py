"""What a pattern is said to need is really needed: no match is ever missed for the sake of speed."""

import re
from functools import cache

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gateway.mail.reading import text_from
from gateway.policy.needs import DIGIT, needs, parted
from gateway.policy.packs import find, sources
from gateway.policy.pattern import compile_pattern
from gateway.policy.reading import read
from gateway.policy.verdict import Scene
from tests.policy.reading_cases import cases, pack


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("share it", [{"it"}, {"share"}]),
        ("(i|we) (|really )(want|need)", [{"i", "we"}, {"need", "want"}]),
        ("(un|)(like|follow)", []),
        ("\\d+ (shares|likes)", [{DIGIT}, {"likes", "shares"}]),
        ("(£|\\$|win) prize", [{"prize"}, {"£", "$", "win"}]),
        ("shares? {network}", [{"{network}"}]),
        ("^\\W*(did|has)\\b", [{"did", "has"}]),
        ("a\\W*(b|c)", []),
        ("(like|share)[ ,/&+]+(and |)follow", [{"like", "share"}]),
        ("(like|share)[ a]+ it", [{"it"}]),
        ("avatar(s|)", [{"avatar", "avatars"}]),
        ("duet(s|ed|) it", [{"it"}, {"duet", "dueted", "duets"}]),
        ("duet(s|ed|)( it|\\?)", [{"duet", "dueted", "duets"}]),
        ("duet(s|ed|)( ?it|\\?)", []),
        ("profil(bild|foto)s?", []),
        ("five(-| )star", [{"five"}]),
        ("five(-?| )star", []),
        ("(done|posted)( it's| it is)? ?/ ?no", [{"done", "posted"}]),
        ("(done|posted)( it|s)? no", [{"no"}]),
        ("(i|we)('ll| will|) see", [{"i", "we"}, {"see"}]),
        ("(this|that)(?! (week|time))", [{"that", "this"}]),
        ("yours\\b[^.]{0,9}\\?", [{"yours"}]),
        ("(profil|avatar)(-?bild| foto)", []),
        ("(done|posted)( ?it| now)", []),
        ("(foo|bar)( ?)baz", []),
        ("(done|posted)( it's)*no", []),
        ("(done|posted)( it){0,2}no", []),
        ("done ?no", []),
        ("e-?mail", []),
        ("(brother|x)'?s", []),
        ("(a|b)\\W?c", []),
        ("((foo|bar))s", []),
        ("((foo|bar)) s", [{"bar", "foo"}, {"s"}]),
        ("(foo|bar)+", []),
        ("\\wyours", []),
        ("\\w+ (", []),  # malformed: the compiler says so
        ("^\\W*(|and |so )(like|share)\\b", [{"like", "share"}]),
    ],
)
def test_needs_are_read_off_the_source(source: str, wanted: list[set[str]]) -> None:
    """Words, signs, digits and slots that no match can do without; nothing that is only perhaps there."""
    assert sorted(map(sorted, needs(source))) == sorted(map(sorted, wanted))


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("(scam|impersonat\\w+|fraud) mail", ("(scam|impersonat\\w+|fraud) mail",)),  # it needs "mail"
        ("(scam|impersonat\\w+|fraud)", ("(scam|fraud)", "(impersonat\\w+)")),
        ("rm ?\\d+|(rs|£)", ("rm ?\\d+|(rs|£)",)),
        ("\\w+ (", ("\\w+ (",)),
        ("[(] (NAME|she)", ("[(] (she)", "[(] (NAME)")),
        ("(NAME|she)('ll|) \\w+", ("(she)('ll|) \\w+", "(NAME)('ll|) \\w+")),
        ("(a|NAME)? ?(b\\w+|NAME)", ("(a|NAME)? ?(b\\w+|NAME)",)),
    ],
)
def test_what_is_understood_is_looked_for_parted(source: str, wanted: tuple[str, ...]) -> None:
    """Only where the whole would be looked for in every sentence."""
    assert parted(source) == wanted


def test_parted_it_says_the_same() -> None:
    """On the sentences of real-looking mail, one of the parts is found where the whole is, and nowhere else."""
    detector = pack().detector
    assert detector is not None
    languages = sources(find("ask-once")).languages.values()
    says = {say for language in languages for some in language.marks.values() for say in some}
    cut = [say for say in sorted(says) if len(parted(say)) > 1]
    assert len(cut) > 5
    scene = Scene(recipients=("all@north.example",))
    mails = [text_from(case["subject"], case["body"]) for case in cases("authored_b.jsonl")[::6]]
    lines = [line for mail in mails for line in read(mail, scene, detector).lines]
    for say in cut:
        whole = compile_pattern(say, detector.lexicon)
        parts = [compile_pattern(part, detector.lexicon) for part in parted(say)]
        for line in lines:
            assert whole.found(line.folded, line.words, line.signed) == line.says(parts), (say, line.folded)


@cache
def _in_plain_words() -> list[str]:
    """What the languages' marks say without slots, names and looking back, which `re` does not do as `regex` does."""
    languages = sources(find("ask-once")).languages.values()
    says = {say for language in languages for some in language.marks.values() for say in some}
    return sorted(say for say in says if say.isascii() and not any(odd in say for odd in ("{", "NAME", "(?<")))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whatever_matches_is_found(data: st.DataObject) -> None:
    """Of texts made from a pattern itself, none is ruled out by what its parts are said to need."""
    detector = pack().detector
    assert detector is not None
    say = data.draw(st.sampled_from(_in_plain_words()))
    whole = compile_pattern(say, detector.lexicon).compiled
    text = data.draw(st.from_regex(re.compile(whole.expression), alphabet=st.characters(codec="ascii")))
    assume("_" not in text and whole.search(text, timeout=1))
    parts = [compile_pattern(part, detector.lexicon) for part in parted(say)]
    words = detector.lexicon.scan(text).words
    assert any(part.found(text, words) for part in parts), (say, text)


def test_no_match_is_missed() -> None:
    """On the sentences of real-looking mail, a pattern that is found is never ruled out by its needs."""
    detector = pack().detector
    assert detector is not None
    patterns = [pattern for says in detector.marking.marks.values() for pattern in says]
    patterns += [pattern for topic in detector.topics for pattern in (*topic.say, *topic.none)]
    scene = Scene(recipients=("all@north.example",))
    missed = []
    for case in cases("shared_en.jsonl")[::24] + cases("authored_a.jsonl")[::24]:
        for line in read(text_from(case["subject"], case["body"], html=bool(case.get("html"))), scene, detector).lines:
            for pattern in patterns:
                if any(choice.isdisjoint(line.words) for choice in pattern.needs) and pattern.compiled.search(
                    line.folded, timeout=1
                ):
                    missed.append((pattern.source, line.folded))
    assert missed == []
