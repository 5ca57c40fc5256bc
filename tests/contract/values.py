"""Values the store is given in tests."""

from datetime import UTC, datetime, timedelta

from gateway.asks.ask import Ask, AskKey
from gateway.holds.hold import EarlierAsk, HeldMail, OutgoingMail
from gateway.mail.envelope import Path
from gateway.policy.labels import Favour, Label, Mode
from gateway.policy.verdict import Finding

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RAW = b"Subject: picture\r\n\r\nPlease use the new picture.\r\n"


def keys(*people: str, favour: Favour = Favour.PROFILE_CHANGE) -> frozenset[AskKey]:
    """One key for each person."""
    return frozenset(AskKey(favour=favour, person=person) for person in people)


def an_ask(id: str, *people: str, at: datetime = NOON, asker: str = "hilda@x.example", mail: str = "") -> Ask:
    """An ask for a new profile picture; `mail` names its fingerprint, its own id when empty."""
    return Ask(
        id=id, keys=keys(*people), asker=asker, fingerprint=f"print-{mail or id}", at=at, subject=f"The picture {id}"
    )


def a_hold(id: str = "hold-1", *, held_at: datetime = NOON, size: int = 0, fingerprint: str = "") -> HeldMail:
    """A held mail with something in every field."""
    finding = Finding(
        rule_id="demand",
        label=Label.DEMAND,
        mode=Mode.HOLD,
        start=3,
        end=9,
        sentence="You must. \u2603",
        because="It demands.",
        favour=Favour.PROMOTION,
    )
    access = Finding(
        rule_id="access", label=Label.ACCOUNT_ACCESS, mode=Mode.TAG, start=-1, end=-1, sentence="", because=""
    )
    return HeldMail(
        id=id,
        mail_from=Path(text="hilda@x.example", parameters="SIZE=100 RET=HDRS"),
        rcpt_to=(Path(text="All@x.example", parameters="NOTIFY=NEVER"), Path(text="ruth@x.example")),
        sender="hilda@x.example",
        subject="Bild für alle",
        message_id=f"<{id}@x.example>",
        fingerprint=fingerprint or f"print-{id}",
        label=Label.DEMAND,
        labels=(Label.ACCOUNT_ACCESS, Label.DEMAND),
        findings=(finding, access),
        earlier=(EarlierAsk(asker="bo@x.example", at=NOON - DAY, subject="Earlier", people=7),),
        pack="ask-once 1.0.0 sha256:00",
        held_at=held_at,
        expires_at=held_at + 7 * DAY,
        token_hash=f"hash-{id}",
        size=size,
    )


def an_outgoing(id: str = "mail-1", *, due: datetime = NOON, raw: bytes = RAW) -> OutgoingMail:
    """A notice that waits to go out."""
    return OutgoingMail(
        id=id,
        kind="notice",
        mail_from=Path(text=""),
        rcpt_to=(Path(text="hilda@x.example", parameters="NOTIFY=NEVER"),),
        raw=raw,
        due=due,
        created_at=NOON,
        hold_id="hold-1",
        ask_id="ask-1",
    )
