"""Settings: one typed value, read once. *Pure*, but for reading the file it is given.

Every setting is here with its default and stands in `deploy/gateway.toml` with one comment; unknown keys are refused
with file and key.
"""

import re
import tomllib
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from gateway.errors import UserError
from gateway.host_port import host_port, private, web_address


def _mail_domain(text: str) -> str:
    try:
        validate_email(f"postmaster@{text.removeprefix('*.')}", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise ValueError(f'"{text}" is not a mail domain') from None
    return text.lower()


def _host_port(text: str) -> str:
    try:
        host_port(text, key="")
    except UserError as error:
        raise ValueError(str(error)) from None
    return text


def _host_port_or_off(text: str) -> str:
    return text if text == "off" else _host_port(text)


Domain = Annotated[str, AfterValidator(_mail_domain)]
HostPort = Annotated[str, AfterValidator(_host_port)]
HostPortOrOff = Annotated[str, AfterValidator(_host_port_or_off)]


def _mailbox(text: str) -> str:
    try:
        validate_email(text, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        raise ValueError(f'"{text}" is not an address') from None
    return text


def _mailbox_or_none(text: str) -> str:
    return _mailbox(text) if text else ""


def _network(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f'"{text}" is not an address or network; write it like "10.0.0.0/8"') from None
    return text


def _public_url(text: str) -> str:
    if text and not web_address(text):
        raise ValueError(f'"{text}" is not the beginning of links; write it like "https://held.acme.example"')
    return text


def _sha256(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError("is not the SHA-256 of a token, 64 hex digits: printf %s TOKEN | sha256sum")
    return text


def _issuer(text: str) -> str:
    if text and (not private(text) or "?" in text or "#" in text):
        raise ValueError(f'"{text}" is not an address that begins with https:// (http:// only within this machine)')
    return text


Mailbox = Annotated[str, AfterValidator(_mailbox)]
MailboxOrNone = Annotated[str, AfterValidator(_mailbox_or_none)]
Issuer = Annotated[str, AfterValidator(_issuer)]
Network = Annotated[str, AfterValidator(_network)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
Sha256 = Annotated[str, AfterValidator(_sha256)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Organisation(_Section):
    """Whose mail is internal."""

    internal_domains: tuple[Domain, ...] = ()  # empty: every domain counts as internal
    directory: str = ""  # path of a CSV or TOML file
    reload_seconds: int = Field(default=60, ge=1)
    language: Literal["en", "de", "fr", "es", "pt"] = "en"  # of notices and pages, where nothing else names one


class Smtp(_Section):
    """The edge."""

    listen: HostPort = "127.0.0.1:10025"
    hostname: str = ""  # "": the machine's name
    workers: int = Field(default=1, ge=1, le=64)
    max_size: int = Field(default=50 * 1024 * 1024, ge=64 * 1024)  # bytes
    max_recipients: int = Field(default=1000, ge=100)  # RFC 5321 section 4.5.3.1.8: at least 100
    max_header_size: int = Field(default=100 * 1024, ge=8 * 1024)  # bytes
    max_connections: int = Field(default=500, ge=1)
    max_connections_per_peer: int = Field(default=200, ge=1)
    command_timeout: float = Field(default=300, gt=0)  # seconds, RFC 5321 section 4.5.3.2
    data_timeout: float = Field(default=600, gt=0)  # seconds for the whole message
    min_rate: int = Field(default=256, ge=0)  # bytes a second a client must keep up in DATA, over 60 seconds
    session_timeout: float = Field(default=3600, gt=0)  # seconds for one connection
    memory_limit: int = Field(default=256 * 1024 * 1024, ge=1024 * 1024)  # bytes of all messages in flight
    spool_threshold: int = Field(default=1024 * 1024, ge=0)  # bytes; larger messages go to a temporary file
    clients: tuple[Network, ...] = ("127.0.0.0/8", "::1")  # networks that may connect: the mail servers in front
    xforward_peers: tuple[Network, ...] = ("127.0.0.1", "::1")  # networks whose XFORWARD and XCLIENT we believe
    drain_seconds: float = Field(default=30, ge=0)
    max_hops: int = Field(default=50, ge=5)  # Received lines
    tls_certificate: str = ""
    tls_key: str = ""

    @model_validator(mode="after")
    def _both(self) -> Self:
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("tls_certificate and tls_key go together")
        return self


class Upstream(_Section):
    """The next hop."""

    address: HostPort = "127.0.0.1:10026"
    connect_timeout: float = Field(default=10, gt=0)
    command_timeout: float = Field(default=60, gt=0)
    data_timeout: float = Field(default=90, gt=0)  # waiting for the reply to the final dot
    idle_seconds: float = Field(default=30, ge=0)  # how long a pooled connection is kept
    max_connections: int = Field(default=500, ge=1)  # fewer than smtp.max_connections lets idle clients block others
    tls: Literal["off", "required"] = "off"


class Policy(_Section):
    """What is judged and how strictly."""

    pack: str = "ask-once"  # a pack's name or the path of its folder
    mode: Literal["pack", "monitor"] = "pack"  # monitor: nothing is held, the audit says what would have been
    modes: dict[str, Literal["off", "monitor", "tag", "advise", "hold", "reject"]] = Field(
        default_factory=dict
    )  # by rule id
    exceptions: str = ""  # path of a TOML file; a relative one begins beside the settings file
    unjudgeable: Literal["relay", "hold", "reject"] = "relay"  # encrypted, broken or past a cap
    on_failure: Literal["relay", "defer"] = "defer"  # when judging itself fails: pass with record, or 451
    max_text: int = Field(default=256 * 1024, ge=16 * 1024)  # characters of authored text that are judged


class Memory(_Section):
    """Once means once."""

    window_days: int = Field(default=365, ge=1)
    scope: Literal["organisation", "team", "sender"] = "organisation"
    settle_days: int = Field(default=5, ge=1)  # a reserved ask nobody retried is cancelled after this


class Holds(_Section):
    """Held mail and the notices about it."""

    expire_days: int = Field(default=7, ge=1)
    storage_limit: int = Field(default=5 * 1024**3, ge=1024 * 1024)  # bytes of mail held at once
    notice_from: MailboxOrNone = ""  # "": askonce@<first internal domain>
    replies: bool = True  # notices can be answered: with a new text, to withdraw, to dispute
    remind_hours: int = Field(default=24, ge=0)  # before it expires, the sender is reminded; 0: never
    digest_seconds: int = Field(default=60, ge=0)  # after a notice, further holds of this sender are told together
    retry_hours: int = Field(default=48, ge=1)  # how long we try to deliver our own mail
    keep_days: int = Field(default=90, ge=0)  # how long a mail that has ended can be looked at; 0: for ever
    undo_seconds: int = Field(default=10, ge=0, le=600)  # how long a mail sent from the page can be taken back
    disputes_to: tuple[Mailbox, ...] = ()  # who is told when a hold is disputed; empty: nobody

    @model_validator(mode="after")
    def _address_of_notices(self) -> Self:
        if not self.notice_from.rpartition("@")[0].isascii():
            raise ValueError(
                "only ASCII may stand before the @ of notice_from, since not every mail server takes other addresses"
                " (RFC 6531)"
            )
        if self.replies and len(self.notice_from.rpartition("@")[0]) > 15:
            raise ValueError("at most 15 characters may stand before the @ of notice_from, or set replies to false")
        return self


class Web(_Section):
    """The review page."""

    listen: HostPortOrOff = "127.0.0.1:8025"  # "off": no page
    public_url: PublicUrl = ""  # what links in notices begin with; "": http://<listen>
    check_tokens: tuple[Sha256, ...] = ()  # SHA-256 of the tokens that may use POST /v1/check


class SignIn(_Section):
    """Who the person at the review page is, as an OpenID provider says."""

    mode: Literal["off", "optional", "required"] = "off"  # required: a link alone opens nothing
    issuer: Issuer = ""  # the provider, exactly as its discovery document names itself
    client_id: str = ""
    client_secret_file: str = ""  # "": from ASKONCE_CLIENT_SECRET, or a client without a secret
    trust_unverified: bool = False  # take an address of which the provider does not say that it is verified
    session_hours: int = Field(default=8, ge=1, le=168)
    delegates: dict[Mailbox, tuple[Mailbox, ...]] = Field(default_factory=dict)  # sender: who may act on their mail

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.mode != "off" and not (self.issuer and self.client_id):
            raise ValueError(f'mode "{self.mode}" needs issuer and client_id')
        return self


class State(_Section):
    """Where things are kept."""

    directory: str = "state"
    store: str = ""  # "": SQLite in the state folder; or postgresql://…
    audit_fsync: bool = True


class Log(_Section):
    """The operators' log (not the audit)."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Settings(_Section):
    """All settings."""

    organisation: Organisation = Organisation()
    smtp: Smtp = Smtp()
    upstream: Upstream = Upstream()
    policy: Policy = Policy()
    memory: Memory = Memory()
    holds: Holds = Holds()
    web: Web = Web()
    sign_in: SignIn = SignIn()
    state: State = State()
    log: Log = Log()

    @model_validator(mode="after")
    def _sign_in_has_a_page(self) -> Self:
        if self.sign_in.mode == "off":
            return self
        if self.web.listen == "off":
            raise ValueError('sign_in.mode needs the review page: set web.listen, or mode = "off"')
        if not private(self.web.public_url or f"http://{self.web.listen}"):
            raise ValueError("sign_in.mode needs a web.public_url that begins with https://")
        return self


_FILES = (
    ("organisation", "directory"),
    ("smtp", "tls_certificate"),
    ("smtp", "tls_key"),
    ("policy", "pack"),
    ("policy", "exceptions"),
    ("sign_in", "client_secret_file"),
)


def load(path: Path) -> Settings:
    """Read a TOML settings file. Raises UserError naming file and key."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(error.strerror or "cannot be read", where=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"not valid TOML: {error}", where=str(path)) from None
    return _beside(settings(data, where=str(path)), path.parent)


def _beside(read: Settings, folder: Path) -> Settings:
    """The files that settings name lie beside them, wherever the gateway is started. Not the state folder, which is
    nobody's to edit."""
    for section, key in _FILES:
        part = getattr(read, section)
        named = getattr(part, key)
        if named and (key != "pack" or "/" in named):  # a pack without a slash is one of ours
            place = str(folder.absolute() / named)  # an absolute path stays as it is
            read = read.model_copy(update={section: part.model_copy(update={key: place})})
    return read


def settings(data: dict[str, Any], *, where: str) -> Settings:
    """Typed settings from a mapping. Raises UserError naming `where` and the key."""
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if isinstance(part, str))
        raise UserError(_plain(first["type"], first["msg"]), where=": ".join(filter(None, (where, key)))) from None


def _plain(kind: str, message: str) -> str:
    """What is wrong, in words for whoever writes settings files; pydantic's own where they will do."""
    if kind in _KINDS:
        return _KINDS[kind]
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


_KINDS = {
    "extra_forbidden": "there is no such setting",
    "tuple_type": 'must be a list, such as ["acme.example"]',
    "dict_type": "must be a section of its own, with its name in [brackets]",
    "model_type": "must be a section of its own, with its name in [brackets]",
    "model_attributes_type": "must be a section of its own, with its name in [brackets]",
    "int_type": "must be a whole number, without quotes",
    "int_parsing": "must be a whole number, without quotes",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number, without quotes",
    "float_parsing": "must be a number, without quotes",
    "bool_type": "must be true or false, without quotes",
    "bool_parsing": "must be true or false, without quotes",
    "string_type": "must be text in quotes",
}
