"""The Browse view, without a browser."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from support.corpus import MADE_AT, SOURCES, corpus, prose
from support.encoder import WordEncoder
from support.pages import app, in_japanese, links, opened, shown

from kb.entries import Entry, Item, Link, Marker, Related, Role, Section
from kb.make import make_build

HOSTILE = '<img src="http://evil.test/a.png"> ![x](http://evil.test/b.png) [c](javascript:alert(1)) :red[d]'


def as_served(entry: Entry) -> Entry:
    """The entry with crosswalk and phases, or with hostile text, depending on its id."""
    related = {
        "GENSEC05-BP01": (Related("LLM03:2026", "Narrow roles."), Related("GENSEC05-BP02", "Both bound.")),
        "LLM03:2026": (Related("LLM06:2025", "Moved up."), Related("GENSEC05-BP01", "Narrow roles.")),
        "LLM06:2025": (Related("LLM03:2026", "Moved up."),),
    }
    if entry.id == "genai-lens/definitions":
        links = (Link("click", "javascript:alert(1)"),)
        items = (Item(HOSTILE), Item("click", Marker.BULLET), Item(f"```\n{HOSTILE}", Marker.CODE))
        hostile = Section(HOSTILE, Role.OTHER, items, links=links)
        return replace(entry, title=HOSTILE, sections=(prose(HOSTILE, Role.INTRODUCTION, HOSTILE), hostile))
    phases = ("Deployment",) if entry.id == "GENSEC05-BP01" else ()
    return replace(entry, related=related.get(entry.id, ()), phases=phases)


@pytest.fixture
def view(home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    make_build(home, encoder, [as_served(entry) for entry in corpus()], SOURCES, MADE_AT)
    monkeypatch.setenv("GENLENS_MODEL", encoder.model)
    with app() as chat_page:
        yield chat_page


def subheaders(view: AppTest) -> list[str]:
    return [element.value for element in view.subheader]


def test_entries_are_listed_as_links(view: AppTest) -> None:
    opened(view, "browse")
    assert not view.exception
    assert {f"id={e.id.replace(':', '%3A').replace('/', '%2F')}" for e in corpus()} == set(links(view))
    assert [tab.label for tab in view.tabs] == ["Lens", "Crosswalk", "OWASP risks", "Principles and pages"]
    assert view.expander[0].label == ("**GENSEC05** How do you keep agents within bounds\\?")


def test_view_has_charts_of_lens_and_crosswalk(view: AppTest) -> None:
    opened(view, "browse")
    lens, crosswalk = view.get("vega_lite_chart")
    assert "GENSEC05-BP02" in str(lens.proto)
    assert "LLM03:2026" in str(crosswalk.proto)


def test_crosswalk_is_shown_for_either_edition(view: AppTest) -> None:
    opened(view, "browse")
    assert "**LLM03\\:2026** Excessive Agency" in [expander.label for expander in view.expander]
    view.button_group(key="browse-edition").set_value("2025").run()
    assert not view.exception
    assert view.expander[-1].label == "**LLM06\\:2025** Excessive Agency"
    assert "id=GENSEC05-BP01" in links(view)


def test_entry_is_shown_in_full(view: AppTest) -> None:
    opened(view, "browse", id="gensec5 bp1")
    assert view.header[0].value == "GENSEC05\\-BP01 Give agents only the permissions they need"
    assert subheaders(view) == [
        "Introduction", "Desired outcome", "Implementation steps", "Related documents",
        "Crosswalk to OWASP", "Related entries",
    ]  # fmt: skip
    text = shown(view)
    assert "1. Write one narrow role for each agent" in text
    assert "Life cycle: Deployment" in text
    assert (
        "(https://docs.aws.amazon.com/wellarchitected/latest/generative-ai-lens/gensec05-bp01.html)" in text
    )
    assert "gensec05-bp01.html#implementation-steps)" in text
    assert "[Permission boundaries](https://docs.aws.amazon.com/IAM/)" in text
    assert "through LLM03:2026" in text.replace("\\", "")
    assert links(view) == [
        "id=GENSEC05", "id=LLM03%3A2026", "id=LLM06%3A2025", "id=GENSEC05-BP02", "id=GENSEC05-BP02",
    ]  # fmt: skip  # its question, two editions, a related entry, the next one


def test_risk_links_to_its_other_edition_and_its_practices(view: AppTest) -> None:
    opened(view, "browse", id="LLM06:2025")
    assert subheaders(view)[-2:] == [
        "In the other edition", "Best practices of the lens that answer this risk",
    ]  # fmt: skip
    assert links(view) == ["id=LLM03%3A2026", "id=GENSEC05-BP01"]


def test_question_lists_its_practices(view: AppTest) -> None:
    opened(view, "browse", id="GENSEC05")
    assert subheaders(view)[0] == "Best practices of this question"
    assert links(view) == ["id=GENSEC05-BP01", "id=GENSEC05-BP02"]


def test_japanese_entry_has_the_english_text_in_an_expander(view: AppTest) -> None:
    in_japanese(opened(view, "browse", id="GENSEC05-BP01"))
    assert not view.exception
    assert "エージェントには必要な権限だけを与える" in view.header[0].value
    assert view.expander[-1].label == "英語の本文"
    assert "A narrow role keeps an agent" in view.expander[-1].markdown[1].value.replace("\\", "")


def test_unknown_id_is_an_error(view: AppTest) -> None:
    opened(view, "browse", id="<b>GENSEC99")
    assert not view.exception
    assert "GENSEC99 is not in the served build" in view.error[0].value.replace("\\", "")


def test_hostile_entry_is_shown_as_text(view: AppTest) -> None:
    opened(view, "browse", id="genai-lens/definitions")
    assert not view.exception
    texts = [view.header[0].value, *subheaders(view), *(m.value for m in view.markdown)]
    assert not any(element.allow_html for element in view.markdown)
    for text in texts:
        for line in text.split("```")[0].splitlines():
            assert "<img" not in line.replace("\\<", "")
            assert "](" not in line.replace("\\]\\(", "").replace("](https://docs.aws", "")
