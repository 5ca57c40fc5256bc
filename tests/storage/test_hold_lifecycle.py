"""Whatever is done to held mails, each ends in one terminal state, at most once (P18, the store's half)."""

import asyncio
import dataclasses
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import LIFECYCLE, TERMINAL, HoldAction, HoldState
from gateway.mail.envelope import Path
from gateway.storage.database import Database, DatabaseUnit
from gateway.storage.opening import open_store
from tests.contract.values import NOON, RAW, a_hold


class HoldsLife(RuleBasedStateMachine):
    """Actions on fresh and on outdated copies of holds, committed or undone, against a model of the lifecycle table."""

    copies = Bundle("copies")

    @initialize()
    def open(self) -> None:
        self.runner = asyncio.Runner()
        self.store: Database = self.runner.run(open_store(":memory:"))
        self.model: dict[str, HeldMail] = {}
        self.ended: dict[str, HoldState] = {}
        self.clock = NOON

    @rule(target=copies)
    def hold(self) -> HeldMail:
        held = a_hold(f"hold-{len(self.model)}", size=len(RAW))

        async def add(unit: DatabaseUnit) -> None:
            await unit.holds.add(held, RAW)

        self._commit(add)
        self.model[held.id] = held
        return held

    @rule(target=copies, copy=copies)
    def read(self, copy: HeldMail) -> HeldMail:
        return self._stored(copy.id)

    @rule(target=copies, copy=copies, action=some.sampled_from(HoldAction), undone=some.booleans())
    def change(self, copy: HeldMail, action: HoldAction, undone: bool) -> HeldMail:
        self.clock += timedelta(seconds=1)
        now = self.model[copy.id]
        target = LIFECYCLE.get((copy.state, action))
        current = (copy.state, copy.version) == (now.state, now.version)
        changed: list[HeldMail | None] = []

        async def act(unit: DatabaseUnit) -> None:
            changed.append(await unit.holds.change(copy, action, at=self.clock, by="sender"))
            if undone:
                raise InterruptedError

        self._commit(act)
        if target is None or not current:
            assert changed == [None]
            return copy
        expected = dataclasses.replace(
            now, state=target, version=now.version + 1, changed_at=self.clock, changed_by="sender"
        )
        assert changed == [expected]
        if not undone:
            self.model[copy.id] = expected
        return expected if not undone else copy

    @rule(copy=copies, name=some.sampled_from("xyz"))
    def add_recipient(self, copy: HeldMail, name: str) -> None:
        path = Path(text=f"{name}@x.example")
        now = self.model[copy.id]

        async def add(unit: DatabaseUnit) -> None:
            grown = await unit.holds.add_recipients(copy, [path])
            assert (grown is None) is (now.state is not HoldState.HELD)

        self._commit(add)
        if now.state is HoldState.HELD and path not in now.rcpt_to:
            self.model[copy.id] = dataclasses.replace(now, rcpt_to=(*now.rcpt_to, path), version=now.version + 1)

    @invariant()
    def stored_is_the_model_and_ends_stay(self) -> None:
        for id, held in getattr(self, "model", {}).items():
            assert self._stored(id) == held
            if held.state in TERMINAL:
                assert self.ended.setdefault(id, held.state) is held.state
            assert id not in self.ended or held.state in TERMINAL

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self.store.close())
            self.runner.close()

    def _stored(self, id: str) -> HeldMail:
        async def read() -> HeldMail | None:
            async with self.store.begin(write=False) as unit:
                return await unit.holds.get(id)

        held = self.runner.run(read())
        assert held is not None
        return held

    def _commit(self, work) -> None:  # type: ignore[no-untyped-def]
        async def run() -> None:
            try:
                async with self.store.begin() as unit:
                    await work(unit)
            except InterruptedError:
                return

        self.runner.run(run())


HoldsLife.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestHoldsLife = HoldsLife.TestCase
