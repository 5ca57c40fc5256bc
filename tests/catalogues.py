"""Keeps the catalogues in step with the program: `python -m tests.catalogues` (or `make catalogues`).

Babel finds every message in the Python code and the page templates; each `.po` gets the new ones, empty, and loses
those nobody says any more. Translations stay as they are. IO: reads `gateway/`, writes `gateway/language/locale/`.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from babel.messages.extract import extract_from_dir

from gateway.language.catalogue import FOLDER
from gateway.language.po import Entry, Key, entries
from gateway.language.tags import LANGUAGES, SOURCE

ROOT = Path(__file__).parent.parent
PLURALS = {"de": "n != 1", "es": "n != 1", "fr": "n > 1", "pt": "n > 1"}
_KEYWORDS = {"gettext": None, "_": None, "later": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
_METHODS = [("web/pages/**.html", "jinja2"), ("**.py", "python")]
_OPTIONS = {"web/pages/**.html": {"trimmed": "true", "silent": "false", "newstyle_gettext": "true"}}


@dataclass(slots=True)
class Found:
    """A message of the program: where it is said, its plural, what translators should know."""

    plural: str = ""
    places: dict[str, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)


def found() -> dict[Key, Found]:
    """Every message of the program by context and words, in the order of the files."""
    messages: dict[Key, Found] = {}
    extracted = extract_from_dir(
        str(ROOT / "gateway"), _METHODS, _OPTIONS, keywords=_KEYWORDS, comment_tags=("Translators:",)
    )
    for file, _, message, comments, context in sorted(extracted, key=lambda one: (one[0], one[1])):
        one, plural = message if isinstance(message, tuple) else (message, "")
        entry = messages.setdefault((context or "", one), Found())
        entry.plural = entry.plural or plural
        entry.places[f"gateway/{file}"] = None
        entry.notes.update(dict.fromkeys(comment.removeprefix("Translators:").strip() for comment in comments))
    return messages


def stored(language: str) -> dict[Key, Entry]:
    """What a catalogue has, its header aside."""
    file = FOLDER / f"{language}.po"
    have = entries(file.read_text("utf-8")) if file.exists() else ()
    return {(entry.context, entry.message): entry for entry in have if entry.message}


def written(language: str) -> str:
    """The catalogue as it should stand, with the translations there are."""
    have = stored(language)
    head = f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    head += f'"Plural-Forms: nplurals=2; plural={PLURALS[language]};\\n"\n'
    return "\n".join([head, *("\n".join([*_entry(key, one, have.get(key)), ""]) for key, one in found().items())])


def _entry(key: Key, one: Found, have: Entry | None) -> Iterator[str]:
    context, message = key
    yield from (f"#. {note}" for note in one.notes)
    yield from (f"#: {place}" for place in one.places)
    if context:
        yield from _string("msgctxt", context)
    yield from _string("msgid", message)
    forms = have.forms if have else {}
    if one.plural:
        yield from _string("msgid_plural", one.plural)
        yield from (line for number in (0, 1) for line in _string(f"msgstr[{number}]", forms.get(number, "")))
    else:
        yield from _string("msgstr", forms.get(0, ""))


def _string(name: str, text: str) -> Iterator[str]:
    lines = text.splitlines(keepends=True) or [""]
    if len(lines) == 1:
        yield f"{name} {_quoted(text)}"
        return
    yield f'{name} ""'
    yield from map(_quoted, lines)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def main() -> int:
    """Write all catalogues; 1 when words are missing."""
    missing = 0
    for language in LANGUAGES:
        if language == SOURCE:
            continue
        (FOLDER / f"{language}.po").write_text(written(language), "utf-8")
        empty = [key for key, entry in stored(language).items() if not all(entry.forms.values())]
        missing += len(empty)
        print(f"{language}: {len(stored(language))} messages, {len(empty)} to translate")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
