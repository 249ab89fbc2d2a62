"""The Search view, without a browser."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest
from support.pages import app, in_japanese, links, opened, shown

from assistant.pages.search import HITS_SHOWN, marked
from kb.knowledge_base import KnowledgeBase


@pytest.fixture
def view(base: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("GENLENS_MODEL", base.manifest.model)
    with app() as chat_page:
        yield chat_page


def facet(view: AppTest, name: str) -> list[str]:
    return list(view.button_group(key=f"address-{name}").options)


def choose(view: AppTest, name: str, value: str) -> AppTest:
    return view.button_group(key=f"address-{name}").set_value([value]).run()


def click(view: AppTest, label: str) -> AppTest:
    return next(button for button in view.button if button.label == label).click().run()


def test_empty_view_shows_clickable_examples(view: AppTest) -> None:
    opened(view, "search")
    assert not view.exception
    click(view, "prompt caching")
    assert view.text_input[0].value == "prompt caching"
    assert links(view)[0] == "GENCOST03-BP01"
    assert view.query_params["q"] == "prompt caching"


def test_link_reproduces_a_search(view: AppTest) -> None:
    opened(view, "search", q="deleting records")
    assert view.text_input[0].value == "deleting records"
    assert "GENSEC05-BP01" in links(view)
    assert ":orange-background[deleting] :orange-background[records]" in shown(view)


def test_link_reproduces_the_facets(view: AppTest) -> None:
    opened(view, "search", q="agent", level="High")
    assert view.button_group(key="address-level").value == ["High"]
    assert links(view) == ["GENSEC05-BP01"]


def test_facets_have_counts_and_narrow_the_search(view: AppTest) -> None:
    opened(view, "search", q="agent")
    assert facet(view, "level") == ["High (1)", "Medium (1)"]
    assert facet(view, "source")[-2:] == ["OWASP Top 10 for LLM 2026 (1)", "OWASP Top 10 for LLM 2025 (1)"]
    all_links = links(view)
    choose(view, "level", "High")
    assert links(view) == ["GENSEC05-BP01"]
    assert f"**1 of {len(all_links)} found**" in shown(view)
    assert facet(view, "level") == ["High (1)", "Medium (1)"]
    assert facet(view, "kind")[1] == "Best practice (1)"
    click(view, "Clear filters")
    assert links(view) == all_links


def test_new_words_forget_the_facets(view: AppTest) -> None:
    opened(view, "search", q="agent", level="High")
    view.text_input[0].set_value("prompt caching").run()
    assert "level" not in view.query_params


def test_filters_without_a_match_show_a_message(view: AppTest) -> None:
    opened(view, "search", q="agent", level="High")
    choose(view, "source", "owasp-llm 2025")
    assert not view.exception
    assert "matches all filters" in view.info[0].value
    assert links(view) == []


def test_typed_id_opens_its_entry(view: AppTest) -> None:
    opened(view, "search").text_input[0].set_value("gensec5 bp1").run()
    assert not view.exception
    assert view.title[0].value.startswith("Give agents only")


def test_id_in_a_link_stays_a_search(view: AppTest) -> None:
    """So the browser can go back from the entry to the search."""
    opened(view, "search", q="gensec5 bp1")
    assert view.title[0].value == "Search"
    assert links(view)[0] == "GENSEC05-BP01"


def test_sentence_can_be_asked_instead(view: AppTest) -> None:
    opened(view, "search", q="how do I bound an agent")
    assert links(view)[0] == "?q=how+do+I+bound+an+agent"
    opened(view, "search", q="agent")
    assert not [link for link in links(view) if link.startswith("?")]


def test_phrase_must_occur_exactly(view: AppTest) -> None:
    opened(view, "search", q='"narrow role"')
    assert links(view) == ["GENSEC05-BP01"]


def test_search_without_hits_shows_advice(view: AppTest) -> None:
    opened(view, "search", q="<b>zebra</b> `x`")
    assert not view.exception
    assert view.info[0].value.startswith("Nothing found for \\<b\\>zebra")
    assert "fewer words" in view.info[0].value
    assert links(view) == ["?q=%3Cb%3Ezebra%3C%2Fb%3E+%60x%60"]


def test_blank_query_is_an_error(view: AppTest) -> None:
    opened(view, "search", q="?!")
    assert not view.exception
    assert "empty" in view.error[0].value


def test_more_hits_are_added_below_and_in_the_address(view: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.pages.search.HITS_SHOWN", 2)
    opened(view, "search", q="agent")
    first = links(view)
    assert len(first) == 2 < HITS_SHOWN
    click(view, "Show 2 more")
    assert links(view)[:2] == first
    assert len(links(view)) == 4
    assert view.query_params["shown"] == "4"
    view.text_input[0].set_value("agent records").run()
    assert "shown" not in view.query_params


def test_view_has_a_japanese_version(view: AppTest) -> None:
    in_japanese(opened(view, "search", q="agent"))
    assert view.title[0].value == "検索"
    assert facet(view, "level") == ["高 (1)", "中 (1)"]
    assert links(view)[0].endswith("?lang=ja")


def test_marks_surround_escaped_words() -> None:
    assert marked("a [b](c) d", ((2, 5), (9, 10))) == (
        "a :orange-background[\\[b\\]](c) :orange-background[d]"
    )


def test_missing_index_is_an_error_with_the_command_to_run(
    view: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLENS_HOME", "/nonexistent/home")
    opened(view, "search", q="agent")
    assert not view.exception
    assert "genlens refresh" in view.error[0].value.replace("\\", "")
