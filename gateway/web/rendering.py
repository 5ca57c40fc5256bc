"""Templates into pages, every value escaped. Reads the templates and the two static files once, at start."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.config import Web
from gateway.language.catalogue import Catalogue, every_catalogue
from gateway.language.tags import SOURCE
from gateway.web.sheet import harmless
from gateway.web.voice import ENGLISH, NAMES, Voice, voice

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
    """Renders templates by name; `base` is the path all addresses begin with, `language` the setting's, `sign_in`:
    people can sign in here."""

    def __init__(self, base: str, language: str = SOURCE, *, sign_in: bool = False) -> None:
        self.base, self.language, self.sign_in, self.files = base, language, sign_in, static_files()
        self._environments = {say.language: self._environment(say) for say in every_catalogue()}

    def voice(self, request: Request, *wishes: str, chosen: str = "") -> Voice:
        """In which language to answer: the address's own choice (or `chosen` before), these wishes, the browser's, the
        setting's."""
        browser = request.headers.get("accept-language", "")
        return voice(request.query_params.get("lang", chosen), *wishes, browser, default=self.language)

    def static(self, name: str) -> str:
        """The address of one of our files."""
        return f"{self.base}/static/{self.files[name].version}/{name}"

    def fragment(self, name: str, *, voice: Voice = ENGLISH, **values: Any) -> str:
        """A template as text."""
        return self._environments[voice.language].get_template(name).render(way=voice.way, **values)

    def page(self, name: str, *, voice: Voice = ENGLISH, status: int = 200, **values: Any) -> Response:
        """A template as a whole response."""
        said = {"Content-Language": voice.language}
        return HTMLResponse(self.fragment(name, voice=voice, **values), status_code=status, headers=said)

    def file(self, name: str, version: str) -> Response | None:
        """One of our files at this version, None when there is none."""
        file = self.files.get(name)
        if file is None or file.version != version:
            return None
        return Response(file.body, media_type=file.media_type, headers={"Cache-Control": _YEAR})

    def gone(self, voice: Voice = ENGLISH) -> Response:
        """The one neutral page for every link that opens nothing."""
        return self.page("gone.html", voice=voice, status=404)

    def sorry(self, status: int, title: str, told: str, voice: Voice = ENGLISH, *, kept: str = "") -> Response:
        """An error told calmly, in words of this voice; `kept` is what the person had typed."""
        return self.page("sorry.html", voice=voice, status=status, title=title, told=told, kept=kept)

    def unreachable(self, voice: Voice = ENGLISH, *, kept: str = "") -> Response:
        """The store or the mail server does not answer; nothing was changed."""
        say = voice.say
        told = say.gettext(
            "Our store does not answer just now. Nothing was changed and your mail is safe; please try again soon."
        )
        return self.sorry(503, say.gettext("One moment, please"), told, voice, kept=kept)

    def _environment(self, say: Catalogue) -> Environment:
        """Templates whose messages (`{% trans %}`, `_()`) are said in one language."""
        made = Environment(
            loader=FileSystemLoader(_HERE / "pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        made.policies["ext.i18n.trimmed"] = True
        made.install_gettext_callables(say.gettext, say.ngettext, newstyle=True)  # type: ignore[attr-defined]  # the extension's
        made.globals.update(base=self.base, static=self.static, lang=say.language, tongues=NAMES, keeps="", carried="")
        made.globals.update(sign_in=self.sign_in)
        made.filters.update(moment=say.moment, number=say.number, day=partial(_day, say), harmless=harmless)
        return made


def _day(say: Catalogue, day: str) -> str:
    """A rule file's ISO date as people write it; one that the calendar does not have stays as it was written."""
    try:
        return say.date(datetime.combine(date.fromisoformat(day), time(), UTC))
    except ValueError:
        return day
