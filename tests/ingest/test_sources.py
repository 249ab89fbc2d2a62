"""Source files in, facts about sources out."""

from pathlib import Path

import pytest
from support.homes import ROOT
from support.saved import DATA, LENS

from ingest.errors import SourceFileError
from ingest.sources import Edition, Expected, Reader, Source, load_sources
from kb.entries import Language

BUNDLED = ROOT / "data" / "sources"
TEXT = (DATA / "sources" / "genai-lens.toml").read_text(encoding="utf-8")


def assert_refused(folder: Path, text: str | bytes, *parts: str) -> None:
    """Assert that a source file with this text is refused with a message containing the parts."""
    path = folder / "genai-lens.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SourceFileError) as caught:
        load_sources(folder)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert [part for part in parts if part not in message] == []


def test_every_fact_of_a_source_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "genai-lens.toml").write_text(TEXT, encoding="utf-8")
    assert load_sources(tmp_path) == (
        Source(
            name="genai-lens",
            title="A small lens",
            publisher="The tests",
            licence="MIT",
            licence_url="https://example.org/licence",
            reader=Reader.AWS_LENS,
            hosts=("docs.aws.amazon.com",),
            editions=(
                Edition(
                    edition="2026-02-03",
                    language=Language.ENGLISH,
                    start=LENS,
                    pages=("toc-contents.json",),
                    principles="design-principles.html",
                    expected=(Expected(since="2026-02-03", pillar=2, question=2, best_practice=3, risk=0),),
                ),
            ),
        ),
    )


def test_sources_follow_file_order_and_other_files_are_ignored(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        text = TEXT.replace('"genai-lens"', f'"{name}"')
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    (tmp_path / "README.md").write_text("not a source", encoding="utf-8")
    assert [source.name for source in load_sources(tmp_path)] == ["a", "b", "c"]


def test_folder_without_files_has_no_sources(tmp_path: Path) -> None:
    assert load_sources(tmp_path) == ()
    assert load_sources(tmp_path / "missing") == ()


@pytest.mark.parametrize(
    ("edition", "count"),
    [
        ("2025-04-15", 49),
        ("2025-08-01", 49),
        ("2025-11-19", 51),
        ("2027-01-01", 51),
        ("2024-01-01", 49),
    ],
    ids=["first", "between", "newest", "later than known", "earlier than known"],
)
def test_expected_counts_are_the_latest_up_to_the_edition(edition: str, count: int) -> None:
    known = Edition(
        edition="2025-11-19",
        language=Language.ENGLISH,
        start=LENS,
        pages=("toc-contents.json",),
        expected=(
            Expected(since="2025-11-19", best_practice=51),
            Expected(since="2025-04-15", best_practice=49),
        ),
    )
    assert known.expected_in(edition).best_practice == count


@pytest.mark.parametrize(
    ("old", "new", "field", "reason"),
    [
        ('publisher = "The tests"\n', "", "publisher", "Field required"),
        ('publisher = "The tests"\n', "publisher = 3\n", "publisher", "valid string"),
        ('title = "A small lens"\n', 'title = "A"\ntitel = "B"\n', "titel", "not permitted"),
        ('"aws_lens"', '"azure_lens"', "reader", "'aws_lens' or 'owasp'"),
        ('["docs.aws.amazon.com"]', "[]", "hosts", "at least 1 item"),
        ('language = "en"', 'language = "fr"', "editions.0.language", "'en' or 'ja'"),
        ('"toc-contents.json"', "", "editions.0.pages", "at least 1 item"),
        ("https://docs.aws.amazon.com/w", "http://docs.aws.amazon.com/w", "editions.0.start", "^https://"),
        ("generative-ai-lens/", "generative-ai-lens", "editions.0.start", "/$"),
        ("question = 2", 'question = "two"', "editions.0.expected.0.question", "valid integer"),
        ("question = 2", "questions = 2", "editions.0.expected.0.questions", "not permitted"),
    ],
    ids=[
        "missing",
        "number",
        "misspelt",
        "unknown reader",
        "no hosts",
        "unknown language",
        "no pages",
        "not https",
        "not a folder",
        "count in words",
        "misspelt count",
    ],
)
def test_invalid_fact_is_refused_with_file_and_field(
    tmp_path: Path, old: str, new: str, field: str, reason: str
) -> None:
    assert TEXT.count(old) == 1
    assert_refused(tmp_path, TEXT.replace(old, new), f", {field}: ", reason)


@pytest.mark.parametrize(
    "host",
    ["example.org", "docs.aws.amazon.com.example.org", "docs.aws.amazon.com@example.org", "169.254.169.254"],
)
def test_start_on_an_unlisted_host_is_refused(tmp_path: Path, host: str) -> None:
    text = TEXT.replace("https://docs.aws.amazon.com/", f"https://{host}/")
    assert_refused(tmp_path, text, f"start https://{host}/", "is not on one of the hosts docs.aws.amazon.com")


@pytest.mark.parametrize("text", [b"name = ", b"name: genai-lens", b'name = "\xff"'])
def test_invalid_toml_is_refused(tmp_path: Path, text: bytes) -> None:
    assert_refused(tmp_path, text, ": not a TOML file: ")


def test_empty_file_is_refused_with_its_first_fact(tmp_path: Path) -> None:
    assert_refused(tmp_path, "", ", name: Field required")


def test_bundled_sources_are_the_lens_and_both_editions_of_the_risks() -> None:
    lens, risks = load_sources(BUNDLED)
    assert (lens.name, lens.hosts, lens.publisher) == (
        "genai-lens",
        ("docs.aws.amazon.com",),
        "Amazon Web Services",
    )
    assert [(e.edition, e.language.value, e.start, e.pages) for e in lens.editions] == [
        (
            "2025-11-19",
            "en",
            "https://docs.aws.amazon.com/wellarchitected/latest/generative-ai-lens/",
            ("toc-contents.json",),
        )
    ]
    newest = lens.editions[0].expected_in("2025-11-19")
    assert (newest.pillar, newest.question, newest.best_practice) == (6, 29, 51)
    assert (risks.name, risks.hosts, risks.licence) == (
        "owasp-llm",
        ("raw.githubusercontent.com",),
        "CC BY-SA 4.0",
    )
    assert [(e.edition, e.language.value, e.expected_in(e.edition).risk) for e in risks.editions] == [
        ("2026", "en", 10),
        ("2025", "en", 10),
        ("2025", "ja", 10),
    ]
