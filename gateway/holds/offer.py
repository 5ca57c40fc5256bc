"""The artwork a mail brings along, offered to whoever may want it instead of asked for. *Pure.*

What the mail itself attaches or links is used; nothing is invented.
"""

import re

from gateway.language.catalogue import Catalogue, later
from gateway.mail import decoding
from gateway.mail.html_text import html_text
from gateway.mail.message import Message
from gateway.mail.text import MessageText

# Translators: both stand in the sender's own mail instead of an ask, and must themselves pass: they ask nothing.
ATTACHED = later("The artwork is attached, for anyone who may ever want it.")
LINKED = later("The artwork is here, for anyone who may ever want it: {link}")

_ARTWORK = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|tiff?|ai|eps|psd|pdf|pptx?|mp4|mov|zip)$|^(?:image|video)/", re.I)
_INLINE = re.compile(r"image\d{3}\.\w+|(?:smime|signature|winmail)\.\w+", re.I)  # what mail programs add by themselves
_URL = re.compile(r"https?://[^\s<>\"')\]]+")
_READ = 1 << 18  # characters of a part
_LONGEST = 300  # characters of a link that is written out


def offer(text: MessageText, near: str, links: frozenset[str], say: Catalogue) -> str:
    """One sentence that offers this mail's own artwork, `say` in its language, "" when it brings none. `near`: the
    words that ask for it, whose link counts before all others; `links`: those a reader can press (`pressable`)."""
    if any(_ARTWORK.search(name) and not _INLINE.fullmatch(name) for name in text.attachments):
        return say.gettext(ATTACHED)
    own = [link for link in text.links if len(link) <= _LONGEST and link in links]
    named = [link for link in own if link in near]
    chosen = named or (own if len(own) == 1 else [link for link in own if _ARTWORK.search(link)])
    return say.gettext(LINKED).format(link=chosen[0]) if chosen else ""


def pressable(message: Message) -> frozenset[str]:
    """Links a reader can press or copy; not the addresses of pictures, some of which only count looks."""
    found: set[str] = set()
    for part in message.parts:
        if part.disposition == "attachment" or part.content_type not in ("text/plain", "text/html"):
            continue
        source, _ = decoding.text(message.raw, part, cap=_READ)
        if part.content_type == "text/html":
            page = html_text(source)
            found.update(link for _, link in page.links)
            source = page.text
        found.update(link.rstrip(".,;:!?") for link in _URL.findall(source))
    return frozenset(found)
