"""The page Ask without a browser: what it shows, keeps and leads to."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from support.homes import ROOT
from support.model_server import Behaviour, serving_model

from assistant.feedback import Feedback, Verdict
from assistant.generate import ask as extracted
from assistant.render.escape import escape
from kb.knowledge_base import open_served
from kb.ranking.query import MAX_QUESTION
from kb.settings import load_settings

AGENT = "How do I keep an agent from taking actions it should not?"
FRANCE = "What is the capital of France?"
HOSTILE = (
    "<script>alert(1)</script> ![x](http://evil.test/a.png) [y](javascript:alert(1)) \u200b\U000e0041 caching"
)


@pytest.fixture
def own_home(tmp_path: Path, catalogue_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the catalogue's build, where the page may keep something."""
    home = tmp_path / "own"
    home.mkdir()
    for part in catalogue_home.iterdir():
        (home / part.name).symlink_to(part)
    (home / "feedback.sqlite3").unlink(missing_ok=True)
    monkeypatch.setenv("GENLENS_HOME", str(home))
    return home


@pytest.fixture
def page(own_home: Path) -> Iterator[AppTest]:
    assert own_home.is_dir()
    yield AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    st.cache_resource.clear()


def ask(page: AppTest, question: str) -> AppTest:
    return page.chat_input[0].set_value(question).run()


def texts(page: AppTest) -> list[str]:
    assert not page.exception
    return [element.value for element in page.markdown]


def linked(page: AppTest) -> list[str]:
    return list(page.query_params["q"])


def test_a_mark_opens_the_passage_with_the_quoted_words_highlighted(page: AppTest) -> None:
    ask(page.run(), AGENT)
    marks = [button for button in page.button if (button.key or "").startswith("mark-")]
    assert "GENSEC05\\-BP01" in marks[0].label
    quoted = next(text for text in texts(page) if text.startswith("**1**")).partition("\u2002")[2]
    marks[1].click().run()
    assert any(f":primary-background[{quoted}]" in text for text in texts(page))
    assert [badge for badge in texts(page) if "High risk" in badge]


def test_words_of_the_catalogue_are_not_said_to_stand_on_the_site(page: AppTest) -> None:
    ask(page.run(), AGENT)
    links = [text for text in texts(page) if "on the site" in text]
    assert links
    assert all(text.startswith("[Page on the site](https://") for text in links)
    assert all("In genlens's own words" in text for text in links)


def test_strong_and_weak_matches_are_told_in_a_word(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(page.run(), AGENT)
    assert ":primary-badge[Strong match]" in texts(page)
    monkeypatch.setattr("assistant.pages.ask.answer.STRONG", 1.1)
    page.run()
    assert ":gray-badge[Weak match]" in texts(page)


def test_a_follow_up_is_understood_and_the_page_shows_how(page: AppTest) -> None:
    ask(page.run(), AGENT)
    ask(page, "what about cost?")
    assert "Understood as: " + escape(f"{AGENT.rstrip('?')} — what about cost?") in [
        caption.value for caption in page.caption
    ]
    assert any("GENCOST05\\-BP01" in button.label for button in page.button)


def test_a_language_model_words_the_answer_and_what_is_in_doubt_says_so(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = extracted(open_served(load_settings()), AGENT).statements[0]
    with serving_model() as model:
        monkeypatch.setenv("GENLENS_LLM", model.setting)
        model.does(Behaviour(f"{lead.text} [{lead.id}] <b>Cats</b> like boxes. [{lead.id}]"))
        ask(page.run(), AGENT)
        assert len(model.requests) == 1
        model.does(Behaviour(status=400))
        ask(page, "Our token bill doubled. Where do we start?")
    said, note = page.chat_message[1], page.chat_message[3]
    assert escape(lead.text) in [element.value for element in said.markdown]
    assert [button.label for button in said.button if "mark-" in str(button.key)] == [
        f":primary[:small[:material/format_quote: {escape(lead.id)}]]"
    ]
    assert ":small[:orange[:material/warning: not supported by the passages it cited]]" in texts(page)
    assert any("tokens read" in caption.value for caption in said.caption)
    assert "the language model cannot be used" in note.caption[0].value
    assert any("GENCOST" in button.label for button in note.button)


def test_the_address_asks_the_same_questions_again(page: AppTest) -> None:
    ask(page.run(), AGENT)
    ask(page, "what about cost?")
    again = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    again.query_params["q"] = linked(page)
    assert linked(page) == [AGENT, "what about cost?"]
    assert texts(again.run()) == texts(page)


def test_a_new_conversation_is_empty_and_so_is_its_address(page: AppTest) -> None:
    ask(page.run(), AGENT)
    next(button for button in page.button if button.label == "New conversation").click().run()
    assert not page.chat_message
    assert "q" not in page.query_params


def test_the_address_holds_the_last_questions_that_fit(page: AppTest) -> None:
    long = "cache " * (MAX_QUESTION // 12)
    for question in (long, "prompt caching", long):
        ask(page.run(), question)
    assert [question.strip() for question in linked(page)] == ["prompt caching", long.strip()]


def test_filters_hold_for_the_next_answer_and_stand_in_the_address(page: AppTest) -> None:
    page.run().multiselect(key="pillar").set_value(["Cost optimization"]).run()
    ask(page, AGENT)
    marks = [button.label for button in page.button if (button.key or "").startswith("mark-")]
    assert marks
    assert all("GENCOST" in label for label in marks)
    assert page.query_params["pillar"] == "Cost optimization"


def test_filters_of_the_address_are_chosen_and_unknown_ones_are_not(page: AppTest) -> None:
    page.query_params["level"] = ["High", "<b>"]
    assert page.run().multiselect(key="level").value == ["High"]


def test_what_is_not_covered_leads_to_the_nearest_topics_and_is_counted_once(
    page: AppTest, own_home: Path
) -> None:
    ask(page.run(), FRANCE)
    page.run()
    assert any(text.startswith("Not covered") for text in texts(page))
    links = page.get("page_link")
    assert len(links) == 5
    (gap,) = Feedback(own_home).gaps()
    assert (gap.question, gap.times) == (FRANCE, 1)
    assert parse_qs(links[0].proto.query_string)["id"] == [gap.ids[0]]


def test_a_thumb_and_a_comment_are_kept_with_question_ids_and_build(page: AppTest, own_home: Path) -> None:
    ask(page.run(), AGENT)
    page.feedback[0].set_value(0).run()
    page.text_input[0].set_value(HOSTILE).run()
    (kept,) = Feedback(own_home).opinions()
    assert (kept.verdict, kept.question, kept.ids[0]) == (Verdict.DOWN, AGENT, "GENSEC05-BP01")
    assert kept.build == (own_home / "current").read_text().strip()
    assert kept.comment == HOSTILE.replace("\u200b\U000e0041 ", "")


def test_nothing_is_kept_where_the_settings_say_so(
    page: AppTest, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLENS_FEEDBACK", "false")
    ask(page.run(), FRANCE)
    assert not page.feedback
    assert Feedback(own_home).gaps() == ()


def test_the_switch_changes_every_word_and_stays_in_the_address(page: AppTest) -> None:
    page.query_params["lang"] = "ja"
    page.run()
    assert page.chat_input[0].placeholder == "ワークロードについて質問してください"
    page.button_group(key="lang").set_value("en").run()
    assert page.chat_input[0].placeholder == "Ask about your workload"
    assert page.query_params["lang"] == "en"


@pytest.mark.parametrize("question", [HOSTILE, f"{HOSTILE} " + "x" * 1_000_000])
def test_hostile_questions_are_shown_as_text(page: AppTest, question: str) -> None:
    ask(page.run(), question)
    shown = page.chat_message[0].markdown[0].value
    assert shown.startswith("\\<script\\>alert\\(1\\)\\<\\/script\\> \\!\\[x\\]\\(http\\:\\/\\/evil")
    assert len(shown) < 2 * MAX_QUESTION
    assert "\u200b" not in shown
    assert "\U000e0041" not in shown
    assert not any(element.allow_html for element in page.markdown)


def test_login_comes_first_where_the_secrets_ask_for_it(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.pages.frame.login_needed", lambda: True)
    page.run()
    assert not page.exception
    assert [button.label for button in page.button] == ["Log in"]
    assert not page.chat_input


def test_secrets_that_cannot_be_read_are_an_error_and_not_an_open_page(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text("[auth", encoding="utf-8")
    monkeypatch.setattr("streamlit.get_option", lambda _name: [str(secrets)])
    page.run()
    assert page.exception
    assert not page.chat_input
