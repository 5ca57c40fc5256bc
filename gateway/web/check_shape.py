"""What `POST /v1/check` takes and gives, as types; and its OpenAPI description, made from the same types. *Pure.*

OpenAPI 3.1, whose schemas are JSON Schema 2020-12.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from gateway import __version__
from gateway.flows.rehearse import Rehearsal
from gateway.language.catalogue import Catalogue
from gateway.policy.labels import Label
from gateway.policy.pack import Pack
from gateway.web.reasons import reasons_for

MOST_TEXT = 65_536  # characters of a draft
MOST_RECIPIENTS = 200
Mailbox = Annotated[str, Field(max_length=320)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Asked(_Shape):
    """A mail that nobody has sent yet."""

    text: str = Field(max_length=MOST_TEXT, description="The words of the mail, plain.")
    subject: str = Field(default="", max_length=400)
    sender: Mailbox = Field(
        default="", alias="from", description="The address it would come from; with a link, that of its mail only."
    )
    to: tuple[Mailbox, ...] = Field(default=(), max_length=MOST_RECIPIENTS, description="Where it would go, lists too.")


class Place(_Shape):
    """A rule that has something to say, and the sentence it is about; offsets -1: the subject."""

    rule: str
    label: Label
    title: str
    why: str
    advice: str
    sentence: str
    start: int
    end: int


class Version(_Shape):
    """Other words, judged to pass."""

    subject: str
    text: str


class Told(_Shape):
    """What would happen. `judged`: false for mail from outside or to outsiders only, which goes through unread;
    `asked_before`: memory knows an earlier ask of somebody on it; it never says whose or when."""

    disposition: str = Field(pattern="^(?:relay|advise|hold|reject)$")
    judged: bool
    label: Label
    asked_before: bool
    places: tuple[Place, ...]
    suggestion: Version | None


class Wrong(_Shape):
    """Why a request was not taken, in one plain sentence."""

    error: str


def told(rehearsal: Rehearsal, pack: Pack, say: Catalogue) -> Told:
    """A rehearsal as it is answered, with the rules' words in this language."""
    found = rehearsal.recheck
    reasons = reasons_for(found.findings, pack, say)
    return Told(
        disposition=rehearsal.disposition.name,
        judged=rehearsal.judged,
        label=found.label,
        asked_before=bool(found.earlier),
        places=tuple(
            Place(
                rule=reason.rule_id,
                label=reason.label,
                title=reason.title,
                why=reason.why,
                advice=reason.advice,
                sentence=quote.sentence,
                start=quote.start,
                end=quote.end,
            )
            for reason in reasons
            for quote in reason.quotes
        ),
        suggestion=Version(subject=rehearsal.suggestion.subject, text=rehearsal.suggestion.text)
        if rehearsal.suggestion
        else None,
    )


def openapi(server: str) -> dict[str, Any]:
    """The description of the interface; `server` is the address it is reached at, as set."""
    schemas: dict[str, Any] = {}
    for shape in (Asked, Told, Wrong):
        schema = shape.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {})
        schemas[shape.__name__] = schema
    wrong = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Wrong"}}}}
    refusals = {
        "400": "This is not JSON.",
        "401": "No token, or one nobody knows.",
        "408": "The body did not arrive in time.",
        "413": "Too long.",
        "415": "JSON is wanted.",
        "422": "A field is missing, too long or unknown.",
        "429": "Too often; Retry-After says when to come again.",
        "503": "The store or the directory does not answer.",
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "askonce: check a draft", "version": __version__},
        "servers": [{"url": server}],
        "paths": {
            "/v1/check": {
                "post": {
                    "operationId": "check",
                    "summary": "What would happen to this mail? Nothing is sent, kept or remembered.",
                    "description": "Title, why and advice follow Accept-Language, where it names one of our languages.",
                    "security": [{"bearer": []}],
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Asked"}}},
                    },
                    "responses": {
                        "200": {
                            "description": "The verdict.",
                            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Told"}}},
                        },
                        **{status: {"description": words, **wrong} for status, words in refusals.items()},
                    },
                }
            }
        },
        "components": {"schemas": schemas, "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    }
