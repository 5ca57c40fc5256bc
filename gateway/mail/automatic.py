"""Mail that no person waits at: what must never be answered (RFC 3834 section 2, RFC 5321 section 4.5.5). *Pure.*"""

from gateway.mail.message import Message

_LIST_FIELDS = frozenset(
    ("list-id", "list-post", "list-unsubscribe", "list-help", "list-archive", "mailing-list", "feedback-id")
)
_OTHER_FIELDS = frozenset(
    ("x-autoreply", "x-autorespond", "x-autoreply-from", "x-mail-autoreply", "x-loop", "x-failed-recipients")
)
_MACHINES = (
    "mailer-daemon",
    "postmaster",
    "no-reply",
    "noreply",
    "do-not-reply",
    "donotreply",
    "bounce",
    "bounces",
    "listserv",
    "majordomo",
    "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e",
)
_MACHINE_ENDS = ("-request", "-bounces", "-relay", "-owner")


def is_automatic(message: Message, mail_from: str) -> bool:
    """True when no notice may go to `mail_from`, the envelope's reverse-path ("" is the null path)."""
    mailbox = mail_from.strip().strip("<>").casefold()
    local = mailbox.rpartition("@")[0] if "@" in mailbox else mailbox  # a bare name is somebody here
    if not local or _machine(local):
        return True
    return any(_says_so(name, value) for name, value in message.headers)


def _machine(local: str) -> bool:
    name = local.partition("+")[0]
    return name in _MACHINES or name.startswith(("owner-", "bounce-", "bounces-")) or name.endswith(_MACHINE_ENDS)


def _says_so(name: str, value: str) -> bool:
    if name == "auto-submitted":
        return value.partition(";")[0].strip().casefold() not in ("no", "")
    if name == "precedence":
        return value.strip().casefold() in ("bulk", "junk", "list", "auto_reply")
    if name == "x-auto-response-suppress":
        said = {word.strip().casefold() for word in value.split(",")}
        return bool(said & {"all", "autoreply", "dr", "oof"})
    if name == "content-type":
        return value.casefold().startswith(("multipart/report", "message/delivery-status"))
    return name in _LIST_FIELDS or name in _OTHER_FIELDS
