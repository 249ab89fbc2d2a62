"""The Search view, without a browser."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest
from support.pages import app, in_japanese, links, opened, shown

from assistant.pages.search import HITS_PER_PAGE, marked
from kb.knowledge_base import KnowledgeBase


@pytest.fixture
def view(base: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("GENLENS_MODEL", base.manifest.model)
    with app() as chat_page:
        yield chat_page


def facet(view: AppTest, name: str) -> list[str]:
    return list(view.button_group(key=f"search-{name}").options)


def test_empty_view_shows_clickable_examples(view: AppTest) -> None:
    opened(view, "search")
    assert not view.exception
    view.button_group(key="search-example").set_value("prompt caching").run()
    assert view.text_input[0].value == "prompt caching"
    assert links(view)[0] == "id=GENCOST03-BP01"
    assert view.query_params["q"] == "prompt caching"


def test_link_reproduces_a_search(view: AppTest) -> None:
    opened(view, "search", q="deleting records")
    assert view.text_input[0].value == "deleting records"
    assert "id=GENSEC05-BP01" in links(view)
    assert ":orange-background[deleting] :orange-background[records]" in shown(view)


def test_facets_have_counts_and_narrow_the_search(view: AppTest) -> None:
    opened(view, "search", q="agent")
    assert facet(view, "level") == ["High (1)", "Medium (1)"]
    assert facet(view, "source")[-2:] == ["OWASP Top 10 for LLM 2026 (1)", "OWASP Top 10 for LLM 2025 (1)"]
    all_links = links(view)
    view.button_group(key="search-level").set_value(["High"]).run()
    assert links(view) == ["id=GENSEC05-BP01"]
    assert f"**1 of {len(all_links)} found**" in shown(view)
    assert facet(view, "level") == ["High (1)", "Medium (1)"]
    assert facet(view, "kind")[1] == "Best practice (1)"
    view.button[0].click().run()
    assert links(view) == all_links


def test_filters_without_a_match_show_a_message(view: AppTest) -> None:
    opened(view, "search", q="agent")
    view.button_group(key="search-level").set_value(["High"]).run()
    view.button_group(key="search-source").set_value(["owasp-llm 2025"]).run()
    assert not view.exception
    assert "matches all filters" in view.info[0].value
    assert links(view) == []


def test_typed_id_opens_its_entry(view: AppTest) -> None:
    opened(view, "search").text_input[0].set_value("gensec5 bp1").run()
    assert not view.exception
    assert view.header[0].value.startswith("GENSEC05\\-BP01 Give agents only")
    assert view.query_params["id"] == "GENSEC05-BP01"


def test_id_in_a_link_stays_a_search(view: AppTest) -> None:
    """So the browser can go back from the entry to the search."""
    opened(view, "search", q="gensec5 bp1")
    assert view.header[0].value == "Search"
    assert links(view)[0] == "id=GENSEC05-BP01"


def test_phrase_must_occur_exactly(view: AppTest) -> None:
    opened(view, "search", q='"narrow role"')
    assert links(view) == ["id=GENSEC05-BP01"]


def test_search_without_hits_shows_advice(view: AppTest) -> None:
    opened(view, "search", q="<b>zebra</b> `x`")
    assert not view.exception
    assert view.info[0].value.startswith("Nothing found for \\<b\\>zebra")
    assert "fewer words" in view.info[0].value
    assert links(view) == ["q=%3Cb%3Ezebra%3C%2Fb%3E+%60x%60"]


def test_blank_query_is_an_error(view: AppTest) -> None:
    opened(view, "search", q="?!")
    assert not view.exception
    assert "empty" in view.error[0].value


def test_hits_are_paginated(view: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.pages.search.HITS_PER_PAGE", 2)
    opened(view, "search", q="agent")
    first = links(view)
    assert len(first) == 2 < HITS_PER_PAGE
    view.get("pagination")[0].set_value(2).run()
    second = links(view)
    assert second
    assert not set(first) & set(second)
    view.text_input[0].set_value("agent records").run()  # a new search starts at page 1
    assert view.get("pagination")[0].value == 1


def test_view_has_a_japanese_version(view: AppTest) -> None:
    in_japanese(opened(view, "search", q="agent"))
    assert view.header[0].value == "検索"
    assert facet(view, "level") == ["高 (1)", "中 (1)"]


def test_marks_surround_escaped_words() -> None:
    assert marked("a [b](c) d", ((2, 5), (9, 10))) == (
        "a :orange-background[\\[b\\]]\\(c\\) :orange-background[d]"
    )


def test_missing_index_is_an_error_with_the_command_to_run(
    view: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLENS_HOME", "/nonexistent/home")
    opened(view, "search", q="agent")
    assert not view.exception
    assert "genlens refresh" in view.error[0].value.replace("\\", "")
