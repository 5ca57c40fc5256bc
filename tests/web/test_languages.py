"""The sender's pages speak the reader's language: which one, all of it, and nothing else changes."""

import html
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from babel.numbers import format_decimal

from gateway.errors import StoreUnavailable
from gateway.holds.lifecycle import HoldAction
from gateway.language.catalogue import catalogue
from gateway.language.tags import LANGUAGES
from gateway.web import words
from gateway.web.voice import NAMES
from tests.catalogues import found
from tests.web.desk import ANN, CLEAN, MEMBERS, SECRET, TEAM, Desk, forms, letter, links, open_desk
from tests.web.serve_sample import CHASING, STATES, fill
from tests.web.signing_in import Reception, reception

HERE = f"/h/{SECRET}"
GERMAN = """Hallo zusammen,

die Zahlen für Oktober sind da.

Bitte denkt daran, euer LinkedIn-Titelbild auszutauschen, ich hatte letzten Monat schon darum gebeten.

Das Protokoll liegt im üblichen Ordner.

Viele Grüße
Anna
"""
FRENCH = """Bonjour à toutes et à tous,

les chiffres d'octobre sont arrivés.

Je vous relance au sujet de la bannière : mettez-la sur votre profil LinkedIn.

Le compte rendu est dans le dossier habituel.

Anne
"""
SPANISH = """Hola a todos:

ya están las cifras de octubre.

Os recuerdo que pongáis el nuevo banner en vuestro perfil de LinkedIn, como pedí el mes pasado.

El acta está en la carpeta de siempre.

Ana
"""
PORTUGUESE = """Olá a todos,

os números de outubro já chegaram.

Só um lembrete: por favor, coloquem o novo banner no perfil de LinkedIn de vocês, como pedi no mês passado.

A ata está na pasta de sempre.

Ana
"""
MAILS = {"de": GERMAN, "fr": FRENCH, "es": SPANISH, "pt": PORTUGUESE}


def spoken(page: str) -> str:
    """The language a page says it is in."""
    match = re.search(r'<html lang="(\w+)">', page)
    assert match
    return match[1]


async def test_a_held_mails_page_speaks_as_its_notice_did(desk: Desk) -> None:
    """The language kept with the mail counts before what the browser asks for; the address's own choice before both."""
    await desk.hold(language="de")
    french = {"Accept-Language": "fr"}
    assert "de" == spoken((await desk.get(headers=french)).text)
    chosen = await desk.get(f"{HERE}?lang=es", headers=french)
    assert ("es", "es") == (spoken(chosen.text), chosen.headers["content-language"])
    assert "de" == spoken((await desk.get(f"{HERE}?lang=tlh", headers=french)).text)


@pytest.mark.parametrize("path", ["/", "/help", "/check", "/h/unknown", "/no/such/page"])
async def test_other_pages_follow_the_browser_then_the_setting(path: str) -> None:
    """Accept-Language names one of ours, or the setting decides; the address's own choice counts before both."""
    async with open_desk({"organisation": {"internal_domains": ["corp.example"], "language": "pt"}}) as desk:
        asked = [{}, {"Accept-Language": "nl, fr;q=0.8"}, {"Accept-Language": "nl"}]
        assert ["pt", "fr", "pt"] == [spoken((await desk.get(path, headers=one)).text) for one in asked]
        assert "de" == spoken((await desk.get(f"{path}?lang=de", headers=asked[1])).text)


async def test_a_choice_is_carried_along_and_nothing_is_kept(desk: Desk) -> None:
    """Forms, links and the way after a press keep to the chosen language; no cookie is set, nothing is changed."""
    held = await desk.hold()
    before = await desk.snapshot(held)
    answer = await desk.get(f"{HERE}?lang=de")
    assert "set-cookie" not in answer.headers
    assert await desk.snapshot(held) == before
    ours = [one for one in links(answer.text) if one.startswith("/h/")]
    assert len(ours) > 4
    assert all(one.endswith("?lang=de") for one in ours)
    assert 'data-live="/h/' in answer.text
    form = next(one for one in forms(answer.text) if one.purpose == "withdraw")
    done = await desk.post({**form.fields, "sure": "yes"}, path=form.action)
    assert f"{HERE}?lang=de" == done.headers["location"]
    assert "<h1>Sie haben diese Nachricht zurückgezogen</h1>" in (await desk.get(done.headers["location"])).text


async def test_the_way_to_the_provider_and_back_keeps_the_choice(tmp_path: Path) -> None:
    """A chosen language comes along to the page that was wanted; without a choice the browser's speaks as before."""
    async with reception(tmp_path) as hall, hall.browser() as browser:
        asked = (await browser.get("/mine?lang=fr")).text
        [enter] = [one for one in links(asked) if "/sign-in" in one]
        assert "/sign-in?lang=fr&to=/mine" == enter
        back = await hall.at_provider((await browser.get(enter)).headers["location"], ANN)
        assert "/mine?lang=fr" == (await browser.get(back)).headers["location"]
        assert "fr" == spoken((await browser.get("/mine?lang=fr")).text)
        assert "de" == spoken((await browser.get("/mine", headers={"Accept-Language": "de"})).text)


async def test_one_who_signed_out_can_change_the_language(tmp_path: Path) -> None:
    """The page after signing out has an address of its own to be looked at; it signs nobody out."""
    async with reception(tmp_path) as hall:
        browser = await hall.signed_in(ANN)
        assert "/mine?lang=de" == (await browser.get("/sign-out?lang=de")).headers["location"]
        [form] = [one for one in forms((await browser.get("/mine")).text) if one.action == "/sign-out"]
        assert "You are signed out here" in (await browser.post(form.action, data=form.fields)).text
        assert "Sie sind hier abgemeldet" in (await browser.get("/sign-out?lang=de")).text


async def test_changing_the_language_keeps_what_was_typed(desk: Desk) -> None:
    """The choice is a button of the form where there is one: same words in the box, no banner, nothing sent."""
    held = await desk.hold()
    assert ("do", "look") in next(one for one in forms((await desk.get()).text) if one.purpose == "revise").buttons
    answer = await desk.post({**await desk.form(), "text": CLEAN + "Mine.", "do": "look"}, path=f"{HERE}?lang=de")
    assert "Mine." in answer.text
    assert "An drei Personen senden" in answer.text
    assert 'role="alert"' not in answer.text
    assert held == await desk.now_of(held)


async def test_a_live_check_answers_in_the_pages_language(desk: Desk) -> None:
    """Words and fragments for the script are those of the page that asks."""
    await desk.hold()
    asked = {"token": (await desk.form())["token"], "text": CLEAN, "subject": "Banner", "do": ""}
    said = (await desk.client.post(f"{HERE}/check?lang=de", json=asked)).json()
    assert "An drei Personen senden" == said["button"]
    assert "Es ist nichts mehr markiert" in said["reasons"]


async def test_a_program_is_told_the_rules_words_in_its_language(desk: Desk) -> None:
    """POST /v1/check follows Accept-Language; its labels and fields stay as they are."""
    await desk.hold()
    asked = {"text": "Hi all,\n\nwho has not yet changed their LinkedIn banner? Reply when done.\n"}
    headers = {"Authorization": f"Bearer {SECRET}", "Accept-Language": "de"}
    [place, *_] = (await desk.client.post("/v1/check", json=asked, headers=headers)).json()["places"]
    rule = desk.house.pack.rules["compliance-check"]
    assert ("compliance-check", rule.telling("de").title) == (place["label"], place["title"])


@pytest.mark.parametrize("language", MAILS)
async def test_words_put_into_a_mail_are_in_the_mails_language(desk: Desk, language: str) -> None:
    """A German mail is offered German words, also to somebody who reads pages in English; and they pass."""
    held = await desk.hold(letter(MAILS[language]))
    page = (await desk.get()).text
    offer = catalogue(language).gettext("The artwork is attached, for anyone who may ever want it.")
    assert "en" == spoken(page)
    assert f"<ins>{offer}</ins>" in page
    answer = await desk.post({**await desk.form(), "do": "suggest"})
    assert "All clear" in answer.text
    assert offer in answer.text
    assert held == await desk.now_of(held)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_each_offer_passes_as_it_stands(desk: Desk, language: str) -> None:
    """The sentences that take the place of an ask are judged to pass, attached or linked, each in its language."""
    say = catalogue(language)
    attached = say.gettext("The artwork is attached, for anyone who may ever want it.")
    link = say.gettext("The artwork is here, for anyone who may ever want it: {link}")
    for number, offer in enumerate((attached, link.format(link="https://corp.example/linkedin-banner.png"))):
        held = await desk.hold(letter(f"{offer}\n", subject=say.gettext("For information")), secret=f"offer-{number}")
        assert () == tuple(one for one in held.findings if one.label.holding)


HIDDEN = re.compile(r"<(?:script|style|textarea)\b.*?</(?:script|style|textarea)>", re.S)
SHOWN = re.compile(r'>([^<>]+)<|\b(?:aria-label|title|alt|placeholder|data-silent|data-settled)="([^"]*)"')
FILLED = re.compile(r"%\(\w+\)s|\{\w+\}|<[^>]*>")
SPOKEN_HERE = ("gateway/web/", "gateway/holds/revision", "gateway/holds/html_edit")


def english(desk: Desk) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Each English message of the pages and each rule's own words, as they would stand on a page."""
    for (_, message), entry in found().items():
        if any(place.startswith(SPOKEN_HERE) for place in entry.places):
            for one in filter(None, (message, entry.plural)):
                yield message, re.compile(".+?".join(map(re.escape, map(str.strip, FILLED.split(one)))))
    for rule in desk.house.pack.rules.values():
        for told in (rule.title, rule.why, rule.advice):
            yield told, re.compile(re.escape(told))


def leftovers(page: str, messages: list[tuple[str, re.Pattern[str]]], language: str) -> list[str]:
    """English among the texts and labels of a page; short messages count when they stand alone, and what reads the
    same in the other language is none."""
    same = {message for (_, message), said in catalogue(language).said.items() if message in said}
    texts = {(html.unescape(one or other).removesuffix(" · askonce").strip(" ,.()\n")) for one, other in
             SHOWN.findall(HIDDEN.sub("", page))} - {one.strip(" ,.()") for one in same}  # fmt: skip
    whole = {message.strip(" ,.()") for message, _ in messages}
    long = [pattern for message, pattern in messages if len(message.split()) > 3 and message not in same]
    return [text for text in texts if text in whole or any(pattern.search(text) for pattern in long)]


async def every_page(desk: Desk, language: str) -> AsyncIterator[tuple[str, httpx.Response]]:
    """Every page a sender can meet in this language, by name."""
    lang = f"?lang={language}"
    for name in (*(f"/h/{state}" for state in STATES), "/help", "/", "/check", "/h/unknown", "/h/held/draft"):
        yield name, await desk.get(name + lang)
    draft = {"to": TEAM, "subject": "Banner", "text": CHASING}
    yield "draft checked", await desk.post(draft, path=f"/h/held/draft{lang}")
    yield "draft that goes out", await desk.post({**draft, "text": "Lunch."}, path=f"/h/held/draft{lang}")
    yield "method", await desk.post({}, path=f"/help{lang}")
    yield "not a form", await desk.client.post(f"/h/held{lang}", content=b"x", headers={"Content-Type": "text/plain"})
    path = f"/h/held{lang}"
    form = await desk.form(path=path)
    for name, more in PRESSES.items():
        yield name, await desk.post({**form, **more}, path=path)
    for purpose in ("withdraw", "dispute"):
        yield purpose, await desk.post(await desk.form(purpose, path=path), path=path)
    yield "late", await desk.get(f"/h/sent?late=1&lang={language}")
    for name, raw in SEALED.items():
        await desk.hold(raw(letter()), secret=name)
        yield name, await desk.get(f"/h/{name}{lang}")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("gateway.web.presses.release", _silent)
        yield "unreachable", await desk.post({**form, "do": "send", "sure": "yes"}, path=path)
        patched.setattr("gateway.web.door.find_hold", lambda *_: 1 / 0)
        yield "broken", await desk.get(path)


async def every_page_of_sign_in(hall: Reception, language: str) -> AsyncIterator[tuple[str, httpx.Response]]:
    """Every page more where people sign in, by name: before, as the sender, as a delegate, and when it fails."""
    desk, (bea, cem, _), lang = hall.desk, MEMBERS, f"?lang={language}"
    for who in (f"delegate:{cem}", f"bearer:{bea}"):
        held = await desk.hold(secret=who)
        await desk.step(held, HoldAction.DISPUTE, by=who, note="12345")
        await desk.step(await desk.now_of(held), HoldAction.WITHDRAW, by=who)
    held = await desk.hold(secret="noted")
    await desk.step(held, HoldAction.RELEASE, by=f"delegate:{cem}", note="12345")
    async with hall.browser() as nobody:
        for path in ("/", "/help", "/mine", "/check", "/sign-out", "/sign-in/done"):
            yield path, await nobody.get(path + lang)
        yield "typed before", await nobody.post(f"/mine/{held.id}{lang}", data={"text": CLEAN})
        back = await hall.at_provider(await hall.to_provider(nobody, lang=language), ANN)
        yield "refused", await nobody.get(back.replace("code=", "error=no&code="))
        back = await hall.at_provider(await hall.to_provider(nobody, lang=language), ANN)
        hall.provider.down = True
        yield "silent", await nobody.get(back)
        hall.provider.down = False
    for person in (bea, ANN, cem):
        browser = await hall.signed_in(person)
        yield f"list of {person}", (listed := await browser.get(f"/mine{lang}"))
        for link in dict.fromkeys(one for one in links(listed.text) if one.startswith("/mine/")):
            yield f"{link} of {person}", await browser.get(link)
        yield f"draft of {person}", await browser.get(f"/check{lang}")
        draft = {"to": TEAM, "subject": "Banner", "text": CHASING}
        yield f"checked for {person}", await browser.post(f"/check{lang}", data=draft)
        [form] = [one for one in forms(listed.text) if "/sign-out" in one.action]
        yield f"{person} signed out", await browser.post(form.action, data=form.fields)


async def _silent(*args: object, **more: object) -> None:
    raise StoreUnavailable


PRESSES = {
    "checked": {"do": "check"},
    "checked clear": {"do": "check", "text": CLEAN},
    "suggested": {"do": "suggest"},
    "unticked": {"do": "send"},
    "still held": {"do": "send", "sure": "yes"},
    "unexplained": {"do": "anyway"},
    "nobody left": {"do": "send", "sure": "yes", "off-0": "yes", "off-1": "yes", "off-2": "yes"},
    "nobody left, checked": {"do": "check", "off-0": "yes", "off-1": "yes", "off-2": "yes"},
    "old token": {"do": "send", "token": "no"},
    "old version": {"do": "send", "version": "99"},
    "nothing left to say": {"do": "check", "text": "Who has not yet changed their LinkedIn banner? Reply when done."},
}
SEALED = {
    "signed": lambda raw: raw.replace(b"multipart/mixed", b'multipart/signed; protocol="application/pkcs7-signature"'),
    "encrypted": lambda raw: raw.replace(b"multipart/mixed", b"multipart/encrypted"),
}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_no_english_is_left(desk: Desk, tmp_path: Path, language: str) -> None:
    """Every page in every state and after every press says all of it in the reader's language, labels included; with
    and without sign-in."""
    await fill(desk)
    messages = list(english(desk))
    pages = [page async for page in every_page(desk, language)]
    async with reception(tmp_path, delegates={ANN: [MEMBERS[1]]}) as hall:
        await fill(hall.desk)
        pages += [page async for page in every_page_of_sign_in(hall, language)]
    seen: dict[str, list[str]] = {}
    for name, answer in pages:
        assert language == spoken(answer.text), name
        seen[name] = leftovers(answer.text, messages, language)
    left = {name: texts for name, texts in seen.items() if texts}
    assert left == {} if language != "en" else len(left) == len(seen), left


def test_the_script_has_no_words_of_its_own() -> None:
    """What the page's script says comes from the page: no string of it reads like a sentence."""
    source = (Path(words.__file__).parent / "static" / "askonce.js").read_text("utf-8")
    source = re.sub(r"//.*", "", source).replace('"use strict"', "")
    assert [] == re.findall(r"""["'`][A-Z][a-z]+ [^"'`]*["'`]""", source)


def test_each_language_names_itself() -> None:
    """The choice on the page has every language, in its own words."""
    assert list(NAMES) == list(LANGUAGES)


def test_counts_read_as_people_write_them() -> None:
    """Small ones in words, others in figures, thousands as Babel writes them, which does not know that
    Spanish leaves four figures together (CLDR, minimum grouping)."""
    for language in LANGUAGES:
        say, locale = catalogue(language), {"en": "en_GB", "pt": "pt_BR"}.get(language, language)
        for number in (0, 1, 10, 999, *([] if language == "es" else [1000, 9999]), 10_000, 1_234_567):
            assert format_decimal(number, locale=locale) == say.number(number) == say.small(number)
    assert "9999" == catalogue("es").number(9999)
    assert ["three", "drei", "trois", "tres", "três"] == [catalogue(one).small(3) for one in LANGUAGES]
