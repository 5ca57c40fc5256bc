"""What a browser keeps while somebody signs in, and afterwards. *Pure*: keys, times and secrets come in.

Every cookie is HttpOnly, SameSite=Lax (a form of another site comes without it; a link in a mail comes with it) and,
on https, Secure under a `__Host-` name, which no other host can set (RFC 6265bis section 4.1.3).

Three kinds. The session's is a random secret of which the store has the SHA-256. Another binds one way to the provider
and back to this browser: it holds the secret that PKCE's verifier and the nonce are made of and where to go
afterwards, under a MAC; its name is the `state`, so two tabs may sign in at once. Nothing is stored for it. The third,
for which the links of held mails are exchanged, ends with the browser; `admission.py` says what is in it.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

SESSION, CROSSING, ADMISSIONS = "askonce", "askonce-in-", "askonce-held"
CROSSING_TIME = timedelta(minutes=10)
MOST_CROSSINGS = 5  # cookies of sign-ins begun and not ended; then they make room
_STATE = re.compile(r"[A-Za-z0-9_-]{22,64}")
_LONGEST = 2048  # characters of a cookie of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """One way to the provider and back: `state` names it, `secret` stays in the browser, `target` comes afterwards (a
    path below our own address), in the `language` the reader chose (a tag of ours, "" for none)."""

    state: str
    secret: str
    target: str
    ends: datetime
    language: str = ""

    @property
    def verifier(self) -> str:
        """PKCE's code verifier (RFC 7636 section 4.1), 43 characters."""
        return _made("verifier", self.secret)

    @property
    def challenge(self) -> str:
        """Its S256 challenge (section 4.2)."""
        return _encoded(hashlib.sha256(self.verifier.encode("ascii")).digest())

    @property
    def nonce(self) -> str:
        """What the ID token must repeat."""
        return _made("nonce", self.secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookies:
    """`key` signs; `secure`: the page is on https."""

    key: bytes
    secure: bool

    def session(self, sent: Mapping[str, str]) -> str:
        """The session's secret in a request's cookies, "" for none."""
        return sent.get(self._name(SESSION), "")[:_LONGEST]

    def put_session(self, response: Response, secret: str, seconds: int) -> None:
        """Kept for so long."""
        self._put(response, SESSION, secret, seconds)

    def drop_session(self, response: Response) -> None:
        """Forgotten by the browser."""
        self._put(response, SESSION, "", 0)

    def crossings(self, sent: Mapping[str, str]) -> tuple[str, ...]:
        """The states of all sign-ins this browser has begun."""
        begins = self._name(CROSSING)
        return tuple(name.removeprefix(begins) for name in sent if name.startswith(begins))

    def crossing(self, sent: Mapping[str, str], state: str, now: datetime) -> Crossing | None:
        """The one of this state, None when this browser has not begun it or its time is over."""
        if not _STATE.fullmatch(state):
            return None
        said, _, mac = sent.get(self._name(CROSSING + state), "")[:_LONGEST].rpartition(".")
        if not hmac.compare_digest(self._mac(state, said).encode("ascii"), mac.encode("utf-8", "replace")):
            return None
        secret, seconds, language, target = said.split(".", 3)
        ends = datetime.fromtimestamp(int(seconds), UTC)
        if now >= ends:
            return None
        return Crossing(state=state, secret=secret, target=_decoded(target), ends=ends, language=language)

    def put_crossing(self, response: Response, crossing: Crossing) -> None:
        """Kept until it ends."""
        target = _encoded(crossing.target.encode("utf-8"))
        said = f"{crossing.secret}.{int(crossing.ends.timestamp())}.{crossing.language}.{target}"
        value = f"{said}.{self._mac(crossing.state, said)}"
        self._put(response, CROSSING + crossing.state, value, int(CROSSING_TIME.total_seconds()))

    def drop_crossing(self, response: Response, state: str) -> None:
        """Forgotten by the browser."""
        self._put(response, CROSSING + state, "", 0)

    def admissions(self, sent: Mapping[str, str]) -> str:
        """What a request's cookies say of held mails, "" for nothing."""
        return sent.get(self._name(ADMISSIONS), "")[:_LONGEST]

    def put_admissions(self, response: Response, value: str) -> None:
        """Kept until the browser is closed."""
        self._put(response, ADMISSIONS, value, None)

    def _put(self, response: Response, name: str, value: str, seconds: int | None) -> None:
        response.set_cookie(
            self._name(name), value, max_age=seconds, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def _name(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else name

    def _mac(self, state: str, said: str) -> str:
        signed = f"crossing\0{state}\0{said}".encode()
        return _encoded(hmac.new(self.key, signed, hashlib.sha256).digest())


def _made(what: str, secret: str) -> str:
    return _encoded(hashlib.sha256(f"{what}\0{secret}".encode()).digest())


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def _decoded(value: str) -> str:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode("utf-8")
