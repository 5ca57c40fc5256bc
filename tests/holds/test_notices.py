"""Notices: what a sender reads, and that nothing hostile in a mail reaches beyond its words."""

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.holds.changes import Changes
from gateway.holds.dispute import to_decide_notice
from gateway.holds.endings import (
    Refusal,
    Went,
    again_notice,
    bounce_notice,
    disputed_notice,
    expired_notice,
    granted_notice,
    sent_notice,
    settled_notice,
    superseded_notice,
    upheld_notice,
    withdrawn_notice,
)
from gateway.holds.grounds import grounds
from gateway.holds.hold import EarlierAsk, HeldMail
from gateway.holds.html_edit import SIMPLER_WHOLE
from gateway.holds.layout import DAY, NIGHT, one_line
from gateway.holds.lifecycle import HoldState
from gateway.holds.notice import DISPUTE, SEND, WITHDRAW, Notice, Ways, band_words
from gateway.holds.notices import (
    advise_notice,
    digest_notice,
    held_notice,
    reminder_notice,
    still_held_notice,
    unclear_notice,
)
from gateway.holds.revision import SIGNED
from gateway.language.catalogue import FOLDER, catalogue, every_catalogue
from gateway.language.po import messages
from gateway.language.tags import LANGUAGES
from gateway.mail.compose import compose
from gateway.mail.envelope import Path
from gateway.mail.message import walk
from gateway.policy.labels import Favour, Label, Mode
from gateway.policy.pack import ASKED_BEFORE, Pack, Rule, Telling
from gateway.policy.verdict import Finding
from gateway.web.words import memory

LINK = "https://review.corp.example/h/secret"
REPLY = "askonce+key@corp.example"
WAYS, PAGE = Ways(link=LINK, reply_to=REPLY), Ways(link=LINK)
ENGLISH = catalogue("en")
HELD_AT = datetime(2026, 6, 5, 9, 0, tzinfo=UTC)
PACK = Pack(
    name="ask-once",
    version="1.0.0",
    digest="00",
    rules={
        "demand": Rule(
            id="demand",
            title="A favour is never a duty",
            label=Label.DEMAND,
            mode=Mode.HOLD,
            why="Personal accounts belong to their owners, so people must be free to say no.",
            advice="Take out the deadline and anything that makes it sound expected.",
            fix="If you like it, the banner is there for you.",
        ),
        ASKED_BEFORE: Rule(
            id=ASKED_BEFORE,
            title="Ask once",
            label=Label.REPEAT_ASK,
            mode=Mode.HOLD,
            why="A second ask puts pressure on those who chose not to.",
            advice="Leave it out; making new artwork available to everyone is fine.",
        ),
    },
)
DEMAND = Finding(
    rule_id="demand",
    label=Label.DEMAND,
    mode=Mode.HOLD,
    start=0,
    end=9,
    sentence="Please have the new banner on your LinkedIn profile by Friday.",
    because="It sets a deadline.",
    favour=Favour.PROFILE_CHANGE,
)
REPEAT = replace(DEMAND, rule_id=ASKED_BEFORE, label=Label.REPEAT_ASK, because=PACK.rules[ASKED_BEFORE].why)
HELD = HeldMail(
    id="1",
    mail_from=Path(text="mira@corp.example"),
    rcpt_to=(Path(text="sales@corp.example"), Path(text="omar@corp.example")),
    sender="mira@corp.example",
    subject="New banners",
    message_id="<m1@corp.example>",
    fingerprint="f",
    label=Label.DEMAND,
    labels=(Label.DEMAND, Label.REPEAT_ASK),
    findings=(REPEAT, DEMAND),
    earlier=(
        EarlierAsk(
            asker="mira@corp.example", at=datetime(2026, 3, 3, 8, 0, tzinfo=UTC), subject="Spring banner", people=12
        ),
    ),
    pack="ask-once 1.0.0 sha256:00",
    held_at=HELD_AT,
    expires_at=HELD_AT + timedelta(days=7),
    token_hash="0",
)

GOLDEN = """\
--- A note from your mail gateway. Write your answer above this line. ---

Your mail "New banners" to 2 recipients has not been sent yet.
Nobody else has been told. You can put it right in a minute.

WHAT STOPPED IT

    Please have the new banner on your LinkedIn profile by Friday.

It sets a deadline.

THE RULE
A favour is never a duty. Personal accounts belong to their owners, so
people must be free to say no.

ASKED BEFORE
You asked this group on 3 March 2026, in "Spring banner".

WHAT TO DO
Take out the deadline and anything that makes it sound expected.
You could write instead:

    If you like it, the banner is there for you.

Change it and send it, take it back, or tell us that this is a mistake:

    https://review.corp.example/h/secret

OR SIMPLY ANSWER THIS MAIL
  * Your whole new text, from greeting to closing: it replaces everything
    you wrote and is sent. Attachments and recipients stay as they are. To
    change one sentence only, open your mail above.
  * The proposed wording alone: it takes the place of what stopped your
    mail; everything else stays as you wrote it.
  * WITHDRAW: the mail is taken back and reaches nobody.
  * DISPUTE and a reason: you tell us that this is a mistake, and a person
    decides.

If you do nothing, it comes back to you on 12 June 2026 and reaches nobody.

This note was written by the mail gateway and sent to you alone.
"""


TO_DECIDE = """\
--- A note from your mail gateway ---

mira@corp.example says that holding the mail "New banners" is a mistake.
It is meant for 2 recipients and has been held since 5 June 2026. Until you
decide it waits and reaches nobody.

THE REASON GIVEN

    It is about our own page.

WHAT STOPPED IT

    Please have the new banner on your LinkedIn profile by Friday.

It sets a deadline.

THE RULE
A favour is never a duty. Personal accounts belong to their owners, so
people must be free to say no.

ASKED BEFORE
This group was asked on 3 March 2026.

WHAT TO DO
Read the whole mail first; that you did is recorded:

    askonce holds show 1 --config FILE

If holding it is a mistake, send it as it is:

    askonce holds release 1 --by NAME --note "TEXT" --config FILE

If it is right to hold it, say why:

    askonce holds uphold 1 --by NAME --note "TEXT" --config FILE

NAME is your name, TEXT what the sender is told, FILE the gateway's settings
file. The commands are run on the gateway's machine, as its user.
An answer to this mail decides nothing.

This note was written by the mail gateway for those who decide about held
mail.
"""


def every_notice(held: HeldMail) -> list[Notice]:
    """One of each kind about this mail."""
    note = f"{held.subject} {held.findings[0].sentence}"
    made = Changes(left_out=(note,), put_in=(note, "x"), subject=note, lost=(SIMPLER_WHOLE,))
    return [
        held_notice(held, PACK, WAYS, window_days=365),
        held_notice(held, PACK, PAGE, window_days=365),
        digest_notice([held, held], PACK, [WAYS, PAGE]),
        digest_notice([held] * 30, PACK, [PAGE] * 30, reminding=True),
        reminder_notice(held, PACK, WAYS),
        still_held_notice(held, PACK, WAYS, answer_to=note, lost=(SIMPLER_WHOLE,), window_days=365),
        still_held_notice(held, PACK, WAYS, answer_to="<r@corp.example>", reason=SIGNED, window_days=365),
        unclear_notice(held, WAYS, answer_to=note, read=note, why=SIGNED),
        advise_notice(subject=held.subject, message_id=held.message_id, window_days=365, language=held.language),
        advise_notice(
            subject=held.subject, message_id=held.message_id, window_days=1, language=held.language, closed=held
        ),
        sent_notice(held, made, Went(to=held.rcpt_to)),
        sent_notice(held, Changes(), Went(to=held.rcpt_to)),
        sent_notice(held, Changes(), Went(to=held.rcpt_to, off=[Path(text=note)], trying=held.rcpt_to)),
        superseded_notice(held, subject=note, message_id=note, count=2),
        withdrawn_notice(held),
        disputed_notice(replace(held, note=note), answer_to=note),
        to_decide_notice(replace(held, note=note, changed_by="sender"), PACK, language=held.language),
        to_decide_notice(replace(held, note=note, changed_by=f"bearer:{note}"), PACK, language=held.language),
        *(settled_notice(replace(held, state=state), answer_to=note) for state in HoldState),
        again_notice(replace(held, state=HoldState.WITHDRAWN), afresh=HELD_AT),
        expired_notice(held, PACK),
        bounce_notice(held, [Refusal(recipient=note, code=550, text=note)], others_got_it=False),
        bounce_notice(held, [Refusal(recipient="omar@corp.example")], others_got_it=True),
        bounce_notice(held, [Refusal(recipient="omar@corp.example")], others_got_it=False, late_hours=48),
        granted_notice(held, note),
        granted_notice(held, note, disputed=False),
        upheld_notice(held, PACK, note, WAYS, now=HELD_AT),
        upheld_notice(held, PACK, note, WAYS, now=held.expires_at),
    ]


def hostile(subject: str) -> HeldMail:
    """A held mail whose every word comes from somebody who means harm."""
    finding = replace(DEMAND, sentence=subject, because=subject)
    earlier = replace(HELD.earlier[0], subject=subject)
    return replace(HELD, subject=subject, message_id=subject, findings=(finding,), earlier=(earlier,))


def test_the_golden_notice() -> None:
    """A busy manager reads what waits, which sentence, why, the earlier ask, what to do and until when."""
    notice = held_notice(replace(HELD, findings=(DEMAND,)), PACK, WAYS, window_days=365)
    assert notice.subject == "Not sent yet: New banners"
    assert notice.text == GOLDEN


def test_the_golden_dispute() -> None:
    """A busy compliance officer reads whose mail it is, the reason, what was held and why, and what to type."""
    disputed = replace(HELD, findings=(DEMAND,), note="It is about our own page.", changed_by="sender")
    notice = to_decide_notice(disputed, PACK, language="en")
    assert notice.subject == "Please decide: New banners"
    assert notice.text == TO_DECIDE
    assert notice.reply_to == ""


@pytest.mark.parametrize("words", [f"See {LINK[:-6]}{'s3-_' * 10}abc", f"to askonce+{'k7' * 24}@corp.example"])
def test_a_copied_key_is_left_out_for_who_decides(words: str) -> None:
    """In reason, subject and sentence alike: the link and the address for answers are the sender's alone."""
    finding = replace(DEMAND, sentence=words, because=words)
    disputed = replace(HELD, subject=words, note=words, findings=(finding,), changed_by="sender")
    notice = to_decide_notice(disputed, PACK, language="en")
    for text in (notice.subject, notice.text, notice.html, *(value for _, value in notice.headers)):
        assert "s3-_s3" not in text
        assert "k7k7" not in text
    assert notice.text.count("…") == 4


def test_one_notice_names_all_reasons_strictest_first() -> None:
    """Two rules make one notice: the stricter in full, the other in short, below."""
    notice = held_notice(HELD, PACK, WAYS, window_days=365)
    assert [ground.title for ground in grounds(HELD.findings, PACK, ENGLISH)] == [
        "A favour is never a duty",
        "Ask once",
    ]
    assert notice.text.index("A favour is never a duty") < notice.text.index("ALSO") < notice.text.index("Ask once")
    assert notice.text.count("WHAT STOPPED IT") == 1


def test_french_keeps_its_spaces() -> None:
    """No line of a French note begins with a colon, semicolon, question mark or closing guillemet: words joined by the
    program and a sender's own have a no-break space there, in text, HTML and subject."""
    held = replace(HELD, language="fr", subject="Bannière\u00a0: la suite")
    for notice in every_notice(held):
        raw = compose(
            from_="a@x.example", to="b@x.example", subject=notice.subject, text=notice.text, html=notice.html,
            headers=(), message_id="<m@x.example>", date=HELD_AT, boundary_seed="s",
        )  # fmt: skip
        read = email.message_from_bytes(raw, policy=email.policy.default)
        shown = unescape(re.sub(r"<style>.*?</style>|<[^>]*>", "", notice.html, flags=re.S))
        for text in (read.get_body(("plain",)).get_content(), shown, str(read["subject"])):
            assert [] == re.findall(r".*\s(?<!\u00a0)[:;?!»].*|.*«(?!\u00a0).*", text)


def test_words_before_a_colon_have_the_readers_colon() -> None:
    """What an answer does, when it was settled, who refused: the colon is the language's."""
    french = replace(HELD, language="fr", state=HoldState.SENT)
    choices = held_notice(french, PACK, WAYS, window_days=365)
    assert "RETIRER\u00a0: le message" in choices.text
    assert "<strong>RETIRER\u00a0:</strong> le message" in choices.html
    assert re.search(r"UTC\u00a0: le\s+message", settled_notice(french, answer_to="").text)
    refused = bounce_notice(french, [Refusal(recipient="omar@corp.example", text="no")], others_got_it=True)
    assert "omar@corp.example\u00a0: no" in refused.text
    assert "UTC: the mail was sent." in settled_notice(replace(french, language="en"), answer_to="").text


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u2007"])
def test_a_no_break_space_stays_on_the_line(space: str) -> None:
    """One alone is kept; a run of white space of whatever kind is one space, and none stands at the ends."""
    assert f"Oui{space}!" == one_line(f"Oui{space}!")
    assert "a b c" == one_line(f"{space} a {space} b{space}{space}\n c{space}")


def test_no_other_words_for_asking_where_it_was_asked_before() -> None:
    """Where memory found an earlier ask, no wording of a new ask is suggested: it would be held again."""
    notice = held_notice(HELD, PACK, WAYS, window_days=365)
    assert PACK.rules["demand"].fix not in notice.text
    assert "making new artwork available to everyone is fine" in " ".join(notice.text.split())
    assert PACK.rules["demand"].fix in held_notice(replace(HELD, findings=(DEMAND,)), PACK, WAYS, window_days=365).text


def test_a_colleagues_ask_is_told_without_name_date_or_subject() -> None:
    """The date of an earlier ask is shown only to the asker: of somebody else's the notice says what the page says."""
    other = replace(HELD.earlier[0], asker="omar@corp.example")
    held = replace(HELD, earlier=(other,), findings=(REPEAT,))
    again = still_held_notice(held, PACK, WAYS, answer_to="<r1@corp.example>", window_days=90)
    for notice, days in ((held_notice(held, PACK, WAYS, window_days=90), 90), (again, 90)):
        [said] = memory("mira@corp.example", held.earlier, days, catalogue("en"))
        assert said in " ".join(notice.text.split())
        assert "asked at least one person on this mail" in said
        for text in (notice.text, notice.html):
            assert not [word for word in ("Spring banner", "omar", "3 March", "March") if word in text]


def test_ones_own_ask_is_shown_with_its_date_beside_a_colleagues() -> None:
    """Where memory found several earlier asks, the sender's own has its date and the others' have none."""
    other = replace(HELD.earlier[0], asker="omar@corp.example", at=HELD_AT - timedelta(days=30))
    notice = held_notice(replace(HELD, earlier=(other, *HELD.earlier)), PACK, WAYS, window_days=90)
    said = " ".join(notice.text.split())
    assert "You asked this group on 3 March 2026" in said
    assert "Others asked at least one person on this mail for the same favour in the last 90 days." in said
    assert "May" not in said


def test_without_page_there_is_no_link() -> None:
    """A site without review page tells what to do instead of giving a dead link."""
    notice = held_notice(HELD, PACK, Ways(), window_days=365)
    assert "Write it anew without the words above" in notice.text
    assert "href" not in notice.html


def test_a_rule_that_is_gone_from_the_pack_still_speaks() -> None:
    """A finding of a rule the pack no longer has shows its sentence and its own reason."""
    notice = held_notice(replace(HELD, findings=(replace(DEMAND, rule_id="gone"),)), PACK, WAYS, window_days=365)
    assert DEMAND.sentence in notice.text
    assert "It sets a deadline." in notice.text


def test_nothing_is_said_twice() -> None:
    """A finding whose reason is the rule's own is told once."""
    finding = replace(DEMAND, because="Personal accounts belong to their owners, so people must be free to say no.")
    notice = held_notice(replace(HELD, findings=(finding,)), PACK, WAYS, window_days=365)
    assert " ".join(notice.text.split()).count("Personal accounts belong to their owners") == 1


@pytest.mark.parametrize(
    "subject",
    [
        "one\r\nBcc: victim@corp.example\r\n\r\nbody",
        "=?utf-8?B?DQpCY2M6IHZpY3RpbUBjb3JwLmV4YW1wbGU=?=",
        "<script>alert(1)</script><img src=x onerror=alert(1)>\"'",
        "{0.__class__} {subject} %s %(x)s ${x} {{x}}",
        "a\u2028b\u2029c\x00d\x1b[31me\ud800f",
        "safe \u202egnp.exe\u2066 name",
        "x" * 100_000,
        "",
        " \t\r\n",
    ],
)
def test_hostile_words_stay_words(subject: str) -> None:
    """No subject, sentence, reply or Message-ID can add a header line, markup, a control or a direction override."""
    for notice in every_notice(hostile(subject)):
        raw = compose(
            from_="askonce@corp.example",
            to="mira@corp.example",
            subject=notice.subject,
            text=notice.text,
            html=notice.html,
            headers=notice.headers,
            message_id="<n1@corp.example>",
            date=HELD_AT,
            boundary_seed="1",
            reply_to=notice.reply_to,
        )
        names = [name for name, _ in walk(raw).headers]
        assert "bcc" not in names
        assert "\n" not in notice.subject
        assert len(notice.subject) < 250
        assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
        assert raw.isascii()
        assert not re.search(r"[\x00-\x09\x0b-\x1f\u2028\u2029\u202a-\u202e\u2066\u2067\ud800-\udfff]", notice.text)
        assert tags(notice.html) <= ALLOWED
        assert all("on" not in name[:2] for name in attributes(notice.html))


def test_a_right_to_left_subject_is_isolated() -> None:
    """A Hebrew subject cannot reorder the English words around it."""
    notice = held_notice(replace(HELD, subject="תמונות חדשות"), PACK, WAYS, window_days=365)
    assert "\u2068תמונות חדשות\u2069" in notice.text


def test_html_asks_nothing_of_any_server() -> None:
    """The HTML has a language, one style sheet of its own, and no address but the link."""
    for notice in every_notice(HELD):
        assert '<html lang="en">' in notice.html
        assert set(re.findall(r"https?://[^\s\"'<]+", notice.html)) <= {LINK}
        assert not re.search(r"<(img|script|link|iframe|form)|url\(|@import", notice.html)
        assert 'name="viewport"' in notice.html
        assert 1 == notice.html.count("<style>")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_notice_speaks_its_readers_language(language: str) -> None:
    """Text, HTML and header name the language, and no English message is left in another one."""
    for notice in every_notice(replace(HELD, language=f"{language}-XX", findings=(DEMAND,))):
        assert f'<html lang="{language}">' in notice.html
        assert ("Content-Language", language) in notice.headers
        if language != "en":
            for word in ("your mail", "you ", " nobody", "the mail", "recipient"):
                assert word not in notice.text.lower().replace("if you like it, the banner is there for you.", "")


def test_a_rule_is_told_in_the_readers_language() -> None:
    """Title, why and advice come from the pack's table; the suggested words stay in the language of the mail."""
    telling = Telling(title="Kein Muss", why="Konten gehören ihren Besitzern.", advice="Bitte ohne Termin.")
    pack = replace(PACK, rules={**PACK.rules, "demand": replace(PACK.rules["demand"], tellings={"de": telling})})
    text = held_notice(replace(HELD, language="de", findings=(DEMAND,)), pack, WAYS, window_days=365).text
    assert "Kein Muss. Konten gehören ihren Besitzern." in text
    assert "Bitte ohne Termin." in text
    asked = "Sie haben diese Gruppe am 3. März 2026 um diesen Gefallen gebeten, in „Spring banner“."
    assert asked in " ".join(text.split())
    assert "If you like it, the banner is there for you." in text


def test_a_mail_that_could_not_be_read_says_so_in_every_language() -> None:
    """There is no rule to tell then, and the reason is translated."""
    finding = replace(DEMAND, rule_id="unjudgeable", label=Label.OTHER, sentence="", because="cannot be read (cap)")
    german = held_notice(replace(HELD, language="de", findings=(finding,)), PACK, WAYS, window_days=365).text
    assert "konnte hier nicht gelesen werden" in " ".join(german.split())


def test_headings_are_in_order() -> None:
    """One h1, then h2 only, inside one main: what a screen reader jumps through."""
    for notice in every_notice(HELD):
        levels = re.findall(r"<h(\d)", notice.html)
        assert ["1", *["2"] * (len(levels) - 1)] == levels
        assert 1 == notice.html.count("<main")


@pytest.mark.parametrize("palette", [DAY, NIGHT])
def test_every_pair_of_colours_has_contrast(palette: dict[str, tuple[str, str, str]]) -> None:
    """Text against its ground at least 4.5 to 1, also grey text on the page; edges 3 to 1 (WCAG 2.2, 1.4.3, 1.4.11)."""
    page = palette["page"][1]
    for name, (text, ground, edge) in palette.items():
        assert _contrast(text, ground) >= 4.5, name
        if name in ("quote", "sample"):
            assert _contrast(edge, page) >= 3, name


def _contrast(one: str, other: str) -> float:
    lights = sorted((_luminance(one), _luminance(other)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_an_answer_to_an_answer_is_threaded_under_both() -> None:
    """It answers the reply, and refers to the mail the story is about (RFC 5322 section 3.6.4)."""
    headers = dict(still_held_notice(HELD, PACK, WAYS, answer_to="<r1@corp.example>", window_days=365).headers)
    assert "<r1@corp.example>" == headers["In-Reply-To"]
    assert "<m1@corp.example> <r1@corp.example>" == headers["References"]
    assert "New banners" == headers["Thread-Topic"]


def test_the_words_for_answers_differ() -> None:
    """In each language the three commands are one word each, and no two mean the same anywhere."""
    meanings: dict[str, str] = {}
    for say in every_catalogue():
        for command in (WITHDRAW, DISPUTE, SEND):
            word = say.gettext(command)
            assert re.fullmatch(r"\w+", word)
            assert word.isupper()
            assert command == meanings.setdefault(word, command)


def test_the_band_of_a_note_that_can_be_answered_is_known_in_every_language() -> None:
    """It is another one than that of a note that cannot, in each language."""
    bands = {band_words(say, reply=True) for say in every_catalogue()}
    assert len(LANGUAGES) == len(bands)
    assert not bands & {band_words(say, reply=False) for say in every_catalogue()}


def test_several_held_mails_make_one_note() -> None:
    """Each with its subject, its first sentence, its rule and its own link; past 25 they are counted."""
    second = replace(HELD, subject="Party", findings=(REPEAT,))
    notice = digest_notice([HELD, second], PACK, [PAGE, Ways(link=f"{LINK}2")])
    assert "2 mails of yours have not been sent yet" == notice.subject
    for words in ("NEW BANNERS", "PARTY", LINK, f"{LINK}2", DEMAND.sentence, "Ask once"):
        assert words in notice.text
    assert "" == notice.reply_to
    many = digest_notice([HELD] * 30, PACK, [PAGE] * 30)
    assert "And 5 more." in many.text


def test_what_changed_is_told_when_it_went_out() -> None:
    """Sentences left out and new ones are shown; a mail sent as it was says so."""
    made = Changes(left_out=("Do it by Friday.",), put_in=("It is in the folder.",), subject="Banners, if you like")
    went = Went(to=HELD.rcpt_to)
    text = sent_notice(HELD, made, went).text
    for words in ("Do it by Friday.", "It is in the folder.", "Banners, if you like", "attachments included"):
        assert words in text
    assert "It went out as you wrote it." in sent_notice(HELD, Changes(), went).text
    lost = sent_notice(HELD, replace(made, lost=("The formatting becomes simple paragraphs.",)), went).text
    assert "simple paragraphs" in lost
    assert "attachments included" not in lost


def test_who_was_taken_off_is_told_when_it_went_out() -> None:
    """The count is of those who have it; who was taken off stands there by name, twenty of them at most; a mail that
    went to fewer did not go out as it was written."""
    off = [Path(text=f"person{number}@corp.example") for number in range(21)]
    text = sent_notice(HELD, Changes(), Went(to=[Path(text="dana@corp.example")], off=off[:2])).text
    assert "to 1 recipient." in text
    assert "person0@corp.example, person1@corp.example" in text
    assert "It went out as you wrote it" not in text
    assert "Everything else went out as you wrote it" in text
    assert "person20@" not in sent_notice(HELD, None, Went(to=HELD.rcpt_to, off=off)).text


def test_text_lines_are_short() -> None:
    """Plain text wraps at 76 columns."""
    assert all(len(line) <= 76 for notice in every_notice(HELD) for line in notice.text.split("\n"))


def test_nobody_is_accused() -> None:
    """The words of the notices blame nobody."""
    text = (FOLDER / "de.po").read_text("utf-8")
    said = " ".join(message for _, message in messages(text))
    assert not re.search(r"\b(violat|illegal|offen[cs]|forbid|breach|blocked|warning|you must|policy)", said, re.I)


def test_a_malformed_message_id_starts_no_thread() -> None:
    """Only a well-formed Message-ID is answered to (RFC 5322 section 3.6.4)."""
    for wrong in ("", "no-brackets@x", "<a b@x>", "<a@x>\r\nX: y", "<" + "a" * 300 + "@x>"):
        names = [name for name, _ in held_notice(replace(HELD, message_id=wrong), PACK, WAYS, window_days=365).headers]
        assert names == ["Auto-Submitted", "X-Auto-Response-Suppress", "Content-Language", "Thread-Topic"]


@given(st.text(max_size=200))
def test_any_subject_is_safe_in_html(subject: str) -> None:
    """Whatever the subject, the document has no tag of its making."""
    assert tags(held_notice(replace(HELD, subject=subject), PACK, WAYS, window_days=365).html) <= ALLOWED


ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "div", "main", "h1", "h2", "p", "blockquote", "a", "strong"),
}


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}


def _parsed(html: str) -> _Tags:
    parser = _Tags()
    parser.feed(html)
    return parser


def tags(html: str) -> set[str]:
    """Tags of a document."""
    return _parsed(html).tags


def attributes(html: str) -> set[str]:
    """Names of all attributes of a document."""
    return _parsed(html).names
