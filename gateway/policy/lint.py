"""What is wrong, unused or doubtful in a pack's files. *IO*: reads the pack's files and the sources of this package.

A *fault* must be mended: the pack cannot be loaded, or a date is no date. A *note* is for a person to look at: words
nobody uses, rules that say the same, references nobody checked. Slow patterns are `slow`'s to find.
"""

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import regex
from pydantic import BaseModel, ValidationError

from gateway.policy.examples import fired, spoken, verdict_on
from gateway.policy.exceptions import Exemption
from gateway.policy.files import Example, LanguageFiles, PackFile, RuleFile, TopicsFile, WhenEntry, WordsFile
from gateway.policy.pack import Pack
from gateway.policy.packs import Sources, heir

CHECKED_FOR = timedelta(days=365)  # a reference is looked at again after this
ALIKE = 0.5  # of a rule's hits on which another fires too, for the two to overlap
FEW = 3  # examples; below that, chance
_SLOT = regex.compile(r"\{([a-z][a-z0-9|-]*)\}")
_MARKS = ("mark", "also", "none", "near", "apart", "anywhere", "nowhere")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing found; `where` is file and key."""

    kind: Literal["fault", "note"]
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.what}"


def faults(folder: Path, base: Mapping[str, RuleFile] = MappingProxyType({})) -> Iterator[Remark]:
    """Everything that does not fit the schema, in all files of a pack's folder and not only the first. `base`: the
    rules that the pack inherits."""
    for path in sorted(folder.glob("*.toml")):
        model: type[BaseModel] = PackFile if path.name == "pack.toml" else RuleFile
        yield from _misfits(path, model, base)


def language_faults(folder: Path) -> Iterator[Remark]:
    """The same for a language's folder; it need not have marks and topics of its own."""
    for name, model in (("words.toml", WordsFile), ("marks.toml", WordsFile), ("topics.toml", TopicsFile)):
        if (folder / name).exists():
            yield from _misfits(folder / name, model)


def _misfits(
    path: Path, model: type[BaseModel], base: Mapping[str, RuleFile] = MappingProxyType({})
) -> Iterator[Remark]:
    try:
        model.model_validate(heir(tomllib.loads(path.read_text("utf-8")), base))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        yield Remark(kind="fault", where=str(path), what=f"not valid TOML: {error}")
    except OSError as error:
        yield Remark(kind="fault", where=str(path), what=error.strerror or "cannot be read")
    except ValidationError as error:
        for one in error.errors():
            key = ".".join(str(part) for part in one["loc"])
            what = "there is no such key" if one["type"] == "extra_forbidden" else one["msg"].lower()
            yield Remark(kind="fault", where=f"{path}: {key}", what=what)


def unused(read: Sources) -> Iterator[Remark]:
    """Slots no pattern speaks, and marks no rule or exclusion looks at."""
    spoken_slots = {name for say in places(read) for found in _SLOT.findall(say) for name in found.split("|")}
    asked = _asked(read) | _told_by_program()
    for language in read.languages.values():
        for name in sorted(language.words.keys() - spoken_slots - _told_by_program()):
            yield Remark(kind="note", where=f"{language.folder}/words.toml: {name}", what="no pattern uses this slot")
        for name in sorted(language.marks.keys() - asked):
            what = "no rule or exclusion uses this mark"
            yield Remark(kind="note", where=f"{language.folder}/marks.toml: {name}", what=what)


def places(read: Sources) -> dict[str, str]:
    """Where each pattern stands, file and key, by its source."""
    found: dict[str, str] = {}
    for language in read.languages.values():
        for name, says in language.marks.items():
            found |= dict.fromkeys(says, f"{language.folder}/marks.toml: {name}")
        for number, topic in enumerate(language.topics.topic):
            found |= dict.fromkeys((*topic.say, *topic.none), f"{language.folder}/topics.toml: topic.{number}")
        for exclusion in language.topics.exclusion:
            where = f"{language.folder}/topics.toml: exclusion.{exclusion.id}"
            found |= {say: where for when in exclusion.when for say in when.say}
    for rule, path in read.rules.values():
        found |= {say: f"{path}: when.{number}" for number, when in enumerate(rule.when) for say in when.say}
    return found


def _whens(read: Sources) -> Iterator[WhenEntry]:
    for rule, _ in read.rules.values():
        yield from rule.when
    for language in read.languages.values():
        for exclusion in language.topics.exclusion:
            yield from exclusion.when


def _asked(read: Sources) -> set[str]:
    """Marks that conditions name."""
    named = {name for when in _whens(read) for key in _MARKS for name in getattr(when, key)}
    unless = (one for language in read.languages.values() for one in _unless(language))
    return named | set(unless)


def _unless(language: LanguageFiles) -> Iterator[str]:
    for exclusion in language.topics.exclusion:
        yield from exclusion.unless


@cache
def _told_by_program() -> frozenset[str]:
    """Names the reading itself asks for, such as "refers": every word that stands as a string in this package."""
    trees = (ast.parse(path.read_text("utf-8")) for path in sorted(Path(__file__).parent.glob("*.py")))
    constants = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return frozenset(node.value for node in constants if isinstance(node.value, str))


def overlapping(read: Sources, pack: Pack) -> Iterator[Remark]:
    """Pairs of rules of which one fires on most of the other's hits: perhaps they are one rule."""
    for id_, (rule, path) in read.rules.items():
        others: Counter[str] = Counter()
        examples = _hits(rule)
        for example in examples:
            found = fired(verdict_on(example, pack))
            if id_ in found:
                others.update(set(found) - {id_})
        for other, count in sorted(others.items()):
            if count >= max(FEW, ALIKE * len(examples)):
                what = f'"{other}" fires on {count} of its {len(examples)} hits too'
                yield Remark(kind="note", where=f"{path}: hit", what=what)


def twins(read: Sources) -> Iterator[Remark]:
    """The same example claimed by two rules as their hit."""
    claimed: dict[str, str] = {}
    for id_, (rule, path) in read.rules.items():
        for number, example in enumerate(rule.hit):
            owner = claimed.setdefault(spoken(example).casefold(), id_)
            if owner != id_:
                yield Remark(kind="note", where=f"{path}: hit.{number}", what=f'"{owner}" has the same example')


def _hits(rule: RuleFile) -> tuple[Example, ...]:
    return () if rule.status == "deprecated" else rule.hit


def references(rules: Mapping[str, tuple[RuleFile, Path]], today: date) -> Iterator[Remark]:
    """References that nobody checked, or not within a year, and dates that cannot be."""
    for rule, path in rules.values():
        for number, reference in enumerate(rule.references):
            where = f"{path}: references.{number}"
            if wrong := _impossible(reference.since, today):
                yield Remark(kind="fault", where=f"{where}.since", what=wrong)
            kind, what = _age(reference.checked_on, today)
            if what:
                yield Remark(kind=kind, where=f"{where}.checked_on", what=what)


def _impossible(day: str, today: date) -> str:
    """What is wrong with a date of the past, "" for nothing."""
    try:
        return f"{day} is still to come" if day and date.fromisoformat(day) > today else ""
    except ValueError:
        return f'"{day}" is no day of the calendar'


def _age(checked_on: str, today: date) -> tuple[Literal["fault", "note"], str]:
    if not checked_on:
        return "note", "nobody has checked this reference yet"
    if wrong := _impossible(checked_on, today):
        return "fault", wrong
    day = date.fromisoformat(checked_on)
    return "note", f"last checked on {checked_on}, more than a year ago" if today - day > CHECKED_FOR else ""


def statuses(read: Sources) -> Iterator[Remark]:
    """Rules whose status keeps them from doing what their mode says, or that prove nothing."""
    for rule, path in read.rules.values():
        if rule.status == "deprecated":
            yield Remark(
                kind="note", where=f"{path}: status", what="deprecated: the rule is off and its tests are not run"
            )
        if rule.when and not rule.hit:
            yield Remark(kind="note", where=f"{path}: hit", what="no example shows what the rule is for")
        if rule.when and not rule.miss:
            yield Remark(kind="note", where=f"{path}: miss", what="no example shows what the rule leaves alone")


def exceptions(path: Path, found: Sequence[Exemption], today: date) -> Iterator[Remark]:
    """Exceptions whose time is up; they are ignored already."""
    for number, one in enumerate(found):
        if one.expired(today):
            what = f'"{one.id}" expired on {one.expires} and is ignored; renew it or take it out'
            yield Remark(kind="note", where=f"{path}: exception.{number}.expires", what=what)


def remarks(read: Sources, pack: Pack, today: date) -> Iterator[Remark]:
    """All of it, but for what keeps a pack from being loaded and for slow patterns."""
    yield from references(read.rules, today)
    yield from statuses(read)
    yield from twins(read)
    yield from overlapping(read, pack)
    yield from unused(read)


def sorted_remarks(found: list[Remark]) -> list[Remark]:
    """Faults first, each once."""
    return sorted(dict.fromkeys(found), key=_order)


def _order(remark: Remark) -> tuple[Any, ...]:
    return (remark.kind != "fault", remark.where)
