"""Events and streams that the audit's tests share."""

from datetime import UTC, datetime
from pathlib import Path

from gateway.audit.canonical import encode
from gateway.audit.chain import Head, forge, genesis
from gateway.audit.events import AuditEvent, OutcomeReached, VerdictReached
from gateway.policy.labels import Favour, Label, Mode
from gateway.policy.verdict import Finding

AT = datetime(2026, 3, 3, 9, 0, 0, 123456, tzinfo=UTC)


def clock() -> datetime:
    """The real time: the writer's files are about order, not about dates."""
    return datetime.now(UTC)


def verdict(mail_id: str = "m1", **fields: object) -> VerdictReached:
    """The verdict on an ordinary mail."""
    values: dict[str, object] = {
        "mail_id": mail_id,
        "at": AT,
        "disposition": "relay",
        "label": "other",
        "sender": "anna@corp.example",
        "recipients": ("bob@corp.example",),
        "message_id": f"<{mail_id}@corp.example>",
        "size": 4096,
    }
    return VerdictReached(**{**values, **fields})  # type: ignore[arg-type]


def outcome(mail_id: str = "m1", **fields: object) -> OutcomeReached:
    """It was relayed."""
    values: dict[str, object] = {"mail_id": mail_id, "at": AT, "outcome": "relayed", "code": 250, "reply": "Ok"}
    return OutcomeReached(**{**values, **fields})  # type: ignore[arg-type]


def finding(sentence: str = "Please change your photo by Friday.", because: str = "It sets a deadline.") -> Finding:
    """One rule that fired."""
    return Finding(
        rule_id="demand-deadline",
        label=Label.DEMAND,
        mode=Mode.HOLD,
        start=3,
        end=9,
        sentence=sentence,
        because=because,
        favour=Favour.PROFILE_CHANGE,
    )


def chained(events: list[AuditEvent], stream: str = "s", after: Head | None = None) -> list[bytes]:
    """The lines (with LF) of a stream that holds these events."""
    lines, head = [], after or genesis(stream)
    for event in events:
        line, head = forge(encode(event), stream=stream, after=head)
        lines.append(line)
    return lines


def clean_stream(pairs: int, stream: str = "s") -> list[bytes]:
    """The lines of a stream of so many relayed mails: two each."""
    return chained([event for k in range(pairs) for event in (verdict(f"m{k}"), outcome(f"m{k}"))], stream)


def write_stream(root: Path, stream: str, files: list[list[bytes]]) -> Path:
    """A stream's folder with these files."""
    folder = root / stream
    folder.mkdir(parents=True)
    for number, lines in enumerate(files, start=1):
        (folder / f"{number:06d}.jsonl").write_bytes(b"".join(lines))
    return folder


def mail_ids(folder: Path, action: str) -> list[str]:
    """The mails that the records of this action in a stream's folder are about, in order."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            if b'"event.action":"%b"' % action.encode() in line:
                found.append(line.split(b'"askonce.mail_id":"')[1].split(b'"')[0].decode())
    return found
