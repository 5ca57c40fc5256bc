"""The beat: every step every time, whatever became of the one before."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from gateway.asks.ask import Ask, AskKey
from gateway.delivery.memory import MemoryTransaction
from gateway.errors import StoreUnavailable
from gateway.flows.dispute import dispute
from gateway.flows.release import release
from gateway.holds.lifecycle import HoldState
from gateway.mail.content import Content
from gateway.policy.labels import Favour
from gateway.replies import OK, Reply
from gateway.worker import Worker
from tests.flows.house import ASK, DEMAND, Story, mail, story_in


@pytest.fixture
async def story(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Story]:
    """A house on a real SQLite store in memory."""
    async with story_in(":memory:", monkeypatch) as story:
        yield story


async def test_wakes_early(story: Story) -> None:
    """A release is delivered at once when the worker is woken, not at the next beat."""
    worker = Worker(story.house, beat_seconds=30)
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(0.05)
    held = await story.hold()
    await release(story.house, held.id, new_text=ASK, new_subject=None, actor="sender")
    taken = asyncio.Event()
    story.hop.rcpt = lambda path: (taken.set(), OK)[1]
    worker.wake()
    async with asyncio.timeout(5):
        await taken.wait()
        await worker.stop()
        await running
    assert (await story.now(held)).state is HoldState.SENT


async def test_stop_before_run(story: Story) -> None:
    """A worker that never ran stops at once."""
    await asyncio.wait_for(Worker(story.house).stop(), 1)


async def test_trouble_with_one_step_does_not_stop_the_others(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that fails during expiry does not keep the outbox from being drained, and the beat goes on."""

    async def failing(house: object) -> int:
        raise StoreUnavailable

    async def broken(house: object) -> int:
        raise ZeroDivisionError

    held = await story.hold()
    await release(story.house, held.id, new_text=ASK, new_subject=None, actor="sender")
    monkeypatch.setattr("gateway.worker.expire_due", failing)
    await story.beat()
    assert len(story.sent("omar@corp.example")) == 1
    monkeypatch.setattr("gateway.worker.expire_due", broken)
    await story.beat()


async def test_one_mail_in_trouble_does_not_stop_the_others(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many mails one that cannot be delivered, for whatever reason, leaves the others on their way."""
    for number in range(20):
        await story.hold(raw=mail(DEMAND, message_id=f"<n{number}@corp.example>"))
    real = type(story.hop).begin
    begun: list[int] = []

    def begin(hop: object, mail_from: object, session: object) -> object:
        begun.append(1)
        if len(begun) == 3:
            raise ZeroDivisionError
        return real(hop, mail_from, session)  # type: ignore[arg-type]

    monkeypatch.setattr(type(story.hop), "begin", begin)
    await story.beat()
    assert len(story.hop.delivered) == 19
    await story.beat(minutes=6)
    assert len(story.hop.delivered) == 20


async def soon(true: Callable[[], bool]) -> None:
    """Look for some seconds until it is true."""
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not come true")


async def test_slow_deliveries_hold_up_nobody(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a next hop that never answers has some of the mails, beats go on and others are delivered; a stop waits
    for what is under way."""
    await story.hold()
    await story.beat()
    story.clock[0] += timedelta(days=7, minutes=-1)
    for number in range(4):
        await story.hold(raw=mail(DEMAND, message_id=f"<n{number}@corp.example>"))
    stuck, begun = asyncio.Event(), asyncio.Semaphore(0)
    real = MemoryTransaction.send

    async def send(transaction: MemoryTransaction, headers: bytes, content: Content) -> Reply:
        begun.release()
        await stuck.wait()
        return await real(transaction, headers, content)

    monkeypatch.setattr(MemoryTransaction, "send", send)
    worker = Worker(story.house, beat_seconds=0.01)
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(10):
        for _ in range(4):
            await begun.acquire()
        monkeypatch.setattr(MemoryTransaction, "send", real)
        await story.hold(raw=mail(DEMAND, message_id="<last@corp.example>"))
        await soon(lambda: any(b"<last@" in sent.content for sent in story.hop.delivered))
        story.clock[0] += timedelta(minutes=2)
        await soon(lambda: "expired" in [after for _, after, _ in story.audit.steps()])
        stopping = asyncio.create_task(worker.stop())
        assert not (await asyncio.wait([stopping], timeout=0.1))[0]
        stuck.set()
        await stopping
        await running
    assert [sum(b"<n%d@" % number in sent.content for sent in story.hop.delivered) for number in range(4)] == [1] * 4


async def test_no_more_deliveries_than_places(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is due, and over however many beats, 8 mails at most are under way; a free place is filled at
    once."""
    for number in range(20):
        await story.hold(raw=mail(DEMAND, message_id=f"<n{number}@corp.example>"))
    under_way, counts = [0], [0]
    real = MemoryTransaction.send

    async def send(transaction: MemoryTransaction, headers: bytes, content: Content) -> Reply:
        under_way[0] += 1
        counts.append(under_way[0])
        await asyncio.sleep(0.02)
        under_way[0] -= 1
        return await real(transaction, headers, content)

    monkeypatch.setattr(MemoryTransaction, "send", send)
    await story.beat()
    assert len(story.hop.delivered) == 20
    assert max(counts) <= 8


async def test_two_workers_share_the_outbox(story: Story) -> None:
    """Two workers at once deliver every mail once."""
    for number in range(30):
        await story.hold(raw=mail(DEMAND, message_id=f"<n{number}@corp.example>"))
    await asyncio.gather(story.worker.beat_once(), Worker(story.house).beat_once())
    assert len(story.hop.delivered) == 30


async def test_asks_nobody_delivered_are_forgotten(story: Story) -> None:
    """A reservation whose mail never came back is cancelled after five days, not before."""

    def ask(mark: str) -> Ask:
        key = AskKey(favour=Favour.PROFILE_CHANGE, person="omar@corp.example")
        return Ask(id=mark, keys=frozenset({key}), asker="x@corp.example", fingerprint=mark, at=story.clock[0])

    async def repeated(mark: str) -> bool:
        since = story.clock[0] - timedelta(days=365)
        async with story.house.store.begin(write=False) as unit:
            return (await unit.asks.earlier(ask(mark), since=since, askers=None)).repeated

    async with story.house.store.begin() as unit:
        await unit.asks.reserve(ask("one"), since=story.clock[0], askers=None)
    await story.beat(days=5)
    assert await repeated("two")
    await story.beat(seconds=1)
    assert not await repeated("two")


async def test_what_is_past_keeping_is_deleted(story: Story) -> None:
    """A mail that went out is deleted when `holds.keep_days` are over, looked at once an hour; one that waits for
    compliance stays."""
    sent, disputed = await story.hold(), await story.hold(raw=mail(DEMAND, message_id="<other@corp.example>"))
    await release(story.house, sent.id, new_text=ASK, new_subject=None, actor="sender")
    await dispute(story.house, disputed.id, reason="It is our own page.", actor="sender")
    await story.beat()
    days = story.house.settings.holds.keep_days
    await story.beat(days=days - 1)
    assert (await story.now(sent)).state is HoldState.SENT
    await story.beat(days=2)
    async with story.house.store.begin(write=False) as unit:
        assert await unit.holds.get(sent.id) is None
        assert await unit.holds.get(disputed.id) is not None
