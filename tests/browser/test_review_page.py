"""The review page in a real browser: the sender's minute on a phone and at a desk, with script and without, and hostile
mail that stays text. Pictures of the pages are kept in `artefacts/review-page`."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import axe_core_python
import pytest
import pytest_asyncio

from gateway.errors import StoreUnavailable
from gateway.holds.lifecycle import HoldAction, HoldState
from gateway.holds.offer import ATTACHED
from gateway.language.catalogue import catalogue
from gateway.language.tags import LANGUAGES
from gateway.mail.message import walk
from gateway.mail.reading import read_text
from gateway.worker import Worker
from tests.browser.chromium import Chromium, Tab
from tests.web.desk import BODY, CLEAN, SECRET, TEAM, Desk, letter, open_desk
from tests.web.held_back import hold_back
from tests.web.serve_sample import STATES, fill, served
from tests.web.test_languages import GERMAN
from tests.web.test_safety import NASTY, nasty_mail

pytestmark = [pytest.mark.real("chromium"), pytest.mark.asyncio(loop_scope="module")]

PICTURES = Path(__file__).parents[2] / "artefacts" / "review-page"
PHONE, DESKTOP = 360, 1280
TRANSLATED = LANGUAGES[1:]
HERE = f"/h/{SECRET}"
SEND = {"en": "Send to three people", "de": "An drei Personen senden"}
MAILS = {"en": BODY, "de": GERMAN}
HELD = "Just a reminder to put the new banner on your personal LinkedIn profile, as I asked last month."
CHECKING = "Please reply once your LinkedIn banner is changed, so that I know who has done it."
TWO_WAYS = f"שלום לכולם,\n\n{HELD}\n\nהפרוטוקול נמצא בתיקייה הרגילה.\n\n{HELD}\n\nבברכה\n"
SELECT_HELD = f"""(() => {{ const t = document.getElementById("text"); const at = t.value.indexOf({HELD!r});
    t.focus(); t.setSelectionRange(at, at + {len(HELD)}); return at; }})()"""

SUGGESTED = """document.querySelector(".suggestion [value=suggest]") && !document.querySelector(".suggestion").inert"""
LOOKING = """document.querySelector(".suggestion .looking")?.checkVisibility()"""
LISTEN = """(() => { window.said = []; const status = document.getElementById("outlook");
    new MutationObserver(() => said.push(status.textContent)).observe(status, { childList: true, characterData: true, subtree: true });
    return status.textContent; })()"""  # noqa: E501 - what a screen reader is given to say
AT_THE_TOP = """(() => { const t = document.getElementById("text"); t.focus(); t.setSelectionRange(0, 0); })()"""
TOP_OF_TEXT = 'document.getElementById("text").getBoundingClientRect().top + scrollY'

SAID_OF_WAITING = """[...document.querySelectorAll("#waiting, #load-again")]
    .filter((one) => one.checkVisibility()).map((one) => one.id)"""


@pytest_asyncio.fixture(loop_scope="module")
async def desk() -> AsyncIterator[Desk]:
    """An empty desk."""
    async with open_desk() as made:
        yield made


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_the_senders_minute_with_script(desk: Desk, browser: Chromium, width: int) -> None:
    """See the mark, type another sentence over it, watch it turn clear, tick, send: sent, attachments and all."""
    held = await desk.hold()
    async with served(desk) as address:
        tab = await browser.tab(width=width)
        await tab.goto(address + HERE)
        assert await tab.js('document.querySelector("#marks mark").textContent') == HELD
        assert await tab.js(SELECT_HELD) > 0
        await tab.type("The LinkedIn banner is kept in the brand folder for anyone who may ever want it.")
        await tab.until('document.getElementById("outlook").classList.contains("go")')
        assert await tab.js('document.querySelectorAll("mark").length') == 0
        assert await tab.js('document.getElementById("go").textContent') == "Send to three people"
        await tab.press("#go")  # not ticked: the browser itself asks for the tick
        assert (await desk.now_of(held)).state is HoldState.HELD
        await tab.press("#sure")
        await tab.press("#go", leaves=True)
        assert await tab.js('document.querySelector("h1").textContent') == "It is on its way"
        assert await tab.js(SAID_OF_WAITING) == ["waiting"]
        sending = await desk.now_of(held)
        await desk.step(sending, HoldAction.DELIVERED)
        await tab.until('document.querySelector("h1").textContent === "Your mail has been sent"')
        assert tab.errors == []
        assert all(request.startswith(address) for request in tab.requests)
    [mail] = await desk.outgoing()
    assert "brand folder" in read_text(walk(mail.raw)).text


async def test_the_senders_minute_without_script(desk: Desk, browser: Chromium) -> None:
    """One press applies the suggestion, one tick and one press send it; no line of script has run."""
    held = await desk.hold()
    async with served(desk) as address:
        tab = await browser.tab(width=PHONE, script=False)
        await tab.goto(address + HERE)
        assert await tab.js('document.querySelector("#letter mark").firstChild.textContent') == HELD
        await tab.press(".suggestion button", leaves=True)
        assert "All clear" in await tab.js('document.querySelector(".banner").textContent')
        assert (await desk.now_of(held)) == held
        await tab.press("#sure")
        await tab.press("#go", leaves=True)
        assert await tab.js('document.querySelector("h1").textContent') == "It is on its way"
        assert await tab.js(SAID_OF_WAITING) == ["load-again"]  # nothing changes by itself here
        await desk.step(await desk.now_of(held), HoldAction.DELIVERED)
        await tab.press("#load-again a", leaves=True)
        assert await tab.js('document.querySelector("h1").textContent') == "Your mail has been sent"
    assert (await desk.now_of(held)).state is HoldState.SENT


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_the_whole_story(desk: Desk, browser: Chromium, width: int, script: bool, language: str) -> None:
    """Held; one press takes the version that passes; sent; stopped in time; held again; sent; delivered; looked at
    again later. All of it in the language of the mail's notice; each page is in order, and pictured."""
    kind = f"{width}-{'script' if script else 'plain'}-{language}"
    say = catalogue(language).gettext
    held = await desk.hold(letter(MAILS[language]), language=language)
    async with served(desk) as address:
        tab = await browser.tab(width=width, script=script)
        for attempt in (1, 2):
            await tab.goto(address + HERE)
            await tab.press(".suggestion button", leaves=not script)
            await tab.until('document.getElementById("outlook").classList.contains("go")')
            assert await tab.js('document.getElementById("go").textContent') == SEND[language]
            await tab.picture(PICTURES / f"story-{attempt}-clear-{kind}.png")
            await tab.press("#sure")
            await tab.press("#go", leaves=True)
            assert await tab.js('document.querySelector("h1").textContent') == say("It is on its way")
            if attempt == 1:
                await in_order(tab)
                await tab.picture(PICTURES / f"story-undo-{kind}.png")
                if not script:
                    await tab.press("#stop")
                await tab.press("#undo button", leaves=True)
                assert (await desk.now_of(held)).state is HoldState.HELD
                assert await desk.outgoing() == []
        desk.now += timedelta(seconds=11)
        await Worker(desk.house).beat_once()
        await tab.goto(address + HERE)
        assert await tab.js('document.querySelector("h1").textContent') == say("Your mail has been sent")
        assert say("by you") in await tab.js('document.querySelector(".facts").textContent')
        await tab.picture(PICTURES / f"story-sent-{kind}.png")
        assert tab.errors == []
        assert all(request.startswith(address) for request in tab.requests)
    [mail] = [one for one in desk.hop.delivered if one.rcpt_to[0].text == TEAM]
    assert say(ATTACHED) in read_text(walk(mail.wire)).text


async def test_live_marks_move_and_somebody_can_be_taken_off(desk: Desk, browser: Chromium) -> None:
    """While typing: the mark follows to the new sentence, the button says what holds it; ticked off, fewer get it."""
    held = await desk.hold(letter(to=(TEAM, "kim.lee@corp.example")), to=[TEAM, "kim.lee@corp.example"])
    async with served(desk) as address:
        tab = await browser.tab()
        await tab.goto(address + HERE)
        await tab.js(SELECT_HELD)
        await tab.type(CHECKING)
        await tab.until(f'document.querySelector("#marks mark")?.textContent === {CHECKING!r}')
        assert (await tab.js('document.getElementById("go").textContent')).startswith("Still held: ")
        await tab.until(SUGGESTED)
        await tab.press(".suggestion button")
        await tab.until('document.getElementById("go").textContent === "Send to four people"')
        await tab.press(".people summary")
        await tab.press("#off-0")
        await tab.until('document.getElementById("go").textContent === "Send to one person"')
        assert await tab.js('document.getElementById("whom").textContent') == "one person"
        await tab.press("#off-1")
        await tab.until('document.getElementById("outlook").textContent.includes("Nobody")')
        assert tab.errors == []
    assert await desk.now_of(held) == held


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_the_verdict_is_there_before_its_suggestion(
    desk: Desk, browser: Chromium, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a suggestion is looked for: marks, reasons and button are right, the old one is gone, the words stay where
    they are, and no more is said aloud than the verdict. Then it is there, and what was open or had the focus still has
    it; one press applies it."""
    held = await desk.hold()
    async with served(desk) as address:
        tab = await browser.tab(width=width)
        await tab.goto(address + HERE)
        top = await tab.js(TOP_OF_TEXT)
        back = hold_back(monkeypatch, held)
        await tab.js(LISTEN)
        await tab.js(AT_THE_TOP)
        await tab.type(f"{CHECKING}\n\n")
        assert await tab.js('document.querySelector(".suggestion").inert')
        await tab.until(LOOKING)
        assert await tab.js('[...document.querySelectorAll("#marks mark")].map((one) => one.textContent)') == [
            CHECKING,
            HELD,
        ]
        assert (
            await tab.js('document.getElementById("go").textContent') == "Still held: two places need another wording"
        )
        assert await tab.js('document.querySelectorAll("#reasons .reason").length') == 2
        assert await tab.js('document.querySelector("[value=suggest], [value^=fix]")') is None
        assert await tab.js('document.querySelector(".suggestion").ariaBusy') == "true"
        assert await tab.js(f'document.querySelector(".suggestion").offsetTop < {TOP_OF_TEXT}')
        await in_order(tab)
        await tab.picture(PICTURES / f"looking-{width}.png")
        moved = await tab.js(TOP_OF_TEXT) - top
        await tab.js('document.querySelector("#reason-2 .source").open = true')
        await tab.js('document.querySelector("#reason-2 [value^=drop]").focus()')
        back.found.set()
        await tab.until(SUGGESTED)
        assert await tab.js('document.querySelector("#reason-2 .source").open')
        assert await tab.js('document.activeElement === document.querySelector("#reason-2 [value^=drop]")')
        assert await tab.js('document.querySelector("[value^=fix]") !== null')
        assert await tab.js('document.querySelector(".suggestion").ariaBusy') == "false"
        assert await tab.js("said") == ["Not ready yet: two places need another wording. Nothing goes out."]
        await in_order(tab)
        await tab.picture(PICTURES / f"looked-{width}.png")
        assert moved >= 0  # it kept the height it had
        await tab.press(".suggestion button")
        await tab.until('document.getElementById("outlook").classList.contains("go")')
        assert tab.errors == []
    assert await desk.now_of(held) == held
    assert len(back.texts) == 1


async def test_a_suggestion_for_other_words_is_not_shown(
    desk: Desk, browser: Chromium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typed on while it is looked for, what then comes for the earlier words is dropped; the page is that of the words
    that stand there."""
    held = await desk.hold()
    async with served(desk) as address:
        tab = await browser.tab()
        await tab.goto(address + HERE)
        back = hold_back(monkeypatch, held)
        await tab.js(AT_THE_TOP)
        await tab.type("First. ")
        await tab.until(LOOKING)
        await tab.js('document.getElementById("text").select()')
        await tab.type(CLEAN)
        await tab.until('document.getElementById("outlook").classList.contains("go")')
        back.found.set()
        for asked in ("once", "twice"):  # whatever the server still says of the earlier words is said by then
            await tab.js(f'document.querySelector("#reasons li").dataset.asked = "{asked}"')
            await tab.press("#check")
            await tab.until(f"""!document.querySelector('#reasons [data-asked="{asked}"]')""")
        assert (await tab.js('document.getElementById("suggestion").textContent')).strip() == ""
        assert await tab.js('document.getElementById("go").textContent') == "Send to three people"
        assert await tab.js('document.getElementById("suggestion").style.minHeight') == ""
        assert tab.errors == []
    assert await desk.now_of(held) == held


async def test_a_suggestion_that_fails_leaves_the_verdict(
    desk: Desk, browser: Chromium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is said to be looked for any more, and nothing that is untrue."""
    held = await desk.hold()
    async with served(desk) as address:
        tab = await browser.tab()
        await tab.goto(address + HERE)
        back = hold_back(monkeypatch, held)
        back.trouble = StoreUnavailable()
        await tab.js(AT_THE_TOP)
        await tab.type("First. ")
        await tab.until(LOOKING)
        said = await tab.js('document.getElementById("outlook").textContent')
        back.found.set()
        await tab.until('!document.querySelector(".looking")')
        assert await tab.js('document.getElementById("suggestion").innerText.trim()') == ""
        assert await tab.js('document.getElementById("outlook").textContent') == said
        assert await tab.js('document.getElementById("suggestion").ariaBusy') == "false"
        assert tab.errors == []


async def test_sending_anyway_in_a_browser(desk: Desk, browser: Chromium) -> None:
    """Where the pack allows it the reason is asked for, and the mail goes as it reads."""
    rules = {rule_id: replace(rule, override="justify") for rule_id, rule in desk.house.pack.rules.items()}
    desk.house = replace(desk.house, pack=replace(desk.house.pack, rules=rules))
    held = await desk.hold()
    async with served(desk) as address:
        tab = await browser.tab(width=PHONE)
        await tab.goto(address + HERE)
        await in_order(tab)
        await tab.picture(PICTURES / f"anyway-{PHONE}.png")
        await tab.js('document.getElementById("why-anyway").focus()')
        await tab.type("It is about our own page.")
        await tab.press("#anyway button", leaves=True)
        assert "It is about our own page." in await tab.js('document.querySelector(".facts").textContent')
    assert (await desk.now_of(held)).state is HoldState.SENDING


async def test_a_draft_is_checked_in_a_browser(desk: Desk, browser: Chromium) -> None:
    """From the held mail to the page, an answer with its rule and a version that passes, in order and pictured."""
    await desk.hold()
    async with served(desk) as address:
        for width in (PHONE, DESKTOP):
            tab = await browser.tab(width=width, script=False)
            await tab.goto(address + HERE)
            await tab.press(".check-draft a", leaves=True)
            await tab.js('document.getElementById("text").focus()')
            await tab.type(f"Lunch is at one in the hall today. {CHECKING}")
            await tab.press(".edit button", leaves=True)
            assert "It would be held" in await tab.js('document.querySelector(".answer").textContent')
            await in_order(tab)
            await tab.picture(PICTURES / f"draft-{width}.png")


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize("field", ["subject", "sure"])
async def test_enter_in_a_field_checks_again(desk: Desk, browser: Chromium, field: str, script: bool) -> None:
    """Nothing else: the page keeps its language, the text stays as it was typed, nothing is sent."""
    held = await desk.hold()
    async with served(desk) as address:
        tab = await browser.tab(script=script)
        await tab.goto(address + HERE)
        await tab.js(f'document.getElementById("text").value = {CLEAN!r}')
        await tab.js(f'document.getElementById("{field}").focus()')
        tab.expect_load()
        await tab.key("Enter", 13)
        if not script:
            await tab.loaded()
            assert "All clear" in await tab.js('document.querySelector(".banner").textContent')
        await tab.until('document.getElementById("outlook").classList.contains("go")')
        assert await tab.js("document.documentElement.lang") == "en"
        assert await tab.js('document.getElementById("text").value') == CLEAN
        assert await tab.js("location.search + location.hash") == ""
        assert await tab.js("document.activeElement.id") in (field, "")
        await in_order(tab)
        assert tab.errors == []
    assert await desk.now_of(held) == held


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize("field", ["to", "subject"])
async def test_enter_in_a_field_of_a_draft_checks_it(desk: Desk, browser: Chromium, field: str, script: bool) -> None:
    """Also once there is an answer, with its version that passes and a language menu that keeps what was typed."""
    await desk.hold()
    async with served(desk) as address:
        tab = await browser.tab(script=script)
        await tab.goto(f"{address}{HERE}/draft")
        for text, told in (
            (f"Lunch is at one. {CHECKING}", "It would be held"),
            ("Lunch is at one.", "It would go out"),
        ):
            await tab.js(f'document.getElementById("text").value = {text!r}')
            await tab.js(f'document.getElementById("{field}").focus()')
            tab.expect_load()
            await tab.key("Enter", 13)
            await tab.loaded()
            assert told in await tab.js('document.querySelector(".answer .outlook").textContent')
            assert await tab.js("document.documentElement.lang") == "en"
            assert await tab.js('document.getElementById("text").value') == text


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
async def test_a_held_subject_is_marked_at_its_field(desk: Desk, browser: Chromium, script: bool) -> None:
    """A note below it says so, to eyes and to a screen reader, and leads to the reason and back; it goes with the words
    that were held."""
    await desk.hold(letter("Hi,\n\nlunch is at one.\n\nAnn\n", subject=CHECKING))
    async with served(desk) as address:
        tab = await browser.tab(script=script)
        await tab.goto(address + HERE)
        described = await tab.js('document.getElementById("subject").getAttribute("aria-describedby")')
        note = await tab.js(f'document.getElementById("{described}").innerText')
        assert "The subject needs another wording." in note
        assert await tab.js('document.querySelector("#on-subject a").checkVisibility()')
        assert await tab.js('document.querySelector("#on-subject a").getAttribute("href")') == "#reason-1"
        assert await tab.js('document.querySelector("#reason-1 a.where").getAttribute("href")') == "#subject"
        await in_order(tab)
        await tab.picture(PICTURES / f"held-subject-{'script' if script else 'plain'}.png")
        await tab.js('document.getElementById("subject").select()')
        tab.expect_load()
        await tab.type("Lunch")
        if not script:
            await tab.key("Enter", 13)
            await tab.loaded()
        await tab.until('document.getElementById("outlook").classList.contains("go")')
        assert (await tab.js('document.getElementById("on-subject").textContent')).strip() == ""
        assert tab.errors == []


async def test_marks_follow_the_direction_of_the_words(desk: Desk, browser: Chromium) -> None:
    """Each line of a mail in two scripts has its marks where the words are, and the same sentence twice has two."""
    await desk.hold(letter(TWO_WAYS, subject=HELD))
    async with served(desk) as address:
        tab = await browser.tab()
        await tab.goto(address + HERE)
        assert await tab.js('[...document.querySelectorAll("#marks mark")].map((one) => one.textContent)') == [HELD] * 2
        for style in ("direction", "unicodeBidi", "textAlign"):
            there = f'["marks", "text"].map((id) => getComputedStyle(document.getElementById(id)).{style})'
            assert len(set(await tab.js(there))) == 1, style
        await tab.picture(PICTURES / f"two-ways-{DESKTOP}.png")


async def test_one_press_applies_a_suggestion_and_undo_takes_it_back(desk: Desk, browser: Chromium) -> None:
    """With script the edit box changes in place, nothing is sent, and the browser's own undo works."""
    held = await desk.hold()
    async with served(desk) as address:
        tab = await browser.tab()
        await tab.goto(address + HERE)
        await tab.press(".apply button.quiet")
        await tab.until('document.getElementById("outlook").classList.contains("go")')
        assert HELD not in await tab.js('document.getElementById("text").value')
        await tab.js('document.execCommand("undo")')
        assert HELD in await tab.js('document.getElementById("text").value')
        await tab.until('document.querySelectorAll("#marks mark").length === 1')
        assert tab.errors == []
    assert await desk.now_of(held) == held


async def test_the_marks_lie_exactly_behind_the_words(desk: Desk, browser: Chromium) -> None:
    """Edit box and marks have the same size and the same wrapping, on a phone as at a desk."""
    await desk.hold()
    async with served(desk) as address:
        for width in (PHONE, 700, DESKTOP):
            tab = await browser.tab(width=width)
            await tab.goto(address + HERE)
            sizes = await tab.js(
                '["marks", "text"].map((id) => document.getElementById(id)).flatMap((e) => {'
                "const b = e.getBoundingClientRect(), s = getComputedStyle(e);"
                "return [[b.x, b.y, b.width, b.height, e.clientWidth, s.font, s.padding, s.lineHeight].join()]; })"
            )
            assert sizes[0] == sizes[1]
            assert await tab.js('(() => { const t = document.getElementById("text");'
                                "return t.scrollHeight <= t.clientHeight + 1; })()")  # fmt: skip


async def test_the_page_works_by_keyboard_alone(desk: Desk, browser: Chromium) -> None:
    """Tab reaches every control in the order of the page, each shows its focus, Space ticks, Enter takes back."""
    held = await desk.hold()
    async with served(desk) as address:
        tab = await browser.tab()
        await tab.goto(address + HERE)
        seen: list[str] = []
        for _ in range(40):
            await tab.key("Tab", 9)
            name = await tab.js(
                "(() => { const e = document.activeElement; const s = getComputedStyle(e);"
                'return [e.id || e.className || e.textContent.trim(), s.outlineStyle !== "none"].join("|"); })()'
            )
            if name.split("|")[0] in ("", "js") or "body" in name:
                break
            assert name.endswith("|true"), name
            seen.append(name.split("|")[0])
        wanted = ("skip", "primary", "Use this wording", "quiet", "subject", "text", "sure", "check", "go")
        places = [next((place for place, one in enumerate(seen) if want in one), -1) for want in wanted]
        assert -1 not in places, (wanted, seen)
        assert places == sorted(places)
        await tab.js('[...document.querySelectorAll(".other summary")][0].focus()')
        await tab.key("Enter", 13)
        await tab.js('document.getElementById("back").focus()')
        await tab.key(" ", 32)
        await tab.key("Tab", 9)
        tab.expect_load()
        await tab.key("Enter", 13)
        await tab.loaded()
        assert await tab.js('document.querySelector("h1").textContent') == "You took this mail back"
    assert (await desk.now_of(held)).state is HoldState.WITHDRAWN


@pytest.mark.parametrize("script", [True, False])
async def test_hostile_mail_stays_text_in_a_browser(desk: Desk, browser: Chromium, script: bool) -> None:
    """No dialog, no request to another place, no element of the mail's own, whatever the mail holds."""
    async with served(desk) as address:
        tab = await browser.tab(script=script)
        for number, nasty in enumerate(NASTY):
            await desk.hold(nasty_mail(nasty), secret=f"nasty-{number}")
            await tab.goto(f"{address}/h/nasty-{number}")
            if script:
                await tab.js('document.getElementById("text").focus()')
                await tab.type(" More.")
                assert await tab.js('document.getElementById("reasons").classList.contains("stale")')
                await tab.until('!document.getElementById("reasons").classList.contains("stale")')
            strange = 'document.querySelectorAll("img, svg, iframe, object, embed, b, [onerror], [onload], [onclick]")'
            assert await tab.js(f"{strange}.length") == 0
            assert tab.dialogs == []
            assert all(request.startswith(address) for request in tab.requests)
            assert tab.errors == []


async def test_no_address_leaves_the_page(desk: Desk, browser: Chromium) -> None:
    """Neither the page's own requests nor its way to the help page carry the link as a referrer."""
    await desk.hold()
    async with served(desk) as address:
        tab = await browser.tab()
        await tab.goto(address + HERE)
        assert await tab.js("document.cookie") == ""
        await tab.js(f"location.href = {address + '/help'!r}")
        await tab.until('location.pathname === "/help"')
        assert await tab.js("document.referrer") == ""


PROBLEMS = """(() => {
  const found = [];
  const visible = (e) => e.checkVisibility({ checkVisibilityCSS: true }) && e.getBoundingClientRect().width > 0;
  const name = (e) => (e.getAttribute("aria-label") || e.textContent || "").trim() || [...(e.labels || [])].map((l) => l.textContent).join("");
  for (const e of document.querySelectorAll("a, button, summary, input:not([type=hidden]), textarea"))
    if (!name(e) && !e.getAttribute("aria-labelledby")) found.push("no name: " + e.outerHTML.slice(0, 80));
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of ids) if (ids.filter((one) => one === id).length > 1) found.push("id twice: " + id);
  for (const e of document.querySelectorAll("[for], [aria-labelledby], [aria-describedby]"))
    for (const attribute of ["for", "aria-labelledby", "aria-describedby"])
      for (const id of (e.getAttribute(attribute) || "").split(" ").filter(Boolean))
        if (!document.getElementById(id)) found.push(attribute + " points nowhere: " + id);
  const levels = [...document.querySelectorAll("h1, h2, h3, h4")].filter(visible).map((e) => Number(e.tagName[1]));
  if (levels[0] !== 1 || levels.filter((one) => one === 1).length !== 1) found.push("h1: " + levels);
  levels.forEach((one, at) => { if (at && one > levels[at - 1] + 1) found.push("heading level skipped: " + levels); });
  for (const one of ["header", "main", "footer"]) if (document.querySelectorAll("body > " + one).length !== 1) found.push("landmark: " + one);
  if (!document.documentElement.lang || !document.title) found.push("no language or title");
  if (document.documentElement.scrollWidth > innerWidth) found.push("wider than the window: " + document.documentElement.scrollWidth);
  for (const e of document.querySelectorAll("button, .button, summary, dt, h1, h2, h3, label"))
    if (visible(e) && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline") found.push("cut off: " + e.outerHTML.slice(0, 80));
  for (const e of document.querySelectorAll("button, .button, input[type=checkbox]"))
    if (e.tabIndex >= 0 && e.checkVisibility({ checkVisibilityCSS: true }) && Math.min(e.getBoundingClientRect().width, e.getBoundingClientRect().height) < 20) found.push("small target: " + e.outerHTML.slice(0, 80));
  for (const e of document.querySelectorAll("button, .button, input[type=checkbox]")) {
    if (e.tabIndex < 0 || e.disabled || !e.checkVisibility({ checkVisibilityCSS: true })) continue;
    e.scrollIntoView({ block: "center", behavior: "instant" });
    const b = e.getBoundingClientRect(), top = document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2);
    if (!top || !(e.contains(top) || top.contains(e) && getComputedStyle(top).overflow === "visible")) found.push("cannot be pressed: " + e.outerHTML.slice(0, 80));
  }
  scrollTo({ top: 0, behavior: "instant" });
  return found;
})()"""  # noqa: E501


PAGES = (*(f"h/{state}" for state in STATES), "help", "", "h/unknown", "h/held/draft", "check")


def shown(name: str) -> str:
    """A page's name in the name of its picture."""
    return name.removeprefix("h/").replace("/", "-") or "home"


AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text("utf-8")
VIOLATIONS = """(async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.map(
  (one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`))()"""


async def in_order(tab: Tab) -> None:
    """Neither our own look at a page nor axe-core's finds anything."""
    assert await tab.js(PROBLEMS) == []
    assert await tab.examined(f"{AXE};0", VIOLATIONS) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_every_page_is_in_order_and_pictured(desk: Desk, browser: Chromium, width: int, dark: bool) -> None:
    """Every page in every state: names, labels, headings, landmarks, targets, contrast and width; axe-core finds
    nothing; a picture of each is kept."""
    await fill(desk)
    scheme = "dark" if dark else "light"
    async with served(desk) as address:
        tab = await browser.tab(width=width, dark=dark)
        for name in PAGES:
            await tab.goto(f"{address}/{name}")
            await in_order(tab)
            assert tab.errors == []
            await tab.picture(PICTURES / f"{shown(name)}-{width}-{scheme}.png")


async def test_every_page_fits_in_every_language(desk: Desk, browser: Chromium) -> None:
    """Longer words break no page: nothing is cut off or wider than the window; pictures of the page people meet first,
    and in German of all of them."""
    await fill(desk)
    async with served(desk) as address:
        for width in (PHONE, DESKTOP):
            tab = await browser.tab(width=width)
            for language, name in itertools.product(TRANSLATED, PAGES if width == PHONE else PAGES[:2]):
                await tab.goto(f"{address}/{name}?lang={language}")
                assert (await tab.js(PROBLEMS), tab.errors) == ([], [])
                if language == "de" or name == "h/held":
                    await tab.picture(PICTURES / f"{shown(name)}-{width}-{language}.png")


async def test_the_language_is_chosen_on_the_page(desk: Desk, browser: Chromium) -> None:
    """From the menu, without script: the page changes, what was typed stays; the times follow with script."""
    held = await desk.hold()
    async with served(desk) as address:
        tab = await browser.tab(width=PHONE, script=False)
        await tab.goto(address + HERE)
        await tab.js('document.getElementById("text").value += "Mine."')
        await tab.press(".tongues summary")
        await tab.picture(PICTURES / f"languages-{PHONE}.png")
        await tab.press(".tongues [lang=de]", leaves=True)
        assert await tab.js("document.documentElement.lang") == "de"
        assert "Mine." in await tab.js('document.getElementById("text").value')
        await in_order(tab)
        tab = await browser.tab()
        await tab.goto(f"{address}{HERE}?lang=de")
        assert "November 2026" in await tab.js('document.querySelector("time").textContent')
        assert "Montag" in await tab.js('document.querySelector("time").textContent')
    assert await desk.now_of(held) == held


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_what_still_holds_is_pictured(desk: Desk, browser: Chromium, width: int) -> None:
    """Sent with another held sentence: the page says that it was not sent, marks it, and keeps the text."""
    held = await desk.hold()
    async with served(desk) as address:
        for script in (True, False):
            tab = await browser.tab(width=width, script=script)
            await tab.goto(address + HERE)
            await tab.js(f'document.getElementById("text").value = {CHECKING!r}')
            await tab.press("#sure")
            await tab.press("#go", leaves=True)
            assert (await tab.js('document.querySelector("[role=alert]").textContent')).strip().startswith("Not sent.")
            assert "who has done it" in await tab.js('document.getElementById("text").value')
            await in_order(tab)
            await tab.picture(PICTURES / f"still-held-{width}-{'script' if script else 'plain'}.png")
    assert await desk.now_of(held) == held
