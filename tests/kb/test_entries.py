import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.corpus import corpus, practice, prose

from kb.entries import (
    Entry,
    Item,
    Kind,
    Language,
    Link,
    Marker,
    Origin,
    Related,
    RiskLevel,
    Role,
    Section,
    read_entries,
    write_entries,
)
from kb.errors import RecordError

ENTRY = Entry(
    id="GENSEC01-BP01",
    kind=Kind.BEST_PRACTICE,
    title="鍵 “keys”",
    source="genai-lens",
    edition="2025-11-19",
    url="https://docs.aws.amazon.com/x.html",
    language=Language.JAPANESE,
    sections=(
        Section(
            "Steps",
            Role.STEPS,
            (Item("Rotate keys.\u2028Often.", Marker.NUMBER), Item("Weekly\x85", Marker.BULLET, 1)),
            "steps",
            (Link("Keys", "https://docs.aws.amazon.com/k"),),
            Origin.CATALOGUE,
        ),
    ),
    pillar="Security",
    question="Who holds the keys?",
    risk_level=RiskLevel.LOW,
    phases=("Deploying",),
    wa_tool="gensec01_keys",
    related=(Related("LLM02:2026", "keys leak"),),
)
RECORD: dict[str, Any] = {
    "id": "GENSEC01-BP01",
    "kind": "best_practice",
    "title": "鍵 “keys”",
    "source": "genai-lens",
    "edition": "2025-11-19",
    "url": "https://docs.aws.amazon.com/x.html",
    "language": "ja",
    "sections": [
        {
            "title": "Steps",
            "role": "steps",
            "items": [
                {"text": "Rotate keys.\u2028Often.", "marker": "number", "depth": 0},
                {"text": "Weekly\x85", "marker": "bullet", "depth": 1},
            ],
            "anchor": "steps",
            "links": [{"text": "Keys", "url": "https://docs.aws.amazon.com/k"}],
            "origin": "catalogue",
        }
    ],
    "pillar": "Security",
    "question": "Who holds the keys?",
    "risk_level": "Low",
    "phases": ["Deploying"],
    "wa_tool": "gensec01_keys",
    "related": [{"id": "LLM02:2026", "why": "keys leak"}],
}


def test_entry_is_one_line_of_json_in_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "entries.jsonl"
    write_entries(path, [ENTRY, ENTRY])
    lines = path.read_bytes().decode().split("\n")
    assert [json.loads(line) for line in lines[:2]] == [RECORD, RECORD]
    assert lines[2:] == [""]
    assert "鍵 “keys”" in lines[0]


def test_hand_written_line_is_read(tmp_path: Path) -> None:
    path = tmp_path / "entries.jsonl"
    path.write_text(json.dumps(RECORD) + "\n")
    assert list(read_entries(path)) == [ENTRY]


def test_missing_fields_have_defaults(tmp_path: Path) -> None:
    path = tmp_path / "entries.jsonl"
    short = RECORD | {"sections": [{"title": "T", "role": "other", "items": [{"text": "One."}]}]}
    for key in ("pillar", "question", "risk_level", "phases", "wa_tool", "related"):
        del short[key]
    path.write_text(json.dumps(short) + "\n")
    (entry,) = read_entries(path)
    assert entry.sections == (Section("T", Role.OTHER, (Item("One.", Marker.PARAGRAPH, 0),)),)
    assert (entry.sections[0].anchor, entry.sections[0].links, entry.sections[0].origin) == ("", (), "site")
    assert (entry.pillar, entry.question, entry.risk_level) == (None, None, None)
    assert (entry.phases, entry.wa_tool, entry.related) == ((), None, ())


def test_written_entries_are_read_back_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "entries.jsonl"
    write_entries(path, corpus())
    assert tuple(read_entries(path)) == corpus()


def test_empty_list_is_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "entries.jsonl"
    write_entries(path, [])
    assert path.read_bytes() == b""
    assert list(read_entries(path)) == []


def without(key: str) -> str:
    return json.dumps({name: value for name, value in RECORD.items() if name != key})


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        (without("url"), "url", "Field required"),
        (json.dumps(RECORD | {"risk_level": "Severe"}), "risk_level", "'High', 'Medium' or 'Low'"),
        (json.dumps(RECORD | {"kind": 3}), "kind", "Input should be 'question'"),
        (json.dumps(RECORD | {"title": None}), "title", "valid string"),
        (
            json.dumps(RECORD | {"sections": [{"title": "T", "role": "steps", "items": [{"text": 1}]}]}),
            "sections.0.items.0.text",
            "valid string",
        ),
        (json.dumps(RECORD | {"related": [{"id": "LLM02:2026"}]}), "related.0.why", "Field required"),
        ("{", "line", "Invalid JSON"),
        ("", "line", "Invalid JSON"),
        ("[]", "line", "should be an object"),
    ],
)
def test_invalid_line_is_reported_with_file_line_and_field(
    tmp_path: Path, line: str, field: str, reason: str
) -> None:
    path = tmp_path / "entries.jsonl"
    path.write_text(f"{json.dumps(RECORD)}\n{line}\n")
    with pytest.raises(RecordError) as caught:
        list(read_entries(path))
    assert str(caught.value).startswith(f"{path}, line 2, {field}: ")
    assert reason in str(caught.value)


def test_invalid_utf_8_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "entries.jsonl"
    path.write_bytes(b'{"id": "\xff"}\n')
    with pytest.raises(RecordError, match=r"entries.jsonl, line 1, line: Invalid JSON: invalid unicode"):
        list(read_entries(path))


def test_section_text_has_one_item_per_line() -> None:
    assert ENTRY.sections[0].text == "Rotate keys.\u2028Often.\nWeekly\x85"
    assert Section("None", Role.OTHER, ()).text == ""


def test_section_url_ends_with_the_anchor_if_any() -> None:
    assert ENTRY.section_url(ENTRY.sections[0]) == "https://docs.aws.amazon.com/x.html#steps"
    plain = replace(ENTRY.sections[0], anchor="")
    assert ENTRY.section_url(plain) == "https://docs.aws.amazon.com/x.html"


def test_first_section_is_chosen_in_the_order_of_roles() -> None:
    empty = prose("Outcome", Role.OUTCOME)
    steps, more = prose("Steps", Role.STEPS, "One."), prose("More steps", Role.STEPS, "Two.")
    guidance = prose("Guidance", Role.GUIDANCE, "Three.")
    entry = practice("GENSEC01-BP01", "T", RiskLevel.LOW, empty, steps, more, guidance)
    assert entry.first(Role.GUIDANCE, Role.STEPS) is guidance
    assert entry.first(Role.OUTCOME, Role.STEPS) is steps
    assert entry.first(Role.OUTCOME) is None
    assert entry.first() is None
