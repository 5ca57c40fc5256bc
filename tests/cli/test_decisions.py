"""`askonce holds uphold` and `release --note`: compliance decides a dispute, and the sender sees why."""

import asyncio
import shlex
from pathlib import Path

import pytest

from gateway.app import new_id, now
from gateway.flows.dispute import dispute
from gateway.holds.dispute import to_decide_notice
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldState
from gateway.policy.packs import load
from gateway.storage.opening import open_store
from tests.cli.conftest import Askonce
from tests.contract.values import RAW, a_hold
from tests.web.desk import open_desk


async def held_in(folder: Path, *, disputed: bool) -> str:
    """A state folder with one held mail in it; its id."""
    async with open_desk(store=str(folder / "askonce.db")) as desk:
        held = a_hold(new_id(), held_at=now())
        async with desk.store.begin() as unit:
            await unit.holds.add(held, RAW)
        if disputed:
            await dispute(desk.house, held.id, reason="It is our own page.", actor="sender")
        return held.id


async def read(folder: Path, hold_id: str) -> HeldMail:
    """The mail as it is stored now."""
    store = await open_store(str(folder / "askonce.db"))
    try:
        async with store.begin(write=False) as unit:
            found = await unit.holds.get(hold_id)
    finally:
        await store.close()
    assert found is not None
    return found


def test_a_dispute_is_answered_with_a_note(askonce: Askonce, tmp_path: Path) -> None:
    """Upheld: held again, by whom and why; a second answer finds nothing to decide."""
    one = asyncio.run(held_in(tmp_path, disputed=True))
    call = ("holds", "uphold", one, "--by", "noor", "--note", "It asks about profiles.", "--state", tmp_path)
    ran = askonce(*call)
    assert (ran.code, ran.out) == (0, f"{one}: the hold stands; its sender is told\n")
    held = asyncio.run(read(tmp_path, one))
    assert (held.state, held.changed_by, held.note) == (HoldState.HELD, "compliance:noor", "It asks about profiles.")
    assert askonce(*call).complaint.startswith("not upheld: it is held by now")


def test_a_release_carries_its_note(askonce: Askonce, tmp_path: Path) -> None:
    """Granted: on its way, by whom and why."""
    one = asyncio.run(held_in(tmp_path, disputed=True))
    ran = askonce("holds", "release", one, "--by", "noor", "--note", "Agreed.", "--state", tmp_path)
    assert ran.code == 0
    held = asyncio.run(read(tmp_path, one))
    assert (held.state, held.changed_by, held.note) == (HoldState.SENDING, "compliance:noor", "Agreed.")


def test_what_nobody_disputed_is_not_upheld(askonce: Askonce, tmp_path: Path) -> None:
    """One line, exit 2, nothing changed."""
    one = asyncio.run(held_in(tmp_path, disputed=False))
    assert "only a disputed hold" in askonce("holds", "uphold", one, "--state", tmp_path).complaint
    assert asyncio.run(read(tmp_path, one)).version == 0


def test_the_beginning_of_an_id_will_do(askonce: Askonce, tmp_path: Path) -> None:
    """Six characters or more stand for the only held mail that begins so; fewer, or two such mails, are refused."""
    one = asyncio.run(held_in(tmp_path, disputed=False))
    assert f"id           {one}" in askonce("holds", "show", one[:10], "--state", tmp_path).out
    assert "there is no held mail" in askonce("holds", "show", one[:4], "--state", tmp_path).complaint
    asyncio.run(held_in(tmp_path, disputed=False))
    assert 'held mails begin with "' in askonce("holds", "show", one[:6], "--state", tmp_path).complaint


def test_only_the_owner_of_the_state_works_on_it(
    askonce: Askonce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root would leave files in it that the gateway cannot write: it is told whom to run it as, and nothing is made."""
    asyncio.run(held_in(tmp_path, disputed=False))
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr("os.geteuid", lambda: tmp_path.stat().st_uid + 1)
    ran = askonce("holds", "list", "--state", tmp_path)
    assert ran.code == 2
    assert "belongs to" in ran.complaint
    assert "sudo -u" in ran.complaint
    assert sorted(tmp_path.rglob("*")) == before


def test_the_commands_that_are_mailed_can_be_typed(askonce: Askonce, tmp_path: Path) -> None:
    """What the mail about a dispute says to type does what it says."""
    one, file = asyncio.run(held_in(tmp_path, disputed=True)), tmp_path / "gateway.toml"
    file.write_text(f'[state]\ndirectory = "{tmp_path}"\n')
    notice = to_decide_notice(asyncio.run(read(tmp_path, one)), load("ask-once"), language="en")
    lines = [line.strip() for line in notice.text.splitlines() if line.startswith("    askonce ")]
    show, grant, hold = (shlex.split(line)[1:-1] for line in lines)
    assert "It is our own page." in askonce(*show, file).out
    assert askonce(*hold, file).out.endswith("the hold stands; its sender is told\n")
    assert askonce(*grant, file).out.endswith("it goes out with the gateway's next beat\n")
    held = asyncio.run(read(tmp_path, one))
    assert (HoldState.SENDING, "compliance:NAME", "TEXT") == (held.state, held.changed_by, held.note)
