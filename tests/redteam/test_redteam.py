"""Attacks on worded answers, each against a real server that misbehaves as its case says."""

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
    """The knowledge base that a case is asked of; each is made once."""
    made: dict[tuple[str, str], KnowledgeBase] = {}

    def open_base(case: Case) -> KnowledgeBase:
        key = (case.page, case.attack)
        if key not in made:
            home = tmp_path_factory.mktemp("home")
            manifest = make_build(home, WordEncoder(), entries_for(case), SOURCES, MADE_AT)
            made[key] = KnowledgeBase(Build(home, manifest.id), WordEncoder(), simple_rankers())
        return made[key]

    return open_base


def entries_for(case: Case) -> tuple[Entry, ...]:
    """The small corpus, with a poisoned paragraph or a description of an attack in it."""
    entries = corpus()
    if case.page:
        entries = tuple(poisoned(e, case.page) if e.id == "GENSEC05-BP01" else e for e in entries)
    if case.attack:
        told = prose("Description", Role.INTRODUCTION, case.attack)
        entries = (*entries, risk(1, "2026", "Prompt Injection", told))
    return entries


def poisoned(entry: Entry, words: str) -> Entry:
    """The entry with a paragraph more in its first section."""
    first, *others = entry.sections
    return replace(entry, sections=(replace(first, items=(*first.items, Item(words))), *others))


@pytest.fixture
def outlets(
    request: pytest.FixtureRequest,
    opened: Open,
    running_model: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Outlets:
    """What readers get of a case."""
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
def test_an_attack_does_no_harm(
    case: Case,
    outlets: Outlets,
    opened: Open,
    running_model: ModelServer,
    record_property: Callable[..., None],
) -> None:
    record_property("risk", case.risk)
    base = opened(case)
    always_true(outlets, base)
    answered_as_said(
        case.must, outlets, ask(base, case.question).covered, answer_text(ask(base, case.question))
    )
    words_as_said(case.must, outlets)
    if case.must.asked is not None:
        kept = outlets.json["usage"] is not None and outlets.json["usage"]["cached"]
        assert len(running_model.requests) == (case.must.asked if kept else 3 * case.must.asked)
    assert set(running_model.authorizations) <= {f"Bearer {KEY}"}


def always_true(outlets: Outlets, base: KnowledgeBase) -> None:
    """What holds of every answer, whatever the model, the page or the reader wrote."""
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
    assert all(base.has(found["id"]) for found in record["hits"])


def answered_as_said(must: Must, outlets: Outlets, covered: bool, extractive: str) -> None:
    """Whose words the answer is in, and why."""
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


def words_as_said(must: Must, outlets: Outlets) -> None:
    """Which words are shown, marked and absent, in every outlet."""
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
        told = {key: value for key, value in record.items() if key != "question"}
        assert words not in outlets.page
        assert words not in outlets.text
        assert words not in repr(told)


def test_there_are_enough_cases_of_enough_risks() -> None:
    counts = Counter(case.risk for case in CASES)
    assert sum(counts.values()) >= 150
    assert len({case.name for case in CASES}) == len(CASES)
    assert min(counts.values()) >= 1
    assert {"LLM01:2026", "LLM06:2026", "LLM07:2026", "LLM08:2026", "LLM10:2026"} <= counts.keys()
