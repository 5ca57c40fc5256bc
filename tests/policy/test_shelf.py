"""Compiled patterns kept between runs: used when they are ours, made anew when they are not."""

import pickle
from pathlib import Path

import pytest
import regex

from gateway.mail.reading import text_from
from gateway.policy.judge import judge
from gateway.policy.pack import Pack
from gateway.policy.packs import complete, load
from gateway.policy.shelf import Shelf, shelf_name
from gateway.policy.verdict import Scene


def _filled(folder: Path) -> Shelf:
    shelf = Shelf()
    shelf.place = folder / "one.patterns"
    shelf.fill([("a+", regex.compile("a+"))])
    return shelf


def _again(folder: Path) -> Shelf:
    shelf = Shelf()
    shelf.place = folder / "one.patterns"
    return shelf


def test_what_was_put_there_is_found_by_the_next_process(tmp_path: Path) -> None:
    """A pattern comes off the shelf as it was; the file is the owner's alone."""
    _filled(tmp_path)

    taken = _again(tmp_path).take("a+")

    assert taken is not None
    assert taken.fullmatch("aaa")
    assert (tmp_path / "one.patterns").stat().st_mode & 0o777 == 0o600


def test_a_file_that_others_may_write_is_not_believed(tmp_path: Path) -> None:
    """Unpickling runs what a file says, so a file open to others is left alone."""
    _filled(tmp_path)
    (tmp_path / "one.patterns").chmod(0o666)

    assert _again(tmp_path).take("a+") is None


@pytest.mark.parametrize("content", [b"", b"\x80\x05torn", pickle.dumps(["no", "dict"])])
def test_a_broken_file_loses_time_only(tmp_path: Path, content: bytes) -> None:
    """Whatever is in it, the pattern is simply not there."""
    place = tmp_path / "one.patterns"
    place.write_bytes(content)
    place.chmod(0o600)

    assert _again(tmp_path).take("a+") is None


def test_a_folder_that_cannot_be_written_is_no_trouble(tmp_path: Path) -> None:
    """The shelf stays empty, nothing is raised."""
    shelf = Shelf()
    shelf.place = tmp_path / "file" / "one.patterns"
    (tmp_path / "file").write_text("not a folder")

    shelf.fill([("a+", regex.compile("a+"))])

    assert not shelf.filled()


def test_another_pack_has_another_shelf() -> None:
    """The name depends on the digest."""
    assert shelf_name("one") != shelf_name("two")


def test_a_pack_judges_alike_with_and_without_its_shelf(tmp_path: Path) -> None:
    """After the shelf is filled the same mail gets the same verdict from patterns taken off it."""
    text = text_from("Banner", "Everybody must put the new banner on their own LinkedIn profile by Friday.")
    pack = load("ask-once")
    before = judge(text, Scene(people=5), pack)

    complete(pack, tmp_path)

    assert list(tmp_path.glob("*.patterns"))
    assert judge(text, Scene(people=5), pack) == before


def _site(folder: Path, name: str, say: str) -> Pack:
    """A site's pack with one pattern of its own."""
    site = folder / name
    site.mkdir()
    (site / "pack.toml").write_text(f'name = "{name}"\nversion = "1"\nextends = "ask-once"\n')
    (site / "own.toml").write_text(
        'id = "own"\ntitle = "t"\nlabel = "demand"\nmode = "monitor"\nwhy = "w"\nadvice = "a"\n'
        f'[[when]]\nsay = ["{say}"]\n'
    )
    return load(str(site))


def test_a_pack_with_patterns_of_its_own_takes_the_others_off_the_shelf(tmp_path: Path) -> None:
    """What is compiled while a pack is read, to find slips, does not make its shelf forgotten."""
    first = _site(tmp_path, "one", "lanterns .. {network}")
    complete(first, tmp_path / "cache")
    assert first.detector is not None
    shelf = Shelf()
    shelf.place = first.detector.lexicon.shelf.place
    assert all(shelf.take(late.expression) for late in first.detector.late_patterns())


def test_an_edited_pack_begins_with_what_was_compiled_before(tmp_path: Path) -> None:
    """Patterns that a pack of the same words left behind are there at once; only the new one is compiled."""
    complete(_site(tmp_path, "one", "lanterns .. {network}"), tmp_path / "cache")
    edited = _site(tmp_path, "two", "candles .. {network}")
    assert edited.detector is not None
    shelf = edited.detector.lexicon.shelf
    complete(edited, tmp_path / "cache")
    kept = shelf._kept or {}
    assert [late.source for late in edited.detector.late_patterns() if late.expression not in kept] == [
        "candles .. {network}"
    ]
