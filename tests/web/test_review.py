"""The review page: what it shows, and what each press does."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from gateway.audit.events import HoldChanged, HoldOpened
from gateway.errors import StoreUnavailable
from gateway.flows.deliver import deliver
from gateway.flows.release import release
from gateway.holds.lifecycle import HoldAction, HoldState
from gateway.holds.offer import ATTACHED
from gateway.mail.envelope import Path
from gateway.mail.message import walk
from gateway.mail.reading import read_text
from gateway.replies import Reply
from gateway.web.access import form_token
from gateway.web.app import web_app
from gateway.web.pace import Pace
from tests.web.desk import ANN, BODY, CLEAN, KEY, MEMBERS, NOON, SECRET, TEAM, Desk, forms, letter, open_desk

HERE = f"/h/{SECRET}"
OTHERS = "kim.lee@corp.example"
PLEASE = "Hi,\n\nif you like, put the attached banner on your LinkedIn profile.\n\nAnn\n"


async def test_the_page_says_what_is_held_and_why(desk: Desk) -> None:
    """The held sentence is marked in place, quoted beside its rule, with why, advice and a wording that would pass."""
    await desk.hold()
    page = (await desk.get()).text
    assert "<mark>Just a reminder to put the new banner on your personal LinkedIn profile" in page
    rule = desk.house.pack.rules["repeat-ask"]
    for words in (rule.title, rule.why, rule.advice, ATTACHED):
        assert words in page


async def test_the_page_shows_who_gets_it_and_what_is_attached(desk: Desk) -> None:
    """From, recipients, subject, attachment names and the time it waits are on the page."""
    await desk.hold(to=[TEAM, MEMBERS[0]])
    page = (await desk.get()).text
    for words in ("Ann Fields &lt;ann.fields@corp.example&gt;", TEAM, MEMBERS[0], "Our new banner", "banner.png"):
        assert words in page
    assert "Monday 9 November 2026, 12:00 UTC" in page
    assert "7 days" in page


async def test_a_rule_without_references_is_called_a_house_rule(desk: Desk) -> None:
    """Where no dated source stands behind a rule, the page says so."""
    await desk.hold()
    page = (await desk.get()).text
    assert "This is a house rule" in page
    assert "illegal" not in page.casefold()


async def test_a_rule_with_references_shows_them_and_whether_counsel_checked_them(desk: Desk) -> None:
    """A demand names its sources, since when each stands, and that counsel has not checked it yet, or when."""
    await desk.hold(letter("All,\n\nchanging your LinkedIn banner to ours is mandatory for everybody.\n"))
    page = (await desk.get()).text
    sources = desk.house.pack.rules["demand"].references
    assert sources
    for source in sources:
        assert source.title.replace("'", "&#39;") in page
    assert "(since 1 January 2016; not yet checked by your legal team)" in page


@pytest.mark.parametrize(
    ("checked_on", "told"), [("2026-03-01", "checked on 1 March 2026"), ("2026-02-30", "checked on 2026-02-30")]
)
async def test_the_day_counsel_checked_a_reference_is_told(desk: Desk, checked_on: str, told: str) -> None:
    """As people write it; a day that the calendar does not have as the rule file has it."""
    rule = desk.house.pack.rules["demand"]
    sources = tuple(replace(source, checked_on=checked_on) for source in rule.references)
    rules = {**desk.house.pack.rules, "demand": replace(rule, references=sources)}
    house = replace(desk.house, pack=replace(desk.house.pack, rules=rules))
    desk.client._transport = httpx.ASGITransport(app=web_app(house, secret_key=KEY))
    await desk.hold(letter("All,\n\nchanging your LinkedIn banner to ours is mandatory for everybody.\n"))
    assert told in (await desk.get()).text


async def test_the_edit_box_holds_the_senders_own_words(desk: Desk) -> None:
    """Quoted mail is not in the box; the sender's words and the subject are."""
    await desk.hold(letter(BODY + "\nOn Mon, 2 Nov 2026 at 10:12, Bea <bea.stone@corp.example> wrote:\n> old words\n"))
    form = await desk.form()
    assert "Just a reminder" in form["text"]
    assert "old words" not in form["text"]
    assert form["subject"] == "Our new banner"


async def test_ones_own_earlier_ask_is_shown_with_its_date(desk: Desk) -> None:
    """Memory tells the asker when it was and in which mail."""
    await desk.asked(ANN, datetime(2026, 3, 3, 9, tzinfo=UTC))
    await desk.hold(letter("Hi,\n\nif you like, put the attached banner on your LinkedIn profile.\n\nAnn\n"))
    page = (await desk.get()).text
    assert "You asked this group on 3 March 2026, in “Freshen up your profile” (3 people)." in page


async def test_the_earlier_ask_of_somebody_else_stays_without_details(desk: Desk) -> None:
    """Neither the name nor the day nor the subject of another sender's ask is shown."""
    await desk.asked("zoe.king@corp.example", datetime(2026, 3, 3, 9, tzinfo=UTC), subject="Secret campaign")
    await desk.hold(letter("Hi,\n\nif you like, put the attached banner on your LinkedIn profile.\n\nAnn\n"))
    page = (await desk.get()).text
    assert "Somebody else in your organisation asked at least one person on this mail" in page
    assert all(word not in page for word in ("zoe.king", "3 March", "Secret campaign"))


async def test_a_corrected_mail_is_sent(desk: Desk) -> None:
    """Changed, ticked, sent: 303 to the page that says so, and the mail with the new words is in the outbox."""
    held = await desk.hold()
    answer = await desk.post({**await desk.form(), "text": CLEAN, "do": "send", "sure": "yes"})
    assert (answer.status_code, answer.headers["location"]) == (303, HERE)
    assert (await desk.now_of(held)).state is HoldState.SENDING
    [mail] = await desk.outgoing()
    text = read_text(walk(mail.raw))
    assert "kept in the brand folder" in text.text
    assert "reminder" not in text.text
    assert text.attachments == ("banner.png",)
    assert "It is on its way" in (await desk.get()).text


async def test_what_still_holds_is_not_sent_and_the_typed_text_is_kept(desk: Desk) -> None:
    """A new text with another finding comes back with its own marks; nothing is changed."""
    held = await desk.hold()
    typed = "Hi all,\n\nwho has not yet changed their LinkedIn banner? Reply when done.\n\nMy very own words stay.\n"
    answer = await desk.post({**await desk.form(), "text": typed, "do": "send", "sure": "yes"})
    assert answer.status_code == 422
    assert "Not sent." in answer.text
    assert "My very own words stay." in answer.text
    assert "Just a reminder" not in answer.text
    assert "<mark>who has not yet changed their LinkedIn banner?" in answer.text
    assert await desk.now_of(held) == held
    assert await desk.outgoing() == []


async def test_words_behind_more_than_is_read_do_not_go_out() -> None:
    """However a text is stretched past what is judged, it stays held, and the live check and the page say why."""
    async with open_desk({"policy": {"max_text": 16 * 1024}}) as desk:
        held = await desk.hold()
        form = {**await desk.form(), "text": "The numbers for October are in. " * 600 + BODY}
        live = (await desk.client.post(f"{HERE}/check", json=form)).json()
        assert (live["clear"], live["lost"]) == (False, ["This text is too long to be edited here."])
        answer = await desk.post({**form, "do": "send", "sure": "yes"})
        assert answer.status_code == 422
        assert "This text is too long to be edited here." in answer.text
        assert await desk.now_of(held) == held
        assert await desk.outgoing() == []


async def test_send_needs_the_tick(desk: Desk) -> None:
    """Without its tick Send asks for it kindly, keeps the text, and does nothing."""
    held = await desk.hold()
    answer = await desk.post({**await desk.form(), "text": CLEAN, "do": "send"})
    assert answer.status_code == 422
    assert "Please tick this first" in answer.text
    assert "kept in the brand folder" in answer.text
    assert await desk.now_of(held) == held


async def test_checking_again_changes_nothing(desk: Desk) -> None:
    """Check says that the text is clear, and that nothing has been sent."""
    held = await desk.hold()
    before = await desk.snapshot(held)
    answer = await desk.post({**await desk.form(), "text": CLEAN, "do": "check"})
    assert answer.status_code == 200
    assert "All clear" in answer.text
    assert "Send to three people" in answer.text
    assert await desk.snapshot(held) == before


async def test_a_suggestion_is_applied_by_one_press(desk: Desk) -> None:
    """ "Use this wording" puts the sentence that passes in place of the held one, and the result is clear."""
    held = await desk.hold()
    answer = await desk.post({**await desk.form(), "do": "fix 1 repeat-ask"})
    assert ATTACHED in answer.text
    assert "All clear" in answer.text
    assert "Just a reminder" not in answer.text
    assert await desk.now_of(held) == held


async def test_a_sentence_is_left_out_by_one_press(desk: Desk) -> None:
    """ "Leave it out" removes the held sentence and keeps the rest."""
    await desk.hold()
    answer = await desk.post({**await desk.form(), "do": "drop 1 repeat-ask"})
    assert "Just a reminder" not in answer.text
    assert "The minutes are in the usual folder." in answer.text
    assert "All clear" in answer.text


async def test_withdrawing_takes_the_mail_back(desk: Desk) -> None:
    """Ticked and pressed: withdrawn by its sender, and the page says so, when and by whom."""
    held = await desk.hold()
    answer = await desk.post({**await desk.form("withdraw"), "sure": "yes"})
    assert answer.status_code == 303
    assert (await desk.now_of(held)).state is HoldState.WITHDRAWN
    page = (await desk.get()).text
    assert "You took this mail back" in page
    assert "Monday 2 November 2026, 12:00 UTC</time>, by you" in page
    assert desk.events(HoldChanged)


async def test_withdrawing_needs_the_tick(desk: Desk) -> None:
    """Without the tick it is asked for, and the mail waits as before."""
    held = await desk.hold()
    answer = await desk.post(await desk.form("withdraw"))
    assert answer.status_code == 422
    assert "Please tick this first" in answer.text
    assert await desk.now_of(held) == held


async def test_a_mistake_goes_to_compliance_with_its_reason(desk: Desk) -> None:
    """The reason is kept and shown; the mail cannot be edited meanwhile, but taken back."""
    held = await desk.hold()
    answer = await desk.post({**await desk.form("dispute"), "reason": "It is the company's own page."})
    assert answer.status_code == 303
    assert (await desk.now_of(held)).state is HoldState.DISPUTED
    page = (await desk.get()).text
    assert "A person is looking at it" in page
    assert "It is the company&#39;s own page." in page
    assert 'id="revise"' not in page
    answer = await desk.post({**await desk.form("withdraw"), "sure": "yes"})
    assert (await desk.now_of(held)).state is HoldState.WITHDRAWN


async def test_who_decides_is_told_of_a_mistake() -> None:
    """One mail, in the unit of the dispute, with the words typed; pressing twice writes no second one."""
    async with open_desk({"holds": {"disputes_to": ["kim@corp.example"]}}) as desk:
        await desk.hold()
        form = {**await desk.form("dispute"), "reason": "It is the company's own page."}
        assert 303 == (await desk.post(form)).status_code
        await desk.post(form)
        [mail] = await desk.outgoing()
        assert ["kim@corp.example"] == [path.text for path in mail.rcpt_to]
        assert "It is the company's own page." in read_text(walk(mail.raw)).text


async def test_a_crafted_form_sends_nothing_while_compliance_decides(desk: Desk) -> None:
    """A token and a version that fit do not take the mail away from who decides."""
    held = await desk.hold()
    token = (await desk.form())["token"]
    held = await desk.step(held, HoldAction.DISPUTE, by="sender", note="no")
    form = {"token": token, "version": str(held.version), "do": "send", "sure": "yes", "text": CLEAN}
    assert (await desk.post(form)).status_code == 409
    assert await desk.now_of(held) == held
    assert await desk.outgoing() == []


@pytest.mark.parametrize("reason", ["", "   \n "])
async def test_a_mistake_needs_a_reason(desk: Desk, reason: str) -> None:
    """An empty reason asks for one and changes nothing."""
    held = await desk.hold()
    answer = await desk.post({**await desk.form("dispute"), "reason": reason})
    assert answer.status_code == 422
    assert "a few words are enough" in answer.text
    assert await desk.now_of(held) == held


async def test_a_decision_that_upholds_is_shown_and_the_mail_can_still_be_sent(desk: Desk) -> None:
    """After compliance upheld the hold, its words stand on the page and the edit box is back."""
    held = await desk.hold()
    held = await desk.step(held, HoldAction.DISPUTE, by="sender", note="no")
    held = await desk.step(held, HoldAction.UPHOLD, by="compliance:Noor", note="It does chase people.")
    page = (await desk.get()).text
    assert "the hold stands" in page
    assert "It does chase people." in page
    answer = await desk.post({**await desk.form(), "text": CLEAN, "do": "send", "sure": "yes"})
    assert answer.status_code == 303


@pytest.mark.parametrize("step", [HoldAction.UPHOLD, HoldAction.RELEASE])
async def test_a_decision_without_a_note_shows_no_words_as_its_own(desk: Desk, step: HoldAction) -> None:
    """What the sender told compliance is not shown as what compliance said."""
    held = await desk.hold()
    held = await desk.step(held, HoldAction.DISPUTE, by="sender", note="My manager told me to")
    await desk.step(held, step, by="compliance:Noor")
    page = (await desk.get()).text
    assert "My manager told me to" not in page
    assert "They wrote" not in page
    assert "A note on the decision" not in page


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        ((HoldAction.RELEASE,), "It is on its way"),
        ((HoldAction.RELEASE, HoldAction.DELIVERED), "Your mail has been sent"),
        ((HoldAction.RELEASE, HoldAction.REFUSED), "The mail server did not take it"),
        ((HoldAction.WITHDRAW,), "You took this mail back"),
        ((HoldAction.EXPIRE,), "This mail went back to you"),
        ((HoldAction.SUPERSEDE,), "A corrected mail took its place"),
        ((HoldAction.DISPUTE,), "A person is looking at it"),
    ],
)
async def test_every_end_is_told_calmly(desk: Desk, actions: tuple[HoldAction, ...], words: str) -> None:
    """Each state has its page: what happened and when, and no form that could act on it."""
    held = await desk.hold()
    await desk.step(held, *actions)
    page = (await desk.get()).text
    assert f"<h1>{words}</h1>" in page
    assert "Monday 2 November 2026, 12:00 UTC" in page
    assert 'value="send"' not in page


async def test_two_tabs_send_one_mail(desk: Desk) -> None:
    """The second tab learns that it was settled, is shown its own words again, and sends nothing."""
    held = await desk.hold()
    first, second = await desk.form(), await desk.form()
    assert (await desk.post({**first, "text": CLEAN, "do": "send", "sure": "yes"})).status_code == 303
    late = await desk.post({**second, "text": CLEAN + "\nMore words.", "do": "send", "sure": "yes"})
    assert late.status_code == 409
    assert "More words." in late.text
    assert "It was not used." in late.text
    assert len(await desk.outgoing()) == 1
    assert (await desk.now_of(held)).version == 1


async def test_twenty_presses_at_once_send_one_mail(desk: Desk) -> None:
    """However often Send is pressed at the same instant, one mail is in the outbox."""
    await desk.hold()
    form = {**await desk.form(), "text": CLEAN, "do": "send", "sure": "yes"}
    answers = await asyncio.gather(*(desk.post(form) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [303] + [409] * 19
    assert len(await desk.outgoing()) == 1


async def test_a_page_from_before_a_change_does_nothing(desk: Desk) -> None:
    """A form with an older version of the mail is shown again with its text, and acts only when pressed anew."""
    held = await desk.hold()
    form = {**await desk.form(), "text": CLEAN, "do": "send", "sure": "yes"}
    held = await desk.step(held, HoldAction.DISPUTE, by="sender", note="no")
    held = await desk.step(held, HoldAction.UPHOLD, by="compliance:Noor", note="stands")
    answer = await desk.post(form)
    assert answer.status_code == 409
    assert "Something changed meanwhile" in answer.text
    assert "kept in the brand folder" in answer.text
    assert await desk.now_of(held) == held


@pytest.mark.parametrize("when", ["on its way", "before the unit"])
async def test_a_form_does_nothing_to_a_mail_that_gained_a_recipient(
    desk: Desk, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version counts at the moment the mail is sent, not at the one the form began to arrive."""
    held = await desk.hold(to=(MEMBERS[0],))
    body = urlencode({**await desk.form(), "text": CLEAN, "do": "send", "sure": "yes"}).encode()

    async def joined() -> None:
        async with desk.store.begin() as unit:
            await unit.holds.add_recipients(held, [Path(text=MEMBERS[1])])

    async def arriving() -> AsyncIterator[bytes]:
        yield body[:20]
        if when == "on its way":
            await joined()
        yield body[20:]

    async def pressed(*given: Any, **more: Any) -> object:
        if when == "before the unit":
            await joined()
        return await release(*given, **more)

    monkeypatch.setattr("gateway.web.presses.release", pressed)
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = await desk.client.post(HERE, content=arriving(), headers=kind)
    assert answer.status_code == 409
    assert "Something changed meanwhile" in answer.text
    assert "kept in the brand folder" in answer.text
    assert (await desk.now_of(held)).state is HoldState.HELD
    assert await desk.outgoing() == []


async def test_looking_is_written_down_once_a_minute(desk: Desk) -> None:
    """Fifty looks in a minute are one entry in the log, and it holds no secret."""
    held = await desk.hold()
    for _ in range(50):
        await desk.get()
    [event] = desk.events(HoldOpened)
    assert isinstance(event, HoldOpened)
    assert (event.hold_id, event.purpose) == (held.id, "review")
    assert SECRET not in repr(desk.audit.events)


async def test_a_hold_past_its_time_says_so(desk: Desk) -> None:
    """Between its time and its return, the page says that it is about to come back."""
    await desk.hold()
    desk.now += timedelta(days=8)
    assert "Its time is up" in (await desk.get()).text


async def test_a_signed_mail_says_why_it_cannot_be_changed(desk: Desk) -> None:
    """No edit box, the reason in plain words, and the other ways out."""
    raw = letter().replace(b"multipart/mixed", b'multipart/signed; protocol="application/pkcs7-signature"')
    held = await desk.hold(raw)
    page = (await desk.get()).text
    assert "digitally signed" in page
    assert 'id="revise"' not in page
    assert (await desk.post({**await desk.form("withdraw"), "sure": "yes"})).status_code == 303
    assert (await desk.now_of(held)).state is HoldState.WITHDRAWN


async def test_a_changed_subject_is_sent(desk: Desk) -> None:
    """The new subject goes out, on one line."""
    await desk.hold()
    form = {**await desk.form(), "text": CLEAN, "subject": "Kept for you\r\nBcc: x@evil.example", "sure": "yes"}
    await desk.post({**form, "do": "send"})
    [mail] = await desk.outgoing()
    message = walk(mail.raw)
    assert message.subject == "Kept for you Bcc: x@evil.example"
    assert message.header("bcc") == ""


async def test_a_hold_without_findings_offers_a_check(desk: Desk) -> None:
    """Held under a rule that is gone: nothing is marked, nothing is claimed, and a check says how it reads today."""
    await desk.hold(letter(CLEAN))
    page = (await desk.get()).text
    assert "Press “Check again” to see how it reads today." in page
    assert "can go out" not in page
    assert "can go out" in (await desk.post(await desk.form())).text


async def test_memory_speaks_once(desk: Desk) -> None:
    """Found by text and by memory: the earlier ask is told beside one reason only."""
    await desk.asked(ANN, datetime(2026, 3, 3, 9, tzinfo=UTC))
    held = await desk.hold()
    if not held.earlier:
        held = await desk.hold(
            letter("Hi,\n\nif you like, put the attached banner on your LinkedIn profile.\n"), secret="m"
        )
    page = (await desk.get("/h/m" if held.fingerprint == "m" else HERE)).text
    assert page.count("You asked this group on") == 1


async def test_a_flood_of_presses_is_slowed_and_keeps_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the burst the page asks for a moment; nothing typed is lost."""
    monkeypatch.setattr("gateway.web.app.Pace", lambda: Pace(presses=(3, 1), now=lambda: 0.0))
    async with open_desk() as desk:
        await desk.hold()
        form = {**await desk.form(), "text": BODY + "\nMy words stay.", "do": "send", "sure": "yes"}
        answers = [await desk.post(form) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [422] * 3 + [429] * 2
        assert all("My words stay." in answer.text for answer in answers)


async def test_only_what_was_done_wakes_the_worker(desk: Desk) -> None:
    """A released mail goes out at once; looks, checks and refusals wake nobody."""
    held = await desk.hold()
    woken: list[int] = []
    app = web_app(desk.house, secret_key=KEY, wake=lambda: woken.append(1))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x.example") as client:
        form = {**await desk.form(), "text": CLEAN, "do": "send"}
        await client.get(HERE)
        await client.post(HERE, data={**form, "do": "check"})
        await client.post(HERE, data=form)
        await client.post("/h/unknown", data=form)
        assert woken == []
        await client.post(HERE, data={**form, "sure": "yes"})
        assert woken == [1]
    assert (await desk.now_of(held)).state is HoldState.SENDING


async def test_a_version_that_passes_is_shown_and_applied_by_one_press(desk: Desk) -> None:
    """The page shows what would change; one press puts it into the box, clear to send; nothing is sent by it."""
    held = await desk.hold()
    page = (await desk.get()).text
    assert "A version that passes" in page
    assert f"<ins>{ATTACHED}</ins>" in page
    answer = await desk.post({**await desk.form(), "do": "suggest"})
    assert "All clear" in answer.text
    assert ATTACHED in answer.text
    assert "The minutes are in the usual folder." in answer.text
    assert await desk.now_of(held) == held


CHASE = "Who has not yet changed their LinkedIn banner? Reply when done.\n"


def enclosing(kind: str) -> bytes:
    """A mail that says nothing itself and brings the chase along."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = ANN, TEAM, "The list"
    if kind == "inline":
        head = f"---------- Forwarded message ---------\nFrom: Bea <{MEMBERS[0]}>\nSubject: The banner\nTo: <{TEAM}>\n"
        del mail["Subject"]
        mail["Subject"] = "Fwd: The list"
        mail.set_content(f"{head}\n{CHASE}")
        return bytes(mail)
    mail.set_content("" if kind == "message" else "Hi all,\n\nsee the list.\n\nAnn\n")
    if kind == "text":
        mail.add_attachment(CHASE, filename="list.txt")
    elif kind == "calendar":
        entry = f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Lunch\r\nDESCRIPTION:{CHASE.strip()}\r\nEND:VEVENT\r\n"
        mail.add_attachment(f"{entry}END:VCALENDAR\r\n", subtype="calendar", filename="invite.ics")
    else:
        inner = EmailMessage()
        inner["From"], inner["To"], inner["Subject"] = MEMBERS[0], TEAM, "The banner"
        inner.set_content(CHASE)
        mail.add_attachment(inner)
    return bytes(mail)


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        ("text", "Marked words stand in an attachment"),
        ("calendar", "Marked words stand in the calendar entry"),
        ("message", "Marked words stand in the mail you forward"),
        ("inline", "Marked words stand in the mail you forward"),
    ],
)
async def test_words_that_cannot_be_changed_here_are_placed(desk: Desk, kind: str, where: str) -> None:
    """What holds the mail stands where nobody can edit it: the page says where, and what can be done; no press is
    offered that would not help, and nobody is told to change it."""
    await desk.hold(enclosing(kind))
    for page in ((await desk.get()).text, (await desk.post({**await desk.form(), "do": "check"})).text):
        assert "No ready wording this time" in page
        assert where in page
        assert "attached anew" in page
        assert 'id="elsewhere"' in page
        assert "<mark>" in page
        assert not [
            word for word in ("Change it yourself", "Change it and press Send", "Change it now") if word in page
        ]
        assert not [press for press in ("suggest", "fix ", "drop ") if f'value="{press}' in page]


async def test_words_in_the_box_and_elsewhere_are_both_told(desk: Desk) -> None:
    """The press for the words in the box stays; of the attachment the page says that it cannot be changed here."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = ANN, TEAM, "The list"
    mail.set_content(BODY)
    mail.add_attachment(CHASE, filename="list.txt")
    await desk.hold(bytes(mail))
    page = (await desk.get()).text
    assert "Marked words stand in an attachment" in page
    assert 'value="drop 2 repeat-ask"' in page or 'value="drop 1 repeat-ask"' in page
    assert "compliance-check" not in "".join(part[:40] for part in page.split('value="drop ')[1:])


async def test_words_that_are_ours_ask_to_be_looked_at(desk: Desk) -> None:
    """A mail that is nothing but what is held gets the rule's words, and the page says whose they are."""
    await desk.hold(letter("Who has not yet changed their LinkedIn banner? Reply when done.\n", attachments=()))
    page = (await desk.get()).text
    assert desk.house.pack.rules["compliance-check"].fix in page
    assert "The new words are ours" in page


async def test_a_suggested_wording_that_is_not_the_mails_own_asks_to_be_looked_at(desk: Desk) -> None:
    """A pack's sentence says where artwork is kept; the page asks whether that is so."""
    body = "Hi all,\n\nchanging your LinkedIn banner to ours is mandatory for everybody.\n\nAnn\n"
    await desk.hold(letter(body, attachments=()))
    assert "Please see whether the artwork really is where it says" in (await desk.get()).text


async def test_a_look_is_a_page_also_when_no_suggestion_can_be_made(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the directory does not answer while a suggestion is looked for, the page is there without one."""
    await desk.hold()

    async def mute(*args: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr("gateway.web.suggested.suggest", mute)
    answer = await desk.get()
    assert answer.status_code == 200
    assert 'value="suggest"' not in answer.text


async def test_somebody_taken_off_does_not_get_it(desk: Desk) -> None:
    """A ticked recipient is neither in the envelope nor in To; the button counts those who stay."""
    held = await desk.hold(letter(to=(TEAM, OTHERS)), to=[TEAM, OTHERS])
    form = {**await desk.form(), "text": CLEAN, "off-1": "yes"}
    assert "Send to three people" in (await desk.post({**form, "do": "check"})).text
    assert (await desk.post({**form, "do": "send", "sure": "yes"})).status_code == 303
    [mail] = await desk.outgoing()
    assert [path.text for path in mail.rcpt_to] == [TEAM]
    assert OTHERS.encode() not in mail.raw
    await deliver(desk.house, mail)
    assert [path.text for path in (await desk.now_of(held)).rcpt_to] == [TEAM]


@pytest.mark.parametrize("reply", ["taken", "refused"])
async def test_the_page_names_those_alone_to_whom_it_goes(desk: Desk, reply: str) -> None:
    """On its way it says to whom it goes and who was taken off; sent or refused, nobody who was taken off is among
    those it went to."""
    await desk.hold(letter(to=(TEAM, OTHERS)), to=[TEAM, OTHERS])
    await desk.post({**await desk.form(), "text": CLEAN, "off-1": "yes", "do": "send", "sure": "yes"})
    page = (await desk.get()).text
    assert f"<dt>To</dt><dd><bdi>{TEAM}</bdi></dd>" in page
    assert f"<dt>Taken off</dt><dd><bdi>{OTHERS}</bdi></dd>" in page
    if reply == "refused":
        desk.hop.data = Reply(code=550, enhanced="5.1.1", text="no such user here")
    [mail] = await desk.outgoing()
    await deliver(desk.house, mail)
    page = (await desk.get()).text
    assert f'data-state="{"failed" if reply == "refused" else "sent"}"' in page
    assert TEAM in page
    assert OTHERS not in page


async def test_taking_off_those_who_were_asked_clears_a_repeat(desk: Desk) -> None:
    """Memory is asked about those who stay."""
    await desk.asked(ANN, NOON - timedelta(days=9))
    await desk.hold(letter(PLEASE, to=(TEAM, OTHERS)), to=[TEAM, OTHERS])
    form = await desk.form()
    assert "Still held" in (await desk.post({**form, "do": "check"})).text
    assert "Send to one person" in (await desk.post({**form, "do": "check", "off-0": "yes"})).text


async def test_somebody_must_stay(desk: Desk) -> None:
    """With everybody ticked off nothing is sent, and the way to take it back is named."""
    held = await desk.hold(to=[TEAM, OTHERS])
    form = {**await desk.form(), "text": CLEAN, "off-0": "yes", "off-1": "yes", "do": "send", "sure": "yes"}
    answer = await desk.post(form)
    assert answer.status_code == 422
    assert "Nobody would get it." in answer.text
    assert await desk.now_of(held) == held


@pytest.mark.parametrize("field", ["to", "cc", "rcpt_to", "from", "off-7", "add", "attachment"])
async def test_nobody_can_be_put_on(desk: Desk, field: str) -> None:
    """Fields that are not ours change neither recipients nor sender."""
    await desk.hold()
    await desk.post({**await desk.form(), "text": CLEAN, "do": "send", "sure": "yes", field: "eve@corp.example"})
    [mail] = await desk.outgoing()
    assert [path.text for path in mail.rcpt_to] == [TEAM]
    assert mail.mail_from.text == ANN
    assert b"eve@corp.example" not in mail.raw


async def test_a_sent_mail_can_be_taken_back_for_some_seconds(desk: Desk) -> None:
    """The page says how long; ticked and pressed it is held again, with its edit box, and nothing went out."""
    held = await desk.hold()
    await desk.post({**await desk.form(), "text": CLEAN, "do": "send", "sure": "yes"})
    desk.now += timedelta(seconds=4)
    page = (await desk.get()).text
    assert 'It leaves in <span id="left">6</span> seconds.' in page
    answer = await desk.post({**await desk.form("undo"), "sure": "yes"})
    assert answer.status_code == 200
    assert "Stopped." in answer.text
    assert (await desk.now_of(held)).state is HoldState.HELD
    assert await desk.outgoing() == []
    assert 'id="revise"' in (await desk.get()).text


async def test_after_undo_one_goes_on_from_what_was_about_to_go_out(desk: Desk) -> None:
    """The page that answers the press has the words, the subject and the ticks that were sent, judged, and no tick to
    send; its form sends them, mended."""
    held = await desk.hold(letter(to=(TEAM, OTHERS)), to=[TEAM, OTHERS])
    sent = {"text": CLEAN.replace("October", "Octobber"), "subject": "The bannner", "off-1": "yes"}
    await desk.post({**await desk.form(), **sent, "do": "send", "sure": "yes"})
    answer = await desk.post({**await desk.form("undo"), "sure": "yes"})
    [form] = [one.fields for one in forms(answer.text) if one.purpose == "revise"]
    assert form["text"].split() == sent["text"].split()
    assert (form["subject"], form["off-1"]) == ("The bannner", "yes")
    assert "off-0" not in form
    assert "sure" not in form
    assert "Send to three people" in answer.text
    assert (await desk.now_of(held)).rcpt_to == held.rcpt_to
    mended = {"text": form["text"].replace("Octobber", "October"), "subject": "The banner"}
    assert (await desk.post({**form, **mended, "do": "send", "sure": "yes"})).status_code == 303
    [mail] = await desk.outgoing()
    assert [path.text for path in mail.rcpt_to] == [TEAM]
    assert walk(mail.raw).subject == "The banner"
    assert b"Octobber" not in mail.raw


async def test_an_undo_that_cannot_be_shown_is_done(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told that nothing was changed when the store falls silent after the mail was stopped."""
    held = await desk.hold()
    await desk.post({**await desk.form(), "text": CLEAN, "do": "send", "sure": "yes"})
    form = await desk.form("undo")

    async def mute(*args: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr("gateway.web.checker.recheck", mute)
    answer = await desk.post({**form, "sure": "yes"})
    assert (answer.status_code, answer.headers["location"]) == (303, HERE)
    assert (await desk.now_of(held)).state is HoldState.HELD


async def test_undo_needs_its_tick_and_ends_with_its_window(desk: Desk) -> None:
    """A form as served changes nothing; when the seconds are over the form is gone, and an old one comes too late."""
    held = await desk.hold()
    await desk.post({**await desk.form(), "text": CLEAN, "do": "send", "sure": "yes"})
    form = await desk.form("undo")
    assert (await desk.post(form)).status_code == 422
    assert (await desk.now_of(held)).state is HoldState.SENDING
    desk.now += timedelta(seconds=10)
    assert 'value="undo"' not in (await desk.get()).text
    answer = await desk.post({**form, "sure": "yes"})
    assert answer.headers["location"].endswith("?late=1")
    assert (await desk.now_of(held)).state is HoldState.SENDING


async def test_without_a_window_there_is_nothing_to_undo() -> None:
    """`holds.undo_seconds = 0`: it is due at once."""
    async with open_desk({"holds": {"undo_seconds": 0}}) as desk:
        await desk.hold()
        await desk.post({**await desk.form(), "text": CLEAN, "do": "send", "sure": "yes"})
        assert 'value="undo"' not in (await desk.get()).text
        async with desk.store.begin() as unit:
            assert len(await unit.outbox.lease(now=desk.now, until=desk.now, limit=9)) == 1


def overriding(desk: Desk, override: str) -> None:
    """All rules of the desk's pack with this override."""
    rules = {rule_id: replace(rule, override=override) for rule_id, rule in desk.house.pack.rules.items()}
    house = replace(desk.house, pack=replace(desk.house.pack, rules=rules))
    desk.client._transport = httpx.ASGITransport(app=web_app(house, secret_key=KEY))


def overridden(desk: Desk) -> str:
    """The reason on record of the one step there was, which was to send it anyway."""
    [step] = desk.events(HoldChanged)
    assert isinstance(step, HoldChanged)
    assert step.step == "override"
    return step.note


@pytest.mark.parametrize(
    ("override", "given"), [("justify", {"why": "It is our own page."}), ("acknowledge", {"read": "yes"})]
)
async def test_sending_anyway_where_the_rule_allows_it(desk: Desk, override: str, given: dict[str, str]) -> None:
    """Offered, asked for what it wants, then sent as it reads, with the reason on record."""
    overriding(desk, override)
    held = await desk.hold()
    form = {**await desk.form(), "do": "anyway"}
    assert f'data-override="{override}">' in (await desk.get()).text
    assert (await desk.post(form)).status_code == 422
    assert await desk.now_of(held) == held
    assert (await desk.post({**form, **given})).status_code == 303
    assert overridden(desk) == given.get("why", "")
    [mail] = await desk.outgoing()
    assert "Just a reminder" in read_text(walk(mail.raw)).text


@pytest.mark.parametrize(
    ("override", "given"), [("justify", {"why": "It is our own page."}), ("acknowledge", {"read": "yes"})]
)
async def test_a_signed_mail_can_be_sent_anyway_where_the_rule_allows_it(
    desk: Desk, override: str, given: dict[str, str]
) -> None:
    """It cannot be changed here, and need not be: it goes out as it is to the byte, with the reason on record."""
    overriding(desk, override)
    raw = letter().replace(b"multipart/mixed", b'multipart/signed; protocol="application/pkcs7-signature"')
    held = await desk.hold(raw)
    form = await desk.form("anyway")
    asked = await desk.post(form)
    assert (asked.status_code, "Please fill this in first." in asked.text) == (422, True)
    wrong = await desk.post({**form, "why": "", "read": "", "version": "9", **given})
    assert wrong.status_code == 409
    assert await desk.now_of(held) == held
    assert (await desk.post({**form, **given})).status_code == 303
    assert overridden(desk) == given.get("why", "")
    [mail] = await desk.outgoing()
    assert mail.raw == raw


async def test_a_signed_mail_stays_where_no_rule_allows_to_send_it(desk: Desk) -> None:
    """Neither offered nor done, by whatever press."""
    raw = letter().replace(b"multipart/mixed", b'multipart/signed; protocol="application/pkcs7-signature"')
    held = await desk.hold(raw)
    assert "Send anyway" not in (await desk.get()).text
    token = form_token(KEY, held, "revise")
    for press in ({"do": "anyway", "why": "because", "read": "yes"}, {"do": "send", "sure": "yes"}):
        answer = await desk.post({"token": token, "version": str(held.version), **press})
        assert answer.status_code < 500
        assert answer.status_code != 303
        assert await desk.now_of(held) == held


async def test_sending_anyway_is_not_there_where_no_rule_allows_it(desk: Desk) -> None:
    """Neither offered nor done: a press made by hand stays without effect."""
    held = await desk.hold()
    page = (await desk.get()).text
    assert 'data-override="none" hidden' in page
    answer = await desk.post({**await desk.form(), "do": "anyway", "why": "because", "read": "yes"})
    assert answer.status_code == 422
    assert "Not sent." in answer.text
    assert await desk.now_of(held) == held


@pytest.mark.parametrize("replies", [True, False])
async def test_help_names_every_way_in_a_minute(replies: bool) -> None:
    """Answering the notice, where that can be done, taking people off and undoing are told, and it stays short."""
    async with open_desk({"holds": {"replies": replies}}) as desk:
        page = (await desk.get("/help")).text
    assert ("answer the notice" in page) == replies
    assert "take people off the mail" in page
    assert "you can still undo it" in page
    words = re.sub(r"<[^>]+>", " ", page.split("<main")[1].split("</main>")[0]).split()
    assert len(words) < 330
