"""Names and addresses of a report, replaced by pseudonyms: the same person is the same within one report, and nobody
outside can tell who. *Pure.*

Keyed (HMAC, RFC 2104) with a key that is made for one report and thrown away with its state file.
"""

import hashlib
import hmac
import re
from collections.abc import Collection, Iterable

_ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
_LOCAL = re.compile(r"^([^\W\d_]{2,})[._-]([^\W\d_]{2,})$")
_LINK = re.compile(r"https?://[^\s<>\"')\]]+")


class Pseudonyms:
    """`names`: words of people's names that are known in the archive, capitalised."""

    def __init__(self, key: bytes, names: Collection[str]) -> None:
        self._key = key
        self._words = (
            re.compile(
                r"(?<![\w@])(" + "|".join(map(re.escape, sorted(names, key=lambda n: (-len(n), n)))) + r")(?!\w)"
            )
            if names
            else None
        )

    def address(self, address: str) -> str:
        """A person or mailbox."""
        return f"person-{self._tag(address.casefold())}" if address else "somebody"

    def text(self, text: str) -> str:
        """A sentence or subject without names, addresses or links to places inside."""
        text = _LINK.sub("<link>", text)
        text = _ADDRESS.sub(lambda found: f"<{self.address(found[0])}>", text)
        return self._words.sub(lambda found: f"<name-{self._tag(found[0])}>", text) if self._words else text

    def _tag(self, text: str) -> str:
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:6]


def names_in(addresses: Iterable[str]) -> set[str]:
    """The words of addresses written like "dana.reyes@…", capitalised."""
    found = (_LOCAL.match(address.partition("@")[0]) for address in addresses)
    return {word.capitalize() for match in found if match for word in match.groups() if len(word) > 2}
