"""The name below a new text: kept once, whether the mail's signature has it or only the new words do."""

import email
import email.policy

import pytest

from gateway.holds.answer import Meaning, answer_of
from gateway.holds.revision import editable_text
from gateway.holds.unseen import revised
from tests.web.desk import letter

SAID = "Hi all,\n\nthe numbers are in.\n\nPut the banner on your profile by Friday.\n\n{}"
NEW = "Hi all,\n\nthe numbers are in.\n\nThe banner is in the folder.\n\n{}"
CARD = "\n\n-- \nAnn Fields\nHead of Marketing, Corp Ltd\n"
MARKED = ["Put the banner on your profile by Friday."]


def sent(held: str, text: str) -> str:
    """What a held mail says after the edit."""
    revision = revised(letter(held, attachments=()), text, None, 100_000)
    said = email.message_from_bytes(revision.raw, policy=email.policy.default).get_content()
    return str(said).replace("\r\n", "\n").strip()


def answered(held: str, text: str) -> str:
    """What it says after this answer."""
    raw = letter(held, attachments=())
    found = answer_of(letter(text, attachments=()), raw, (), MARKED)
    assert Meaning.TEXT is found.meaning
    return sent(held, found.text)


@pytest.mark.parametrize("card", ["", CARD])
@pytest.mark.parametrize(
    "closing", ["Thanks so much,\nAnn", "Viele Grüße\nAnn", "Best,\n\nAnn", "Best,\nAnn\nMarketing"]
)
def test_a_name_typed_again_is_not_doubled(closing: str, card: str) -> None:
    """The edit box ends above the name; whoever adds it all the same signs once, on the page and by answer."""
    held = SAID.format(closing) + card
    assert not editable_text(letter(held, attachments=())).endswith("Ann")
    wanted = (NEW.format(closing) + card).strip()
    assert wanted == sent(held, NEW.format(closing))
    assert wanted == answered(held, NEW.format(closing))
    name = closing.partition("\n")[2]
    assert (NEW.format(name) + card).split() == answered(held, NEW.format(name)).split()


@pytest.mark.parametrize("card", ["", CARD])
@pytest.mark.parametrize("closing", ["Best,\nAnn", "Ann", "Mit freundlichen Grüßen\nAnn Fields", "Saludos,\n\nAnn"])
@pytest.mark.parametrize("had", ["", "Ann"])
def test_a_name_where_the_mail_had_none_below_a_closing_stays(had: str, closing: str, card: str) -> None:
    """An answer with a closing of its own is signed, too."""
    held = SAID.format(had).rstrip() + card
    assert (NEW.format(closing) + card).split() == answered(held, NEW.format(closing)).split()


def test_a_last_line_that_is_like_the_name_stays_as_it_was() -> None:
    """Words that stood there before are not taken for a name typed again."""
    held = "Hi all,\n\nput the banner up.\n\nAnn\n\nBest,\nAnn\n"
    assert held.replace("put the banner up", "it is here").strip() == sent(
        held, editable_text(letter(held, attachments=())).replace("put the banner up", "it is here")
    )
    assert "Ann\nAnn" not in sent(held, "Hi all,\n\nit is here.\n\nBest,\nAnn")
