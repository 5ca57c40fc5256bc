"""An HTML document as Outlook for Windows sees it: it shows what stands in comments made for it, and leaves out what
is marked as not for it ("conditional comments"). *Pure.*
"""

import re

_BEGINS, _ENDS = "<!--[if", "<![endif]"
_MOST = 500  # such comments
_SILENT = re.compile(r"<style\b[^<]*(?:<(?!/style)[^<]*)*|<[^<>]*>", re.I)
_WORD = re.compile(r"[^\W\d_]{2}")


def outlook_view(source: str) -> str:
    """The document with the comments for Outlook opened; "" when there are no words in any. Linear."""
    out, at, says = list[str](), 0, False
    for _ in range(_MOST):
        start = source.find(_BEGINS, at)
        close = source.find("]>", start, start + 200)
        end = source.find(_ENDS, close)
        if start < 0 or close < 0 or end < 0:
            break
        out.append(source[at:start])
        if "!mso" not in source[start:close].replace(" ", "").lower():
            inside = source[close + 2 : end]
            out.append(inside)
            says = says or _WORD.search(_SILENT.sub("", inside)) is not None
        at = source.find(">", end + len(_ENDS)) + 1 or len(source)
    return "".join([*out, source[at:]]) if says else ""
