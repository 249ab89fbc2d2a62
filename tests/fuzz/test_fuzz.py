"""Mutated pages and ids: only our own errors come out of the readers and the id parser, in bounded time.

`pytest tests/fuzz/test_fuzz.py --hypothesis-profile=fuzz --timeout=0` tries 100,000 examples a test.
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

# Most examples take a few milliseconds; this is what no page or id may take.
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
# What readers have to take apart: marks of the languages, and characters that are hard to handle.
PIECES = (
    *("<", ">", "</p>", "<h1>", "</h1>", "<table>", "<li><ul>", "<pre>", "<!--", "]]>", "&#0;", "&#xd800;"),
    *('"', "'", "{", "}", "[", "]", ",", ":", '\\u0000', '{"title": null}', '"contents": [', "null", "1e999"),
    *("#", "###", "* ", "1. ", "```", "| a |", "](", "![", "[x](http://[", "\t", "\n\n", "---", "<div>"),
    *("\0", "\ufeff", "\u202e", "\u200b", "\x1b", "\ud7ff", "𝕏", "ﷺ", "e\u0301" * 9, " " * 999, "<b>" * 500),
    *("GENSEC01", "GENSEC01-BP02", "LLM03:2026", "2026", "High", "Level of risk", "May 99, 2026"),
)  # fmt: skip


# The time that counts is that of the processor, whatever else the machine does.
fuzzed = settings(deadline=None, suppress_health_check=list(HealthCheck))


@contextmanager
def bounded() -> Iterator[None]:
    """What is done in the block takes so long and no longer."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < SECONDS


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    """A text with a few places cut, doubled, moved, or filled with something else."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from((0, 1, 5, 40, 300, 5000))))
        put = draw(st.sampled_from(("cut", "double", "move", "piece", "text", "nest")))
        part, rest = text[start:end], text[:start] + text[end:]
        if put == "double":
            text = text[:end] + part + text[end:]
        elif put == "move":
            place = draw(st.integers(0, len(rest)))
            text = rest[:place] + part + rest[place:]
        elif put == "cut":
            text = rest
        else:
            new = draw(st.text(max_size=20)) if put == "text" else draw(st.sampled_from(PIECES))
            text = text[:start] + new * (200 if put == "nest" and len(new) < 20 else 1) + text[end:]
    return text


def pages(changed: str, text: str) -> Callable[[str], Page]:
    """The tests' own pages, one of them changed; what is not there is a failure of the site."""

    def page(address: str) -> Page:
        try:
            found = text if address == changed else body(address)
        except OSError as error:
            raise IngestError(f"{address}: not here") from error
        return Page(address, found.encode("utf-8", "surrogatepass"), FETCHED_AT)

    return page


def assert_read_or_refused(name: Source, edition: Edition, fetched: Callable[[str], Page]) -> None:
    """An edition is read and can be served, or is refused with an error of our own that can be shown."""
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
def test_a_mutated_page_of_the_lens_is_read_or_refused(data: st.DataObject) -> None:
    address = data.draw(st.sampled_from(LENS_PAGES))
    lens = source("genai-lens")
    fetched = pages(address, data.draw(mutated(body(address))))
    assert_read_or_refused(lens, lens.editions[0], fetched)


@fuzzed
@given(st.data())
def test_a_mutated_page_of_a_risk_is_read_or_refused(data: st.DataObject) -> None:
    number, address = data.draw(st.sampled_from(RISKS))
    risks = source("owasp-llm")
    fetched = pages(address, data.draw(mutated(body(address))))
    assert_read_or_refused(risks, risks.editions[number], fetched)


@fuzzed
@given(st.binary(max_size=2000), st.sampled_from(("utf-8", "shift_jis", "utf-16", "iso-2022-jp", "latin-1")))
def test_bytes_of_any_kind_are_read_or_refused(raw: bytes, encoding: str) -> None:
    lens = source("genai-lens")
    own = pages("", "")
    for address in LENS_PAGES:

        def fetched(asked: str, changed: str = address) -> Page:
            return Page(asked, raw, FETCHED_AT, encoding) if asked == changed else own(asked)

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
def test_what_is_found_in_any_text_is_an_id_and_parses_to_itself(text: str, newest: str) -> None:
    with bounded():
        found = find_ids(text, newest)
    folded = fold(text)
    for match in found:
        assert ID.fullmatch(match.id), match
        assert 0 <= match.start < match.end <= len(folded)
        assert parse_id(match.id, newest) == match.id
        assert (edition_of(match.id) is not None) == match.id.startswith("LLM")
        assert match.id.startswith(question_of(match.id))
    assert len({match.id for match in found}) == len(found)
    assert parse_id(text, newest) == (found[0].id if len(found) == 1 else None)


@pytest.mark.parametrize("target", guided.TARGETS.values(), ids=guided.TARGETS)
def test_every_target_of_the_guided_fuzzing_takes_bytes(target: str) -> None:
    globals()[target].hypothesis.fuzz_one_input(bytes(range(256)) * 8)


def test_the_guided_fuzzing_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "atheris", None)
    with pytest.raises(SystemExit, match=r"pip install atheris==3\.0\.0"):
        guided.main(["ids"])
    with pytest.raises(SystemExit, match="expected a target, one of: ids, lens, risks, bytes"):
        guided.main(["names"])
