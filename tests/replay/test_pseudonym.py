"""Pseudonyms: the same person is the same within one report and somebody else in the next."""

from gateway.replay.pseudonym import Pseudonyms, names_in

ONE = Pseudonyms(b"one", {"Dana", "Reyes", "Mira"})
OTHER = Pseudonyms(b"other", {"Dana", "Reyes", "Mira"})


def test_names_addresses_and_links_are_replaced() -> None:
    """Nothing of them is left; the rest of the sentence is."""
    said = ONE.text("Thanks to Dana Reyes (dana.reyes@north.example) for https://north.example/dana! Danaides stay.")
    assert "Reyes" not in said
    assert "dana" not in said
    assert said.startswith("Thanks to <name-")
    assert said.endswith("for <link> Danaides stay.")


def test_the_same_person_has_one_name_in_a_report() -> None:
    """Letter case makes no difference to an address; another report's key gives another name."""
    assert ONE.address("Dana@north.example") == ONE.address("dana@north.example")
    assert ONE.address("dana@north.example") != ONE.address("mira@north.example")
    assert ONE.address("dana@north.example") != OTHER.address("dana@north.example")


def test_names_are_read_from_addresses_that_look_like_people() -> None:
    """Two words with a dot between them are a name; a mailbox is none."""
    assert names_in(["dana.reyes@north.example", "all@north.example", "x.y@a.example"]) == {"Dana", "Reyes"}
