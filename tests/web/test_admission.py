"""A link is exchanged for a cookie once a person has acted; until then, and without cookies, the link is enough."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from gateway.holds.lifecycle import HoldAction, HoldState
from gateway.web.admission import MOST, Admissions
from gateway.web.app import web_app
from gateway.web.cookies import Cookies
from tests.web.desk import ANN, CLEAN, KEY, SECRET, Desk, forms, open_desk
from tests.web.signing_in import reception

HERE = f"/h/{SECRET}"
COOKIE = "__Host-askonce-held"
PUBLIC = "https://held.corp.example"


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    """A desk at an address on https."""
    async with open_desk({"web": {"public_url": PUBLIC}}) as made:
        made.client = another(made)
        yield made


def another(desk: Desk) -> httpx.AsyncClient:
    """One more browser, that has been nowhere yet."""
    transport = httpx.ASGITransport(app=web_app(desk.house, secret_key=KEY), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=PUBLIC)


async def sent(desk: Desk, path: str = HERE) -> httpx.Response:
    """A person sends a version that passes."""
    form = await desk.form(path=path)
    return await desk.post({**form, "text": CLEAN, "do": "send", "sure": "yes"}, path)


async def test_what_a_person_does_exchanges_the_link(desk: Desk) -> None:
    """After Send the browser is led to an address without the secret, which is nowhere on the page; the next press
    works from there."""
    held = await desk.hold()
    assert (await sent(desk)).headers["location"] == HERE  # a browser without cookies stays there
    page = await desk.get()
    assert page.url.path == f"/held/{held.id}"
    assert SECRET not in page.text
    undo = await desk.form("undo", f"/held/{held.id}")
    await desk.post({**undo, "sure": "yes"}, f"/held/{held.id}")
    assert (await desk.now_of(held)).state is HoldState.HELD
    assert SECRET not in (await desk.get()).text


async def test_the_cookie_is_for_this_site_and_this_session_alone(desk: Desk) -> None:
    """Out of reach of scripts and of other hosts, on https alone, gone with the browser's session; it has no secret."""
    await desk.hold()
    kept = (await sent(desk)).headers["set-cookie"]
    name, _, rest = kept.partition("=")
    assert name == COOKIE
    assert SECRET not in kept
    assert {part.strip().lower() for part in rest.split(";")[1:]} == {"httponly", "path=/", "samesite=lax", "secure"}


async def test_a_look_leaves_nothing(desk: Desk) -> None:
    """Neither fifty looks nor every form as it is served set a cookie: a scanner is not a person."""
    await desk.hold()
    answers = [await desk.get() for _ in range(50)]
    for form in forms(answers[0].text):
        answers += [await desk.post({**form.fields, name: value}) for name, value in form.buttons or [("do", "")]]
    assert len(answers) > 55
    assert not any("set-cookie" in answer.headers for answer in answers)


async def test_checking_is_no_act(desk: Desk) -> None:
    """The link stays what opens the mail while somebody only tries words."""
    await desk.hold()
    answer = await desk.post({**await desk.form(), "text": CLEAN, "do": "check"})
    assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)


@pytest.mark.parametrize("under", ["", "/draft"])
async def test_the_link_goes_on_opening_the_mail_elsewhere(desk: Desk, under: str) -> None:
    """In another browser it is as if nobody had acted; the first one is led away from it on all its pages, and keeps
    its language."""
    held = await desk.hold()
    await sent(desk)
    there = await another(desk).get(HERE + under)
    here = await desk.client.get(HERE + under, params={"lang": "de", "late": "1"})
    assert there.status_code == 200
    assert (here.status_code, here.headers["location"]) == (303, f"/held/{held.id}{under}?lang=de&late=1")


async def test_a_browser_that_keeps_no_cookies_stays_with_the_link(desk: Desk) -> None:
    """Sending, and stopping it again, work as ever."""
    held = await desk.hold()
    for action, state in (("send", HoldState.SENDING), ("undo", HoldState.HELD)):
        form = await desk.form("undo" if action == "undo" else "revise")
        await desk.post({**form, "text": CLEAN, "do": action, "sure": "yes"})
        desk.client.cookies.clear()
        assert (await desk.now_of(held)).state is state
        page = await desk.get()
        assert (page.status_code, page.url.path) == (200, HERE)


async def test_without_its_cookie_an_address_opens_nothing(desk: Desk) -> None:
    """No cookie, a changed one, that of another mail, or of a link that was replaced: the one neutral page."""
    held, other = await desk.hold(), await desk.hold(secret="another")
    await sent(desk)
    good = desk.client.cookies[COOKIE]
    stranger = another(desk)
    unknown = (await stranger.get("/held/nothing")).text
    for value in ("", f"{good[:-1]}{'0' if good[-1] != '0' else '1'}", good.replace(held.id, other.id), "~~..~", "é"):
        headers = {"cookie": f"{COOKIE}={value}".encode("latin-1")}
        for hold_id in (held.id, other.id):
            answer = await stranger.get(f"/held/{hold_id}", headers=headers)
            assert (answer.status_code, answer.text) == (404, unknown), value
    assert (await desk.client.get(f"/held/{other.id}")).status_code == 404
    assert (await desk.client.get(f"/held/{held.id}")).status_code == 200
    browser = Admissions(cookies=Cookies(key=KEY, secure=True), sent=desk.client.cookies)
    assert browser.form_key(held)
    assert browser.form_key(replace(held, token_hash="0" * 64)) is None


async def test_a_form_is_worth_nothing_in_another_browser(desk: Desk) -> None:
    """Each is bound to the cookie it was served for, so another site's copy of one does not act."""
    held = await desk.hold()
    await sent(desk)
    served = await desk.form("undo", f"/held/{held.id}")
    second = Desk(house=desk.house, store=desk.store, audit=desk.audit, client=another(desk), hop=desk.hop)
    await second.post({**await second.form("undo"), "do": "undo", "sure": "yes"})
    again = await second.form("revise")
    await second.post({**again, "text": CLEAN, "do": "send", "sure": "yes"})
    answer = await second.post({**served, "sure": "yes"}, f"/held/{held.id}")
    assert answer.status_code == 403
    assert (await desk.now_of(held)).state is HoldState.SENDING


async def test_the_newest_few_are_kept(desk: Desk) -> None:
    """One browser may have acted on many mails: the cookie does not grow, and the older ones open by their links."""
    held = [await desk.hold(secret=f"secret {number}") for number in range(MOST + 2)]
    for number in range(MOST + 2):
        form = await desk.form("withdraw", f"/h/secret {number}")
        await desk.post({**form, "sure": "yes"}, f"/h/secret {number}")
    opened = [(await desk.client.get(f"/held/{one.id}")).status_code for one in held]
    assert opened == [404] * 2 + [200] * MOST
    assert (await desk.get("/h/secret 0")).status_code == 200


async def test_where_sign_in_is_required_no_link_is_exchanged(tmp_path: Path) -> None:
    """A person's session is what opens the mail there, and a cookie of before opens it to nobody else."""
    async with reception(tmp_path, "required") as hall:
        held = await hall.desk.hold()
        await hall.signed_in(ANN)
        answer = await sent(hall.desk)
        assert (answer.status_code, "set-cookie" in answer.headers) == (303, False)
        assert "Please sign in" in (await hall.browser().get(f"/held/{held.id}")).text
        assert (await hall.desk.get(f"/held/{held.id}")).status_code == 404


async def test_a_mail_that_has_ended_long_ago_is_gone_for_the_cookie_too(desk: Desk) -> None:
    """It opens no longer than the link."""
    held = await desk.hold()
    await sent(desk)
    await desk.step(await desk.now_of(held), HoldAction.DELIVERED)
    assert (await desk.get()).status_code == 200
    desk.now = desk.now.replace(year=desk.now.year + 1)
    assert (await desk.client.get(f"/held/{held.id}")).status_code == 404
