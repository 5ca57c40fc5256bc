"""Which mail takes the place of a held one, and which is merely another mail to the same people."""

from dataclasses import replace

import pytest

from gateway.holds.successor import may_succeed, succeeds
from gateway.mail.envelope import Path
from gateway.mail.message import walk
from tests.flows.house import mail
from tests.holds.test_notices import HELD

OLD = (
    "Hi all,\n\nthe spring numbers are in.\n\nEverybody must put the new banner on their LinkedIn profile by Friday."
    "\n\nMira"
)
TO = {"sales@corp.example", "jo@corp.example"}
HELD_MAIL = replace(HELD, rcpt_to=(Path(text="Sales@corp.example"), Path(text="omar@corp.example")))


def took_its_place(
    text: str, *, subject: str = "New banners", extra: str = "", to: set[str] = TO, thread: tuple[str, ...] = ()
) -> bool:
    """Whether this mail of the same sender closes the held one."""
    new = walk(mail(text, subject=subject, extra=extra, message_id="<m2@corp.example>"))
    held = replace(HELD_MAIL, thread=thread)
    return may_succeed(new, to, held) and succeeds(new, held, mail(OLD), ["It is all in the folder."])


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (OLD.replace("Everybody must put", "For whoever likes it:").replace("by Friday", ""), {}),
        ("Hi all, the spring numbers are in. Mira", {"subject": "  new BANNERS "}),
        ("The new banner for LinkedIn is kept in the brand folder.", {}),
        ("Hello.\n\nIt is all\nin the folder.", {}),
        (OLD.replace(" by Friday", ""), {"subject": "Banners, better", "extra": "References: <m1@corp.example>\r\n"}),
        (OLD.replace(" by Friday", ""), {"subject": "Re: New banners"}),
        (OLD.replace(" by Friday", ""), {"subject": "RE: x", "extra": "In-Reply-To: <q@corp.example>\r\n",
                                         "thread": ("<q@corp.example>",)}),
    ],
)  # fmt: skip
def test_a_corrected_mail_is_known(text: str, more: dict[str, object]) -> None:
    """The same subject or thread, somebody on both, and the same matter in other words."""
    assert took_its_place(text, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (OLD, {"subject": "Something else"}),
        (OLD, {"to": {"jo@corp.example"}}),
        ("Lunch on Friday? Everybody please bring something.", {}),
        ("The kitchen is closed until Monday.", {}),
        ("It is all in the folder.", {"subject": "Re: New banners"}),
        ("", {}),
        ("See you there at noon, everybody.", {"subject": "Re: New banners"}),
        ("I have put the banner budget on the list.", {"subject": "RE: New banners"}),
        ("Yes, ten o'clock is fine.", {"subject": "Re: x", "extra": "In-Reply-To: <q@corp.example>\r\n",
                                       "thread": ("<q@corp.example>",)}),
        ("One more thing: the lift is broken.", {"extra": "In-Reply-To: <m1@corp.example>\r\n"}),
        (OLD, {"subject": ""}),
    ],
)  # fmt: skip
def test_another_mail_to_the_same_people_is_not(text: str, more: dict[str, object]) -> None:
    """Another subject, nobody in common, or another matter under the same subject or in the same thread."""
    assert not took_its_place(text, **more)  # type: ignore[arg-type]


def test_a_mail_is_not_its_own_successor() -> None:
    """The same Message-ID is the same mail."""
    assert not may_succeed(walk(mail(OLD)), TO, HELD_MAIL)
