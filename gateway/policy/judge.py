"""The judgement on one text: which rules fire on which sentences, and what the mail asks for. *Pure.*

`relevant` is the cheap gate before it. Takes `MessageText`, the `Scene` and a compiled `Pack`; gives a `Verdict`.
Memory is not asked here.
"""

from collections.abc import Iterator

from gateway.mail.text import MessageText
from gateway.policy.detector import Detector
from gateway.policy.firing import holds
from gateway.policy.gate import passes
from gateway.policy.labels import Favour, Label
from gateway.policy.line import Line, Reading
from gateway.policy.pack import Pack, Rule
from gateway.policy.reading import exclude, read
from gateway.policy.verdict import Finding, Scene, Verdict, shown

MOST_SENTENCES = 3  # findings of one rule in one mail: the first few show what is meant
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
    found = _found(read(text, scene, pack.detector), pack, pack.detector)
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
