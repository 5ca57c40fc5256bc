"""Suggestions that are found when the test says so."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.flows.suggest import Suggestion
from gateway.holds.hold import HeldMail
from gateway.ports import House
from gateway.web import suggested


@dataclass(slots=True)
class HeldBack:
    """`texts`: what a suggestion was looked for, in order; `begun` counts them; they go on after `found`, and end with
    `trouble` where that is set."""

    texts: list[str] = field(default_factory=list)
    begun: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    found: asyncio.Event = field(default_factory=asyncio.Event)
    trouble: GatewayError | None = None


def hold_back(monkeypatch: pytest.MonkeyPatch, held: HeldMail) -> HeldBack:
    """From now on, for this mail."""
    back, real = HeldBack(), suggested.suggest

    async def slow(house: House, mail: HeldMail, raw: bytes, text: str, *given: Any) -> Suggestion | None:
        if mail.id == held.id:
            back.texts.append(text)
            back.begun.release()
            await back.found.wait()
            if back.trouble:
                raise back.trouble
        return await real(house, mail, raw, text, *given)

    monkeypatch.setattr(suggested, "suggest", slow)
    return back
