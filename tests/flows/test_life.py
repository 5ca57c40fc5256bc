"""Any life of a held mail ends in one place, and what arrived where agrees with it (P18)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import GatewayError
from gateway.flows.dispute import dispute, uphold
from gateway.flows.release import release
from gateway.flows.undo import undo
from gateway.flows.withdraw import withdraw
from gateway.holds.lifecycle import TERMINAL, HoldState
from gateway.replies import OK, Reply
from tests.flows.house import ASK, DEMAND, Story, mail, story_in

REPLIES = {
    "ok": OK,
    "later": Reply(code=451, enhanced="4.3.0", text="later"),
    "never": Reply(code=550, enhanced="5.0.0", text="never"),
}
STEPS = st.one_of(
    st.sampled_from(
        [
            "pass",
            "fail",
            "grant",
            "soon",
            "undo",
            "withdraw",
            "dispute",
            "uphold",
            "beat",
            "down",
            "up",
            "mute",
            "speak",
        ]
    ),
    st.tuples(st.just("reply"), st.sampled_from(sorted(REPLIES))),
    st.tuples(st.just("wait"), st.integers(1, 100)),
)


async def take(story: Story, hold_id: str, step: object) -> None:
    """One step of anybody's."""
    house = story.house

    async def sent(text: str | None, *, decision: bool = False) -> None:
        await release(house, hold_id, new_text=text, new_subject=None, actor="x", decision=decision)

    match step:
        case "pass" | "fail" | "grant":
            await sent({"pass": ASK, "fail": DEMAND + "!", "grant": None}[step], decision=step == "grant")
        case "soon":
            await release(house, hold_id, new_text=ASK, new_subject=None, actor="x", undo=timedelta(hours=2))
        case "undo":
            await undo(house, hold_id, actor="x")
        case "withdraw":
            await withdraw(house, hold_id, actor="x")
        case "dispute":
            await dispute(house, hold_id, reason="why", actor="x")
        case "uphold":
            await uphold(house, hold_id, note="so", actor="x")
        case "beat":
            await story.beat()
        case "down" | "up":
            story.hop.down = step == "down"
        case "mute" | "speak":
            story.audit.broken = step == "mute"
        case ("reply", str(name)):
            story.hop.data = REPLIES[name]
        case ("wait", int(hours)):
            story.clock[0] += timedelta(hours=hours)


async def end(story: Story, hold_id: str) -> None:
    """Let everything that must still happen happen."""
    story.hop.down, story.hop.data, story.audit.broken = False, OK, False
    await uphold(story.house, hold_id, note="", actor="x")
    for _ in range(4):
        await story.beat(days=8)


async def live(steps: list[object], patch: pytest.MonkeyPatch) -> None:
    """A whole life, and what must hold at its end."""
    async with story_in(":memory:", patch) as story:
        held = await story.hold()
        for step in steps:
            try:
                await take(story, held.id, step)
            except GatewayError:
                continue
        await end(story, held.id)
        now = await story.now(held)
        arrived = len(story.sent("omar@corp.example"))
        returned = [raw for raw in story.sent("mira@corp.example") if b"original.eml" in raw]
        expired = [raw for raw in returned if b"Returned to you" in raw]
        assert now.state in TERMINAL
        assert arrived == (1 if now.state is HoldState.SENT else 0)
        wanted = 1 if now.state is HoldState.EXPIRED else 0
        # A return that is refused for good is recorded and not tried again: there is no bounce of a bounce.
        assert len(expired) == wanted or (("reply", "never") in steps and not expired)
        assert all(mail(DEMAND) in raw for raw in expired)
        if now.state is HoldState.FAILED:
            assert story.audit.steps()[-1][0] == "refused"
        steps_taken = [step for step, _, _ in story.audit.steps()]
        assert steps_taken.count("release") <= 1 + steps_taken.count("undo")
        assert steps_taken.count("delivered") == arrived


@given(st.lists(STEPS, max_size=14))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_life_ends_once(steps: list[object]) -> None:
    """Whatever people, the next hop, the audit and the clock do: one terminal state, at most one delivery, and the
    recipients and the sender got exactly what that state says."""
    run: Callable[..., None] = asyncio.run  # type: ignore[assignment]
    with pytest.MonkeyPatch.context() as patch:
        run(live(steps, patch))
