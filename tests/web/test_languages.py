"""The sender's pages speak the reader's language: which one, all of it, and nothing else changes."""

import html
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from gateway.errors import StoreUnavailable
from gateway.flows.suggest import suggest
from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import HoldState
from gateway.language.catalogue import catalogue
from gateway.language.tags import LANGUAGES
from gateway.mail.message import walk
from gateway.mail.reading import read_text
from gateway.web import words
from tests.catalogues import found
from tests.web.desk import CLEAN, SECRET, TEAM, Desk, forms, letter, links, open_desk
from tests.web.serve_sample import STATES, fill

HERE = f"/h/{SECRET}"
TRANSLATED = LANGUAGES[1:]
GERMAN = """Hallo zusammen,

die Zahlen für Oktober sind da.

Nur zur Erinnerung: Bitte setzt alle das neue Banner auf euer LinkedIn-Profil, wie letzten Monat schon gebeten.

Das Protokoll liegt im üblichen Ordner.

Viele Grüße
Anna
"""
FRENCH = """Bonjour à toutes et à tous,

les chiffres d'octobre sont arrivés.

Petit rappel : merci de mettre la nouvelle bannière sur votre profil LinkedIn, comme je l'ai demandé le mois dernier.

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


async def in_language(desk: Desk, held: HeldMail, language: str) -> HeldMail:
    """The mail as it would be held for somebody who is written to in this language."""
    changed = replace(held, language=language, id=desk.new_id(), token_hash=f"{language}{held.token_hash[2:]}")
    async with desk.store.begin() as unit:
        await unit.holds.add(changed, await unit.holds.raw(held.id))
    return changed


def spoken(page: str) -> str:
    """The language a page says it is in."""
    match = re.search(r'<html lang="(\w+)">', page)
    assert match
    return match[1]


async def test_a_held_mails_page_speaks_as_its_notice_did(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The language kept with the mail counts before what the browser asks for; the address's own choice before both."""
    monkeypatch.setattr("tests.web.desk.HeldMail", lambda **values: HeldMail(**{**values, "language": "de"}))
    await desk.hold()
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
    """The sentences that take the place of an ask are judged to pass, attached or linked, in a mail of that language."""
    say = catalogue(language)
    attached = say.gettext("The artwork is attached, for anyone who may ever want it.")
    link = say.gettext("The artwork is here, for anyone who may ever want it: {link}")
    for number, offer in enumerate((attached, link.format(link="https://corp.example/linkedin-banner.png"))):
        held = await desk.hold(letter(f"{offer}\n", subject=say.gettext("For information")), secret=f"offer-{number}")
        assert () == tuple(one for one in held.findings if one.label.holding)


VOID = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>|<textarea\b.*?</textarea>", re.S)
SHOWN = re.compile(r'>([^<>]+)<|\b(?:aria-label|title|alt|placeholder|data-silent|data-settled)="([^"]*)"')


def english() -> Iterator[re.Pattern[str]]:
    """Each English message of the pages, as it would stand on one: what is filled in may be anything."""
    for (_, message), entry in found().items():
        if any(place.startswith(("gateway/web", "gateway/holds/revision")) for place in entry.places):
            for one in filter(None, (message, entry.plural)):
                for piece in re.split(r"<[^>]*>", one):
                    parts = re.split(r"%\(\w+\)s|\{\w+\}", piece.strip())
                    if any(re.search(r"[A-Za-z]{2}", part) for part in parts):
                        yield re.compile(".+".join(map(re.escape, parts)))


ENGLISH = list(english())


def leftovers(page: str, language: str) -> list[str]:
    """English messages among the texts and labels of a page; what reads the same in the other language is none."""
    have = set(catalogue(language).said.values())
    same = {message for (_, message), forms in catalogue(language).said.items() if message in forms}
    texts = {html.unescape(one or other).strip() for one, other in SHOWN.findall(VOID.sub("", page))}
    assert have
    return [text for text in texts - same for message in ENGLISH if message.fullmatch(text)]


@pytest.fixture(scope="module")
async def pages() -> AsyncIterator[dict[str, dict[str, str]]]:
    """Every page a sender can meet, by language and name."""
    async with open_desk() as desk:
        yield {language: {name: page async for name, page in every_page(desk, language)} for language in LANGUAGES}
