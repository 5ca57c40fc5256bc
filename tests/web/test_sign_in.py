"""Signing in: who may see and do what, and what is on record of it. The provider is a real one on loopback."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from gateway.audit.events import HoldChanged, HoldOpened
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldAction, HoldState
from gateway.holds.link import token_hash
from tests.web.desk import ANN, CLEAN, MEMBERS, OTHER, SECRET, Desk, forms, letter, links
from tests.web.signing_in import PUBLIC, Reception, reception
from tests.web.test_safety import PRESSES

BEA, CEM = MEMBERS[:2]
HERE = f"/h/{SECRET}"
SECOND = "second" + SECRET[6:]


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Reception]:
    """Sign-in beside the links; Cem acts for Ann."""
    async with reception(tmp_path, delegates={"Ann.Fields@corp.example": ["CEM.AYDIN@corp.example"]}) as made:
        yield made


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[Reception]:
    """The same where a link alone opens nothing."""
    async with reception(tmp_path, "required", delegates={ANN: [CEM]}) as made:
        yield made


async def sent_by(desk: Desk, path: str) -> httpx.Response:
    """Type a text that passes, tick, press Send."""
    return await desk.post({**await desk.form(path=path), "text": CLEAN, "do": "send", "sure": "yes"}, path)


def steps(desk: Desk) -> list[tuple[str, str]]:
    """Who took which step, as the audit has it."""
    return [(event.step, event.actor) for event in desk.audit.events if isinstance(event, HoldChanged)]


def looks(desk: Desk) -> list[tuple[str, str]]:
    """Who looked at what for what, as the audit has it."""
    return [(event.actor, event.purpose) for event in desk.audit.events if isinstance(event, HoldOpened)]


async def stranger(desk: Desk) -> HeldMail:
    """A held mail of somebody else than Ann."""
    held = await desk.hold(secret=OTHER)
    other = replace(held, id="id-others", sender="dora.lind@corp.example", token_hash=token_hash("others"))
    async with desk.store.begin() as unit:
        await unit.holds.add(other, letter())
    return other


async def test_the_whole_story_signed_in(hall: Reception) -> None:
    """Sign in at the provider, see the list, open the mail without a link, send it, see who did it: the sender, by
    name in the audit, "you" on the page."""
    desk = hall.desk
    held = await desk.hold()
    await hall.signed_in("Ann.Fields@CORP.example")
    listed = (await desk.get("/mine")).text
    assert "Our new banner" in listed
    assert f"/mine/{held.id}" in links(listed)
    page = await desk.get(f"/mine/{held.id}")
    assert page.status_code == 200
    assert "You act for" not in page.text
    answer = await sent_by(desk, f"/mine/{held.id}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/mine/{held.id}")
    assert steps(desk) == [("release", f"sender:{ANN}")]
    assert (await desk.now_of(held)).changed_by == f"sender:{ANN}"
    story = (await desk.get(f"/mine/{held.id}")).text
    assert "by you" in story
    assert 'id="undo"' in story
    assert looks(desk) == [(f"sender:{ANN}", "list"), (f"sender:{ANN}", "review")]


async def test_every_action_works_without_a_link(hall: Reception) -> None:
    """Undo, dispute and take back, each with its human step, each on record under the person's address."""
    desk, path = hall.desk, "/mine/id-000001"
    await desk.hold()
    await hall.signed_in(ANN)
    await sent_by(desk, path)
    assert (await desk.post({**await desk.form("undo", path), "sure": "yes"}, path)).status_code == 200
    assert (await desk.post({**await desk.form("dispute", path), "reason": "Our own page"}, path)).status_code == 303
    assert (await desk.post({**await desk.form("withdraw", path), "sure": "yes"}, path)).status_code == 303
    assert steps(desk) == [(step, f"sender:{ANN}") for step in ("release", "undo", "dispute", "withdraw")]


async def test_a_named_delegate_acts_under_their_own_name(hall: Reception) -> None:
    """Cem sees whose mail it is and that it is recorded; the audit and Ann's page name him."""
    desk = hall.desk
    await desk.asked(ANN, desk.now - timedelta(days=30), subject="Badges in October")
    held = await desk.hold()
    await hall.signed_in(CEM)
    assert f"From <bdi>{ANN}</bdi>" in (await desk.get("/mine")).text
    page = (await desk.get(f"/mine/{held.id}")).text
    assert f"You act for <bdi>{ANN}</bdi>" in page
    assert "Badges in October" not in page  # when one asked before is for the one who asked
    await sent_by(desk, f"/mine/{held.id}")
    assert steps(desk) == [("release", f"delegate:{CEM}")]
    assert "by you" in (await desk.get(f"/mine/{held.id}")).text
    await hall.signed_in(ANN)
    assert f"{CEM}, for the sender" in (await desk.get(f"/mine/{held.id}")).text


async def test_a_delegate_reads_what_the_sender_did(hall: Reception) -> None:
    """Not "you": the sender took it back, by the link or signed in."""
    desk = hall.desk
    held = await desk.hold()
    await desk.step(held, HoldAction.WITHDRAW, by="sender")
    await hall.signed_in(CEM)
    story = (await desk.get(f"/mine/{held.id}")).text
    assert "This mail was taken back" in story
    assert "by the sender" in story


async def test_anothers_mail_is_the_unknown_page(hall: Reception) -> None:
    """GET and POST of somebody else's mail, its drafts and checks answer exactly as an id that never was; nothing of it
    is on the list. Ann is no delegate of her delegate."""
    desk = hall.desk
    other = await stranger(desk)
    await hall.signed_in(BEA)
    for path in ("", "/draft"):
        theirs, never = [await desk.get(f"/mine/{name}{path}") for name in (other.id, "id-never")]
        assert (theirs.status_code, theirs.text) == (never.status_code, never.text)
        assert theirs.status_code == 404
        theirs, never = [
            await desk.post({"do": "withdraw", "sure": "yes"}, f"/mine/{name}{path}") for name in (other.id, "id-never")
        ]
        assert (theirs.status_code, theirs.text) == (404, never.text)
    assert (await desk.client.post(f"/mine/{other.id}/check", json={})).status_code == 404
    assert other.id not in (await desk.get("/mine")).text
    assert looks(desk) == []
    assert (await desk.now_of(other)).state is HoldState.HELD


async def test_a_session_of_nobody_sees_the_page_that_asks(hall: Reception) -> None:
    """Without a session, list, mail and drafts ask to sign in, alike for a mail that is there and one that is not."""
    held = await hall.desk.hold()
    async with hall.browser() as browser:
        there, never = await browser.get(f"/mine/{held.id}"), await browser.get("/mine/id-never000")
        assert "Please sign in" in there.text
        assert there.text.replace(held.id, "") == never.text.replace("id-never000", "")
        assert "/sign-in?to=/mine" in links((await browser.get("/mine")).text)
        assert "/sign-in?to=/check" in links((await browser.get("/check")).text)


async def test_ones_addresses_are_one_person(tmp_path: Path) -> None:
    """Who signs in with an alias the directory knows sees the mail sent from the person's own address."""
    async with reception(tmp_path) as hall:
        desk = hall.desk
        held = await desk.hold()
        known = await desk.house.directory.addresses(ANN)
        assert known == {ANN}
        desk.house.directory._roster.aliases["ann@corp.example"] = ANN  # type: ignore[attr-defined]
        await hall.signed_in("ann@corp.example")
        assert (await desk.get(f"/mine/{held.id}")).status_code == 200
        await sent_by(desk, f"/mine/{held.id}")
        assert steps(desk) == [("release", "sender:ann@corp.example")]


async def test_the_list_has_open_mails_first_and_forgets_old_ones(hall: Reception) -> None:
    """What waits is above what is settled; what ended more than thirty days ago is gone, as its link is."""
    desk = hall.desk
    old = await desk.hold(secret=OTHER)
    await desk.step(old, HoldAction.WITHDRAW, by="sender")
    desk.now += timedelta(days=20)
    ended = await desk.hold(secret=SECOND)
    await desk.step(ended, HoldAction.WITHDRAW, by="sender")
    desk.now += timedelta(days=20)
    open_one = await desk.hold()
    await hall.signed_in(ANN)
    listed = (await desk.get("/mine")).text
    assert 0 < listed.index(open_one.id) < listed.index(ended.id)
    assert old.id not in listed
    assert (await desk.get(f"/mine/{old.id}")).status_code == 404


async def test_signing_out_ends_the_session_wherever_it_is_kept(hall: Reception) -> None:
    """Afterwards a copy of the cookie signs nobody in; other sessions of the same person go on."""
    desk = hall.desk
    await desk.hold()
    elsewhere = await hall.signed_in(ANN)
    browser = await hall.signed_in(ANN)
    copied = dict(browser.cookies)
    [form] = [one for one in forms((await desk.get("/mine")).text) if one.action.endswith("/sign-out")]
    answer = await desk.post(form.fields, form.action)
    assert "You are signed out here" in answer.text
    assert dict(browser.cookies) == {}
    async with hall.browser() as thief:
        thief.cookies.update(copied)
        assert "Please sign in" in (await thief.get("/mine")).text
    assert "Our new banner" in (await elsewhere.get("/mine")).text


@pytest.mark.parametrize(
    ("fields", "headers"), [({}, {}), ({"token": "0" * 64}, {}), (None, {"Sec-Fetch-Site": "cross-site"})]
)
async def test_another_site_cannot_sign_somebody_out(
    hall: Reception, fields: dict[str, str] | None, headers: dict[str, str]
) -> None:
    """Without the form's token, or sent by another site, the session goes on."""
    await hall.signed_in(ANN)
    page = (await hall.desk.get("/mine")).text
    [form] = [one for one in forms(page) if one.action.endswith("/sign-out")]
    await hall.desk.post(form.fields if fields is None else fields, "/sign-out", headers=headers)
    assert "You are signed in as" in (await hall.desk.get("/mine")).text


async def test_a_session_ends_with_its_hours(hall: Reception) -> None:
    """After `session_hours` the page asks again, and what was typed meanwhile is shown, not lost."""
    desk = hall.desk
    held = await desk.hold()
    await hall.signed_in(ANN)
    form = await desk.form(path=f"/mine/{held.id}")
    desk.now += timedelta(hours=8)
    answer = await desk.post({**form, "text": "My new words", "do": "send", "sure": "yes"}, f"/mine/{held.id}")
    assert answer.status_code == 403
    assert "Please sign in" in answer.text
    assert "My new words" in answer.text
    assert (await desk.now_of(held)).state is HoldState.HELD


async def test_cookies_are_for_this_site_and_the_browser_alone(hall: Reception) -> None:
    """Both kinds are Secure, HttpOnly, SameSite=Lax and bound to the host; the store has none of their secrets."""
    async with hall.browser() as browser:
        there = (await browser.get("/sign-in")).headers["set-cookie"]
        back = await hall.sign_in(browser, ANN)
        set_by_us = [there, *back.headers.get_list("set-cookie")]
        assert len(set_by_us) == 3
        for cookie in set_by_us:
            name, _, rest = cookie.partition("=")
            assert name.startswith("__Host-askonce")
            assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(rest.split("; "))
            assert "Domain" not in rest
        assert [cookie for cookie in set_by_us if "Max-Age=28800" in cookie]
        secret = browser.cookies["__Host-askonce"]
    async with hall.desk.store.begin(write=False) as unit:
        assert await unit.sessions.who(secret, now=hall.desk.now) == ""
        assert await unit.sessions.who(token_hash(secret), now=hall.desk.now) == ANN


async def test_forms_of_one_session_are_worth_nothing_in_another(hall: Reception) -> None:
    """A form served to the delegate, posted in the sender's session, does nothing."""
    desk = hall.desk
    held = await desk.hold()
    path = f"/mine/{held.id}"
    await hall.signed_in(CEM)
    form = await desk.form("withdraw", path)
    await hall.signed_in(ANN)
    answer = await desk.post({**form, "sure": "yes"}, path)
    assert answer.status_code == 403
    assert "out of date" in answer.text
    assert (await desk.now_of(held)).state is HoldState.HELD


async def test_another_site_cannot_act_for_a_signed_in_person(hall: Reception) -> None:
    """Even with everything a form carries, a post that a browser says is of another site does nothing."""
    desk = hall.desk
    held = await desk.hold()
    path = f"/mine/{held.id}"
    await hall.signed_in(ANN)
    form = {**await desk.form("withdraw", path), "sure": "yes"}
    assert (await desk.post(form, path, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
    assert (await desk.now_of(held)).state is HoldState.HELD


async def test_a_scanner_in_a_signed_in_browser_changes_nothing(hall: Reception) -> None:
    """Every page fetched, every form of the mail submitted as served with every button: nothing moves, and the person
    can still send."""
    desk = hall.desk
    held = await desk.hold()
    await hall.signed_in(ANN)
    before = await desk.snapshot(held)
    path = f"/mine/{held.id}"
    page = (await desk.get(path)).text
    for link in dict.fromkeys([*links(page), *links((await desk.get("/mine")).text)]):
        if link.startswith("/"):
            await desk.get(link)
            await desk.client.head(link)
    sent = 0
    for form in forms(page):
        for name, value in [("", ""), *form.buttons, *(("do", press) for press in PRESSES)]:
            answer = await desk.post({**form.fields, **({name: value} if name else {})}, form.action)
            assert answer.status_code < 500
            sent += 1
    assert sent >= 20
    assert await desk.snapshot(held) == before
    assert (await sent_by(desk, path)).status_code == 303


async def test_a_draft_is_checked_without_a_link(hall: Reception) -> None:
    """The page is there for who is signed in, judged with their own memory; dates of one's own asks are shown."""
    desk = hall.desk
    await desk.asked(ANN, desk.now - timedelta(days=30))
    await hall.signed_in(ANN)
    assert "Your held mails" in (await desk.get("/check")).text
    text = "If you like, put the attached banner on your LinkedIn profile."
    answer = await desk.post({"to": " ".join(MEMBERS), "subject": "Banner", "text": text}, "/check")
    assert "It would be held" in answer.text
    assert "You asked this group on 3 October 2026" in answer.text


async def test_a_link_works_without_signing_in_and_records_who_used_it(hall: Reception) -> None:
    """Nobody signed in: the sender. Signed in as the sender, a delegate, somebody else: each by name."""
    desk = hall.desk
    held = await desk.hold()
    assert (await desk.get()).status_code == 200
    for person in (ANN, CEM, BEA):
        await hall.signed_in(person)
        assert (await desk.get()).status_code == 200
    assert [actor for actor, purpose in looks(desk) if purpose == "review"] == [
        "sender",
        f"sender:{ANN}",
        f"delegate:{CEM}",
        f"bearer:{BEA}",
    ]
    await sent_by(desk, HERE)
    assert steps(desk) == [("release", f"bearer:{BEA}")]
    await hall.signed_in(ANN)
    assert f"{BEA}, who had the link" in (await desk.get(f"/mine/{held.id}")).text


async def test_where_sign_in_is_required_a_link_alone_opens_nothing(strict: Reception) -> None:
    """The same page for a link that opens and one that does not, for looking, acting and checking; signed in as the
    sender it opens at its own address."""
    desk = strict.desk
    held = await desk.hold()
    form = {"do": "withdraw", "sure": "yes"}
    for path in ("", "/draft"):
        there, never = await desk.get(HERE + path), await desk.get(f"/h/{OTHER}{path}")
        assert "Please sign in" in there.text
        assert there.text.replace(SECRET, "") == never.text.replace(OTHER, "")
    assert (await desk.post(form)).status_code == 403
    assert (await desk.client.post(f"{HERE}/check", json={})).status_code == 403
    denied = await desk.client.post("/v1/check", json={}, headers={"Authorization": f"Bearer {SECRET}"})
    assert denied.status_code == 401
    assert looks(desk) == []
    browser = strict.browser()
    answer = await strict.sign_in(browser, ANN, HERE)
    assert answer.headers["location"] == HERE
    desk.client = browser
    assert (await desk.get()).status_code == 200
    await sent_by(desk, HERE)
    assert steps(desk) == [("release", f"sender:{ANN}")]
    assert (await desk.now_of(held)).state is HoldState.SENDING


async def test_where_sign_in_is_required_a_link_in_wrong_hands_opens_nothing(strict: Reception) -> None:
    """Somebody else who is signed in sees the unknown page; a named delegate gets in under their own name."""
    desk = strict.desk
    await desk.hold()
    await strict.signed_in(BEA)
    theirs, never = await desk.get(), await desk.get(f"/h/{OTHER}")
    assert (theirs.status_code, theirs.text) == (404, never.text)
    await strict.signed_in(CEM)
    assert f"You act for <bdi>{ANN}</bdi>" in (await desk.get()).text


async def test_below_a_path_of_a_shared_host_all_links_begin_with_it(tmp_path: Path) -> None:
    """With a path in the public address, the way there, back and out stays below it."""
    async with reception(tmp_path, public=f"{PUBLIC}/mail") as hall:
        held = await hall.desk.hold()
        async with hall.browser() as browser:
            asked = links((await browser.get(f"/mail/mine/{held.id}")).text)
            assert f"/mail/sign-in?to=/mine/{held.id}" in asked
            answer = await hall.sign_in(browser, ANN, f"/mine/{held.id}")
            assert answer.headers["location"] == f"/mail/mine/{held.id}"
            page = (await browser.get(answer.headers["location"])).text
            assert {form.action for form in forms(page)} == {f"/mail/mine/{held.id}"}
            listed = (await browser.get("/mail/mine")).text
            assert all(link.startswith(("/mail/", "?lang=")) for link in links(listed))


async def test_without_sign_in_there_is_none_of_it(desk: Desk) -> None:
    """Off, as it comes: no list, no way in, no word of it."""
    for path in ("/mine", "/sign-in", "/sign-in/done"):
        assert (await desk.get(path)).status_code == 404
    assert "sign" not in (await desk.get("/help")).text.casefold().replace("signature", "")
    assert "There is no list and no sign-in here" in (await desk.get("/")).text
