"""Who may see and act on a held mail.

The key is the capability in the link: 256 random bits, stored hashed, sent to the envelope sender only. It opens the
page without a cookie, so the page works in a mail program's window that keeps none, and a link scanner that opens it
leaves nothing behind. Once a person has acted it is exchanged for a cookie (`admission.py`). Each acting form also
carries a keyed token bound to this hold, this link and this one purpose, so a form of one mail is worth nothing on
another, and another site has nothing to ride on. Who signs in (`door.py`) needs no link. *Pure*, but for `find_hold`
and `find_by_id`, which read the store.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from gateway.holds.hold import HeldMail
from gateway.holds.lifecycle import TERMINAL
from gateway.holds.link import token_hash
from gateway.ports import House

LINGERS = timedelta(days=30)  # how long a link still tells the end of the story
_LONGEST_SECRET = 128  # characters; real ones have 43


async def find_hold(house: House, secret: str) -> HeldMail | None:
    """The held mail this link opens, None for an unknown link or one that has served its time. Both take the same
    path: one hash, one look-up. Raises StoreUnavailable."""
    async with house.store.begin(write=False) as unit:
        held = await unit.holds.by_token(token_hash(secret[:_LONGEST_SECRET]))
    return held if held is not None and link_open(held, house.clock()) else None


async def find_by_id(house: House, hold_id: str) -> HeldMail | None:
    """The held mail of this id as long as its link opens; whether it may be seen is still to be asked. Raises
    StoreUnavailable."""
    async with house.store.begin(write=False) as unit:
        held = await unit.holds.get(hold_id[:_LONGEST_SECRET])
    return held if held is not None and link_open(held, house.clock()) else None


def link_open(held: HeldMail, now: datetime) -> bool:
    """A link opens while its mail is held or under way, and for 30 days after the end."""
    if held.state not in TERMINAL:
        return True
    return now <= max(held.expires_at, held.changed_at or held.held_at) + LINGERS


def bearer(headers: Mapping[str, str]) -> str:
    """The token of an Authorization header (RFC 6750 section 2.1), "" for none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip()[:_LONGEST_SECRET] if scheme.lower() == "bearer" else ""


def known_token(token: str, allowed: Sequence[str]) -> bool:
    """True for a token whose SHA-256 is among the settings'. Every one of them is compared, in constant time."""
    made = token_hash(token)
    return sum(hmac.compare_digest(made, one) for one in allowed) > 0 and bool(token)


def form_token(key: bytes, held: HeldMail, purpose: str) -> str:
    """The token of one form ("revise", "withdraw", "dispute") for one hold."""
    said = "\0".join(("form", purpose, held.id, held.token_hash))
    return hmac.new(key, said.encode("utf-8"), hashlib.sha256).hexdigest()


def token_fits(key: bytes, held: HeldMail, purpose: str, token: str) -> bool:
    """Constant-time comparison."""
    return hmac.compare_digest(form_token(key, held, purpose).encode("ascii"), token.encode("utf-8", "replace"))


def from_elsewhere(headers: Mapping[str, str]) -> bool:
    """True when a browser says that another site sent this form (Fetch Metadata, `Sec-Fetch-Site`)."""
    return headers.get("sec-fetch-site", "") in {"cross-site", "same-site"}
