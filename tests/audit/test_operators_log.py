"""The operators' log: one event, one line; no bodies, no secrets, nothing forged."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from gateway.config import Log
from gateway.log import PINNED, set_up

HOSTILE = "a\r\n2026 error forged\x1b[2J\u2028x\x00\ud800\x9b31m\u202e"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Logging is one for the whole process: give it back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    kept = {name: (logging.getLogger(name).level, logging.getLogger(name).filters[:]) for name in PINNED}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, (old, filters) in kept.items():
        logging.getLogger(name).setLevel(old)
        logging.getLogger(name).filters[:] = filters
    structlog.reset_defaults()


def configured(**settings: str) -> io.StringIO:
    """The log, written into memory."""
    stream = io.StringIO()
    set_up(Log.model_validate(settings), stream)
    return stream


def test_an_event_is_one_line_of_text() -> None:
    """Time, level, words, and the facts as key=value; what is not one word is quoted."""
    stream = configured()
    structlog.get_logger("gateway.test").info("mail relayed", mail="01J", reply="2.0.0 Ok", size=12)
    line = stream.getvalue()
    assert line.endswith("\n")
    assert " info    mail relayed " in line
    assert ' mail=01J reply="2.0.0 Ok" size=12 ' in line


def test_an_event_is_one_object_of_json() -> None:
    """With format json each line parses, numbers stay numbers."""
    stream = configured(format="json")
    structlog.get_logger("gateway.test").warning("full", free=0, paths=["a", "b"])
    event = json.loads(stream.getvalue())
    assert ("warning", "full", 0, ["a", "b"]) == (event["level"], event["event"], event["free"], event["paths"])
    assert event["timestamp"].endswith("Z")


@pytest.mark.parametrize("form", ["text", "json"])
def test_nobody_can_forge_a_line(form: str) -> None:
    """Control and format characters in a message, a key, a value or an exception are escaped."""
    stream = configured(format=form)
    log = structlog.get_logger("gateway.test")
    log.info(HOSTILE, sender=HOSTILE, parts=[HOSTILE], deep={HOSTILE: HOSTILE})
    logging.getLogger("library").error("said %s", HOSTILE)
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        log.exception("broke")
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert all(character.isprintable() for line in lines for character in line)


def test_a_value_cannot_end_its_quotes() -> None:
    """A backslash before a quote is escaped as well."""
    stream = configured()
    structlog.get_logger("gateway.test").info("x", helo='a\\" level="error')
    assert 'helo="a\\\\\\" level=\\"error"' in stream.getvalue()


@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_are_cut_out(form: str) -> None:
    """Secret links, credentials and values under a secret's name never reach the log."""
    stream = configured(format=form)
    log = structlog.get_logger("gateway.test")
    log.info("GET /h/canaryCANARYcanary", url="https://x.example/h/canaryCANARYcanary?a=1", token="canary")
    log.info("AUTH PLAIN canaryCANARY", header="Authorization: Bearer canary", text="password=canary&x=1")
    logging.getLogger("library").warning("%s /h/%s", "GET", "canaryCANARYcanary")
    log.info("RCPT TO:<askonce+" + "canary" * 8 + "@corp.example>")
    assert "canary" not in stream.getvalue().lower()
    assert "<askonce+[redacted]@corp.example>" in stream.getvalue()
    assert "https://x.example/h/[redacted]?a=1" in stream.getvalue()


def test_a_megabyte_in_a_value_is_cut() -> None:
    """Nobody can fill the log's disk with one line."""
    stream = configured()
    structlog.get_logger("gateway.test").info("x", text="y" * 1_000_000)
    assert len(stream.getvalue()) < 5000
    assert "[+995904]" in stream.getvalue()


@pytest.mark.parametrize("name", PINNED)
def test_libraries_that_print_mail_are_pinned(name: str) -> None:
    """Whatever the setting, and whoever sets their level afterwards, they say nothing below a warning."""
    stream = configured(level="debug")
    logger = logging.getLogger(name)
    logger.setLevel(logging.DEBUG)
    logger.debug("DATA readline: %s", b"the body")
    logger.info("peer >> %r", b"the body")
    assert stream.getvalue() == ""
    logger.warning("trouble")
    assert "trouble" in stream.getvalue()


def test_the_level_is_a_setting() -> None:
    """Debug is quiet unless wanted."""
    stream = configured(level="warning")
    structlog.get_logger("gateway.test").info("quiet")
    logging.getLogger("library").info("quiet")
    assert stream.getvalue() == ""
    stream = configured(level="debug")
    structlog.get_logger("gateway.test").debug("loud")
    assert "loud" in stream.getvalue()


def test_a_second_set_up_replaces_the_first() -> None:
    """Settings may be read again; no event is written twice."""
    first, log = configured(), structlog.get_logger("gateway.test")
    log.info("one")
    second = configured(format="json")
    log.info("two")
    assert "two" not in first.getvalue()
    assert second.getvalue().count("two") == 1
