"""The envelope: who sends to whom, command parameters exactly as they came (RFC 5321 section 2.3.1). *Pure.*"""

from dataclasses import dataclass
from datetime import datetime

from gateway.mail.address import Address, address


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A reverse-path or forward-path: `text` between angle brackets ("" is the null path), `parameters` verbatim."""

    text: str
    parameters: str = ""

    @property
    def address(self) -> Address:
        """The mailbox, with an RFC 5321 source route (appendix C) left aside."""
        _, _, mailbox = self.text.partition(":") if self.text.startswith("@") else ("", "", self.text)
        return address(mailbox)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """What is known of the client: for Received, XFORWARD (Postfix XFORWARD_README) and the audit."""

    peer_address: str = ""
    peer_port: int = 0
    peer_name: str = ""
    helo: str = ""
    protocol: str = "ESMTP"
    identity: str = ""
    tls: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One accepted transaction: only recipients that the next hop accepted are in `rcpt_to`; `answers` are addresses
    of our own at which a notice is answered, which the next hop never hears of. Never both."""

    mail_from: Path
    rcpt_to: tuple[Path, ...]
    session: SessionFacts
    received_at: datetime
    answers: tuple[Path, ...] = ()
