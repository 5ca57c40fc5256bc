"""Signing in, in a real browser: from the list to the mail that is sent, by a link where sign-in is required, and as a
delegate. The provider is a real one on loopback. Pictures are kept in `artefacts/sign-in`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.audit.events import HoldChanged
from gateway.holds.lifecycle import HoldAction, HoldState
from gateway.language.tags import LANGUAGES
from tests.browser.chromium import Chromium, Tab
from tests.browser.test_review_page import DESKTOP, PHONE, in_order
from tests.web.desk import ANN, MEMBERS, SECRET
from tests.web.loopback import address, listening, reserved
from tests.web.signing_in import Reception, reception

pytestmark = [pytest.mark.real("chromium"), pytest.mark.asyncio(loop_scope="module")]

PICTURES = Path(__file__).parents[2] / "artefacts" / "sign-in"
CEM = MEMBERS[1]


@asynccontextmanager
async def open_hall(folder: Path, mode: str, person: str) -> AsyncIterator[tuple[Reception, str]]:
    """A reception on loopback, and its address; this person sits at the browser."""
    place = reserved()
    public = address(place)
    async with reception(folder, mode, public=public, delegates={ANN: [CEM]}) as hall, listening(hall.app, place):
        hall.provider.person, hall.provider.page = person, True
        yield hall, public


async def said(tab: Tab, selector: str = "h1") -> str:
    """The words of the first such element."""
    return str(await tab.js(f"document.querySelector({selector!r}).textContent"))


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_from_the_list_to_the_sent_mail(tmp_path: Path, browser: Chromium, width: int, script: bool) -> None:
    """Asked to sign in; signed in at the provider; the list; the mail; the version that passes; sent; signed out."""
    kind = f"{width}-{'script' if script else 'plain'}"
    async with open_hall(tmp_path, "optional", ANN) as (hall, public):
        desk = hall.desk
        for number, action in enumerate((HoldAction.WITHDRAW, HoldAction.DISPUTE)):
            await desk.step(await desk.hold(secret=f"further {number}"), action, by="sender")
        desk.now += timedelta(hours=30)
        held = await desk.hold()
        tab = await browser.tab(width=width, script=script)
        await tab.goto(f"{public}/mine")
        assert await said(tab) == "Please sign in"
        await in_order(tab)
        await tab.picture(PICTURES / f"asked-{kind}.png")
        await tab.press("main a.button", leaves=True)
        assert await tab.js("document.title") == "Corp sign-in"
        await tab.press("#yes", leaves=True)
        assert await said(tab) == "Your held mails"
        await in_order(tab)
        await tab.picture(PICTURES / f"list-{kind}.png")
        await tab.press(f'a[href="/mine/{held.id}"]', leaves=True)
        assert await said(tab) == "Your mail is waiting for you"
        await tab.press(".suggestion button", leaves=not script)
        await tab.until('document.getElementById("outlook").classList.contains("go")')
        await tab.press("#sure")
        await tab.press("#go", leaves=True)
        assert await said(tab) == "It is on its way"
        assert "by you" in await said(tab, ".facts")
        await in_order(tab)
        await desk.step(await desk.now_of(held), HoldAction.DELIVERED)
        if script:
            await tab.until('document.querySelector("h1").textContent === "Your mail has been sent"')
        await tab.press("nav > a", leaves=True)
        assert "Sent" in await said(tab, f"li:has(a[href='/mine/{held.id}'])")
        await tab.press(".out button", leaves=True)
        assert await said(tab) == "You are signed out here"
        await in_order(tab)
        await tab.picture(PICTURES / f"out-{kind}.png")
        await tab.goto(f"{public}/mine/{held.id}")
        assert await said(tab) == "Please sign in"
        assert tab.errors == []
        assert all(one.startswith((public, hall.provider.issuer)) for one in tab.requests)
        steps = [(event.step, event.actor) for event in desk.audit.events if isinstance(event, HoldChanged)]
        assert steps == [("release", f"sender:{ANN}")]


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_a_delegate_follows_a_link_where_sign_in_is_required(
    tmp_path: Path, browser: Chromium, width: int
) -> None:
    """The link asks first, leads back to the mail, and says whose it is and who will be on record."""
    async with open_hall(tmp_path, "required", CEM) as (hall, public):
        held = await hall.desk.hold()
        tab = await browser.tab(width=width)
        await tab.goto(f"{public}/h/{SECRET}")
        assert await said(tab) == "Please sign in"
        await tab.press("main a.button", leaves=True)
        await tab.press("#yes", leaves=True)
        assert await said(tab) == "This mail is waiting"
        assert ANN in await said(tab, ".acting")
        await in_order(tab)
        await tab.picture(PICTURES / f"delegate-{width}.png")
        await tab.press(".suggestion button")
        await tab.until('document.getElementById("outlook").classList.contains("go")')
        await tab.press("#sure")
        await tab.press("#go", leaves=True)
        assert "by you" in await said(tab, ".facts")
        assert tab.errors == []
        sending = await hall.desk.now_of(held)
        assert (sending.state, sending.changed_by) == (HoldState.SENDING, f"delegate:{CEM}")


async def test_the_pages_fit_a_phone_in_every_language(tmp_path: Path, browser: Chromium) -> None:
    """Asked, the list, a mail of one's own and a delegate's, the draft, signed out: nothing is cut off or too wide."""
    async with open_hall(tmp_path, "optional", CEM) as (hall, public):
        desk = hall.desk
        for number, action in enumerate((HoldAction.WITHDRAW, HoldAction.DISPUTE)):
            await desk.step(await desk.hold(secret=f"further {number}"), action, by="sender")
        held = await desk.hold()
        for language in LANGUAGES:
            tab = await browser.tab(width=PHONE)
            await tab.goto(f"{public}/mine?lang={language}")
            await in_order(tab)
            await tab.picture(PICTURES / f"asked-phone-{language}.png")
            await tab.press("main a.button", leaves=True)
            await tab.press("#yes", leaves=True)
            for name, path in {"list": "mine", "delegate": f"mine/{held.id}", "draft": "check"}.items():
                await tab.goto(f"{public}/{path}?lang={language}")
                await in_order(tab)
                await tab.picture(PICTURES / f"{name}-phone-{language}.png")
            await tab.goto(f"{public}/mine?lang={language}")
            await tab.press(".out button", leaves=True)
            await in_order(tab)
            await tab.picture(PICTURES / f"out-phone-{language}.png")
            await tab.goto(f"{public}/sign-in/done?lang={language}")
            await in_order(tab)
            await tab.picture(PICTURES / f"refused-phone-{language}.png")
            assert tab.errors == []


async def test_a_provider_that_says_no_or_nothing_is_told_in_order(tmp_path: Path, browser: Chromium) -> None:
    """Both pages are readable on a phone; the way to try again is a button."""
    async with open_hall(tmp_path, "optional", ANN) as (hall, public):
        tab = await browser.tab(width=PHONE)
        hall.provider.claims = {"email_verified": False}
        await tab.goto(f"{public}/sign-in")
        await tab.press("#yes", leaves=True)
        assert await said(tab) == "You are not signed in"
        await in_order(tab)
        await tab.picture(PICTURES / "refused-phone.png")
        hall.provider.down = True
        hall.desk.now += timedelta(hours=2)
        await tab.press("main a.button", leaves=True)
        await tab.press("#yes", leaves=True)
        assert await said(tab) == "One moment, please"
        await in_order(tab)
        await tab.picture(PICTURES / "down-phone.png")
