"""The mails of the benchmark, the same in every run. *Pure*, but for writing the files it is asked for."""

import base64
import random
from dataclasses import dataclass
from pathlib import Path

SENDER = "ana@lantern.example"
RECIPIENT = "ben@lantern.example"
KIB = 1024

_ORDINARY = (
    "the supplier confirmed that the second delivery leaves the warehouse on Tuesday, so we can plan the shift",
    "please have a look at the figures of the northern branch before the meeting, and correct row nine if need be",
    "the invoice of last month has been paid; the one of this month waits for the second signature",
    "if the room on the third floor is taken, we meet in the small one behind the kitchen",
    "the customer asked for the drawings in the other format and wants to see the test report as well",
    "maintenance of the heating begins on Monday at seven, so the workshop stays cold until noon",
    "thank you for the quick answer, that settles the question of the cable lengths",
    "the new colleague starts in purchasing next week and needs a desk, a phone and a key",
)
_BY_CHANCE = ("would you like to call the supplier by phone, or shall I",)
_CLOSE_TO_IT = (
    "the company's LinkedIn page has a new banner, made by the agency and approved by the board",
    "the photo of the summer party is on the intranet, with the names of all departments below",
    "marketing posts the announcement on the company's own accounts on Thursday morning",
    "your profile in the HR directory needs an emergency contact, please add one until Friday",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail with LF line ends, as `smtp-source -F` reads it."""

    name: str
    text: bytes

    def file(self, folder: Path) -> Path:
        """Written to a file of its own."""
        path = folder / f"{self.name}.eml"
        path.write_bytes(self.text)
        return path

    @property
    def wire(self) -> bytes:
        """As it crosses, up to the final dot."""
        return self.text.replace(b"\n.", b"\n..").replace(b"\n", b"\r\n")


def ordinary() -> Mail:
    """4 KiB, text and HTML, without any word the policy cares for: what the gate lets pass at once."""
    return Mail(name="ordinary", text=_alternative(_ORDINARY, 4 * KIB))


def by_chance() -> Mail:
    """4 KiB as ordinary, with words in one sentence that open the gate by chance: every rule has to look."""
    return Mail(name="by-chance", text=_alternative((*_ORDINARY, *_BY_CHANCE), 4 * KIB))


def close_to_it() -> Mail:
    """4 KiB that speak of LinkedIn, banners, photos and profiles, and ask nothing: rules find much to weigh."""
    return Mail(name="close", text=_alternative((*_CLOSE_TO_IT, *_ORDINARY), 4 * KIB))


def with_attachment(size: int) -> Mail:
    """An ordinary mail with an attachment, `size` bytes in all."""
    octets = random.Random(size).randbytes(size * 3 // 4)
    encoded = base64.encodebytes(octets)[: max(size - 5 * KIB, 0)].rsplit(b"\n", 1)[0] + b"\n"
    inner = _alternative(_ORDINARY, 4 * KIB).split(b"MIME-Version: 1.0\n", 1)
    text = (
        inner[0]
        + b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="outer"\n\n--outer\n'
        + inner[1]
        + b"--outer\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n"
        + b'Content-Disposition: attachment; filename="drawings.pdf"\n\n'
        + encoded
        + b"--outer--\n"
    )
    return Mail(name=f"attachment-{size // KIB}k", text=text)


def _alternative(sentences: tuple[str, ...], size: int) -> bytes:
    """Headers, a plain and an HTML part that say the same; `size` bytes in all."""
    head = (
        f"From: Ana Reyes <{SENDER}>\nTo: Ben Ohm <{RECIPIENT}>\nSubject: Notes on the week\n"
        "Date: Mon, 02 Mar 2026 09:00:00 +0100\nMessage-ID: <notes-1@lantern.example>\n"
        'MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary="inner"\n\n'
        "--inner\nContent-Type: text/plain; charset=utf-8\n\nDear Ben,\n\n"
    )
    middle = "\n--inner\nContent-Type: text/html; charset=utf-8\n\n<html><body><p>Dear Ben,</p>\n"
    end = "</body></html>\n--inner--\n"
    plain = html = ""
    for number in range(10_000):
        sentence = sentences[number % len(sentences)].capitalize() + "."
        longer = (plain + f"{sentence}\n", html + f"<p>{sentence}</p>\n")
        if len(head) + len(middle) + len(end) + sum(map(len, longer)) > size:
            break
        plain, html = longer
    return f"{head}{plain}{middle}{html}{end}".encode()
