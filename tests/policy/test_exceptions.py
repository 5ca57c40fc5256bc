"""Exceptions: whom they fit, until when, what they leave of a verdict, and which files are refused."""

from datetime import date
from pathlib import Path

import pytest

from gateway.errors import UserError
from gateway.policy.exceptions import Exemption, Party, excused, here, read
from gateway.policy.labels import Mode
from tests.policy.reading_cases import said

TODAY = date(2026, 6, 1)
SENDER = Party(
    address="mira@north.example",
    unit="press office",
    tags=frozenset({"spokesperson"}),
    groups=frozenset({"press@north.example"}),
)
OTHER = Party(address="dana@north.example")


def exemption(**fields: object) -> Exemption:
    """An exception that is still good."""
    return Exemption.model_validate({"id": "one", "reason": "r", "expires": date(2026, 12, 31), **fields})


@pytest.mark.parametrize(
    "whom",
    [
        {"units": ["Press Office"]},
        {"groups": ["Press@north.example"]},
        {"addresses": ["MIRA@North.example"]},
        {"domains": ["north.example"]},
        {"tags": ["Spokesperson"]},
    ],
)
def test_whoever_fits_one_of_the_five_is_left_out(whom: dict[str, list[str]]) -> None:
    """Unit, group, address, domain and tag each fit their person in any letter case, and nobody else's."""
    assert exemption(**whom).fits(SENDER)
    stranger = Party(
        address="mira@south.example", unit="sales", tags=frozenset({"x"}), groups=frozenset({"all@a.example"})
    )
    assert not exemption(**whom).fits(stranger)


def test_a_star_covers_subdomains() -> None:
    """ "*.north.example" is every subdomain, and not the domain itself."""
    stars = exemption(domains=["*.north.example"])
    assert stars.fits(Party(address="a@lab.north.example"))
    assert not stars.fits(Party(address="a@north.example"))


def test_the_last_day_counts_and_the_next_does_not() -> None:
    """An exception is good on the day it expires."""
    one = exemption(addresses=["mira@north.example"], expires=TODAY)
    assert here([one], sender=SENDER, readers=[], today=TODAY) == (one,)
    assert here([one], sender=SENDER, readers=[], today=date(2026, 6, 2)) == ()


def test_readers_are_left_out_only_all_together() -> None:
    """For readers, every one of them must fit; a mail without readers fits nobody."""
    one = exemption(addresses=["mira@north.example"], who="readers")
    assert here([one], sender=OTHER, readers=[SENDER], today=TODAY) == (one,)
    assert here([one], sender=SENDER, readers=[SENDER, OTHER], today=TODAY) == ()
    assert here([one], sender=SENDER, readers=[], today=TODAY) == ()


def test_what_is_excused_is_still_found_and_stops_nothing() -> None:
    """The findings stay with mode off, the label stays, and the exception is named; one for another rule is idle."""
    verdict = said("All staff must add the new banner to their LinkedIn profile by Friday.")
    free, used = excused(verdict, [exemption(addresses=["a@b.example"], rules=["demand"])])
    assert verdict.mode is Mode.HOLD
    assert (free.mode, free.label, used) == (Mode.OFF, verdict.label, ("one",))
    assert [one.rule_id for one in free.findings] == [one.rule_id for one in verdict.findings]
    assert excused(verdict, [exemption(addresses=["a@b.example"], rules=["call-out"])]) == (verdict, ())


GOOD = '[[exception]]\nid = "one"\nreason = "r"\nexpires = 2026-12-31\naddresses = ["a@b.example"]\n'


@pytest.mark.parametrize(
    ("text", "said_"),
    [
        ("[[exception]\n", "not valid TOML"),
        (GOOD.replace('reason = "r"\n', ""), "exception.0.reason"),
        (GOOD.replace("expires = 2026-12-31\n", ""), "exception.0.expires"),
        (GOOD.replace("2026-12-31", '"soon"'), "exception.0.expires"),
        (GOOD.replace("2026-12-31", "12"), "a day such as 2026-12-31"),
        (GOOD.replace("addresses", "adresses"), "exception.0.adresses: there is no such key"),
        (GOOD.replace('addresses = ["a@b.example"]', ""), "says for nobody"),
        (GOOD + 'rules = ["nonesuch"]\n', 'no rule "nonesuch"'),
        (GOOD + GOOD, "is there twice"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, said_: str) -> None:
    """One clear line with file and key."""
    (tmp_path / "exceptions.toml").write_text(text)
    with pytest.raises(UserError) as caught:
        read(tmp_path / "exceptions.toml", {"demand"})
    assert "exceptions.toml" in str(caught.value)
    assert said_.lower() in str(caught.value).lower()


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(UserError, match=r"exceptions\.toml"):
        read(tmp_path / "exceptions.toml", ())
