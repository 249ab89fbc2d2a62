"""Fuzzing of the readers and the id parser: only our own errors, in bounded time.

`pytest tests/fuzz/test_fuzz.py --hypothesis-profile=fuzz --timeout=0` tries 100,000 examples per test.
"""

import re
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from fuzz import guided
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.saved import FETCHED_AT, LENS, OWASP, OWASP_JAPANESE, body, source

from ingest.editions import open_edition
from ingest.errors import IngestError
from ingest.fetch.page_store import Page
from ingest.sources import Edition, Source
from kb.errors import RecordError
from kb.ids import edition_of, find_ids, parse_id, question_of
from kb.storage.refresh_log import MAX_REASON, failed_now
from kb.text import fold
from kb.verify import check_entries

# Limit for one page or text; most examples take a few milliseconds.
SECONDS = 5
CONTENTS = f"{LENS}toc-contents.json"
LENS_PAGES = (
    CONTENTS,
    *(f"{LENS}{name}.html" for name in ("generative-ai-lens", "gensec01", "gensec01-bp02")),
)
RISKS = (
    (0, f"{OWASP}2026/final/LLM03_ExcessiveAgency.md"),
    (1, f"{OWASP}2025/LLM06_ExcessiveAgency.md"),
    (2, f"{OWASP_JAPANESE}LLM06_ExcessiveAgency.md"),
)
# Fragments for mutations: markup, awkward characters, ids and words known to the readers.
PIECES = (
    *("<", ">", "</p>", "<h1>", "</h1>", "<table>", "<li><ul>", "<pre>", "<!--", "]]>", "&#0;", "&#xd800;"),
    *('"', "'", "{", "}", "[", "]", ",", ":", '\\u0000', '{"title": null}', '"contents": [', "null", "1e999"),
    *("#", "###", "* ", "1. ", "```", "| a |", "](", "![", "[x](http://[", "\t", "\n\n", "---", "<div>"),
    *("\0", "\ufeff", "\u202e", "\u200b", "\x1b", "\ud7ff", "𝕏", "ﷺ", "e\u0301" * 9, " " * 999, "<b>" * 500),
    *("GENSEC01", "GENSEC01-BP02", "LLM03:2026", "2026", "High", "Level of risk", "May 99, 2026"),
)  # fmt: skip


# Processor time is limited instead of wall time: it does not depend on the load of the machine.
fuzzed = settings(deadline=None, suppress_health_check=list(HealthCheck))


@contextmanager
def bounded() -> Iterator[None]:
    """Checks that the block takes less than SECONDS of processor time."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < SECONDS


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    """The text with a few spans cut, doubled, moved or replaced."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from((0, 1, 5, 40, 300, 5000))))
        mutation = draw(st.sampled_from(("cut", "double", "move", "piece", "text", "nest")))
        span, rest = text[start:end], text[:start] + text[end:]
        if mutation == "double":
            text = text[:end] + span + text[end:]
        elif mutation == "move":
            place = draw(st.integers(0, len(rest)))
            text = rest[:place] + span + rest[place:]
        elif mutation == "cut":
            text = rest
        else:
            new = draw(st.text(max_size=20)) if mutation == "text" else draw(st.sampled_from(PIECES))
            text = text[:start] + new * (200 if mutation == "nest" and len(new) < 20 else 1) + text[end:]
    return text


def pages(changed: str, text: str) -> Callable[[str], Page]:
    """The saved pages, one of them changed; a missing page is an IngestError."""

    def page(address: str) -> Page:
        try:
            content = text if address == changed else body(address)
        except OSError as error:
            raise IngestError(f"{address}: not here") from error
        return Page(address, content.encode("utf-8", "surrogatepass"), FETCHED_AT)

    return page


def assert_read_or_refused(name: Source, edition: Edition, fetched: Callable[[str], Page]) -> None:
    """Checks that an edition is read, or refused with one of our errors and a printable reason."""
    reason = ""
    try:
        with bounded():
            check_entries(open_edition(name, edition, fetched).read(fetched).entries)
    except (IngestError, RecordError) as error:
        reason = failed_now(name.name, error).reason
    assert len(reason) <= MAX_REASON
    assert [character for character in reason if unicodedata.category(character) == "Cc"] == []


@fuzzed
@given(st.data())
def test_mutated_page_of_the_lens_is_read_or_refused(data: st.DataObject) -> None:
    address = data.draw(st.sampled_from(LENS_PAGES))
    lens = source("genai-lens")
    fetched = pages(address, data.draw(mutated(body(address))))
    assert_read_or_refused(lens, lens.editions[0], fetched)


@fuzzed
@given(st.data())
def test_mutated_page_of_a_risk_is_read_or_refused(data: st.DataObject) -> None:
    number, address = data.draw(st.sampled_from(RISKS))
    risks = source("owasp-llm")
    fetched = pages(address, data.draw(mutated(body(address))))
    assert_read_or_refused(risks, risks.editions[number], fetched)


@fuzzed
@given(st.binary(max_size=2000), st.sampled_from(("utf-8", "shift_jis", "utf-16", "iso-2022-jp", "latin-1")))
def test_arbitrary_bytes_are_read_or_refused(raw: bytes, encoding: str) -> None:
    lens = source("genai-lens")
    saved = pages("", "")
    for address in LENS_PAGES:

        def fetched(asked: str, changed: str = address) -> Page:
            return Page(asked, raw, FETCHED_AT, encoding) if asked == changed else saved(asked)

        assert_read_or_refused(lens, lens.editions[0], fetched)


IDS = (
    "GENSEC05-BP01",
    "gensec5 bp1",
    "GENPER02-BP03",
    "AGENTSEC03-BP03",
    "SEC01-BP01",
    "RAI01",
    "LLM03:2026",
    "llm 6 2025",
)
ID = re.compile(
    r"(?:(?:GEN|AGENT)?(?:OPS|SEC|REL|PERF|COST|SUS)|RAI[A-Z]*)\d\d(?:-BP\d\d)?|LLM(?:0[1-9]|10):20\d\d"
)


@fuzzed
@given(st.one_of(st.text(), st.sampled_from(IDS).flatmap(mutated)), st.sampled_from(("2026", "2025")))
def test_found_ids_are_valid_and_parse_to_themselves(text: str, newest: str) -> None:
    with bounded():
        matches = find_ids(text, newest)
    folded = fold(text)
    for match in matches:
        assert ID.fullmatch(match.id), match
        assert 0 <= match.start < match.end <= len(folded)
        assert parse_id(match.id, newest) == match.id
        assert (edition_of(match.id) is not None) == match.id.startswith("LLM")
        assert match.id.startswith(question_of(match.id))
    assert len({match.id for match in matches}) == len(matches)
    assert parse_id(text, newest) == (matches[0].id if len(matches) == 1 else None)


@pytest.mark.parametrize("target", guided.TARGETS.values(), ids=guided.TARGETS)
def test_target_of_guided_fuzzing_takes_bytes(target: str) -> None:
    globals()[target].hypothesis.fuzz_one_input(bytes(range(256)) * 8)


def test_guided_fuzzing_names_the_missing_package_and_the_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "atheris", None)
    with pytest.raises(SystemExit, match=r"pip install atheris==3\.0\.0"):
        guided.main(["ids"])
    with pytest.raises(SystemExit, match="expected a target, one of: ids, lens, risks, bytes"):
        guided.main(["names"])
