"""What those who decide are told when a sender says that a hold is a mistake: whose, which mail, why, and what to do.

Nothing in it lets them act as the sender: neither link nor address for answers, nor those the sender copied into a
reason. *Pure.*
"""

from dataclasses import replace

from gateway.holds.grounds import grounds
from gateway.holds.hold import HeldMail
from gateway.holds.layout import Block, command, heading, lead, one_line, paragraph, quote
from gateway.holds.link import without_keys
from gateway.holds.notice import Notice, marked, noted, recipients, shown_subject
from gateway.language.catalogue import Catalogue, catalogue
from gateway.policy.pack import Pack

_MOST_RULES = 4
_LONGEST_REASON = 2000  # characters


def to_decide_notice(held: HeldMail, pack: Pack, *, language: str) -> Notice:
    """A disputed mail, for who decides; its `note` is the reason that was given."""
    say = catalogue(language)
    held = _guarded(held)
    blocks = [
        lead(_who(held, say)),
        paragraph(_since(held, say)),
        heading(say.gettext("The reason given")),
        quote(one_line(held.note, _LONGEST_REASON)),
        *marked(grounds(held.findings, pack, say)[:_MOST_RULES], say),
        *_asked_before(held, say),
        *_what_to_do(held, say),
    ]
    return noted(
        "to-decide",
        say.gettext("Please decide: {subject}"),
        blocks,
        say,
        subject=held.subject,
        message_id=held.message_id,
        footer=say.gettext("This note was written by the mail gateway for those who decide about held mail."),
    )


def _guarded(held: HeldMail) -> HeldMail:
    found = (
        replace(one, sentence=without_keys(one.sentence), because=without_keys(one.because)) for one in held.findings
    )
    return replace(held, subject=without_keys(held.subject), note=without_keys(held.note), findings=tuple(found))


def _who(held: HeldMail, say: Catalogue) -> str:
    subject, sender = shown_subject(held.subject, say), one_line(held.mail_from.text)
    person = one_line(held.changed_by.partition(":")[2])
    if not person or person == held.sender:
        return say.gettext('{sender} says that holding the mail "{subject}" is a mistake.').format(
            sender=sender, subject=subject
        )
    # Translators: {person} did so in the name of {sender}, who wrote the mail; all three are shown as they are.
    other = say.gettext('{person} says that holding the mail "{subject}" from {sender} is a mistake.')
    return other.format(person=person, subject=subject, sender=sender)


def _since(held: HeldMail, say: Catalogue) -> str:
    line = say.gettext(
        "It is meant for {count} and has been held since {date}. Until you decide it waits and reaches nobody."
    )
    return line.format(count=recipients(len(held.rcpt_to), say), date=say.date(held.held_at))


def _asked_before(held: HeldMail, say: Catalogue) -> list[Block]:
    """The day of the last earlier ask; whose it was is nobody's but the asker's."""
    if not held.earlier:
        return []
    line = say.gettext("This group was asked on {date}.")
    return [
        heading(say.gettext("Asked before")),
        paragraph(line.format(date=say.date(max(ask.at for ask in held.earlier)))),
    ]


def _what_to_do(held: HeldMail, say: Catalogue) -> list[Block]:
    """The commands of `askonce holds`."""
    return [
        heading(say.gettext("What to do")),
        paragraph(say.gettext("Read the whole mail first; that you did is recorded:")),
        command(f"askonce holds show {held.id} --config FILE"),
        paragraph(say.gettext("If holding it is a mistake, send it as it is:")),
        command(f'askonce holds release {held.id} --by NAME --note "TEXT" --config FILE'),
        paragraph(say.gettext("If it is right to hold it, say why:")),
        command(f'askonce holds uphold {held.id} --by NAME --note "TEXT" --config FILE'),
        paragraph(
            # Translators: NAME, TEXT and FILE stand in the commands above and stay as they are.
            say.gettext(
                "NAME is your name, TEXT what the sender is told, FILE the gateway's settings file. The commands are "
                "run on the gateway's machine, as its user."
            )
        ),
        paragraph(say.gettext("An answer to this mail decides nothing.")),
    ]
