"""A whole house for stories: the real store, a scripted next hop, a witness as audit, a clock that is set by hand.

The judge is a stand-in of four words, so that these stories do not depend on what a pack finds: "BANNER" asks,
"must" demands, "again" shows that it was asked before.
"""

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.audit.events import AuditEvent, HoldChanged
from gateway.config import settings
from gateway.delivery.memory import MemoryNextHop
from gateway.directory.fixed import Fixed
from gateway.errors import AuditUnavailable
from gateway.flows.notify import held_notice_mail
from gateway.holds.hold import HeldMail
from gateway.holds.link import link_secret, token_hash
from gateway.mail.envelope import Path
from gateway.mail.fingerprint import fingerprint
from gateway.mail.message import walk
from gateway.mail.text import Block, BlockKind, MessageText
from gateway.mail.thread import thread_of
from gateway.policy.labels import Favour, Label, Mode
from gateway.policy.pack import ASKED_BEFORE, Pack, Rule
from gateway.policy.verdict import Finding, Scene, Verdict, shown
from gateway.ports import House, Store
from gateway.storage.opening import open_store
from gateway.worker import Worker

START = datetime(2026, 6, 5, 9, 0, tzinfo=UTC)
KEY = b"key of the story"
SENDER = Path(text="mira@corp.example", parameters="SIZE=2000 RET=FULL ENVID=QQ314159")
TEAM = (
    Path(text="Dana@corp.example", parameters="NOTIFY=FAILURE ORCPT=rfc822;Dana@corp.example"),
    Path(text="omar@corp.example"),
)
DEMAND = "Everybody must put the BANNER up by Friday: https://corp.example/b.png"
ASK = "If you like, here is a BANNER: https://corp.example/b.png"


def _rule(rule_id: str, label: Label, mode: Mode, title: str, why: str, advice: str, fix: str = "") -> Rule:
    return Rule(id=rule_id, title=title, label=label, mode=mode, why=why, advice=advice, fix=fix)


PACK = Pack(
    name="story",
    version="1.0.0",
    digest="00",
    rules={
        "demand": _rule(
            "demand",
            Label.DEMAND,
            Mode.HOLD,
            "A favour is never a duty",
            "Personal accounts belong to their owners; what is asked of them must be free to refuse.",
            "Take out the deadline and say plainly that it is voluntary.",
            "If you feel like it, the banner is there for you.",
        ),
        "again": _rule("again", Label.REPEAT_ASK, Mode.HOLD, "Once only", "A favour is asked once.", "Leave it out."),
        "ask": _rule("ask", Label.FIRST_ASK, Mode.MONITOR, "A first ask", "Asked once.", "Supply the artwork."),
        ASKED_BEFORE: _rule(
            ASKED_BEFORE, Label.REPEAT_ASK, Mode.HOLD, "Asked before", "A favour is asked once a year.", "Leave it out."
        ),
    },
)


def judge(text: MessageText, scene: Scene, pack: Pack) -> Verdict:
    """The stand-in."""
    said = f"{text.subject}\n{text.authored}"
    found = []
    for word, rule_id in (("must", "demand"), ("again", "again"), ("BANNER", "ask")):
        at = text.text.find(word)
        if at >= 0 and word in said:
            rule = pack.rules[rule_id]
            line = next(line for line in text.text.split("\n") if word in line)
            favour = Favour.PROFILE_CHANGE if word == "BANNER" else None
            found.append(
                Finding(
                    rule_id=rule_id,
                    label=rule.label,
                    mode=rule.mode,
                    start=at,
                    end=at + len(word),
                    sentence=line,
                    because=f'It says "{word}".',
                    favour=favour,
                )
            )
    labels = frozenset(finding.label for finding in found) or frozenset({Label.OTHER})
    return Verdict(
        label=shown(labels),
        labels=tuple(label for label in Label if label in labels),
        findings=tuple(found),
        favours=frozenset(f.favour for f in found if f.favour),
        artwork=bool(text.links),
        pack=pack.identity,
    )


@dataclass
class Witness:
    """`ports.Audit` that keeps events; `broken` makes `record` fail."""

    events: list[AuditEvent] = field(default_factory=list)
    broken: bool = False

    async def record(self, event: AuditEvent) -> None:
        """See the port."""
        if self.broken:
            raise AuditUnavailable
        self.events.append(event)

    def note(self, event: AuditEvent) -> None:
        """See the port."""
        self.events.append(event)

    def steps(self) -> list[tuple[str, str, str]]:
        """(step, state after, actor) of each step in the life of a hold."""
        return [(e.step, e.after, e.actor) for e in self.events if isinstance(e, HoldChanged)]


@dataclass
class Story:
    """A house, and what a story does with it."""

    house: House
    hop: MemoryNextHop
    audit: Witness
    worker: Worker
    clock: list[datetime]

    async def hold(
        self, text: str = DEMAND, *, sender: Path = SENDER, rcpt_to: tuple[Path, ...] = TEAM, raw: bytes | None = None
    ) -> HeldMail:
        """Put a mail on hold with its notice, as receiving it does."""
        raw = raw or mail(text)
        message = walk(raw)
        own = Block(kind=BlockKind.AUTHORED, start=0, end=len(text))
        verdict = judge(MessageText(subject="", text=text, blocks=(own,)), Scene(), PACK)
        hold_id = self.house.new_id()
        held = HeldMail(
            id=hold_id,
            mail_from=sender,
            rcpt_to=rcpt_to,
            sender=sender.address.key,
            subject=message.subject,
            message_id=message.message_id,
            fingerprint=fingerprint(message, sender.address.key),
            label=Label.DEMAND,
            labels=(Label.DEMAND,),
            findings=tuple(replace(finding, sentence=text) for finding in verdict.findings),
            earlier=(),
            pack=PACK.identity,
            held_at=self.clock[0],
            expires_at=self.clock[0] + timedelta(days=7),
            token_hash=token_hash(link_secret(KEY, hold_id)),
            size=len(raw),
            told_at=self.clock[0],
            thread=thread_of(message),
        )
        async with self.house.store.begin() as unit:
            await unit.holds.add(held, raw)
            notice = held_notice_mail(self.house, held, message=message)
            if notice:
                await unit.outbox.put(notice)
        return held

    async def now(self, held: HeldMail) -> HeldMail:
        """The hold as it stands in the store."""
        async with self.house.store.begin(write=False) as unit:
            found = await unit.holds.get(held.id)
        assert found is not None
        return found

    async def beat(self, **later: float) -> None:
        """Let time pass, then beat once."""
        self.clock[0] += timedelta(**later)
        await self.worker.beat_once()

    def sent(self, to: str) -> list[bytes]:
        """Mails the next hop accepted for this recipient, without dot-stuffing."""
        return [
            mail.wire.replace(b"\r\n.", b"\r\n")
            for mail in self.hop.delivered
            if to in [path.text for path in mail.rcpt_to]
        ]


def mail(text: str, *, subject: str = "New banners", extra: str = "", message_id: str = "<m1@corp.example>") -> bytes:
    """A plain mail with this text."""
    head = (
        f"From: Mira <mira@corp.example>\r\nTo: team@corp.example\r\nSubject: {subject}\r\n"
        f"Message-ID: {message_id}\r\n{extra}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return (head + text.replace("\n", "\r\n") + "\r\n").encode("utf-8")


def short_sighted(house: House) -> House:
    """The same house, where only 16,384 characters of a mail are judged."""
    policy = house.settings.policy.model_copy(update={"max_text": 16 * 1024})
    return replace(house, settings=house.settings.model_copy(update={"policy": policy}))


@asynccontextmanager
async def told(store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Story]:
    """A story on this store."""
    monkeypatch.setattr("gateway.flows.assess.judge", judge)
    monkeypatch.setattr("gateway.flows.assess.relevant", lambda text, pack: True)
    monkeypatch.setattr("gateway.flows.assess._says_nothing", lambda house, message: False)
    clock = [START]
    numbers = itertools.count(1)
    hop, audit = MemoryNextHop(), Witness()
    new_id: Callable[[], str] = lambda: f"{next(numbers):032x}"  # noqa: E731 - a port is a plain callable
    house = House(
        settings=settings(
            {
                "organisation": {"internal_domains": ["corp.example"]},
                "smtp": {"hostname": "gate.corp.example"},
                "web": {"public_url": "https://review.corp.example/"},
            },
            where="story",
        ),
        pack=PACK,
        store=store,
        directory=Fixed.from_mapping({"people": {}, "lists": {}}),
        next_hop=hop,
        audit=audit,
        clock=lambda: clock[0],
        new_id=new_id,
        notice_key=KEY,
    )
    yield Story(house=house, hop=hop, audit=audit, worker=Worker(house), clock=clock)


@asynccontextmanager
async def story_in(path: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Story]:
    """A story on a store at this path."""
    store = await open_store(path)
    try:
        async with told(store, monkeypatch) as story:
            yield story
    finally:
        await store.close()
