"""The judgement on one text: which rules fire on which sentences, and what the mail asks for. *Pure.*

`relevant` is the cheap gate before it. Takes `MessageText`, the `Scene` and a compiled `Pack`; gives a `Verdict`.
Memory is not asked here.
"""

from collections.abc import Iterator
from dataclasses import replace

from gateway.mail.text import MessageText
from gateway.policy.detector import Detector
from gateway.policy.firing import holds
from gateway.policy.gate import passes
from gateway.policy.labels import HOLDING, Favour, Label
from gateway.policy.line import Line, Reading
from gateway.policy.opinion import Opinion, opinion
from gateway.policy.pack import ASKED_BEFORE, Pack, Rule
from gateway.policy.reading import exclude, read
from gateway.policy.verdict import Finding, Scene, Verdict, shown

MOST_SENTENCES = 3  # findings of one rule in one mail: the first few show what is meant
BEFORE_OTHERS = frozenset({Label.PUBLIC_PRAISE, Label.CALL_OUT})  # there is no such thing between two people
DOUBTED = HOLDING - {Label.CONTRACTOR_RULE}  # who works for us is the directory's to know, not the words'
ASKING = frozenset({Label.FIRST_ASK, Label.REPEAT_ASK, Label.DEMAND})


def relevant(text: MessageText, pack: Pack) -> bool:
    """True when subject or body has a word that any rule could need. Linear in the text, microseconds on clean mail."""
    if pack.detector is None:
        return False
    return passes(f"{text.subject}\n{text.text}", pack.detector.gate)


def judge(text: MessageText, scene: Scene, pack: Pack) -> Verdict:
    """The verdict on what the sender wrote now, read by these people."""
    artwork = bool(text.attachments or text.links)
    if pack.detector is None or not relevant(text, pack):
        return _verdict((), frozenset(), artwork, pack, gated=True)
    reading = read(text, scene, pack.detector)
    second = _second(reading, pack, pack.detector)
    found = _weighed(_found(reading, pack, pack.detector), second, pack, reading)
    settled = tuple(_settled(found))
    favours = frozenset(f.favour for f in found if f.favour is not None and f.label in ASKING)
    asks = any(finding.label.holding or finding.label is Label.FIRST_ASK for finding in settled)
    return _verdict(settled, favours if asks else frozenset(), artwork, pack)


def _found(reading: Reading, pack: Pack, detector: Detector) -> list[Finding]:
    """All that the rules find. Exclusions only take away, so they are looked for only when something fires."""
    if not any(any(_lines_firing(rule.id, reading, detector)) for rule in pack.rules.values()):
        return []
    exclude(reading, detector)
    return [finding for rule in pack.rules.values() for finding in _fire(rule, reading, detector)]


def _second(reading: Reading, pack: Pack, detector: Detector) -> Opinion | None:
    """The second opinion, where the pack has any use for one."""
    if detector.model is None or (pack.opinion.hold > 1 and not pack.opinion.doubt):
        return None
    return opinion(reading, detector.model)


def _weighed(found: list[Finding], second: Opinion | None, pack: Pack, reading: Reading) -> list[Finding]:
    """The rules' findings and the opinion together: in grave doubt nothing holds; where no rule holds, the opinion
    may, in the name of the rule that is about the same."""
    if second is None:
        return found
    if any(finding.label.holding for finding in found):
        doubtful = second.sure < pack.opinion.doubt
        return [finding for finding in found if not (doubtful and finding.label in DOUBTED)]
    if second.sure < pack.opinion.hold or any(finding.label is not Label.FIRST_ASK for finding in found):
        return found  # what the rules recognise as harmless stays so
    if not _names_a_favour(reading) or (second.label in BEFORE_OTHERS and not reading.many):
        return found
    own = (rule for rule in pack.rules.values() if rule.label is second.label and rule.id != ASKED_BEFORE)
    rule = next(own, None)  # never the memory's rule: that would tell of an earlier ask nobody knows of
    if rule is None:
        return found
    return [*found, replace(_finding(rule, second.line, reading), sure=second.sure)]


def _names_a_favour(reading: Reading) -> bool:
    """Whether the sender's own words do, plainly where they answer somebody else's."""
    plain = 2 if reading.quoted else 1
    return any(line.said >= plain and "thread" not in line.out for line in reading.lines)


def _verdict(
    findings: tuple[Finding, ...], favours: frozenset[Favour], artwork: bool, pack: Pack, *, gated: bool = False
) -> Verdict:
    labels = frozenset(finding.label for finding in findings) or frozenset({Label.OTHER})
    return Verdict(
        label=shown(labels),
        labels=tuple(label for label in Label if label in labels),
        findings=findings,
        favours=favours,
        artwork=artwork,
        pack=pack.identity,
        gated=gated,
    )


def _settled(found: list[Finding]) -> list[Finding]:
    """Holding grounds alone where there are any; a mail that asks does not merely offer or thank."""
    holding = [finding for finding in found if finding.label.holding]
    thanked = {finding.start for finding in found if finding.label is Label.PRIVATE_THANKS}
    asking = [finding for finding in found if finding.label is Label.FIRST_ASK and finding.start not in thanked]
    kept = holding or asking or [finding for finding in found if finding.label is not Label.FIRST_ASK]
    return sorted(kept, key=lambda finding: (list(Label).index(finding.label), finding.start))


def _fire(rule: Rule, reading: Reading, detector: Detector) -> Iterator[Finding]:
    """One finding for each favour where a rule allows: the sentence that says it most plainly, the body's before the
    subject. Where it holds, the first few sentences, since each of them wants another wording."""
    lines = list(_lines_firing(rule.id, reading, detector))
    if rule.label.holding:
        yield from (_finding(rule, line, reading) for line in lines[:MOST_SENTENCES])
        return
    told: set[Favour | None] = set()
    for line in sorted(lines, key=lambda line: (line.start < 0, -line.said)):
        finding = _finding(rule, line, reading)
        if finding.favour not in told:
            told.add(finding.favour)
            yield finding


def _lines_firing(rule_id: str, reading: Reading, detector: Detector) -> Iterator[Line]:
    conditions = detector.conditions.get(rule_id, ())
    despite = detector.despite.get(rule_id, frozenset())
    for place, line in enumerate(reading.lines):
        if not line.out - despite and any(holds(condition, place, reading) for condition in conditions):
            yield line


def _finding(rule: Rule, line: Line, reading: Reading) -> Finding:
    return Finding(
        rule_id=rule.id,
        label=rule.label,
        mode=rule.mode,
        start=line.start,
        end=line.end,
        sentence=line.original.strip(),
        because=rule.why.partition(". ")[0].rstrip(".") + ".",
        favour=rule.favour or _favour(line, reading),
    )


def _favour(line: Line, reading: Reading) -> Favour | None:
    """The favour most plainly meant; named in the sentence itself before referred to. Where both are named as plainly,
    a word of spreading (share, like, review ...) decides for promotion."""
    for strengths, sayer in ((line.strength, line), (line.reach, reading)):
        if strengths:
            most = max(strengths.values())
            if strengths.get(Favour.PROFILE_CHANGE) == most and not (
                strengths.get(Favour.PROMOTION) == most and sayer.does_any(("spreads",))
            ):
                return Favour.PROFILE_CHANGE
            return Favour.PROMOTION
    return None
