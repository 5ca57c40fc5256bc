"""What `askonce policy score` shows: tables for people, one object for programs. Writes to the terminal."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.cli.screen import console, shown
from gateway.policy.labels import Label
from gateway.policy.scoring import Judged, Rate, Score, confusion, groups, score


def show_score(
    said: Mapping[str, Sequence[Judged]], *, split: str, pack: str, by: Sequence[str], wrong: bool, form: str
) -> None:
    """Print the figures of the whole pack (under "") and of its parts; `wrong` cases are listed too, of the open split
    alone."""
    cases = said[""]
    scores = [score(split, cases), *(one for name in by if name != "means" for one in groups(cases, name))]
    scores += [score(f"means {means}", own) for means, own in said.items() if means]
    listed = [one for one in cases if wrong and one.split == "open" and _is_wrong(one)]
    if form == "json":
        print(json.dumps(_as_json(cases, scores, listed, split=split, pack=pack), ensure_ascii=True))
        return
    console.print(f"{pack}\n{len(cases)} mails, split {split}; 95 % intervals", markup=False, highlight=False)
    for line in (*_rates(scores), *_confusion(cases)):
        console.print(line, markup=False, highlight=False)
    over = sum(one.held and not one.due for one in cases)
    console.print(f"held wrongly {over}, let through wrongly {sum(one.due and not one.held for one in cases)}")
    for one in listed:
        console.print(shown(_told(one)), markup=False, highlight=False)


def _is_wrong(one: Judged) -> bool:
    return one.held is not one.due or one.found is not one.label


def _told(one: Judged) -> str:
    what = "held wrongly" if one.held and not one.due else "let through" if one.due and not one.held else "other label"
    why = (
        "; ".join(f"{rule}: \u201c{' '.join(sentence.split())}\u201d" for rule, sentence in one.shown)
        or "nothing fired"
    )
    return f"{what}: {one.batch}/{one.id}: is {one.label}, shown as {one.found}: {why}"


def _rates(scores: Sequence[Score]) -> Iterator[str]:
    columns = ("precision", "recall", "label right", "asks found", "evidence hit")
    width = max(12, *(len(one.name) for one in scores))
    yield f"{'':{width}} {'mails':>6}" + "".join(f"  {name:<16}" for name in columns)
    for one in scores:
        yield f"{one.name:{width}} {one.mails:6}" + "".join(f"  {_rate(rate):<16}" for _, rate in one.rates())


def _rate(rate: Rate) -> str:
    if rate.value is None:
        return "-"
    low, high = rate.interval
    return f"{rate.value:.3f} {low:.2f}-{high:.2f}"


def _confusion(cases: Sequence[Judged]) -> Iterator[str]:
    """Rows: what it is; columns: what is shown, numbered like the rows."""
    counts = confusion(cases)
    met = [label for label in Label if any(label in pair for pair in counts)]
    yield "labels: rows what a mail is, columns what is shown"
    yield f"{'':21}" + "".join(f"{number:5}" for number in range(1, len(met) + 1))
    for number, true in enumerate(met, start=1):
        yield f"{number:3} {true.value:17}" + "".join(f"{counts.get((true, found)) or '·':>5}" for found in met)


def _as_json(
    cases: Sequence[Judged], scores: Sequence[Score], listed: Sequence[Judged], *, split: str, pack: str
) -> dict[str, Any]:
    return {
        "pack": pack,
        "split": split,
        "scores": [{"name": one.name, "mails": one.mails, **dict(map(_named, one.rates()))} for one in scores],
        "confusion": [
            {"is": true.value, "shown": found.value, "mails": count}
            for (true, found), count in sorted(confusion(cases).items())
        ],
        "held_wrongly": sum(one.held and not one.due for one in cases),
        "let_through_wrongly": sum(one.due and not one.held for one in cases),
        "wrong": [
            {
                "id": one.id,
                "batch": one.batch,
                "label": one.label,
                "shown": one.found,
                "held": one.held,
                "findings": [{"rule": rule, "sentence": sentence} for rule, sentence in one.shown],
            }
            for one in listed
        ],
    }


def _named(pair: tuple[str, Rate]) -> tuple[str, dict[str, Any]]:
    name, rate = pair
    low, high = rate.interval
    value = rate.value
    return name, {
        "value": None if value is None else round(value, 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "right": rate.right,
        "of": rate.total,
    }
