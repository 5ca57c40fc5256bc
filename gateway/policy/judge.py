"""The judgement on one text: which rules fire on which sentences, and what the mail asks for. *Pure.*

Takes `MessageText`, the `Scene` and a compiled `Pack`; gives a `Verdict`. Memory is not asked here.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from gateway.mail.text import MessageText
from gateway.policy.detector import Detector
from gateway.policy.firing import holds
from gateway.policy.labels import Favour, Label
from gateway.policy.line import Line, Reading
from gateway.policy.nearness import near, own_rules, relevant
from gateway.policy.opinion import PLAIN, Opinion, Whole, opinion
from gateway.policy.pack import ASKED_BEFORE, Pack, Rule
from gateway.policy.reading import exclude, read
from gateway.policy.verdict import Finding, Scene, Verdict, shown

MOST_SENTENCES = 3  # findings of one rule in one mail: the first few show what is meant
UNLIKELY = 0.02  # below this a label is not worth asking the rules about
DESPITE = 0.75  # this sure, the opinion alone holds what exclusions would keep the rules from
VEILED = 0.6  # this sure, regression and encoder hold together what names no favour
ANSWERED = 0.5  # and so sure must the regression be by itself, where the mail is an answer
SUSPECTED = 0.15  # and so sure where no network is named: real mail is full of words the encoder never met
STANDS = 0.3  # less sure than this, the encoder overrules what rules and regression both hold
AGREED = 0.7  # rules that agree are doubted less, by this factor
FEW, IN_ALL = 4, 10  # words of each sentence, and of a mail, that names things and says nothing of them
ASKING = frozenset({Label.FIRST_ASK, Label.REPEAT_ASK, Label.DEMAND})


def judge(text: MessageText, scene: Scene, pack: Pack) -> Verdict:
    """The verdict on what the sender wrote now, read by these people."""
    artwork = bool(text.attachments or text.links)
    if pack.detector is None or not relevant(text, pack):
        return _verdict((), frozenset(), artwork, pack, gated=True)
    reading = read(text, scene, pack.detector)
    own = own_rules(pack, pack.detector)
    if own and not near(text, pack, pack.detector):
        found = found_by_rules(own, reading, pack.detector)
    else:
        found = findings(reading, pack, pack.detector)
    settled = tuple(_settled(found))
    favours = frozenset(f.favour for f in found if f.favour is not None and f.label in ASKING)
    if favours and _leaves_the_choice(reading):
        favours = frozenset(Favour)
    asks = any(finding.label.holding or finding.label is Label.FIRST_ASK for finding in settled)
    return _verdict(settled, favours if asks else frozenset(), artwork, pack)


def findings(reading: Reading, pack: Pack, detector: Detector) -> list[Finding]:
    """What the rules find and what the second opinion makes of it. Excludes as it goes: read once, judge once."""
    second = _second(reading, pack, detector)
    rules = list(pack.rules.values())
    if second is None:
        return found_by_rules(rules, reading, detector)
    if _nothing_to_add(second, pack):
        rules = [rule for rule in rules if rule.id not in second.weights.header.rules]
        return _weighed(found_by_rules(rules, reading, detector), second, pack, reading, detector)
    found = found_by_rules(rules, reading, detector)
    if detector.encoders and second.in_doubt(_fired(found, second)):
        second = second.joined(detector.encoders.says(reading, second.places), pack.opinion.encoder)
    return _weighed(found, second, pack, reading, detector)


def found_by_rules(rules: Iterable[Rule], reading: Reading, detector: Detector) -> list[Finding]:
    """All that these rules find. Exclusions only take away, so they are looked for only when something fires."""
    if not any(any(_lines_firing(rule.id, reading, detector)) for rule in rules):
        return []
    exclude(reading, detector)
    return [finding for rule in rules for finding in _fire(rule, reading, detector)]


def _second(reading: Reading, pack: Pack, detector: Detector) -> Opinion | None:
    """The second opinion, where the pack has any use for one."""
    if detector.model is None or (pack.opinion.hold > 1 and not pack.opinion.doubt):
        return None
    return opinion(reading, detector.model)


def _nothing_to_add(second: Opinion, pack: Pack) -> bool:
    """Whatever the weighed rules found, the mail would pass as nothing: most mail that merely names a network."""
    likely = max((second.chance(label) for label in Label if label is not Label.OTHER), default=0.0)
    return likely < UNLIKELY and second.whole([Label.DEMAND]).sure < min(AGREED * pack.opinion.doubt, pack.opinion.hold)


def _weighed(found: list[Finding], second: Opinion, pack: Pack, reading: Reading, detector: Detector) -> list[Finding]:
    """The rules' findings and the opinion together. Rules that it was not weighed with always have the last word."""
    strange = [finding for finding in found if finding.rule_id not in second.weights.header.rules]
    known = [finding for finding in found if finding.rule_id in second.weights.header.rules]
    fired = _fired(known, second)
    whole, counted = second.whole(fired), second.regression().whole(fired)
    holding = frozenset(label for label in fired if label.holding)
    alone = _holds_alone(whole, counted, fired, second, pack, reading, detector)
    if alone or (holding and whole.sure >= _doubt(holding, counted, pack)):
        label = whole.held_for(holding) if alone else min(holding, key=list(Label).index)
        return strange + _held(label, whole.sure, known, second, pack, reading)
    label = whole.otherwise()
    if Label.FIRST_ASK not in fired and counted.otherwise() in fired:
        label = counted.otherwise()  # an offer, say: the encoder by itself makes no ask of it
    if label is Label.WORK_HOURS_RULE and (reading.scene.contractors or Label.CONTRACTOR_RULE in fired):
        return strange + _held(Label.CONTRACTOR_RULE, whole.sure, known, second, pack, reading)
    return strange + _fine(label, known, second, pack, reading)


def _holds_alone(
    whole: Whole,
    counted: Whole,
    fired: Collection[Label],
    second: Opinion,
    pack: Pack,
    reading: Reading,
    detector: Detector,
) -> bool:
    """Whether the opinion is sure enough to hold a mail by itself. `counted` is what the regression makes of it."""
    encoders = second.encoded.encoders if second.encoded else 0
    if whole.sure < pack.opinion.alone(fired, network=second.network, encoders=encoders):
        return False
    if any(label.holding for label in fired):
        return True
    if _merely_names(reading) or (not second.network and counted.sure < SUSPECTED):
        return False
    if not _names_a_favour(reading) and not (encoders and _veiled(whole, counted, reading)):
        return False
    return whole.sure >= DESPITE or not _excluded(whole, second, reading, detector)


def _veiled(whole: Whole, counted: Whole, reading: Reading) -> bool:
    """Whether regression and encoder are sure enough together of what names no favour. In an answer what is quoted
    names one, so there the regression must be sure by itself too."""
    return whole.sure >= VEILED and (counted.sure >= ANSWERED or not reading.quoted)


def _doubt(holding: Collection[Label], counted: Whole, pack: Pack) -> float:
    """Less sure than this, what rules hold passes: less doubt where rules agree, and where the regression holds too."""
    doubt = pack.opinion.doubt * (AGREED if len(holding) > 1 else 1)
    return min(doubt, STANDS) if counted.sure >= pack.opinion.hold else doubt


def _fired(found: Iterable[Finding], second: Opinion) -> set[Label]:
    """The labels of what those rules found that the opinion was weighed with."""
    return {finding.label for finding in found if finding.rule_id in second.weights.header.rules}


def _excluded(whole: Whole, second: Opinion, reading: Reading, detector: Detector) -> bool:
    """Whether exclusions (a company account, somebody's job, a complaint) cover all that the opinion points at."""
    exclude(reading, detector)
    return all(line.out for line, _ in second.where(whole.held_for()))


def _merely_names(reading: Reading) -> bool:
    """Whether a mail is nothing but names of things ("New banner", "See attached."): it leans on nobody, and is too
    little to read anything into."""
    said = [line.original.split() for line in reading.lines]
    few = 0 < sum(map(len, said)) <= IN_ALL and not reading.quoted
    return few and all(len(words) <= FEW and words[-1][-1] not in "?!" for words in said)


def _names_a_favour(reading: Reading) -> bool:
    """Whether the sender's own words do, plainly where they answer somebody else's."""
    plain = 2 if reading.quoted else 1
    return any(line.said >= plain and "thread" not in line.out for line in reading.lines)


def _held(
    label: Label, sure: float, known: list[Finding], second: Opinion, pack: Pack, reading: Reading
) -> list[Finding]:
    """Findings of a mail that is held for `label`: the rule's sentences, else the model's; and what else is plain."""
    kept = [one for one in known if one.label is label or (one.label.holding and second.chance(one.label) >= PLAIN)]
    also = [one for one in Label if one.holding and second.chance(one) >= PLAIN] + [label]
    have = {finding.label for finding in kept}
    for one in dict.fromkeys(also):
        if one not in have:
            kept += _told(one, sure, second, pack, reading)
    asks = [one for one in known if one.label is Label.FIRST_ASK]
    return kept + asks


def _fine(label: Label, known: list[Finding], second: Opinion, pack: Pack, reading: Reading) -> list[Finding]:
    """Findings of a mail that passes as `label`."""
    if label is Label.OTHER:
        return []
    kept = [finding for finding in known if finding.label is label]
    return kept or _told(label, 0.0, second, pack, reading)


def _told(label: Label, sure: float, second: Opinion, pack: Pack, reading: Reading) -> list[Finding]:
    """What the model alone finds, in the words of the rule that is about the same. Never the memory's rule, which would
    tell of an earlier ask nobody knows of."""
    rule = next((rule for rule in pack.rules.values() if rule.label is label and rule.id != ASKED_BEFORE), None)
    if rule is None:
        return []
    lines = second.where(label)[: MOST_SENTENCES if label.holding else 1]
    return [replace(_finding(rule, line, reading), sure=sure or chance) for line, chance in lines]


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
        favour=rule.favour or _favour(line, reading) or (_meant(reading) if rule.label in ASKING else None),
    )


def _leaves_the_choice(reading: Reading) -> bool:
    """Whether the sender's own words name things for a profile and things to spread, and "either" or "both" of them."""
    own = [one for one in reading.lines if "thread" not in one.out]
    return any(one.does("either") for one in own) and any(map(_wears, own)) and any(one.does("spreads") for one in own)


def _wears(line: Line) -> bool:
    return "{picture}" in line.words or line.does("wears")


def _favour(line: Line, reading: Reading) -> Favour | None:
    """The favour meant: by what is shown on a profile (banner, "behind your name") or done to spread (share, review),
    in the sentence itself before all that the sender wrote; where both or neither are, the one most plainly named, in
    the sentence before what it refers to."""
    own = [one for one in reading.lines if "thread" not in one.out]
    for lines in ([line], own):
        wears = any(map(_wears, lines))
        if wears != any(one.does("spreads") for one in lines):
            return Favour.PROFILE_CHANGE if wears else Favour.PROMOTION
        if wears:
            break
    for strengths in (line.strength, line.reach):
        if strengths:
            return max(Favour, key=lambda favour: (strengths.get(favour, 0), favour is Favour.PROFILE_CHANGE))
    return None


def _meant(reading: Reading) -> Favour:
    """What an ask is about that names nothing itself: the favour its mail names most plainly."""
    most = {favour: max((line.strength.get(favour, 0) for line in reading.lines), default=0) for favour in Favour}
    return max(Favour, key=lambda favour: (most[favour], favour is Favour.PROMOTION))
