"""What a process of the gateway is told by the one that started it."""

import os
import subprocess
import sys

from gateway.app import pack_of
from gateway.config import settings
from gateway.mail.message import walk
from gateway.mail.reading import read_text, text_from
from gateway.orders import taken, written
from gateway.policy.judge import judge
from gateway.policy.verdict import Scene

CHECKED = {
    "smtp": {"xforward_peers": ["10.0.0.0/8"], "workers": 2},
    "policy": {"modes": {"asked-before": "monitor"}},
}
MAIL = b"""Subject: A favour\r
\r
Dear all,\r
\r
please put the attached banner on your LinkedIn profile by Friday.\r
"""
LOADED = """
import sys
import gateway.serving
print(sorted({name.partition(".")[0] for name in sys.modules} & {"pydantic", "typer", "rich", "starlette"}))
"""
NOBODY = Scene(recipients=())
FARAWAY = (
    "Does the header of the data frame have to be the same as in the regression? "
    "I ran the script on Debian and the compiler warns of a missing tag in the package."
)
PAGE = """
import sys
import gateway.serving, gateway.web.app
print(sorted({name.partition(".")[0] for name in sys.modules} & {"joserfc", "cryptography", "httpx"}))
"""


def test_a_child_has_the_settings_and_the_pack_of_its_parent() -> None:
    """Every setting has its value, lists as tuples; the pack is the same, its patterns and its modes included."""
    told = settings(CHECKED, where="test")
    pack = pack_of(told)
    descriptor = written(told, pack)
    try:
        orders, again = taken(descriptor), taken(descriptor)
    finally:
        os.close(descriptor)

    assert told.smtp.xforward_peers == orders.settings.smtp.xforward_peers == again.settings.smtp.xforward_peers
    assert told.policy.modes == orders.settings.policy.modes
    assert told.memory.model_dump() == {key: getattr(orders.settings.memory, key) for key in told.memory.model_dump()}
    assert (pack.identity, pack.rules) == (orders.pack.identity, orders.pack.rules) == (again.pack.identity, pack.rules)


def test_rules_are_read_when_a_mail_needs_them() -> None:
    """A pack taken late knows at once what is near the matter, leaves the rules where they are while no mail is, and
    judges as the whole one does."""
    told = settings(CHECKED, where="test")
    pack = pack_of(told)
    descriptor = written(told, pack)
    try:
        late = taken(descriptor, late=True).pack
        assert late.detector is not None
        assert pack.detector is not None
        assert not judge(text_from("", FARAWAY), NOBODY, late).findings
        before = set(vars(late.detector))
        mail = read_text(walk(MAIL))
        found = [judge(mail, Scene(recipients=("ben@lantern.example",)), one) for one in (pack, late)]
    finally:
        os.close(descriptor)

    assert "gate" in before
    assert "marking" not in before
    assert found[0] == found[1]
    assert found[0].findings


def test_a_process_that_serves_smtp_checks_nothing_and_prints_nothing() -> None:
    """Importing what it needs leaves out what checks settings and packs, the command line and the page."""
    said = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, timeout=60)

    assert "[]" == said.stdout.strip()


def test_a_page_without_sign_in_loads_nothing_for_it() -> None:
    """What asks a provider and verifies its tokens is imported where a site has switched sign-in on."""
    said = subprocess.run([sys.executable, "-c", PAGE], capture_output=True, text=True, check=True, timeout=60)

    assert said.stdout.strip() == "[]"


def test_nested_settings_of_sign_in_reach_the_page() -> None:
    """Delegates are there by sender, as they were written."""
    told = settings({"sign_in": {"delegates": {"ann@x.example": ["pa@x.example"]}}}, where="test")
    descriptor = written(told, pack_of(told))
    try:
        orders = taken(descriptor)
    finally:
        os.close(descriptor)

    assert {"ann@x.example": ["pa@x.example"]} == {
        sender: list(delegates) for sender, delegates in orders.settings.sign_in.delegates.items()
    }
