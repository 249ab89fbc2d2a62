"""The page Search without a browser."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest
from support.pages import app, in_japanese, links, opened, shown

from assistant.pages.search import HITS_PER_PAGE, marked
from kb.knowledge_base import KnowledgeBase


@pytest.fixture
def page(base: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("GENLENS_MODEL", base.manifest.model)
    with app() as one:
        yield one


def facet(page: AppTest, name: str) -> list[str]:
    return list(page.button_group(key=f"search-{name}").options)


def test_an_empty_page_shows_examples_and_one_is_a_click_away(page: AppTest) -> None:
    opened(page, "search")
    assert not page.exception
    page.button_group(key="search-example").set_value("prompt caching").run()
    assert page.text_input[0].value == "prompt caching"
    assert links(page)[0] == "id=GENCOST03-BP01"
    assert page.query_params["q"] == "prompt caching"


def test_a_link_reproduces_a_search(page: AppTest) -> None:
    opened(page, "search", q="deleting records")
    assert page.text_input[0].value == "deleting records"
    assert "id=GENSEC05-BP01" in links(page)
    assert ":orange-background[deleting] :orange-background[records]" in shown(page)


def test_facets_have_counts_and_narrow_down(page: AppTest) -> None:
    opened(page, "search", q="agent")
    assert facet(page, "level") == ["High (1)", "Medium (1)"]
    assert facet(page, "source")[-2:] == ["OWASP Top 10 for LLM 2026 (1)", "OWASP Top 10 for LLM 2025 (1)"]
    everything = links(page)
    page.button_group(key="search-level").set_value(["High"]).run()
    assert links(page) == ["id=GENSEC05-BP01"]
    assert f"**1 of {len(everything)} found**" in shown(page)
    assert facet(page, "level") == ["High (1)", "Medium (1)"]
    assert facet(page, "kind")[1] == "Best practice (1)"
    page.button[0].click().run()
    assert links(page) == everything


def test_nothing_that_has_all_that_is_chosen_is_said(page: AppTest) -> None:
    opened(page, "search", q="agent")
    page.button_group(key="search-level").set_value(["High"]).run()
    page.button_group(key="search-source").set_value(["owasp-llm 2025"]).run()
    assert not page.exception
    assert "matches all filters" in page.info[0].value
    assert links(page) == []


def test_an_id_that_is_typed_opens_its_entry(page: AppTest) -> None:
    opened(page, "search").text_input[0].set_value("gensec5 bp1").run()
    assert not page.exception
    assert page.header[0].value.startswith("GENSEC05\\-BP01 Give agents only")
    assert page.query_params["id"] == "GENSEC05-BP01"


def test_an_id_in_a_link_stays_a_search_so_that_going_back_is_possible(page: AppTest) -> None:
    opened(page, "search", q="gensec5 bp1")
    assert page.header[0].value == "Search"
    assert links(page)[0] == "id=GENSEC05-BP01"


def test_a_phrase_must_occur_as_it_stands(page: AppTest) -> None:
    opened(page, "search", q='"narrow role"')
    assert links(page) == ["id=GENSEC05-BP01"]


def test_nothing_found_says_what_to_do(page: AppTest) -> None:
    opened(page, "search", q="<b>zebra</b> `x`")
    assert not page.exception
    assert page.info[0].value.startswith("Nothing found for \\<b\\>zebra")
    assert "fewer words" in page.info[0].value
    assert links(page) == ["q=%3Cb%3Ezebra%3C%2Fb%3E+%60x%60"]


def test_a_blank_query_is_said_to_be_one(page: AppTest) -> None:
    opened(page, "search", q="?!")
    assert not page.exception
    assert "empty" in page.error[0].value


def test_results_come_in_pages(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.pages.search.HITS_PER_PAGE", 2)
    opened(page, "search", q="agent")
    first = links(page)
    assert len(first) == 2 < HITS_PER_PAGE
    page.get("pagination")[0].set_value(2).run()
    second = links(page)
    assert second
    assert not set(first) & set(second)
    page.text_input[0].set_value("agent records").run()  # another search begins with its first page
    assert page.get("pagination")[0].value == 1


def test_the_page_speaks_japanese(page: AppTest) -> None:
    in_japanese(opened(page, "search", q="agent"))
    assert page.header[0].value == "検索"
    assert facet(page, "level") == ["高 (1)", "中 (1)"]


def test_marks_are_set_around_escaped_words() -> None:
    assert marked("a [b](c) d", ((2, 5), (9, 10))) == (
        "a :orange-background[\\[b\\]]\\(c\\) :orange-background[d]"
    )


def test_without_an_index_the_page_says_what_to_do(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENLENS_HOME", "/nonexistent/home")
    opened(page, "search", q="agent")
    assert not page.exception
    assert "genlens refresh" in page.error[0].value.replace("\\", "")
