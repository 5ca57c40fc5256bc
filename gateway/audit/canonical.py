"""One event, one line of JSON: always the same bytes for the same event.

Flat keys with dots, sorted, UTF-8, no white space; the chain's three fields follow at the end (`chain`). Names are
those of the Elastic Common Schema 8 where it has one, and `askonce.*` where it has none; Elasticsearch reads dotted
keys and nested objects alike, and `grep` reads the dotted ones. A field with its default value is left out. The
subject is never stored. `event.outcome` has ECS's three words, `askonce.outcome` ours.

Nothing a stranger writes can end, forge or repaint a line: control and format characters, CR, LF, ESC, NUL,
U+2028 and the bidirectional marks stand as JSON escapes, lone surrogates become U+FFFD, long strings and lists are cut
with a mark of how much is gone. *Pure.* RFC 8259; the order and form follow the idea of RFC 8785.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import orjson

from gateway.audit.events import (
    AnswerReceived,
    AuditEvent,
    HoldChanged,
    HoldOpened,
    NoticeSent,
    OutcomeReached,
    StepUndone,
    StreamContinued,
    StreamRecovered,
    StreamStarted,
    VerdictReached,
)
from gateway.audit.redact import address, free_text
from gateway.policy.verdict import Finding

TEXT_CAP = 1024  # characters of one string
ADDRESS_CAP = 512  # characters; RFC 5321 section 4.5.3.1 allows 64 + 1 + 255
LIST_CAP = 2000  # entries of one list
LINE_CAP = 16 * 1024 * 1024  # bytes; no line of ours comes near, a reader may give up there

_HOSTILE = re.compile(r"[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_OUTCOMES = {"refused": "failure", "failed": "failure", "unknown": "unknown"}
Fields = dict[str, Any]


def encode(event: AuditEvent) -> bytes:
    """The event as one JSON object without a line end; never raises, whatever the strings hold."""
    fields: Fields = {"@timestamp": event.at, "event.action": event.action}
    if event.at.tzinfo is not UTC:
        fields["@timestamp"] = _utc(event.at)
    if event.mail_id:
        fields["askonce.mail_id"] = _text(event.mail_id)
    writer = _WRITERS.get(type(event))
    if writer is not None:
        writer(event, fields)
    return _dump(fields)


def _dump(fields: Fields) -> bytes:
    try:
        line = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    except TypeError:  # lone surrogates are the only strings orjson refuses
        line = orjson.dumps(_whole(fields), option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    if line.isascii() and b"\x7f" not in line:
        return line
    return _HOSTILE.sub(lambda found: f"\\u{ord(found[0]):04x}", line.decode("utf-8")).encode("utf-8")


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _whole(value: Any) -> Any:
    """The same value with U+FFFD for every lone surrogate."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {key: _whole(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(part) for part in value]
    return value


def _text(text: str, cap: int = TEXT_CAP) -> str:
    # str(): a member of an enum is written as its value.
    return str(text) if len(text) <= cap else f"{text[:cap]}…[+{len(text) - cap}]"


def _free(text: str) -> str:
    return free_text(_text(text))


def _list(items: Iterable[str], write: Callable[[str], str] = _text) -> list[str]:
    items = tuple(items)
    written = [write(item) for item in items[:LIST_CAP]]
    return written if len(items) <= LIST_CAP else [*written, f"…[+{len(items) - LIST_CAP}]"]


def _address(text: str) -> str:
    return address(_text(text, ADDRESS_CAP))


def _verdict(event: VerdictReached, fields: Fields) -> None:
    fields["askonce.disposition"] = _text(event.disposition)
    if event.sender:
        fields["email.from.address"] = [_address(event.sender)]
    if event.recipients:
        fields["email.to.address"] = _list(event.recipients, _address)
    if event.message_id:
        fields["email.message_id"] = _text(event.message_id)
    if event.findings:
        fields["rule.id"] = _list(dict.fromkeys(finding.rule_id for finding in event.findings))
        fields["askonce.findings"] = [_finding(finding) for finding in event.findings[:100]]
    if event.labels:
        fields["askonce.labels"] = _list(event.labels)
    if event.earlier:
        fields["askonce.earlier"] = _list(event.earlier)
    if event.exceptions:
        fields["askonce.exceptions"] = _list(event.exceptions)
    for name, text in (
        ("askonce.label", event.label),
        ("rule.ruleset", event.pack),
        ("source.address", event.peer),
        ("askonce.fingerprint", event.fingerprint),
        ("askonce.unjudged", event.unjudged),
        ("askonce.attempt_of", event.attempt_of),
    ):
        if text:
            fields[name] = _text(text)
    if event.size:
        fields["askonce.size"] = event.size
    if event.gated:
        fields["askonce.gated"] = True
    if not event.internal:
        fields["askonce.internal"] = False


def _finding(finding: Finding) -> Fields:
    return {
        "rule": _text(finding.rule_id),
        "label": _text(finding.label),
        "mode": _text(finding.mode),
        "favour": _text(finding.favour) if finding.favour else None,
        "start": finding.start,
        "end": finding.end,
        "sentence": _free(finding.sentence),
        "because": _free(finding.because),
    }


def _outcome(event: OutcomeReached, fields: Fields) -> None:
    fields["askonce.outcome"] = _text(event.outcome)
    fields["event.outcome"] = _OUTCOMES.get(event.outcome, "success")
    if event.code:
        fields["askonce.reply.code"] = event.code
    if event.reply:
        fields["askonce.reply.text"] = _free(event.reply)
    if event.hold_id:
        fields["askonce.hold_id"] = _text(event.hold_id)


def _step(event: HoldChanged | StepUndone, fields: Fields) -> None:
    fields["askonce.hold_id"] = _text(event.hold_id)
    fields["askonce.step"] = _text(event.step)
    fields["askonce.before"] = _text(event.before)
    fields["askonce.after"] = _text(event.after)
    fields["user.name"] = _address(event.actor)


def _hold(event: HoldChanged, fields: Fields) -> None:
    _step(event, fields)
    if event.note:
        fields["askonce.note"] = _free(event.note)


def _undone(event: StepUndone, fields: Fields) -> None:
    _step(event, fields)
    fields["askonce.outcome"] = _text(event.outcome)


def _notice(event: NoticeSent, fields: Fields) -> None:
    fields["askonce.hold_id"] = _text(event.hold_id)
    fields["askonce.notice"] = _text(event.kind)
    fields["askonce.outcome"] = _text(event.outcome)
    if event.code:
        fields["askonce.reply.code"] = event.code


def _answer(event: AnswerReceived, fields: Fields) -> None:
    fields["askonce.hold_id"] = _text(event.hold_id)
    fields["askonce.outcome"] = _text(event.outcome)
    if event.sender:
        fields["email.from.address"] = [_address(event.sender)]
    if event.message_id:
        fields["email.message_id"] = _text(event.message_id)
    if event.size:
        fields["askonce.size"] = event.size


def _opened(event: HoldOpened, fields: Fields) -> None:
    fields["askonce.hold_id"] = _text(event.hold_id)
    fields["user.name"] = _address(event.actor)
    fields["askonce.purpose"] = _text(event.purpose)


def _started(event: StreamStarted, fields: Fields) -> None:
    fields["service.version"] = _text(event.version)
    fields["rule.ruleset"] = _text(event.pack)
    fields["askonce.recovered"] = event.recovered
    fields["askonce.completed"] = event.completed


def _recovered(event: StreamRecovered, fields: Fields) -> None:
    if event.torn_bytes:
        fields["askonce.torn.bytes"] = event.torn_bytes
        fields["askonce.torn.sha256"] = _text(event.torn_sha256)
        fields["askonce.torn.begin"] = _text(event.torn_begin, 64 * 1024)  # quoted, so that nothing of it is lost
    if event.lost_notes:
        fields["askonce.lost_notes"] = event.lost_notes


def _continued(event: StreamContinued, fields: Fields) -> None:
    fields["askonce.pending"] = [_text(mail_id) for mail_id in event.pending]


_WRITERS: dict[type[AuditEvent], Callable[[Any, Fields], None]] = {
    VerdictReached: _verdict,
    OutcomeReached: _outcome,
    HoldChanged: _hold,
    StepUndone: _undone,
    NoticeSent: _notice,
    AnswerReceived: _answer,
    HoldOpened: _opened,
    StreamStarted: _started,
    StreamRecovered: _recovered,
    StreamContinued: _continued,
}
