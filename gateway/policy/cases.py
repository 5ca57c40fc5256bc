"""Labelled mails in files: what people say a mail is, beside which a pack is measured. *IO*: reads files.

Three splits. *open*: `*.jsonl` of the folder, which whoever writes rules may read. *locked*: `locked/`, which is only
ever scored in aggregate: nothing of its words leaves this program. *innocent*: `innocent/` and `innocent_*.jsonl`,
ordinary mail that must never be held.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.errors import UserError
from gateway.policy.labels import Label

SPLITS = ("open", "locked", "innocent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One mail and its label; `hold`: whether ask-once should hold it; `evidence`: the sentences that are why."""

    id: str
    split: str
    batch: str
    language: str
    subject: str
    body: str
    html: bool
    to: tuple[str, ...]
    label: Label
    hold: bool
    evidence: tuple[str, ...] = ()


def read_cases(folder: Path, splits: Sequence[str]) -> list[Case]:
    """All cases of these splits. Raises UserError naming file and line."""
    found = [case for split in splits for path in files_of(folder, split) for case in _read(path, split)]
    if not found:
        raise UserError(f"no labelled mails ({', '.join(splits)})", where=str(folder), todo="Give --cases FOLDER")
    return found


def files_of(folder: Path, split: str) -> list[Path]:
    """The files of one split."""
    top = sorted(folder.glob("*.jsonl"))
    innocent = [path for path in top if path.name.startswith("innocent")]
    match split:
        case "open":
            return [path for path in top if path not in innocent]
        case "innocent":
            return [*innocent, *sorted((folder / "innocent").glob("*.jsonl"))]
        case _:
            return sorted((folder / split).glob("*.jsonl"))


def _read(path: Path, split: str) -> list[Case]:
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(getattr(error, "strerror", None) or "not UTF-8", where=str(path)) from None
    return [_case(path, number, split, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _case(path: Path, number: int, split: str, line: str) -> Case:
    try:
        fields = json.loads(line)
        return Case(
            id=str(fields["id"]),
            split=split,
            batch=str(fields.get("batch") or path.stem),
            language=str(fields.get("language") or "en"),
            subject=str(fields.get("subject", "")),
            body=str(fields["body"]),
            html=bool(fields.get("html")),
            to=_texts(fields["to"]),
            label=Label(fields["label"]),
            hold=fields["hold"] is True,
            evidence=_texts(fields.get("evidence") or ()),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = type(error).__name__ if split == "locked" else f"{type(error).__name__}: {error}"
        raise UserError(f"not a labelled mail: {what}", where=f"{path}:{number}") from None


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(str(one) for one in value)
