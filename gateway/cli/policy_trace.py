"""What `askonce policy explain` shows: a trace for people, the same for programs. Writes to the terminal."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from gateway.cli.screen import console, shown
from gateway.policy.trace import Leaning, Near, Spoken, Trace

NEARLY = 1  # things missing, at most, for a rule to be shown as having nearly fired


def as_json(traced: Trace) -> dict[str, Any]:
    """The stable form of a trace."""
    verdict = traced.verdict
    return {
        "gate": asdict(traced.gate),
        "blocks": [{"kind": kind, "text": text} for kind, text in traced.blocks],
        "many_readers": traced.many,
        "circumstances": list(traced.circumstances),
        "sentences": [
            {**asdict(one), "said": dict(one.said), "reached": dict(one.reached)} for one in traced.sentences
        ],
        "rules": [{**asdict(one), "fires": not one.missing} for one in traced.rules],
        "overruled": list(traced.overruled),
        "opinion": asdict(traced.leaning) if traced.leaning else None,
        "verdict": {
            "label": verdict.label.value,
            "labels": [label.value for label in verdict.labels],
            "mode": verdict.mode.value,
            "favours": sorted(favour.value for favour in verdict.favours),
            "findings": [
                {"rule": one.rule_id, "mode": one.mode.value, "sentence": one.sentence, "sure": one.sure}
                for one in verdict.findings
            ],
        },
    }


def show_trace(name: str, traced: Trace) -> None:
    """Print a trace, in the order in which a mail is read."""
    _heading(name)
    _gate(traced)
    for kind, text in traced.blocks:
        _line(f"block {kind}: {_short(text)}")
    _line(f"read by {'many' if traced.many else 'one'}" + "".join(f", {one}" for one in traced.circumstances))
    for number, sentence in enumerate(traced.sentences, start=1):
        _sentence(number, sentence)
    _rules("rules that fire", [one for one in traced.rules if not one.missing])
    _rules("rules that nearly fire", [one for one in traced.rules if 0 < len(one.missing) <= NEARLY])
    _opinion(traced.leaning)
    if traced.overruled:
        _line(f"fired, but not in the verdict: {', '.join(traced.overruled)}")
    _heading(f"verdict: {traced.verdict.label.value}, {traced.verdict.mode.value}")
    for finding in traced.verdict.findings:
        sure = f" (the second opinion, {finding.sure:.2f} sure)" if finding.sure else ""
        _line(f"  {finding.rule_id}: \u201c{_short(finding.sentence)}\u201d{sure}")


def _gate(traced: Trace) -> None:
    gate = traced.gate
    words = ", ".join(f"\u201c{word.strip()}\u201d" for word in (*gate.alone, *gate.together, *gate.ajar)) or "none"
    _line(f"gate: {'passed' if gate.passed else 'stopped here; the rest is what would be read'}, words: {words}")
    if gate.said is not None:
        _line(f"sieve: about the matter with probability {gate.said:.2f}, read from {gate.near:.2f} on")


def _sentence(number: int, one: Spoken) -> None:
    _line(f"{number:3} {one.kind}: {_short(one.text, 200)}", bold=True)
    favours = [f"names {favour} {'?' * (3 - strength) or '!'}" for favour, strength in one.said]
    favours += [f"means {favour}" for favour, _ in one.reached if favour not in dict(one.said)]
    for what, words in (
        ("about", favours),
        ("marks", one.marks),
        ("slots", one.slots),
        ("no evidence", one.excluded),
    ):
        if words:
            _line(f"      {what}: {', '.join(words)}")


def _rules(title: str, rules: Sequence[Near]) -> None:
    _heading(title if rules else f"{title}: none")
    for one in rules:
        _line(f"  {one.rule} (when.{one.number}): \u201c{_short(one.sentence)}\u201d")
        for missing in one.missing:
            _line(
                f"      but it {missing}"
                if not missing.startswith(("nothing", "something"))
                else f"      but {missing}"
            )


def _opinion(one: Leaning | None) -> None:
    if one is None:
        _heading("second opinion: none, no favour is named")
        return
    without = "" if one.alone is None else f" ({one.alone:.2f} without the encoder)"
    _heading(
        f"second opinion: {one.sure:.2f} sure of a hold{without}, as {one.label}: \u201c{_short(one.sentence)}\u201d"
    )
    for name, weight in one.weights:
        _line(f"  {weight:+.2f}  {name}")


def _heading(text: str) -> None:
    _line(text, bold=True)


def _line(text: str, *, bold: bool = False) -> None:
    console.print(shown(text), markup=False, highlight=False, style="bold" if bold else None)


def _short(text: str, limit: int = 100) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"
