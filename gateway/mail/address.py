"""One e-mail address, as written and as compared.

`key` is what memory and directories compare: the whole address case-folded, because no organisation gives two people
addresses that differ only in case (RFC 5321 section 2.4 would allow it); a domain in A-label form. *Pure.*
"""

import re
from dataclasses import dataclass
from functools import lru_cache


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
    folded = domain.strip().rstrip(".").casefold()
    if folded.isascii():
        return folded
    try:
        return folded.encode("idna").decode("ascii")
    except UnicodeError:
        return folded


@lru_cache(maxsize=2048)
def address(text: str) -> Address:
    """Split at the last "@"; never refuses, since it must take whatever the mail server would take."""
    local, _, domain = text.strip().rpartition("@")
    if not local:
        local, domain = domain, ""
    return Address(
        local=local, domain=domain, key=f"{local.casefold()}@{domain_key(domain)}" if domain else local.casefold()
    )


_ADDR_SPEC = re.compile(r"[^\s<>,;:\"()\[\]]{1,64}@[^\s<>,;:\"()\[\]@]{1,255}")
MOST_HEADER_ADDRESSES = 1000


def addresses(header: str) -> tuple[str, ...]:
    """Keys of the addr-specs in a To or Cc header (RFC 5322 section 3.6.3), at most 1,000; no quoted local parts."""
    found = (match[0] for match, _ in zip(_ADDR_SPEC.finditer(header), range(MOST_HEADER_ADDRESSES), strict=False))
    return tuple(dict.fromkeys(address(text).key for text in found))
