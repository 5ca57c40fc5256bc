"""The report of a replay, as one HTML page that needs nothing else, and as JSON. *Pure.*"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import jinja2
from markupsafe import Markup

from gateway.policy.pack import Pack
from gateway.replay.charts import bars, weekly
from gateway.replay.tally import STOPPED, Difference, Figures, Sample, Tally

ORDER = ("hold", "reject", "advise", "relay")


def as_json(figures: Figures, made: str) -> dict[str, Any]:
    """The stable form of the figures; `made` the day of the replay."""
    return {
        "made": made,
        "mails": figures.mails,
        "judged": figures.judged,
        "outside": figures.outside,
        "copies": figures.copies,
        "unread": figures.unread_count,
        "unread_first": list(figures.unread),
        "clocks": figures.clocks,
        "first": figures.first,
        "last": figures.last,
        "weeks": {week.isoformat(): count for week, count in figures.weeks.items()},
        "policies": [_policy(tally) for tally in figures.tallies],
        "difference": _difference(figures.difference) if figures.difference else None,
    }


def as_html(figures: Figures, packs: Sequence[Pack], made: str) -> str:
    """The page."""
    names = _names(packs)
    holds = [{week: sum(labels.values()) for week, labels in tally.weeks.items()} for tally in figures.tallies]
    rules = sorted({rule for tally in figures.tallies for rule in tally.rules}, key=lambda one: _rank(figures, one))
    titles = {rule.id: rule.title for pack in packs for rule in pack.rules.values()}
    chart = [(rule, [tally.rules[rule] for tally in figures.tallies]) for rule in rules]
    return _TEMPLATE.render(
        figures=figures,
        made=made,
        names=names,
        order=[one for one in ORDER if any(tally.dispositions[one] for tally in figures.tallies)],
        held=[sum(tally.dispositions[one] for one in STOPPED) for tally in figures.tallies],
        weekly=Markup(weekly(figures.weeks, holds, names)) if figures.weeks else "",  # noqa: S704 - escaped in charts
        by_rule=Markup(bars(chart, "Mails that each rule stops")) if chart else "",  # noqa: S704 - escaped in charts
        weeks=[(week, count, [one.get(week, 0) for one in holds]) for week, count in figures.weeks.items()],
        rules=rules,
        titles=titles,
        samples=_samples(figures, rules),
        differing=figures.difference.counts.most_common() if figures.difference else [],
    )


def _names(packs: Sequence[Pack]) -> list[str]:
    """As short as they can be told apart: the version only where the names are the same."""
    short = [pack.name for pack in packs]
    return short if len(set(short)) == len(short) else [f"{pack.name} {pack.version}" for pack in packs]


def _rank(figures: Figures, rule: str) -> tuple[int, str]:
    return (-max(tally.rules[rule] for tally in figures.tallies), rule)


def _samples(figures: Figures, rules: Sequence[str]) -> list[tuple[str, list[Sample]]]:
    """By rule, those of the first policy that has any."""
    found = ((rule, next((one.samples[rule] for one in figures.tallies if rule in one.samples), [])) for rule in rules)
    return [(rule, samples) for rule, samples in found if samples]


def _policy(tally: Tally) -> dict[str, Any]:
    return {
        "pack": tally.pack,
        "dispositions": dict(sorted(tally.dispositions.items())),
        "weeks": {week.isoformat(): dict(sorted(labels.items())) for week, labels in sorted(tally.weeks.items())},
        "rules": {rule: {"stops": count, "alone": tally.alone[rule]} for rule, count in sorted(tally.rules.items())},
        "overlaps": [{"rules": list(pair), "mails": count} for pair, count in sorted(tally.pairs.items())],
        "watched": dict(sorted(tally.watched.items())),
        "exceptions": dict(sorted(tally.exceptions.items())),
        "asks": tally.asks,
        "repeats_by_memory_alone": tally.by_memory,
        "unjudged": tally.unjudged,
        "samples": {rule: [asdict(one) for one in found] for rule, found in sorted(tally.samples.items())},
    }


def _difference(difference: Difference) -> list[dict[str, Any]]:
    return [
        {
            "first": pair[0],
            "second": pair[1],
            "mails": count,
            "samples": [asdict(one) for one in difference.samples[pair]],
        }
        for pair, count in sorted(difference.counts.items())
    ]


_TEMPLATE = jinja2.Environment(
    loader=jinja2.PackageLoader("gateway.replay", "pages"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
).get_template("report.html")
