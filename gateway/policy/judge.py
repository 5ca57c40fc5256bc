"""The judgement on one text: which rules fire on which sentences, and what the mail asks for. *Pure.*

`relevant` is the cheap gate before it. Takes `MessageText`, the `Scene` and a compiled `Pack`; gives a `Verdict`.
Memory is not asked here.
"""

from collections.abc import Iterator

from gateway.mail.text import MessageText
from gateway.policy.detector import Detector
from gateway.policy.gate import passes
from gateway.policy.labels import Favour, Label
from gateway.policy.pack import Pack, Rule
from gateway.policy.reading import Line, Reading, holds, read
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
    reading = read(text, scene, pack.detector)
    found = [finding for rule in pack.rules.values() for finding in _fire(rule, reading, pack.detector)]
    settled = tuple(_settled(found))
    favours = frozenset(f.favour for f in found if f.favour is not None and f.label in ASKING)
    asks = any(finding.label.holding or finding.label is Label.FIRST_ASK for finding in settled)
    return _verdict(settled, favours if asks else frozenset(), artwork, pack)


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
    conditions = detector.conditions.get(rule.id, ())
    despite = detector.despite.get(rule.id, frozenset())
    fired = 0
    for place, line in enumerate(reading.lines):
        if line.out - despite or fired >= MOST_SENTENCES:
            continue
        for condition in conditions:
            if holds(condition, line, place, reading):
                fired += 1
                yield _finding(rule, line, reading)
                break


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
    for strengths, marks in ((line.strength, line.marks), (line.reach, reading.marks)):
        if strengths:
            most = max(strengths.values())
            if strengths.get(Favour.PROFILE_CHANGE) == most and not (
                strengths.get(Favour.PROMOTION) == most and "spreads" in marks
            ):
                return Favour.PROFILE_CHANGE
            return Favour.PROMOTION
    return None
