"""Requirements of the shipped catalogue, on its own and compared with the mirrored sites."""

import html
import json
import re
from collections import Counter
from functools import cache

import pytest
import yaml
from pydantic import TypeAdapter
from support.homes import ROOT

from ingest.catalogue.reader import read_source
from ingest.catalogue.relations import read_relations
from ingest.catalogue.schema import Step, load
from ingest.editions import open_edition
from ingest.fetch.page_store import Page
from ingest.sources import load_sources
from kb.entries import Entry, Kind, Language, Role
from kb.text import fold, is_japanese

REPOSITORY = ROOT
MIRROR = REPOSITORY.parent / "shared" / "mirror"
SHIPPED = REPOSITORY / "data" / "catalog"
EVAL = REPOSITORY.parent / "shared" / "eval"
needs_mirror = pytest.mark.skipif(not MIRROR.is_dir(), reason=f"no mirror of the source sites in {MIRROR}")


@cache
def shipped() -> tuple[Entry, ...]:
    return tuple(
        entry
        for source in load_sources(REPOSITORY / "data" / "sources")
        for entry in read_source(SHIPPED, source)
    )


def in_language(language: Language) -> list[Entry]:
    return [entry for entry in shipped() if entry.language is language]


@pytest.mark.parametrize("language", list(Language))
def test_every_entry_is_present_once_in_each_language(language: Language) -> None:
    entries = in_language(language)
    kinds = Counter(entry.kind for entry in entries)
    assert kinds == {Kind.QUESTION: 29, Kind.BEST_PRACTICE: 51, Kind.RISK: 20, Kind.PRINCIPLE: 6}
    assert [entry_id for entry_id, count in Counter(e.id for e in entries).items() if count > 1] == []
    assert {entry.id for entry in entries if entry.kind is Kind.RISK} == {
        f"LLM{number:02}:{year}" for number in range(1, 11) for year in (2025, 2026)
    }
    assert {entry.pillar for entry in entries if entry.pillar is not None} == {
        "Operational excellence",
        "Security",
        "Reliability",
        "Performance efficiency",
        "Cost optimization",
        "Sustainability",
    }


def test_file_is_named_after_its_entry() -> None:
    names = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))["id"]
        for path in SHIPPED.glob("*/[A-Z]*.yaml")
    }
    assert len(names) == 49
    assert {stem: entry_id for stem, entry_id in names.items() if stem != entry_id.replace(":", "-")} == {}


def test_every_text_is_in_the_language_of_its_entry() -> None:
    japanese = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
    wrong = [
        (entry.id, text)
        for entry in shipped()
        for text in (entry.title, entry.question, *words(entry, {*Role} - {Role.TERMS}))
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


def test_questions_practices_and_risks_have_four_to_thirteen_steps() -> None:
    # A step that restates one place of the page is short, and a long page has many.
    counts = {
        (entry.id, entry.language.value): sum(
            len(section.items) for section in entry.sections if section.role is Role.STEPS
        )
        for entry in shipped()
        if entry.kind is not Kind.PRINCIPLE
    }
    assert {name: count for name, count in counts.items() if not 4 <= count <= 13} == {}


def words(entry: Entry, roles: set[Role]) -> list[str]:
    """The texts of an entry's sections of the given roles."""
    return [item.text for section in entry.sections if section.role in roles for item in section.items]


def test_texts_are_unique_in_any_spelling() -> None:
    texts = Counter(
        re.sub(r"[\W_]+", "", fold(text).lower())
        for entry in shipped()
        for text in words(entry, {*Role} - {Role.TERMS})
    )
    assert [text for text, count in texts.items() if count > 1] == []


def test_terms_of_an_entry_are_unique() -> None:
    repeated = {
        (entry.id, entry.language.value, text)
        for entry in shipped()
        for text, count in Counter(fold(term).lower() for term in words(entry, {Role.TERMS})).items()
        if count > 1
    }
    assert repeated == set()


# The kinds of entries with the most asks, because people ask about them most.
POPULAR = {Kind.BEST_PRACTICE, Kind.RISK}


def minimum_lines(entry: Entry, role: Role) -> int:
    """The minimum number of lines of an entry."""
    popular = entry.kind in POPULAR and entry.edition != "2025"
    if role is Role.ASKS:
        return 8 if entry.language is Language.JAPANESE else 20 if popular else 6
    if role is Role.TERMS:
        return 15 if entry.language is Language.JAPANESE else 10
    return 5 if entry.language is Language.ENGLISH else 0


@pytest.mark.parametrize("role", [Role.ASKS, Role.TERMS, Role.SIGNS])
def test_every_entry_has_enough_asks_terms_and_signs(role: Role) -> None:
    short = {
        (entry.id, entry.language.value): len(words(entry, {role}))
        for entry in shipped()
        if len(words(entry, {role})) < minimum_lines(entry, role)
    }
    assert short == {}


def test_popular_entries_have_enough_asks() -> None:
    popular = [e for e in shipped() if e.kind in POPULAR and e.edition != "2025"]
    asks = Counter(e.language for e in popular for _ in words(e, {Role.ASKS}))
    assert len({e.id for e in popular}) == 61
    assert asks[Language.ENGLISH] >= 1220
    assert asks[Language.JAPANESE] >= 480


def test_asks_have_the_length_of_typed_questions() -> None:
    odd = [
        (entry.id, text)
        for entry in in_language(Language.ENGLISH)
        for text in words(entry, {Role.ASKS})
        if not 4 <= len(text.split()) <= 32
    ]
    assert odd == []


def test_relations_are_symmetric_and_between_existing_entries() -> None:
    relations = read_relations(SHIPPED)
    ids = {entry.id for entry in shipped()}
    assert {entry_id for entry_id, _ in relations} <= ids
    for (entry_id, language), related in relations.items():
        assert len({other.id for other in related}) == len(related), entry_id
        for other in related:
            assert (entry_id, other.why) in {(r.id, r.why) for r in relations[other.id, language]}, entry_id


def test_every_practice_and_risk_has_related_entries() -> None:
    relations = read_relations(SHIPPED)
    lone = {e.id for e in shipped() if e.kind in POPULAR and not relations.get((e.id, e.language))}
    assert lone <= {step.old for step in crosswalk() if step.new is None}


def test_crosswalk_has_every_risk_of_both_editions_once() -> None:
    for year, named in (("2025", [s.old for s in crosswalk()]), ("2026", [s.new for s in crosswalk()])):
        expected = {entry.id for entry in shipped() if entry.kind is Kind.RISK and entry.edition == year}
        assert {entry_id for entry_id in named if entry_id} == expected


def crosswalk() -> tuple[Step, ...]:
    return load(SHIPPED / "crosswalk.yaml", TypeAdapter(tuple[Step, ...]))


def test_scope_has_enough_questions_and_no_ask_of_an_entry() -> None:
    scope = yaml.safe_load((SHIPPED / "scope.yaml").read_text(encoding="utf-8"))
    out_of_scope = [text for kinds in scope.values() for texts in kinds.values() for text in texts]
    assert set(scope) == {"en", "ja"}
    assert len(out_of_scope) >= 150
    assert len(set(out_of_scope)) == len(out_of_scope)
    asked = {text for entry in shipped() for text in words(entry, {Role.ASKS})}
    assert set(out_of_scope) & asked == set()


@pytest.mark.skipif(not EVAL.is_dir(), reason=f"no labelled questions in {EVAL}")
def test_catalogue_shares_no_six_words_in_a_row_with_a_labelled_question() -> None:
    lines = [line for file in EVAL.glob("*.jsonl") for line in file.read_text(encoding="utf-8").splitlines()]
    labelled = set().union(*(sequences(json.loads(line)["question"], 6) for line in lines))
    scope = yaml.safe_load((SHIPPED / "scope.yaml").read_text(encoding="utf-8"))
    written = [text for entry in shipped() for text in words(entry, set(Role))]
    written += [text for kinds in scope.values() for texts in kinds.values() for text in texts]
    assert [text for text in written if sequences(text, 6) & labelled] == []


def mirrored(address: str) -> Page:
    return Page(address, (MIRROR / address.removeprefix("https://")).read_bytes(), "")


def facts(entry: Entry) -> tuple[object, ...]:
    return entry.id, entry.title, entry.question, entry.pillar, entry.risk_level, entry.url


@needs_mirror
@pytest.mark.mirror
def test_titles_questions_pillars_levels_and_addresses_equal_the_sites() -> None:
    citable = {Kind.QUESTION, Kind.BEST_PRACTICE, Kind.RISK, Kind.PRINCIPLE}
    on_sites = {
        facts(entry)
        for source in load_sources(REPOSITORY / "data" / "sources")
        for edition in source.editions
        if edition.language is Language.ENGLISH
        for entry in open_edition(source, edition, mirrored).read(mirrored).entries
        if entry.kind in citable
    }
    in_catalogue = {facts(entry) for entry in in_language(Language.ENGLISH)}
    assert sorted(in_catalogue - on_sites, key=str) == []
    assert sorted(on_sites - in_catalogue, key=str) == []


def sequences(text: str, length: int = 9) -> set[str]:
    """All sequences of `length` words in a text; in Japanese, of three characters per word."""
    if is_japanese(text):
        characters = re.sub(r"\W+", "", text)
        return {characters[start : start + 3 * length] for start in range(len(characters) - 3 * length + 1)}
    every = re.findall(r"\w+(?:['’]\w+)*", text.lower())
    return {" ".join(every[start : start + length]) for start in range(len(every) - length + 1)}


@needs_mirror
@pytest.mark.mirror
def test_catalogue_shares_no_nine_words_in_a_row_with_its_page() -> None:
    titled = [text for entry in shipped() for text in (entry.title, entry.question or "")]
    titles = set().union(*map(sequences, titled))
    copied: dict[str, set[str]] = {}
    for entry in in_language(Language.ENGLISH):
        page = html.unescape(re.sub(r"<[^>]+>", " ", mirrored(entry.url).text))
        written = set().union(*(sequences(text) for text in words(entry, set(Role))))
        if common := (written & sequences(page)) - titles:
            copied[entry.id] = common
    assert copied == {}
