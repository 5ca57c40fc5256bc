"""Templates into pages, every value escaped. Reads the templates and the two static files once, at start."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from gateway.config import Web
from gateway.web import words
from gateway.web.sheet import harmless

_HERE = Path(__file__).parent
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """One file of ours; `version` is part of its address, so that it may be cached."""

    body: bytes
    media_type: str
    version: str


def static_files() -> Mapping[str, StaticFile]:
    """Our style, script and icon, by name."""
    return {
        path.name: StaticFile(
            body=path.read_bytes(),
            media_type=_TYPES[path.suffix],
            version=hashlib.sha256(path.read_bytes()).hexdigest()[:12],
        )
        for path in sorted((_HERE / "static").iterdir())
        if path.suffix in _TYPES
    }


def base_path(web: Web) -> str:
    """The path part of the public address, "" for none: links are made from the setting, never from a Host header."""
    return urlsplit(web.public_url).path.rstrip("/")


class Pages:
    """Renders templates by name; `base` is the path all addresses begin with, `sign_in`: people can sign in here."""

    def __init__(self, base: str, *, sign_in: bool = False) -> None:
        self.base, self.files = base, static_files()
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(base=base, static=self.static, sign_in=sign_in)
        self._environment.filters.update(moment=words.moment, day=words.day, harmless=harmless)

    def static(self, name: str) -> str:
        """The address of one of our files."""
        return f"{self.base}/static/{self.files[name].version}/{name}"

    def fragment(self, name: str, **values: Any) -> str:
        """A template as text."""
        return self._environment.get_template(name).render(**values)

    def page(self, name: str, *, status: int = 200, **values: Any) -> Response:
        """A template as a whole response."""
        return HTMLResponse(self.fragment(name, **values), status_code=status)

    def file(self, name: str, version: str) -> Response | None:
        """One of our files at this version, None when there is none."""
        file = self.files.get(name)
        if file is None or file.version != version:
            return None
        return Response(file.body, media_type=file.media_type, headers={"Cache-Control": _YEAR})

    def gone(self) -> Response:
        """The one neutral page for every link that opens nothing."""
        return self.page("gone.html", status=404)

    def sorry(self, status: int, title: str, told: str, *, kept: str = "") -> Response:
        """An error told calmly; `kept` is what the person had typed."""
        return self.page("sorry.html", status=status, title=title, told=told, kept=kept)

    def unreachable(self, *, kept: str = "") -> Response:
        """The store or the mail server does not answer; nothing was changed."""
        told = "Our store does not answer just now. Nothing was changed and your mail is safe; please try again soon."
        return self.sorry(503, "One moment, please", told, kept=kept)
