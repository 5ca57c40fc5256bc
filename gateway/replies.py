"""The SMTP answers we give.

A basic code (RFC 5321 section 4.2) and an enhanced status code (RFC 3463) are one value: `Reply`. A reply of the
next hop is kept as the bytes it came in, so that it can be passed back verbatim. *Pure.*
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One SMTP reply: three-digit `code`, `enhanced` status code ("4.3.0" or ""), `text` (may hold "\\n").

    `verbatim` is the exact wire form of a reply that came from the next hop, final CRLF included.
    """

    code: int
    enhanced: str = ""
    text: str = ""
    verbatim: bytes | None = None

    @property
    def accepted(self) -> bool:
        """2yz: the other side has done what was asked."""
        return 200 <= self.code < 300

    @property
    def permanent(self) -> bool:
        """5yz: the client must not try the same again (RFC 5321 section 4.2.1)."""
        return self.code >= 500

    def wire(self) -> bytes:
        """The reply as it goes over the line, every line ended by CRLF."""
        if self.verbatim is not None:
            return self.verbatim
        lines = self.text.split("\n")
        lead = f"{self.enhanced} " if self.enhanced else ""
        rendered = [
            f"{self.code}{'-' if more else ' '}{lead}{line}" for more, line in zip(_more(lines), lines, strict=True)
        ]
        return ("\r\n".join(rendered) + "\r\n").encode("utf-8")


def _more(lines: list[str]) -> list[bool]:
    return [True] * (len(lines) - 1) + [False]


OK = Reply(code=250, enhanced="2.0.0", text="Ok")
SENDER_OK = Reply(code=250, enhanced="2.1.0", text="Ok")
RECIPIENT_OK = Reply(code=250, enhanced="2.1.5", text="Ok")
HELD = Reply(code=250, enhanced="2.0.0", text="Ok: accepted; the sender will be told what happens next")
START_MAIL_INPUT = Reply(code=354, text="End data with <CR><LF>.<CR><LF>")
SHUTTING_DOWN = Reply(code=421, enhanced="4.3.2", text="Service shutting down; try again soon")
TIMED_OUT = Reply(code=421, enhanced="4.4.2", text="Timed out waiting for you; closing")
BUSY = Reply(code=421, enhanced="4.3.2", text="Too many connections; try again soon")
# A client whose network is missing from the settings keeps its mail, to be tried again once they are put right.
NOT_WELCOME = Reply(code=421, enhanced="4.7.1", text="This server takes mail from its own mail servers only")
LOCAL_ERROR = Reply(code=451, enhanced="4.3.0", text="Local error; nothing was lost, try again later")
NEXT_HOP_UNAVAILABLE = Reply(code=451, enhanced="4.4.1", text="The next mail server does not answer; try again later")
STORE_UNAVAILABLE = Reply(
    code=451, enhanced="4.3.0", text="The store does not answer; nothing was lost, try again later"
)
NO_SPACE = Reply(code=452, enhanced="4.3.1", text="Insufficient system storage; try again later")
TOO_MANY_RECIPIENTS = Reply(code=452, enhanced="4.5.3", text="Too many recipients in one transaction")
BARE_LINE_END = Reply(code=550, enhanced="5.5.2", text="Lines must end in CRLF; bare CR, bare LF and NUL are refused")
TOO_BIG = Reply(code=552, enhanced="5.3.4", text="Message too big")
HEADERS_TOO_BIG = Reply(code=554, enhanced="5.3.4", text="Message headers too big")
MAIL_LOOP = Reply(code=554, enhanced="5.4.6", text="Too many hops: this mail goes round in a loop")
ANSWER_TAKEN = Reply(code=250, enhanced="2.0.0", text="Ok: your answer was taken")
ANSWER_UNKNOWN = Reply(code=550, enhanced="5.1.1", text="There is no held mail for this address any more")
ANSWER_NOT_YOURS = Reply(code=550, enhanced="5.7.1", text="Only the sender of the held mail can answer at this address")
ANSWER_TOO_BIG = Reply(code=552, enhanced="5.3.4", text="This answer is too big; write the new text alone")
ANSWER_TOO_OFTEN = Reply(code=450, enhanced="4.7.0", text="Too many answers about one mail; try again in an hour")
REJECTED = Reply(
    code=550, enhanced="5.7.1", text="Refused by this organisation's rule on personal social-media accounts"
)
