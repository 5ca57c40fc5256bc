"""A pack's files compiled into a `Detector`. *Pure.* Raises UserError naming file and key."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import UserError
from gateway.policy.detector import Condition, Detector, Exclusion, Gate, Marking, Topic
from gateway.policy.files import LanguageFiles, RuleFile, WhenEntry
from gateway.policy.lexicon import Lexicon, written
from gateway.policy.needs import parted
from gateway.policy.pattern import Pattern, compile_pattern
from gateway.policy.spelling import spellings

FROM_THE_ENVELOPE = frozenset({"contractors-read", "artwork"})  # marks that no word makes


def compile_detector(rules: Mapping[str, tuple[RuleFile, Path]], languages: Mapping[str, LanguageFiles]) -> Detector:
    """Words, marks and topics of all languages together with the rules' conditions."""
    lexicon = _lexicon(languages.values())
    marks: dict[str, tuple[Pattern, ...]] = {}
    topics: list[Topic] = []
    exclusions: list[Exclusion] = []
    for language in languages.values():
        for name, says in language.marks.items():
            marks[name] = marks.get(name, ()) + _patterns(says, lexicon, f"{language.folder}/marks.toml: {name}")
    known = frozenset(marks) | FROM_THE_ENVELOPE
    for language in languages.values():
        where = f"{language.folder}/topics.toml"
        for number, entry in enumerate(language.topics.topic):
            say = _patterns(entry.say, lexicon, f"{where}: topic.{number}.say")
            none = _patterns(entry.none, lexicon, f"{where}: topic.{number}.none")
            topics.append(Topic(favour=entry.favour, strength=entry.strength, say=say, none=none))
        for excluded in language.topics.exclusion:
            key = f"{where}: exclusion.{excluded.id}"
            unless = _known(excluded.unless, known, f"{key}.unless")
            for number, when in enumerate(excluded.when):
                condition = _condition(when, lexicon, known, f"{key}.when.{number}")
                exclusions.append(Exclusion(id=excluded.id, scope=excluded.scope, when=condition, unless=unless))
    topics.sort(key=lambda topic: -topic.strength)
    return Detector(
        lexicon=lexicon,
        gate=_gate(languages.values()),
        marking=Marking(marks),
        topics=tuple(topics),
        naming=Marking({str(place): topic.say for place, topic in enumerate(topics)}),
        exclusions=tuple(exclusions),
        conditions={
            id_: tuple(_condition(when, lexicon, known, f"{path}: when.{n}") for n, when in enumerate(rule.when))
            for id_, (rule, path) in rules.items()
        },
        despite={id_: frozenset(rule.despite) for id_, (rule, _) in rules.items()},
    )


def _lexicon(languages: Iterable[LanguageFiles]) -> Lexicon:
    """The first language's words, and those of all others together."""
    slots: tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]] = ({}, {})
    for number, language in enumerate(languages):
        into = slots[min(number, 1)]
        for name, phrases in language.words.items():
            where = f"{language.folder}/words.toml: {name}"
            with _told(where):
                written({name: phrases})
            into[name] = into.get(name, ()) + phrases
    return Lexicon(*slots)


def _gate(languages: Iterable[LanguageFiles]) -> Gate:
    found = list(languages)
    return Gate(
        alone=_spelled(word for language in found for word in language.gate.alone),
        together=_spelled(word for language in found for word in language.gate.together),
        ajar=_spelled(word for language in found for word in language.gate.ajar),
    )


def _spelled(words: Iterable[str]) -> tuple[str, ...]:
    """Each once, and in every spelling."""
    return tuple(dict.fromkeys(one for word in words for one in sorted(spellings(word))))


def _condition(when: WhenEntry, lexicon: Lexicon, known: frozenset[str], where: str) -> Condition:
    say = _patterns(when.say, lexicon, f"{where}.say")
    with _told(f"{where}.say"):
        for pattern in say:
            pattern.compiled.make()  # a rule author hears of a slip at once
    return Condition(
        say=say,
        mark=_known(when.mark, known, f"{where}.mark"),
        also=_known(when.also, known, f"{where}.also"),
        none=_known(when.none, known, f"{where}.none"),
        near=_known(when.near, known, f"{where}.near"),
        apart=_known(when.apart, known, f"{where}.apart"),
        anywhere=_known(when.anywhere, known, f"{where}.anywhere"),
        nowhere=_known(when.nowhere, known, f"{where}.nowhere"),
        about=when.about,
        here=when.here,
        under=when.under,
        favour=when.favour,
        audience=when.audience,
    )


def _known(names: tuple[str, ...], known: frozenset[str], where: str) -> frozenset[str]:
    for name in names:
        if name not in known:
            raise UserError(f'there is no mark "{name}"', where=where, todo="Marks stand in the language's marks.toml")
    return frozenset(names)


def _patterns(says: tuple[str, ...], lexicon: Lexicon, where: str) -> tuple[Pattern, ...]:
    with _told(where):
        return tuple(compile_pattern(part, lexicon, written=say) for say in says for part in parted(say))


@contextmanager
def _told(where: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise UserError(str(error), where=where) from None
