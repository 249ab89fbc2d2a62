"""Entries within the size of one result."""

from dataclasses import replace

import pytest
from support.corpus import prose, risk

from assistant.mcp.excerpts import LeftOut, excerpt, left_out_text
from kb.entries import Entry, Link, Role, Section
from kb.errors import InputError


def entry(*sections: Section) -> Entry:
    return risk(4, "2026", "Supply Chain", *sections)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit of 1,000 characters; an item counts 50 more than its text."""
    monkeypatch.setattr("assistant.mcp.excerpts.MAX_CHARACTERS", 1_000)


def section(title: str, characters: int) -> Section:
    return prose(title, Role.OTHER, "x" * characters)


def titles(found: Entry) -> list[str]:
    return [section.title for section in found.sections]


def test_sections_are_whole_and_in_order_until_one_does_not_fit() -> None:
    long = entry(section("A", 400), section("B", 448), section("C", 10), section("D", 900))
    found, left_out = excerpt(long, [])
    assert titles(found) == ["A", "B"]
    assert found.sections == long.sections[:2]
    assert left_out == (LeftOut(3, "C", 10), LeftOut(4, "D", 900))


def test_section_that_fits_after_a_longer_one_is_still_left_out() -> None:
    found, left_out = excerpt(entry(section("A", 400), section("B", 900), section("C", 1)), [])
    assert titles(found) == ["A"]
    assert [part.number for part in left_out] == [2, 3]


def test_short_entry_is_whole() -> None:
    short = entry(section("A", 100), section("B", 100))
    assert excerpt(short, []) == (short, ())
    assert left_out_text(short, ()) == ""


def test_wanted_sections_are_read_once_and_in_order() -> None:
    long = entry(section("A", 900), section("B", 100), section("C", 100))
    found, left_out = excerpt(long, [3, 2, 3])
    assert (titles(found), left_out) == (["B", "C"], ())


def test_what_is_left_out_can_be_asked_for_until_nothing_is() -> None:
    long = entry(*(section(f"{number}", 300) for number in range(1, 11)))
    read: list[str] = []
    wanted: list[int] = []
    for _ in range(5):
        found, left_out = excerpt(long, wanted)
        read += titles(found)
        wanted = [part.number for part in left_out]
        if not wanted:
            break
    assert read == [f"{number}" for number in range(1, 11)]


def test_section_too_long_for_a_result_is_cut_and_told() -> None:
    items = prose("A", Role.OTHER, "a" * 500, "b" * 5_000, "c")
    found, left_out = excerpt(
        entry(replace(items, links=(Link("l", "https://a.test"),)), section("B", 1)), []
    )
    (cut,) = found.sections
    assert [item.text for item in cut.items] == ["a" * 500, "b" * 400 + " …"]
    assert cut.links == ()
    assert left_out == (LeftOut(1, "A", 5_503), LeftOut(2, "B", 1))


def test_links_and_many_small_items_count() -> None:
    linked = replace(section("A", 1), links=tuple(Link("l", "https://a.test") for _ in range(50)))
    assert [part.number for part in excerpt(entry(section("0", 1), linked), [])[1]] == [2]
    many = prose("B", Role.OTHER, *["x"] * 50)
    assert [part.number for part in excerpt(entry(section("0", 1), many), [])[1]] == [2]


def test_number_without_a_section_is_refused() -> None:
    with pytest.raises(InputError, match=r"LLM04:2026 has no section 3; it has 2"):
        excerpt(entry(section("A", 1), section("B", 1)), [1, 3])


def test_left_out_sections_are_named_with_the_way_to_read_them() -> None:
    long = entry(section("A", 900), section("Prevention", 700))
    assert left_out_text(long, excerpt(long, [])[1]) == (
        f"\n\nLEFT OUT; read on with sections [2], or at {long.url}:\n2 Prevention (700 characters)"
    )
