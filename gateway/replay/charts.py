"""The charts of a report, as SVG that stands in the page: no script, no font, no picture from anywhere. *Pure.*

Colours are the page's own (`var(--…)`), so that a chart is readable light, dark and in print; every chart says in
words what it shows (`<title>`), and the same figures stand in a table beside it.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape

WIDTH, HEIGHT, TOP, FOOT, SIDE = 720, 220, 16, 26, 44
_MOST_BARS = 104  # two years of weeks; more are drawn together


def weekly(weeks: Mapping[date, int], holds: Sequence[Mapping[date, int]], names: Sequence[str]) -> str:
    """Holds a week, a bar for each policy; `weeks` in order. A very long archive is drawn by several weeks a bar."""
    days = list(weeks)
    step = -(-len(days) // _MOST_BARS) or 1
    groups = [days[start : start + step] for start in range(0, len(days), step)]
    series = [[sum(one.get(day, 0) for day in group) for group in groups] for one in holds]
    top = max((value for one in series for value in one), default=0) or 1
    slot = (WIDTH - SIDE) / max(1, len(groups))
    bar = max(1.0, min(26.0, slot * 0.8) / len(series))
    parts = [_grid(top)]
    for place, group in enumerate(groups):
        left = SIDE + place * slot + (slot - bar * len(series)) / 2
        for number, one in enumerate(series):
            words = f"{_span(group)}: {one[place]} held" + (f", {names[number]}" if len(series) > 1 else "")
            parts.append(_bar(left + number * bar, bar, one[place], top, number, words))
    labelled = _labelled(len(groups))
    ends = (labelled[:1], labelled[-1:])
    parts += [_label(SIDE + (place + 0.5) * slot, groups[place][0], inner=[place] not in ends) for place in labelled]
    what = f"Mails held, by {'week' if step == 1 else f'{step} weeks'}, from {_span(days[:1])} to {_span(days[-1:])}"
    return _svg(HEIGHT, what, parts)


def bars(rows: Sequence[tuple[str, Sequence[int]]], what: str) -> str:
    """Named counts as lying bars, one for each policy."""
    top = max((value for _, values in rows for value in values), default=0) or 1
    parts, y = [], 4
    for name, values in rows:
        parts.append(f'<text class="name" x="0" y="{y + 13}">{escape(name)}</text>')
        for number, value in enumerate(values):
            length = (WIDTH - 230) * value / top
            parts.append(f'<rect class="s{number}" x="180" y="{y}" width="{max(length, 1):.1f}" height="16" rx="2"/>')
            parts.append(f'<text class="value" x="{188 + length:.1f}" y="{y + 13}">{value}</text>')
            y += 21
        y += 8
    return _svg(y, what, parts)


def _svg(height: int, what: str, parts: Sequence[str]) -> str:
    head = f'<svg viewBox="0 0 {WIDTH} {height}" role="img" xmlns="http://www.w3.org/2000/svg">'
    return f"{head}<title>{escape(what)}</title>{''.join(parts)}</svg>"


def _grid(top: int) -> str:
    """Three lines with their values."""
    values = sorted({0, top, round(top / 2)})
    return "".join(
        f'<line class="grid" x1="{SIDE}" x2="{WIDTH}" y1="{_y(value, top):.1f}" y2="{_y(value, top):.1f}"/>'
        f'<text class="axis" x="{SIDE - 6}" y="{_y(value, top) + 4:.1f}" text-anchor="end">{value}</text>'
        for value in values
    )


def _bar(x: float, width: float, value: int, top: int, number: int, words: str) -> str:
    y = _y(value, top)
    height = HEIGHT - FOOT - y
    return (
        f'<rect class="s{number}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}">'
        f"<title>{escape(words)}</title></rect>"
    )


def _y(value: int, top: int) -> float:
    return TOP + (HEIGHT - FOOT - TOP) * (1 - value / top)


def _labelled(count: int) -> list[int]:
    """Places that get a date below: at most six, the first and the last among them."""
    if count <= 6:
        return list(range(count))
    return sorted({round(number * (count - 1) / 5) for number in range(6)})


def _label(x: float, day: date, *, inner: bool) -> str:
    """On a narrow page only the outer ones have room."""
    anchor = "start" if x < SIDE + 40 else "end" if x > WIDTH - 40 else "middle"
    kind = "axis more" if inner else "axis"
    return f'<text class="{kind}" x="{x:.1f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{day.isoformat()}</text>'


def _span(days: Sequence[date]) -> str:
    return days[0].isoformat() if days else "-"
