"""The tables as SQLAlchemy Core sees them; `migrations.py` makes them. *Pure.*

The bytes of mails lie in tables of their own, in pieces, so that a row stays small and no statement carries 50 MB.
"""

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, MetaData, Table, Text

from gateway.storage.columns import Document, Instant, Words

metadata = MetaData()

asks = Table(
    "asks",
    metadata,
    Column("id", Words, primary_key=True),
    Column("asker", Words, nullable=False),
    Column("fingerprint", Words, nullable=False),
    Column("at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("subject", Words, nullable=False),
)

ask_keys = Table(
    "ask_keys",
    metadata,
    Column("ask_id", Words, ForeignKey("asks.id", ondelete="CASCADE"), primary_key=True),
    Column("favour", Text, primary_key=True),
    Column("person", Words, primary_key=True),
)

holds = Table(
    "holds",
    metadata,
    Column("id", Words, primary_key=True),
    Column("mail_from", Document, nullable=False),
    Column("rcpt_to", Document, nullable=False),
    Column("sender", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("message_id", Words, nullable=False),
    Column("fingerprint", Words, nullable=False),
    Column("label", Text, nullable=False),
    Column("labels", Document, nullable=False),
    Column("findings", Document, nullable=False),
    Column("earlier", Document, nullable=False),
    Column("pack", Words, nullable=False),
    Column("held_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("token_hash", Text, nullable=False),  # never the secret itself
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("language", Words, nullable=False),
    Column("changed_at", Instant),
    Column("changed_by", Words, nullable=False),
    Column("note", Words, nullable=False),
    Column("ask_id", Words, nullable=False),
    Column("told_at", Instant),
    Column("reminded_at", Instant),
    Column("thread", Document, nullable=False),
)

answers = Table(
    "answers",
    metadata,
    Column("hold_id", Words, ForeignKey("holds.id", ondelete="CASCADE"), primary_key=True),
    Column("mark", Text, primary_key=True),
    Column("at", Instant, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("mark", Text, primary_key=True),  # never the secret itself
    Column("address", Words, nullable=False),
    Column("until", Instant, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Words, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("mail_from", Document, nullable=False),
    Column("rcpt_to", Document, nullable=False),
    Column("due", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("hold_id", Words, nullable=False),
    Column("ask_id", Words, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("leased_until", Instant),
)


def _bytes_of(owner: Table) -> Table:
    return Table(
        f"{owner.name}_bytes",
        metadata,
        Column("owner", Words, ForeignKey(owner.c.id, ondelete="CASCADE"), primary_key=True),
        Column("position", Integer, primary_key=True),
        Column("piece", LargeBinary, nullable=False),
    )


hold_bytes = _bytes_of(holds)
outbox_bytes = _bytes_of(outbox)

outbox_wordings = Table(
    "outbox_wordings",
    metadata,
    Column("owner", Words, ForeignKey(outbox.c.id, ondelete="CASCADE"), primary_key=True),
    Column("subject", Words, nullable=False),
    Column("text", Words, nullable=False),
)
