"""Suggesting: other words for a held mail that are known to pass, found before they are shown.

Drafts come from `holds.suggestion`; each is judged as it would be sent, with the memory of this moment, and nothing is
written. What still holds a draft is dealt with in a further round; the number of rounds is bounded. IO: reads through
ports.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from gateway.flows.recheck import Recheck, recheck
from gateway.holds.hold import HeldMail
from gateway.holds.offer import offer, pressable
from gateway.holds.suggestion import Approach, Change, Draft, Marked, draft
from gateway.language.catalogue import catalogue
from gateway.language.written import written_in
from gateway.mail.message import walk
from gateway.mail.text import MessageText
from gateway.policy.labels import Label, Mode
from gateway.policy.pack import Pack
from gateway.policy.verdict import Finding
from gateway.ports import House

ROUNDS = 4  # a rule shows three sentences at a time, so a long mail may need some
OFFERING = frozenset({Label.REPEAT_ASK, Label.DEMAND, Label.FIRST_ASK})  # what was asked for can be offered instead
# What the mail itself brings, then less of it; a pack's wording last, since it says what the sender may not have said.
WAYS = (
    (Approach.REPLACE, False),
    (Approach.REMOVE, False),
    (Approach.REPLACE_PARAGRAPH, False),
    (Approach.REMOVE_PARAGRAPH, False),
    (Approach.REPLACE, True),
    (Approach.REPLACE_PARAGRAPH, True),
    (Approach.REPLACE_ALL, True),
)


class Source(Enum):
    """Whose the words are that stand for what was held."""

    NOBODY = auto()  # nothing stands for it
    MAIL = auto()  # the mail's own artwork is offered
    STOCK = auto()  # a rule's wording says where artwork is kept
    RULE = auto()  # a rule's wording says something else


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Words that pass, as judged just now. `changes`: what is different from the words given; `lost`: what the edit
    cannot keep; `instead`: the first sentence that was put in, "" for none, and whose it is."""

    text: str
    subject: str
    changes: tuple[Change, ...]
    lost: tuple[str, ...] = ()
    instead: str = ""
    source: Source = Source.NOBODY


async def suggest(
    house: House, held: HeldMail, raw: bytes, text: str, subject: str, found: Recheck
) -> Suggestion | None:
    """Other words for this text and subject, of which `found` is the judgement; None when there are none that pass, or
    none are needed. Raises GatewayError."""
    if not found.improvable:
        return None
    given = Draft(text=text, subject=subject, changes=())
    links, language = pressable(walk(raw)), written_in(text, held.language)
    for approach, fixes in WAYS:
        way = _Way(approach=approach, fixes=fixes, links=links, language=language)
        suggestion = await _tried(house, held, raw, given, found, way)
        if suggestion:
            return suggestion
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """An approach, whether a rule's own wording may stand in, the links the mail has to offer, and its language."""

    approach: Approach
    fixes: bool
    links: frozenset[str]
    language: str


async def _tried(
    house: House, held: HeldMail, raw: bytes, given: Draft, found: Recheck, way: _Way
) -> Suggestion | None:
    """One way, round after round until it passes or gets no further."""
    current, changes = given, list[Change]()
    for _ in range(ROUNDS):
        marks = _marked(found, house.pack, way)
        proposed = draft(current.text, current.subject, marks, way.approach, catalogue(way.language))
        if proposed is None or (proposed.text, proposed.subject) == (current.text, current.subject):
            return None
        current, found = proposed, await recheck(house, held, raw, proposed.text, proposed.subject)
        changes = _merged(changes, proposed.changes)
        if found.passes:
            instead = next((change.instead for change in changes if change.instead and not change.in_subject), "")
            return Suggestion(
                text=current.text,
                subject=current.subject,
                changes=tuple(changes),
                lost=found.lost,
                instead=instead,
                source=_source(instead, house.pack),
            )
    return None


def _source(instead: str, pack: Pack) -> Source:
    if not instead:
        return Source.NOBODY
    rules = [rule for rule in pack.rules.values() if instead in rule.fixes]
    if not rules:
        return Source.MAIL
    return Source.STOCK if any(rule.label in OFFERING for rule in rules) else Source.RULE


def _marked(found: Recheck, pack: Pack, way: _Way) -> list[Marked]:
    """The sentences that hold a mail, and what each may become: the mail's own artwork offered, or the rule's tested
    wording."""
    holding = [one for one in found.findings if one.mode in (Mode.HOLD, Mode.REJECT) and one.sentence.strip()]
    return [
        Marked(
            sentence=finding.sentence,
            instead=_instead(finding, found.text, pack, way),
            rule_id=finding.rule_id,
            in_subject=finding.start < 0,
        )
        for finding in holding
        if finding.rule_id in pack.rules
    ]


def _instead(finding: Finding, text: MessageText, pack: Pack, way: _Way) -> str:
    own = ""
    if finding.label in OFFERING:
        own = offer(text, finding.sentence, way.links, catalogue(way.language))
    return own or (pack.rules[finding.rule_id].fix_in(way.language) if way.fixes else "")


def _merged(earlier: Sequence[Change], later: Sequence[Change]) -> list[Change]:
    """Changes of changes: what a later round does to words an earlier one put in is one change of the first words."""
    merged = list(earlier)
    for change in later:
        before = next(
            (
                n
                for n, one in enumerate(merged)
                if one.instead == change.sentence and one.in_subject == change.in_subject
            ),
            None,
        )
        if before is None:
            merged.append(change)
        else:
            first = merged[before]
            merged[before] = Change(
                sentence=first.sentence, instead=change.instead, rule_id=first.rule_id, in_subject=first.in_subject
            )
    return merged
