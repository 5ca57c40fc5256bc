"""What an answer to a notice means, as people and their programs write it."""

import email.message
import email.policy
import textwrap
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.holds.answer import (
    EMPTY,
    GOES_ON,
    INSTRUCTION,
    LONG_WITHDRAWAL,
    NO_REASON,
    STRANGE,
    Meaning,
    answer_of,
    own_words,
)
from gateway.holds.notice import band_words
from gateway.holds.revision import editable_text, revise
from gateway.language.catalogue import every_catalogue
from tests.holds.letters import ENCRYPTED, SIGNED

HELD = (
    b"From: mira@corp.example\r\nSubject: Banners\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    b"Hi all,\r\n\r\neverybody must put the new banner on their own LinkedIn profile by Friday.\r\n\r\nMira\r\n"
)
MARKED = ["everybody must put the new banner on their own LinkedIn profile by Friday."]
WORDING = "The artwork is kept in the brand folder for whoever may want it."
NEW = "Hi all,\n\nthe new banner is in the brand folder, for whoever wants it.\n\nMira"
BAND = "A note from your mail gateway. Write your answer above this line."


def letter(text: str, *, html: str = "") -> bytes:
    """An answer with this text, or with text and HTML."""
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"] = "mira@corp.example"
    message["Subject"] = "Re: Not sent yet: Banners"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


def meant(text: str, **more: str) -> tuple[Meaning, str]:
    """Meaning and text of an answer."""
    found = answer_of(letter(text, **more), HELD, [WORDING], MARKED)
    return found.meaning, found.text


QUOTED = "\n".join(f"> {line}" for line in (f"--- {BAND} ---", "", 'Your mail "Banners" to 3 recipients', "has not"))


@pytest.mark.parametrize(
    "below",
    [
        "",
        f"\n\nOn Tue, 3 Mar 2026 at 10:00, Mail gateway <askonce+abc@corp.example> wrote:\n{QUOTED}",
        f"\n\nAm Di., 3. März 2026 um 10:00 Uhr schrieb E-Mail-Gateway <askonce@corp.example>:\n\n{QUOTED}",
        f"\n\nLe mar. 3 mars 2026 à 10:00, Passerelle <askonce@corp.example> a écrit :\n\n{QUOTED}",
        f"\n\nEl mar, 3 mar 2026 a las 10:00, Pasarela (<askonce@corp.example>) escribió:\n\n{QUOTED}",
        "\n\n-----Original Message-----\nFrom: Mail gateway <askonce@corp.example>\nSent: Tuesday, 3 March 2026 10:00\n"
        f"To: Mira\nSubject: Not sent yet: Banners\n\n--- {BAND} ---\n\nYour mail",
        "\n\nVon: E-Mail-Gateway <askonce@corp.example>\nGesendet: Dienstag, 3. März 2026 10:00\nAn: Mira\n"
        "Betreff: Noch nicht gesendet\n\nIhre Nachricht",
        f'\n\n{BAND}\n\nYour mail "Banners" has not been sent yet.',
        "\n\n--- A note from your mail gateway. Write your answer\nabove this line. ---\n\nYour mail",
        f"\n\n-- \nMira Holt\nHead of Things\n+44 20 7946 0000\n\n{QUOTED}",
        "\n\nSent from my iPhone",
    ],
)
def test_the_quoted_notice_is_cut_off(below: str) -> None:
    """Whatever program quotes it, marked or not, in any language, only what stands above it is the new text."""
    assert (Meaning.TEXT, NEW) == meant(NEW + below)


@pytest.mark.parametrize("say", every_catalogue(), ids=lambda say: say.language)
def test_an_unmarked_quote_is_known_by_our_first_line_in_each_language(say) -> None:  # type: ignore[no-untyped-def]
    """The line above which answers are written is where the answer ends."""
    assert NEW == own_words(letter(f"{NEW}\n\n{band_words(say, reply=True)}\n\nmore words of ours"))


def test_a_reply_below_the_quote_is_read() -> None:
    """Who answers below gets read all the same."""
    assert (Meaning.TEXT, NEW) == meant(f"{QUOTED}\n\n{NEW}")


def test_html_is_read_like_text() -> None:
    """A reply from a program that writes HTML: its own words, without the quoted notice in its own markup."""
    html = (
        "<html><body><p>Hi all,</p><p>the new banner is in the brand folder, for whoever wants it.</p><p>Mira</p>"
        '<div class="gmail_quote"><div>On Tuesday Mail gateway wrote:</div>'
        f"<blockquote><p>{BAND}</p><h1>Your mail</h1></blockquote></div></body></html>"
    )
    kind, text = meant(f"{NEW}\n\n{QUOTED}", html=html)
    assert Meaning.TEXT is kind
    assert [line for line in NEW.split("\n") if line] == [line for line in text.split("\n") if line]


@pytest.mark.parametrize(
    "text",
    ["WITHDRAW", "withdraw", "Withdraw.", "*WITHDRAW*", "WITHDRAW\n\nI will write it anew, thanks.", "Zurückziehen",
     "ZURUCKZIEHEN", "retirer", "RETIRAR", "WITHDRAW\n\n-- \nMira"],
)  # fmt: skip
def test_withdraw_in_every_language(text: str) -> None:
    """Alone on the first line, in any letter case, with or without accents."""
    assert Meaning.WITHDRAW is meant(f"{text}\n\n{QUOTED}")[0]


@pytest.mark.parametrize(
    "text",
    ["ZURUECKZIEHEN", "zurueckziehen!", "Zurueckziehen.", "ZURU\u0308CKZIEHEN", "zurückziehen…", "Zurückziehen!!",
     "_WITHDRAW_", "__ZURÜCKZIEHEN__", "**Retirer**", "« RETIRER »", "Retirer\u00a0!", "“retirar”.", "¡Retirar!",
     "\u200bWITHDRAW", "ＷＩＴＨＤＲＡＷ", "WITHDRAW 👍"],
)  # fmt: skip
def test_withdraw_as_people_and_keyboards_write_it(text: str) -> None:
    """Umlauts spelled out or composed of two, the signs around a word that is bold, quoted or shouted."""
    assert Meaning.WITHDRAW is meant(f"{text}\n\n{QUOTED}")[0]


@pytest.mark.parametrize("word", ["ZURUECKZIEHEN", "Zurückziehen!", "retirer.", "WITHDRAW"])
@pytest.mark.parametrize(
    "shown", ["<p><b>{}</b></p>", "<div><strong>{}</strong><br></div>", "<h1>\u00a0<i>{}</i></h1>"]
)
def test_a_command_in_bold(word: str, shown: str) -> None:
    """HTML alone, whatever stands around the word."""
    raw = letter("").replace(b"text/plain", b"text/html") + shown.format(word).encode()
    assert Meaning.WITHDRAW is answer_of(raw, HELD).meaning


@pytest.mark.parametrize(
    "word",
    ["anfechten", "Anfechten:", "CONTESTER", "contestar", "objetar,", "Contester\u00a0:", "DISPUTE –", "widersprechen"],
)
def test_dispute_is_known_by_other_words_for_it(word: str) -> None:
    """Also by the verb where the note has the noun."""
    assert (Meaning.DISPUTE, "it is our own page") == meant(f"{word} it is our own page")


@pytest.mark.parametrize("word", ["SEND", "senden", "Envoyer", "ENVIAR", "enviar.", "**Send**"])
def test_send_in_every_language(word: str) -> None:
    """In any letter case and any signs around it."""
    assert (Meaning.TEXT, "Lunch is at noon.") == meant(f"{word}\n\nLunch is at noon.")


@pytest.mark.parametrize(
    "text",
    ["Retirer la deuxième phrase, s'il vous plaît", "Retirer\u00a0?", "WITHDRAW please, I will write it anew",
     "Withdraw?", "Zurückziehen möchte ich das nicht.", "ZURÜCKZIEHEN NEIN", "Retirar la segunda frase",
     "Retirar a segunda frase, por favor\n\nMira", "Retirer-la", "SEND IT ON MONDAY", "Send lunch up at noon",
     "SENDEN Lunch is at noon.", "Envoyer plutôt lundi", "Enviar el lunes", "SEND ?",
     "Send it without the Friday: Hi all, everybody must put the new banner on their own LinkedIn profile"],
)  # fmt: skip
def test_a_sentence_that_begins_with_a_command_is_none(text: str) -> None:
    """The mail is neither taken back nor sent: its writer is asked, and shown what was read."""
    found = answer_of(letter(f"{text}\n\n{QUOTED}"), HELD)
    assert (Meaning.UNCLEAR, text, GOES_ON) == (found.meaning, found.text, found.why)


@pytest.mark.parametrize("word", ["DISPUTE", "Dispute:", "WIDERSPRUCH", "contester", "Objetar", "CONTESTAR -"])
def test_dispute_takes_the_rest_as_its_reason(word: str) -> None:
    """All that follows the word, on one line."""
    assert (Meaning.DISPUTE, "it is about our own page, not theirs.") == meant(
        f"{word} it is about our own\npage, not theirs.\n\n{QUOTED}"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", EMPTY),
        (QUOTED, EMPTY),
        ("DISPUTE", NO_REASON),
        ("DISPUTE?", NO_REASON),
        ("SEND", EMPTY),
        ("Withdraw\n\nThe old banner from the folder, and then let us all think about what to do with it next.",
         LONG_WITHDRAWAL),
        ("What does this mean? Who decides about that?", STRANGE),
        ("Thanks, will do!", STRANGE),
        ("ok", STRANGE),
    ],
)  # fmt: skip
def test_in_doubt_nothing_is_done(text: str, why: str) -> None:
    """Nothing above the quote, a command half given, a question to us: none of it is anybody's new text."""
    found = answer_of(letter(text), HELD, [WORDING], MARKED)
    assert (Meaning.UNCLEAR, why) == (found.meaning, found.why)


def test_send_makes_any_text_the_new_one() -> None:
    """Who means it says so."""
    assert (Meaning.TEXT, "Lunch is at noon.") == meant("SEND\nLunch is at noon.")
    assert (Meaning.TEXT, "- Lunch is at noon.") == meant("Senden:\n\n- Lunch is at noon.")


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    """Any text has a meaning, and it is never longer than what was written."""
    raw = HELD.replace(b"Hi all,", text.encode("utf-8", "replace"))
    assert len(answer_of(raw, HELD).text) <= len(text) + len(HELD)


@pytest.mark.parametrize("run", [" ", "\t", "-", ">", "-_", " >", "- ", "\n", "\n ", "\n> ", "\n-"])
@pytest.mark.parametrize("end", ["x", ""])
def test_no_run_of_signs_makes_an_answer_slow(run: str, end: str) -> None:
    """Tens of thousands of the characters that are cut off at the end are read within a generous bound."""
    raw = HELD.partition(b"\r\n\r\n")[0] + b"\r\n\r\nHello\r\n"
    raw += (run * (40_000 // len(run)) + end).replace("\n", "\r\n").encode() + b"\r\n"
    begun = time.process_time()
    answer_of(raw, HELD)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("below", ["\n> \n>", "\n--- ", "\n \n__\n", "\n>_\t\n* *\n"])
def test_lines_of_mere_signs_at_the_end_are_no_text(below: str) -> None:
    """What a program draws between an answer and what it quotes is cut off."""
    assert NEW == own_words(letter(f"{NEW}{below}\n{BAND}\n\nmore words of ours"))


@pytest.mark.parametrize(
    "text",
    ["Please leave out the sentence about the new banner on LinkedIn", "Just take the second paragraph out.",
     "Delete the new banner on their own LinkedIn profile by Friday", "Could you please remove that sentence?",
     "Hi, please drop the LinkedIn part\n\nMira", "Bitte den zweiten Satz weglassen", "Streichen Sie bitte den Satz.",
     "Lassen Sie den Satz bitte weg", "Einfach den Absatz herausnehmen, danke", "Können Sie den Satz löschen?",
     "Merci de supprimer la deuxième phrase", "Supprimez la phrase s'il vous plaît", "Veuillez enlever cette phrase",
     "Por favor, quite la segunda frase", "Elimine la frase del banner", "¿Puede borrar la frase?",
     "Por favor remova a segunda frase", "Pode apagar essa frase?", "Tire a frase, por favor"],
)  # fmt: skip
def test_an_instruction_to_us_is_no_new_text(text: str) -> None:
    """In five languages, and however many words of the mail it repeats."""
    found = answer_of(letter(text), HELD, [WORDING], MARKED)
    assert (Meaning.UNCLEAR, INSTRUCTION) == (found.meaning, found.why)


@pytest.mark.parametrize(
    "first",
    ["Please remove your shoes before the tour.", "Please find the minutes attached.", "Just so you know, lunch is on.",
     "Hi all,", "Bitte beachten Sie die neuen Zeiten.", "Merci de votre aide.", "Por favor, lean el acta."],
)  # fmt: skip
def test_a_first_line_of_the_mail_is_no_instruction(first: str) -> None:
    """What the mail itself said, and what asks for nothing to be left out."""
    held = HELD.replace(b"Hi all,", first.encode())
    text = NEW.replace("Hi all,", first)
    assert (Meaning.TEXT, text) == (lambda one: (one.meaning, one.text))(answer_of(letter(text), held, (), MARKED))


REPORT = (
    "Hi all,\n\nthe numbers for October are in.\n\n{}\n\nThe minutes are in the usual folder, and lunch is at noon.\n"
)


def report(text: str, marked: str = MARKED[0]) -> tuple[Meaning, str]:
    """Meaning and text of an answer about a mail that says other things as well."""
    found = answer_of(letter(text), letter(REPORT.format(marked)), [WORDING], [marked])
    return found.meaning, found.text


@pytest.mark.parametrize("drawn", ["{}", '"{}"', "*{}*", "„{}“", "«\u00a0{}\u00a0»"])
@pytest.mark.parametrize(
    "wording",
    [WORDING, "The artwork is kept in the brand\nfolder for whoever may want it.",
     "The artwork is kept in the shared folder for whoever may want it."],
)  # fmt: skip
def test_a_wording_alone_stands_where_the_held_sentence_stood(wording: str, drawn: str) -> None:
    """As the notice proposes it, or with a word changed, wrapped, in quotation marks: the sender's words are put in."""
    kind, text = report(drawn.format(wording))
    assert Meaning.TEXT is kind
    assert REPORT.format(" ".join(wording.split())).split() == text.split()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (REPORT.format("The banner is in the folder."), Meaning.TEXT),
        (REPORT.format(""), Meaning.TEXT),
        ("Hi all,\n\nthe numbers for October are in. Lunch is at noon, and the minutes are in the usual folder.",
         Meaning.TEXT),
        (f"Hi all,\n\n{WORDING}\n\nMira", Meaning.UNCLEAR),
        (f"{WORDING} Thanks!", Meaning.UNCLEAR),
        ("Everybody can find the new banner for their own LinkedIn profile in the folder.", Meaning.UNCLEAR),
        ("The numbers for October are in.", Meaning.UNCLEAR),
    ],
)  # fmt: skip
def test_a_new_text_keeps_most_of_what_else_the_mail_says(text: str, kind: Meaning) -> None:
    """About half of it: less is shown to its writer before it goes to everybody."""
    assert kind is report(text)[0]


def test_a_paragraph_that_was_only_wrapped_is_the_same_paragraph() -> None:
    """Mail programs wrap what is typed at 72 columns; what was not touched keeps its bold words and its lines."""
    said = "the <b>numbers</b> for October are in, and they look better than anybody expected at the start of the year"
    page = (
        f"<html><body><p>Hi all,</p><p>{said}.</p><p>{MARKED[0]}</p><p>Lunch is at noon.</p><p>Mira</p></body></html>"
    )
    held = letter(page).replace(b"text/plain", b"text/html")
    shown = editable_text(held)
    new = shown.replace(MARKED[0], "The banner is in the folder.")
    wrapped = "\n".join(textwrap.fill(line, 72) if line else line for line in new.split("\n"))
    assert wrapped != new
    found = answer_of(letter(wrapped), held, (), MARKED)
    assert (Meaning.TEXT, new) == (found.meaning, found.text)
    sent = email.message_from_bytes(revise(held, found.text).raw, policy=email.policy.default).get_content()
    assert said in sent.replace("\n", " ")


@pytest.mark.parametrize("sealed", [SIGNED, ENCRYPTED])
@pytest.mark.parametrize("text", ["ok", NEW, f"SEND\n{NEW}", "Please leave it out."])
def test_a_text_for_a_mail_that_cannot_be_changed_is_never_asked_about(sealed: bytes, text: str) -> None:
    """It is put in, which says why that cannot be, instead of being asked for another time."""
    assert Meaning.TEXT is answer_of(letter(text), sealed).meaning
