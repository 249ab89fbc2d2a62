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
    entry_record,
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


def test_an_entry_is_one_line_of_json_in_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "entries.jsonl"
    write_entries(path, [ENTRY, ENTRY])
    lines = path.read_bytes().decode().split("\n")
    assert [json.loads(line) for line in lines[:2]] == [RECORD, RECORD]
    assert lines[2:] == [""]
    assert "鍵 “keys”" in lines[0]


def test_a_hand_written_line_becomes_an_entry(tmp_path: Path) -> None:
    path = tmp_path / "entries.jsonl"
    path.write_text(json.dumps(RECORD) + "\n")
    assert list(read_entries(path)) == [ENTRY]


def test_what_is_left_out_of_a_line_has_its_default(tmp_path: Path) -> None:
    path = tmp_path / "entries.jsonl"
    short = RECORD | {"sections": [{"title": "T", "role": "other", "items": [{"text": "One."}]}]}
    for key in ("pillar", "question", "risk_level", "phases", "wa_tool", "related"):
        del short[key]
    path.write_text(json.dumps(short) + "\n")
    (found,) = read_entries(path)
    assert found.sections == (Section("T", Role.OTHER, (Item("One.", Marker.PARAGRAPH, 0),)),)
    assert (found.sections[0].anchor, found.sections[0].links, found.sections[0].origin) == ("", (), "site")
    assert (found.pillar, found.question, found.risk_level) == (None, None, None)
    assert (found.phases, found.wa_tool, found.related) == ((), None, ())


def test_written_entries_are_read_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "entries.jsonl"
    write_entries(path, corpus())
    assert tuple(read_entries(path)) == corpus()


def test_no_entries_are_an_empty_file(tmp_path: Path) -> None:
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
def test_a_bad_line_is_named_with_file_line_and_field(
    tmp_path: Path, line: str, field: str, reason: str
) -> None:
    path = tmp_path / "entries.jsonl"
    path.write_text(f"{json.dumps(RECORD)}\n{line}\n")
    with pytest.raises(RecordError) as caught:
        list(read_entries(path))
    assert str(caught.value).startswith(f"{path}, line 2, {field}: ")
    assert reason in str(caught.value)


def test_bytes_that_are_not_utf_8_are_named_too(tmp_path: Path) -> None:
    path = tmp_path / "entries.jsonl"
    path.write_bytes(b'{"id": "\xff"}\n')
    with pytest.raises(RecordError, match=r"entries.jsonl, line 1, line: Invalid JSON: invalid unicode"):
        list(read_entries(path))


def test_a_section_reads_as_its_items_on_lines_of_their_own() -> None:
    assert ENTRY.sections[0].text == "Rotate keys.\u2028Often.\nWeekly\x85"
    assert Section("None", Role.OTHER, ()).text == ""


def test_a_record_carries_the_text_of_each_section() -> None:
    expected = RECORD | {
        "sections": [RECORD["sections"][0] | {"text": "Rotate keys.\u2028Often.\nWeekly\x85"}]
    }
    record = entry_record(ENTRY)
    assert json.loads(json.dumps(record)) == expected


def test_a_section_is_linked_by_its_anchor_where_it_has_one() -> None:
    assert ENTRY.section_url(ENTRY.sections[0]) == "https://docs.aws.amazon.com/x.html#steps"
    plain = replace(ENTRY.sections[0], anchor="")
    assert ENTRY.section_url(plain) == "https://docs.aws.amazon.com/x.html"


def test_the_first_section_of_a_role_follows_the_order_of_the_roles() -> None:
    empty = prose("Outcome", Role.OUTCOME)
    steps, more = prose("Steps", Role.STEPS, "One."), prose("More steps", Role.STEPS, "Two.")
    guidance = prose("Guidance", Role.GUIDANCE, "Three.")
    entry = practice("GENSEC01-BP01", "T", RiskLevel.LOW, empty, steps, more, guidance)
    assert entry.first(Role.GUIDANCE, Role.STEPS) is guidance
    assert entry.first(Role.OUTCOME, Role.STEPS) is steps
    assert entry.first(Role.OUTCOME) is None
    assert entry.first() is None
