"""The catalogue: hand-written files in, entries out."""

from pathlib import Path

import pytest
from support.saved import DATA, LENS, OWASP, source

from ingest.catalogue.reader import read_source
from ingest.errors import CatalogueError
from kb.entries import Entry, Item, Kind, Language, Marker, Origin, RiskLevel, Role, Section

QUESTION = (DATA / "catalog" / "genai-lens" / "GENSEC01.yaml").read_text(encoding="utf-8")
RISK = (DATA / "catalog" / "owasp-llm" / "LLM06-2025.yaml").read_text(encoding="utf-8")


def section(title: str, role: Role, *items: Item) -> Section:
    """A section from the catalogue."""
    return Section(title, role, items, origin=Origin.CATALOGUE)


def assert_refused(folder: Path, text: str | bytes, *parts: str, name: str = "genai-lens") -> None:
    """Assert that a catalogue file with this text is refused in one line containing the parts."""
    path = folder / name / ("LLM06-2025.yaml" if name == "owasp-llm" else "GENSEC01.yaml")
    path.parent.mkdir()
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CatalogueError) as caught:
        read_source(folder, source(name))
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert [part for part in parts if part not in message.removeprefix(str(path))] == []


def replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


def test_question_and_its_practices_are_read_in_both_languages() -> None:
    entries = read_source(DATA / "catalog", source("genai-lens"))
    assert [(entry.id, entry.language.value) for entry in entries] == [
        (entry_id, language)
        for entry_id in ("GENOPS04", "GENOPS04-BP01", "GENSEC01", "GENSEC01-BP01", "GENSEC01-BP02")
        for language in ("en", "ja")
    ]
    assert {entry.edition for entry in entries} == {"2026-02-03"}
    assert entries[6:8] == (
        Entry(
            id="GENSEC01-BP01",
            kind=Kind.BEST_PRACTICE,
            title="Name every caller of a model endpoint",
            source="genai-lens",
            edition="2026-02-03",
            url=f"{LENS}gensec01-bp01.html",
            language=Language.ENGLISH,
            pillar="Security",
            question="How do you know who calls your models?",
            risk_level=RiskLevel.HIGH,
            sections=(
                section("Summary", Role.INTRODUCTION, Item("Nameless callers cannot be stopped one by one.")),
                section(
                    "What to do",
                    Role.STEPS,
                    Item("Keep a register of callers.", Marker.NUMBER),
                    Item("Revoke roles that have no owner.", Marker.NUMBER),
                ),
            ),
        ),
        Entry(
            id="GENSEC01-BP01",
            kind=Kind.BEST_PRACTICE,
            title="呼び出し元に名前を付ける",
            source="genai-lens",
            edition="2026-02-03",
            url=f"{LENS}gensec01-bp01.html",
            language=Language.JAPANESE,
            pillar="Security",
            question="モデルを呼び出しているのが誰か、どのように把握していますか。",
            risk_level=RiskLevel.HIGH,
            sections=(
                section("概要", Role.INTRODUCTION, Item("名前のない呼び出し元は個別に止められません。")),
                section("実施すること", Role.STEPS, Item("呼び出し元の台帳を作る。", Marker.NUMBER)),
            ),
        ),
    )


def test_question_has_a_summary_and_no_steps() -> None:
    entry = read_source(DATA / "catalog", source("genai-lens"))[4]
    assert (entry.id, entry.kind, entry.risk_level) == ("GENSEC01", Kind.QUESTION, None)
    assert entry.sections == (
        section("Summary", Role.INTRODUCTION, Item("Asks whether every request can be traced to somebody.")),
    )


def test_question_without_a_japanese_wording_keeps_the_english_one() -> None:
    entries = read_source(DATA / "catalog", source("genai-lens"))
    assert (entries[1].title, entries[1].question) == (
        "環境の自動構築",
        "How do you build the same environment twice?",
    )


def test_edition_of_a_risk_comes_from_its_id() -> None:
    newer, newer_japanese, older, older_japanese = read_source(DATA / "catalog", source("owasp-llm"))
    assert older == Entry(
        id="LLM06:2025",
        kind=Kind.RISK,
        title="Excessive Agency",
        source="owasp-llm",
        edition="2025",
        url=f"{OWASP}2025/LLM06_ExcessiveAgency.md",
        language=Language.ENGLISH,
        sections=(
            section(
                "Summary",
                Role.INTRODUCTION,
                Item("What an extension may do is what an attacker may do."),
            ),
            section("What to do", Role.STEPS, Item("Give each extension one duty.", Marker.NUMBER)),
        ),
    )
    assert (newer.id, newer.edition, newer_japanese.language) == ("LLM03:2026", "2026", Language.JAPANESE)
    assert (older_japanese.id, older_japanese.title) == ("LLM06:2025", "過剰なエージェンシー")


def test_source_without_a_catalogue_has_no_entries(tmp_path: Path) -> None:
    assert read_source(tmp_path, source("genai-lens")) == ()


@pytest.mark.parametrize(
    ("old", "new", "field", "reason"),
    [
        ("pillar: Security\n", "", "pillar", "Field required"),
        ("pillar: Security\n", "pillar: ' '\n", "pillar", "at least 1 character"),
        ("pillar: Security\n", "pillar: 3\n", "pillar", "valid string"),
        ("pillar: Security\n", "pillar: Security\ncolour: red\n", "colour", "not permitted"),
        ("best_practices:", "practices:", "best_practices", "Field required"),
        ("risk_level: High", "risk_level: Severe", "best_practices.0.risk_level", "'High'"),
        ("    risk_level: Medium\n", "", "best_practices.1.risk_level", "Field required"),
        ("        - Keep a register of callers.", "        - 3", "best_practices.0.en.do.0", "valid string"),
        (f"{LENS}gensec01.html", "http://docs.aws.amazon.com/", "url", "^https://"),
        (
            "ja:\n      title: 呼び出し",
            "ja:\n      title: A #",
            "best_practices.0.ja",
            "'A' has no Japanese",
        ),
        ("呼び出し元の台帳を作る。", "List them.", "best_practices.0.ja", "'List them.' has no Japanese"),
        ("question: モデルを", "question: Who? #", "ja", "'Who?' has no Japanese"),
        ("id: GENSEC01-BP02", "id: gensec1-bp2", "best_practices.1", "'gensec1-bp2' is not an id"),
        ("id: GENSEC01-BP02", "id: GENSEC02-BP01", "file", "GENSEC02-BP01 does not belong to GENSEC01"),
    ],
    ids=[
        "missing",
        "blank",
        "number",
        "unknown",
        "renamed",
        "unknown level",
        "no level",
        "step not text",
        "not https",
        "title in English",
        "step in English",
        "question in English",
        "loose id",
        "practice of another question",
    ],
)
def test_invalid_entry_is_refused_with_file_entry_and_field(
    tmp_path: Path, old: str, new: str, field: str, reason: str
) -> None:
    assert_refused(tmp_path, replaced(QUESTION, old, new), f", GENSEC01, {field}: ", reason)


@pytest.mark.parametrize(
    ("old", "new", "entry", "field"),
    [
        ("id: LLM06:2025", "id: LLM6:2025", "LLM6:2025", "file"),
        ("id: LLM06:2025", "id: LLM11:2025", "LLM11:2025", "file"),
        ("ja:\n", "japanese:\n", "LLM06:2025", "ja"),
        ("en:\n", "risk_level: High\nen:\n", "LLM06:2025", "risk_level"),
    ],
    ids=["loose id", "number beyond ten", "no Japanese", "field of practices"],
)
def test_invalid_risk_is_refused_with_file_entry_and_field(
    tmp_path: Path, old: str, new: str, entry: str, field: str
) -> None:
    assert_refused(tmp_path, replaced(RISK, old, new), f", {entry}, {field}: ", name="owasp-llm")


def test_file_without_an_id_is_refused_with_its_name(tmp_path: Path) -> None:
    assert_refused(tmp_path, replaced(RISK, "id: LLM06:2025\n", ""), "id: Field required", name="owasp-llm")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "file: Input should be a valid dictionary"),
        (b"- id: GENSEC01", "file: Input should be a valid dictionary"),
        (b"GENSEC01", "file: Input should be a valid dictionary"),
        (b"id: [", "not a YAML file: "),
        (b"id: GENSEC01\n\ttitle: A", "not a YAML file: "),
        (b"id: \xff", "not a YAML file: "),
        (b"id: !!python/object/apply:os.getcwd []", "not a YAML file: "),
    ],
    ids=["empty", "list", "text", "open bracket", "tab", "not UTF-8", "object"],
)
def test_file_without_a_mapping_is_refused(tmp_path: Path, text: bytes, reason: str) -> None:
    assert_refused(tmp_path, text, reason)
