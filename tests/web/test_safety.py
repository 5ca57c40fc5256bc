"""What the review page never does: act on a look, for a scanner or another site, leak, or run a mail's words."""

import asyncio
import io
import itertools
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from gateway.audit.events import HoldOpened
from gateway.config import Log
from gateway.errors import StoreUnavailable
from gateway.flows.suggest import Suggestion
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldAction, HoldState
from gateway.log import set_up
from gateway.ports import House
from gateway.storage.hold_table import HoldRows
from gateway.web import suggested
from gateway.web.access import LINGERS, form_token
from gateway.web.app import web_app
from gateway.web.forms import MAX_BODY, MAX_FIELDS
from gateway.web.pace import Pace
from gateway.web.shield import HEADERS
from tests.web.desk import CLEAN, KEY, OTHER, SECRET, Desk, ServedForm, forms, letter, links, open_desk

HERE = f"/h/{SECRET}"
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120 Safari/537.36",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Mozilla/5.0 (compatible; LinkScanner/2.1)",
    "python-requests/2.31",
    "",
)
PRESSES = (
    "",
    "send",
    "check",
    "suggest",
    "anyway",
    "undo",
    "withdraw",
    "dispute",
    "fix 1 repeat-ask",
    "drop 1 repeat-ask",
)


async def scan(desk: Desk, secret: str, *, empty: bool) -> int:
    """A link scanner: fetches every address it finds twice and submits every form as served, with every button it
    could press; `empty` leaves out fields that have no value. How many forms it sent."""
    page = (await desk.get(f"/h/{secret}")).text
    for link in dict.fromkeys(links(page)):
        if link.startswith("/"):
            await asyncio.gather(desk.get(link), desk.client.head(link))
    sent = 0
    for form in forms(page):
        for name, value in [("", ""), *form.buttons, *(("do", press) for press in PRESSES)]:
            fields = {**_as_served(form, empty), **({name: value} if name else {})}
            answer = await desk.post(fields, form.action)
            assert answer.status_code < 500
            sent += 1
    return sent


def _as_served(form: ServedForm, empty: bool) -> dict[str, str]:
    return {name: value for name, value in form.fields.items() if value or not empty}


async def test_fifty_looks_from_five_agents_change_nothing(desk: Desk) -> None:
    """GET and HEAD of the page, by whomever and however often, leave hold, outbox and log as they were."""
    held = await desk.hold()
    before = await desk.snapshot(held)
    for agent, _ in itertools.product(AGENTS, range(10)):
        answers = await asyncio.gather(
            desk.get(headers={"User-Agent": agent}), desk.client.head(HERE, headers={"User-Agent": agent})
        )
        assert [answer.status_code for answer in answers] == [200, 200]
    assert await desk.snapshot(held) == before


async def test_five_scanners_fifty_times_do_not_stand_in_the_persons_way(desk: Desk) -> None:
    """Five agents fetch every link ten times each, at once, and submit every form as served with every button: nothing
    moves, and the person's own presses work right after them."""
    held = await desk.hold()
    before = await desk.snapshot(held)
    page = (await desk.get()).text
    addresses = [link for link in dict.fromkeys(links(page)) if link.startswith("/")]
    for agent in AGENTS:
        known = {"User-Agent": agent}
        for _ in range(10):
            await asyncio.gather(*(desk.get(link, headers=known) for link in [HERE, *addresses]))
    await asyncio.gather(*(scan(desk, SECRET, empty=bool(number % 2)) for number in range(len(AGENTS))))
    assert await desk.snapshot(held) == before
    answer = await desk.post({**await desk.form(), "text": CLEAN, "do": "send", "sure": "yes"})
    assert answer.status_code == 303
    assert (await desk.now_of(held)).state is HoldState.SENDING


@pytest.mark.parametrize("empty", [False, True])
@pytest.mark.parametrize("times", [1, 2])
async def test_a_scanner_that_submits_every_form_changes_nothing(desk: Desk, empty: bool, times: int) -> None:
    """Every link fetched, every form submitted as served with every button: nothing moves, and the person can still
    send."""
    held = await desk.hold()
    before = await desk.snapshot(held)
    for _ in range(times):
        assert await scan(desk, SECRET, empty=empty) >= 20
    assert await desk.snapshot(held) == before
    answer = await desk.post({**await desk.form(), "text": CLEAN, "do": "send", "sure": "yes"})
    assert answer.status_code == 303
    assert (await desk.now_of(held)).state is HoldState.SENDING


async def test_a_scanner_on_a_mail_about_to_leave_changes_nothing(desk: Desk) -> None:
    """The form that stops it wants a tick, so a scanner that follows the person's press stops nothing."""
    held = await desk.hold()
    await desk.post({**await desk.form(), "text": CLEAN, "do": "send", "sure": "yes"})
    before = await desk.snapshot(held)
    assert await scan(desk, SECRET, empty=False) >= 5
    assert await desk.snapshot(held) == before


async def test_a_scanner_on_a_disputed_mail_changes_nothing(desk: Desk) -> None:
    """The one form of a disputed mail is as safe."""
    held = await desk.step(await desk.hold(), HoldAction.DISPUTE, by="sender", note="why")
    before = await desk.snapshot(held)
    assert await scan(desk, SECRET, empty=False) >= 5
    assert await desk.snapshot(held) == before


async def test_no_box_is_ticked_and_no_reason_written_as_served(desk: Desk) -> None:
    """The sign of a human is never on the page already."""
    await desk.hold()
    page = (await desk.get()).text
    assert page.count('type="checkbox"') == 3
    assert "checked" not in page
    assert (await desk.form("dispute"))["reason"] == ""


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("revise", {"do": "send", "sure": "yes", "text": CLEAN}),
        ("withdraw", {"sure": "yes"}),
        ("dispute", {"reason": "a mistake"}),
    ],
)
@pytest.mark.parametrize("token", ["", "x", "0" * 64, "é", "another hold", "another purpose", "another key"])
async def test_a_token_of_another_mail_form_or_key_is_refused(
    desk: Desk, name: str, more: dict[str, str], token: str
) -> None:
    """403, nothing done, what was typed kept."""
    held, other = await desk.hold(), await desk.hold(secret=OTHER)
    tokens = {
        "another hold": (await desk.form(name, f"/h/{OTHER}"))["token"],
        "another purpose": (await desk.form("withdraw" if name == "revise" else "revise"))["token"],
        "another key": form_token(b"x" * 32, held, name),
    }
    before = await desk.snapshot(held, other)
    answer = await desk.post({**await desk.form(name), **more, "token": tokens.get(token, token)})
    assert answer.status_code == 403
    assert "Nothing was done." in answer.text
    assert more.get("text", "Hi all,")[:40] in answer.text
    assert await desk.snapshot(held, other) == before


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_form_sent_by_another_site_is_refused(desk: Desk, site: str) -> None:
    """Fetch Metadata that names another site stops the action even with the right token."""
    held = await desk.hold()
    form = {**await desk.form(), "text": CLEAN, "do": "send", "sure": "yes"}
    answer = await desk.post(form, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 403
    assert await desk.now_of(held) == held
    assert (await desk.post(form, headers={"Sec-Fetch-Site": "same-origin"})).status_code == 303


async def test_unknown_and_spent_links_are_one_page(desk: Desk) -> None:
    """An unknown link and one that has served its time give the same 404, byte for byte, for GET and POST."""
    held = await desk.step(await desk.hold(), HoldAction.WITHDRAW, by="sender")
    desk.now = held.expires_at + LINGERS
    assert (await desk.get()).status_code == 200
    desk.now += timedelta(seconds=1)
    spent, unknown = await desk.get(), await desk.get("/h/" + "A" * 43)
    odd = [await desk.get(f"/h/{secret}") for secret in ("x", "%00", "A" * 4000, "%ff%fe")]
    posted = [await desk.post({"do": "send"}, path) for path in (HERE, "/h/" + "A" * 43)]
    for answer in (spent, unknown, *odd, *posted, await desk.get("/nothing/here")):
        assert answer.status_code == 404
        assert answer.text == unknown.text
        assert answer.headers == unknown.headers
    assert "banner" not in spent.text
    assert not [event for event in desk.events(HoldOpened) if event.at > held.expires_at + LINGERS]


async def test_a_link_to_a_mail_under_way_does_not_run_out(desk: Desk) -> None:
    """A disputed mail waits for a person; its link opens as long as it does."""
    await desk.step(await desk.hold(), HoldAction.DISPUTE, by="sender", note="why")
    desk.now += timedelta(days=400)
    assert (await desk.get()).status_code == 200


async def test_every_response_carries_the_same_strict_headers(desk: Desk) -> None:
    """Pages, redirects, JSON, errors, static files: none leaves without them, and none but our own files is kept."""
    await desk.hold()
    page = (await desk.get()).text
    form = await desk.form()
    answers = [
        await desk.get(),
        await desk.client.head(HERE),
        await desk.get("/"),
        await desk.get("/help"),
        await desk.get("/healthz"),
        await desk.get("/robots.txt"),
        await desk.get("/nothing"),
        await desk.client.delete(HERE),
        await desk.client.options(HERE),
        await desk.get(HERE + "/check"),
        await desk.client.post(HERE, content=b"x", headers={"Content-Type": "text/plain"}),
        await desk.client.post(HERE + "/check", json={"token": form["token"], "text": "x"}),
        await desk.post(form),
        await desk.post({**form, "token": "x"}),
        await desk.post({**form, "text": CLEAN, "do": "send", "sure": "yes"}),
        *[await desk.get(link) for link in links(page) if "/static/" in link],
    ]
    assert {answer.status_code for answer in answers} == {200, 303, 403, 404, 405, 415}
    for answer in answers:
        for name, value in HEADERS:
            assert answer.headers.get_list(name.decode()) == [value.decode()]
        kept = "immutable" if "/static/" in str(answer.url) else "no-store"
        assert kept in answer.headers["cache-control"]
        assert ("set-cookie" in answer.headers) == (answer.status_code == 303)  # what a person did, and nothing else


async def test_the_host_header_is_never_used(desk: Desk) -> None:
    """A forged Host stands neither in a page nor in a redirect."""
    await desk.hold()
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    page = await desk.get(headers=forged)
    sent = await desk.post({**await desk.form("withdraw"), "sure": "yes"}, headers=forged)
    assert sent.headers["location"] == HERE
    for answer in (page, sent, await desk.get("/help", headers=forged), await desk.get(HERE + "/", headers=forged)):
        assert "evil.example" not in answer.text + str(answer.headers)


async def test_a_path_of_the_public_address_leads_all_links() -> None:
    """Behind a reverse proxy's path all addresses begin with it, and both forms of the path are answered."""
    async with open_desk({"web": {"public_url": "https://mail.corp.example/askonce/"}}) as desk:
        await desk.hold()
        page = await desk.get()
        local = [link for link in links(page.text) if link.startswith("/")]
        assert local
        assert all(link.startswith("/askonce/") for link in local)
        assert (await desk.get("/askonce" + HERE)).text == page.text
        assert all([(await desk.get(link)).status_code == 200 for link in local if "/static/" in link])


async def test_a_body_too_large_is_refused_unread(desk: Desk) -> None:
    """413 from the declared length, 413 when a body without one passes the limit; nothing changes."""
    held = await desk.hold()
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(4 * MAX_BODY // 65536):
            read += 65536
            yield b"a" * 65536

    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    declared = await desk.client.post(HERE, content=b"text=" + b"a" * MAX_BODY, headers=kind)
    chunked = await desk.client.post(HERE, content=endless(), headers=kind)
    as_json = await desk.client.post(
        HERE + "/check", content=b"{" + b" " * MAX_BODY, headers={"Content-Type": "application/json"}
    )
    assert [declared.status_code, chunked.status_code, as_json.status_code] == [413, 413, 413]
    assert read <= MAX_BODY + 2 * 65536
    assert await desk.now_of(held) == held


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"&".join(b"a%d=1" % number for number in range(MAX_FIELDS + 1)), "application/x-www-form-urlencoded", 400),
        (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 415),
        (b"do=send", "text/plain", 415),
        (b"do=send", "", 415),
        (b"\xff=%ff%00&do=%f0%28&text=%ed%a0%80", "application/x-www-form-urlencoded", 403),
    ],
)
async def test_odd_forms_are_refused(desk: Desk, content: bytes, kind: str, status: int) -> None:
    """Too many fields, uploads, other types and broken encodings never act and never break the page."""
    held = await desk.hold()
    answer = await desk.client.post(HERE, content=content, headers={"Content-Type": kind} if kind else {})
    assert answer.status_code == status
    assert await desk.now_of(held) == held


@pytest.mark.parametrize("content", [b"", b"[]", b"nul", b"\xff", b'{"token": 1}', b'"x"', b"[" * 100_000])
async def test_odd_json_is_refused(desk: Desk, content: bytes) -> None:
    """The live re-check takes one small object of texts with the right token, nothing else."""
    await desk.hold()
    answer = await desk.client.post(HERE + "/check", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 403)


async def test_a_form_that_never_ends_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that does not arrive in time is 408."""
    monkeypatch.setattr("gateway.web.forms._PATIENCE", 0.05)
    await desk.hold()

    async def stalled() -> AsyncIterator[bytes]:
        yield b"do="
        await asyncio.sleep(5)

    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await desk.client.post(HERE, content=stalled(), headers=kind)).status_code == 408


class _Down:
    """A store that does not answer."""

    def begin(self, *, write: bool = True) -> Any:
        """See the port."""
        raise StoreUnavailable

    async def close(self) -> None:
        """See the port."""


async def test_a_store_that_does_not_answer_is_said_calmly(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 for page and health; a posted text comes back with it, since nothing must be typed twice."""
    await desk.hold()
    form = {**await desk.form(), "text": CLEAN, "do": "send", "sure": "yes"}

    async def gone(*_: object, **__: object) -> None:
        raise StoreUnavailable

    with monkeypatch.context() as patched:
        patched.setattr("gateway.web.presses.release", gone)
        answer = await desk.post(form)
        assert answer.status_code == 503
        assert "kept in the brand folder" in answer.text
    assert (await desk.get("/healthz")).text == "ok\n"
    monkeypatch.setattr(type(desk.store), "begin", lambda self, write=True: _Down().begin())
    for path in ("/healthz", HERE):
        assert (await desk.get(path)).status_code == 503
    assert (await desk.post(form)).status_code == 503


async def test_something_unforeseen_is_one_page_and_leaks_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 with our headers and no detail; neither page nor operators' log holds the secret."""
    log = io.StringIO()
    set_up(Log(), log)
    await desk.hold()
    monkeypatch.setattr("gateway.web.door.find_hold", lambda *_: 1 / 0)
    answer = await desk.get()
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "review page failed" in log.getvalue()
    assert SECRET not in log.getvalue()


NASTY = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea><script>alert(1)</script>",
    "</title><svg onload=alert(1)>",
    "'-alert(1)-'",
    "{{7*7}}{% raw %}",
    "<!--<script>",
    "]]><iframe src=//evil.example>",
    "javascript:alert(1)//",
    "\u202egnp.exe",
    "<a href=//evil.example/?",
    "&lt;b&gt;&#60;script&#62;",
    "=?utf-8?q?=3Cscript=3Ealert=281=29=3C=2Fscript=3E?=",
    "\ud800\udfff <b onclick=alert(1)>",
)
ASK = "Just a reminder to put the new banner on your personal LinkedIn profile, as I asked"


class _Markup(HTMLParser):
    """Collects what a browser would take for markup."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One tag."""
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name in {"src", "href", "action", "formaction"}:
                self.addresses.add(value or "")


def _only_ours(page: str) -> None:
    seen = _Markup()
    seen.feed(page)
    assert not seen.tags & {"img", "svg", "iframe", "object", "embed", "base", "style", "b", "video"}
    assert not {name for name in seen.attributes if name.startswith("on") or name == "style"}
    assert all(address.startswith(("/", "#", "?lang=")) for address in seen.addresses)
    assert "alert(1)</script" not in page
    shown = re.sub(r"<textarea.*?</textarea>|<input[^>]*>", "", page, flags=re.S)  # edit boxes stay faithful
    assert "\u202e" not in shown


def nasty_mail(nasty: str) -> bytes:
    """A mail that carries a hostile text wherever one can stand."""
    wire = nasty.encode("utf-8", "surrogatepass")
    head = b'From: "' + wire.replace(b'"', b"") + b'" <ann.fields@corp.example>\r\nTo: <team@corp.example>\r\n'
    head += b"Subject: " + wire + b" banner\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    text = b'--b\r\nContent-Type: text/plain; charset="' + wire.replace(b'"', b"") + b'"\r\n\r\n'
    text += ASK.encode() + b" " + wire + b" last month.\r\n\r\n" + wire + b"\r\n"
    file = b'--b\r\nContent-Type: image/png; name="' + wire.replace(b'"', b"") + b'"\r\n'
    file += b'Content-Disposition: attachment; filename="' + wire.replace(b'"', b"") + b'"\r\n\r\nx\r\n--b--\r\n'
    return head + text + file


@pytest.mark.parametrize("nasty", NASTY)
async def test_a_hostile_mail_stays_text(desk: Desk, nasty: str) -> None:
    """Whatever stands in subject, From, attachment name, charset name or body: no markup of it reaches a page."""
    held = await desk.hold(nasty_mail(nasty))
    page = await desk.get()
    assert page.status_code == 200
    _only_ours(page.text)
    assert "<mark>" in page.text
    form = await desk.form()
    typed = {
        **form,
        "text": f"{ASK} {nasty.encode('utf-8', 'replace').decode()}",
        "subject": nasty.encode("utf-8", "replace").decode(),
    }
    for answer in (
        await desk.post({**typed, "do": "check"}),
        await desk.post({**typed, "do": "send", "sure": "yes"}),
        await desk.post({**form, "text": form["text"], "do": "drop 1 repeat-ask"}),
    ):
        assert answer.status_code in (200, 422)
        _only_ours(answer.text)
    await desk.step(held, HoldAction.DISPUTE, by="sender", note=nasty.encode("utf-8", "replace").decode())
    _only_ours((await desk.get()).text)


async def test_hostile_html_is_never_shown_as_html(desk: Desk) -> None:
    """The page is made of the words of an HTML mail, not of its HTML."""
    body = (
        f"<html><body onload=alert(1)><p>{ASK} last month.</p><img src=https://evil.example/x.png>"
        "<script>alert(1)</script><style>*{display:none}</style><form action=//evil.example><input></form></body>"
    )
    raw = letter(body, attachments=()).replace(b"text/plain", b"text/html")
    await desk.hold(raw)
    page = (await desk.get()).text
    _only_ours(page)
    assert f"<mark>{ASK}" in page
    assert "evil.example" not in page


async def test_live_checks_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One page that asks and asks is told to wait, and changes nothing; another mail's page is still answered."""
    monkeypatch.setattr("gateway.web.app.Pace", lambda: Pace(now=lambda: 0.0))
    async with open_desk() as desk:
        held, _ = await desk.hold(), await desk.hold(secret=OTHER)
        before = await desk.snapshot(held)
        asked = {"token": (await desk.form())["token"], "text": CLEAN, "subject": "x"}
        answers = [await desk.client.post(HERE + "/check", json=asked) for _ in range(20)]
        assert [answer.status_code for answer in answers] == [200] * 12 + [429] * 8
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers[12:])
        other = {**asked, "token": (await desk.form(path=f"/h/{OTHER}"))["token"]}
        assert (await desk.client.post(f"/h/{OTHER}/check", json=other)).status_code == 200
        by_form = await desk.post({**await desk.form(), "text": "My words stay.", "do": "check"})
        assert by_form.status_code == 429
        assert "My words stay." in by_form.text
        assert await desk.snapshot(held) == before


async def test_a_live_check_answers_in_words(desk: Desk) -> None:
    """It says what Send would do, and brings the marks and the reasons."""
    await desk.hold()
    form = await desk.form()
    asked = {"token": form["token"], "text": form["text"], "subject": form["subject"]}
    held = (await desk.client.post(HERE + "/check", json=asked)).json()
    clear = (await desk.client.post(HERE + "/check", json={**asked, "text": CLEAN})).json()
    fixed = (await desk.client.post(HERE + "/check", json={**asked, "do": "drop 1 repeat-ask"})).json()
    assert (held["clear"], clear["clear"], fixed["clear"]) == (False, True, True)
    assert "one place needs another wording" in held["said"]
    assert clear["button"] == "Send to three people"
    assert "<mark>Just a reminder" in held["letter"]
    assert "<mark>" not in clear["letter"]
    assert "Just a reminder" not in fixed["text"]


async def test_a_live_check_of_a_settled_mail_says_so(desk: Desk) -> None:
    """409 once the mail is no longer waiting, 404 for a link that opens nothing."""
    held = await desk.hold()
    asked = {"token": (await desk.form())["token"], "text": CLEAN}
    await desk.step(held, HoldAction.WITHDRAW, by="sender")
    assert (await desk.client.post(HERE + "/check", json=asked)).status_code == 409
    assert (await desk.client.post("/h/unknown/check", json=asked)).status_code == 404


async def test_pages_for_everybody_say_nothing_of_anybody(desk: Desk) -> None:
    """Start page, help and health need no secret and hold none."""
    await desk.hold()
    for path, words in (
        ("/", "no sign-in here"),
        ("/help", "one minute"),
        ("/healthz", "ok"),
        ("/robots.txt", "Disallow: /"),
    ):
        answer = await desk.get(path)
        assert answer.status_code == 200
        assert words in answer.text
        assert "ann.fields" not in answer.text


async def test_two_processes_agree_on_the_forms(desk: Desk) -> None:
    """A form served by one process is taken by another with the same key."""
    await desk.hold()
    form = {**await desk.form(), "text": CLEAN, "do": "send", "sure": "yes"}
    transport = httpx.ASGITransport(app=web_app(desk.house, secret_key=KEY))
    async with httpx.AsyncClient(transport=transport, base_url="http://second.example") as second:
        assert (await second.post(HERE, data=form)).status_code == 303


async def test_many_looks_at_one_mail_load_it_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """P9, P21: of 40 looks at once the first loads the mail, to read it and to find a suggestion; all others and those
    that follow have its page from what was found."""
    await desk.hold()
    loads, real = [0], HoldRows.raw

    async def raw(rows: HoldRows, hold_id: str) -> bytes:
        loads[0] += 1
        return await real(rows, hold_id)

    monkeypatch.setattr(HoldRows, "raw", raw)
    for _ in range(2):
        pages = await asyncio.gather(*(desk.get() for _ in range(40)))
        assert {200} == {page.status_code for page in pages}
        assert all('value="suggest"' in page.text for page in pages)
        assert 2 == loads[0]


async def test_a_slow_mail_keeps_no_other_page_waiting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """While suggestions for other mails take for ever, a page is there without one; afterwards it has one."""
    begun, stuck, real = asyncio.Semaphore(0), asyncio.Event(), suggested.suggest
    held = [await desk.hold(secret=f"{SECRET[:-1]}{number}") for number in range(3)]

    async def slow(house: House, mail: HeldMail, *given: Any) -> Suggestion | None:
        if mail.id != held[2].id:
            begun.release()
            await stuck.wait()
        return await real(house, mail, *given)

    monkeypatch.setattr(suggested, "suggest", slow)
    monkeypatch.setattr(suggested, "_PATIENCE", 0.05, raising=False)
    waiting = [asyncio.create_task(desk.get(f"/h/{SECRET[:-1]}{number}")) for number in range(2)]
    async with asyncio.timeout(30):
        for _ in waiting:
            await begun.acquire()
        page = await desk.get(f"/h/{SECRET[:-1]}2")
        assert (200, False) == (page.status_code, 'value="suggest"' in page.text)
        stuck.set()
        assert all('value="suggest"' in page.text for page in await asyncio.gather(*waiting))
        assert 'value="suggest"' in (await desk.get(f"/h/{SECRET[:-1]}2")).text
