"""Who decides is told of a dispute: once, with the sender's reason, and with nothing that only the sender may have."""

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage

import pytest

from gateway.audit.events import NoticeSent
from gateway.errors import AuditUnavailable, GatewayError
from gateway.flows.answer import is_answer
from gateway.flows.dispute import dispute, uphold
from gateway.flows.receive import receive
from gateway.flows.step import Changed, TooLate
from gateway.holds.answer_address import answer_key
from gateway.holds.link import answer_place, link_place, link_secret
from gateway.mail.content import stuffed
from gateway.mail.envelope import Envelope, Path, SessionFacts
from gateway.mail.message import walk
from gateway.mail.trace_headers import is_own_notice
from gateway.ports import House
from gateway.replies import Reply
from tests.flows.house import KEY, Story
from tests.flows.test_answer import reply
from tests.flows.test_fill import unquoted

KIM, LEE = "kim@corp.example", "lee@corp.example"
REASON = "It is about our own page."


def deciding(house: House, *addresses: str, language: str = "en") -> House:
    """The same house, where these are told of disputes."""
    settings = house.settings
    holds = settings.holds.model_copy(update={"disputes_to": addresses})
    organisation = settings.organisation.model_copy(update={"language": language})
    return replace(house, settings=settings.model_copy(update={"holds": holds, "organisation": organisation}))


@pytest.fixture
def told(story: Story) -> Story:
    """A story in which Kim decides."""
    story.house = deciding(story.house, KIM)
    return story


def letters(story: Story, to: str = KIM) -> list[EmailMessage]:
    """What they were sent."""
    return [email.message_from_bytes(raw, policy=email.policy.default) for raw in story.sent(to)]


def words(letter: EmailMessage, kind: str = "plain") -> str:
    """One of its texts, on one line."""
    body = letter.get_body((kind,))
    assert body is not None
    return " ".join(body.get_content().split())


async def test_one_mail_tells_of_a_dispute(told: Story) -> None:
    """It says who, which mail, since when, to how many, the reason, and how to decide, in text and HTML."""
    held = await told.hold()
    assert isinstance(await dispute(told.house, held.id, reason=REASON, actor="sender"), Changed)
    await told.beat()
    await told.beat(hours=1)
    [letter] = letters(told)
    assert ("Please decide: New banners", KIM) == (letter["subject"], letter["to"])
    for said in (
        'mira@corp.example says that holding the mail "New banners" is a mistake.',
        "It is meant for 2 recipients and has been held since 5 June 2026.",
        REASON,
        f"askonce holds show {held.id} ",
        f'askonce holds release {held.id} --by NAME --note "TEXT" ',
        f'askonce holds uphold {held.id} --by NAME --note "TEXT" ',
    ):
        assert said in words(letter)
    assert REASON in words(letter, "html")
    lines = letter.get_body(("plain",)).get_content().splitlines()
    assert f'    askonce holds uphold {held.id} --by NAME --note "TEXT" --config FILE' in lines


async def test_a_dispute_by_reply_is_told_as_one_on_the_page(told: Story) -> None:
    """The sender has a receipt, who decides the sender's words; the same answer sent again tells nobody anything."""
    held = await told.hold()
    for _ in range(2):
        await reply(told, held, f"DISPUTE {REASON}")
    await told.beat()
    [letter] = letters(told)
    assert REASON in words(letter)
    assert ["Being looked at: New banners"] == [
        one["subject"] for one in letters(told, "mira@corp.example") if one["subject"] != "Not sent yet: New banners"
    ]


async def test_nobody_is_told_where_nobody_is_named(story: Story) -> None:
    """Without the setting a dispute writes no mail."""
    held = await story.hold()
    await story.beat()
    before = len(story.hop.sent)
    await dispute(story.house, held.id, reason=REASON, actor="sender")
    await story.beat()
    assert before == len(story.hop.sent)


async def test_each_address_gets_one_of_its_own(story: Story) -> None:
    """An address that is named twice is one; what is refused to one reaches the others, and both are on record."""
    house = deciding(story.house, KIM, LEE, KIM.upper())
    unknown, taken = Reply(code=550, enhanced="5.1.1", text="no such user"), Reply(code=250)
    story.hop.rcpt = lambda path: unknown if path.text == LEE else taken
    held = await story.hold()
    await dispute(house, held.id, reason=REASON, actor="sender")
    await story.beat()
    assert 1 == len(letters(story))
    known = [one for one in story.audit.events if isinstance(one, NoticeSent) and one.kind == "to-decide"]
    assert {(held.id, "sent", 250), (held.id, "refused", 550)} == {(e.mail_id, e.outcome, e.code) for e in known}
    await story.beat(hours=1)
    assert 2 == len(story.hop.sent)  # the sender's own notice is the other one: nothing comes back


async def test_each_dispute_is_told_and_a_late_one_is_not(told: Story) -> None:
    """Two clicks are one dispute; after a decision the sender may dispute anew."""
    held = await told.hold()
    await dispute(told.house, held.id, reason=REASON, actor="sender")
    assert isinstance(await dispute(told.house, held.id, reason="again", actor="sender"), TooLate)
    await uphold(told.house, held.id, note="It names profiles.", actor="compliance:kim")
    await dispute(told.house, held.id, reason="Look once more.", actor="sender")
    await told.beat()
    assert [REASON in words(one) for one in letters(told)].count(True) == 1
    assert 2 == len(letters(told))


async def test_nobody_who_decides_can_act_as_the_sender(told: Story) -> None:
    """There is neither link nor address for answers in it: no place where they would be filled in, not even for a
    mail of whoever decides, and not those the sender copied into the reason."""
    held = await told.hold(sender=Path(text=KIM))
    secret, key = link_secret(KEY, held.id), answer_key(KEY, held.id)
    mine = f"Look: https://review.corp.example/h/{secret}?lang=de or askonce+{key}@corp.example"
    places = f"{link_place(KEY, held.id)} {answer_place(KEY, held.id)}"
    await told.beat()
    await dispute(told.house, held.id, reason=f"{mine} {places} It is fine.", actor="sender")
    await told.beat()
    raw = told.sent(KIM)[-1]
    assert "Please decide" in unquoted(raw)
    assert "It is fine." in unquoted(raw)
    for text in (raw.decode("ascii"), unquoted(raw)):
        assert secret not in text
        assert key not in text.casefold()


async def test_an_answer_to_it_does_nothing(told: Story) -> None:
    """It is automatic, has a null sender and no address for answers; whom it is from takes no answer without a key."""
    held = await told.hold()
    await dispute(told.house, held.id, reason=REASON, actor="sender")
    await told.beat()
    [letter] = letters(told)
    [sent] = [one for one in told.hop.delivered if KIM in [path.text for path in one.rcpt_to]]
    assert "" == sent.mail_from.text
    assert (None, "auto-replied", "All") == (
        letter["reply-to"],
        letter["auto-submitted"],
        letter["x-auto-response-suppress"],
    )
    assert "An answer to this mail decides nothing." in words(letter)
    assert not is_answer(told.house, Path(text=letter["from"].addresses[0].addr_spec))


async def test_it_is_not_judged_when_it_comes_through_us(told: Story) -> None:
    """It quotes what was held, and yet it is relayed."""
    held = await told.hold()
    await dispute(told.house, held.id, reason=REASON, actor="sender")
    await told.beat()
    [raw] = told.sent(KIM)
    assert is_own_notice(walk(raw), KEY)
    session, before = SessionFacts(), len(told.sent(KIM))
    envelope = Envelope(mail_from=Path(text=""), rcpt_to=(Path(text=KIM),), session=session, received_at=told.clock[0])
    onward = told.house.next_hop.begin(envelope.mail_from, session)
    await onward.rcpt(Path(text=KIM))
    assert 250 == (await receive(told.house, envelope, stuffed(raw), onward)).code
    assert before + 1 == len(told.sent(KIM))


@pytest.mark.parametrize(
    ("actor", "said"),
    [
        (
            "delegate:pa@corp.example",
            'pa@corp.example says that holding the mail "New banners" from mira@corp.example is',
        ),
        (
            "bearer:jo@corp.example",
            'jo@corp.example says that holding the mail "New banners" from mira@corp.example is',
        ),
        ("sender:mira@corp.example", 'mira@corp.example says that holding the mail "New banners" is'),
    ],
)
async def test_anothers_words_are_told_as_theirs(told: Story, actor: str, said: str) -> None:
    """Who says so is named beside the sender; the sender who signed in is not named twice."""
    held = await told.hold()
    await dispute(told.house, held.id, reason=REASON, actor=actor)
    await told.beat()
    assert f"{said} a mistake." in words(letters(told)[0])


async def test_it_speaks_the_organisations_language(story: Story) -> None:
    """Whatever the sender reads."""
    house = deciding(story.house, KIM, language="fr")
    held = await story.hold()
    await dispute(house, held.id, reason=REASON, actor="sender")
    await story.beat()
    [letter] = letters(story)
    assert "fr" == letter["content-language"]
    assert "Décision à prendre : New banners" == letter["subject"]


async def test_a_dispute_nobody_could_be_told_of_did_not_happen(told: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mail and the dispute are one unit: when the outbox or the record fails, neither is there."""
    held = await told.hold()
    await told.beat()

    async def fails(*_: object) -> None:
        raise GatewayError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr("gateway.storage.outbox_table.OutboxRows.put", fails)
        with pytest.raises(GatewayError):
            await dispute(told.house, held.id, reason=REASON, actor="sender")
    told.audit.broken = True
    with pytest.raises(AuditUnavailable):
        await dispute(told.house, held.id, reason=REASON, actor="sender")
    told.audit.broken = False
    assert held == await told.now(held)
    await told.beat()
    assert [] == letters(told)


async def test_a_reply_that_is_not_recorded_tells_nobody(told: Story) -> None:
    """When the record of the answer fails, which comes after the mail, the mail is undone with the dispute."""
    held = await told.hold()
    record = told.audit.record

    async def refuses(event: object) -> None:
        if type(event).__name__ == "AnswerReceived":
            raise AuditUnavailable
        await record(event)  # type: ignore[arg-type]

    told.audit.record = refuses  # type: ignore[method-assign]
    with pytest.raises(AuditUnavailable):
        await reply(told, held, f"DISPUTE {REASON}")
    await told.beat()
    assert held == await told.now(held)
    assert [] == letters(told)
