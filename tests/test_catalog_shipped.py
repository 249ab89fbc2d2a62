"""What the catalogue that is shipped must hold, on its own and against the sites it speaks of."""

import html
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import yaml

from ingest import aws_lens, catalog, owasp
from ingest.pages import Page
from ingest.sources import Reader, load_sources
from kb.entries import Entry, Kind, Language, Role

REPOSITORY = Path(__file__).resolve().parents[1]
MIRROR = REPOSITORY.parent / "shared" / "mirror"
SHIPPED = REPOSITORY / "data" / "catalog"
needs_mirror = pytest.mark.skipif(not MIRROR.is_dir(), reason=f"no mirror of the source sites in {MIRROR}")


@cache
def shipped() -> tuple[Entry, ...]:
    return tuple(
        entry
        for found in load_sources(REPOSITORY / "data" / "sources")
        for entry in catalog.read(SHIPPED, found)
    )


def in_language(language: Language) -> list[Entry]:
    return [entry for entry in shipped() if entry.language is language]


@pytest.mark.parametrize("language", list(Language))
def test_every_question_practice_and_risk_is_there_once_in_each_language(language: Language) -> None:
    entries = in_language(language)
    kinds = Counter(entry.kind for entry in entries)
    assert kinds == {Kind.QUESTION: 29, Kind.BEST_PRACTICE: 51, Kind.RISK: 20}
    assert [entry_id for entry_id, count in Counter(e.id for e in entries).items() if count > 1] == []
    assert {entry.id for entry in entries if entry.kind is Kind.RISK} == {
        f"LLM{number:02}:{year}" for number in range(1, 11) for year in (2025, 2026)
    }
    assert {entry.pillar for entry in entries if entry.kind is not Kind.RISK} == {
        "Operational excellence",
        "Security",
        "Reliability",
        "Performance efficiency",
        "Cost optimization",
        "Sustainability",
    }


def test_a_file_is_named_after_the_entry_it_holds() -> None:
    names = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))["id"] for path in SHIPPED.glob("*/*.yaml")
    }
    assert len(names) == 49
    assert {stem: found for stem, found in names.items() if stem != found.replace(":", "-")} == {}


def test_every_text_in_japanese_is_japanese_and_none_in_english_is() -> None:
    japanese = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
    wrong = [
        (entry.id, text)
        for entry in shipped()
        for text in (entry.title, entry.question, *(item.text for s in entry.sections for item in s.items))
        if text is not None
        if (japanese.search(text) is not None) != (entry.language is Language.JAPANESE)
    ]
    assert wrong == []


def test_summaries_have_two_to_five_sentences() -> None:
    ends = {Language.ENGLISH: re.compile(r"[.!?](?=\s|$)"), Language.JAPANESE: re.compile("[。？！?]")}
    counts = {
        (entry.id, entry.language.value): len(ends[entry.language].findall(entry.sections[0].text))
        for entry in shipped()
    }
    assert {name: count for name, count in counts.items() if not 2 <= count <= 5} == {}


def test_practices_and_risks_say_what_to_do_in_four_to_ten_lines() -> None:
    counts = {
        (entry.id, entry.language.value): sum(
            len(section.items) for section in entry.sections if section.role is Role.STEPS
        )
        for entry in shipped()
        if entry.kind is not Kind.QUESTION
    }
    assert {name: count for name, count in counts.items() if not 4 <= count <= 10} == {}


def test_no_text_stands_twice() -> None:
    texts = Counter(item.text for entry in shipped() for section in entry.sections for item in section.items)
    assert [text for text, count in texts.items() if count > 1] == []


def mirrored(address: str) -> Page:
    return Page(address, (MIRROR / address.removeprefix("https://")).read_bytes(), "")


def facts(entry: Entry) -> tuple[object, ...]:
    return entry.id, entry.title, entry.question, entry.pillar, entry.risk_level, entry.url


@needs_mirror
@pytest.mark.mirror
def test_titles_questions_pillars_levels_and_addresses_are_those_of_the_sites() -> None:
    readers = {Reader.AWS_LENS: aws_lens, Reader.OWASP: owasp}
    citable = {Kind.QUESTION, Kind.BEST_PRACTICE, Kind.RISK}
    on_sites = {
        facts(entry)
        for found in load_sources(REPOSITORY / "data" / "sources")
        for edition in found.editions
        if edition.language is Language.ENGLISH
        for entry in readers[found.reader].read(found, edition, mirrored)[1]
        if entry.kind in citable
    }
    in_catalogue = {facts(entry) for entry in in_language(Language.ENGLISH)}
    assert sorted(in_catalogue - on_sites, key=str) == []
    assert sorted(on_sites - in_catalogue, key=str) == []


def runs(text: str) -> set[str]:
    """Every nine words of a text that follow each other."""
    words = re.findall(r"\w+(?:['’]\w+)*", text.lower())
    return {" ".join(words[start : start + 9]) for start in range(len(words) - 8)}


@needs_mirror
@pytest.mark.mirror
def test_no_nine_words_in_a_row_are_those_of_the_site() -> None:
    titled = [text for entry in shipped() for text in (entry.title, entry.question or "")]
    titles = set().union(*map(runs, titled))
    copied: dict[str, set[str]] = {}
    for entry in in_language(Language.ENGLISH):
        page = html.unescape(re.sub(r"<[^>]+>", " ", mirrored(entry.url).text))
        written = set().union(*(runs(section.text) for section in entry.sections))
        if found := (written & runs(page)) - titles:
            copied[entry.id] = found
    assert copied == {}
