"""Small archives of every kind, of the same few mails."""

import json
import mailbox
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

START = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)
DEMAND = "All staff must add the new banner to their LinkedIn profile by Friday."
ASK = "If you'd like the new banner for your own LinkedIn, it is at https://north.example/b.png. No pressure at all."
OTHER_ASK = "Would any of you enjoy the heron as your Facebook cover? https://north.example/h.png"
LUNCH = "The canteen opens at noon."


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One mail; `day` counts from `START`."""

    body: str
    day: float = 0
    sender: str = "mira.holt@north.example"
    to: tuple[str, ...] = ("all@north.example",)
    bcc: tuple[str, ...] = ()
    number: int = 0
    received: bool = True
    date: str = ""

    @property
    def at(self) -> datetime:
        return START + timedelta(days=self.day)

    def message(self) -> EmailMessage:
        """As a mail client would write it."""
        message = EmailMessage()
        if self.received:
            line = f"from desk.north.example by mail.north.example; {format_datetime(self.at)}"
            message["Received"] = line
        message["From"] = f"Mira Holt <{self.sender}>"
        message["To"] = ", ".join(self.to)
        if self.bcc:
            message["Bcc"] = ", ".join(self.bcc)
        message["Subject"] = f"Mail {self.number} of Mira"
        if self.date != "none":
            message["Date"] = self.date or format_datetime(self.at)
        message["Message-ID"] = f"<{self.number}@north.example>"
        message.set_content(self.body)
        return message


STORY = (
    Mail(number=3, day=20, body=OTHER_ASK),
    Mail(number=1, day=0, body=LUNCH),
    Mail(number=2, day=10, body=ASK),
    Mail(number=4, day=30, body=DEMAND, to=("dana.reyes@north.example",)),
    Mail(number=5, day=31, body=DEMAND, to=("press@harbour.example",)),
)


def mbox(path: Path, mails: tuple[Mail, ...] = STORY) -> Path:
    """One mbox file."""
    box = mailbox.mbox(path)
    for mail in mails:
        entry = mailbox.mboxMessage(mail.message())
        entry.set_from("mira", mail.at.timetuple())
        box.add(entry)
    box.close()
    return path


def maildir(path: Path, mails: tuple[Mail, ...] = STORY) -> Path:
    """One Maildir."""
    box = mailbox.Maildir(path)
    for mail in mails:
        box.add(mailbox.MaildirMessage(mail.message()))
    box.close()
    return path


def folder(path: Path, mails: tuple[Mail, ...] = STORY) -> Path:
    """A folder of .eml files."""
    path.mkdir()
    for mail in mails:
        (path / f"{mail.number}.eml").write_bytes(bytes(mail.message()))
    return path


def jsonl(path: Path, mails: tuple[Mail, ...] = STORY) -> Path:
    """One JSONL file of fields."""
    rows = [
        {
            "id": str(mail.number),
            "from": mail.sender,
            "to": list(mail.to),
            "subject": f"Mail {mail.number} of Mira",
            "body": mail.body,
            "date": mail.at.isoformat(),
            "message_id": f"<{mail.number}@north.example>",
        }
        for mail in mails
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
