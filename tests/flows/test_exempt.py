"""Exceptions and advice in the receive flow: what passes, what is on record, who is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from gateway.app import simulation
from gateway.policy.exceptions import Exemption
from gateway.policy.packs import load
from gateway.replies import HELD
from tests.flows.test_receive import ASK, DEMAND, OTHER_ASK, TAKEN, Onward, Play

DIRECTORY: dict[str, Any] = {
    "lists": {
        "team@lantern.example": ["dana@lantern.example", "omar@lantern.example"],
        "press@lantern.example": ["mira@lantern.example"],
    },
    "people": {
        "mira@lantern.example": {"unit": "Press", "tags": ["spokesperson"], "aliases": ["m@lantern.example"]},
        "dana@lantern.example": {"unit": "Works"},
        "omar@lantern.example": {"unit": "Works", "tags": ["night"]},
    },
}


@asynccontextmanager
async def playing(*, modes: dict[str, str] | None = None, **fields: object) -> AsyncIterator[Play]:
    """A small company with one exception, if `fields` say any."""
    async with simulation(pack="ask-once", people=DIRECTORY, memory={}) as world:
        world.now = datetime(2026, 3, 2, 9, tzinfo=UTC)
        play = Play(world)
        if modes:
            play.house = replace(play.house, pack=load("ask-once", modes=modes))
        if fields:
            facts = {"id": "one", "reason": "r", "expires": date(2026, 12, 31), **fields}
            play.house = replace(play.house, exemptions=(Exemption.model_validate(facts),))
        yield play


@pytest.mark.parametrize(
    "whom",
    [
        {"units": ["press"]},
        {"groups": ["Press@lantern.example"]},
        {"addresses": ["mira@lantern.example"]},
        {"domains": ["lantern.example"]},
        {"tags": ["spokesperson"]},
        {"units": ["works"], "who": "readers"},
        {"groups": ["team@lantern.example"], "who": "readers"},
    ],
)
@pytest.mark.parametrize("sender", ["mira@lantern.example", "M@lantern.example"])
async def test_an_excepted_mail_passes_and_the_record_says_by_which_exception(
    whom: dict[str, Any], sender: str
) -> None:
    """It goes on, with its label and the exception's id on record."""
    async with playing(**whom) as play:
        body = f"{DEMAND} https://lantern.example/b.png"
        assert await play.send(Onward(play.happened), body, sender=sender) is TAKEN
        assert (play.verdict.disposition, play.verdict.label, play.verdict.exceptions) == ("relay", "demand", ("one",))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"units": ["works"]},
        {"tags": ["night"], "who": "readers"},
        {"units": ["press"], "rules": ["call-out"]},
        {"units": ["press"], "expires": date(2026, 3, 1)},
    ],
)
async def test_no_other_mail_does(fields: dict[str, Any]) -> None:
    """Another unit, some readers only, another rule, an expired exception: held, and no exception on record."""
    async with playing(**fields) as play:
        assert await play.send(Onward(play.happened), DEMAND) is HELD
        assert play.verdict.exceptions == ()


async def test_a_repeat_found_by_memory_may_be_excepted() -> None:
    """Without the rule for memory a second ask passes, is recorded as excepted, and asks its people once more."""
    async with playing(units=["press"], rules=["asked-before"]) as play:
        assert await play.send(Onward(play.happened), ASK) is TAKEN
        assert play.verdict.exceptions == ()
        play.world.now += timedelta(days=1)
        assert await play.send(Onward(play.happened), OTHER_ASK, message_id="<2@lantern.example>") is TAKEN
        assert (play.verdict.exceptions, len(play.verdict.earlier)) == (("one",), 1)


async def test_an_innocent_mail_asks_for_no_exception() -> None:
    """A mail in which nothing is found has no exception on record."""
    async with playing(units=["press"]) as play:
        assert await play.send(Onward(play.happened), "The soup today is lentil.") is TAKEN
        assert play.verdict.exceptions == ()


async def test_a_rule_that_advises_lets_the_mail_go_and_writes_to_its_sender() -> None:
    """Mode advise: relayed, one note in the outbox with the sentence and the advice; refused mail gets none."""
    async with playing(modes={"demand": "advise"}) as play:
        assert await play.send(Onward(play.happened), DEMAND) is TAKEN
        assert play.verdict.disposition == "advise"
        async with play.house.store.begin() as unit:
            now = play.house.clock()
            [note] = await unit.outbox.lease(now=now, until=now, limit=10)
            words = (await unit.outbox.raw(note.id)).decode()
        assert "Everybody must put the new banner" in words
        assert "Say it once as an offer" in " ".join(words.split())
        assert "has been sent" in " ".join(words.split())


async def test_a_mail_that_the_next_hop_refuses_gets_no_advice() -> None:
    """Nothing was sent, so nobody is told that it was."""
    refused = replace(TAKEN, code=550)
    async with playing(modes={"demand": "advise"}) as play:
        await play.send(Onward(play.happened, refused), DEMAND)
        assert await play.notices() == 0
