"""Packs read from their folders: typed, unknown keys refused with file and key. *IO*: reads files, nothing else.

A pack is a folder with `pack.toml` and one TOML file per rule; it may extend another pack and change only what differs.
Its languages are folders beside it with the words, marks, topics and exclusions the rules speak in.
"""

import hashlib
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from gateway.errors import UserError
from gateway.language.tags import LANGUAGES
from gateway.policy.compiling import compile_detector
from gateway.policy.detector import Detector
from gateway.policy.encoder import KIND, Encoder, usable
from gateway.policy.encoders import Encoders
from gateway.policy.files import GateFile, LanguageFiles, PackFile, RuleFile, TopicsFile, WordsFile
from gateway.policy.labels import STRICTNESS, Mode
from gateway.policy.opinion import Thresholds
from gateway.policy.pack import Pack, Reference, Rule, Telling
from gateway.policy.shelf import shelf_name
from gateway.policy.sieve import Sieve, read_sieve
from gateway.policy.weights import Weights, mapped

FOLDER = "policies"
WEIGHTS = "opinion.weights"
ENCODER = "opinion.onnx"  # of English
ENCODER_OF_OTHERS = "opinion.others.onnx"  # of the other languages
SIEVE = "sieve.weights"
MOST = {  # the most a rule may do by itself, by its status; a site's own `policy.modes` stand above it
    "experimental": Mode.MONITOR,
    "test": Mode.ADVISE,
    "stable": Mode.REJECT,
    "deprecated": Mode.OFF,
}
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """A pack's files as read: its own `pack.toml`, `rules` with the file each came from, `languages` by name, `weights`
    and `encoders` the files of the second opinion; the latter only where what runs them is installed; `sieve` the file
    of that."""

    pack: PackFile
    rules: Mapping[str, tuple[RuleFile, Path]]
    languages: Mapping[str, LanguageFiles]
    digest: str
    opinion: Thresholds = field(default_factory=Thresholds)
    weights: Path | None = None
    encoders: Encoders = field(default_factory=Encoders)
    sieve: Path | None = None


def home() -> Path:
    """The folder of the packs that come with the program: beside the package, or installed with it."""
    beside = Path(__file__).resolve().parents[2] / FOLDER
    return beside if beside.is_dir() else Path(sys.prefix) / "share" / "askonce" / FOLDER


def find(name_or_path: str) -> Path:
    """The folder of a pack, by name or by path. Raises UserError."""
    for folder in (Path(name_or_path), home() / name_or_path):
        if (folder / "pack.toml").is_file():
            return folder
    known = ", ".join(sorted(path.parent.name for path in home().glob("*/pack.toml")))
    raise UserError(f'there is no policy pack "{name_or_path}"', todo=f"Known packs: {known}; or give a folder's path")


def load(
    name_or_path: str,
    *,
    modes: Mapping[str, str] = MappingProxyType({}),
    monitor: bool = False,
    second: bool = True,
) -> Pack:
    """The compiled pack, with `modes` by rule id on top of its own, capped at monitor when `monitor`, without
    its second opinion when not `second`. Raises UserError with file and key."""
    folder = find(name_or_path)
    read = sources(folder)
    if not second:
        read = replace(read, weights=None, encoders=Encoders(), sieve=None, digest=f"{read.digest} rules alone")
    unknown = sorted(set(modes) - set(read.rules))
    if unknown:
        todo = f"Its rules: {', '.join(sorted(read.rules))}"
        raise UserError(f'the pack has no rule "{unknown[0]}"', where=f"policy.modes.{unknown[0]}", todo=todo)
    return Pack(
        name=read.pack.name,
        version=read.pack.version,
        digest=read.digest,
        rules=MappingProxyType({id_: _rule(rule, modes.get(id_), monitor) for id_, (rule, _) in read.rules.items()}),
        detector=_detector(read),
        opinion=read.opinion,
    )


def complete(pack: Pack, folder: Path) -> None:
    """Have every pattern of the pack compiled, on a shelf in `folder`; seconds the first time, nothing afterwards.

    Raises UserError for a malformed pattern.
    """
    if pack.detector is None:
        return
    shelf = pack.detector.lexicon.shelf
    shelf.place = folder / shelf_name(pack.digest)
    if shelf.filled():
        return
    seed = folder / shelf_name(_words(pack.detector))
    shelf.sow(seed)  # another pack, or this one before an edit, spoke mostly the same patterns
    try:
        shelf.fill([(late.expression, late.make()) for late in pack.detector.late_patterns()], seed)
    except ValueError as error:
        raise UserError(str(error), where=pack.name) from None


def _words(detector: Detector) -> str:
    """A digest of all slots: patterns that are written alike are the same as long as these are."""
    words = sorted((name, sorted(phrases)) for name, phrases in detector.lexicon.slots.items())
    return hashlib.sha256(repr(words).encode()).hexdigest()


_compiled: dict[str, Any] = {}


def _detector(read: Sources) -> Any:
    """Compiled once for each digest: packs that differ only in modes share their patterns."""
    if read.digest not in _compiled:
        compiled = compile_detector(read.rules, read.languages)
        encoders = read.encoders if read.encoders and read.opinion.encoder else None
        sieve = _sieve(read.sieve) if read.opinion.near else None
        _compiled[read.digest] = replace(compiled, model=_weights(read.weights), encoders=encoders, sieve=sieve)
    return _compiled[read.digest]


def sources(folder: Path) -> Sources:
    """Read and check a pack's files, its base's and its languages'. Raises UserError with file and key."""
    pack = _file(folder / "pack.toml", PackFile)
    base = sources(beside(folder, pack.extends)) if pack.extends else None
    rules = dict(base.rules) if base else {}
    digest = hashlib.sha256(base.digest.encode() if base else b"")
    for path in _rule_files(folder):
        rule = rule_of(path, {id_: one for id_, (one, _) in base.rules.items()} if base else {})
        if rule.id in rules and rules[rule.id][1].parent == folder:
            raise UserError(f'another file has the rule "{rule.id}" already', where=f"{path}: id")
        rules[rule.id] = (rule, path)
    for path in sorted(folder.glob("*.toml")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    languages = dict(base.languages) if base else {}
    for name in pack.languages:
        languages[name] = _language(beside(folder, name), digest)
    said = base.opinion if base else Thresholds()
    if pack.opinion:
        said = Thresholds(**pack.opinion.model_dump())
    weights = base.weights if base else None
    if (folder / WEIGHTS).is_file():
        weights = folder / WEIGHTS
        digest.update(WEIGHTS.encode() + b"\0" + weights.read_bytes())
    encoders = base.encoders if base else Encoders()
    if own := _encoders(folder):  # the audit tells by the digest whether they had a say
        encoders = own
        digest.update("".join(f"{one.place.name}\0{one.digest}" for one in own).encode())
    sieve = base.sieve if base else None
    if (folder / SIEVE).is_file():
        sieve = folder / SIEVE
        digest.update(SIEVE.encode() + b"\0" + sieve.read_bytes())
    return Sources(
        pack=pack,
        rules=rules,
        languages=languages,
        digest=digest.hexdigest(),
        opinion=said,
        weights=weights,
        encoders=encoders,
        sieve=sieve,
    )


def _rule_files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.glob("*.toml")) if path.name != "pack.toml")


def beside(folder: Path, name: str) -> Path:
    """A pack's or language's folder: beside this pack, or among those that come along."""
    near = folder.parent / name
    return near if near.is_dir() else home() / name


def rule_of(path: Path, base: Mapping[str, RuleFile]) -> RuleFile:
    """The rule in a file. One with the id of a rule of the `base` says only what it changes: mode, words, conditions
    or examples; everything else is inherited. Raises UserError with file and key."""
    data = _toml(path)
    return _typed(path, heir(data, base), RuleFile)


def heir(data: dict[str, Any], base: Mapping[str, RuleFile]) -> dict[str, Any]:
    """A rule file's keys on top of those of the rule it changes, if there is one. With new words the old ones go in
    every language: a translation of something else would be worse than none."""
    inherited = base.get(str(data.get("id")))
    if inherited is None:
        return data
    kept = inherited.model_dump(exclude_unset=True)
    if {"title", "why", "advice"} & set(data):
        kept = {key: value for key, value in kept.items() if key not in LANGUAGES}
    elif "fix" in data:
        kept = {key: _without_fix(value) if key in LANGUAGES else value for key, value in kept.items()}
    return {**kept, **data}


def _without_fix(telling: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in telling.items() if key != "fix"}


def _language(folder: Path, digest: "hashlib._Hash") -> LanguageFiles:
    """Words and a gate every language has; marks and topics only where those of the other languages do not fit it."""
    has = {name: (folder / name).is_file() for name in ("words.toml", "marks.toml", "topics.toml", "gate.toml")}
    for name, there in has.items():
        if not there and name in ("words.toml", "gate.toml"):
            raise UserError("no such file", where=str(folder / name))
        if there:
            digest.update(f"{folder.name}/{name}\0".encode() + (folder / name).read_bytes())
    return LanguageFiles(
        folder=str(folder),
        words=_file(folder / "words.toml", WordsFile).slots,
        marks=_file(folder / "marks.toml", WordsFile).slots if has["marks.toml"] else {},
        topics=_file(folder / "topics.toml", TopicsFile) if has["topics.toml"] else TopicsFile(),
        gate=_file(folder / "gate.toml", GateFile),
    )


def _weights(place: Path | None) -> Weights | None:
    """The model in a pack's `opinion.weights`, mapped. Raises UserError for a file that is none."""
    if place is None:
        return None
    try:
        return mapped(place)
    except (OSError, ValueError) as error:
        raise UserError(f"not the weights of a second opinion: {error}", where=str(place)) from None


def _sieve(place: Path | None) -> Sieve | None:
    """The sieve in a pack's `sieve.weights`. Raises UserError for a file that is none."""
    if place is None:
        return None
    try:
        return read_sieve(place)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"not the weights of a sieve: {error}", where=str(place)) from None


def _encoders(folder: Path) -> Encoders:
    """A pack's own encoders, where what runs them is installed. Raises UserError for a file that is none."""
    if not usable():
        return Encoders()
    return Encoders(*(_encoder(folder / name) for name in (ENCODER, ENCODER_OF_OTHERS)))


def _encoder(place: Path) -> Encoder | None:
    """One, which is opened late: what it says it is stands at its end."""
    if not place.is_file():
        return None
    data = place.read_bytes()
    if KIND.encode() not in data:
        raise UserError("not the encoder of a second opinion, or cut", where=str(place))
    return Encoder(place, hashlib.sha256(data).hexdigest())


def check_encoders(pack: Pack) -> None:
    """Open the pack's encoders, which are else opened by the first mail that needs them. Raises UserError."""
    if pack.detector and pack.detector.encoders:
        pack.detector.encoders.check()


def _file(path: Path, model: type[_Model]) -> _Model:
    return _typed(path, _toml(path), model)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(error.strerror or "cannot be read", where=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"not valid TOML: {error}", where=str(path)) from None


def _typed(path: Path, data: dict[str, Any], model: type[_Model]) -> _Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        what = "there is no such key" if first["type"] == "extra_forbidden" else first["msg"].lower()
        raise UserError(what, where=f"{path}: {key}") from None


def _rule(rule: RuleFile, mode: str | None, monitor: bool) -> Rule:
    try:
        chosen = Mode(mode) if mode is not None else min(rule.mode, MOST[rule.status], key=STRICTNESS.__getitem__)
    except ValueError:
        todo = f"One of: {', '.join(Mode)}"
        raise UserError(f'"{mode}" is no mode', where=f"policy.modes.{rule.id}", todo=todo) from None
    if monitor and STRICTNESS[chosen] > STRICTNESS[Mode.MONITOR]:
        chosen = Mode.MONITOR
    built = Rule(
        id=rule.id,
        title=rule.title,
        label=rule.label,
        mode=chosen,
        why=rule.why,
        advice=rule.advice,
        status=rule.status,
        favour=rule.favour,
        fix=rule.fix,
        references=tuple(Reference(**dict(reference)) for reference in rule.references),
    )
    return replace(built, false_alarms=rule.false_alarms, override=rule.override, tellings=_tellings(rule))


def _tellings(rule: RuleFile) -> Mapping[str, Telling]:
    given = {language: getattr(rule, language, None) for language in LANGUAGES}
    return MappingProxyType({tag: Telling(**dict(entry)) for tag, entry in given.items() if entry})
