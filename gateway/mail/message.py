"""A message read at byte level: headers and MIME parts with their offsets, nothing decoded yet.

The walker (RFC 5322, RFC 2045, RFC 2046) has hard caps on headers, parts and depth, so its time is linear in the
size of the message whatever the message holds. *Pure.*
"""

from dataclasses import dataclass, field

from gateway.mail.content import Raw


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

    def header(self, name: str) -> str:
        """The first value of a header, "" when absent; `name` in lower case."""
        return next((value for key, value in self.headers if key == name), "")
