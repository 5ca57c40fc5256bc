"""A replay from archive to figures: cut, judge in parallel, put in order, weigh with memory, count.

Told once, in `replayed`. What takes long is kept in a state file, piece by piece, so that it need not be done twice.
IO: reads the archive, writes the state file, runs processes.
"""

import asyncio
import hashlib
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from gateway.config import Settings
from gateway.crew import work
from gateway.policy.pack import Pack
from gateway.replay.journal import Header, Journal, open_journal
from gateway.replay.judging import Plan, houses_of, judging
from gateway.replay.pieces import Piece, cut
from gateway.replay.pseudonym import Pseudonyms, names_in
from gateway.replay.seen import Seen, seen_of
from gateway.replay.tally import Figures, monday, tallied
from gateway.replay.weighing import Weighed, in_order, weighed

Progress = Callable[[int, int], None]  # bytes done, bytes in all
_NAMED = 5  # unreadable mails that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What to replay: archives, one or two policies as settings, and how."""

    archives: tuple[str, ...]
    policies: tuple[Settings, ...]
    state: Path
    jobs: int = 1
    samples: int = 5


def replayed(wanted: Replay, packs: Sequence[Pack], progress: Progress) -> tuple[Figures, Journal]:
    """The figures. The state file stays until whoever writes the report removes it. Raises UserError."""
    pieces = cut(wanted.archives)
    journal = open_journal(wanted.state, _header(wanted, packs, pieces))
    plan = Plan(policies=wanted.policies, began=datetime.fromisoformat(journal.header.began))
    _judge(plan, pieces, journal, wanted.jobs, progress)
    seen = [seen_of(row) for answer in journal.answers() for row in answer["seen"]]
    ordered, copies = in_order(seen)
    houses = houses_of(plan)
    mails = asyncio.run(weighed(houses, ordered))
    names = Pseudonyms(bytes.fromhex(journal.header.key), _names(journal, ordered, packs))
    tallies, difference = tallied(mails, [pack.identity for pack in packs], names, most=wanted.samples)
    return _figures(mails, seen, journal, copies)(tallies=tallies, difference=difference), journal


def _judge(plan: Plan, pieces: Sequence[Piece], journal: Journal, jobs: int, progress: Progress) -> None:
    """Everything that is not in the state file yet."""
    sizes = {piece.number: piece.size for piece in pieces}
    whole = sum(sizes.values())
    left = [piece for piece in pieces if piece.number not in journal.done]
    progress(sum(sizes[number] for number in journal.done), whole)
    for answer in work(partial(judging, plan), left, jobs=min(jobs, max(1, len(left)))):
        journal.add(answer)
        progress(sum(sizes[number] for number in journal.done), whole)


def _header(wanted: Replay, packs: Sequence[Pack], pieces: Sequence[Piece]) -> Header:
    """What makes it this replay: the archive's pieces with their sizes, the packs, the settings, the people."""
    said = [repr(piece) for piece in pieces]
    said += [pack.identity for pack in packs]
    said += [settings.model_dump_json(include=_COUNTING) for settings in wanted.policies]
    for settings in wanted.policies[:1]:
        said += [_content(settings.organisation.directory), _content(settings.policy.exceptions)]
    plan = hashlib.sha256("\n".join(said).encode("utf-8", "surrogatepass")).hexdigest()
    began = datetime.now(UTC).replace(microsecond=0)
    return Header(plan=plan, began=began.isoformat(), key=secrets.token_hex(16))


_COUNTING = {"organisation", "policy", "memory"}  # sections that change a verdict


def _content(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest() if path else ""


def _names(journal: Journal, mails: Sequence[Seen], packs: Sequence[Pack]) -> set[str]:
    """Words of people's names in this archive; a word of the packs' own vocabulary is no name."""
    names = {name for answer in journal.answers() for name in answer["names"]}
    names |= names_in(address for seen in mails for address in (seen.sender, *seen.people))
    known = [pack.detector.lexicon for pack in packs if pack.detector]
    return {name for name in names if not any(lexicon.knows(name.lower()) for lexicon in known)}


def _figures(mails: Sequence[Weighed], seen: Sequence[Seen], journal: Journal, copies: int) -> "partial[Figures]":
    inside = [mail for mail in mails if mail.seen.internal]
    dated = sorted(one.at for one in seen if one.at is not None)
    unread = [where for answer in journal.answers() for where in answer["unread"]]
    return partial(
        Figures,
        mails=len(seen),
        judged=len(inside),
        outside=len(mails) - len(inside),
        copies=copies,
        unread=tuple(unread[:_NAMED]),
        unread_count=len(unread),
        clocks=dict(Counter(one.clock or "none" for one in seen)),
        first=_day(dated[:1]),
        last=_day(dated[-1:]),
        weeks=_weeks(inside),
    )


def _day(times: Sequence[float]) -> str:
    return datetime.fromtimestamp(times[0], UTC).date().isoformat() if times else ""


def _weeks(mails: Sequence[Weighed]) -> dict[Any, int]:
    """Every Monday from the first mail to the last, the empty ones too, as long as they are not more than a chart has
    room for; mail far away from all other mail has a wrong clock, and its week stands for itself."""
    counts = Counter(monday(mail.at) for mail in mails)
    if not counts:
        return {}
    first, last = min(counts), max(counts)
    if (last - first).days // 7 > _MOST_WEEKS:
        return dict(sorted(counts.items()))
    every = (first + timedelta(weeks=number) for number in range((last - first).days // 7 + 1))
    return {week: counts.get(week, 0) for week in every}


_MOST_WEEKS = 520
