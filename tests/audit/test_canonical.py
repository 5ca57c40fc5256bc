"""One event, one line of JSON with names of the Elastic Common Schema."""

import json
import time
from datetime import datetime, timedelta, timezone

import pytest

from gateway.audit.canonical import LINE_CAP, LIST_CAP, encode
from gateway.audit.chain import forge, genesis
from gateway.audit.events import (
    CATALOGUE,
    AnswerReceived,
    AuditEvent,
    HoldChanged,
    HoldOpened,
    NoticeSent,
    StepUndone,
    StreamContinued,
    StreamRecovered,
    StreamStarted,
    StreamStopped,
)
from tests.audit.samples import AT, finding, outcome, verdict

EVERY: tuple[AuditEvent, ...] = (
    verdict(findings=(finding(),)),
    outcome(),
    HoldChanged(
        mail_id="m1", at=AT, hold_id="h1", step="release", before="held", after="sending", actor="sender", note="ok"
    ),
    StepUndone(
        mail_id="m1", at=AT, hold_id="h1", step="release", before="held", after="sending", actor="a", outcome="undone"
    ),
    NoticeSent(mail_id="m1", at=AT, hold_id="h1", kind="held", outcome="accepted", code=250),
    AnswerReceived(
        mail_id="h1", at=AT, hold_id="h1", outcome="revised", message_id="<r@x.example>", sender="a@x.example", size=9
    ),
    HoldOpened(mail_id="m1", at=AT, hold_id="h1", actor="sender", purpose="review"),
    StreamStarted(mail_id="", at=AT, version="1.0", pack="ask-once 1.0.0"),
    StreamStopped(mail_id="", at=AT),
    StreamRecovered(mail_id="", at=AT, torn_bytes=3, torn_sha256="ab", torn_begin="{x"),
    StreamContinued(mail_id="", at=AT, pending=("m1", "m2")),
)
HOSTILE = "a\r\nb\x1b[2Jc\u2028d\x00e\udc80f\ud800g\x85h\u202ei\x7fj\u2066k"


def test_every_event_of_the_catalogue_is_written() -> None:
    """There is no event whose own fields are left out of its line."""
    assert {type(event) for event in EVERY} == set(CATALOGUE)
    for event in EVERY:
        fields = json.loads(encode(event))
        assert event.action == fields["event.action"]
        assert len(fields) > 2 or isinstance(event, StreamStopped), event


def test_a_verdict_has_names_of_the_elastic_common_schema() -> None:
    """Sender, recipients, Message-ID, rules and peer stand under the schema's names, ours under askonce."""
    fields = json.loads(
        encode(verdict(findings=(finding(),), peer="192.0.2.7", pack="ask-once 1.0.0", labels=("demand",)))
    )
    expected = {
        "@timestamp": "2026-03-03T09:00:00.123456Z",
        "askonce.disposition": "relay",
        "askonce.findings": [
            {
                "rule": "demand-deadline",
                "label": "demand",
                "mode": "hold",
                "favour": "profile-change",
                "start": 3,
                "end": 9,
                "sentence": "Please change your photo by Friday.",
                "because": "It sets a deadline.",
            }
        ],
        "askonce.label": "other",
        "askonce.labels": ["demand"],
        "askonce.mail_id": "m1",
        "askonce.size": 4096,
        "email.from.address": ["anna@corp.example"],
        "email.message_id": "<m1@corp.example>",
        "email.to.address": ["bob@corp.example"],
        "event.action": "verdict",
        "rule.id": ["demand-deadline"],
        "rule.ruleset": "ask-once 1.0.0",
        "source.address": "192.0.2.7",
    }
    assert expected == fields


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("relayed", "success"),
        ("held", "success"),
        ("refused", "failure"),
        ("failed", "failure"),
        ("unknown", "unknown"),
    ],
)
def test_an_outcome_has_the_schemas_word_too(ours: str, theirs: str) -> None:
    """`event.outcome` is success, failure or unknown; `askonce.outcome` is the exact word."""
    fields = json.loads(encode(outcome(outcome=ours)))
    assert (theirs, ours) == (fields["event.outcome"], fields["askonce.outcome"])


def test_keys_are_sorted_and_nothing_is_between_them() -> None:
    """The same event is always the same bytes: sorted keys, no white space."""
    for event in EVERY:
        line = encode(event)
        fields = json.loads(line)
        assert sorted(fields) == list(fields)
        expected = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        assert expected == line


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    """Records of all processes compare as text."""
    local = datetime(2026, 3, 3, 10, 0, 0, 1, tzinfo=timezone(timedelta(hours=1)))
    assert json.loads(encode(outcome(at=local)))["@timestamp"] == "2026-03-03T09:00:00.000001Z"


def test_hostile_strings_stay_inside_their_line() -> None:
    """CR, LF, ESC, NUL, U+2028, bidirectional marks and lone surrogates neither end a line nor reach a terminal."""
    line = encode(verdict(sender=HOSTILE, message_id=HOSTILE, peer=HOSTILE, findings=(finding(HOSTILE, HOSTILE),)))
    text = line.decode("utf-8")
    assert len(text.splitlines()) == 1
    assert all(character.isprintable() for character in text)
    kept = HOSTILE.replace("\udc80", "\ufffd").replace("\ud800", "\ufffd")
    assert json.loads(line)["email.from.address"] == [kept]


def test_a_string_of_a_megabyte_is_cut_and_says_so() -> None:
    """Long strings are capped with a mark of how much is gone."""
    line = encode(verdict(message_id="x" * 1_000_000, sender="y" * 1_000_000))
    assert len(line) < 4000
    assert json.loads(line)["email.message_id"].endswith("…[+998976]")


def test_the_largest_event_stays_under_the_cap_of_a_line() -> None:
    """Thousands of recipients and findings, every character escaped, are one line that a reader still takes."""
    big = "\x00" * 100_000
    line = encode(
        verdict(
            sender=big,
            recipients=(big,) * 50_000,
            findings=(finding(big, big),) * 5_000,
            labels=(big,) * 20,
            earlier=(big,) * 10,
        )
    )
    assert len(line) < LINE_CAP
    assert json.loads(line)["email.to.address"][-1] == f"…[+{50_000 - LIST_CAP}]"


def test_a_secret_link_or_password_in_a_reply_or_note_is_cut_out() -> None:
    """Free text that others chose never carries a token into the audit."""
    reply = json.loads(encode(outcome(reply="see https://mail.example/h/AbCdEfGhIjKlMnOp1234 token=canary99x")))
    note = json.loads(
        encode(
            HoldChanged(
                mail_id="m",
                at=AT,
                hold_id="h",
                step="dispute",
                before="held",
                after="disputed",
                actor="sender",
                note="my password: canary99x, AUTH PLAIN AGNhbmFyeTk5eA==",
            )
        )
    )
    written = reply["askonce.reply.text"] + note["askonce.note"]
    assert all(secret not in written for secret in ("AbCdEf", "canary99x", "AGNh"))
    assert written.count("[redacted]") == 4


def test_an_ordinary_pair_costs_little() -> None:
    """The verdict and outcome of a clean mail are made, encoded and linked within 40 microseconds of CPU; measured 22,
    asserted at five times the bar because other work may share the machine."""
    best = min(_pair_cost() for _ in range(5))
    assert best < 200e-6


def _pair_cost() -> float:
    head, start = genesis("s"), time.process_time()
    for number in range(500):
        for event in (verdict(f"m{number}"), outcome(f"m{number}")):
            _, head = forge(encode(event), stream="s", after=head)
    return (time.process_time() - start) / 500
