"""The review page on loopback with one mail in every state, to look at: `python -m tests.web.serve_sample [PORT]`."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import uvicorn

from gateway.holds.lifecycle import HoldAction
from gateway.web.app import web_app
from tests.web.desk import ANN, KEY, MEMBERS, TEAM, Desk, letter, open_desk

CHASING = """Hi all,

the numbers for October are in; more on Thursday.

Just circling back on the LinkedIn banner I sent last month: it would be lovely if everybody put it on their own profile by Friday. So far 14 of 40 have changed theirs.

The minutes of the last meeting are in the usual folder.

Thanks so much,
Ann

-- 
Ann Fields
Head of Marketing, Corp Ltd

On Mon, 2 Nov 2026 at 10:12, Bea Stone <bea.stone@corp.example> wrote:
> Looks great! Shall we put it on the company page as well?
> Bea
"""  # noqa: W291, E501 - a signature begins with "-- "
ASKING = """Dear team,

if you like, put the attached banner on your LinkedIn profile.

See you on Thursday,
Ann
"""
STATES: Mapping[str, tuple[tuple[HoldAction, str, str], ...]] = {
    "held": (),
    "memory": (),
    "disputed": ((HoldAction.DISPUTE, "sender", "It is about the company's own page, not about people's profiles."),),
    "upheld": (
        (HoldAction.DISPUTE, "sender", "It is about the company's own page."),
        (HoldAction.UPHOLD, "compliance:Noor Haddad", "The second paragraph asks about people's own profiles."),
    ),
    "sending": ((HoldAction.RELEASE, "sender", ""),),
    "sent": ((HoldAction.RELEASE, "sender", ""), (HoldAction.DELIVERED, "gateway", "")),
    "failed": (
        (HoldAction.RELEASE, "sender", ""),
        (HoldAction.REFUSED, "gateway", "550 5.1.1 <bea.stone@corp.example>: no such user here"),
    ),
    "withdrawn": ((HoldAction.WITHDRAW, "sender", ""),),
    "superseded": ((HoldAction.SUPERSEDE, "gateway", ""),),
    "expired": ((HoldAction.EXPIRE, "gateway", ""),),
}


async def fill(desk: Desk) -> None:
    """One mail in every state; its link's secret is the state's name."""
    await desk.asked(ANN, datetime(2026, 3, 3, 9, tzinfo=UTC))
    for name, steps in STATES.items():
        body = ASKING if name == "memory" else CHASING
        files = ("banner-1584x396.png", "banner-small.png")
        held = await desk.hold(letter(body, attachments=files), secret=name, to=[TEAM, *MEMBERS[:2]])
        desk.now += timedelta(hours=3)
        for action, by, note in steps:
            held = await desk.step(held, action, by=by, note=note)
        desk.now -= timedelta(hours=3)
    desk.now += timedelta(hours=4)


@asynccontextmanager
async def served(desk: Desk, port: int = 0) -> AsyncIterator[str]:
    """The desk's page on loopback; yields its address."""
    config = uvicorn.Config(
        web_app(desk.house, secret_key=KEY), host="127.0.0.1", port=port, access_log=False, log_level="warning",
        lifespan="off", ws="none",
    )  # fmt: skip
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event to wait for
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


async def main(port: int) -> None:
    """Serve until stopped."""
    async with open_desk() as desk:
        await fill(desk)
        async with served(desk, port) as address:
            print("\n".join(f"{address}/h/{name}" for name in STATES), flush=True)
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 8899))
