"""JSON Schemas of the files a policy author writes, for editors: completion, hover texts, red lines. *Pure.*

Derived from the types that read the files, so that an editor and the gateway refuse the same. JSON Schema 2020-12. An
editor with the Even Better TOML extension, or Taplo, takes the schema from a first line `#:schema FILE`.
"""

from typing import Any

from pydantic import BaseModel

from gateway.policy.exceptions import ExemptionsFile
from gateway.policy.files import GateFile, PackFile, RuleFile, TopicsFile, WordsFile

KINDS: dict[str, type[BaseModel]] = {
    "rule": RuleFile,
    "pack": PackFile,
    "words": WordsFile,
    "topics": TopicsFile,
    "gate": GateFile,
    "exceptions": ExemptionsFile,
}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_HELP = {
    "id": "Lower case with hyphens. A rule with the id of one of the base pack's replaces it.",
    "title": "What the rule finds, in a few words for people.",
    "label": "What the mail does to its readers; it decides which reason is shown first.",
    "status": "experimental: watches only. test: advises at most. stable: does what mode says. deprecated: off.",
    "mode": "off, monitor (recorded), tag (a header line), advise (delivered, with a friendly note to the sender), "
    "hold, reject.",
    "why": "What a reader feels, or the reason; spoken to a manager in a hurry. Never accuse.",
    "advice": "What to do instead, in one or two sentences.",
    "fix": "A sentence to write instead; it must itself pass.",
    "references": "Where it stands. Leave checked_on out until counsel has checked it.",
    "false_alarms": "Mail the rule is known to stop by mistake.",
    "override": "none: only compliance lets the mail go. justify: its sender may, with a reason on record. "
    "acknowledge: its sender may, once they have confirmed that they read why.",
    **{
        tag: f"Title, why and advice in {name}, all three, and fix for mails in it; without it the rule speaks its own."
        for tag, name in (("de", "German"), ("fr", "French"), ("es", "Spanish"), ("pt", "Portuguese"))
    },
    "despite": "Ids of exclusions that do not silence this rule.",
    "when": "The rule fires on a sentence for which one of these conditions holds.",
    "hit": "Examples on which the rule must fire.",
    "miss": "Examples on which it must not.",
    "todo_hit": "Examples on which it should fire and does not yet.",
    "todo_miss": "Examples on which it should not fire and still does.",
    "fixed": "Rewrites: the rule fires on before, and after is not held.",
    **dict.fromkeys(("de", "fr", "es", "pt"), "Title, why, advice and fix for people who read or write this language."),
    "say": "Patterns: one of them is found in the sentence.",
    "extends": "The pack that this one changes.",
    "languages": "Folders of words and patterns beside the pack.",
}


def schema(kind: str) -> dict[str, Any]:
    """The schema of one kind of file. Raises KeyError for an unknown kind."""
    model = KINDS[kind]
    found = model.model_json_schema(mode="validation")
    if kind == "words":  # the file is the table itself
        found = {**found["properties"]["slots"], "description": found.get("description", "")}
        found["propertyNames"] = {"pattern": "^[a-z][a-z0-9-]*$"}
    if kind == "rule":  # a rule that changes one of the base pack's says only what it changes
        found["required"] = ["id"]
    found = {"$schema": _DIALECT, "title": f"askonce {kind} file", **{k: v for k, v in found.items() if k != "title"}}
    _explain(found)
    for definition in found.get("$defs", {}).values():
        _explain(definition)
    return found


def _explain(table: dict[str, Any]) -> None:
    for name, entry in table.get("properties", {}).items():
        if name in _HELP:
            entry.setdefault("description", _HELP[name])
        entry.pop("title", None)
