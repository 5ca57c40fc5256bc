"""A message read at byte level: headers and MIME parts with their offsets, nothing decoded yet.

The walker (RFC 5322, RFC 2045, RFC 2046) has hard caps on headers, parts and depth, so its time is linear in the
size of the message whatever the message holds. What exceeds a cap or breaks the grammar is named in `defects`; no
input makes it fail. *Pure.*
"""

import re
from dataclasses import dataclass, field

from gateway.mail.content import Raw
from gateway.mail.header import Fields, decoded, fields, mark, parameterised

_COMMENT = re.compile(r"\([^()]*\)")
_MAX_REST = 65_536  # bytes
_MAX_FALSE_BOUNDARIES = 20_000  # lines that begin like a delimiter and are none


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where reading stops. `header_bytes` and `headers` hold for the message and for each part."""

    header_bytes: int = 100 * 1024
    headers: int = 1000
    parts: int = 500
    depth: int = 20


LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One leaf part. `start`/`end` are the offsets of its body in `Message.raw` (transfer encoding still on);
    `content_type` lower case ("text/plain"); `charset`, `encoding` lower case; `filename` decoded or "";
    `disposition` "inline", "attachment" or ""; `content_id` without angle brackets; `path` such as "1.2" (RFC 3501)."""

    content_type: str
    start: int
    end: int
    charset: str = ""
    encoding: str = "7bit"
    filename: str = ""
    disposition: str = ""
    content_id: str = ""
    path: str = "1"
    header_start: int = 0
    parameters: dict[str, str] = field(default_factory=dict)
    parent: str = ""  # content type of the enclosing multipart, "" at the top


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`header_end` is the offset just behind the blank line. `headers` are (lower-case name, raw unfolded value) in
    order. `defects` name what could not be read ("header-cap", "part-cap", "depth-cap", "no-boundary", ...)."""

    raw: Raw
    headers: tuple[tuple[str, str], ...]
    header_end: int
    parts: tuple[Part, ...]
    message_id: str = ""
    subject: str = ""  # encoded words decoded (RFC 2047), controls removed
    from_: str = ""
    defects: tuple[str, ...] = ()
    multiparts: dict[str, str] = field(default_factory=dict)  # path ("" at the top) -> "multipart/alternative", ...

    def header(self, name: str) -> str:
        """The first value of a header, "" when absent; `name` in lower case."""
        return next((value for key, value in self.headers if key == name), "")


def walk(raw: Raw, *, limits: Limits = LIMITS) -> Message:
    """Headers and leaf parts of a whole message. Never raises; time is linear in its size (caps in `limits`).

    A message/rfc822 part is one leaf. A multipart without usable boundary becomes a text/plain leaf, as its reader
    would see it. LF-only line ends are read like CRLF.
    """
    defects: dict[str, None] = {}
    top, body = fields(raw, 0, len(raw), limits.header_bytes, limits.headers, defects)
    tree = _Tree(raw, limits, defects)
    tree.read(top, body)
    subject, from_, message_id = top.first("subject"), top.first("from"), top.first("message-id")
    return Message(
        raw=raw,
        headers=top.items,
        header_end=body,
        parts=tuple(tree.parts),
        message_id=message_id.strip(),
        subject=decoded(subject, defects) if subject else "",
        from_=decoded(from_, defects) if from_ else "",
        defects=tuple(defects),
        multiparts=tree.multiparts,
    )


class _Tree:
    """The MIME tree while it is being read: an explicit stack, no recursion."""

    def __init__(self, raw: Raw, limits: Limits, defects: dict[str, None]) -> None:
        self.raw, self.limits, self.defects = raw, limits, defects
        self.parts: list[Part] = []
        self.multiparts: dict[str, str] = {}

    def read(self, top: Fields, body: int) -> None:
        """Fill `parts` in reading order."""
        stack = [(top, 0, body, len(self.raw), "", "", 0)]
        while stack:
            head, header_start, start, end, path, parent, depth = stack.pop()
            if len(self.parts) >= self.limits.parts:
                mark(self.defects, "part-cap")
                self._rest(start, path, parent)
                return
            default = "message/rfc822" if parent == "multipart/digest" else "text/plain"
            kind, parameters = self._type(head, default)
            if kind.startswith("multipart/"):
                if depth >= self.limits.depth:
                    mark(self.defects, "depth-cap")
                    kind = "text/plain"
                else:
                    children = self._children(parameters.get("boundary", ""), start, end)
                    if children:
                        self.multiparts[path] = kind
                        for number in range(len(children), 0, -1):
                            child = children[number - 1]
                            inner = f"{path}.{number}" if path else str(number)
                            stack.append((*self._fields(*child), child[1], inner, kind, depth + 1))
                        continue
                    kind = "text/plain"
            self.parts.append(
                _leaf(head, kind, parameters, header_start, start, end, path or "1", parent, self.defects)
            )

    def _rest(self, start: int, path: str, parent: str) -> None:
        """All from here on as one text: what is beyond a cap is seen at least where it is not encoded."""
        end = min(len(self.raw), start + _MAX_REST)
        rest = Part(
            content_type="text/plain", start=start, end=end, path=path or "1", header_start=start, parent=parent
        )
        self.parts.append(rest)

    def _fields(self, start: int, end: int) -> tuple[Fields, int, int]:
        head, body = fields(self.raw, start, end, self.limits.header_bytes, self.limits.headers, self.defects)
        return head, start, body

    def _type(self, head: Fields, default: str) -> tuple[str, dict[str, str]]:
        value = head.first("content-type")
        if not value:
            return default, {}
        kind, parameters = parameterised(value, self.defects)
        if head.repeated("content-type"):
            mark(self.defects, "repeated-content-type")
        main, slash, sub = kind.partition("/")
        if not (main and slash and sub):
            mark(self.defects, "bad-content-type")
            return "text/plain", parameters  # RFC 2045 section 5.2
        return kind, parameters

    def _children(self, boundary: str, start: int, end: int) -> list[tuple[int, int]]:
        """Ranges (headers and body) of the parts between this boundary's delimiter lines (RFC 2046 section 5.1.1)."""
        raw, line = self.raw, b"--" + boundary.encode("utf-8", "replace")
        if not boundary:
            mark(self.defects, "no-boundary")
            line = _sniffed(raw, start, end)
            if not line:
                return []
        delimiter, found, opened, misses = b"\n" + line, list[tuple[int, int]](), -1, 0
        at = raw.find(delimiter, start - 1, end)  # a multipart has a header, so a line end stands before its body
        while at >= 0:
            after = at + len(delimiter)
            stop, final = _delimiter_end(raw, after, end)
            if stop < 0:
                misses, stop = misses + 1, after
            else:
                if 0 <= opened <= at:  # two delimiters in a row have no part between them
                    found.append((opened, _body_end(raw, at, opened)))
                opened = stop
            if final and found:
                return found
            if misses > _MAX_FALSE_BOUNDARIES or len(found) + len(self.parts) >= self.limits.parts:
                mark(self.defects, "part-cap")
                return [*found, (opened, end)] if opened >= 0 else found
            at = raw.find(delimiter, stop - 1, end)
        if opened < 0:
            mark(self.defects, "boundary-not-found")
            return []
        mark(self.defects, "no-final-boundary")
        return [*found, (opened, end)]


def _sniffed(raw: Raw, start: int, end: int) -> bytes:
    """What a multipart without boundary parameter seems to use as delimiter: its first line, if it looks like one."""
    line = bytes(raw[start : min(end, start + 80)]).split(b"\n", 1)[0].rstrip()
    return line if line.startswith(b"--") and 4 < len(line) <= 72 and not line.endswith(b"--") else b""


def _delimiter_end(raw: Raw, after: int, end: int) -> tuple[int, bool]:
    """Behind the boundary only "--" and blanks may follow on the line: the offset of the next line, and whether it
    closes the multipart; (-1, False) when the line is no delimiter."""
    if raw[after : after + 2] == b"\r\n" and after + 2 <= end:
        return after + 2, False
    newline = raw.find(b"\n", after, min(end, after + 1000))
    stop = newline + 1 if newline >= 0 else min(end, after + 1000)
    rest = raw[after:stop]
    final = rest[:2] == b"--"
    return (-1, False) if rest[2 if final else 0 :].strip(b" \t\r\n") else (stop, final)


def _body_end(raw: Raw, newline: int, start: int) -> int:
    """The line end before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1)."""
    end = newline - 1 if newline and raw[newline - 1 : newline] == b"\r" else newline
    return max(end, start)


def _leaf(
    head: Fields,
    kind: str,
    parameters: dict[str, str],
    header_start: int,
    start: int,
    end: int,
    path: str,
    parent: str,
    defects: dict[str, None],
) -> Part:
    disposition, filename = "", ""
    placing = head.first("content-disposition")
    if placing:
        disposition, placed = parameterised(placing, defects)
        filename = placed.get("filename", "")
        # RFC 2183 section 2.8: an unknown disposition is an attachment
        disposition = disposition if disposition in ("inline", "attachment", "") else "attachment"
    filename = filename or parameters.get("name", "")
    return Part(
        content_type=kind,
        start=start,
        end=end,
        charset=parameters.get("charset", "").strip().lower(),
        encoding=_token(head.first("content-transfer-encoding")) or "7bit",
        filename=decoded(filename, defects) if filename else "",
        disposition=disposition,
        content_id=head.first("content-id").strip().strip("<>"),
        path=path,
        header_start=header_start,
        parameters=parameters,
        parent=parent,
    )


def _token(value: str) -> str:
    """The first word of a field that has one, lower case: comments and parameters do not belong to it (RFC 2045 section
    6.1, RFC 5322 section 3.2.2)."""
    return _COMMENT.sub(" ", value).partition(";")[0].strip().lower()
