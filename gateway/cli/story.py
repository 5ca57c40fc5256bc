"""The demo's story: six mails of a small company, and what must become of them. *Pure.*"""

from dataclasses import dataclass

from gateway.mail.letter import Letter

DOMAIN = "lanternworks.example"
MIRA, TEAM = f"mira.holt@{DOMAIN}", f"studio@{DOMAIN}"
DANA, OMAR, PRIYA = f"dana.reyes@{DOMAIN}", f"omar.said@{DOMAIN}", f"priya.nair@{DOMAIN}"
DIRECTORY = f"""[lists."{TEAM}"]
members = ["{DANA}", "{OMAR}", "{PRIYA}"]

[people."{MIRA}"]
employment = "employee"

[people."{DANA}"]
employment = "employee"
manager = "{MIRA}"

[people."{OMAR}"]
employment = "employee"
manager = "{MIRA}"

[people."{PRIYA}"]
employment = "employee"
manager = "{MIRA}"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One mail of the story: `title` for the reader, `expect` the disposition it must get."""

    title: str
    letter: Letter
    expect: str


def _letter(number: int, to: str, subject: str, body: str, attachments: tuple[str, ...] = ()) -> Letter:
    return Letter(
        sender=MIRA,
        to=(to,),
        subject=subject,
        body=body,
        attachments=attachments,
        message_id=f"<story-{number}@{DOMAIN}>",
        date=f"Mon, 0{number} Jun 2026 09:00:00 +0000",
    )


STORY = (
    Chapter(
        title="An ordinary mail",
        letter=_letter(
            1,
            TEAM,
            "Thursday's stand-up",
            "Hi all,\n\nthe stand-up moves to 10:30 on Thursday, same room. Bring the spring numbers.\n\nMira",
        ),
        expect="relay",
    ),
    Chapter(
        title="A first ask, free to ignore, with the artwork attached",
        letter=_letter(
            2,
            TEAM,
            "A banner, if you fancy it",
            "Hi all,\n\nthe lantern festival banner is attached. If you would like it on your own LinkedIn profile, "
            "help yourself. If not, that is perfectly fine.\n\nMira",
            ("lantern-festival-banner.png",),
        ),
        expect="relay",
    ),
    Chapter(
        title="The same wish again, in other words",
        letter=_letter(
            3,
            TEAM,
            "Something bright for your page",
            "Hello everyone,\n\nwould anyone enjoy a picture of our lanterns behind their photo on LinkedIn? It is "
            "attached. Entirely as you please.\n\nMira",
            ("lanterns-wide.png",),
        ),
        expect="hold",
    ),
    Chapter(
        title="Praise before everyone",
        letter=_letter(
            4,
            TEAM,
            "This week",
            "Hi all,\n\ntwo things. The kiln is back on Tuesday.\n\nAnd a big shout-out to Dana, whose own LinkedIn "
            "profile already shows our banner. It looks fantastic!\n\nMira",
        ),
        expect="hold",
    ),
    Chapter(
        title="The same thanks, said to Dana alone",
        letter=_letter(
            5,
            DANA,
            "Thank you",
            "Hi Dana,\n\nI saw our banner on your LinkedIn profile. Thank you, that was kind.\n\nMira",
        ),
        expect="relay",
    ),
    Chapter(
        title="A mail to an outsider",
        letter=_letter(
            6,
            "press@harbourpost.example",
            "Reminder: our post",
            "Dear editors,\n\na reminder to share our post from your accounts, as agreed.\n\nMira Holt",
        ),
        expect="relay",
    ),
)
