"""Checking a draft: the page behind a link, and POST /v1/check with its OpenAPI description."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from gateway.errors import StoreUnavailable
from gateway.holds.lifecycle import HoldAction
from gateway.web.check_shape import MOST_TEXT
from gateway.web.pace import Pace
from tests.web.desk import ANN, MEMBERS, NOON, SECRET, TEAM, Desk, forms, open_desk
from tests.web.serve_sample import served

TOKEN = "a-token-of-the-intranet"
HASHED = hashlib.sha256(TOKEN.encode()).hexdigest()
HERE = f"/h/{SECRET}/draft"
CHASE = "Hi all,\n\nwho has not yet changed their LinkedIn banner? Reply when done.\n\nLunch is at one today, by us.\n"
PLEASE = "Hi,\n\nif you like, put the banner on your LinkedIn profile: https://corp.example/b.png\n\nAnn\n"


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    """A desk whose settings know one token."""
    async with open_desk({"web": {"check_tokens": [HASHED], "public_url": "https://held.corp.example"}}) as made:
        yield made


async def check(desk: Desk, body: object, token: str = TOKEN, **headers: str) -> Any:
    """POST /v1/check."""
    return await desk.client.post("/v1/check", json=body, headers={"Authorization": f"Bearer {token}", **headers})


async def test_a_program_is_told_what_would_happen(desk: Desk) -> None:
    """The disposition, the sentence and its rule, and a version that passes."""
    answer = await check(desk, {"from": ANN, "to": [TEAM], "subject": "Banner", "text": CHASE})
    said = answer.json()
    assert answer.status_code == 200
    assert (said["disposition"], said["label"], said["asked_before"]) == ("hold", "compliance-check", False)
    place = said["places"][0]
    assert place["sentence"] == "who has not yet changed their LinkedIn banner?"
    assert place["title"] == desk.house.pack.rules["compliance-check"].title
    assert said["suggestion"]["text"] == "Hi all,\n\nLunch is at one today, by us."


async def test_a_harmless_draft_would_be_relayed(desk: Desk) -> None:
    """Only the text is needed."""
    said = (await check(desk, {"text": "Lunch is at one."})).json()
    assert (said["disposition"], said["places"], said["suggestion"]) == ("relay", [], None)


OUTSIDERS = ["x@out.example", "y@out.example"]


@pytest.mark.parametrize(
    ("sender", "to", "disposition"),
    [
        (ANN, OUTSIDERS, "relay"),
        ("eve@out.example", [TEAM], "relay"),
        (ANN, [*OUTSIDERS, MEMBERS[0]], "hold"),
        (ANN, [], "hold"),
        ("", [TEAM], "hold"),
        ("", [], "hold"),
    ],
)
async def test_a_draft_is_judged_where_the_mail_would_be(sender: str, to: list[str], disposition: str) -> None:
    """Mail to outsiders only, or from one, goes through unread, and so does its draft, which says so; what a draft does
    not say yet is taken for colleagues."""
    web = {"check_tokens": [HASHED]}
    async with open_desk({"web": web, "organisation": {"internal_domains": ["corp.example"]}}) as desk:
        said = (await check(desk, {"from": sender, "to": to, "text": CHASE})).json()
    assert (said["disposition"], said["judged"]) == (disposition, disposition == "hold")
    assert bool(said["places"]) == bool(said["suggestion"]) == (disposition == "hold")


async def test_memory_tells_a_program_no_more_than_that(desk: Desk) -> None:
    """Asked before: yes. Neither by whom nor when nor in which mail."""
    await desk.asked(ANN, NOON - timedelta(days=9), subject="Secret campaign")
    answer = await check(desk, {"from": ANN, "to": [TEAM], "text": PLEASE})
    assert answer.json()["asked_before"]
    assert all(word not in answer.text for word in ("Secret campaign", "October", "2026"))


async def test_nothing_is_kept_of_a_draft(desk: Desk) -> None:
    """No record, no mail, no ask: the same draft is as new every time."""
    for _ in range(2):
        said = (await check(desk, {"from": ANN, "to": [TEAM], "text": PLEASE})).json()
        assert (said["disposition"], said["asked_before"]) == ("relay", False)
    assert desk.audit.events == []
    assert await desk.outgoing() == []


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {HASHED}"])
async def test_nobody_else_may_ask(desk: Desk, header: str) -> None:
    """Without a known token: 401 that says which scheme is wanted, and nothing is judged."""
    headers = {"Authorization": header} if header else {}
    answer = await desk.client.post("/v1/check", json={"text": CHASE}, headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert "places" not in answer.text


async def test_with_no_tokens_set_nobody_may_ask() -> None:
    """The default is to deny."""
    async with open_desk() as desk:
        assert (await check(desk, {"text": CHASE}, token="")).status_code == 401
        assert (await check(desk, {"text": CHASE}, token=TOKEN)).status_code == 401


async def test_a_link_asks_for_its_own_sender_only() -> None:
    """What memory knows of another sender's asks is not told to the bearer of a link, nor for no sender."""
    async with open_desk({"memory": {"scope": "sender"}}) as desk:
        await desk.hold()
        await desk.asked(MEMBERS[0], NOON - timedelta(days=30))
        others = await check(desk, {"from": MEMBERS[0], "to": [MEMBERS[2]], "text": PLEASE}, token=SECRET)
        assert (others.status_code, "asked_before" in others.text) == (422, False)
        await desk.asked(ANN, NOON - timedelta(days=8))
        for own in ({"from": ANN.upper()}, {}):
            answer = await check(desk, {**own, "to": [MEMBERS[2]], "text": PLEASE}, token=SECRET)
            assert (answer.status_code, answer.json()["asked_before"]) == (200, True)


async def test_a_link_that_opens_may_ask_until_it_is_spent(desk: Desk) -> None:
    """The secret of a link is as good as a token, as long as its page opens."""
    held = await desk.hold()
    assert (await check(desk, {"text": CHASE}, token=SECRET)).status_code == 200
    desk.now = held.expires_at + timedelta(days=31)
    async with desk.store.begin() as unit:
        await unit.holds.change(held, HoldAction.EXPIRE, at=held.expires_at, by="gateway")
    assert (await check(desk, {"text": CHASE}, token=SECRET)).status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({}, 422, "text"),
        ({"text": "x" * (MOST_TEXT + 1)}, 422, "text"),
        ({"text": "x", "to": ["a@x.example"] * 201}, 422, "to"),
        ({"text": "x", "bcc": "y"}, 422, "bcc"),
        ({"text": 5}, 422, "text"),
        ([], 422, "body"),
    ],
)
async def test_a_wrong_request_is_told_what_is_wrong(desk: Desk, body: object, status: int, word: str) -> None:
    """The field is named in one line."""
    answer = await check(desk, body)
    assert answer.status_code == status
    assert answer.json()["error"].startswith(word)


async def test_sizes_types_and_trouble_have_their_answers(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """413 past a megabyte, 415 for anything but JSON, 400 for broken JSON, 503 when the store is away."""
    known = {"Authorization": f"Bearer {TOKEN}"}
    json = {**known, "Content-Type": "application/json"}
    assert (await desk.client.post("/v1/check", content=b" " * (1 << 21), headers=json)).status_code == 413
    assert (await desk.client.post("/v1/check", content=b"text=x", headers=known)).status_code == 415
    assert (await desk.client.post("/v1/check", content=b"{", headers=json)).status_code == 400

    async def away(*args: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr("gateway.web.drafts.rehearse", away)
    assert (await check(desk, {"text": "x"})).status_code == 503


async def test_questions_are_bounded(desk: Desk) -> None:
    """Past twenty at once it is 429 with the time to wait; another caller is not slowed down by it."""
    await desk.hold()
    answers = [await check(desk, {"text": "x"}) for _ in range(30)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert int(refused[0].headers["retry-after"]) >= 1
    assert (await check(desk, {"text": "x"}, token=SECRET)).status_code == 200


async def test_the_page_shows_what_would_happen(desk: Desk) -> None:
    """Behind a link: the rule, the sentence, a version that passes, and the words kept in the box."""
    held = await desk.hold()
    before = await desk.snapshot(held)
    form = {"to": f"{TEAM}, {MEMBERS[0]}", "subject": "Banner", "text": CHASE}
    page = (await desk.post(form, HERE)).text
    assert "It would be held" in page
    assert "<q>who has not yet changed their LinkedIn banner?</q>" in page
    assert desk.house.pack.rules["compliance-check"].advice in page
    assert "A version that passes" in page
    assert f'value="{TEAM} {MEMBERS[0]}"' in page
    assert await desk.snapshot(held) == before
    assert "It would go out as it is." in (await desk.post({"text": "Lunch is at one."}, HERE)).text


async def test_a_version_that_passes_has_its_subject(desk: Desk) -> None:
    """What is held in the subject is called so; the version shows its subject too, and one press takes both."""
    held = await desk.hold()
    before = await desk.snapshot(held)
    form = {"to": TEAM, "subject": "Who has not yet changed their LinkedIn banner?", "text": CHASE}
    page = (await desk.post(form, HERE)).text
    assert '<span class="where">Subject:</span> <q>Who has not yet changed their LinkedIn banner?</q>' in page
    said = (await check(desk, {"from": ANN, **form, "to": [TEAM]})).json()["suggestion"]
    assert said["subject"] not in ("", form["subject"])
    assert f'<span class="value" dir="auto">{said["subject"]}</span>' in page
    assert ("do", "suggest") in forms(page)[0].buttons
    taken = (await desk.post({**form, "do": "suggest"}, HERE)).text
    assert (said["subject"], said["text"]) == (forms(taken)[0].fields["subject"], forms(taken)[0].fields["text"])
    assert "It would go out as it is." in taken
    assert "A version that passes" not in taken
    assert await desk.snapshot(held) == before


async def test_a_press_for_a_version_there_is_not_checks_the_draft(desk: Desk) -> None:
    """Where other words were typed meanwhile that need none: they stay."""
    await desk.hold()
    page = (await desk.post({"subject": "Lunch", "text": "Lunch is at one.", "do": "suggest"}, HERE)).text
    assert "It would go out as it is." in page
    assert "Lunch is at one." == forms(page)[0].fields["text"]


async def test_the_page_says_of_mail_to_outsiders_that_it_is_not_read() -> None:
    """It would go out, and the person learns that nobody looked at the words."""
    async with open_desk({"organisation": {"internal_domains": ["corp.example"]}}) as desk:
        await desk.hold()
        page = (await desk.post({"to": "x@out.example", "text": CHASE}, HERE)).text
        both = (await desk.post({"to": f"x@out.example {TEAM}", "text": CHASE}, HERE)).text
    assert "It would go out as it is, unread." in page
    assert "mail to outsiders only is not." in page
    assert "<q>" not in page
    assert "It would be held" in both
    assert "unread" not in both


@pytest.mark.parametrize("to", ["Xenia Yu <x@out.example>", '"Yu, X" <x@out.example>; <y@out.example>'])
async def test_addresses_may_be_pasted_with_their_names(to: str) -> None:
    """As mail programs copy them: a name is nobody's address, and an address in brackets is one."""
    async with open_desk({"organisation": {"internal_domains": ["corp.example"]}}) as desk:
        await desk.hold()
        outside = (await desk.post({"to": to, "text": CHASE}, HERE)).text
        inside = (await desk.post({"to": f"{to}; Bea Stone <{MEMBERS[0]}>", "text": CHASE}, HERE)).text
    assert "unread" in outside
    assert "It would be held" in inside


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"text": "Lunch. " * 10_000 + CHASE}, "70,104 characters; up to 65,536"),
        ({"text": "\r\n" * 40_000 + CHASE, "to": TEAM}, ""),
        (
            {"text": CHASE, "to": " ".join(f"p{number}@corp.example" for number in range(201))},
            "201 recipients; up to 200",
        ),
    ],
)
async def test_too_much_at_once_is_refused_and_kept(desk: Desk, typed: Mapping[str, str], told: str) -> None:
    """Nothing is cut in silence: the page says what is too much and how much may be, and keeps all that was typed."""
    await desk.hold()
    answer = await desk.post(typed, HERE)
    shown = forms(answer.text)[-1].fields
    assert shown["text"].split() == typed["text"].split()
    assert len(shown["text"]) == len(typed["text"].replace("\r\n", "\n"))
    assert shown["to"] == typed.get("to", "")
    assert (answer.status_code, "What would happen" in answer.text) == ((422, False) if told else (200, True))
    assert told in answer.text
    assert ("Nothing was checked" in answer.text) == bool(told)


async def test_the_box_lets_no_browser_cut_what_is_pasted(desk: Desk) -> None:
    """A maximum length on the box would make browsers cut a long paste without a word."""
    await desk.hold()
    box = (await desk.get(HERE)).text.split('<textarea id="text"')[1].split(">")[0]
    assert "maxlength" not in box


async def test_ones_own_earlier_ask_is_shown_on_the_page(desk: Desk) -> None:
    """To the owner of the link, with its date."""
    await desk.asked(ANN, NOON - timedelta(days=9))
    await desk.hold()
    assert "You asked this group on 24 October 2026" in (await desk.post({"to": TEAM, "text": PLEASE}, HERE)).text


async def test_the_page_is_found_and_closed_to_others(desk: Desk) -> None:
    """The review page links it; without a link there is only a word on how to come in; unknown links are neutral."""
    await desk.hold()
    assert HERE in (await desk.get()).text
    assert forms((await desk.get(HERE)).text)[0].action == HERE
    assert "opens from the link" in (await desk.get("/check")).text
    unknown = [await desk.get("/h/unknown/draft"), await desk.post({"text": "x"}, "/h/unknown/draft")]
    assert {answer.status_code for answer in unknown} == {404}
    assert unknown[0].text == (await desk.get("/h/unknown")).text
    elsewhere = await desk.post({"text": CHASE}, HERE, headers={"Sec-Fetch-Site": "cross-site"})
    assert (elsewhere.status_code, "would be held" in elsewhere.text) == (403, False)


async def test_hostile_words_stay_words(desk: Desk) -> None:
    """What is typed is never markup on the page."""
    await desk.hold()
    nasty = '<script>alert(1)</script>"><img src=x onerror=alert(1)> put the banner on your LinkedIn by Friday!'
    page = (await desk.post({"to": nasty, "subject": nasty, "text": nasty}, HERE)).text
    assert "<script>alert" not in page
    assert "<img" not in page


async def test_the_description_holds(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Schemathesis puts a bounded number of requests made from the description, right and wrong ones, to the running
    page: every answer is one that is described, and none is a failure of ours."""
    monkeypatch.setattr("gateway.web.app.Pace", partial(Pace, drafts=(100_000, 10_000)))
    async with served(desk) as address:
        await asyncio.to_thread(_hold_to_its_description, address, {"Authorization": f"Bearer {TOKEN}"})


def _hold_to_its_description(address: str, headers: Mapping[str, str]) -> None:
    schema = schemathesis.openapi.from_url(f"{address}/v1/openapi.json")
    schema.config.update(base_url=address)
    seen: set[int] = set()
    for operation in schema.get_all_operations():
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):

            @given(case=operation.ok().as_strategy(generation_mode=mode))
            @settings(
                max_examples=25,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
                database=None,
            )
            def holds(case: schemathesis.Case) -> None:
                response = case.call(headers=headers)
                seen.add(response.status_code)
                case.validate_response(response, headers=headers)

            holds()
    assert 200 in seen
    assert seen & {400, 422}
