"""Revision: other words in the same mail, everything else byte for byte."""

import email
import email.policy
import html
import re
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.holds.alignment import visible
from gateway.holds.revision import NotEditable, editable_text, revise
from gateway.mail.message import walk
from gateway.mail.reading import read_text
from tests.holds import letters
from tests.holds.letters import EDITABLE, SEALED

OTHER_WORDS = "Hello, everyone – “grüße”\n\nThe banner is there if you ever want it. 你好\n\nMira Λ"


def parsed(raw: bytes) -> EmailMessage:
    """The mail as the standard library, which shares no code with us, reads it."""
    return email.message_from_bytes(raw, policy=email.policy.default)


def leaves(raw: bytes) -> list[EmailMessage]:
    """Its leaf parts in order; an attached message is one leaf."""
    found: list[EmailMessage] = []

    def visit(part: EmailMessage) -> None:
        if part.get_content_maintype() == "multipart":
            for child in part.iter_parts():
                visit(child)
        else:
            found.append(part)

    visit(parsed(raw))
    return found


def bodies(raw: bytes) -> list[str]:
    """The text of the plain and HTML parts that are not attachments."""
    texts = [part for part in leaves(raw) if part.get_content_type() in ("text/plain", "text/html")]
    return [part.get_content() for part in texts if part.get_filename() is None]


def authored(raw: bytes) -> str:
    """What a reader takes for the sender's words."""
    return read_text(walk(raw)).authored


@pytest.mark.parametrize("name", EDITABLE)
def test_unchanged_words_give_the_same_bytes(name: str) -> None:
    """The text of the edit box sent back unchanged, with a form's line ends, changes no byte."""
    raw = EDITABLE[name]
    shown = editable_text(raw)
    assert revise(raw, shown).raw is raw
    assert revise(raw, shown.replace("\n", "\r\n") + "\r\n").raw is raw
    assert revise(raw, None, None).raw is raw


def test_controls_are_neither_shown_nor_a_change() -> None:
    """P11: the edit box, and an answer by mail, hold no controls; left out of a text, they are no change of it."""
    raw = letters.BASE64[: letters.BASE64.index(b"\r\n\r\n") + 4]
    raw += letters._b64("Hello\x0c all,\n\nplease\x1b[1m put\x85 the\x00 banner up.\n")
    assert "Hello all,\n\nplease[1m put the banner up." == editable_text(raw)
    assert revise(raw, editable_text(raw)).raw is raw
    assert not re.search("[\x1b\x85]", bodies(revise(raw, "Hello all,\n\nplease\x1b put it up.\x85").raw)[0])


@pytest.mark.parametrize("name", EDITABLE)
def test_other_words_are_what_every_version_says(name: str) -> None:
    """After an edit each text version says the new words and nothing of the old ones."""
    raw = EDITABLE[name]
    old = [visible(line) for line in editable_text(raw).split("\n") if len(visible(line)) > 4]
    revised = revise(raw, OTHER_WORDS).raw
    said = visible(authored(revised)).replace("\u2022", "")  # in a list, the new words stand in the list
    said = said.removesuffix("Friday").removesuffix("Ann")  # a calendar entry keeps its title, a signature its name
    assert said == visible(OTHER_WORDS)
    whole = visible("".join(bodies(revised)))
    assert not [line for line in old if line in whole]
    box = re.sub(r"(?m)^\u2022\n\n|^\u2022 ", "", editable_text(revised))
    assert box.removesuffix("Ann").strip() == OTHER_WORDS


@pytest.mark.parametrize("name", EDITABLE)
def test_other_parts_keep_their_bytes(name: str) -> None:
    """Attachments, inline pictures, calendar entries and attached mails are byte for byte as they were."""
    raw = EDITABLE[name]
    revised = revise(raw, OTHER_WORDS).raw
    before, after = walk(raw), walk(revised)
    assert [part.content_type for part in before.parts] == [part.content_type for part in after.parts]
    for one, other in zip(before.parts, after.parts, strict=True):
        if one.content_type not in ("text/plain", "text/html"):
            assert raw[one.header_start : one.end] == revised[other.header_start : other.end]


@pytest.mark.parametrize("name", EDITABLE)
def test_headers_stay_but_for_signatures_and_content(name: str) -> None:
    """Every header field keeps its bytes and place, except broken signatures and how the content is encoded."""
    changing = (b"dkim-signature", b"content-type", b"content-transfer-encoding", b"mime-version")
    fields = re.compile(rb"[^\r\n][^\n]*(?:\n[ \t][^\n]*)*\n")

    def kept(raw: bytes) -> list[bytes]:
        head = raw[: raw.index(b"\r\n\r\n") + 2]
        return [found for found in fields.findall(head) if not found.lower().startswith(changing)]

    revised = revise(EDITABLE[name], OTHER_WORDS).raw
    assert kept(revised) == kept(EDITABLE[name])
    assert b"DKIM-Signature: v=1; a=rsa" not in revised
    assert parsed(revised).defects == []


def test_an_attached_mail_keeps_its_own_signature() -> None:
    """Only the signatures over the edited mail go, not those of a mail inside it."""
    assert b"DKIM-Signature: v=1; inner" in revise(letters.FORWARDED, OTHER_WORDS).raw


def test_quoted_mail_stays_below() -> None:
    """What was quoted stands behind the new words in both versions."""
    for raw in (letters.GMAIL, letters.OUTLOOK):
        for body in bodies(revise(raw, OTHER_WORDS).raw):
            assert visible(OTHER_WORDS.split("\n")[-1]) in visible(body)
            assert body.index("What about the banner?") > body.index("Mira Λ")


def test_unchanged_lines_keep_their_formatting() -> None:
    """An edit of one line leaves the look of all others, and inline pictures, as they were."""
    text = editable_text(letters.OUTLOOK).replace("by Friday.", "if you like.")
    page = bodies(revise(letters.OUTLOOK, text).raw)[1]
    assert '<span style="color:red">Dear all,<o:p></o:p></span>' in page
    assert 'src="cid:image001.png@01DA"' in page
    assert "if you like" in page
    assert "Friday" not in page.split("From:")[0]
    assert "<!--[if gte mso 9]><xml>x</xml><![endif]-->" in page


def test_what_is_lost_is_said() -> None:
    """An edit that costs formatting says so; one that costs none says nothing."""
    text = editable_text(letters.OUTLOOK)
    assert revise(letters.OUTLOOK, text.replace("by Friday", "some time")).lost
    assert not revise(letters.OUTLOOK, text.replace("Café at noon", "Lunch at one")).lost


def test_a_link_lives_on_when_its_words_do() -> None:
    """A changed line keeps its link where the linked word is still in it, so that artwork stays supplied."""
    text = editable_text(letters.GMAIL).replace("please put the new banner on your profile, it is here", "it is here")
    assert '<a href="https://corp.example/b.png">here</a>' in bodies(revise(letters.GMAIL, text).raw)[1]


def test_list_items_keep_one_bullet() -> None:
    """The bullet the edit box shows is the list's own and is not written a second time."""
    text = editable_text(letters.HTML_ONLY).replace("• Put it up", "• Or leave it")
    page = bodies(revise(letters.HTML_ONLY, text).raw)[0]
    assert "<li>Or leave it</li>" in page
    assert "<li>Take <b>one</b></li>" in page


@pytest.mark.parametrize("name", ["gmail-list", "outlook-list"])
def test_a_numbered_list_stands_once(name: str) -> None:
    """The plain version numbers what the page numbers by itself: the edit box shows the list once, and an edit of
    another sentence changes no other character of either version."""
    raw = EDITABLE[name]
    text = editable_text(raw)
    assert text.count("Budget is closed") == text.count("Rooms are open") == 1
    assert "1." not in text
    revised = revise(raw, text.replace("on your profile", "wherever you like"))
    assert revised.lost == ()
    for old, new in zip(bodies(raw), bodies(revised.raw), strict=True):
        assert new == re.sub(r"on\s+your profile", "wherever you like", old)


def test_the_plain_version_keeps_what_is_its_own() -> None:
    """Stars, addresses of links, names of pictures and the signature of the plain version stay where the edit was
    elsewhere, whatever the page says in their place; nothing is lost."""
    for name in ("signed-in-bold", "other-picture-names"):
        raw = EDITABLE[name]
        revised = revise(raw, editable_text(raw).replace("lease put the new banner on", "lease look at"))
        assert bodies(revised.raw)[0] == re.sub(r"lease put the new banner on", "lease look at", bodies(raw)[0])
        assert revised.lost == ()


def test_a_list_item_put_in_has_the_mark_of_its_version() -> None:
    """A new item stands numbered in the plain version; one that goes takes its number along."""
    text = editable_text(letters.OUTLOOK_LIST)
    plain = bodies(revise(letters.OUTLOOK_LIST, text.replace("\u2022 Budget is closed\n", "")).raw)[0]
    assert plain == bodies(letters.OUTLOOK_LIST)[0].replace("  1.  Budget is closed\r\n", "")
    more = text.replace("Rooms are open\n", "Rooms are open\n\u2022 Meals are not\n")
    assert "     *   Meals are not" in bodies(revise(letters.OUTLOOK_LIST, more).raw)[0]


def test_words_of_one_version_alone_are_told() -> None:
    """Where the changed sentence has other words in the plain version, they go with it and the person is told; all
    other sentences of that version stay."""
    raw = letters.SIGNED_IN_BOLD.replace(b"profile, as I asked", b"profile in the minutes, as I asked", 1)
    text = editable_text(raw)
    revised = revise(raw, text.replace(text[text.index("Please") : text.index("See the")].strip(), "Look at it."))
    assert "in the minutes" not in bodies(revised.raw)[0]
    assert "<https://corp.example/plan>" in bodies(revised.raw)[0]
    assert any("words of its own" in sentence for sentence in revised.lost)


def test_a_line_taken_out_leaves_no_gap() -> None:
    """A removed line takes its line break and its empty wrappers with it."""
    text = editable_text(letters.HTML_ONLY).replace("Second\n", "").replace("• Take one\n", "")
    page = bodies(revise(letters.HTML_ONLY, text).raw)[0]
    assert "<p>First<br>Third</p>" in page
    assert page.count("<li>") == 1


def test_new_words_are_never_markup() -> None:
    """Words that look like HTML stay words."""
    page = bodies(revise(letters.GMAIL, "<script>alert(1)</script> & <b>so on").raw)[1]
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;so on" in page
    assert "<script" not in page


def test_answers_between_quotes_stay_where_they_are() -> None:
    """In a mail with answers between quoted lines an edit of one answer moves none of them."""
    text = editable_text(letters.INTERLEAVED).replace("By Friday, please.", "Whenever you like.")
    body = bodies(revise(letters.INTERLEAVED, text).raw)[0]
    assert body.splitlines() == [
        "Answers below.",
        "",
        "> Who has the banner?",
        "",
        "Omar has it.",
        "",
        "> When is it due?",
        "",
        "Whenever you like.",
        "",
        "-- ",
        "Mira Lind",
    ]


def test_a_part_nobody_touched_keeps_its_bytes() -> None:
    """Of a mail written in two pieces around a picture only the edited piece changes."""
    text = editable_text(letters.APPLE).replace("Put it up, please.", "Take it if you like.")
    revised = revise(letters.APPLE, text).raw
    first = letters.APPLE[letters.APPLE.index(b"--Apple") : letters.APPLE.index(b"Content-Disposition")]
    assert first in revised
    assert b"Take it if you like." in revised


def test_the_charset_stays_where_it_can_say_the_words() -> None:
    """ISO-8859-1 and ISO-2022-JP stay when they suffice and become UTF-8 when they do not."""
    for raw, fitting in ((letters.LATIN_1, "Voilà"), (letters.ISO_2022_JP, "どうぞ")):
        kept, changed = leaves(revise(raw, fitting).raw)[0], leaves(revise(raw, f"{fitting} 🎨 ½").raw)[0]
        assert kept.get_content_charset() == leaves(raw)[0].get_content_charset()
        assert kept.get_content().strip() == fitting
        assert changed.get_content_charset() == "utf-8"
        assert changed.get_content().strip() == f"{fitting} 🎨 ½"


def test_html_names_its_new_charset() -> None:
    """A document that says it is ISO-8859-1 says UTF-8 once it is."""
    page = bodies(revise(letters.OUTLOOK, OTHER_WORDS).raw)[1]
    assert "charset=utf-8" in page
    assert "charset=iso-8859-1" not in page


def test_flowed_text_is_stuffed_and_stays_flowed() -> None:
    """New lines in format=flowed are fixed and space-stuffed, so that a ">" of the sender is no quote (RFC 3676)."""
    revised = revise(letters.FLOWED, "> mine, not a quote \nFrom here on").raw
    part = leaves(revised)[0]
    assert part.get_param("format") == "flowed"
    lines = part.get_content().splitlines()
    assert lines[:2] == [" > mine, not a quote", " From here on"]
    assert "> a quoted paragraph that flows " in lines


def test_a_line_like_a_delimiter_ends_no_part() -> None:
    """Words that equal the MIME boundary stay words."""
    revised = revise(letters.GMAIL, "Look:\n--000000000000a1b2--\n--000000000000a1b2\nend").raw
    assert len(leaves(revised)) == 2
    assert "--000000000000a1b2--" in bodies(revised)[0]


def test_long_lines_are_folded_in_the_encoding() -> None:
    """A paragraph of 5,000 characters crosses as lines of at most 998 octets (RFC 5322 section 2.1.1)."""
    words = "word " * 1000
    revised = revise(letters.PLAIN, words).raw
    assert max(map(len, revised.split(b"\r\n"))) <= 998
    assert bodies(revised)[0].split() == words.split()


@pytest.mark.parametrize(
    "subject", ["Artwork for whoever likes it", "Grüße – 你好 " * 20, "one\r\nBcc: x@evil.example\u2028"]
)
def test_the_subject_changes_alone(subject: str) -> None:
    """Another subject replaces the old one on one logical line and leaves the body byte for byte."""
    revised = revise(letters.OUTLOOK, None, subject).raw
    assert parsed(revised)["subject"] == " ".join(subject.split())
    assert parsed(revised)["bcc"] is None
    assert revised[walk(revised).header_end :] == letters.OUTLOOK[walk(letters.OUTLOOK).header_end :]


@pytest.mark.parametrize("name", SEALED)
def test_sealed_mail_is_not_edited(name: str) -> None:
    """Signed and encrypted mail and mail without text is refused with a sentence for its sender."""
    with pytest.raises(NotEditable) as refused:
        revise(SEALED[name], "Other words")
    assert refused.value.reason.startswith("This mail")
    assert refused.value.reason.endswith("send it anew.")


def test_hidden_words_do_not_survive_as_the_senders() -> None:
    """A document whose text cannot be followed is rebuilt, and nothing that was taken out is left in it."""
    html = "<div>" * 6000 + "You must put it up<img alt='by Friday or else' src='cid:x'>" + "</div>" * 6000
    raw = (letters.HEAD + "Content-Type: text/html; charset=utf-8\r\n\r\n").encode() + html.encode() + b"\r\n"
    revision = revise(raw, "Take it if you like.")
    assert visible(authored(revision.raw)) == "Takeitifyoulike."
    assert "must" not in bodies(revision.raw)[0]
    assert revision.lost == ("The formatting becomes simple paragraphs.",)


def test_alternative_text_taken_out_is_gone() -> None:
    """Words that only an image's alternative text says are words too: taken out of the box, they leave the mail."""
    html = '<p>Hello</p><p><img src="cid:a" alt="Everybody must post this"></p><p>Bye</p>'
    raw = (letters.HEAD + "Content-Type: text/html; charset=utf-8\r\n\r\n").encode() + html.encode() + b"\r\n"
    assert "must post" in editable_text(raw)
    revised = revise(raw, "Hello\n\nBye").raw
    assert "must post" not in bodies(revised)[0]
    assert "cid:a" in bodies(revised)[0]


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"]), max_size=60)


@given(st.lists(words, min_size=1, max_size=8), st.sampled_from(sorted(EDITABLE)))
@settings(max_examples=150, deadline=None)
def test_any_words_can_be_put_in(lines: list[str], name: str) -> None:
    """Whatever a person types, the result is one well-formed mail with the same parts, and it reads back to itself."""
    raw = EDITABLE[name]
    revised = revise(raw, "\n".join(lines)).raw
    assert [part.content_type for part in walk(revised).parts] == [part.content_type for part in walk(raw).parts]
    assert revise(revised, editable_text(revised)).raw is revised
    assert revised.isascii() or name in ("reply", "interleaved")
    said = [visible(shown(part)) for part in leaves(revised) if part.get_content_type() in ("text/plain", "text/html")]
    typed = [visible(line).removeprefix("\u2022") for line in lines]
    assert all(any(line in body for body in said) for line in typed)


def shown(part: EmailMessage) -> str:
    """A text part without its tags."""
    text = part.get_content()
    return html.unescape(re.sub("<[^>]*>", "", text)) if part.get_content_type() == "text/html" else text
