"""Values of the rooms to the left as rows, and back. *Pure.*

JSON columns hold the fields of the dataclass by name. A field this program does not know, written by a newer node, is
passed over, so nodes can be renewed one after the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from gateway.asks.ask import Ask, AskKey, AskState
from gateway.holds.hold import EarlierAsk, HeldMail, OutgoingMail
from gateway.holds.lifecycle import HoldState
from gateway.mail.envelope import Path
from gateway.policy.labels import Favour, Label, Mode
from gateway.policy.verdict import Finding
from gateway.storage.columns import instant, micros

Row = Mapping[Any, Any]
_PLAIN_HOLD = tuple(
    field.name
    for field in fields(HeldMail)
    if field.name not in {"mail_from", "rcpt_to", "label", "labels", "findings", "earlier", "state", "thread"}
)
_PLAIN_OUTGOING = tuple(
    field.name for field in fields(OutgoingMail) if field.name not in {"mail_from", "rcpt_to", "raw"}
)


def ask_row(ask: Ask) -> dict[str, Any]:
    """The row of an ask, its keys apart."""
    return {
        "id": ask.id,
        "asker": ask.asker,
        "fingerprint": ask.fingerprint,
        "at": ask.at,
        "state": ask.state.value,
        "subject": ask.subject,
    }


def ask_of(row: Row, keys: frozenset[AskKey]) -> Ask:
    """The ask of a row."""
    return Ask(
        id=row["id"],
        keys=keys,
        asker=row["asker"],
        fingerprint=row["fingerprint"],
        at=row["at"],
        state=AskState(row["state"]),
        subject=row["subject"],
    )


def key_of(row: Row) -> AskKey:
    """The key of a row of `ask_keys`."""
    return AskKey(favour=Favour(row["favour"]), person=row["person"])


def hold_row(held: HeldMail) -> dict[str, Any]:
    """The row of a held mail, without its bytes."""
    return {name: getattr(held, name) for name in _PLAIN_HOLD} | {
        "mail_from": path_document(held.mail_from),
        "rcpt_to": paths_document(held.rcpt_to),
        "label": held.label.value,
        "labels": [label.value for label in held.labels],
        "findings": [_finding_document(finding) for finding in held.findings],
        "earlier": [_earlier_document(earlier) for earlier in held.earlier],
        "state": held.state.value,
        "thread": list(held.thread),
    }


def hold_of(row: Row) -> HeldMail:
    """The held mail of a row."""
    return HeldMail(
        **{name: row[name] for name in _PLAIN_HOLD},
        mail_from=path_of(row["mail_from"]),
        rcpt_to=paths_of(row["rcpt_to"]),
        label=Label(row["label"]),
        labels=tuple(Label(label) for label in row["labels"]),
        findings=tuple(_finding_of(document) for document in row["findings"]),
        earlier=tuple(_earlier_of(document) for document in row["earlier"]),
        state=HoldState(row["state"]),
        thread=tuple(row["thread"]),
    )


def outgoing_row(mail: OutgoingMail) -> dict[str, Any]:
    """The row of an outgoing mail, without its bytes."""
    return {name: getattr(mail, name) for name in _PLAIN_OUTGOING} | {
        "mail_from": path_document(mail.mail_from),
        "rcpt_to": paths_document(mail.rcpt_to),
    }


def outgoing_of(row: Row) -> OutgoingMail:
    """The outgoing mail of a row, without its bytes."""
    return OutgoingMail(
        **{name: row[name] for name in _PLAIN_OUTGOING},
        mail_from=path_of(row["mail_from"]),
        rcpt_to=paths_of(row["rcpt_to"]),
        raw=b"",
    )


def path_document(path: Path) -> dict[str, str]:
    """A path as JSON."""
    return {"text": path.text, "parameters": path.parameters}


def paths_document(paths: Sequence[Path]) -> list[dict[str, str]]:
    """Paths as JSON, in order."""
    return [path_document(path) for path in paths]


def path_of(document: Row) -> Path:
    """The path of its JSON."""
    return Path(text=document["text"], parameters=document["parameters"])


def paths_of(documents: Sequence[Row]) -> tuple[Path, ...]:
    """The paths of their JSON, in order."""
    return tuple(path_of(document) for document in documents)


def _finding_document(finding: Finding) -> dict[str, Any]:
    document = {field.name: getattr(finding, field.name) for field in fields(Finding)}
    favour = finding.favour.value if finding.favour else None
    return document | {"label": finding.label.value, "mode": finding.mode.value, "favour": favour}


def _finding_of(document: Row) -> Finding:
    known = _known(Finding, document)
    favour = Favour(known["favour"]) if known["favour"] else None
    return Finding(**known | {"label": Label(known["label"]), "mode": Mode(known["mode"]), "favour": favour})


def _earlier_document(earlier: EarlierAsk) -> dict[str, Any]:
    document = {field.name: getattr(earlier, field.name) for field in fields(EarlierAsk)}
    return document | {"at": micros(earlier.at)}


def _earlier_of(document: Row) -> EarlierAsk:
    known = _known(EarlierAsk, document)
    return EarlierAsk(**known | {"at": instant(known["at"])})


def _known(kind: type[Finding] | type[EarlierAsk], document: Row) -> dict[str, Any]:
    return {field.name: document[field.name] for field in fields(kind) if field.name in document}
