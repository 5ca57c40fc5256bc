"""The marks by which mail programs set quotes, forwards and signatures apart in HTML. *Pure.*"""

import re
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from gateway.mail.quoting import is_forward_line, is_header_line
from gateway.mail.text import BlockKind


class Mark(NamedTuple):
    """Whose words an element holds; `to_end`: and all that follows it."""

    kind: BlockKind
    to_end: bool = False


_QUOTED, _FORWARDED, _SIGNATURE = Mark(BlockKind.QUOTED), Mark(BlockKind.FORWARDED), Mark(BlockKind.SIGNATURE)
_MAX_SIGNATURE = 2000  # characters; more than that is a text

_BY_CLASS = {
    "gmail_attr": _QUOTED,
    "gmail_signature": _SIGNATURE,
    "moz-cite-prefix": _QUOTED,
    "moz-forward-container": _FORWARDED,
    "moz-signature": _SIGNATURE,
    "yahoo_quoted": _QUOTED,
    "yahoo-quoted-begin": _QUOTED,
    "protonmail_quote": _QUOTED,
    "protonmail_signature_block": _SIGNATURE,
    "tutanota_quote": _QUOTED,
    "front-blockquote": _QUOTED,
    "zmail_extra": _QUOTED,
    "applemailsignature": _SIGNATURE,
}
_BY_ID = {
    "divrplyfwdmsg": Mark(BlockKind.QUOTED, to_end=True),
    "olk_src_body_section": _QUOTED,
    "mail-editor-reference-message-container": _QUOTED,
    "isforwardcontent": _FORWARDED,
    "isreplycontent": _QUOTED,
    "signature": _SIGNATURE,
    "applemailsignature": _SIGNATURE,
    "ms-outlook-mobile-signature": _SIGNATURE,
    "zwchr": Mark(BlockKind.QUOTED, to_end=True),
}
_QUOTING_BORDER = re.compile(r"border-left\s*:(?!\s*(?:none|0))", re.I)


def mark_of(node: LexborNode, tag: str, attributes: dict[str, str | None]) -> Mark | None:
    """The mark an element bears, None for an ordinary one."""
    if tag == "blockquote":
        return _QUOTED if _quotes(attributes) else None
    named = attributes.get("class")
    if named:
        for name in named.lower().split()[:20]:
            name = name.removeprefix("x_")
            if name.startswith("gmail_quote"):
                return _gmail(node)
            if name in _BY_CLASS:
                return _checked(_BY_CLASS[name], node)
    own = attributes.get("id")
    if own:
        found = _BY_ID.get(own.lower().removeprefix("x_"))
        if found is not None:
            return _checked(found, node)
    style = attributes.get("style")
    if style and tag == "div" and "border-top" in style and "solid" in style and is_header_line(_opening(node)):
        return Mark(BlockKind.QUOTED, to_end=True)  # Outlook for Windows
    return None


def _quotes(attributes: dict[str, str | None]) -> bool:
    """A blockquote that a mail program made; people also use it to indent their own words."""
    named = (attributes.get("class") or "").lower()
    if attributes.get("type") == "cite" or "cite" in attributes or "quote" in named:
        return True
    return bool(_QUOTING_BORDER.search(attributes.get("style") or ""))


def _gmail(node: LexborNode) -> Mark | None:
    """Gmail wraps attribution, quote, and words between quotes alike; only forwards are one piece."""
    if node.tag != "div":
        return _QUOTED
    attribution = node.css_first(".gmail_attr")
    if attribution is not None:
        return _FORWARDED if is_forward_line(_opening(attribution)) else None
    if node.css_first("blockquote") is not None:
        return None
    return _FORWARDED if is_forward_line(_opening(node)) else _QUOTED


def _checked(mark: Mark, node: LexborNode) -> Mark | None:
    if mark.kind is BlockKind.SIGNATURE and len(node.text(deep=True)) > _MAX_SIGNATURE:
        return None
    return mark


def _opening(node: LexborNode) -> str:
    """The first words of an element, cheaply."""
    words, probe = "", node.child
    for _ in range(40):
        if probe is None or len(words) > 60:
            break
        if probe.tag == "-text":
            words += probe.text_content or ""
        following = probe.child or probe.next
        while (
            following is None and probe is not None and probe.parent is not None and probe.parent.mem_id != node.mem_id
        ):
            probe = probe.parent
            following = probe.next
        probe = following
    return " ".join(words.split())
