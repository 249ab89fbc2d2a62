"""The Ask view, without a browser: answers, citations, links and feedback."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button
from support.homes import ROOT
from support.model_server import Behaviour, ModelServer, serving_model
from support.pages import links

from assistant.feedback import Feedback, Verdict
from assistant.generate import ask as extracted
from assistant.pages.ask.messages import linked
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
    """The view with the answer to a question; a follow-up first clears the screen, in a run of its own."""
    view.chat_input[0].set_value(question).run()
    return view.run() if any("Reading the sources" in text for text in texts(view)) else view


def marks(view: AppTest) -> list[Button]:
    """The numbers of cited entries beside the statements."""
    return [button for button in view.button if (button.key or "").startswith("mark-")]


def cited(view: AppTest) -> list[str]:
    """The ids in the list of sources, in order."""
    heads = (re.match(r":primary-badge\[(\d+)\] \*\*(.+?)\*\*", text) for text in texts(view))
    return [head[2] for head in heads if head]


def captions(view: AppTest) -> list[str]:
    return [caption.value for caption in view.caption]


def texts(view: AppTest) -> list[str]:
    assert not view.exception
    return [element.value for element in view.markdown]


def questions_in_address(view: AppTest) -> list[str]:
    return values(view, "q")


def values(view: AppTest, name: str) -> list[str]:
    """The values of a parameter of the address; a single one is no list here."""
    found = view.query_params[name]
    return [found] if isinstance(found, str) else list(found)


def test_citation_mark_opens_its_section_with_the_passage_highlighted(view: AppTest) -> None:
    ask(view.run(), AGENT)
    assert marks(view)[1].label == ":primary-badge[1]"
    assert marks(view)[1].help.startswith("GENSEC05-BP01 · ")
    step = next(text for text in texts(view) if text.startswith("1. ")).removeprefix("1. ")
    quoted = step.removesuffix("\\*")
    assert step != quoted  # in genlens's own words
    marks(view)[1].click().run()
    assert any(f":primary-background[{quoted}]" in text for text in texts(view))


def test_link_to_a_page_marks_no_words_that_it_does_not_have(view: AppTest) -> None:
    ask(view.run(), AGENT)
    links = [text for text in texts(view) if text.startswith(":small[[AWS docs](https://")]
    assert links
    assert not any(":~:text=" in text for text in links)
    marks(view)[0].click().run()
    assert "In genlens's own words; the page of the source has the original." in captions(view)


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
    assert "Understood as: " + escape(f"{AGENT.rstrip('?')} — what about cost?") in captions(view)
    assert "GENCOST05-BP01" in cited(view)


def test_model_answer_marks_doubt_and_a_failing_model_leaves_a_note(
    view: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = extracted(open_served(load_settings()), AGENT).statements[0]
    with serving_model() as model:
        monkeypatch.setenv("GENLENS_LLM", model.setting)
        model.does(Behaviour(f"{lead.text} [{lead.id}] <b>Cats</b> like boxes. [{lead.id}]"))
        ask(view.run(), AGENT)
        assert len(model.requests) == 1
        assert escape(lead.text) in texts(view)
        assert [mark.help.partition(" ")[0] for mark in marks(view)] == [lead.id]
        assert ":small[:orange[:material/warning: not supported by the passages it cited]]" in texts(view)
        assert any("tokens read" in caption for caption in captions(view))
        model.does(Behaviour(status=400))
        ask(
            view,
            "Which prompt caching settings lower the token bill of a Bedrock chatbot with long contexts?",
        )
    assert "the language model failed" in captions(view)[0]
    assert any(entry_id.startswith("GENCOST") for entry_id in cited(view))


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
    assert "the language model was not asked: opening a link asks nothing" in captions(view)[1]
    model_buttons(view)[0].click().run()
    assert len(running_model.requests) == 2  # it completes the follow-up, and answers it
    assert model_buttons(view) == []
    assert any("tokens read" in caption for caption in captions(view))
    again = opened(AGENT, "what about cost?")
    assert len(running_model.requests) == 2
    assert model_buttons(again) == []
    assert any("cached" in caption for caption in captions(again))


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
    assert "raise GENLENS_LLM_PROCESS_TOKENS" in captions(view)[0]
    assert marks(view)


def test_address_reproduces_the_conversation(view: AppTest) -> None:
    ask(view.run(), AGENT)
    ask(view, "what about cost?")
    assert questions_in_address(view) == [AGENT, "what about cost?"]
    assert texts(opened(*questions_in_address(view))) == texts(view)


def test_back_shows_the_answer_before(view: AppTest) -> None:
    first = texts(ask(view.run(), AGENT))
    ask(view, "what about cost?")
    view.query_params["q"] = [AGENT]
    assert texts(view.run()) == first


def test_earlier_questions_are_folded_above(view: AppTest) -> None:
    ask(view.run(), AGENT)
    ask(view, "what about cost?")
    assert view.title[0].value == "what about cost?"
    (earlier,) = view.expander
    assert earlier.label == AGENT
    assert "GENSEC05-BP01" in earlier.markdown[0].value


def test_new_conversation_has_an_empty_address(view: AppTest) -> None:
    ask(view.run(), AGENT)
    next(button for button in view.button if button.label == "New").click().run()
    assert view.title[0].value == "Ask the Generative AI Lens and the OWASP LLM Top 10"
    assert "q" not in view.query_params


def test_address_has_the_last_questions_within_its_limit() -> None:
    questions = [f"How do we cache prompts {word}?" for word in "abcdefghijk"]
    assert linked(questions) == questions[1:]
    assert linked(["x" * 900] * 5) == ["x" * 900] * 4


def test_long_question_is_named_in_the_address_and_lost_elsewhere(view: AppTest) -> None:
    ask(view.run(), f"{AGENT} " + "We run two agents. " * 100)
    (name,) = questions_in_address(view)
    assert re.fullmatch(r"pasted:[0-9a-f]{12}", name)
    assert "GENSEC05-BP01" in cited(view)
    assert view.expander[0].label == "The whole text"
    assert "paste it again" in opened(name).error[0].value


def test_too_long_question_is_told(view: AppTest) -> None:
    ask(view.run(), "cache " * 4_000)
    assert not view.exception
    assert "expected at most 20,000" in view.error[0].value


def test_filters_apply_to_the_answer_and_are_in_the_address(view: AppTest) -> None:
    ask(view.run(), AGENT)
    view.button_group(key="address-pillar").set_value(["Cost optimization"]).run()
    assert cited(view)
    assert all("GENCOST" in entry_id for entry_id in cited(view))
    assert values(view, "pillar") == ["Cost optimization"]
    assert questions_in_address(view) == [AGENT]


def test_address_sets_known_filters_only(view: AppTest) -> None:
    view.query_params["level"] = ["High", "<b>"]
    assert view.run().button_group(key="address-level").value == ["High"]


def test_words_of_the_sources_alone_are_chosen_in_the_address(view: AppTest) -> None:
    view.query_params["verbatim"] = "on"
    ask(view.run(), AGENT)
    assert view.toggle[0].value
    assert values(view, "verbatim") == ["on"]
    view.toggle[0].set_value(False).run()
    assert "verbatim" not in view.query_params


def test_uncovered_question_links_to_the_nearest_topics_and_is_counted_once(
    view: AppTest, own_home: Path
) -> None:
    ask(view.run(), FRANCE)
    view.run()
    assert any(text.startswith("Not covered") for text in texts(view))
    assert len(links(view)) == 5
    (gap,) = Feedback(own_home).gaps()
    assert (gap.question, gap.times) == (FRANCE, 1)
    assert links(view)[0] == gap.ids[0]


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
    assert view.chat_input[0].placeholder.startswith("ワークロードについて質問")
    view.button_group(key="address-lang").set_value("en").run()
    assert view.chat_input[0].placeholder.startswith("Ask about your workload")
    assert values(view, "lang") == ["en"]


@pytest.mark.parametrize("question", [HOSTILE, f"{HOSTILE} " + "x" * 1_000_000])
def test_hostile_questions_are_shown_as_text(view: AppTest, question: str) -> None:
    ask(view.run(), question)
    shown = view.title[0].value
    assert shown.startswith("\\<script\\>alert(1)\\</script\\> !\\[x\\](`http://evil.test/a.png`)")
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
    assert links(view)[0] == "GENSEC05-BP01"
    assert not marks(view)


def test_answer_has_a_footnote_on_our_own_words(view: AppTest) -> None:
    ask(view.run(), AGENT)
    footnote = "* In genlens's words: this build was made without the pages of the sources."
    assert escape(footnote) in captions(view)


def test_unknown_id_beside_a_known_one_is_told_before_the_answer(view: AppTest) -> None:
    ask(view.run(), "What do GENSEC05-BP01 and GENSEC05-BP99 say?")
    assert escape("GENSEC05-BP99: not in this build.") in captions(view)
    assert "GENSEC05-BP01" in cited(view)


def test_follow_up_does_not_repeat_the_answer_before(view: AppTest) -> None:
    statements = {text for text in texts(ask(view.run(), AGENT)) if text.endswith("\\*")}
    assert statements
    assert not statements & set(texts(ask(view, "tell me more")))
