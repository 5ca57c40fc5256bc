"""One e-mail address, as written and as compared.

`key` is what memory and directories compare: the whole address in lower case, because no organisation gives two people
addresses that differ only in case (RFC 5321 section 2.4 would allow it); a domain in A-label form, as IDNA 2008 and
UTS 46 have it, non-transitional. Letters are never taken for others: "groß" is not "gross". *Pure.*
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_MOST_OF_DOMAIN = 255  # octets, RFC 5321 section 4.5.3.1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`local`@`domain` exactly as written; `key` for comparing."""

    local: str
    domain: str
    key: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}" if self.domain else self.local


def domain_key(domain: str) -> str:
    """The domain as compared: lower case, A-labels where IDNA knows them, no final dot."""
    lowered = _lower(domain.strip().rstrip("."))
    if lowered.isascii() or len(lowered) > _MOST_OF_DOMAIN:
        return lowered
    import idna  # here, since its tables are large and few domains need them

    try:
        return idna.encode(lowered, uts46=True, transitional=False).decode("ascii").rstrip(".")
    except UnicodeError:  # IDNAError is one
        return lowered


def _lower(text: str) -> str:
    """Not `casefold`, which takes "ß" for "ss"; composed (NFC) before, and after, since a letter may be
    composed when small alone."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())


@lru_cache(maxsize=2048)
def address(text: str) -> Address:
    """Split at the last "@"; never refuses, since it must take whatever the mail server would take."""
    local, _, domain = text.strip().rpartition("@")
    if not local:
        local, domain = domain, ""
    lowered = _lower(local)
    return Address(local=local, domain=domain, key=f"{lowered}@{domain_key(domain)}" if domain else lowered)


_ADDR_SPEC = re.compile(r"[^\s<>,;:\"()\[\]]{1,64}@[^\s<>,;:\"()\[\]@]{1,255}")
MOST_HEADER_ADDRESSES = 1000


def addresses(header: str) -> tuple[str, ...]:
    """Keys of the addr-specs in a To or Cc header (RFC 5322 section 3.6.3), at most 1,000; no quoted local parts."""
    found = (match[0] for match, _ in zip(_ADDR_SPEC.finditer(header), range(MOST_HEADER_ADDRESSES), strict=False))
    return tuple(dict.fromkeys(address(text).key for text in found))
