"""`python -m tests.training`: weigh the labelled cases again and write `policies/english/opinion.json`.

Reads `policies/cases/*.jsonl` and the packs' own examples; never what is locked away under `policies/cases/locked`.
With `--score`, each batch is also judged by weights that have not seen it. The same cases give the same file.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from gateway.mail.reading import text_from
from gateway.policy.labels import HOLDING, Label
from gateway.policy.opinion import Weights, features
from gateway.policy.packs import find, load, sources
from gateway.policy.reading import read
from gateway.policy.verdict import Scene
from tests.training.regression import Row, fit

CASES = Path("policies/cases")
MODEL = Path("policies/english/opinion.json")
LEAST_SEEN = 2  # mails a feature must stand in
LEAST_WEIGHT = 0.02

Case = tuple[str, Label, bool, set[str]]  # batch, label, hold, features


def main() -> None:
    """Read, fit, write, and say how far."""
    parser = argparse.ArgumentParser(prog="python -m tests.training", description=__doc__)
    parser.add_argument("--score", action="store_true", help="also judge each batch by weights that have not seen it")
    arguments = parser.parse_args()
    cases = [*_cases(), *_examples()]
    print(f"{len(cases)} cases, {sum(hold for _, _, hold, _ in cases)} to hold")
    if arguments.score:
        _score(cases)
    model = {"hold": _written(hold_weights(cases), 4)} | {
        label: _written(_label_weights(cases, label), 2) for label in sorted(HOLDING - {Label.CONTRACTOR_RULE})
    }
    MODEL.write_text(json.dumps(model, indent=0, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
    print(f"{MODEL}: {MODEL.stat().st_size // 1024} KB")


def hold_weights(cases: list[Case]) -> Weights:
    """Should it be held? All cases count."""
    return fit([Row(features=tuple(sorted(seen)), yes=hold) for _, _, hold, seen in _common(cases)], step=0.25)


def _label_weights(cases: list[Case], label: Label) -> Weights:
    """Among mail to hold: is it this? Single words and marks, without pairs, which are too rare to tell."""
    rows = [
        Row(features=tuple(sorted(one for one in seen if one.count(" ") < 2 or one[:4] == "mark")), yes=known is label)
        for _, known, hold, seen in _common(cases)
        if hold
    ]
    return fit(rows, step=0.15)


def _common(cases: list[Case]) -> list[Case]:
    counts: dict[str, int] = {}
    for *_, seen in cases:
        for feature in seen:
            counts[feature] = counts.get(feature, 0) + 1
    return [(*rest, {one for one in seen if counts[one] >= LEAST_SEEN}) for *rest, seen in cases]  # type: ignore[misc]


def _written(weights: Weights, digits: int) -> dict[str, object]:
    kept = {name: round(weight, digits) for name, weight in weights.of.items() if abs(weight) >= LEAST_WEIGHT}
    return {"bias": round(weights.bias, 4), "weights": kept}


def _cases() -> Iterator[Case]:
    detector = load("ask-once").detector
    assert detector is not None
    for path in sorted(CASES.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            case = json.loads(line)
            text = text_from(case["subject"], case["body"], html=case.get("html", False))
            scene = Scene(recipients=tuple(case["to"]), people=len(case["to"]))
            yield path.stem, Label(case["label"]), case["hold"], features(read(text, scene, detector))


def _examples() -> Iterator[Case]:
    """The packs' own one-line examples: what a rule must find, and what it must leave alone."""
    detector = load("ask-once").detector
    assert detector is not None
    scene = Scene(recipients=("all-staff@north.example",))
    seen: set[str] = set()
    for rule, _ in sources(find("ask-once")).rules.values():
        for example in (*rule.hit, *rule.todo_hit):
            if isinstance(example, str) and example not in seen:
                seen.add(example)
                found = features(read(text_from("", example), scene, detector))
                yield "examples", rule.label, rule.label in HOLDING, found


def _score(cases: list[Case]) -> None:
    for batch in sorted({batch for batch, *_ in cases}):
        model = hold_weights([case for case in cases if case[0] != batch])
        judged = [(model.sure(seen) >= 0.5 if seen else False, hold) for name, _, hold, seen in cases if name == batch]
        right = sum(sure and hold for sure, hold in judged)
        held, due = sum(sure for sure, _ in judged), sum(hold for _, hold in judged)
        print(
            f"{batch:16} {len(judged):4} mails  precision {right / max(held, 1):.2f}  recall {right / max(due, 1):.2f}"
        )


if __name__ == "__main__":
    main()
