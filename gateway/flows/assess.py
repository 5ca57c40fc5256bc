"""Judging one mail: its words, its audience, and the memory of what was asked before.

Used by the receive flow, by the sender's re-check and by release, so that all three answer alike. IO: the directory
and one unit of the store, through ports.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, TypeVar

from gateway.asks.ask import Ask, AskKey
from gateway.asks.history import AskHistory, window_start
from gateway.disposition import Advise, Disposition, Hold, Reject, Relay, decide
from gateway.flows.exempt import covered, exemptions_here
from gateway.mail.address import address, addresses, domain_key
from gateway.mail.audience import Audience
from gateway.mail.envelope import Path
from gateway.mail.glance import glance
from gateway.mail.message import Message
from gateway.mail.reading import read_text
from gateway.mail.text import MessageText
from gateway.policy.judge import judge
from gateway.policy.labels import Label, Mode
from gateway.policy.nearness import hopeless, relevant
from gateway.policy.pack import ASKED_BEFORE
from gateway.policy.verdict import Finding, Scene, Verdict
from gateway.ports import House, Unit

if TYPE_CHECKING:
    from gateway.config import Organisation
    from gateway.policy.exceptions import Exemption

_T = TypeVar("_T")
_LONG_PARTS = 100_000  # bytes that are read
_JUDGES = ThreadPoolExecutor(2, "judge")  # of their own: whatever else waits for a thread does not wait for a verdict
UNJUDGEABLE = "unjudgeable"  # the rule id under which a mail is held that cannot be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a mail says, to whom: `audience` is empty and nobody was looked up when the gate found nothing relevant.
    `exemptions` count for this mail; the verdict has them in it already, and `excused` are those it would differ
    without."""

    text: MessageText
    audience: Audience
    verdict: Verdict
    exemptions: "tuple[Exemption, ...]" = ()
    excused: tuple[str, ...] = ()

    @property
    def plain(self) -> bool:
        """Nothing to hold, nothing to remember: the mail passes without touching the store."""
        return not self.verdict.favours and self.verdict.mode in (Mode.OFF, Mode.MONITOR, Mode.TAG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A mail judged with memory. `ask` is what was (or would be) reserved; `unjudged` why words could not be read;
    `exceptions` ids of those that made a difference."""

    text: MessageText
    verdict: Verdict
    history: AskHistory
    disposition: Disposition
    audience: Audience
    ask: Ask | None
    unjudged: str = ""
    exceptions: tuple[str, ...] = ()


def is_internal(organisation: "Organisation", mailbox: str) -> bool:
    """True for an address of the organisation; "*.corp.example" covers subdomains; no domains set: everything is. A
    bare local name is one of ours: the mail server behind us gives it its own domain."""
    return _is_internal(organisation.internal_domains, mailbox)


@lru_cache(maxsize=4096)
def _is_internal(internal: tuple[str, ...], mailbox: str) -> bool:
    _, at, domain = address(mailbox).key.rpartition("@")
    if not internal or not at:
        return bool(mailbox)
    return any(
        domain == wanted or (wanted.startswith(".") and domain.endswith(wanted)) for wanted in _domains(internal)
    )


@lru_cache(maxsize=64)
def _domains(internal: tuple[str, ...]) -> tuple[str, ...]:
    """As addresses are compared, in A-labels; ".corp.example" stands for the subdomains."""
    return tuple(f".{domain_key(name[2:])}" if name.startswith("*.") else domain_key(name) for name in internal)


def internal_recipients(house: House, rcpt_to: Sequence[Path]) -> tuple[str, ...]:
    """Keys of the internal ones among the recipients, each once, in order."""
    keys = (path.address.key for path in rcpt_to)
    return tuple(dict.fromkeys(key for key in keys if is_internal(house.settings.organisation, key)))


def judged_recipients(house: House, sender: Path, rcpt_to: Sequence[Path]) -> tuple[str, ...]:
    """The internal recipients of a mail from one of ours. None: it is nobody's ask of a colleague, from outside or to
    outsiders only, and goes through unjudged."""
    if not is_internal(house.settings.organisation, sender.text):
        return ()
    return internal_recipients(house, rcpt_to)


async def listen(house: House, message: Message, *, sender: Path, recipients: Sequence[str]) -> Heard:
    """Judge the words alone. `recipients` are internal address keys. Raises GatewayError of the directory."""
    if _says_nothing(house, message):
        return _nothing_heard(house.pack.identity)
    text = await _aside(_long(message), partial(read_text, message, max_text=house.settings.policy.max_text))
    if not await _aside(_long(message), partial(relevant, text, house.pack)):
        return Heard(text=text, audience=Audience(), verdict=_unread(house, text, _nothing(house.pack.identity)))
    audience = await house.directory.expand(recipients)
    scene = await _scene(house, message, audience, sender=sender.address.key, recipients=recipients)
    verdict = await _aside(True, partial(judge, text, scene, house.pack))  # the first may read all rules before
    return await _excused(house, Heard(text=text, audience=audience, verdict=_unread(house, text, verdict)), sender)


async def _excused(house: House, heard: Heard, sender: Path) -> Heard:
    """The same with the site's exceptions; they are asked for only where something was found."""
    if not house.exemptions or not heard.verdict.findings:
        return heard
    from gateway.policy.exceptions import excused  # loaded by sites that have exceptions

    count = await exemptions_here(house, sender=sender.address.key, audience=heard.audience)
    verdict, used = excused(heard.verdict, count)
    return replace(heard, verdict=verdict, exemptions=count, excused=used)


async def recall(
    house: House, heard: Heard, *, sender: Path, fingerprint: str, now: datetime, unit: Unit, reserve: bool, ask_id: str
) -> tuple[AskHistory, Ask | None]:
    """What was asked before of these people; with `reserve`, the ask is stored when nothing else stands against it."""
    asker = sender.address.key
    keys = frozenset(
        AskKey(favour=favour, person=person)
        for favour in heard.verdict.favours
        for person in heard.audience.keys
        if person != asker
    )
    if not keys:
        return AskHistory(), None
    ask = Ask(id=ask_id, keys=keys, asker=asker, fingerprint=fingerprint, at=now, subject=heard.text.subject[:200])
    since = window_start(now, house.settings.memory.window_days)
    askers = await _askers(house, asker)
    passing = not isinstance(decide(heard.verdict, AskHistory()), Hold | Reject)
    look = unit.asks.reserve if reserve and passing else unit.asks.earlier
    return await look(ask, since=since, askers=askers), ask


async def assess(
    house: House,
    message: Message,
    *,
    sender: Path,
    rcpt_to: Sequence[Path],
    fingerprint: str,
    now: datetime,
    unit: Unit,
    reserve: bool,
    ask_id: str = "",
) -> Assessment:
    """Judge one mail with memory; `reserve=False` never writes."""
    heard = await listen(house, message, sender=sender, recipients=internal_recipients(house, rcpt_to))
    history, ask = await recall(
        house, heard, sender=sender, fingerprint=fingerprint, now=now, unit=unit, reserve=reserve, ask_id=ask_id
    )
    return conclude(house, heard, history, ask)


def conclude(house: House, heard: Heard, history: AskHistory, ask: Ask | None) -> Assessment:
    """The disposition of what was heard, in the light of the history; a repeat becomes a finding of its own."""
    mode = house.pack.rules[ASKED_BEFORE].mode
    spared = covered(heard.exemptions, ASKED_BEFORE) if history.repeated and mode is not Mode.OFF else ()
    mode = Mode.OFF if spared else mode
    verdict = _with_repeat(house, heard.verdict) if history.repeated and mode is not Mode.OFF else heard.verdict
    return Assessment(
        text=heard.text,
        verdict=verdict,
        history=history,
        disposition=_quiet(house, decide(verdict, history, repeat_mode=mode)),
        audience=heard.audience,
        ask=ask,
        unjudged=heard.text.unjudgeable,
        exceptions=tuple(dict.fromkeys((*heard.excused, *spared))),
    )


_UNREAD = MessageText(subject="", text="", blocks=())


def _quiet(house: House, disposition: Disposition) -> Disposition:
    """While a site only monitors, senders hear nothing."""
    if isinstance(disposition, Advise) and house.settings.policy.mode == "monitor":
        return Relay(tags=disposition.tags)
    return disposition


def _long(message: Message) -> bool:
    words = (part.end - part.start for part in message.parts if part.content_type.startswith(("text/", "message/")))
    return sum(words) > _LONG_PARTS


async def _aside(long: bool, work: Callable[[], _T]) -> _T:
    """Long work is done in a thread, so that no other client waits for it; short work costs less here."""
    if not long:
        return work()
    return await asyncio.get_running_loop().run_in_executor(_JUDGES, copy_context().run, work)


def _says_nothing(house: House, message: Message) -> bool:
    """Most mail: a glance at its words shows that no rule could need them, so it is not read any closer."""
    words = glance(message, most=house.settings.policy.max_text)
    return words is not None and hopeless(f"{message.subject}\n{words}", house.pack)


@lru_cache(maxsize=8)
def _nothing_heard(pack: str) -> Heard:
    return Heard(text=_UNREAD, audience=Audience(), verdict=_nothing(pack))


def _nothing(pack: str) -> Verdict:
    return Verdict(
        label=Label.OTHER,
        labels=(Label.OTHER,),
        findings=(),
        favours=frozenset(),
        artwork=False,
        pack=pack,
        gated=True,
    )


def _unread(house: House, text: MessageText, verdict: Verdict) -> Verdict:
    """A mail whose words cannot be read follows the setting; what could be read was judged all the same."""
    wanted = house.settings.policy.unjudgeable
    if not text.unjudgeable or wanted == "relay" or verdict.label.holding or house.settings.policy.mode == "monitor":
        return verdict
    finding = Finding(
        rule_id=UNJUDGEABLE,
        label=Label.OTHER,
        mode=Mode(wanted),
        start=-1,
        end=-1,
        sentence=text.subject,
        because=f"This mail cannot be read here ({text.unjudgeable}), and your organisation holds such mail.",
    )
    return replace(verdict, findings=(*verdict.findings, finding))


def _with_repeat(house: House, verdict: Verdict) -> Verdict:
    """The verdict with memory's finding, at the place where the text asks."""
    rule = house.pack.rules[ASKED_BEFORE]
    asks = [finding for finding in verdict.findings if finding.favour in verdict.favours]
    place = asks[0] if asks else None
    finding = Finding(
        rule_id=rule.id,
        label=Label.REPEAT_ASK,
        mode=rule.mode,
        start=place.start if place else -1,
        end=place.end if place else -1,
        sentence=place.sentence if place else "",
        because=rule.why,
        favour=place.favour if place else None,
    )
    holding = rule.mode in (Mode.HOLD, Mode.REJECT)
    labels = tuple(sorted({*verdict.labels, Label.REPEAT_ASK}, key=list(Label).index))
    label = labels[0] if holding else verdict.label
    return replace(verdict, findings=(*verdict.findings, finding), labels=labels, label=label)


async def _scene(
    house: House, message: Message, audience: Audience, *, sender: str, recipients: Sequence[str]
) -> Scene:
    """Who reads this: the envelope's people, and those the headers show when a mail was split over transactions."""
    named = [key for name in ("to", "cc") for key in addresses(message.header(name))]
    shown = [key for key in named if is_internal(house.settings.organisation, key) and key not in recipients]
    others = await house.directory.expand(shown) if shown else Audience()
    people = {person.address: person for person in (*audience.people, *others.people)}
    everyone = (set(people) | set(audience.unresolved) | set(others.unresolved)) - {sender}
    return Scene(
        recipients=(*recipients, *shown),
        people=max(1, len(everyone)),
        lists=bool(audience.lists or others.lists),
        contractors=sum(people[key].contractor for key in everyone if key in people),
        sender=sender,
    )


async def _askers(house: House, asker: str) -> frozenset[str] | None:
    """Whose earlier asks count, by the setting's scope; None: anybody's."""
    match house.settings.memory.scope:
        case "organisation":
            return None
        case "team":
            return await house.directory.team(asker)
        case _:
            return frozenset({asker})
