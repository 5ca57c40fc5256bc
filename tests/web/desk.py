"""A house with one held mail and its review page, on the real store, judge and flows; time stands still until moved."""

import asyncio
import html
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from gateway.asks.ask import Ask, AskKey, AskState
from gateway.audit.events import AuditEvent
from gateway.audit.memory import MemoryAudit
from gateway.config import Settings
from gateway.config import settings as typed
from gateway.delivery.memory import MemoryNextHop
from gateway.directory.fixed import Fixed
from gateway.disposition import Hold, Reject
from gateway.flows.assess import assess
from gateway.flows.recheck import earlier_asks
from gateway.holds.hold import HeldMail, OutgoingMail
from gateway.holds.lifecycle import HoldAction, HoldState
from gateway.holds.link import token_hash
from gateway.mail.envelope import Path
from gateway.mail.letter import Letter, written
from gateway.mail.message import walk
from gateway.policy.labels import Favour
from gateway.policy.packs import load
from gateway.ports import House, Store
from gateway.storage.opening import open_store
from gateway.web.app import web_app

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
KEY = b"k" * 32
SECRET = "S3cret-of-the-first-mail_0123456789abcdefghi"
OTHER = "S3cret-of-the-other-mail_0123456789abcdefghi"
ANN = "ann.fields@corp.example"
TEAM = "team@corp.example"
MEMBERS = ("bea.stone@corp.example", "cem.aydin@corp.example", "dora.lind@corp.example")
BODY = """Hi all,

the numbers for October are in.

Just a reminder to put the new banner on your personal LinkedIn profile, as I asked last month.

The minutes are in the usual folder.

Best,
Ann
"""
CLEAN = """Hi all,

the numbers for October are in.

The LinkedIn banner is kept in the brand folder for anyone who may ever want it.

The minutes are in the usual folder.

Best,
Ann
"""


@dataclass(slots=True, kw_only=True)
class Desk:
    """The house, the page's client and the clock."""

    house: House
    store: Store
    audit: MemoryAudit
    client: httpx.AsyncClient
    hop: MemoryNextHop
    now: datetime = NOON
    numbers: int = field(default=0)

    def events(self, kind: type[AuditEvent]) -> list[AuditEvent]:
        """What the audit has of one kind."""
        return [event for event in self.audit.events if isinstance(event, kind)]

    def new_id(self) -> str:
        """Ids in order."""
        self.numbers += 1
        return f"id-{self.numbers:06d}"

    async def hold(
        self, raw: bytes | None = None, *, secret: str = SECRET, to: Sequence[str] = (TEAM,), language: str = "en"
    ) -> HeldMail:
        """Hold a mail as the receive flow would: judged with memory, findings and earlier asks kept. `language`: the
        notice's."""
        raw = raw or letter()
        message = walk(raw)
        rcpt_to = tuple(Path(text=one) for one in to)
        async with self.store.begin() as unit:
            found = await assess(
                self.house, message, sender=Path(text=ANN), rcpt_to=rcpt_to, fingerprint=secret, now=self.now,
                unit=unit, reserve=False,
            )  # fmt: skip
            label = found.disposition.label if isinstance(found.disposition, Hold | Reject) else found.verdict.label
            held = HeldMail(
                id=self.new_id(),
                mail_from=Path(text=ANN),
                rcpt_to=rcpt_to,
                sender=ANN,
                subject=message.subject,
                message_id=message.message_id,
                fingerprint=secret,
                label=label,
                labels=found.verdict.labels,
                findings=found.verdict.findings,
                earlier=earlier_asks(found),
                pack=found.verdict.pack,
                held_at=self.now,
                expires_at=self.now + timedelta(days=7),
                token_hash=token_hash(secret),
                size=len(raw),
                language=language,
            )
            await unit.holds.add(held, raw)
        return held

    async def asked(self, asker: str, at: datetime, *, subject: str = "Freshen up your profile") -> None:
        """An ask for a profile change that was delivered to the whole team."""
        keys = frozenset(AskKey(favour=Favour.PROFILE_CHANGE, person=person) for person in MEMBERS)
        ask = Ask(id=self.new_id(), keys=keys, asker=asker, fingerprint=f"{asker}{at}", at=at, subject=subject)
        async with self.store.begin() as unit:
            await unit.asks.reserve(ask, since=at - timedelta(days=1), askers=None)
            await unit.asks.settle(ask.id, AskState.CONFIRMED, at)

    async def step(self, held: HeldMail, *actions: HoldAction, by: str = "gateway", note: str = "") -> HeldMail:
        """Lead a mail through its life, as other flows do."""
        async with self.store.begin() as unit:
            for action in actions:
                changed = await unit.holds.change(held, action, at=self.now, by=by, note=note)
                assert changed is not None
                held = changed
        return held

    async def now_of(self, held: HeldMail) -> HeldMail:
        """The mail as it is stored now."""
        async with self.store.begin(write=False) as unit:
            found = await unit.holds.get(held.id)
        assert found is not None
        return found

    async def outgoing(self) -> list[OutgoingMail]:
        """What waits in the outbox, bytes and all."""
        async with self.store.begin() as unit:
            waiting = await unit.outbox.lease(now=self.now + timedelta(days=1), until=self.now, limit=100)
            return [replace(mail, raw=await unit.outbox.raw(mail.id)) for mail in waiting]

    async def snapshot(self, *held: HeldMail) -> object:
        """Everything a look must not change."""
        mails = [await self.now_of(one) for one in held]
        return mails, len(await self.outgoing()), [event for event in self.audit.events if event.action != "opened"]

    async def get(self, path: str = f"/h/{SECRET}", **more: Any) -> httpx.Response:
        """GET, and to where it leads."""
        return await self.client.get(path, **{"follow_redirects": True, **more})

    async def post(self, data: Mapping[str, str], path: str = f"/h/{SECRET}", **more: Any) -> httpx.Response:
        """A form, posted."""
        return await self.client.post(path, data=dict(data), **more)

    async def form(self, name: str = "revise", path: str = f"/h/{SECRET}") -> dict[str, str]:
        """A form of the page as it is served: every field with its value, nothing ticked."""
        page = (await self.get(path)).text
        return next(form.fields for form in forms(page) if form.purpose == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedForm:
    """One form of a page as a scanner reads it; `buttons` are the (name, value) pairs it could press with."""

    action: str
    fields: dict[str, str]
    buttons: list[tuple[str, str]]

    @property
    def purpose(self) -> str:
        """What it is for."""
        return self.fields.get("do", "revise")


def forms(page: str) -> list[ServedForm]:
    """Every form of a page, with the values it is served with."""
    return [_form(match[1], match[2], page) for match in re.finditer(r"<form\b([^>]*)>(.*?)</form>", page, re.S)]


def links(page: str) -> list[str]:
    """Every address a page points at."""
    return [html.unescape(link) for link in re.findall(r'(?:href|src|action|formaction)="([^"#]+)', page)]


def _form(head: str, inside: str, page: str) -> ServedForm:
    fields: dict[str, str] = {}
    for tag in re.findall(r"<input\b[^>]*>", inside):
        if 'type="checkbox"' not in tag or " checked" in tag:
            fields[_attribute(tag, "name")] = _attribute(tag, "value")
    for tag, value in re.findall(r"(<textarea\b[^>]*>)(.*?)</textarea>", inside, re.S):
        fields[_attribute(tag, "name")] = html.unescape(value.removeprefix("\n"))
    own = re.findall(r"<button\b[^>]*>", inside)
    outside = re.findall(rf'<button\b[^>]*form="{_attribute(head, "id") or "-"}"[^>]*>', page)
    buttons = [(_attribute(tag, "name"), _attribute(tag, "value")) for tag in [*own, *outside]]
    return ServedForm(action=_attribute(head, "action"), fields=fields, buttons=[one for one in buttons if one[0]])


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return html.unescape(found[1]) if found else ""


def letter(
    body: str = BODY,
    subject: str = "Our new banner",
    attachments: Sequence[str] = ("banner.png",),
    to: Sequence[str] = (TEAM,),
) -> bytes:
    """Ann's mail to the team."""
    return written(
        Letter(
            sender=f"Ann Fields <{ANN}>",
            to=list(to),
            subject=subject,
            body=body,
            attachments=attachments,
            message_id="<first@corp.example>",
        )
    )


@asynccontextmanager
async def open_desk(settings: Mapping[str, Any] | None = None, *, store: str = ":memory:") -> AsyncIterator[Desk]:
    """A desk with an empty store."""
    opened = await open_store(store)
    log = MemoryAudit()
    desk: Desk
    hop = MemoryNextHop()
    house = House(
        settings=_settings(settings or {}),
        pack=load("ask-once"),
        store=opened,
        directory=Fixed.from_mapping({"lists": {TEAM: list(MEMBERS)}, "people": {one: {} for one in (ANN, *MEMBERS)}}),
        next_hop=hop,
        audit=log,
        clock=lambda: desk.now,
        new_id=lambda: desk.new_id(),
        notice_key=KEY,
    )
    transport = httpx.ASGITransport(app=web_app(house, secret_key=KEY), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://unknown.example") as client:
        desk = Desk(house=house, store=opened, audit=log, client=client, hop=hop)
        try:
            yield desk
        finally:
            await opened.close()
            await asyncio.sleep(0)


def _settings(data: Mapping[str, Any]) -> Settings:
    base: dict[str, Any] = {
        "organisation": {"internal_domains": ["corp.example"]},
        "web": {"public_url": "https://held.corp.example"},
    }
    return typed({**base, **data}, where="test")


def in_state(held: HeldMail, state: HoldState) -> HeldMail:
    """The same mail, for words that need no store."""
    return replace(held, state=state, changed_at=NOON, changed_by="sender")
