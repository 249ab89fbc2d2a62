"""The Browse view, without a browser."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from support.corpus import MADE_AT, SOURCES, corpus, prose
from support.encoder import WordEncoder
from support.pages import app, in_japanese, links, opened, shown

from assistant.pages.browse.view import PARTS
from assistant.pages.shared import entry_path
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
    return [element.value for element in view.header]


def every_part(view: AppTest) -> Iterator[AppTest]:
    for part in PARTS:
        yield opened(view, "browse", part=part)


def test_entries_are_listed_as_links(view: AppTest) -> None:
    found = {link for part in every_part(view) for link in links(part)}
    assert not view.exception
    assert {entry_path(entry.id) for entry in corpus()} == found


def test_map_has_a_card_for_each_question(view: AppTest) -> None:
    opened(view, "browse")
    assert subheaders(view)[0].startswith(
        "Operational excellence" if "GENOPS01" in links(view) else "Security"
    )
    assert "**How do you keep agents within bounds?**" in shown(view)
    assert ":small[:red[●] BP01 Give agents only the permissions they need]" in [
        link.proto.label for link in view.get("page_link")
    ]


def test_filters_of_the_map_are_in_the_address(view: AppTest) -> None:
    opened(view, "browse", level="High", pillar="Security")
    assert view.button_group(key="address-level").value == ["High"]
    assert links(view) == ["GENSEC05", "GENSEC05-BP01"]
    view.button_group(key="address-level").set_value(["Medium"]).run()
    assert links(view) == ["GENSEC05", "GENSEC05-BP02"]
    assert view.query_params["level"] == "Medium"


def test_view_has_charts_of_levels_risks_and_crosswalk(view: AppTest) -> None:
    opened(view, "browse")
    levels, knit = view.get("vega_lite_chart")
    assert "Medium" in str(levels.proto)
    assert "LLM03:2026" in str(knit.proto)
    opened(view, "browse", part="crosswalk")
    (crosswalk,) = view.get("vega_lite_chart")
    assert "LLM03 Excessive Agency" in str(crosswalk.proto)


def test_crosswalk_is_shown_for_either_edition(view: AppTest) -> None:
    opened(view, "browse", part="crosswalk")
    assert "**LLM03:2026** Excessive Agency" in [expander.label for expander in view.expander]
    view.button_group(key="address-edition").set_value("2025").run()
    assert not view.exception
    assert view.expander[-1].label == "**LLM06:2025** Excessive Agency"
    assert "GENSEC05-BP01" in links(view)
    assert view.query_params["edition"] == "2025"


def test_entry_is_shown_in_full(view: AppTest) -> None:
    opened(view, "GENSEC05-BP01")
    assert view.title[0].value == "Give agents only the permissions they need"
    assert subheaders(view) == [
        "Introduction", "Desired outcome", "Implementation steps", "Related documents",
        "Risks it answers", "Related entries",
    ]  # fmt: skip
    text = shown(view)
    assert "1. Write one narrow role for each agent" in text
    assert "Deployment" in text
    assert (
        "(https://docs.aws.amazon.com/wellarchitected/latest/generative-ai-lens/gensec05-bp01.html)" in text
    )
    assert "gensec05-bp01.html#implementation-steps)" in text
    assert "[Permission boundaries](https://docs.aws.amazon.com/IAM/)" in text
    assert "through LLM03:2026" in text
    assert "- [Implementation steps](#en-3)" in text
    assert links(view) == [
        "browse", "browse?pillar=Security", "GENSEC05", "?q=What+does+GENSEC05-BP01+ask+for%3F",
        "LLM03:2026", "LLM06:2025", "GENSEC05-BP02", "GENSEC05-BP02",
    ]  # fmt: skip  # the path, a question about it, two editions, a related entry, the next one


def test_cited_words_are_highlighted_in_the_entry(view: AppTest) -> None:
    opened(view, "GENSEC05-BP01", at="2.0-16")
    assert "1. :primary-background[Write one narrow]" in shown(view)
    assert "gensec05-bp01.html#implementation-steps:~:text=Write%20one%20narrow)" in shown(view)


@pytest.mark.parametrize("at", ["2.0-999999", "99.0-5", "2.5-5", "x", "2.9-1", "-1.0-5", "２.0-5"])
def test_place_that_the_entry_does_not_have_is_ignored(view: AppTest, at: str) -> None:
    opened(view, "GENSEC05-BP01", at=at)
    assert not view.exception
    assert "background" not in shown(view)


def test_risk_links_to_its_other_edition_and_its_practices(view: AppTest) -> None:
    opened(view, "LLM06:2025")
    assert subheaders(view)[-2:] == [
        "In the other edition", "Best practices of the lens that answer this risk",
    ]  # fmt: skip
    assert links(view)[-2:] == ["LLM03:2026", "GENSEC05-BP01"]


def test_question_lists_its_practices(view: AppTest) -> None:
    opened(view, "GENSEC05")
    assert subheaders(view)[0] == "Best practices of this question"
    assert links(view)[-2:] == ["GENSEC05-BP01", "GENSEC05-BP02"]


def test_address_of_an_older_version_leads_to_the_entry(view: AppTest) -> None:
    opened(view, "browse", id="gensec5 bp1")
    assert view.title[0].value == "Give agents only the permissions they need"


def test_japanese_entry_has_the_english_text_in_an_expander(view: AppTest) -> None:
    in_japanese(opened(view, "GENSEC05-BP01"))
    assert not view.exception
    assert "エージェントには必要な権限だけを与える" in view.title[0].value
    english = next(expander for expander in view.expander if expander.label == "英語の本文")
    assert "A narrow role keeps an agent" in english.markdown[1].value


def test_unknown_id_is_an_error(view: AppTest) -> None:
    opened(view, "browse", id="<b>GENSEC99")
    assert not view.exception
    assert "GENSEC99 is not in the served build" in view.error[0].value.replace("\\", "")


def test_hostile_entry_is_shown_as_text(view: AppTest) -> None:
    opened(view, "genai-lens-definitions")
    assert not view.exception
    texts = [view.title[0].value, *subheaders(view), *(m.value for m in view.markdown)]
    assert not any(element.allow_html for element in view.markdown)
    for text in texts:
        for line in text.split("```")[0].splitlines():
            assert "<img" not in line.replace("\\<", "")
            assert "](" not in line.replace("\\](", "").replace("](https://docs.aws", "").replace(
                "](#en-", ""
            )
