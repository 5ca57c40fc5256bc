"""The cookie that the link of a mail is exchanged for once a person has acted. *Pure*: the key and chance come in.

From then on the browser is led to an address that names the mail and holds no secret, so what stands in the window, its
history or a copied address opens the mail to nobody else. A look leaves nothing behind, nor does a form sent as it was
served. The link goes on opening the mail, on other devices and in a mail program's window that keeps no cookies: only a
browser that shows the cookie is led away from it.

One cookie of the browser's session holds an admission each for the last few mails: the hold's id, a random mark that
the forms are bound to, and a MAC over both and the hash of the link's secret. Nothing is stored for it; it opens no
longer than the link.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from gateway.holds.hold import HeldMail
from gateway.web.cookies import Cookies

MOST = 8  # mails; the newest stay
_BETWEEN = "~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admissions:
    """Those of one browser. The key is that of its cookies."""

    cookies: Cookies
    sent: Mapping[str, str]

    def form_key(self, held: HeldMail) -> bytes | None:
        """What signs the forms of this mail in this browser; None where it is not admitted. Every admission is
        compared, in constant time."""
        keys = [made for entry in self._entries() if (made := self._opens(entry, held))]
        return keys[0] if keys else None

    def grant(self, response: Response, held: HeldMail, mark: str) -> None:
        """Admit this browser; `mark` is 128 random bits as text. One that is admitted already stays so."""
        if self.form_key(held) is None:
            entry = f"{held.id}.{mark}.{self._mac(held, mark)}"
            self.cookies.put_admissions(response, _BETWEEN.join([entry, *self._entries()][:MOST]))

    def _entries(self) -> list[str]:
        return [entry for entry in self.cookies.admissions(self.sent).split(_BETWEEN) if entry]

    def _opens(self, entry: str, held: HeldMail) -> bytes | None:
        begun, _, mac = entry.rpartition(".")
        hold_id, _, mark = begun.rpartition(".")
        right = hmac.compare_digest(self._mac(held, mark).encode("ascii"), mac.encode("utf-8", "replace"))
        return self._made(f"form\0{begun}") if right and hold_id == held.id else None

    def _mac(self, held: HeldMail, mark: str) -> str:
        return self._made("\0".join((held.id, held.token_hash, mark))).hex()

    def _made(self, said: str) -> bytes:
        return hmac.new(self.cookies.key, f"admission\0{said}".encode("utf-8", "replace"), hashlib.sha256).digest()
