"""Signing in under attack: tokens that lie, answers that were stolen or made up, a provider that changes or is away."""

import base64
import hmac
import io
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from gateway.config import Log
from gateway.log import set_up
from tests.web.desk import ANN, SECRET, links
from tests.web.openid_provider import CLIENT, CLIENT_SECRET, CODE_SECONDS, RSA, Provider
from tests.web.signing_in import PUBLIC, Reception, reception

Claims = dict[str, Any]
HOUR = 3600
STRANGER = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})  # named like the provider's own


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Reception]:
    """Sign-in beside the links."""
    async with reception(tmp_path) as made:
        yield made


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def by_hand(header: Claims, claims: Claims, sign: Callable[[bytes], bytes]) -> str:
    """A token that no library would make."""
    said = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    return f"{said}.{encoded(sign(said.encode()))}"


def nothing_signed(claims: Claims) -> str:
    return by_hand({"alg": "none"}, claims, lambda said: b"")


def nothing_signed_in_capitals(claims: Claims) -> str:
    return by_hand({"alg": "NONE", "kid": "first"}, claims, lambda said: b"")


def public_key_as_secret(claims: Claims) -> str:
    pem = RSA.as_pem(private=False)
    return by_hand({"alg": "HS256", "kid": "first"}, claims, lambda said: hmac.digest(pem, said, "sha256"))


def client_secret_as_key(claims: Claims) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(CLIENT_SECRET.encode()))


def key_in_the_header(claims: Claims) -> str:
    header = {"alg": "RS256", "jwk": STRANGER.as_dict(private=False)}
    return jwt.encode(header, claims, STRANGER)


def key_of_a_stranger(claims: Claims) -> str:
    return jwt.encode({"alg": "RS256", "kid": "first"}, claims, STRANGER)


def unknown_key(claims: Claims) -> str:
    return jwt.encode({"alg": "RS256", "kid": "unheard of"}, claims, STRANGER)


def signature_cut_off(claims: Claims) -> str:
    return jwt.encode({"alg": "RS256", "kid": "first"}, claims, RSA).rpartition(".")[0] + "."


def claims_changed(claims: Claims) -> str:
    head, _, signature = jwt.encode({"alg": "RS256", "kid": "first"}, claims, RSA).split(".")
    return f"{head}.{encoded(json.dumps({**claims, 'email': ANN}).encode())}.{signature}"


def something_critical(claims: Claims) -> str:
    sign = RSA.get_op_key("sign")
    header = {"alg": "RS256", "kid": "first", "crit": ["exp2"], "exp2": 1}
    return by_hand(header, claims, lambda said: sign.sign(said, padding.PKCS1v15(), hashes.SHA256()))


def no_token(claims: Claims) -> str:
    return "not.a.token"


@pytest.mark.parametrize(
    "forge",
    [
        nothing_signed,
        nothing_signed_in_capitals,
        public_key_as_secret,
        client_secret_as_key,
        key_in_the_header,
        key_of_a_stranger,
        unknown_key,
        signature_cut_off,
        claims_changed,
        something_critical,
        no_token,
    ],
)
async def test_a_forged_token_signs_nobody_in(hall: Reception, forge: Callable[[Claims], str]) -> None:
    """Whatever its claims say, a token that no key of the provider has signed proves nothing."""
    hall.provider.sign = forge
    await refused(hall)


async def test_the_same_claims_honestly_signed_are_taken(hall: Reception) -> None:
    """The forgeries above fail for their signatures alone."""
    await hall.signed_in(ANN)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://login.other.example"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": ["another-client", "third"], "azp": CLIENT},
        {"aud": [CLIENT, "another-client"]},
        {"aud": [CLIENT, "another-client"], "azp": "another-client"},
        {"aud": CLIENT, "azp": "another-client"},
        {"aud": None},
        {"exp": "-120"},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"nbf": "+120"},
        {"nbf": "later"},
        {"iat": "+120"},
        {"iat": "-3600"},
        {"iat": None},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"nonce": 7},
        {"sub": None},
        {"email": None},
        {"email": "no address"},
        {"email": ["ann.fields@corp.example"]},
        {"email": "ann.fields@corp.example\r\nx"},
        {"email_verified": False},
        {"email_verified": "false"},
        {"email_verified": None},
        {"email_verified": 1},
    ],
    ids=str,
)
async def test_a_token_that_says_the_wrong_thing_signs_nobody_in(hall: Reception, claims: Claims) -> None:
    """Each claim is checked: issuer, audience and party, times, nonce, subject, address and whether it is verified."""
    now = int(hall.desk.now.timestamp())
    timed = {name: now + int(said) for name, said in claims.items() if str(said)[:1] in "+-" and said is not None}
    hall.provider.claims = {**claims, **timed}
    await refused(hall)


@pytest.mark.parametrize("claims", [{"exp": -30}, {"nbf": 30}, {"iat": 30}], ids=str)
async def test_a_clock_that_is_a_little_off_is_forgiven(hall: Reception, claims: dict[str, int]) -> None:
    """Half a minute either way is the provider's clock, not an attack."""
    now = int(hall.desk.now.timestamp())
    hall.provider.claims = {name: now + off for name, off in claims.items()}
    await hall.signed_in(ANN)


@pytest.mark.parametrize(
    "claims",
    [{"aud": [CLIENT]}, {"aud": [CLIENT, "other"], "azp": CLIENT}, {"email_verified": "true"}, {"unknown": [1]}],
    ids=str,
)
async def test_honest_variants_are_taken(hall: Reception, claims: Claims) -> None:
    """Audiences as a list, the word "true", claims we do not know."""
    hall.provider.claims = claims
    await hall.signed_in(ANN)


@pytest.mark.parametrize(("said", "good"), [(None, True), (True, True), (False, False)])
async def test_silence_about_the_address_is_trusted_where_the_setting_says_so(
    tmp_path: Path, said: bool | None, good: bool
) -> None:
    """With `trust_unverified` a provider need not say it; a plain no stays a no."""
    async with reception(tmp_path, trust_unverified=True) as hall:
        hall.provider.claims = {"email_verified": said}
        await (hall.signed_in(ANN) if good else refused(hall))


async def test_an_answer_is_for_the_browser_that_asked(hall: Reception) -> None:
    """Login CSRF: an answer of the attacker's sign-in, opened in the victim's browser, signs nobody in there; nor does
    one whose state was changed or left out."""
    async with hall.browser() as attacker, hall.browser() as victim:
        back = await hall.at_provider(await hall.to_provider(attacker), "mallory@corp.example")
        await hall.to_provider(victim)
        code = parse_qs(urlsplit(back).query)["code"][0]
        for url in (back, f"/sign-in/done?code={code}", f"/sign-in/done?code={code}&state=", "/sign-in/done"):
            answer = await victim.get(url)
            assert answer.status_code == 400
            assert "did not begin this sign-in" in answer.text
        assert "__Host-askonce" not in victim.cookies
        assert "token" not in hall.provider.asked


async def test_a_cookie_of_one_sign_in_is_worth_nothing_for_another(hall: Reception) -> None:
    """Renamed to the attacker's state, or changed in any part, the browser's cookie no longer fits."""
    async with hall.browser() as attacker, hall.browser() as victim:
        back = await hall.at_provider(await hall.to_provider(attacker), "mallory@corp.example")
        await hall.to_provider(victim)
        [(name, value)] = victim.cookies.items()
        state = parse_qs(urlsplit(back).query)["state"][0]
        parts = value.split(".")
        changed = [".".join([*parts[:n], "x" + parts[n][1:], *parts[n + 1 :]]) for n in range(len(parts))]
        for forged in (value, *changed, "", "...", "a.b.c.d"):
            victim.cookies.clear()
            victim.cookies.set(f"__Host-askonce-in-{state}", forged)
            assert (await victim.get(back)).status_code == 400
        victim.cookies.clear()
        victim.cookies.set(name, value)
        assert "token" not in hall.provider.asked


async def test_an_answer_is_good_once(hall: Reception) -> None:
    """The same answer again finds its cookie gone; with the cookie put back, the provider does not take its code."""
    async with hall.browser() as browser:
        back = await hall.at_provider(await hall.to_provider(browser), ANN)
        kept = dict(browser.cookies)
        assert (await browser.get(back)).status_code == 303
        assert [name for name in browser.cookies if name.startswith("__Host-askonce-in")] == []
        assert "did not begin this sign-in" in (await browser.get(back)).text
    async with hall.browser() as thief:
        thief.cookies.update(kept)
        answer = await thief.get(back)
        assert answer.status_code == 400
        assert "did not tell us who you are" in answer.text
        assert "__Host-askonce" not in thief.cookies


async def test_an_address_that_only_looks_alike_is_somebody_else(hall: Reception) -> None:
    """The long s of "ann.field\u017f" is not Ann's plain one: who is vouched for under it gets at nothing of hers."""
    held = await hall.desk.hold()
    await hall.signed_in("ann.field\u017f@corp.example")
    assert held.subject not in (await hall.desk.get("/mine")).text
    assert (await hall.desk.get(f"/mine/{held.id}")).status_code == 404


async def test_a_failed_sign_in_reads_the_same_in_another_language(hall: Reception) -> None:
    """The language menu of its page leads to the same words, and from there to the mail that was wanted; what the menu
    carries along leads to pages of ours only."""
    async with hall.browser() as browser:
        await hall.to_provider(browser, "/mine/a-hold")
        begun = "__Host-askonce-in-"
        [name] = [name for name in browser.cookies if name.startswith(begun)]
        failed = await browser.get(f"/sign-in/done?error=access_denied&state={name.removeprefix(begun)}")
        german = await browser.get(f"/sign-in/done{next(one for one in links(failed.text) if 'lang=de' in one)}")
        assert "nicht gesagt, wer Sie sind" in german.text
        assert "to=/mine/a-hold" in german.text
        elsewhere = await browser.get("/sign-in/done?lang=de&to=https://evil.example/&untold=")
        assert "evil.example" not in elsewhere.text


async def test_a_stolen_code_needs_the_browsers_own_verifier(hall: Reception) -> None:
    """PKCE: a code of the victim's, brought back in an attacker's own sign-in, is refused by the provider."""
    async with hall.browser() as victim, hall.browser() as attacker:
        stolen = parse_qs(urlsplit(await hall.at_provider(await hall.to_provider(victim), ANN)).query)["code"][0]
        own = urlsplit(await hall.to_provider(attacker)).query
        answer = await attacker.get("/sign-in/done", params={"code": stolen, "state": parse_qs(own)["state"][0]})
        assert answer.status_code == 400
        assert "__Host-askonce" not in attacker.cookies


@pytest.mark.parametrize("late", [timedelta(seconds=CODE_SECONDS), timedelta(minutes=10)])
async def test_a_sign_in_that_takes_too_long_begins_anew(hall: Reception, late: timedelta) -> None:
    """The provider's code is over first, then our cookie; either way the page offers to try again."""
    async with hall.browser() as browser:
        back = await hall.at_provider(await hall.to_provider(browser, "/check"), ANN)
        hall.desk.now += late
        answer = await browser.get(back)
        assert answer.status_code == 400
        assert "/sign-in?to=/" in answer.text
        assert ("it took too long" in answer.text) == (late == timedelta(minutes=10))


async def test_an_answer_of_another_provider_is_refused(hall: Reception) -> None:
    """Mix-up (RFC 9207): where the answer names an issuer, it must be ours."""
    async with hall.browser() as browser:
        back = await hall.at_provider(await hall.to_provider(browser), ANN)
        assert "iss=" in back
        answer = await browser.get(back.partition("&iss=")[0] + "&iss=https://login.other.example")
        assert answer.status_code == 400
        assert "token" not in hall.provider.asked


async def test_a_no_at_the_provider_is_told_calmly(hall: Reception) -> None:
    """`access_denied`, or words that want to be shown, lead to a page of ours that shows none of it."""
    for error in ("access_denied", "<script>alert(1)</script>"):
        async with hall.browser() as browser:
            state = parse_qs(urlsplit(await hall.to_provider(browser)).query)["state"][0]
            answer = await browser.get("/sign-in/done", params={"error": error, "state": state})
            assert answer.status_code == 400
            assert "You are not signed in" in answer.text
            assert "script>alert" not in answer.text


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/mine/../../evil",
        "/mine//evil.example",
        "/mine\r\nSet-Cookie: a=b",
        "/mine?next=https://evil.example",
        "/mine\n",
        "javascript:alert(1)",
        "mine",
        "/sign-out",
        "/h/" + "a" * 200,
        "/mine/\u0661",
        "",
    ],
)
async def test_afterwards_only_pages_of_ours_are_gone_to(hall: Reception, wanted: str) -> None:
    """Open redirect: whatever `to` says, one who signed in lands on the list."""
    async with hall.browser() as browser:
        answer = await hall.sign_in(browser, ANN, wanted)
        assert (answer.status_code, answer.headers["location"]) == (303, "/mine")


@pytest.mark.parametrize("wanted", ["/mine", "/mine/id-000001", "/mine/id-000001/draft", f"/h/{SECRET}", "/check"])
async def test_one_comes_back_to_where_one_was(hall: Reception, wanted: str) -> None:
    """Our own pages are gone back to; the provider never learns which, so no link's secret leaves us."""
    async with hall.browser() as browser:
        place = await hall.to_provider(browser, wanted)
        assert wanted not in place
        assert SECRET not in place
        answer = await browser.get(await hall.at_provider(place, ANN))
        assert answer.headers["location"] == wanted


async def test_two_tabs_may_sign_in_at_once_and_many_make_room(hall: Reception) -> None:
    """Each tab's answer is good; sign-ins that were begun and left do not pile up in the browser."""
    async with hall.browser() as browser:
        first, second = [await hall.to_provider(browser) for _ in range(2)]
        assert (await browser.get(await hall.at_provider(second, ANN))).status_code == 303
        assert (await browser.get(await hall.at_provider(first, ANN))).status_code == 303
        for _ in range(20):
            last = await hall.to_provider(browser)
        assert len(browser.cookies) <= 7
        assert (await browser.get(await hall.at_provider(last, ANN))).status_code == 303


async def test_a_new_key_is_found_at_once_and_an_old_one_is_forgotten(hall: Reception) -> None:
    """Key rotation: a token by an unknown key is asked about once. After an hour the keys are read anew, and one that
    is no longer there proves nothing."""
    provider = hall.provider
    await hall.signed_in(ANN)
    assert provider.asked.count("keys") == 1
    provider.keys = [RSA, ECKey.generate_key("P-256", {"kid": "second", "use": "sig"})]
    await hall.signed_in(ANN)
    assert provider.asked.count("keys") == 2
    provider.keys = provider.keys[1:]
    hall.desk.now += timedelta(hours=1, seconds=1)
    provider.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "first"}, claims, RSA)
    await refused(hall)
    provider.sign = None
    await hall.signed_in(ANN)


async def test_made_up_keys_do_not_make_us_ask_all_the_time(hall: Reception) -> None:
    """Ten tokens that name unknown keys cost the provider one further question a minute."""
    hall.provider.sign = unknown_key
    for _ in range(10):
        await refused(hall)
    assert hall.provider.asked.count("keys") == 2
    hall.desk.now += timedelta(seconds=61)
    await refused(hall)
    assert hall.provider.asked.count("keys") == 3


async def test_a_provider_that_is_down_leaves_the_links(hall: Reception) -> None:
    """A clear page, 503, that says what still works; and it does. Nobody is signed in meanwhile."""
    held = await hall.desk.hold()
    hall.provider.down = True
    async with hall.browser() as browser:
        answer = await browser.get("/sign-in")
        assert answer.status_code == 503
        assert "does not answer just now" in answer.text
        assert "The link in our message opens it meanwhile" in answer.text
    page = await hall.desk.get()
    assert page.status_code == 200
    form = {**await hall.desk.form("withdraw"), "sure": "yes"}
    assert (await hall.desk.post(form)).status_code == 303
    assert (await hall.desk.now_of(held)).changed_by == "sender"


async def test_a_provider_that_goes_down_halfway_is_told_and_comes_back(hall: Reception) -> None:
    """Down between the way there and the way back: 503, no session; who is signed in already stays so, and later all
    works again."""
    desk = hall.desk
    await desk.hold()
    signed_in = await hall.signed_in(ANN)
    async with hall.browser() as browser:
        back = await hall.at_provider(await hall.to_provider(browser), ANN)
        hall.provider.down = True
        answer = await browser.get(back)
        assert answer.status_code == 503
        assert "__Host-askonce" not in browser.cookies
        assert "Our new banner" in (await signed_in.get("/mine")).text
        hall.provider.down = False
        assert (await hall.sign_in(browser, ANN)).status_code == 303


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://login.other.example"},
        {"token_endpoint": "http://login.corp.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
        {"authorization_endpoint": "https://user:secret@login.corp.example/authorize"},
    ],
    ids=str,
)
async def test_a_discovery_document_that_leads_astray_is_not_followed(hall: Reception, document: Claims) -> None:
    """Another issuer, an address in clear or none at all: sign-in is unavailable, and nobody is sent anywhere."""
    hall.provider.document = document
    async with hall.browser() as browser:
        answer = await browser.get("/sign-in")
        assert answer.status_code == 503
        assert "location" not in answer.headers


async def test_no_secret_reaches_the_operators_log(hall: Reception) -> None:
    """Codes, tokens, cookies, the client's secret and a link's are in no line, whether it goes well or not."""
    log = io.StringIO()
    set_up(Log(level="debug"), log)
    tokens: list[str] = []

    def kept(claims: Claims) -> str:
        tokens.append(Provider.signed(hall.provider, claims))
        return tokens[-1]

    hall.provider.sign = kept
    async with hall.browser() as browser:
        back = await hall.at_provider(await hall.to_provider(browser, f"/h/{SECRET}"), ANN)
        crossing = dict(browser.cookies)
        await browser.get(back)
        browser.cookies.update(crossing)
        await browser.get(back)
        secrets = [*tokens, *browser.cookies.values(), SECRET, CLIENT_SECRET, parse_qs(urlsplit(back).query)["code"][0]]
    told = log.getvalue()
    assert "signed in" in told
    assert "sign-in refused" in told
    assert [secret for secret in secrets if secret in told] == []


async def refused(hall: Reception) -> None:
    """Ann comes back from the provider and is not signed in."""
    async with hall.browser() as browser:
        answer = await hall.sign_in(browser, ANN)
        assert answer.status_code == 400
        assert "did not tell us who you are" in answer.text
        assert "__Host-askonce" not in browser.cookies
        assert "Please sign in" in (await browser.get(f"{PUBLIC}/mine")).text
