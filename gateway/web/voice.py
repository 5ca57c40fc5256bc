"""In which language a page speaks, and how its links keep to it. *Pure.*

A reader's own choice stands in the address (`?lang=de`) and is carried along by the page's links and forms: no cookie,
nothing kept, so a look changes nothing. Without a choice a held mail's page speaks as its notice did; any other page
follows the browser's Accept-Language (RFC 9110 section 12.5.4), then the setting.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from gateway.language.catalogue import Catalogue, catalogue
from gateway.language.tags import SOURCE, best

NAMES: Mapping[str, str] = {  # of each language, in itself
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "pt": "Português",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """`chosen`: the language the address asks for, "" where it asks for none."""

    say: Catalogue
    chosen: str = ""

    @property
    def language(self) -> str:
        """The tag that HTML and headers carry."""
        return self.say.language

    def way(self, path: str, **more: str) -> str:
        """An address of ours, a choice of language carried along."""
        query = {**({"lang": self.chosen} if self.chosen else {}), **more}
        return f"{path}?{urlencode(query)}" if query else path


def voice(chosen: str, *wishes: str, default: str = SOURCE) -> Voice:
    """The voice for a choice ("" or any tag), else for the first wish that names one of our languages (`tags.best`)."""
    own = best(chosen, default="")
    return Voice(say=catalogue(own or best(*wishes, default=default)), chosen=own)


ENGLISH = Voice(say=catalogue(SOURCE))
