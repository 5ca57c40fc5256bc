"""What `askonce policy` hands to its worker processes: examples to try, cases to judge, patterns to time.

Everything here crosses a pipe: small values, made again into packs on the other side. IO: reads packs.
"""

import time
import tomllib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

from gateway.app import pack_named
from gateway.errors import UserError
from gateway.policy.cases import Case
from gateway.policy.examples import Tried, tried
from gateway.policy.files import LanguageFiles, RuleFile
from gateway.policy.lint import Remark, faults, language_faults, places, remarks
from gateway.policy.pack import Pack
from gateway.policy.packs import Sources, beside, check_encoders, find, sources
from gateway.policy.pattern import LatePattern
from gateway.policy.scoring import Judged, judged
from gateway.policy.slow import slow

MEANS = {  # parts of a pack, by name
    "rules alone": frozenset({"rules"}),
    "regression alone": frozenset({"regression"}),
    "regression and encoder": frozenset({"regression", "encoder"}),
    "rules and regression": frozenset({"rules", "regression"}),
}
_PATTERNS = 40  # timed by a worker at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One rule's examples, run: lines to print, and counts."""

    rule: str
    run: int
    expected: int
    failures: tuple[str, ...]
    notes: tuple[str, ...]


def tested(name: str) -> list[str]:
    """Ids of the rules whose examples are to be run. Raises UserError."""
    return list(sources(find(name)).rules)


def testing(name: str) -> Callable[[str], Answer]:
    """Runs the examples of a rule, given its id."""
    return partial(_answer, find(name), sources(find(name)), pack_named(name))


def _answer(folder: Path, read: Sources, pack: Pack, rule_id: str) -> Answer:
    rule, path = read.rules[rule_id]
    results = list(tried(rule, pack))
    wrong = tuple(_line(path, one) for one in results if one.surprising)
    mine = path.parent == folder  # what the base's author should move is not this author's to hear
    overcome = [one for one in results if one.overcome and mine]
    watched = rule.status == "experimental"
    told = tuple(f"{line} (experimental, not counted)" for line in wrong) if watched else ()
    return Answer(
        rule=rule_id,
        run=len(results),
        expected=sum(one.expected and not one.good for one in results),
        failures=() if watched else wrong,
        notes=(
            *told,
            *(f"{path}: {one.key}: \u201c{one.sentence}\u201d is right by now; move it up" for one in overcome),
        ),
    )


def _line(path: Path, one: Tried) -> str:
    fired = ", ".join(one.fired) or "nothing"
    return f"{path}: {one.key}: \u201c{one.sentence}\u201d fired: {fired}"


def scored(name: str, means: str = "") -> Callable[[list[Case]], list[Judged]]:
    """Judges cases, by these of `MEANS` alone where some are named."""
    pack = pack_named(name)
    judging = by_means(pack, MEANS[means]) if means else pack
    return lambda cases: [judged(case, judging) for case in cases]


def by_means(pack: Pack, means: Collection[str]) -> Pack:
    """The pack with nothing but these of its "rules", "regression" and "encoder"."""
    detector = pack.detector
    if detector is None:
        return pack
    left = replace(
        detector,
        conditions=detector.conditions if "rules" in means else {},
        model=detector.model if "regression" in means else None,
        encoders=detector.encoders if "encoder" in means else None,
    )
    return replace(pack, detector=left)


Stretch = tuple[int, ...]  # numbers of patterns to be timed; none: everything else is looked at


def stretches(folder: Path, *, fast: bool, timed: set[str]) -> tuple[list[Remark], list[Stretch]]:
    """What keeps the pack from being loaded, and the work that is left when nothing does. Patterns in `timed` are left
    out; those that will be timed are added to it."""
    found = list(_broken(folder))
    if found:
        return found, []
    try:
        pack = pack_named(str(folder))
        check_encoders(pack)
    except UserError as error:
        return [Remark(kind="fault", where=error.where, what=error.what)], []
    every = [] if fast else list(_patterns(pack))
    new = [number for number, late in enumerate(every) if late.expression not in timed]
    timed.update(late.expression for late in every)
    return [], [(), *(tuple(new[at : at + _PATTERNS]) for at in range(0, len(new), _PATTERNS))]


def _broken(folder: Path) -> Iterator[Remark]:
    yield from faults(folder, _inherited(folder))
    try:
        read = sources(folder)
    except UserError as error:
        yield Remark(kind="fault", where=error.where, what=error.what)
        return
    for language in read.languages.values():
        yield from language_faults(Path(language.folder))


def _inherited(folder: Path) -> dict[str, RuleFile]:
    """The rules of the pack this one extends; none where that cannot be told."""
    try:
        base = tomllib.loads((folder / "pack.toml").read_text("utf-8")).get("extends", "")
        return {id_: rule for id_, (rule, _) in sources(beside(folder, base)).rules.items()} if base else {}
    except (OSError, ValueError, UserError):
        return {}


def linting(name: str, today: date) -> Callable[[Stretch], list[Remark]]:
    """Looks at a stretch of patterns, or at everything else."""
    return partial(_linted, find(name), sources(find(name)), pack_named(name), today)


def _linted(folder: Path, read: Sources, pack: Pack, today: date, stretch: Stretch) -> list[Remark]:
    if not stretch:
        mine = (str(folder), *(language.folder for language in read.languages.values() if _own(read, language)))
        return [one for one in remarks(read, pack, today) if one.where.startswith(mine)]
    every, where = list(_patterns(pack)), places(read)
    timed = ((every[number].source, slow(every[number].source, every[number], time.process_time)) for number in stretch)
    return [
        Remark(kind="fault", where=where.get(source, ""), what=f"\u201c{_short(source)}\u201d is {found}")
        for source, found in timed
        if found
    ]


def _own(read: Sources, language: LanguageFiles) -> bool:
    """True for a language that this pack names itself, not by way of its base."""
    return Path(language.folder).name in read.pack.languages


def _short(source: str) -> str:
    return source if len(source) <= 60 else f"{source[:59]}…"


def _patterns(pack: Pack) -> Iterator[LatePattern]:
    """Every pattern once, in a fixed order."""
    if pack.detector:
        yield from {late.expression: late for late in pack.detector.late_patterns()}.values()
