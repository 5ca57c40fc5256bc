"""What a pattern is said to need is really needed: no match is ever missed for the sake of speed."""

import pytest

from gateway.mail.reading import text_from
from gateway.policy.needs import DIGIT, needs
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
        ("duet(s|ed|)( it|\\?)", []),
        ("profil(bild|foto)s?", []),
        ("five(-| )star", []),
        ("^\\W*(|and |so )(like|share)\\b", [{"like", "share"}]),
    ],
)
def test_needs_are_read_off_the_source(source: str, wanted: list[set[str]]) -> None:
    """Words, signs, digits and slots that no match can do without; nothing that is only perhaps there."""
    assert sorted(map(sorted, needs(source))) == sorted(map(sorted, wanted))


def test_no_match_is_missed() -> None:
    """On the sentences of real-looking mail, a pattern that is found is never ruled out by its needs."""
    detector = pack().detector
    assert detector is not None
    patterns = [pattern for says in detector.marking.marks.values() for pattern in says]
    patterns += [pattern for topic in detector.topics for pattern in (*topic.say, *topic.none)]
    scene = Scene(recipients=("all@north.example",))
    missed = []
    for case in cases("shared_en.jsonl")[::12] + cases("authored_a.jsonl")[::12]:
        for line in read(text_from(case["subject"], case["body"], html=bool(case.get("html"))), scene, detector).lines:
            for pattern in patterns:
                if any(choice.isdisjoint(line.words) for choice in pattern.needs) and pattern.compiled.search(
                    line.folded, timeout=1
                ):
                    missed.append((pattern.source, line.folded))
    assert missed == []
