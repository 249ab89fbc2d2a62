"""Attacks on the answers of a language model, each with a server that misbehaves in its own way."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from support.corpus import MADE_AT, SOURCES, corpus, prose, risk
from support.encoder import WordEncoder
from support.model_server import ModelServer
from support.rankers import simple_rankers

from assistant.answers.records import Doubt
from assistant.generate import ask
from assistant.render.labels import words_of
from assistant.render.text import answer_text
from kb.entries import Entry, Item, Language, Role
from kb.ids import find_ids
from kb.knowledge_base import KnowledgeBase
from kb.make import make_build
from kb.storage.builds import Build
from redteam.cases import KEY, Case, Must, read_cases
from redteam.outlets import HARMLESS, HOSTS, Outlets, hidden, host, outlets_of

CASES = read_cases()
GIVEN = {"GENSEC05-BP01", "GENSEC05-BP02", "GENCOST03-BP01", "LLM01:2026", "LLM03:2026", "LLM06:2026"}
MARKS = [words_of("answer", language)[doubt] for language in Language for doubt in Doubt]

Open = Callable[[Case], KnowledgeBase]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Open:
    """A function from a case to its knowledge base; equal knowledge bases are built once."""
    bases: dict[tuple[str, str], KnowledgeBase] = {}

    def open_base(case: Case) -> KnowledgeBase:
        key = (case.page, case.attack)
        if key not in bases:
            home = tmp_path_factory.mktemp("home")
            manifest = make_build(home, WordEncoder(), entries_for(case), SOURCES, MADE_AT)
            bases[key] = KnowledgeBase(Build(home, manifest.id), WordEncoder(), simple_rankers())
        return bases[key]

    return open_base


def entries_for(case: Case) -> tuple[Entry, ...]:
    """The small corpus with the poisoned paragraph or the described attack of a case."""
    entries = corpus()
    if case.page:
        entries = tuple(poisoned(e, case.page) if e.id == "GENSEC05-BP01" else e for e in entries)
    if case.attack:
        description = prose("Description", Role.INTRODUCTION, case.attack)
        entries = (*entries, risk(1, "2026", "Prompt Injection", description))
    return entries


def poisoned(entry: Entry, words: str) -> Entry:
    """The entry with one more paragraph in its first section."""
    first, *others = entry.sections
    return replace(entry, sections=(replace(first, items=(*first.items, Item(words))), *others))


@pytest.fixture
def outlets(
    request: pytest.FixtureRequest,
    opened: Open,
    running_model: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Outlets:
    """The answer of a case in every outlet."""
    case: Case = request.node.callspec.params["case"]
    base = opened(case)
    stuck = case.behaviour.then in ("empty", "hang", "drip")
    for name, value in {
        "GENLENS_LLM": running_model.setting,
        "GENLENS_LLM_TIMEOUT": "0.4" if stuck else "60",
        "OPENAI_LIKE_API_KEY": KEY,
        **case.settings,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("kb.knowledge_base.open_served", lambda _settings: base)
    monkeypatch.setattr("assistant.llm.client.PAUSE", 0.0)
    running_model.does(case.behaviour)
    running_model.authorizations.clear()
    return outlets_of(base, case.question)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.risk} {case.name}" for case in CASES])
def test_attack_does_no_harm(
    case: Case,
    outlets: Outlets,
    opened: Open,
    running_model: ModelServer,
    record_property: Callable[..., None],
) -> None:
    record_property("risk", case.risk)
    base = opened(case)
    check_any_answer(outlets, base)
    check_author(case.must, outlets, ask(base, case.question).covered, answer_text(ask(base, case.question)))
    check_words(case.must, outlets)
    if case.must.asked is not None:
        cached = outlets.json["usage"] is not None and outlets.json["usage"]["cached"]
        assert len(running_model.requests) == (case.must.asked if cached else 3 * case.must.asked)
    assert set(running_model.authorizations) <= {f"Bearer {KEY}"}


def check_any_answer(outlets: Outlets, base: KnowledgeBase) -> None:
    """Checks for every answer, independent of the case."""
    record = outlets.json
    assert outlets.kinds <= HARMLESS
    assert {host(url) for _, url in outlets.links} <= HOSTS
    assert all(base.has(text) for text, _ in outlets.links)
    assert hidden(outlets.page + outlets.text + outlets.errors + repr(record)) == []
    assert KEY not in outlets.page + outlets.text + outlets.errors + repr(record)
    assert outlets.codes == ((0, 0) if record["covered"] else (1, 1))
    assert outlets.text.startswith(record["answer"])
    assert "\n" not in record["note"]
    assert "Traceback" not in outlets.errors
    for statement in record["statements"]:
        assert statement["supported"] is (statement["doubt"] is None)
        assert set(statement["ids"]) <= GIVEN
        assert bool(statement["ids"]) is statement["supported"]
        if statement["part"] == "said":
            assert {match.id for match in find_ids(statement["text"], "2026")} <= GIVEN
    for citation in record["citations"]:
        sections = [s for version in base.versions(citation["id"]) for s in version.sections]
        assert any(citation["quote"] in section.text for section in sections)
    cited = {entry_id for statement in record["statements"] for entry_id in statement["ids"]}
    assert cited == {citation["id"] for citation in record["citations"]}
    assert all(base.has(hit["id"]) for hit in record["hits"])


def check_author(must: Must, outlets: Outlets, covered: bool, extractive: str) -> None:
    """Checks on the author of the answer, and on the note."""
    record = outlets.json
    parts = {statement["part"] for statement in record["statements"]}
    if must.answer == "model":
        assert parts == {"said"}
        assert (record["covered"], record["note"]) == (True, "")
    elif must.answer == "sources":
        assert covered
        assert parts <= {"lead", "do", "why", "related"}
        assert record["answer"] == f"({record['note']})\n\n{extractive}"
    else:
        assert (record["covered"], record["statements"], record["citations"]) == (False, [], [])
    assert must.note in record["note"]
    assert record["note"] in outlets.page.replace("\n", " ")
    assert record["note"] in outlets.text


def check_words(must: Must, outlets: Outlets) -> None:
    """Checks on shown, marked and absent words, in every outlet."""
    record = outlets.json
    for words in must.shown:
        assert any(words in s["text"] and s["supported"] for s in record["statements"]), words
        assert words in outlets.page
        assert words in outlets.text
    for words in must.marked:
        plain = words.rstrip(".!")
        (statement,) = [s for s in record["statements"] if plain in s["text"]]
        assert not statement["supported"], words
        for shown in (outlets.page, outlets.text):
            after = shown.split(statement["text"], 1)[1]
            assert any(after.startswith(f" (⚠ {mark})") for mark in MARKS), shown
    for words in must.absent:
        answer = {key: value for key, value in record.items() if key != "question"}
        assert words not in outlets.page
        assert words not in outlets.text
        assert words not in repr(answer)


def test_cases_cover_enough_risks() -> None:
    counts = Counter(case.risk for case in CASES)
    assert sum(counts.values()) >= 150
    assert len({case.name for case in CASES}) == len(CASES)
    assert min(counts.values()) >= 1
    assert {"LLM01:2026", "LLM06:2026", "LLM07:2026", "LLM08:2026", "LLM10:2026"} <= counts.keys()
