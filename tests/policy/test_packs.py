"""Packs that are wrong are refused with the file and the key."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.errors import UserError
from gateway.language.tags import LANGUAGES
from gateway.policy.pack import ASKED_BEFORE, Telling
from gateway.policy.packs import find, load, sources

BAD = Path(__file__).resolve().parents[1] / "bad_packs"


@pytest.mark.parametrize("path", sorted(BAD.glob("*.toml")), ids=lambda path: path.stem)
def test_a_bad_rule_file_is_refused(path: Path, tmp_path: Path) -> None:
    """Each file of bad_packs is refused with the message in its first line, which names file and key."""
    source = path.read_text("utf-8")
    expected = source.partition("\n")[0].removeprefix("# ")
    (tmp_path / "pack.toml").write_text('name = "trial"\nversion = "1"\nextends = "ask-once"\n')
    (tmp_path / "rule.toml").write_text(source)
    with pytest.raises(UserError) as caught:
        load(str(tmp_path))
    assert expected in str(caught.value)
    assert "rule.toml" in str(caught.value)


def test_an_unknown_pack_names_the_known_ones() -> None:
    """A pack that does not exist is refused, and the known ones are named."""
    with pytest.raises(UserError, match="ask-once"):
        find("no-such-pack")


def test_an_unknown_rule_or_mode_is_refused() -> None:
    """Modes are given by the id of a rule that exists, and are one of the five."""
    with pytest.raises(UserError, match="nonesuch"):
        load("ask-once", modes={"nonesuch": "hold"})
    with pytest.raises(UserError, match="loudly"):
        load("ask-once", modes={"demand": "loudly"})


@pytest.mark.parametrize("name", ["ask-once", "never-ask"])
def test_every_pack_has_the_rule_for_memory(name: str) -> None:
    """The rule that speaks for repeats found by memory is in every pack and holds."""
    rule = load(name).rules[ASKED_BEFORE]
    assert (rule.mode, rule.label) == ("hold", "repeat-ask")


def test_a_rule_without_conditions_keeps_those_of_the_rule_it_replaces() -> None:
    """never-ask rewrites the words of first-ask and reads with the same conditions."""
    asked, never = load("ask-once"), load("never-ask")
    assert asked.detector is not None
    assert never.detector is not None
    assert len(asked.detector.conditions["first-ask"]) == len(never.detector.conditions["first-ask"]) > 0
    assert asked.rules["first-ask"].mode == "off"
    assert never.rules["first-ask"].mode == "hold"


def test_no_reference_claims_a_check_that_nobody_made() -> None:
    """References of the packs that come with the gateway leave the date to the counsel of whoever uses them."""
    references = [
        reference
        for path in sorted(find("ask-once").glob("*.toml"))
        for reference in tomllib.loads(path.read_text("utf-8")).get("references", ())
    ]
    assert references
    assert all("checked_on" not in reference for reference in references)


def test_a_reference_may_be_dated(tmp_path: Path) -> None:
    """A site writes the day its counsel checked a source, and reads it back."""
    (tmp_path / "pack.toml").write_text('name = "trial"\nversion = "1"\nextends = "ask-once"\n')
    source = '{ title = "t", where = "w", checked_on = "2026-11-02" }'
    head = 'id = "demand"\ntitle = "t"\nlabel = "demand"\nmode = "hold"\nwhy = "w"\nadvice = "a"\n'
    (tmp_path / "demand.toml").write_text(f"{head}references = [{source}]\n")
    assert [reference.checked_on for reference in load(str(tmp_path)).rules["demand"].references] == ["2026-11-02"]


def test_every_pattern_of_the_language_compiles() -> None:
    """Marks and topics are compiled when first needed; none of them is malformed."""
    detector = load("ask-once").detector
    assert detector is not None
    for patterns in detector.marking.marks.values():
        for pattern in patterns:
            pattern.compiled.make()
    for topic in detector.topics:
        for pattern in (*topic.say, *topic.none):
            pattern.compiled.make()


def _site(folder: Path, **rules: str) -> str:
    """A site's pack outside the install, with these rule files."""
    pack = folder / "site"
    pack.mkdir()
    (pack / "pack.toml").write_text('name = "site"\nversion = "7"\nextends = "ask-once"\n')
    for name, text in rules.items():
        (pack / f"{name}.toml").write_text(text)
    return str(pack)


def test_a_site_changes_only_what_it_names(tmp_path: Path) -> None:
    """A file with an id and a mode changes the mode; words, conditions, references and examples are the base's."""
    base, site = load("ask-once"), load(_site(tmp_path, mine='id = "demand"\nmode = "tag"\n'))
    assert site.rules["demand"].mode == "tag"
    assert site.rules["demand"].why == base.rules["demand"].why
    assert site.rules["demand"].references == base.rules["demand"].references
    assert site.detector is not None
    assert base.detector is not None
    assert len(site.detector.conditions["demand"]) == len(base.detector.conditions["demand"])
    assert site.identity != base.identity


def test_a_site_changes_words_or_conditions(tmp_path: Path) -> None:
    """New words leave the conditions, new conditions leave the words."""
    words = 'id = "demand"\nwhy = "At Lantern we never press."\nadvice = "Ask Mira."\n'
    conditions = 'id = "call-out"\n[[when]]\nsay = ["wall of shame"]\n'
    site = load(_site(tmp_path, words=words, conditions=conditions))
    assert (site.rules["demand"].why, site.rules["demand"].mode) == ("At Lantern we never press.", "hold")
    assert site.detector is not None
    assert "de" in load("ask-once").rules["demand"].tellings
    assert not site.rules["demand"].tellings, "a translation of other words says something else"
    assert len(site.detector.conditions["call-out"]) == 1
    assert len(site.detector.conditions["demand"]) > 1


def test_new_words_do_not_speak_with_the_old_translations(tmp_path: Path) -> None:
    """A site that rewrites why is not told in German by the base's words; with its own mode alone it still is."""
    mode = load(_site(tmp_path, mine='id = "demand"\nmode = "tag"\n')).rules["demand"]
    (tmp_path / "other").mkdir()
    words = load(_site(tmp_path / "other", mine='id = "demand"\nwhy = "We never press."\n')).rules["demand"]
    base = load("ask-once").rules["demand"]
    assert base.telling("de").why != base.why
    assert mode.telling("de") == base.telling("de")
    assert words.telling("de").why == "We never press."


def test_a_sites_own_fix_takes_the_place_of_every_translated_one(tmp_path: Path) -> None:
    """A site that says where its artwork lies says so in every language; the other words stay translated."""
    ours = "The artwork is on the intranet for whoever may ever want it."
    site = load(_site(tmp_path, mine=f'id = "demand"\nfix = "{ours}"\n')).rules["demand"]
    base = load("ask-once").rules["demand"]
    assert (ours, (ours,)) == (site.fix_in("de"), site.fixes)
    assert base.telling("de").why == site.telling("de").why
    assert base.fix_in("de") in base.fixes
    assert base.fix_in("nl") == base.fix


def test_a_new_rule_must_be_whole(tmp_path: Path) -> None:
    """An id that the base does not have inherits nothing, and what is missing is named."""
    with pytest.raises(UserError, match=r"mine\.toml: title"):
        load(_site(tmp_path, mine='id = "nonesuch"\nmode = "tag"\n'))


def test_a_sites_own_language_adds_words(tmp_path: Path) -> None:
    """A language folder beside the site's pack adds phrases to a slot of the base."""
    site = _site(tmp_path)
    (tmp_path / "site" / "pack.toml").write_text(
        'name = "site"\nversion = "7"\nextends = "ask-once"\nlanguages = ["house-words"]\n'
    )
    own = tmp_path / "house-words"
    own.mkdir()
    (own / "words.toml").write_text('network = ["lanternbook"]\n')
    (own / "gate.toml").write_text('alone = ["lanternbook"]\n')
    detector = load(site).detector
    assert detector is not None
    assert {"lanternbook", "linkedin"} <= detector.lexicon.slots["network"]
    assert "lanternbook" in detector.gate.alone


@pytest.mark.parametrize(
    ("status", "mode", "done"),
    [
        ("experimental", "hold", "monitor"),
        ("test", "hold", "advise"),
        ("test", "tag", "tag"),
        ("stable", "hold", "hold"),
        ("deprecated", "hold", "off"),
    ],
)
def test_a_status_caps_what_a_rule_does_by_itself(tmp_path: Path, status: str, mode: str, done: str) -> None:
    """experimental watches, test advises at most, deprecated is off; a site's own mode stands above that."""
    site = _site(tmp_path, mine=f'id = "demand"\nstatus = "{status}"\nmode = "{mode}"\n')
    assert load(site).rules["demand"].mode == done
    assert load(site, modes={"demand": "reject"}).rules["demand"].mode == "reject"
    assert load(site, modes={"demand": "reject"}, monitor=True).rules["demand"].mode == "monitor"


def test_the_strictest_override_counts(tmp_path: Path) -> None:
    """A sender may send against all the rules that stop a mail, or against none; unknown rules let nobody."""
    site = load(
        _site(tmp_path, a='id = "demand"\noverride = "acknowledge"\n', b='id = "call-out"\noverride = "justify"\n')
    )
    assert site.override(["demand"]) == "acknowledge"
    assert site.override(["demand", "call-out"]) == "justify"
    assert site.override(["demand", "call-out", "repeat-ask"]) == "none"
    assert site.override(["unjudgeable"]) == "none"
    assert site.override([]) == "none"


@pytest.mark.parametrize("name", ["ask-once", "never-ask"])
def test_every_rule_speaks_every_language(name: str) -> None:
    """Title, why, advice and, where there is one, fix of each rule are there in each language of the notices, and are
    not the English ones."""
    for rule in load(name).rules.values():
        assert rule.telling("en") == Telling(title=rule.title, why=rule.why, advice=rule.advice, fix=rule.fix)
        for language in LANGUAGES[1:]:
            told, own = rule.telling(language), rule.telling("en")
            assert language in rule.tellings, f"{rule.id} has no [{language}]"
            assert told.title != own.title
            assert told.why != own.why
            assert told.advice != own.advice
            assert bool(told.fix) is bool(own.fix), f"{rule.id} has no fix for mails in [{language}]"
            assert told.fix != own.fix or not own.fix


def test_a_rule_without_words_in_a_language_speaks_its_own() -> None:
    """A pack of a site's own may be written in one language only."""
    rule = replace(load("ask-once").rules["demand"], tellings={})
    assert rule.why == rule.telling("de").why


def test_everything_a_pack_reads_is_shipped() -> None:
    """Each file of the packs and their languages matches a pattern of the distribution's data files."""
    root = Path(__file__).resolve().parents[2]
    patterns = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["data-files"]
    shipped = {path for some in patterns.values() for pattern in some for path in root.glob(pattern)}
    read = {
        path
        for name in ("ask-once", "never-ask")
        for folder in (find(name), *(Path(one.folder) for one in sources(find(name)).languages.values()))
        for path in folder.iterdir()
        if path.is_file()
    }
    assert read
    assert read - shipped == set()
