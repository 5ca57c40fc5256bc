"""While one types: the verdict comes first, its suggestion follows."""

import asyncio
from typing import Any

import httpx
import pytest

from gateway.errors import StoreUnavailable
from gateway.flows.recheck import Recheck, recheck
from gateway.holds.lifecycle import HoldAction
from gateway.holds.offer import ATTACHED
from gateway.mail.envelope import Path
from gateway.web import suggested
from gateway.web.fresh import Fresh
from gateway.web.latest import Latest
from gateway.web.pace import Pace
from tests.web.desk import CLEAN, MEMBERS, OTHER, SECRET, Desk, open_desk
from tests.web.held_back import hold_back

HERE = f"/h/{SECRET}/check"
PATIENCE = 60.0  # seconds for what comes at once


async def typed(desk: Desk, more: str = "One more word.") -> dict[str, str]:
    """What the page's script sends of a text that is still held."""
    form = await desk.form()
    return {
        "token": form["token"],
        "subject": form["subject"],
        "text": f"{form['text']}\n{more}\n",
        "do": "",
        "off": "",
    }


async def ask(desk: Desk, asked: dict[str, str], **more: str) -> httpx.Response:
    """One question of the page's script, answered within our patience."""
    async with asyncio.timeout(PATIENCE):
        return await desk.client.post(HERE, json={**asked, **more})


def reaching(monkeypatch: pytest.MonkeyPatch, way: str) -> asyncio.Semaphore:
    """Counts who waits for a suggestion in this way."""
    count, real = asyncio.Semaphore(0), getattr(suggested.Suggested, way)

    async def counted(*given: Any) -> Any:
        count.release()
        return await real(*given)

    monkeypatch.setattr(suggested.Suggested, way, counted)
    return count


@pytest.fixture
def judgements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were judged for an answer, in order."""
    seen: list[str] = []

    async def counted(house: Any, held: Any, raw: bytes, text: str, *subject: str) -> Recheck:
        seen.append(text)
        return await recheck(house, held, raw, text, *subject)

    monkeypatch.setattr("gateway.web.checker.recheck", counted)
    return seen


async def test_the_verdict_does_not_wait_for_a_suggestion(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, judgements: list[str]
) -> None:
    """It is there, with marks, reasons and what Send would do, while the suggestion is held back, and offers no press
    that would put in words nobody has seen; the second question brings them, from the search and the judgement that
    were made for the first."""
    held = await desk.hold()
    asked = await typed(desk)
    back = hold_back(monkeypatch, held)
    first = (await ask(desk, asked)).json()
    assert (first["clear"], first["awaits"]) == (False, True)
    assert "one place needs another wording" in first["said"]
    assert "<mark>Just a reminder" in first["letter"]
    assert desk.house.pack.rules["repeat-ask"].advice in first["reasons"]
    assert "Looking for a version that passes" in first["suggestion"]
    assert 'value="drop 1 repeat-ask"' in first["reasons"]
    assert not [press for press in ('value="suggest"', 'value="fix', 'class="fix"') if press in str(first)]
    following = asyncio.create_task(ask(desk, asked, part="suggestion"))
    async with asyncio.timeout(PATIENCE):
        await back.begun.acquire()
    assert not following.done()
    back.found.set()
    second = (await following).json()
    assert set(second) == {"reasons", "suggestion"}
    assert 'value="suggest"' in second["suggestion"]
    assert f"“{ATTACHED}”" in second["reasons"]
    assert (back.texts, judgements) == ([asked["text"]], [asked["text"]])


async def test_a_suggestion_that_is_there_at_once_comes_with_the_verdict(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One answer, nothing to ask again."""
    await desk.hold()
    asked = await typed(desk)
    monkeypatch.setattr(suggested, "_MOMENT", PATIENCE)
    answer = (await ask(desk, asked)).json()
    assert answer["awaits"] is False
    assert 'value="suggest"' in answer["suggestion"]
    assert f"“{ATTACHED}”" in answer["reasons"]


async def test_nothing_is_looked_for_where_nothing_is_held(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that passes has its whole answer."""
    held = await desk.hold()
    asked = await typed(desk)
    back = hold_back(monkeypatch, held)
    answer = (await ask(desk, asked, text=CLEAN)).json()
    assert (answer["clear"], answer["awaits"], answer["suggestion"].strip()) == (True, False, "")
    assert back.texts == []


@pytest.mark.parametrize("press", ["suggest", "fix 1 repeat-ask", "drop 1 repeat-ask"])
async def test_a_press_has_its_whole_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch, press: str) -> None:
    """Also when the suggestion of its text is being looked for: it waits, and puts the words in."""
    held = await desk.hold()
    asked = await typed(desk)
    back = hold_back(monkeypatch, held)
    await ask(desk, asked)
    pressed = asyncio.create_task(ask(desk, asked, do=press))
    async with asyncio.timeout(PATIENCE):
        await back.begun.acquire()
    assert not pressed.done()
    back.found.set()
    answer = (await pressed).json()
    assert (answer["clear"], answer["awaits"]) == (True, False)
    assert (ATTACHED in answer["text"]) is not press.startswith("drop")
    assert back.texts == [asked["text"]]


async def test_the_second_question_has_the_locks_of_the_first(desk: Desk) -> None:
    """The same token opens it, and only while the mail waits."""
    held = await desk.hold()
    asked = await typed(desk)
    assert (await ask(desk, asked, part="suggestion", token="x")).status_code == 403
    await desk.step(held, HoldAction.WITHDRAW, by="sender")
    assert (await ask(desk, asked, part="suggestion")).status_code == 409


async def test_a_mail_that_changed_is_judged_anew(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, judgements: list[str]
) -> None:
    """What was found before somebody came onto it is not told of it afterwards."""
    held = await desk.hold(to=(MEMBERS[0],))
    asked = await typed(desk)
    back = hold_back(monkeypatch, held)
    await ask(desk, asked)
    async with desk.store.begin() as unit:
        await unit.holds.add_recipients(held, [Path(text=MEMBERS[1])])
    back.found.set()
    assert 'value="suggest"' in (await ask(desk, asked, part="suggestion")).json()["suggestion"]
    assert judgements == [asked["text"]] * 2


async def test_a_second_question_takes_nothing_from_who_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many checks as without it; of second questions there is an end as well."""
    monkeypatch.setattr("gateway.web.app.Pace", lambda: Pace(checks=(3, 1), follows=(4, 1), now=lambda: 0.0))
    async with open_desk() as desk:
        held = await desk.hold()
        asked = await typed(desk)
        hold_back(monkeypatch, held).found.set()
        pairs = [((await ask(desk, asked)), (await ask(desk, asked, part="suggestion"))) for _ in range(3)]
        assert [(first.status_code, second.status_code) for first, second in pairs] == [(200, 200)] * 3
        assert (await ask(desk, asked)).status_code == 429
        assert (await ask(desk, asked, part="suggestion")).status_code == 200
        flood = await ask(desk, asked, part="suggestion")
        assert (flood.status_code, int(flood.headers["retry-after"]) >= 1) == (429, True)


async def test_who_types_on_keeps_nobody_waiting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three texts one after the other the first is under way, the second is gone when its turn comes, and the last
    has its suggestion; meanwhile another mail's page has its own."""
    held, _ = await desk.hold(), await desk.hold(secret=OTHER)
    texts = [await typed(desk, more) for more in ("One.", "One. Two.", "One. Two. Three.")]
    back = hold_back(monkeypatch, held)
    assert [(await ask(desk, asked)).json()["awaits"] for asked in texts] == [True] * 3
    assert 'value="suggest"' in (await desk.get(f"/h/{OTHER}")).text
    reached = reaching(monkeypatch, "follow")
    following = [asyncio.create_task(ask(desk, asked, part="suggestion")) for asked in texts]
    async with asyncio.timeout(PATIENCE):
        for _ in following:
            await reached.acquire()
    back.found.set()
    first, second, third = await asyncio.gather(*following)
    assert (first.status_code, second.status_code, third.status_code) == (200, 429, 200)
    assert int(second.headers["retry-after"]) >= 1
    assert 'value="suggest"' in third.json()["suggestion"]
    assert back.texts == [texts[0]["text"], texts[2]["text"]]
    assert 'value="suggest"' in (await ask(desk, texts[1], part="suggestion")).json()["suggestion"]


async def test_what_was_pressed_is_not_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when somebody types on in another window."""
    held = await desk.hold()
    texts = [await typed(desk, more) for more in ("One.", "One. Two.", "One. Two. Three.")]
    back = hold_back(monkeypatch, held)
    for asked in texts[:2]:
        await ask(desk, asked)
    reached = reaching(monkeypatch, "find")
    pressed = asyncio.create_task(ask(desk, texts[1], do="suggest"))
    async with asyncio.timeout(PATIENCE):
        await reached.acquire()
    await ask(desk, texts[2])
    back.found.set()
    answer = (await pressed).json()
    assert (answer["clear"], ATTACHED in answer["text"]) == (True, True)


async def test_trouble_in_the_search_is_not_the_verdicts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict stands; the second question is told of it, and may be asked again."""
    held = await desk.hold()
    asked = await typed(desk)
    back = hold_back(monkeypatch, held)
    back.trouble = StoreUnavailable()
    back.found.set()
    assert (await ask(desk, asked)).status_code == 200
    assert (await ask(desk, asked, part="suggestion")).status_code == 503
    back.trouble = None
    assert 'value="suggest"' in (await ask(desk, asked, part="suggestion")).json()["suggestion"]


def test_what_was_found_is_kept_for_a_minute() -> None:
    """The last few of it; None is something that can be found."""
    now = [0.0]
    fresh = Fresh[str | None](most=2, now=lambda: now[0])
    for key, found in (("a", "A"), ("b", None), ("c", "C")):
        fresh.put(key, found)
    assert (fresh.get("a"), fresh.get("b"), fresh.get("c")) == (None, (None,), ("C",))
    now[0] = 59.0
    fresh.put("b", "B")
    now[0] = 61.0
    assert (fresh.get("b"), fresh.get("c")) == (("B",), None)


async def test_words_that_are_typed_back_have_their_turn() -> None:
    """One, another, and the first again: it is the last that is wanted, and nothing is kept of the line afterwards."""
    latest, done, first = Latest(), list[str](), asyncio.Event()

    async def work(key: str) -> None:
        async with latest.turn("mail", key):
            done.append(key)
            await first.wait()

    tasks = []
    for key in ("held", "one", "another"):
        tasks.append(asyncio.create_task(work(key)))
        await asyncio.sleep(0)
    latest.want("mail", "one")
    first.set()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert (done, [type(end).__name__ for end in ends]) == (["held", "one"], ["NoneType", "NoneType", "Superseded"])
    assert latest._lines == {}
