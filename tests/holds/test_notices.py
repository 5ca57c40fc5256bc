"""Notices: what a sender reads, and that nothing hostile in a mail reaches beyond its words."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.holds.hold import EarlierAsk, HeldMail
from gateway.holds.notices import (
    Notice,
    Refusal,
    advise_notice,
    bounce_notice,
    expired_notice,
    granted_notice,
    grounds,
    held_notice,
    upheld_notice,
)
from gateway.holds.words import ENGLISH, words
from gateway.mail.compose import compose
from gateway.mail.envelope import Path
from gateway.mail.message import walk
from gateway.policy.labels import Favour, Label, Mode
from gateway.policy.pack import ASKED_BEFORE, Pack, Rule
from gateway.policy.verdict import Finding

LINK = "https://review.corp.example/h/secret"
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

If you do nothing, it comes back to you on 12 June 2026 and reaches nobody.

This note was written by the mail gateway and sent to you alone.
"""


def every_notice(held: HeldMail) -> list[Notice]:
    """One of each kind about this mail."""
    note = f"{held.subject} {held.findings[0].sentence}"
    return [
        held_notice(held, PACK, LINK),
        advise_notice(subject=held.subject, message_id=held.message_id, window_days=365),
        expired_notice(held, PACK),
        bounce_notice(held, [Refusal(recipient=note, code=550, text=note)], others_got_it=False),
        bounce_notice(held, [Refusal(recipient="omar@corp.example")], others_got_it=True, late_hours=48),
        granted_notice(held, note),
        upheld_notice(held, PACK, note, now=HELD_AT),
        upheld_notice(held, PACK, note, now=held.expires_at),
    ]


def hostile(subject: str) -> HeldMail:
    """A held mail whose every word comes from somebody who means harm."""
    finding = replace(DEMAND, sentence=subject, because=subject)
    earlier = replace(HELD.earlier[0], subject=subject)
    return replace(HELD, subject=subject, message_id=subject, findings=(finding,), earlier=(earlier,))


def test_the_golden_notice() -> None:
    """A busy manager reads what waits, which sentence, why, the earlier ask, what to do and until when."""
    notice = held_notice(replace(HELD, findings=(DEMAND,)), PACK, LINK)
    assert notice.subject == "Not sent yet: New banners"
    assert notice.text == GOLDEN


def test_one_notice_names_all_reasons_strictest_first() -> None:
    """Two rules make one notice: the stricter in full, the other in short, below."""
    notice = held_notice(HELD, PACK, LINK)
    assert [ground.title for ground in grounds(HELD.findings, PACK)] == ["A favour is never a duty", "Ask once"]
    assert notice.text.index("A favour is never a duty") < notice.text.index("ALSO") < notice.text.index("Ask once")
    assert notice.text.count("WHAT STOPPED IT") == 1


def test_no_other_words_for_asking_where_it_was_asked_before() -> None:
    """Where memory found an earlier ask, no wording of a new ask is suggested: it would be held again."""
    notice = held_notice(HELD, PACK, LINK)
    assert PACK.rules["demand"].fix not in notice.text
    assert "making new artwork available to everyone is fine" in " ".join(notice.text.split())
    assert PACK.rules["demand"].fix in held_notice(replace(HELD, findings=(DEMAND,)), PACK, LINK).text


def test_a_colleagues_ask_is_told_without_name_or_subject() -> None:
    """Somebody else's earlier ask is shown with its date only."""
    other = replace(HELD.earlier[0], asker="omar@corp.example")
    notice = held_notice(replace(HELD, earlier=(other,)), PACK, LINK)
    assert "A colleague asked this group on 3 March 2026." in notice.text
    for text in (notice.text, notice.html):
        assert "Spring banner" not in text
        assert "omar" not in text


def test_ones_own_ask_is_shown_before_a_colleagues() -> None:
    """Where memory found several earlier asks, the sender's own is the one that is shown."""
    other = replace(HELD.earlier[0], asker="omar@corp.example", at=HELD_AT)
    notice = held_notice(replace(HELD, earlier=(other, *HELD.earlier)), PACK, LINK)
    assert "You asked this group on 3 March 2026" in notice.text


def test_without_page_there_is_no_link() -> None:
    """A site without review page tells what to do instead of giving a dead link."""
    notice = held_notice(HELD, PACK, "")
    assert "Write it anew without the words above" in notice.text
    assert "href" not in notice.html


def test_a_rule_that_is_gone_from_the_pack_still_speaks() -> None:
    """A finding of a rule the pack no longer has shows its sentence and its own reason."""
    notice = held_notice(replace(HELD, findings=(replace(DEMAND, rule_id="gone"),)), PACK, LINK)
    assert DEMAND.sentence in notice.text
    assert "It sets a deadline." in notice.text


def test_nothing_is_said_twice() -> None:
    """A finding whose reason is the rule's own is told once."""
    finding = replace(DEMAND, because="Personal accounts belong to their owners, so people must be free to say no.")
    notice = held_notice(replace(HELD, findings=(finding,)), PACK, LINK)
    assert " ".join(notice.text.split()).count("Personal accounts belong to their owners") == 1


def test_unknown_languages_fall_back() -> None:
    """A language without catalogue is answered in English."""
    assert words("tlh-Latn") is ENGLISH
    assert words("EN-gb") is ENGLISH


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
        )
        names = [name for name, _ in walk(raw).headers]
        assert "bcc" not in names
        assert "\n" not in notice.subject
        assert len(notice.subject) < 250
        assert not re.search(r"[\x00-\x09\x0b-\x1f\u2028\u2029\u202a-\u202e\u2066\u2067\ud800-\udfff]", notice.text)
        assert tags(notice.html) <= ALLOWED
        assert all("on" not in name[:2] for name in attributes(notice.html))


def test_a_right_to_left_subject_is_isolated() -> None:
    """A Hebrew subject cannot reorder the English words around it."""
    notice = held_notice(replace(HELD, subject="תמונות חדשות"), PACK, LINK)
    assert "\u2068תמונות חדשות\u2069" in notice.text


def test_html_asks_nothing_of_any_server() -> None:
    """The HTML has a language, inline styles only, and no address but the link."""
    for notice in every_notice(HELD):
        assert '<html lang="en">' in notice.html
        assert set(re.findall(r"https?://[^\s\"'<]+", notice.html)) <= {LINK}
        assert not re.search(r"<(img|script|link|style|iframe|form)|url\(|@import", notice.html)
        assert 'name="viewport"' in notice.html


def test_text_lines_are_short() -> None:
    """Plain text wraps at 76 columns."""
    assert all(len(line) <= 76 for notice in every_notice(HELD) for line in notice.text.split("\n"))


def test_nobody_is_accused() -> None:
    """The words of the catalogue blame nobody."""
    said = " ".join(value for name in ENGLISH.__slots__ if isinstance(value := getattr(ENGLISH, name), str))
    assert not re.search(r"\b(violat|illegal|offen[cs]|forbid|breach|blocked|warning|you must|policy)", said, re.I)


def test_a_malformed_message_id_starts_no_thread() -> None:
    """Only a well-formed Message-ID is answered to (RFC 5322 section 3.6.4)."""
    for wrong in ("", "no-brackets@x", "<a b@x>", "<a@x>\r\nX: y", "<" + "a" * 300 + "@x>"):
        names = [name for name, _ in held_notice(replace(HELD, message_id=wrong), PACK, LINK).headers]
        assert names == ["Auto-Submitted", "X-Auto-Response-Suppress"]


@given(st.text(max_size=200))
def test_any_subject_is_safe_in_html(subject: str) -> None:
    """Whatever the subject, the document has no tag of its making."""
    assert tags(held_notice(replace(HELD, subject=subject), PACK, LINK).html) <= ALLOWED


ALLOWED = {"html", "head", "meta", "title", "body", "div", "h1", "h2", "p", "blockquote", "a"}


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
