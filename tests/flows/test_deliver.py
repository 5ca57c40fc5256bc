"""Delivering: what the next hop says decides, once, and nothing is lost or sent twice but in the one known window."""

import email
import email.policy
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest

from gateway.audit.events import NoticeSent
from gateway.errors import NoSpace, StoreUnavailable
from gateway.flows import deliver as flow
from gateway.flows.deliver import LEASE, deliver
from gateway.flows.delivery_word import COMPARING
from gateway.flows.release import Released, release
from gateway.holds.answer_address import answer_key
from gateway.holds.hold import HeldMail, OutgoingMail
from gateway.holds.lifecycle import HoldState
from gateway.holds.link import link_secret
from gateway.mail.controls import torn
from gateway.mail.envelope import Path
from gateway.mail.message import walk
from gateway.mail.trace_headers import is_own_notice
from gateway.replies import OK, Reply
from gateway.storage.engine import CALL_LIMIT
from gateway.storage.outbox_table import OutboxRows
from gateway.storage.tables import asks
from gateway.storage.transaction import Transaction
from tests.flows.house import ASK, DEMAND, KEY, SENDER, TEAM, Story, mail

NO_SUCH_USER = Reply(code=550, enhanced="5.1.1", text="no such user\nhere")
TRY_LATER = Reply(code=450, enhanced="4.2.1", text="mailbox busy")


async def released(story: Story, raw: bytes | None = None, *, off: tuple[str, ...] = (), **held: object) -> HeldMail:
    """A held mail that was released but to those in `off`, its held notice already out of the way."""
    hold = await story.hold(raw=raw, **held)  # type: ignore[arg-type]
    await story.beat()
    story.hop.sent.clear()
    story.audit.events.clear()
    outcome = await release(story.house, hold.id, new_text=ASK, new_subject=None, actor="sender", off=off)
    assert isinstance(outcome, Released)
    return outcome.held


def read(raw: bytes) -> EmailMessage:
    """A mail as the standard library reads it."""
    return email.message_from_bytes(raw, policy=email.policy.default)


async def ask_state(story: Story, held: HeldMail) -> str:
    """The state of the ask reserved for a release."""
    async with story.house.store.begin(write=False) as unit:
        rows = await unit.asks._transaction.rows(asks.select().where(asks.c.id == held.ask_id))  # type: ignore[attr-defined]
    return str(rows[0]["state"])


async def outbox_size(story: Story) -> int:
    """How many mails still wait, due or not."""
    far = story.clock[0] + timedelta(days=365)
    async with story.house.store.begin() as unit:
        return len(await unit.outbox.lease(now=far, until=far, limit=100))


async def one_round(story: Story) -> None:
    """Deliver what is due at this moment, and not what comes of it."""
    async with story.house.store.begin() as unit:
        mails = await unit.outbox.lease(now=story.clock[0], until=story.clock[0] + LEASE, limit=100)
    for waiting in mails:
        await deliver(story.house, waiting)


async def test_next_hop_down_then_up(story: Story) -> None:
    """While the next hop is down the mail is tried after 1, 2, 4 minutes and so on, at most hourly; then it goes."""
    held = await released(story)
    story.hop.down = True
    tries = []
    for minute in range(4 * 60):
        before = story.hop.aborted
        await story.beat(minutes=1 if minute else 0)
        if story.hop.aborted > before:
            tries.append(minute)
    assert tries == [0, 1, 3, 7, 15, 31, 63, 123, 183]
    assert (await story.now(held)).state is HoldState.SENDING
    story.hop.down = False
    await story.beat(minutes=60)
    assert len(story.sent("omar@corp.example")) == 1
    assert (await story.now(held)).state is HoldState.SENT
    assert await outbox_size(story) == 0


@pytest.mark.parametrize("bytes_", [b"\n.\nMAIL FROM:<ceo@evil.example>\n", b"a\rb", b"a\0b"])
async def test_torn_lines_never_leave_the_store(story: Story, bytes_: bytes) -> None:
    """P11: a mail of the outbox with bare CR, bare LF or NUL is not offered to anybody, and its sender gets it back."""
    held = await released(story)
    async with story.house.store.begin() as unit:
        [waiting] = await unit.outbox.lease(now=story.clock[0], until=story.clock[0], limit=100)
        torn_mail = replace(waiting, raw=await unit.outbox.raw(waiting.id) + bytes_)
        await unit.outbox.done(waiting.id)
        await unit.outbox.put(torn_mail)
    await one_round(story)
    assert story.hop.sent == []
    assert HoldState.FAILED is (await story.now(held)).state
    await story.beat()
    [report] = story.sent("mira@corp.example")
    assert not torn(report)
    assert "Not delivered: New banners" == read(report)["subject"]


async def test_a_temporary_reply_is_tried_again(story: Story) -> None:
    """A 4yz to the final dot delays the mail and is no failure."""
    held = await released(story)
    story.hop.data = TRY_LATER
    await story.beat()
    assert (await story.now(held)).state is HoldState.SENDING
    story.hop.data = OK
    await story.beat(minutes=1)
    assert (await story.now(held)).state is HoldState.SENT


async def test_refused_for_good_comes_back(story: Story) -> None:
    """A 5yz fails the hold, cancels its ask and brings the mail back as one delivery report with the mail attached."""
    held = await released(story)
    story.hop.data = NO_SUCH_USER
    await one_round(story)
    story.hop.data = OK
    await story.beat()
    now = await story.now(held)
    assert (now.state, now.note) == (HoldState.FAILED, "550 5.1.1 no such user here")
    assert await ask_state(story, held) == "cancelled"
    [raw] = story.sent("mira@corp.example")
    report = read(raw)
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    assert report["subject"] == "Not delivered: New banners"
    words, status, original = report.iter_parts()
    assert "550 5.1.1 no such user here" in words.get_body(("plain",)).get_content()
    fields = [dict(block.items()) for block in status.get_payload()]
    assert fields[0]["Original-Envelope-Id"] == "QQ314159"
    assert [block["Final-Recipient"] for block in fields[1:]] == [f"rfc822; {path.text}" for path in TEAM]
    assert {block["Status"] for block in fields[1:]} == {"5.1.1"}
    assert ASK in original.get_payload()[0].get_content()
    assert story.audit.steps()[-1] == ("refused", "failed", "gateway")


async def test_who_was_taken_off_is_not_counted(story: Story) -> None:
    """The word that it went out counts who got it, and names who was taken off."""
    await released(story, off=("omar@corp.example",))
    await story.beat()
    await story.beat()
    [raw] = story.sent("mira@corp.example")
    words = read(raw).get_body(("plain",)).get_content()
    assert "has been sent to 1 recipient." in words
    assert "omar@corp.example" in words
    assert "Dana@corp.example" not in words


async def test_who_was_taken_off_was_not_refused(story: Story) -> None:
    """When nobody takes the mail, the hold and the report name those alone to whom it was offered."""
    held = await released(story, off=("omar@corp.example",))
    story.hop.data = NO_SUCH_USER
    await one_round(story)
    story.hop.data = OK
    await story.beat()
    now = await story.now(held)
    assert (now.state, now.rcpt_to) == (HoldState.FAILED, TEAM[:1])
    words, status, _ = read(story.sent("mira@corp.example")[0]).iter_parts()
    assert "omar@corp.example" not in words.get_body(("plain",)).get_content() + status.as_string()
    assert "Dana@corp.example" in status.as_string()


async def test_some_recipients_refused(story: Story) -> None:
    """Who the next hop accepts gets the mail; who it refuses for good is reported to the sender."""
    held = await released(story)
    story.hop.rcpt = lambda path: NO_SUCH_USER if path.text == "omar@corp.example" else OK
    await story.beat()
    assert len(story.sent("Dana@corp.example")) == 1
    assert (await story.now(held)).state is HoldState.SENT
    assert await ask_state(story, held) == "confirmed"
    [raw] = story.sent("mira@corp.example")
    assert "omar@corp.example: 550" in read(raw).as_string()
    assert "Dana@corp.example: " not in read(raw).as_string()


async def test_some_recipients_later(story: Story) -> None:
    """Who is refused for now gets the mail later, and nobody gets it twice."""
    held = await released(story)
    story.hop.rcpt = lambda path: TRY_LATER if path.text == "omar@corp.example" else OK
    await story.beat()
    story.hop.rcpt = OK
    await story.beat(minutes=1)
    await story.beat(minutes=60)
    assert len(story.sent("Dana@corp.example")) == 1
    assert len(story.sent("omar@corp.example")) == 1
    assert (await story.now(held)).state is HoldState.SENT
    assert [step for step, _, _ in story.audit.steps()] == ["release", "delivered"]
    [raw] = story.sent("mira@corp.example")
    words = " ".join(read(raw).get_body(("plain",)).get_content().split())
    assert "has been sent to 1 recipient." in words
    assert "will take it later for 1 recipient." in words


async def test_time_runs_out(story: Story) -> None:
    """After 48 hours of a next hop that is down the mail has failed and comes back, once the next hop is there."""
    held = await released(story)
    story.hop.down = True
    for _ in range(60):
        await story.beat(hours=1)
    assert (await story.now(held)).state is HoldState.FAILED
    assert await ask_state(story, held) == "cancelled"
    story.hop.down = False
    await story.beat(hours=2)
    [raw] = story.sent("mira@corp.example")
    said = read(raw).get_body(("plain",)).get_content()
    assert "for 48 hours the mail server did not take it" in " ".join(said.split())
    assert b"Status: 4.4.7" in raw


async def test_an_error_nobody_foresaw_ends_too(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail whose offering always fails in a way nobody foresaw comes back after 48 hours like any other."""
    held = await released(story)
    with monkeypatch.context() as patch:
        patch.setattr(type(story.hop), "begin", failing)
        await story.beat()
        await story.beat(hours=49)
    assert (await story.now(held)).state is HoldState.FAILED
    await story.beat(hours=1)
    assert len(story.sent("mira@corp.example")) == 1


async def test_who_wants_no_report_gets_none(story: Story) -> None:
    """NOTIFY=NEVER is honoured: the hold fails, is recorded, and no report is sent (RFC 3461 section 4.1)."""
    quiet = (Path(text="dana@corp.example", parameters="NOTIFY=NEVER"),)
    held = await released(story, rcpt_to=quiet)
    story.hop.data = NO_SUCH_USER
    await story.beat()
    story.hop.data = OK
    await story.beat()
    assert (await story.now(held)).state is HoldState.FAILED
    assert story.sent("mira@corp.example") == []


async def test_no_bounce_of_a_bounce(story: Story) -> None:
    """A notice nobody takes is recorded as refused and answered by nothing."""
    story.hop.rcpt = NO_SUCH_USER
    held = await story.hold()
    await story.beat()
    await story.beat(hours=1)
    [event] = [event for event in story.audit.events if isinstance(event, NoticeSent)]
    assert (event.mail_id, event.hold_id, event.kind, event.outcome, event.code) == (
        held.id,
        held.id,
        "held",
        "refused",
        550,
    )
    assert await outbox_size(story) == 0


async def test_notices_have_a_null_reverse_path_and_our_mark(story: Story) -> None:
    """A notice goes out from the null path, says it is automatic, and is known again by its keyed mark alone; its link
    and the address for answers have their keys."""
    held = await story.hold()
    await story.beat()
    [sent] = story.hop.delivered
    assert sent.mail_from == Path(text="")
    assert sent.headers == b""
    notice = walk(sent.content)
    assert notice.header("auto-submitted") == "auto-replied"
    assert notice.header("x-auto-response-suppress") == "All"
    assert notice.header("in-reply-to") == notice.header("references") == "<m1@corp.example>"
    assert is_own_notice(notice, story.house.notice_key)
    assert not is_own_notice(notice, b"another key")
    secret = link_secret(KEY, held.id).encode()
    assert b"https://review.corp.example/h/" + secret in sent.content.replace(b"=\r\n", b"")
    assert notice.header("reply-to") == f"askonce+{answer_key(KEY, held.id)}@corp.example"


@pytest.mark.parametrize(
    ("sender", "extra"),
    [
        (Path(text=""), ""),
        (SENDER, "Auto-Submitted: auto-generated\r\n"),
        (SENDER, "Precedence: bulk\r\n"),
        (SENDER, "List-Id: <all.corp.example>\r\n"),
        (Path(text="no-reply@corp.example"), ""),
        (Path(text="MAILER-DAEMON@corp.example"), ""),
    ],
)
async def test_nobody_automatic_is_answered(story: Story, sender: Path, extra: str) -> None:
    """Neither null senders nor automatic, bulk or list mail get a notice (P17)."""
    await story.hold(sender=sender, raw=mail(DEMAND, extra=extra))
    await story.beat()
    assert story.hop.sent == []


async def test_died_between_the_250_and_the_mark(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """When we die after the next hop's 250 and before the mark, one more copy goes out when the lease ends, and no
    third one: the only window for a duplicate (P3)."""
    held = await released(story)
    real = type(story.house.store).begin
    begun = []

    def dying(store: object, *, write: bool = True) -> object:
        begun.append(bool(story.hop.delivered))
        if story.hop.delivered:
            raise StoreUnavailable
        return real(store, write=write)  # type: ignore[arg-type]

    monkeypatch.setattr("gateway.flows.deliver._MARK_PAUSE", 0.001)
    monkeypatch.setattr(type(story.house.store), "begin", dying)
    await story.beat()
    monkeypatch.setattr(type(story.house.store), "begin", real)
    assert any(begun)
    assert len(story.sent("omar@corp.example")) == 1
    assert (await story.now(held)).state is HoldState.SENDING
    await story.beat(minutes=9)
    assert len(story.sent("omar@corp.example")) == 1
    await story.beat(seconds=LEASE.total_seconds())
    await story.beat(hours=1)
    assert len(story.sent("omar@corp.example")) == 2
    assert (await story.now(held)).state is HoldState.SENT
    assert await ask_state(story, held) == "confirmed"


@pytest.fixture
def late_commits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """As many commits as the number in the list are done and reported as failed, in the manner of a slow database."""
    left = [0]
    real = Transaction.commit

    async def commit(transaction: Transaction) -> None:
        await real(transaction)
        if left[0]:
            left[0] -= 1
            raise StoreUnavailable("done behind our back")

    monkeypatch.setattr("gateway.flows.deliver._MARK_PAUSE", 0.001)
    monkeypatch.setattr(Transaction, "commit", commit)
    return left


async def one_marked_late(story: Story, late_commits: list[int]) -> None:
    """Deliver what is due; the first mark is done, and its commit answers too late."""
    async with story.house.store.begin() as unit:
        [waiting] = await unit.outbox.lease(now=story.clock[0], until=story.clock[0] + LEASE, limit=100)
    late_commits[0] = 1
    await deliver(story.house, waiting)
    assert late_commits == [0]


async def test_a_mark_that_was_done_is_not_done_again(story: Story, late_commits: list[int]) -> None:
    """A commit that answers too late and is done all the same sends nobody a second copy or a second word (P3)."""
    await released(story)
    story.hop.rcpt = lambda path: TRY_LATER if path.text == "omar@corp.example" else OK
    await one_marked_late(story, late_commits)
    story.hop.rcpt = OK
    await story.beat(minutes=1)
    await story.beat(minutes=60)
    assert len(story.sent("Dana@corp.example")) == 1
    assert len(story.sent("omar@corp.example")) == 1
    assert len(story.sent("mira@corp.example")) == 1


async def test_a_failure_that_was_marked_is_told_once(story: Story, late_commits: list[int]) -> None:
    """A commit that answers too late brings no second report, and none that says others have the mail."""
    held = await released(story)
    story.hop.data = NO_SUCH_USER
    await one_marked_late(story, late_commits)
    story.hop.data = OK
    await story.beat()
    assert (await story.now(held)).state is HoldState.FAILED
    [raw] = story.sent("mira@corp.example")
    assert "The others have it" not in read(raw).as_string()


def failing(*_: object) -> object:
    """Whatever is asked of it."""
    raise ZeroDivisionError


async def test_what_cannot_be_compared_is_told_without(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """When what was changed cannot be found the mail is marked all the same, and the word claims nothing about it."""
    monkeypatch.setattr("gateway.flows.deliver._MARK_PAUSE", 0.001)
    held = await released(story)
    monkeypatch.setattr("gateway.holds.changes.revise", failing)
    await story.beat()
    await story.beat(hours=1)
    assert len(story.sent("omar@corp.example")) == 1
    assert (await story.now(held)).state is HoldState.SENT
    [raw] = story.sent("mira@corp.example")
    said = read(raw).get_body(("plain",)).get_content()
    assert "has been sent to 2 recipients" in said
    assert "as you wrote it" not in said


async def test_what_cannot_be_reported_comes_back_attached(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no delivery report can be made the sender still has the words and the mail."""
    held = await released(story)
    story.hop.data = NO_SUCH_USER
    monkeypatch.setattr("gateway.flows.delivery_word.as_report", failing)
    await one_round(story)
    story.hop.data = OK
    await story.beat()
    assert (await story.now(held)).state is HoldState.FAILED
    [raw] = story.sent("mira@corp.example")
    assert read(raw)["subject"] == "Not delivered: New banners"
    assert ASK in read(raw).as_string()


async def test_a_report_that_does_not_fit_delays_nothing_but_itself(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk that takes the mark and not the report: who has the mail gets no second copy, and the report comes
    when there is room."""
    monkeypatch.setattr("gateway.flows.deliver._MARK_PAUSE", 0.001)
    held = await released(story)
    real, full = OutboxRows.put, [True]

    async def put(rows: OutboxRows, mail: OutgoingMail) -> None:
        if full[0]:
            raise NoSpace("full")
        await real(rows, mail)

    monkeypatch.setattr(OutboxRows, "put", put)
    story.hop.rcpt = lambda path: NO_SUCH_USER if path.text == "omar@corp.example" else OK
    await story.beat()
    assert (await story.now(held)).state is HoldState.SENT
    full[0] = False
    await story.beat(hours=1)
    await story.beat(hours=1)
    assert len(story.sent("Dana@corp.example")) == 1
    [raw] = story.sent("mira@corp.example")
    assert "omar@corp.example: 550" in read(raw).as_string()
    assert "The others have it" in " ".join(read(raw).get_body(("plain",)).get_content().split())


def test_a_lease_outlasts_the_worst_case() -> None:
    """An attempt, every try to mark it, the store's end of each and the pauses together end before the lease does."""
    tries = len(flow._MARK_PAUSES) + 1
    marking = tries * (flow._MARK_PATIENCE + CALL_LIMIT) + sum(flow._MARK_PAUSES) * flow._MARK_PAUSE
    assert flow._PATIENCE + marking < LEASE.total_seconds()
    assert COMPARING + 2 * CALL_LIMIT < flow._MARK_PATIENCE


async def test_an_audit_that_fails_after_the_250_causes_no_duplicate(story: Story) -> None:
    """What the next hop took is marked even when the audit cannot write at that moment; the record follows."""
    held = await released(story)
    story.audit.broken = True
    await story.beat()
    story.audit.broken = False
    await story.beat(hours=1)
    assert len(story.sent("omar@corp.example")) == 1
    assert (await story.now(held)).state is HoldState.SENT
    assert story.audit.steps()[-1] == ("delivered", "sent", "gateway")


async def test_a_failure_is_recorded_before_it_is_told(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a durable record the failure takes no effect: the mail is tried again when the lease ends."""
    monkeypatch.setattr("gateway.flows.deliver._MARK_PAUSE", 0.001)
    held = await released(story)
    story.hop.data = NO_SUCH_USER
    story.audit.broken = True
    await story.beat()
    assert (await story.now(held)).state is HoldState.SENDING
    story.audit.broken = False
    await story.beat(minutes=6)
    assert (await story.now(held)).state is HoldState.FAILED


async def test_our_own_mail_says_what_it_needs(story: Story) -> None:
    """A notice to a non-ASCII mailbox asks for SMTPUTF8, where the next hop offers it, and a returned 8-bit mail for
    8BITMIME (RFC 6531, RFC 6152)."""
    await story.hold(sender=replace(SENDER, text="jürgen@corp.example"), raw=mail(DEMAND + " – grüße"))
    await story.beat()
    await story.beat(days=8)
    assert [sent.mail_from.parameters for sent in story.hop.delivered] == ["SMTPUTF8", "BODY=8BITMIME SMTPUTF8"]


async def test_a_dot_line_survives(story: Story) -> None:
    """Lines of the revision that begin with a dot arrive as written (RFC 5321 section 4.5.2)."""
    hold = await story.hold()
    await release(story.house, hold.id, new_text="Lunch:\n.\n..two", new_subject=None, actor="sender")
    await story.beat()
    assert read(story.sent("omar@corp.example")[0]).get_content().splitlines() == ["Lunch:", ".", "..two"]
