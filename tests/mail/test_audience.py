"""Who is on the payroll and who is engaged from outside."""

import pytest

from gateway.mail.audience import Person


@pytest.mark.parametrize(
    ("employment", "engaged"),
    [
        ("", False),
        ("employee", False),
        ("intern", False),
        ("fixed-term", False),
        ("contractor", True),
        ("Subcontractor", True),
        ("Freelance", True),
        ("consultant", True),
        ("agency worker", True),
        ("self-employed", True),
    ],
)
def test_a_contractor_is_whoever_works_for_us_without_being_on_the_payroll(employment: str, engaged: bool) -> None:
    """Interns and people with a fixed term are employees; freelancers and agency workers are not."""
    assert Person(address="a@lantern.example", employment=employment).contractor is engaged
