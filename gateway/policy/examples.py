"""A rule's own examples, run: what must fire, what must not, which rewrites must pass. *Pure.*"""

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.language.tags import LANGUAGES
from gateway.mail.reading import text_from
from gateway.policy.files import Example, ExampleMail, RuleFile
from gateway.policy.judge import judge
from gateway.policy.labels import Mode
from gateway.policy.pack import Pack
from gateway.policy.verdict import Scene, Verdict

HOLDS = (Mode.HOLD, Mode.REJECT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One example tried: `key` such as "hit.3"; `sentence` what it says; `fired` the rules that did; `good` whether
    that was right; `expected`: it is on the list of what the rule does not manage yet."""

    rule: str
    key: str
    sentence: str
    fired: tuple[str, ...]
    good: bool
    expected: bool = False

    @property
    def surprising(self) -> bool:
        """A failure nobody announced."""
        return not self.good and not self.expected

    @property
    def overcome(self) -> bool:
        """An announced failure that is none any more."""
        return self.good and self.expected


def tried(rule: RuleFile, pack: Pack) -> Iterator[Tried]:
    """Every example of the rule, in the order of the file. A deprecated rule runs no more, and neither do they."""
    if rule.status == "deprecated":
        return
    for kind, wanted in (("hit", True), ("miss", False), ("todo_hit", True), ("todo_miss", False)):
        for number, example in enumerate(getattr(rule, kind)):
            yield _fires(rule, pack, f"{kind}.{number}", example, wanted=wanted)
    for number, entry in enumerate(rule.fixed):
        yield _fires(rule, pack, f"fixed.{number}.before", entry.before, wanted=True)
        yield _passes(rule, pack, f"fixed.{number}.after", entry.after)
    if rule.fix:
        yield _passes(rule, pack, "fix", rule.fix)
    for language in LANGUAGES:
        telling = getattr(rule, language, None)
        if telling and telling.fix:
            yield _passes(rule, pack, f"{language}.fix", telling.fix)


def verdict_on(example: Example, pack: Pack) -> Verdict:
    """The verdict on an example mail."""
    mail = example if isinstance(example, ExampleMail) else ExampleMail(body=example)
    scene = Scene(recipients=mail.to, people=max(1, len(mail.to)))
    return judge(text_from(mail.subject, mail.body), scene, pack)


def spoken(example: Example) -> str:
    """An example in one line."""
    words = example if isinstance(example, str) else f"{example.subject} / {example.body}"
    return " ".join(words.split())


def fired(verdict: Verdict) -> tuple[str, ...]:
    """The rules that fired, each once."""
    return tuple(dict.fromkeys(finding.rule_id for finding in verdict.findings))


def _fires(rule: RuleFile, pack: Pack, key: str, example: Example, *, wanted: bool) -> Tried:
    found = fired(verdict_on(example, pack))
    return Tried(
        rule=rule.id,
        key=key,
        sentence=spoken(example),
        fired=found,
        good=(rule.id in found) is wanted,
        expected=key.startswith("todo_"),
    )


def _passes(rule: RuleFile, pack: Pack, key: str, example: Example) -> Tried:
    verdict = verdict_on(example, pack)
    good = verdict.mode not in HOLDS
    return Tried(rule=rule.id, key=key, sentence=spoken(example), fired=fired(verdict), good=good)
