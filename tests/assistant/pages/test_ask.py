"""The Ask view, without a browser: answers, citations, links and feedback."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button
from support.homes import ROOT
from support.model_server import Behaviour, ModelServer, serving_model

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
    """A home with the catalogue's build, writable for feedback."""
    home = tmp_path / "own"
    home.mkdir()
    for part in catalogue_home.iterdir():
        (home / part.name).symlink_to(part)
    (home / "feedback.sqlite3").unlink(missing_ok=True)
    monkeypatch.setenv("GENLENS_HOME", str(home))
    return home


@pytest.fixture
def view(own_home: Path) -> Iterator[AppTest]:
    assert own_home.is_dir()
    yield AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    st.cache_resource.clear()


def ask(view: AppTest, question: str) -> AppTest:
    return view.chat_input[0].set_value(question).run()


def texts(view: AppTest) -> list[str]:
    assert not view.exception
    return [element.value for element in view.markdown]


def questions_in_address(view: AppTest) -> list[str]:
    return list(view.query_params["q"])


def test_citation_mark_opens_its_section_with_the_passage_highlighted(view: AppTest) -> None:
    ask(view.run(), AGENT)
    marks = [button for button in view.button if (button.key or "").startswith("mark-")]
    assert "GENSEC05\\-BP01" in marks[0].label
    step = next(text for text in texts(view) if text.startswith("**1**")).partition("\u2002")[2]
    quoted = step.removesuffix("\\*")
    assert step != quoted  # in genlens's own words
    marks[1].click().run()
    assert any(f":primary-background[{quoted}]" in text for text in texts(view))
    assert [badge for badge in texts(view) if "High risk" in badge]


def test_catalogue_text_is_not_attributed_to_the_site(view: AppTest) -> None:
    ask(view.run(), AGENT)
    links = [text for text in texts(view) if "on the site" in text]
    assert links
    assert all(text.startswith("[Page on the site](https://") for text in links)
    assert all("In genlens's own words" in text for text in links)


def test_answer_has_a_badge_for_a_strong_or_weak_match(
    view: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(view.run(), AGENT)
    assert ":primary-badge[Strong match]" in texts(view)
    monkeypatch.setattr("assistant.pages.ask.answer.STRONG", 1.1)
    view.run()
    assert ":gray-badge[Weak match]" in texts(view)


def test_follow_up_is_shown_as_understood(view: AppTest) -> None:
    ask(view.run(), AGENT)
    ask(view, "what about cost?")
    assert "Understood as: " + escape(f"{AGENT.rstrip('?')} — what about cost?") in [
        caption.value for caption in view.caption
    ]
    assert any("GENCOST05\\-BP01" in button.label for button in view.button)


def test_model_answer_marks_doubt_and_a_failing_model_leaves_a_note(
    view: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = extracted(open_served(load_settings()), AGENT).statements[0]
    with serving_model() as model:
        monkeypatch.setenv("GENLENS_LLM", model.setting)
        model.does(Behaviour(f"{lead.text} [{lead.id}] <b>Cats</b> like boxes. [{lead.id}]"))
        ask(view.run(), AGENT)
        assert len(model.requests) == 1
        model.does(Behaviour(status=400))
        ask(
            view,
            "Which prompt caching settings lower the token bill of a Bedrock chatbot with long contexts?",
        )
    reworded, extractive = view.chat_message[1], view.chat_message[3]
    assert escape(lead.text) in [element.value for element in reworded.markdown]
    assert [button.label for button in reworded.button if "mark-" in str(button.key)] == [
        f":primary[:small[:material/format_quote: {escape(lead.id)}]]"
    ]
    assert ":small[:orange[:material/warning: not supported by the passages it cited]]" in texts(view)
    assert any("tokens read" in caption.value for caption in reworded.caption)
    assert "the language model failed" in extractive.caption[0].value
    assert any("GENCOST" in button.label for button in extractive.button)


def opened(*questions: str) -> AppTest:
    """The view as a visitor of a link sees it."""
    view = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    view.query_params["q"] = list(questions)
    return view.run()


def model_buttons(view: AppTest) -> list[Button]:
    assert not view.exception
    return [button for button in view.button if button.label == "Ask the language model"]


def test_link_asks_the_model_nothing_until_a_click(
    view: AppTest, monkeypatch: pytest.MonkeyPatch, running_model: ModelServer
) -> None:
    monkeypatch.setenv("GENLENS_LLM", running_model.setting)
    lead = extracted(open_served(load_settings()), AGENT).statements[0]
    running_model.does(Behaviour(f"{lead.text} [{lead.id}]"))
    view = opened(AGENT, "what about cost?")
    assert running_model.requests == []
    assert escape("the language model was not asked: opening a link asks nothing") in view.caption[0].value
    assert len(model_buttons(view)) == 2
    model_buttons(view)[0].click().run()
    assert len(running_model.requests) == 1
    assert len(model_buttons(view)) == 1
    assert any("tokens read" in caption.value for caption in view.chat_message[1].caption)
    again = opened(AGENT)
    assert len(running_model.requests) == 1
    assert model_buttons(again) == []
    assert "cached" in [caption.value for caption in again.chat_message[1].caption][-1]


def test_link_has_no_button_without_a_model(view: AppTest) -> None:
    view.run()
    assert model_buttons(opened(AGENT)) == []


def test_used_up_budget_of_the_server_is_told(
    view: AppTest, monkeypatch: pytest.MonkeyPatch, running_model: ModelServer
) -> None:
    monkeypatch.setenv("GENLENS_LLM", running_model.setting)
    monkeypatch.setenv("GENLENS_LLM_PROCESS_TOKENS", "50")
    running_model.does(Behaviour("Never sent."))
    ask(view.run(), AGENT)
    assert running_model.requests == []
    assert escape("raise GENLENS_LLM_PROCESS_TOKENS") in view.caption[0].value
    assert [button for button in view.button if (button.key or "").startswith("mark-")]


def test_address_reproduces_the_conversation(view: AppTest) -> None:
    ask(view.run(), AGENT)
    ask(view, "what about cost?")
    again = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    again.query_params["q"] = questions_in_address(view)
    assert questions_in_address(view) == [AGENT, "what about cost?"]
    assert texts(again.run()) == texts(view)


def test_new_conversation_clears_the_address(view: AppTest) -> None:
    ask(view.run(), AGENT)
    next(button for button in view.button if button.label == "New conversation").click().run()
    assert not view.chat_message
    assert "q" not in view.query_params


def test_address_has_the_last_questions_within_its_limit(view: AppTest) -> None:
    long = "cache " * (MAX_QUESTION // 12)
    for question in (long, "prompt caching", long):
        ask(view.run(), question)
    assert [question.strip() for question in questions_in_address(view)] == ["prompt caching", long.strip()]


def test_filters_apply_to_the_next_answer_and_are_in_the_address(view: AppTest) -> None:
    view.run().multiselect(key="pillar").set_value(["Cost optimization"]).run()
    ask(view, AGENT)
    marks = [button.label for button in view.button if (button.key or "").startswith("mark-")]
    assert marks
    assert all("GENCOST" in label for label in marks)
    assert view.query_params["pillar"] == "Cost optimization"


def test_address_sets_known_filters_only(view: AppTest) -> None:
    view.query_params["level"] = ["High", "<b>"]
    assert view.run().multiselect(key="level").value == ["High"]


def test_uncovered_question_links_to_the_nearest_topics_and_is_counted_once(
    view: AppTest, own_home: Path
) -> None:
    ask(view.run(), FRANCE)
    view.run()
    assert any(text.startswith("Not covered") for text in texts(view))
    links = view.get("page_link")
    assert len(links) == 5
    (gap,) = Feedback(own_home).gaps()
    assert (gap.question, gap.times) == (FRANCE, 1)
    assert parse_qs(links[0].proto.query_string)["id"] == [gap.ids[0]]


def test_thumb_and_comment_are_saved_with_question_ids_and_build(view: AppTest, own_home: Path) -> None:
    ask(view.run(), AGENT)
    view.feedback[0].set_value(0).run()
    view.text_input[0].set_value(HOSTILE).run()
    (opinion,) = Feedback(own_home).opinions()
    assert (opinion.verdict, opinion.question, opinion.ids[0]) == (Verdict.DOWN, AGENT, "GENSEC05-BP01")
    assert opinion.build == (own_home / "current").read_text().strip()
    assert opinion.comment == HOSTILE.replace("\u200b\U000e0041 ", "")


def test_feedback_can_be_turned_off(view: AppTest, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENLENS_FEEDBACK", "false")
    ask(view.run(), FRANCE)
    assert not view.feedback
    assert Feedback(own_home).gaps() == ()


def test_language_switch_changes_the_words_and_the_address(view: AppTest) -> None:
    view.query_params["lang"] = "ja"
    view.run()
    assert view.chat_input[0].placeholder == "ワークロードについて質問してください"
    view.button_group(key="lang").set_value("en").run()
    assert view.chat_input[0].placeholder == "Ask about your workload"
    assert view.query_params["lang"] == "en"


@pytest.mark.parametrize("question", [HOSTILE, f"{HOSTILE} " + "x" * 1_000_000])
def test_hostile_questions_are_shown_as_text(view: AppTest, question: str) -> None:
    ask(view.run(), question)
    shown = view.chat_message[0].markdown[0].value
    assert shown.startswith("\\<script\\>alert\\(1\\)\\<\\/script\\> \\!\\[x\\]\\(http\\:\\/\\/evil")
    assert len(shown) < 2 * MAX_QUESTION
    assert "\u200b" not in shown
    assert "\U000e0041" not in shown
    assert not any(element.allow_html for element in view.markdown)


def test_login_comes_first_if_required(view: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.pages.views.login_needed", lambda: True)
    view.run()
    assert not view.exception
    assert [button.label for button in view.button] == ["Log in"]
    assert not view.chat_input


def test_unreadable_secrets_are_an_error_and_hide_the_page(
    view: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text("[auth", encoding="utf-8")
    monkeypatch.setattr("streamlit.get_option", lambda _name: [str(secrets)])
    view.run()
    assert view.exception
    assert not view.chat_input


def test_gap_is_told_with_links_to_what_would_answer(view: AppTest) -> None:
    ask(view.run(), "GENSEC05-BP99")
    assert escape("GENSEC05-BP99: not in this build. The nearest ids:") in texts(view)
    links = view.get("page_link")
    assert parse_qs(links[0].proto.query_string)["id"] == ["GENSEC05-BP01"]
    assert not [button for button in view.button if (button.key or "").startswith("mark-")]


def test_answer_has_a_footnote_on_our_own_words(view: AppTest) -> None:
    ask(view.run(), AGENT)
    footnote = "* In genlens's words: this build was made without the pages of the sources."
    assert escape(footnote) in [caption.value for caption in view.caption]


def test_unknown_id_beside_a_known_one_is_told_before_the_answer(view: AppTest) -> None:
    ask(view.run(), "What do GENSEC05-BP01 and GENSEC05-BP99 say?")
    assert escape("GENSEC05-BP99: not in this build.") in [caption.value for caption in view.caption]
    assert any("GENSEC05\\-BP01" in button.label for button in view.button)


def test_follow_up_does_not_repeat_the_answer_before(view: AppTest) -> None:
    ask(view.run(), AGENT)
    ask(view, "tell me more")
    first, second = ({text.value for text in view.chat_message[place].markdown} for place in (1, 3))
    statements = {text for text in first if text.endswith("\\*")}
    assert statements
    assert not statements & second
