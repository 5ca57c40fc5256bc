"""What may stand in a pack's files, as types; everything else is refused. *Pure.*"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.policy.labels import Favour, Label, Mode
from gateway.policy.pack import Override

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
Text = Annotated[str, Field(min_length=1)]
IsoDate = Annotated[str, Field(pattern=r"^(?:\d{4}-\d\d-\d\d)?$")]
Strength = Annotated[int, Field(ge=0, le=3)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OpinionEntry(_File):
    """What the second opinion may do; see `opinion.Thresholds`. Probabilities; above 1 it never holds, at 0 it never
    doubts. `encoder` is a share; at 0 the encoder is never asked."""

    hold: Annotated[float, Field(gt=0)] = 1.1
    unnamed: Annotated[float, Field(gt=0, le=1.1)] | None = None
    doubt: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    encoder: Annotated[float, Field(ge=0, le=1)] = 0.0
    eased: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    eased_by_two: Annotated[float, Field(ge=0, le=0.5)] | None = None
    near: Annotated[float, Field(ge=0, lt=1)] = 0.0


class PackFile(_File):
    """`pack.toml`: `extends` another pack's folder name; `languages` are folder names beside the pack. `opinion`:
    none given, the base's counts."""

    name: Identifier
    version: Text
    extends: str = ""
    languages: tuple[str, ...] = ()
    opinion: OpinionEntry | None = None


class ReferenceEntry(_File):
    """A source; `since` is the day from which it stands as it is quoted, "" where it names none; `checked_on` the day
    counsel last checked it, "" while nobody has."""

    title: Text
    where: Text
    since: IsoDate = ""
    checked_on: IsoDate = ""


class WhenEntry(_File):
    """A condition; see `detector.Condition`."""

    say: tuple[Text, ...] = ()
    mark: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = ()
    nowhere: tuple[str, ...] = ()
    about: Strength = 0
    here: Strength = 0
    under: Strength = 0
    favour: Favour | None = None
    audience: Literal["", "one", "many"] = ""


class ExampleMail(_File):
    """A whole small mail as an example, where one sentence is not enough."""

    subject: str = ""
    body: str = ""
    to: tuple[str, ...] = ("all-staff@north.example",)


Example = str | ExampleMail


class FixedEntry(_File):
    """A rewrite that is tested: the rule fires on `before`, and nothing holds `after`."""

    before: Example
    after: Example


class TellingEntry(_File):
    """The rule's words for people in another language; `fix` is for mails that are written in it."""

    title: Text
    why: Text
    advice: Text
    fix: str = ""


class RuleFile(_File):
    """One rule. `when`: it fires on a sentence for which one of these holds; `despite`: exclusions that do not
    silence it; `hit`, `miss` and `fixed` are run as tests, and `todo_hit` and `todo_miss` are expected to fail; `de`,
    `fr`, `es`, `pt`: its words for people in these languages."""

    id: Identifier
    title: Text
    label: Label
    status: Literal["experimental", "test", "stable", "deprecated"] = "stable"
    mode: Mode
    why: Text
    advice: Text
    fix: str = ""
    favour: Favour | None = None
    override: Override = "none"
    references: tuple[ReferenceEntry, ...] = ()
    false_alarms: tuple[str, ...] = ()
    de: TellingEntry | None = None
    fr: TellingEntry | None = None
    es: TellingEntry | None = None
    pt: TellingEntry | None = None
    despite: tuple[str, ...] = ()
    when: tuple[WhenEntry, ...] = ()
    hit: tuple[Example, ...] = ()
    miss: tuple[Example, ...] = ()
    todo_hit: tuple[Example, ...] = ()
    todo_miss: tuple[Example, ...] = ()
    fixed: tuple[FixedEntry, ...] = ()


class WordsFile(_File):
    """`words.toml` and `marks.toml`: lists of phrases or patterns by name."""

    slots: dict[Identifier, tuple[Text, ...]]

    @model_validator(mode="before")
    @classmethod
    def _top_level(cls, data: object) -> object:
        return {"slots": data}


class TopicEntry(_File):
    """What makes a sentence about a favour."""

    favour: Favour
    strength: Annotated[int, Field(ge=1, le=3)]
    say: tuple[Text, ...]
    none: tuple[Text, ...] = ()


class ExclusionEntry(_File):
    """What only looks like evidence."""

    id: Identifier
    scope: Literal["sentence", "paragraph", "mail"]
    when: tuple[WhenEntry, ...]
    unless: tuple[str, ...] = ()


class TopicsFile(_File):
    """`topics.toml`."""

    topic: tuple[TopicEntry, ...] = ()
    exclusion: tuple[ExclusionEntry, ...] = ()


class GateFile(_File):
    """`gate.toml`: `alone` any one of these letters in a row makes a mail worth reading; `together` two of these; one
    of those, or of `ajar`, only if the sieve finds the mail likely enough to be about the matter."""

    alone: tuple[Text, ...]
    together: tuple[Text, ...] = ()
    ajar: tuple[Text, ...] = ()


class LanguageFiles(_File):
    """One language's folder, read."""

    folder: str
    words: dict[str, tuple[str, ...]]
    marks: dict[str, tuple[str, ...]]
    topics: TopicsFile
    gate: GateFile
